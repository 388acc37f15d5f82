/** Edits of one track: each returns a new track and leaves the given one as it was. */

import { bezierSegments, evaluateSegment, knotsAt, lengthAt, positionAt } from "./curves.js";
import { applyLinear, applyMatrix, boundingBox } from "./geometry.js";
import { motionRange, pathOf } from "./sample.js";

/**
 * @typedef {import("./types.js").Track} Track
 * @typedef {import("./types.js").Knot} Knot
 * @typedef {import("./types.js").Ease} Ease
 * @typedef {import("./types.js").Matrix} Matrix
 * @typedef {import("./types.js").Spread} Spread
 * @typedef {import("./types.js").TimingKey} TimingKey
 */

const CHORDS_PER_SEGMENT = 64;

/** @param {Knot} knot @param {Matrix} matrix @returns {Knot} */
function transformKnot(knot, matrix) {
  const { x, y } = applyMatrix(matrix, knot);
  /** @type {{in?: [number, number], out?: [number, number]}} */
  const handles = {};
  if (knot.in) handles.in = applyLinear(matrix, knot.in);
  if (knot.out) handles.out = applyLinear(matrix, knot.out);
  return { ...knot, x, y, ...handles };
}

/** @param {Spread} spread @param {Matrix} matrix @returns {Spread} */
function transformSpread(spread, matrix) {
  const [a, b, c, d] = matrix;
  if (a === 1 && b === 0 && c === 0 && d === 1) return spread;
  if (spread.shape === "region") {
    const turn = (/** @type {readonly [number, number]} */ v) => applyLinear(matrix, v);
    return { ...spread, polygon: spread.polygon.map(turn), offsets: spread.offsets.map(turn) };
  }
  const radians = (spread.angle * Math.PI) / 180;
  const [x, y] = applyLinear(matrix, [Math.cos(radians), Math.sin(radians)]);
  const grown = spread.shape === "line" ? Math.hypot(x, y) : Math.sqrt(Math.abs(a * d - b * c));
  return { ...spread, size: spread.size * grown, angle: (Math.atan2(y, x) * 180) / Math.PI };
}

/**
 * Move, scale, turn or mirror some knots, or all and the spread with them.
 * @param {Track} track @param {readonly number[] | null} knots null: the whole track
 * @param {Matrix} matrix @returns {Track}
 */
export function transformTrack(track, knots, matrix) {
  const chosen = knots && new Set(knots);
  const moved = track.knots.map((knot, index) =>
    !chosen || chosen.has(index) ? transformKnot(knot, matrix) : knot,
  );
  const whole = !chosen || chosen.size === track.knots.length;
  const spread = track.spread && whole ? transformSpread(track.spread, matrix) : track.spread;
  return { ...track, knots: moved, spread };
}

/** The same shape as a Bezier curve with explicit handles. @param {Track} track
 * @returns {readonly Knot[]} */
export function bezierKnots(track) {
  const segments = bezierSegments(track.knots, track.curve);
  return track.knots.map((knot, index) => {
    const before = segments[index - 1];
    const after = segments[index];
    return {
      ...knot,
      ...(before ? { in: /** @type {[number, number]} */ ([before[4] - knot.x, before[5] - knot.y]) } : {}),
      ...(after ? { out: /** @type {[number, number]} */ ([after[2] - knot.x, after[3] - knot.y]) } : {}),
      ...(track.curve === "polyline" ? { broken: true } : {}),
    };
  });
}

/** @param {Track} track @param {(key: TimingKey) => TimingKey} change @returns {Track} */
const withKeys = (track, change) => ({
  ...track,
  timing: { ...track.timing, keys: track.timing.keys.map(change) },
});

/**
 * Add a knot on the path without changing where it runs (a Catmull-Rom curve may give a little).
 * @param {Track} track @param {number} at place, counted in knots @returns {Track}
 */
export function insertKnot(track, at) {
  const segment = Math.min(Math.floor(at), track.knots.length - 2);
  const share = at - segment;
  const path = pathOf(track);
  const [x, y] = positionAt(path, lengthAt(path, at));
  const knots = [...track.knots];
  knots.splice(segment + 1, 0, { x, y });
  if (track.curve === "bezier") splitHandles(track, knots, segment, share);
  return withKeys({ ...track, knots }, (key) => {
    const within = key.at - segment;
    if (within <= 0) return key;
    if (within >= 1) return { ...key, at: key.at + 1 };
    const inner = within < share ? within / share : 1 + (within - share) / (1 - share);
    return { ...key, at: segment + inner };
  });
}

/** De Casteljau's split of one cubic, written into `knots` around the new one.
 * @param {Track} track @param {Knot[]} knots @param {number} segment @param {number} share */
function splitHandles(track, knots, segment, share) {
  const cubic = bezierSegments(track.knots, "bezier")[segment];
  const [before, middle, after] = knots.slice(segment, segment + 3);
  if (!cubic || !before || !middle || !after) return;
  // Arc length to curve parameter, by the chords that sampling uses.
  const { reached, chords } = pathOf(track);
  const base = segment * chords;
  const [first, last] = [reached[base] ?? 0, reached[base + chords] ?? 0];
  let chord = 0;
  while (chord + 1 < chords && (reached[base + chord + 1] ?? 0) < first + share * (last - first)) chord += 1;
  const [low, high] = [reached[base + chord] ?? 0, reached[base + chord + 1] ?? 0];
  const inner = high > low ? (first + share * (last - first) - low) / (high - low) : 0;
  const t = (chord + inner) / CHORDS_PER_SEGMENT;
  const [x, y] = evaluateSegment(cubic, t);
  /** @param {number} i @param {number} j @returns {[number, number]} */
  const mix = (i, j) => [
    (cubic[i] ?? 0) + t * ((cubic[j] ?? 0) - (cubic[i] ?? 0)),
    (cubic[i + 1] ?? 0) + t * ((cubic[j + 1] ?? 0) - (cubic[i + 1] ?? 0)),
  ];
  const [q0, q1, q2] = [mix(0, 2), mix(2, 4), mix(4, 6)];
  /** @param {[number, number]} p @param {[number, number]} q @returns {[number, number]} */
  const blend = (p, q) => [p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])];
  const [r0, r1] = [blend(q0, q1), blend(q1, q2)];
  knots[segment] = { ...before, out: [q0[0] - before.x, q0[1] - before.y] };
  knots[segment + 1] = { x, y, in: [r0[0] - x, r0[1] - y], out: [r1[0] - x, r1[1] - y] };
  knots[segment + 2] = { ...after, in: [q2[0] - after.x, q2[1] - after.y] };
}

/** @param {Track} track @param {readonly number[]} removed @returns {Track | null} null: none left */
export function removeKnots(track, removed) {
  const gone = new Set(removed);
  const kept = track.knots.map((_, index) => index).filter((index) => !gone.has(index));
  if (kept.length === 0) return null;
  const path = pathOf(track);
  const reached = kept.map((index) => lengthAt(path, index));
  const knots = kept.map((index) => /** @type {Knot} */ (track.knots[index]));
  return withKeys({ ...track, knots }, (key) => {
    const travelled = lengthAt(path, key.at);
    const after = kept.findIndex((index) => index >= key.at);
    if (after <= 0) return { ...key, at: after === 0 ? 0 : kept.length - 1 };
    const [low, high] = [reached[after - 1] ?? 0, reached[after] ?? 0];
    return { ...key, at: after - 1 + (high > low ? (travelled - low) / (high - low) : 1) };
  });
}

/** @param {Ease} ease @returns {Ease} */
function reverseEase(ease) {
  if (ease === "in") return "out";
  if (ease === "out") return "in";
  if (typeof ease === "string") return ease;
  return [1 - ease[2], 1 - ease[3], 1 - ease[0], 1 - ease[1]];
}

/** Walk the same path backwards, at the same pace in reverse. @param {Track} track
 * @param {number} frames @returns {Track} */
export function reverseTrack(track, frames) {
  const { start, end } = motionRange(track.timing, frames);
  const knots = [...track.knots].reverse().map((knot) => {
    const { in: arriving, out: leaving, ...rest } = knot;
    return { ...rest, ...(leaving ? { in: leaving } : {}), ...(arriving ? { out: arriving } : {}) };
  });
  const eases = [track.timing.ease, ...track.timing.keys.map((key) => key.ease ?? "linear")]
    .map(reverseEase)
    .reverse();
  const keys = [...track.timing.keys].reverse().map((key, index) => ({
    ...key, frame: start + end - key.frame, at: knots.length - 1 - key.at,
    ease: eases[index + 1] ?? "linear",
  }));
  return { ...track, knots, timing: { ...track.timing, keys, ease: eases[0] ?? "linear" } };
}

/** Map every frame number of a track. @param {Track} track
 * @param {(frame: number) => number} change @returns {Track} */
export function retimeTrack(track, change) {
  const { timing, spread, windows } = track;
  const moved = (/** @type {number | null} */ frame) => (frame === null ? null : change(frame));
  const keys = timing.keys.map((key) => ({ ...key, frame: change(key.frame) }));
  return {
    ...track,
    timing: { ...timing, start: moved(timing.start), end: moved(timing.end), keys },
    windows: windows && windows.map(([a, b]) => /** @type {const} */ ([change(a), change(b)])),
    spread: spread && {
      ...spread, keys: spread.keys.map((key) => ({ ...key, frame: change(key.frame) })),
    },
  };
}

/** The place on the path where the track is at a frame, in knots.
 * @param {Track} track @param {number} x @param {number} y */
export function placeNear(track, x, y) {
  const path = pathOf(track);
  let best = { travelled: 0, distance: Infinity };
  for (let i = 0; i + 1 < path.reached.length; i += 1) {
    const [ax = 0, ay = 0, bx = 0, by = 0] = path.vertices.subarray(2 * i, 2 * i + 4);
    const square = (bx - ax) ** 2 + (by - ay) ** 2;
    const dot = (x - ax) * (bx - ax) + (y - ay) * (by - ay);
    const share = square === 0 ? 0 : Math.min(Math.max(dot / square, 0), 1);
    const away = Math.hypot(x - ax - share * (bx - ax), y - ay - share * (by - ay));
    if (away < best.distance) {
      const [from = 0, to = 0] = path.reached.subarray(i, i + 2);
      best = { travelled: from + share * (to - from), distance: away };
    }
  }
  return { at: knotsAt(path, best.travelled), distance: best.distance };
}

/** @param {Track} track @param {readonly number[] | null} [knots] */
export const trackBox = (track, knots = null) =>
  boundingBox(track.knots.filter((_, index) => !knots || knots.includes(index)));
