"""Motion by physics, exact in time: springs, gravity with bounces, and shake."""

import math
from itertools import pairwise

import torch

from ..errors import OptionError
from ..shapes import Float, Number, Tensor
from ..tracks import Tracks
from .gaps import bridge_gaps

_WAVES = 5
_OCTAVES = (-1.0, 1.5)


def spring_tracks(tracks: Tracks, *, period: Number = 12.0, damping: Number = 1.0) -> Tracks:
    """Tie each point by a spring to its given position: the point lags, swings and comes to rest.

    Args:
        tracks: the positions that pull the points; between two frames they move at even speed.
        period: frames of one swing of the undamped spring; longer is softer.
        damping: 1 is critical: the fastest return without overshoot. Below 1 the point swings, at 0
            for ever; above 1 it returns slowly.

    Returns:
        New tracks that start at rest where the given ones start, with the same visibility.

    Raises:
        OptionError: a period that is not above 0, a negative damping.

    Source:
        x'' = -w^2 (x - u) - 2 d w x' with w = 2 pi / period, solved exactly for a u that moves
        evenly within each frame; no step size to tune, never unstable.
    """
    if not (0 < period < math.inf and 0 <= damping < math.inf):
        raise OptionError(
            "period must be above 0 and damping 0 or more; got "
            f"{period} and {damping}. Use 12 and 1."
        )
    pull = bridge_gaps(tracks)
    rate = 2 * math.pi / period
    matrix = pull.new_tensor([[0.0, 1.0], [-(rate**2), -2 * damping * rate]])
    step = torch.linalg.matrix_exp(matrix)
    out = [pull[0]]
    speed = torch.zeros_like(pull[0])
    for begin, end in pairwise(pull):
        slope = end - begin
        # Behind a pull that moves evenly the point ends up by this much.
        lag = 2 * damping / rate * slope
        off, drift = out[-1] - begin + lag, speed - slope
        off, drift = step[0, 0] * off + step[0, 1] * drift, step[1, 0] * off + step[1, 1] * drift
        out.append(end + off - lag)
        speed = drift + slope
    return Tracks(
        torch.stack(out).to(tracks.positions.dtype), tracks.visibility.clone(), tracks.frame
    )


def fall_tracks(
    tracks: Tracks,
    *,
    gravity: Number = 0.5,
    start: int = 0,
    floor: Number | None = None,
    bounce: Number = 0.6,
    together: bool = True,
) -> Tracks:
    """Drop points: from a frame on they keep their speed, fall, bounce and come to rest.

    Args:
        tracks: the motion until then, which also gives the speed at which the points are let go.
        gravity: pixels per frame squared, downwards. A person of h px falls at about
            9.8 * h / 1.75 / fps^2.
        start: frame at which they are let go.
        floor: y of the ground in pixels; None: no ground.
        bounce: share of the speed that is left after a bounce: 0 stays down, 1 goes on for ever.
        together: whether all points move as one body, whose lowest point meets the floor; else each
            point falls by itself.

    Returns:
        New tracks with the same visibility. A point at rest also stops moving sideways.

    Raises:
        OptionError: a start outside of the clip, bounce outside 0..1, a number that is not
            finite, a floor without a gravity to fall by.

    Source: closed form. After the first impact at speed v the k-th flight lasts 2 v b^k / g.
    """
    _check_fall(tracks, gravity, start, floor, bounce)
    pull = bridge_gaps(tracks)
    origin = pull[start]
    velocity = pull[start] - pull[start - 1] if start else torch.zeros_like(origin)
    if together:
        velocity = velocity.mean(0, keepdim=True).expand_as(origin)
    time = torch.arange(tracks.num_frames - start, dtype=torch.float64, device=pull.device)[:, None]
    fly, down = velocity[:, 0], velocity[:, 1]
    if floor is None:
        drop, slide = down * time + gravity / 2 * time**2, fly * time
    else:
        height = (floor - origin[:, 1]).clamp(min=0.0)
        if together:
            height = height.amin() if len(height) else height
        drop, rest = _bounce(time, height, down, gravity, bounce)
        slide = fly * torch.minimum(time, rest)
    fallen = origin + torch.stack([slide, drop], dim=-1)
    positions = torch.cat([pull[:start], fallen])
    return Tracks(positions.to(tracks.positions.dtype), tracks.visibility.clone(), tracks.frame)


def wiggle_tracks(
    tracks: Tracks,
    *,
    generator: torch.Generator,
    amount: Number = 4.0,
    period: Number = 16.0,
    together: bool = True,
) -> Tracks:
    """Add smooth shake, as of a leaf or a hand; the first frame stays.

    Args:
        tracks: the tracks to shake.
        generator: chooses the shake. It is advanced.
        amount: root mean square in pixels, across and down.
        period: frames of the main swing; one slower and some faster swings are added.
        together: whether all points shake alike; else each point by itself.

    Returns:
        New tracks with the same visibility.

    Raises:
        OptionError: an amount that is negative, a period that is not above 0.

    Source: a sum of 5 sines of 0.5 to 2.8 times the main frequency, with random phases; amplitudes
        fall with the distance from the main frequency.
    """
    if not (0 <= amount < math.inf and 0 < period < math.inf):
        raise OptionError(
            f"amount must be 0 or more and period above 0; got {amount} and {period}. Use 4 and 16."
        )
    shape = (1 if together else tracks.num_points, 2, _WAVES)
    random = torch.rand(2, *shape, generator=generator, dtype=torch.float64)
    octave = torch.linspace(*_OCTAVES, _WAVES, dtype=torch.float64)
    pace = 2 ** (octave + (random[0] - 0.5) / 2) / period
    share = 2.0 ** -octave.abs()
    share = share * (2 / share.square().sum()).sqrt()
    time = torch.arange(tracks.num_frames, dtype=torch.float64)[:, None, None, None]
    waves = (share * torch.sin(2 * math.pi * (pace * time + random[1]))).sum(-1)
    shake = (amount * (waves - waves[:1])).to(tracks.positions.device)
    positions = tracks.positions.double() + shake
    return Tracks(positions.to(tracks.positions.dtype), tracks.visibility.clone(), tracks.frame)


def _bounce(
    time: Float[Tensor, "frames 1"],
    height: Tensor,
    down: Float[Tensor, " points"],
    gravity: Number,
    bounce: Number,
) -> tuple[Float[Tensor, "frames points"], Float[Tensor, " points"]]:
    """How far down each point is at each time, and when it comes to rest."""
    impact = (down**2 + 2 * gravity * height).sqrt()
    first = (impact - down) / gravity
    flight = 2 * impact / gravity
    # Time since the first impact in flights at full speed; flight k takes bounce^k of one.
    since = (time - first) / flight.clamp(min=1e-300)
    if bounce == 0:
        rest, begin, power = first, torch.zeros_like(since), torch.zeros_like(since)
    elif bounce == 1:
        rest = torch.full_like(first, math.inf)
        begin, power = since.floor(), torch.ones_like(since)
    else:
        total = bounce / (1 - bounce)
        rest = first + flight * total
        left = (1 - since / total).clamp(1e-300, 1.0)
        number = (left.log() / math.log(bounce)).floor()
        begin = total * (1 - bounce**number)
        power = bounce ** (number + 1)
    own = (since - begin) * flight
    # Rounding may put a moment at the ground just before or after its own flight.
    up = (power * impact * own - gravity / 2 * own**2).clamp(min=0.0)
    up = torch.where(time >= rest, 0.0, up)
    free = down * time + gravity / 2 * time**2
    return torch.where(time < first, free, height - up), rest


def _check_fall(
    tracks: Tracks, gravity: Number, start: int, floor: Number | None, bounce: Number
) -> None:
    if not 0 <= start < tracks.num_frames:
        raise OptionError(
            f"start must be a frame of the clip, 0 to {tracks.num_frames - 1}; got {start}. Use 0."
        )
    if not (math.isfinite(gravity) and (floor is None or math.isfinite(floor))):
        raise OptionError(
            f"gravity and floor must be finite; got {gravity} and {floor}. Use 0.5 and no floor."
        )
    if not 0 <= bounce <= 1:
        raise OptionError(f"bounce must be 0 to 1; got {bounce}. Use 0.6.")
    if floor is not None and gravity <= 0:
        raise OptionError(
            f"gravity must be above 0 where there is a floor; got {gravity}. Leave out the floor."
        )
