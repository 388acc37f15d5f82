"""Springs, falls and wiggles against their closed forms, which know no frames."""

import math

import pytest
import torch

from tests.refusals import refusal_test
from wanmove_core import OptionError, Tracks
from wanmove_core.motion.dynamics import fall_tracks, spring_tracks, wiggle_tracks

FRAMES, POINTS = 61, 5
CLOSE = {"rtol": 0, "atol": 1e-8}


def all_visible(positions):
    return Tracks(positions, torch.ones(positions.shape[:2], dtype=torch.bool))


def held_then_pulled():
    """At rest for a frame, then a step of (30, -20) that takes one frame, then still."""
    positions = torch.zeros(FRAMES, 1, 2, dtype=torch.float64)
    positions[1:] = torch.tensor([30.0, -20.0])
    return all_visible(positions)


def ramp_response(time, period, damping):
    """How far a spring at rest is after `time` of a pull that grows by 1 a frame, for ever.

    The integral of the step response, from any textbook.
    """
    w, d = 2 * math.pi / period, damping
    if d == 1:
        return time - 2 / w + math.exp(-w * time) * (2 / w + time)
    root = w * abs(1 - d * d) ** 0.5
    cos, sin = (math.cos, math.sin) if d < 1 else (math.cosh, math.sinh)
    wave = 2 * d / w * cos(root * time) + (2 * d * d - 1) / root * sin(root * time)
    return time - 2 * d / w + math.exp(-d * w * time) * wave


@pytest.mark.parametrize("damping", [0.0, 0.3, 1.0, 1.8])
def test_a_spring_equals_the_textbook(damping):
    out = spring_tracks(held_then_pulled(), period=9, damping=damping).positions[:, 0]
    for frame in range(FRAMES):
        # A step within one frame is a ramp that is taken back a frame later.
        share = ramp_response(frame, 9, damping)
        share -= ramp_response(frame - 1, 9, damping) if frame > 1 else 0.0
        torch.testing.assert_close(
            out[frame], share * torch.tensor([30.0, -20.0]).double(), **CLOSE
        )


def test_critical_damping_never_swings_over_and_less_does():
    critical, loose = (
        spring_tracks(held_then_pulled(), period=9, damping=d).positions[:, 0, 0] for d in (1, 0.3)
    )
    assert (critical.diff() >= 0).all() and critical.max() <= 30 and critical[-1] > 29.99
    assert loose.max() > 38


def test_a_spring_at_rest_stays_and_gaps_do_not_pull():
    generator = torch.Generator().manual_seed(0)
    still = torch.rand(1, POINTS, 2, generator=generator, dtype=torch.float64).repeat(FRAMES, 1, 1)
    torch.testing.assert_close(spring_tracks(all_visible(still)).positions, still, **CLOSE)
    hidden = Tracks(still.clone(), torch.ones(FRAMES, POINTS, dtype=torch.bool))
    hidden.visibility[20:30] = False
    hidden.positions[20:30] = 0.0
    out = spring_tracks(hidden)
    torch.testing.assert_close(out.positions, still, **CLOSE)
    assert torch.equal(out.visibility, hidden.visibility)


def thrown(frames=FRAMES, points=1):
    """Moves by (2, -3) a frame from (10, 40); further points each 5 px to the right and down."""
    time = torch.arange(frames, dtype=torch.float64)[:, None]
    start = torch.tensor([10.0, 40.0]).double() + 5.0 * torch.arange(points)[:, None]
    return all_visible(start + (time * torch.tensor([2.0, -3.0]))[:, None])


def fallen_by_steps(gravity, floor, bounce, steps=4000):
    """A ball, impact by impact; every flight in closed form, found one after the other."""
    y, speed, clock, out = 40.0 - 9.0, -3.0, 3.0, []
    flights = []
    for _ in range(steps):
        length = (-speed + math.sqrt(speed**2 + 2 * gravity * (floor - y))) / gravity
        flights.append((clock, y, speed, length))
        speed, y, clock = -(speed + gravity * length) * bounce, floor, clock + length
        if abs(speed) < 1e-9:
            break
    for frame in range(FRAMES):
        if frame <= 3:
            out.append(40.0 - 3.0 * frame)
            continue
        own = [f for f in flights if f[0] <= frame <= f[0] + f[3]]
        height = [y0 + v * (frame - t) + gravity / 2 * (frame - t) ** 2 for t, y0, v, _ in own]
        out.append(height[0] if height else floor)
    return torch.tensor(out, dtype=torch.float64)


@pytest.mark.parametrize("bounce", [0.0, 0.55, 1.0])
def test_a_ball_bounces_as_flight_after_flight(bounce):
    out = fall_tracks(thrown(), gravity=0.7, start=3, floor=60, bounce=bounce).positions[:, 0]
    truth = fallen_by_steps(0.7, 60.0, bounce)
    torch.testing.assert_close(out[:, 1], truth, rtol=0, atol=1e-6)
    assert out[:, 1].max() <= 60 + 1e-9
    rest = truth[10:].sub(60).abs() < 1e-9
    if bounce < 1:
        assert rest[-1] and (out[-10:, 0].diff() == 0).all()  # and has come to rest sideways
    torch.testing.assert_close(out[:10, 0], 10 + 2.0 * torch.arange(10.0).double(), **CLOSE)


def test_without_a_floor_it_is_a_parabola():
    out = fall_tracks(thrown(), gravity=-0.2, start=5).positions[:, 0]
    time = torch.arange(FRAMES - 5, dtype=torch.float64)
    torch.testing.assert_close(out[5:, 1], 25 - 3 * time - 0.1 * time**2, **CLOSE)
    torch.testing.assert_close(out[:, 0], 10 + 2.0 * torch.arange(61.0).double(), **CLOSE)


def test_together_keeps_the_shape_and_apart_does_not():
    body = thrown(points=3)
    one = fall_tracks(body, gravity=0.7, start=3, floor=60, bounce=0.5).positions
    apart = one - one[:, :1]
    torch.testing.assert_close(apart, apart[:1].expand_as(apart), **CLOSE)
    assert (
        abs(one[..., 1].max() - 60) < 0.5
        and (one[-1, :, 1] - torch.tensor([50, 55, 60])).abs().max() < 1e-6
    )
    each = fall_tracks(body, gravity=0.7, start=3, floor=60, bounce=0.5, together=False).positions
    torch.testing.assert_close(each[-1, :, 1], torch.full((3,), 60.0).double(), **CLOSE)


def test_what_lies_on_the_floor_stays():
    still = all_visible(torch.full((FRAMES, 2, 2), 50.0, dtype=torch.float64))
    for floor in (50, 45):
        out = fall_tracks(still, floor=floor)
        assert torch.equal(out.positions, still.positions)
    nothing = all_visible(torch.zeros(FRAMES, 0, 2))
    assert fall_tracks(nothing, floor=5).num_points == 0


def wiggled(seed=4, points=POINTS, **options):
    still = all_visible(torch.full((400, points, 2), 7.0))
    generator = torch.Generator().manual_seed(seed)
    return wiggle_tracks(still, generator=generator, **options).positions


def test_a_wiggle_is_its_sum_of_sines():
    out = wiggled(amount=3, period=20, together=False)
    random = torch.rand(
        2, POINTS, 2, 5, generator=torch.Generator().manual_seed(4), dtype=torch.float64
    ).tolist()
    octaves = [-1.0, -0.375, 0.25, 0.875, 1.5]
    norm = math.sqrt(2 / sum(4.0 ** -abs(o) for o in octaves))

    def wave(frame, point, axis):
        return sum(
            norm
            * 2.0 ** -abs(octave)
            * math.sin(
                2 * math.pi * (2 ** (octave + (random[0][point][axis][i] - 0.5) / 2) / 20 * frame)
                + 2 * math.pi * random[1][point][axis][i]
            )
            for i, octave in enumerate(octaves)
        )

    for frame, point, axis in ((0, 0, 0), (1, 3, 1), (77, 4, 0), (399, 1, 1)):
        truth = 7.0 + 3.0 * (wave(frame, point, axis) - wave(0, point, axis))
        assert abs(out[frame, point, axis].item() - truth) < 1e-5


def test_wiggles_begin_at_rest_follow_the_seed_and_keep_their_amount():
    out = wiggled(amount=3)
    assert torch.equal(out[0], torch.full((POINTS, 2), 7.0))
    assert torch.equal(out[:, 0], out[:, 4]) and torch.equal(out, wiggled(amount=3))
    assert not torch.equal(out, wiggled(seed=5, amount=3))
    own = wiggled(amount=3, points=300, together=False)
    assert abs((own - own.mean(0)).square().mean().sqrt() - 3) < 0.1
    assert torch.equal(wiggled(amount=0), torch.full((400, POINTS, 2), 7.0))


def test_no_global_state_is_touched():
    before = torch.random.get_rng_state()
    wiggled()
    assert torch.equal(before, torch.random.get_rng_state())


def bad_inputs():
    tracks, generator = thrown(), torch.Generator()
    yield "period", lambda: spring_tracks(tracks, period=0)
    yield "damping", lambda: spring_tracks(tracks, damping=-0.1)
    yield "start", lambda: fall_tracks(tracks, start=FRAMES)
    yield "gravity and floor", lambda: fall_tracks(tracks, gravity=math.nan)
    yield "bounce", lambda: fall_tracks(tracks, bounce=1.1)
    yield "above 0", lambda: fall_tracks(tracks, gravity=0, floor=5)
    yield "amount", lambda: wiggle_tracks(tracks, generator=generator, amount=-1)


test_bad_input_is_one_clear_line = refusal_test((OptionError, *case) for case in bad_inputs())
