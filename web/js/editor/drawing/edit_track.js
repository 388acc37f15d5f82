/** Edits of one track: each returns a new track and leaves the given one as it was. */

import { bezierSegments, knotsAt, lengthAt, positionAt } from "../curve/curves.js";
import { fitStroke } from "../curve/freehand.js";
import { applyLinear, clamp } from "../curve/geometry.js";
import { allKeys, motionRange, pathOf, spreadPose, travelledAt } from "./sample.js";

/** @type {(knot: Knot, matrix: Matrix) => Knot} */
function transformKnot(knot, matrix) {
  const [x, y] = applyLinear(matrix, [knot.x, knot.y]);
  return {
    ...knot, x: x + matrix[4], y: y + matrix[5],
    ...(knot.in && { in: applyLinear(matrix, knot.in) }), ...(knot.out && { out: applyLinear(matrix, knot.out) }),
  };
}

/** @type {(spread: Spread, matrix: Matrix) => Spread} */
function transformSpread(spread, matrix) {
  const [a, b, c, d] = matrix;
  if (a === 1 && b === 0 && c === 0 && d === 1) return spread;
  if (spread.shape === "region") {
    const turn = (/** @type {Pair} */ v) => applyLinear(matrix, v);
    return { ...spread, polygon: spread.polygon.map(turn), offsets: spread.offsets.map(turn) };
  }
  const radians = (spread.angle * Math.PI) / 180;
  const [x, y] = applyLinear(matrix, [Math.cos(radians), Math.sin(radians)]);
  const grown = spread.shape === "line" ? Math.hypot(x, y) : Math.sqrt(Math.abs(a * d - b * c));
  return { ...spread, size: spread.size * grown, angle: (Math.atan2(y, x) * 180) / Math.PI };
}

/** Move, scale, turn or mirror some knots, or all (null) and the spread with them.
 * @type {(track: Track, knots: readonly number[] | null, matrix: Matrix) => Track} */
export function transformTrack(track, knots, matrix) {
  const chosen = new Set(knots ?? track.knots.keys());
  const moved = track.knots.map((knot, index) => (chosen.has(index) ? transformKnot(knot, matrix) : knot));
  const whole = chosen.size === track.knots.length;
  return { ...track, knots: moved, spread: track.spread && whole ? transformSpread(track.spread, matrix) : track.spread };
}

/** The same shape as a Bezier curve with explicit handles. @type {(track: Track) => Knot[]} */
export function bezierKnots({ knots, curve }) {
  const segments = bezierSegments(knots, curve);
  return knots.map(({ broken: _, ...knot }, index) => {
    const [before, after] = [segments[index - 1], segments[index]];
    return {
      ...knot,
      ...(before && { in: [before[4] - knot.x, before[5] - knot.y] }),
      ...(after && { out: [after[2] - knot.x, after[3] - knot.y] }),
      ...((curve === "polyline" || (curve === "bezier" && knots[index].broken)) && { broken: true }),
    };
  });
}

/** @type {(track: Track, knots: readonly Knot[], place: (at: number) => number) => Track} */
const withKnots = (track, knots, place) => {
  const keys = track.timing.keys.map((key) => ({ ...key, at: place(key.at) }));
  return { ...track, knots, timing: { ...track.timing, keys } };
};

/** Add a knot on the path without changing where it runs (a Catmull-Rom curve may give a little).
 * @type {(track: Track, at: number) => Track} */
export function insertKnot(track, at) {
  const segment = Math.min(Math.floor(at), track.knots.length - 2);
  const share = at - segment;
  const [x, y] = positionAt(pathOf(track), lengthAt(pathOf(track), at));
  const added = track.curve === "bezier" ? splitSegment(track, segment, share) : [track.knots[segment], { x, y }, track.knots[segment + 1]];
  const knots = [...track.knots.slice(0, segment), ...added, ...track.knots.slice(segment + 2)];
  return withKnots(track, knots, (place) => {
    const within = place - segment;
    if (within <= 0) return place;
    if (within >= 1) return place + 1;
    return segment + (within < share ? within / share : 1 + (within - share) / (1 - share));
  });
}

/** De Casteljau's split of one cubic: its ends and the knot between them.
 * @type {(track: Track, segment: number, share: number) => Knot[]} */
function splitSegment(track, segment, share) {
  // Arc length to curve parameter, by the chords that sampling uses.
  const { chords, reached: all } = pathOf(track);
  const reached = all.subarray(segment * chords, (segment + 1) * chords + 1);
  const target = reached[0] + share * (reached[chords] - reached[0]);
  let chord = 0;
  while (chord + 1 < chords && reached[chord + 1] < target) chord += 1;
  const [low, high] = reached.subarray(chord);
  const t = (chord + (high > low ? (target - low) / (high - low) : 0)) / chords;
  const mix = (/** @type {Pair} */ p, /** @type {Pair} */ q) => /** @type {Pair} */ ([p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])]);
  const [before, after] = track.knots.slice(segment);
  const [px, py, ax, ay, bx, by, qx, qy] = bezierSegments([before, after], "bezier")[0];
  const [q0, q1, q2] = [mix([px, py], [ax, ay]), mix([ax, ay], [bx, by]), mix([bx, by], [qx, qy])];
  const [r0, r1] = [mix(q0, q1), mix(q1, q2)];
  const [x, y] = mix(r0, r1);
  return [
    { ...before, out: [q0[0] - px, q0[1] - py] },
    { x, y, in: [r0[0] - x, r0[1] - y], out: [r1[0] - x, r1[1] - y] },
    { ...after, in: [q2[0] - qx, q2[1] - qy] },
  ];
}

/** Be at `place` at `frame`: the path goes through there, by a knot of its own that a key holds.
 * @type {(track: Track, frames: number, frame: number, place: XY) => Track} */
export function poseTrack(track, frames, frame, { x, y }) {
  const { start, end } = motionRange(track.timing, frames);
  const last = track.knots.length - 1;
  const moved = (/** @type {Track} */ given, /** @type {number} */ index) =>
    ({ ...given, knots: given.knots.map((knot, i) => (i === index ? { ...knot, x, y } : knot)) });
  if (frame <= start || last === 0) return moved(track, 0);
  if (frame >= end) return moved(track, last);
  const at = atFrame(track, frames, frame);
  const near = Math.round(at);
  const held = Math.abs(at - near) < 1e-3 && near > 0 && near < last;
  const knot = held ? near : Math.floor(at) + 1;
  const posed = moved(held ? track : insertKnot(track, clamp(at, 1e-3, last - 1e-3)), knot);
  const others = posed.timing.keys.filter((key) => key.frame !== frame);
  const ease = posed.timing.keys.find((key) => key.frame === frame)?.ease ?? "linear";
  const keys = [...others, { frame, at: knot, ease }].sort((a, b) => a.frame - b.frame);
  return { ...posed, timing: { ...posed.timing, keys } };
}

/** How many knots of its path a track has passed at a frame. @type {(track: Track, frames: number, frame: number) => number} */
export function atFrame(track, frames, frame) {
  const keys = allKeys(track, frames);
  return knotsAt(pathOf(track), travelledAt(pathOf(track), keys, frame));
}

/** A key of its cluster at `frame`, turned and grown from how it is there.
 * @type {(track: Track, frame: number, scale: number, angle: number) => Track} */
export function poseSpread(track, frame, scale, angle) {
  const { spread } = track;
  if (!spread) return track;
  const pose = spreadPose(spread, frame);
  const others = spread.keys.filter((key) => key.frame !== frame);
  const anchored = others.length === 0 && frame > 0 ? [{ frame: 0, scale: 1, angle: 0 }] : others;
  const keys = [...anchored, { frame, scale: pose.scale * scale, angle: pose.angle + angle }].sort((a, b) => a.frame - b.frame);
  return { ...track, spread: { ...spread, keys } };
}

/** The same path with fewer knots, within `tolerance`; it stays in time.
 * @type {(track: Track, tolerance: number) => Track} */
export function simplifyTrack(track, tolerance) {
  const { vertices } = pathOf(track);
  const drawn = Array.from({ length: vertices.length / 2 }, (_, i) => ({ x: vertices[2 * i], y: vertices[2 * i + 1] }));
  const knots = fitStroke(drawn, tolerance);
  return knots.length < track.knots.length ? inTime(track, { ...track, curve: "bezier", knots }) : track;
}

/** Every knot between the ends comes half way to its neighbours; corners become round. @type {(track: Track) => Track} */
export function smoothTrack(track) {
  const last = track.knots.length - 1;
  const knots = track.knots.map(({ x, y }, i) => {
    const [before, after] = [track.knots[Math.max(i - 1, 0)], track.knots[Math.min(i + 1, last)]];
    return i === 0 || i === last ? { x, y } : { x: (2 * x + before.x + after.x) / 4, y: (2 * y + before.y + after.y) / 4 };
  });
  return last < 2 ? track : inTime(track, { ...track, curve: "catmull-rom", knots });
}

/** The keys of `track` at the same shares of another path. @type {(track: Track, next: Track) => Track} */
function inTime(track, next) {
  const [from, to] = [pathOf(track), pathOf(next)];
  const ratio = from.length > 0 ? to.length / from.length : 1;
  const keys = next.timing.keys.map((key) => ({ ...key, at: knotsAt(to, lengthAt(from, key.at) * ratio) }));
  return { ...next, timing: { ...next.timing, keys } };
}

/** @type {(track: Track, removed: readonly number[]) => Track | null} null: none left */
export function removeKnots(track, removed) {
  const kept = [...track.knots.keys()].filter((index) => !removed.includes(index));
  if (kept.length === 0) return null;
  const path = pathOf(track);
  const reached = kept.map((index) => lengthAt(path, index));
  return withKnots(track, kept.map((index) => track.knots[index]), (at) => {
    const after = kept.findIndex((index) => index >= at);
    if (after <= 0) return after === 0 ? 0 : kept.length - 1;
    const [low, high] = [reached[after - 1], reached[after]];
    return after - 1 + (high > low ? (lengthAt(path, at) - low) / (high - low) : 1);
  });
}

/** @type {(ease: Ease) => Ease} */
function reverseEase(ease) {
  if (typeof ease !== "string") return [1 - ease[2], 1 - ease[3], 1 - ease[0], 1 - ease[1]];
  return ease === "in" ? "out" : ease === "out" ? "in" : ease;
}

/** Walk the same path backwards, at the same pace in reverse. @type {(track: Track, frames: number) => Track} */
export function reverseTrack(track, frames) {
  const { start, end } = motionRange(track.timing, frames);
  const knots = [...track.knots].reverse().map(({ in: arriving, out: leaving, ...rest }) =>
    ({ ...rest, ...(leaving && { in: leaving }), ...(arriving && { out: arriving }) }));
  const eases = [track.timing.ease, ...track.timing.keys.map((key) => key.ease ?? "linear")].map(reverseEase).reverse();
  const keys = [...track.timing.keys].reverse().map((key, index) => ({
    ...key, frame: start + end - key.frame, at: knots.length - 1 - key.at, ease: eases[index + 1],
  }));
  return { ...track, knots, timing: { ...track.timing, keys, ease: eases[0] } };
}

/** Keys of which each is later than the one before also in the text that is kept, to a thousandth.
 * @type {<T extends {frame: number}>(keys: readonly T[]) => T[]} */
function ascending(keys) {
  let last = -Infinity;
  return keys.filter(({ frame }) => {
    const [before, now] = [last, Math.round(frame * 1000)];
    last = Math.max(before, now);
    return now > before;
  });
}

/** A visibility window after its frames moved: one that no longer holds a whole frame gets the nearest.
 * @type {(window: Pair, moved: Pair) => Pair} */
function keptWindow([from, to], [first, last]) {
  if (Math.ceil(from) > Math.floor(to) || Math.ceil(first) <= Math.floor(last)) return [first, last];
  const nearest = Math.round((first + last) / 2);
  return [nearest, nearest];
}

/** Map every frame number of a track. Of keys that come together the first stays.
 * @type {(track: Track, change: (frame: number) => number) => Track} */
export function retimeTrack(track, change) {
  const { timing, spread, windows } = track;
  /** @type {<T extends {frame: number}>(keys: readonly T[]) => T[]} */
  const moved = (keys) => ascending(keys.map((key) => ({ ...key, frame: change(key.frame) })));
  const { start, end } = timing;
  return {
    ...track,
    timing: { ...timing, start: start === null ? null : change(start), end: end === null ? null : change(end), keys: moved(timing.keys) },
    windows: windows && windows.map(([from, to]) => keptWindow([from, to], [change(from), change(to)])),
    spread: spread && { ...spread, keys: moved(spread.keys) },
  };
}
