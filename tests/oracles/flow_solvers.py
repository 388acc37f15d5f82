"""Slow, obvious forms of the reference's solvers: general order, a linear system for each step."""

import math
from collections.abc import Callable

import numpy as np

Velocity = Callable[[np.ndarray, int], np.ndarray]


def log_snr(sigma: float) -> float:
    """lambda = log(alpha / sigma), with its limits."""
    with np.errstate(divide="ignore"):
        return float(np.log(1 - np.float64(sigma)) - np.log(np.float64(sigma)))


def sample_dpm(model: Velocity, x: np.ndarray, sigmas: list[float], timesteps: list[int]):
    """DPM-Solver++ (2M), in float64."""
    cleans: list[np.ndarray] = []
    for i, timestep in enumerate(timesteps):
        s, t = sigmas[i], sigmas[i + 1]
        cleans.append(x - s * model(x, timestep))
        h = log_snr(t) - log_snr(s)
        d = cleans[-1]
        if i > 0 and i < len(timesteps) - 1:
            r = (log_snr(s) - log_snr(sigmas[i - 1])) / h
            d = (1 + 1 / (2 * r)) * cleans[-1] - 1 / (2 * r) * cleans[-2]
        x = t / s * x - (1 - t) * (math.exp(-h) - 1) * d
    return x


def sample_unipc(model: Velocity, x: np.ndarray, sigmas: list[float], timesteps: list[int]):
    """UniPC with B2(h) = e^h - 1, in float64."""
    cleans: list[np.ndarray] = []
    start, order = x, 0
    for i, timestep in enumerate(timesteps):
        clean = x - sigmas[i] * model(x, timestep)
        if i > 0:
            x = _unipc_update(start, sigmas, i - 1, cleans, order=order, ahead=clean)
        cleans.append(clean)
        start, order = x, min(2, len(timesteps) - i, order + 1)
        x = _unipc_update(start, sigmas, i, cleans, order=order, ahead=None)
    return x


def _unipc_update(
    x: np.ndarray,
    sigmas: list[float],
    i: int,
    cleans: list[np.ndarray],
    *,
    order: int,
    ahead: np.ndarray | None,
) -> np.ndarray:
    """One step from level i; with the model's answer ahead, the corrector."""
    s, t = sigmas[i], sigmas[i + 1]
    h = -(log_snr(t) - log_snr(s))
    b_of_h = math.expm1(h)
    nodes = [(log_snr(sigmas[i - k]) - log_snr(s)) / -h for k in range(1, order)]
    slopes = [(cleans[i - k] - cleans[i]) / r for k, r in zip(range(1, order), nodes, strict=True)]
    if ahead is not None:
        nodes.append(1.0)
        slopes.append(ahead - cleans[i])
    count = len(nodes)
    if count == 1:
        # The simplified weight of a single node, for predictor and corrector alike.
        weights = np.array([0.5])
    elif count:
        matrix = np.array([np.power(nodes, k) for k in range(count)])
        weights = np.linalg.solve(matrix, _moments(h, b_of_h, count))
    out = t / s * x - (1 - t) * b_of_h * cleans[i]
    for k in range(count):
        out = out - (1 - t) * b_of_h * weights[k] * slopes[k]
    return out


def _moments(h: float, b_of_h: float, count: int) -> list[float]:
    """k! * phi_{k+1}(h) * h / B(h) for k = 1 .. count."""
    moments = []
    phi = math.expm1(h) / h - 1
    for k in range(1, count + 1):
        moments.append(phi * math.factorial(k) / b_of_h)
        phi = phi / h - 1 / math.factorial(k + 1)
    return moments
