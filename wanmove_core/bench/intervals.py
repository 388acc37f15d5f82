"""95 % intervals of means and of shares."""

import math
from collections.abc import Sequence

import numpy as np

_RESAMPLES, _AT_ONCE = 2000, 100
_Z = 1.959963984540054


def bootstrap_interval(values: Sequence[float], *, seed: int = 0) -> tuple[float, float]:
    """The 95 % interval of a mean, by resampling the values.

    Args:
        values: one per clip, at least one.
        seed: of the resampling; the same values in the same order give the same interval.

    Source: Efron 1979, percentile bootstrap.
    """
    given = np.asarray(values, dtype=np.float64)
    generator = np.random.default_rng(seed)
    # A few at a time: the indices of 2000 resamples of a large benchmark would be 16 MB.
    draws = (
        generator.integers(len(given), size=(_AT_ONCE, len(given)))
        for _ in range(_RESAMPLES // _AT_ONCE)
    )
    means = np.concatenate([given[indices].mean(1) for indices in draws])
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def share_interval(hits: int, count: int) -> tuple[float, float]:
    """Compute the 95 % interval of a share; (0, 1) if nothing was counted.

    Source: Wilson 1927, score interval.
    """
    if count == 0:
        return 0.0, 1.0
    share, z2 = hits / count, _Z * _Z
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    spread = math.sqrt(share * (1 - share) / count + z2 / (4 * count * count))
    half = _Z / (1 + z2 / count) * spread
    return max(0.0, middle - half), min(1.0, middle + half)
