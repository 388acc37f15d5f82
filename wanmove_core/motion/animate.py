"""An animator's helpers: tie tracks to others, let them follow, loop and mirror them."""

import math
from typing import Literal, get_args

import torch

from ..errors import OptionError, ShapeError
from ..shapes import Float, Number, Tensor
from ..tracks import Tracks
from .concat import concat_tracks
from .gaps import bridge_gaps
from .retime import check_num_frames

Loop = Literal["cycle", "ping-pong", "offset"]
Mirror = Literal["left-right", "up-down"]


def parent_tracks(
    child: Tracks, parent: Tracks, *, turn: bool = True, scale: bool = False
) -> Tracks:
    """Carry tracks along with others, on top of their own motion.

    Args:
        child: tracks drawn as if the parent did not move from its place in frame 0.
        parent: of as many frames. One point shifts the child; several also turn it.
        turn: whether the child also rotates with the parent, about the parent's centre.
        scale: whether the child also scales with the parent.

    Returns:
        New tracks with the child's visibility.

    Raises:
        ShapeError: the numbers of frames differ, or the parent has no points.

    Source: the rotation is the least-squares fit to the parent's points, Umeyama (1991), in
        complex numbers.
    """
    _check_frames(child, parent, "parent")
    around = bridge_gaps(parent).to(child.positions.device)
    centre = around.mean(1, keepdim=True)
    own, rest = _as_complex(around - centre), _as_complex(around[0] - centre[0])
    pose = (own * rest.conj()).sum(1)
    size = rest.abs().square().sum()
    # One point, or points on one spot, have no direction.
    if (turn or scale) and size > 0:
        length, angle = pose.abs() / size, pose.angle()
    else:
        length, angle = torch.ones_like(pose.real), torch.zeros_like(pose.real)
    pose = torch.polar(
        length if scale else torch.ones_like(length), angle if turn else torch.zeros_like(angle)
    )
    moved = _as_complex(child.positions.double() - centre[0]) * pose[:, None]
    positions = torch.view_as_real(moved) + centre
    return Tracks(positions.to(child.positions.dtype), child.visibility.clone(), child.frame)


def follow_tracks(
    tracks: Tracks, leader: Tracks, *, delay: Number = 6.0, stagger: Number = 0.0
) -> Tracks:
    """Add a leader's motion to other tracks, some frames later.

    Args:
        tracks: the followers.
        leader: tracks with the same number of frames; the mean of its points leads.
        delay: frames by which the first follower is late; fractions are allowed.
        stagger: additional frames for each further follower, so that they move as a chain.

    Returns:
        New tracks with the followers' visibility. A follower begins to follow after its delay.

    Raises:
        ShapeError: the numbers of frames differ, or the leader has no points.
        OptionError: a delay or stagger that is negative or not finite.
    """
    _check_frames(tracks, leader, "leader")
    if not (0 <= delay < math.inf and 0 <= stagger < math.inf):
        raise OptionError(
            f"delay and stagger must be 0 frames or more; got {delay} and {stagger}. Use 6 and 0."
        )
    way = bridge_gaps(leader).to(tracks.positions.device).mean(1)
    way = way - way[0]
    count = {"dtype": torch.float64, "device": way.device}
    frame = torch.arange(tracks.num_frames, **count)[:, None]
    behind = delay + stagger * torch.arange(tracks.num_points, **count)
    time = (frame - behind).clamp(min=0.0)
    before = time.floor().long()
    after = (before + 1).clamp(max=tracks.num_frames - 1)
    shift = torch.lerp(way[before], way[after], (time - before)[..., None])
    positions = tracks.positions.double() + shift
    return Tracks(positions.to(tracks.positions.dtype), tracks.visibility.clone(), tracks.frame)


def loop_tracks(tracks: Tracks, num_frames: int, *, mode: str = "cycle") -> Tracks:
    """Play a motion again and again.

    Args:
        tracks: one round. The last frame of a round is also the first of the next round, so a path
            that ends where it began loops without a pause.
        num_frames: frames of the result.
        mode: "cycle" starts each round at the first position; "ping-pong" plays forwards and
            backwards by turns; "offset" starts each round where the previous one ended, as the
            steps of a walk do.

    Returns:
        New tracks.

    Raises:
        OptionError: another mode, no frames.
    """
    if mode not in get_args(Loop):
        raise OptionError(
            f"mode must be one of {', '.join(get_args(Loop))}; got {mode!r}. Use cycle."
        )
    check_num_frames(num_frames)
    frame = torch.arange(num_frames, device=tracks.positions.device)
    round_trip = max(tracks.num_frames - 1, 1)
    if mode == "ping-pong":
        index = round_trip - (frame % (2 * round_trip) - round_trip).abs()
        index = index.clamp(max=tracks.num_frames - 1)
        return Tracks(tracks.positions[index], tracks.visibility[index], tracks.frame)
    index = frame % round_trip
    # A motion that is played just once keeps its end.
    index = torch.where(frame == tracks.num_frames - 1, frame, index)
    positions = tracks.positions[index]
    if mode == "offset":
        ends = bridge_gaps(tracks)
        rounds = torch.where(index == frame, 0, frame // round_trip).double()
        step = rounds[:, None, None] * (ends[-1] - ends[0])
        positions = (positions.double() + step).to(positions.dtype)
    return Tracks(positions, tracks.visibility[index], tracks.frame)


def mirror_tracks(
    tracks: Tracks, *, axis: str = "left-right", at: Number, keep: bool = True
) -> Tracks:
    """Mirror tracks.

    Args:
        tracks: any.
        axis: "left-right" mirrors x, "up-down" mirrors y.
        at: x or y of the mirror line in pixels; half the frame's width mirrors about its middle.
        keep: whether the result also holds the given tracks, before their mirror images.

    Returns:
        New tracks.

    Raises:
        OptionError: another axis, a mirror that is not finite.
    """
    if axis not in get_args(Mirror):
        raise OptionError(f"axis must be left-right or up-down; got {axis!r}. Use left-right.")
    if not math.isfinite(at):
        raise OptionError(f"at must be finite; got {at}. Use half the frame's width.")
    flip = tracks.positions.new_tensor([-1.0, 1.0] if axis == "left-right" else [1.0, -1.0])
    shift = tracks.positions.new_tensor([2.0 * at, 0.0] if axis == "left-right" else [0, 2.0 * at])
    image = Tracks(tracks.positions * flip + shift, tracks.visibility.clone(), tracks.frame)
    return concat_tracks([tracks, image]) if keep else image


def _check_frames(tracks: Tracks, other: Tracks, name: str) -> None:
    if other.num_frames != tracks.num_frames:
        raise ShapeError(
            f"{name} must have the tracks' {tracks.num_frames} frames; got {other.num_frames}. "
            "Use retime_tracks first."
        )
    if other.num_points == 0:
        raise ShapeError(f"{name} must have 1 point or more; got none. Draw a track.")


def _as_complex(pairs: Float[Tensor, "*shape 2"]) -> Tensor:
    return torch.view_as_complex(pairs.contiguous())
