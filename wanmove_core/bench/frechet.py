"""Fréchet distance between two sets of features: the arithmetic of FID and FVD."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from ..errors import ShapeError
from ..shapes import Float


@dataclass(frozen=True, eq=False)
class Gaussian:
    """Mean and covariance of a set of features.

    Args:
        mean: float64 [features].
        covariance: float64 [features, features], unbiased.
        count: how many samples they are of.
    """

    mean: Float[np.ndarray, " features"]
    covariance: Float[np.ndarray, "features features"]
    count: int


def fit_gaussian(read: Callable[[], Iterable[np.ndarray]]) -> Gaussian:
    """Fit a Gaussian to features that come in parts, in float64, holding one part at a time.

    Args:
        read: starts from the beginning each time; yields [samples, features] of any float type.

    Raises:
        ShapeError: fewer than two samples in all, or parts of different width.
    """
    total, count = None, 0
    for part in read():
        if total is not None and part.shape[1:] != total.shape:
            raise ShapeError(
                f"features must have one width; got {len(total)} and {part.shape[1]}. "
                "Score all clips with the same weights."
            )
        sums = part.sum(0, dtype=np.float64)
        total = sums if total is None else total + sums
        count += len(part)
    if total is None or count < 2:
        raise ShapeError(
            f"a Fréchet distance must have two samples or more; got {count}. Score more clips."
        )
    mean = total / count
    products = np.zeros((len(mean), len(mean)))
    for part in read():
        centred = part.astype(np.float64) - mean
        products += centred.T @ centred
    return Gaussian(mean, products / (count - 1), count)


def frechet_distance(first: Gaussian, second: Gaussian) -> float:
    """Measure the squared Fréchet distance between two Gaussians.

    Both square roots come from symmetric eigenvalues, so that covariances of fewer samples than
    features need no added diagonal and give no complex numbers.

    Source:
        Dowson and Landau 1982: |m1 - m2|^2 + tr(C1) + tr(C2) - 2 tr((C1^1/2 C2 C1^1/2)^1/2).
    """
    values, vectors = np.linalg.eigh(first.covariance)
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    inner = root @ second.covariance @ root
    cross = np.sqrt(np.linalg.eigvalsh((inner + inner.T) / 2).clip(min=0)).sum()
    gap = first.mean - second.mean
    traces = np.trace(first.covariance) + np.trace(second.covariance)
    return float(gap @ gap + traces - 2 * cross)
