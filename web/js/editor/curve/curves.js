/**
 * Knots to positions by arc length, and easing of time.
 *
 * The same mathematics as wanmove_core/curves.py: every curve becomes cubic Bezier segments,
 * each flattened to 64 chords (a polyline keeps its own); positions go by the length of the
 * chords. Both sides must equal tests/fixtures/curves.json within 1e-4 px.
 */

import { distance } from "./geometry.js";

const CHORDS_PER_SEGMENT = 64;
const EASING_BISECTIONS = 60;

/** The CSS curves of these names. @type {Record<string, [number, number, number, number]>} */
export const NAMED_EASES = {
  linear: [0, 0, 1, 1],
  in: [0.42, 0, 1, 1],
  out: [0, 0, 0.58, 1],
  "in-out": [0.42, 0, 0.58, 1],
};

/** The control point beside `near` on the way to `far`. @type {(near: Knot, far: Knot, beyond: Knot) => Pair} */
function centripetalControl(near, far, beyond) {
  const outer = Math.sqrt(distance(near, beyond));
  const here = Math.sqrt(distance(near, far));
  const weight = 3 * outer * (outer + here);
  if (weight === 0) return [near.x, near.y];
  const own = 2 * outer * outer + 3 * outer * here + here * here;
  const along = (/** @type {"x" | "y"} */ axis) =>
    (outer * outer * far[axis] - here * here * beyond[axis] + own * near[axis]) / weight;
  return [along("x"), along("y")];
}

/** @type {(p: Knot, q: Knot) => Pair} */
const third = (p, q) => [p.x + (q.x - p.x) / 3, p.y + (q.y - p.y) / 3];

/** @type {(knot: Knot, handle?: Pair) => Pair} */
const tipOf = (knot, [dx, dy] = [0, 0]) => [knot.x + dx, knot.y + dy];

/** @type {(knots: readonly Knot[], kind: CurveKind) => Segment[]} */
export const bezierSegments = (knots, kind) =>
  knots.slice(1).map((q, i) => {
    const p = knots[i];
    const [c1, c2] =
      kind === "bezier" ? [tipOf(p, p.out), tipOf(q, q.in)]
      : kind === "polyline" || knots.length < 3 ? [third(p, q), third(q, p)]
      : [centripetalControl(p, q, knots[i - 1] ?? p), centripetalControl(q, p, knots[i + 2] ?? q)];
    return [p.x, p.y, ...c1, ...c2, q.x, q.y];
  });

/** The weights of a cubic's four points at t 0..1. @type {(t: number) => [number, number, number, number]} */
export const bernstein = (t) => [(1 - t) ** 3, 3 * (1 - t) * (1 - t) * t, 3 * (1 - t) * t * t, t ** 3];

/** @type {(s: Segment, t: number) => Pair} */
export function evaluateSegment(s, t) {
  const u = 1 - t; // Not by `bernstein`: this runs for every vertex of every path that moves.
  const [a, b, c, d] = [u ** 3, 3 * u * u * t, 3 * u * t * t, t ** 3];
  return [a * s[0] + b * s[2] + c * s[4] + d * s[6], a * s[1] + b * s[3] + c * s[5] + d * s[7]];
}

/** @type {(knots: readonly Knot[], kind: CurveKind) => Path} */
export function flattenCurve(knots, kind) {
  const chords = kind === "polyline" ? 1 : CHORDS_PER_SEGMENT;
  const segments = bezierSegments(knots, kind);
  const vertices = new Float64Array(2 * (segments.length * chords + 1));
  const reached = new Float64Array(segments.length * chords + 1);
  if (knots[0]) vertices.set([knots[0].x, knots[0].y]);
  let index = 0;
  for (const segment of segments) {
    for (let chord = 1; chord <= chords; chord += 1) {
      const [x, y] = chord === chords ? [segment[6], segment[7]] : evaluateSegment(segment, chord / chords);
      const length = Math.hypot(x - vertices[2 * index], y - vertices[2 * index + 1]);
      index += 1;
      vertices[2 * index] = x;
      vertices[2 * index + 1] = y;
      reached[index] = reached[index - 1] + length;
    }
  }
  return { vertices, reached, chords, length: reached[index] };
}

/** The last index whose value is not above `target`; values ascend. @type {(values: Float64Array, target: number) => number} */
function lastNotAbove(values, target) {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (values[middle] <= target) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The position after `travelled` px of path. Before the start and past the end the first and
 * last chords go on straight, so an easing that overshoots does.
 * @type {(path: Path, travelled: number) => Pair} */
export function positionAt({ vertices, reached, length }, travelled) {
  if (length === 0) return [vertices[0], vertices[1]];
  let index = Math.min(lastNotAbove(reached, travelled), reached.length - 2);
  // Doubled vertices have no direction: step over them.
  while (index > 0 && reached[index + 1] === reached[index]) index -= 1;
  while (reached[index + 1] === reached[index]) index += 1;
  const share = (travelled - reached[index]) / (reached[index + 1] - reached[index]);
  const [x0, y0, x1, y1] = vertices.subarray(2 * index);
  return [x0 + share * (x1 - x0), y0 + share * (y1 - y0)];
}

/** Arc length up to `at`, which counts knots. @type {(path: Path, at: number) => number} */
export function lengthAt({ reached, chords }, at) {
  const last = reached.length - 1;
  const segment = Math.min(Math.floor(at), Math.max(last / chords - 1, 0));
  const start = reached[segment * chords];
  return start + (at - segment) * (reached[Math.min((segment + 1) * chords, last)] - start);
}

/** The inverse of lengthAt: how many knots `travelled` px are. @type {(path: Path, travelled: number) => number} */
export function knotsAt({ reached, chords }, travelled) {
  const segments = (reached.length - 1) / chords;
  for (let i = 0; i < segments; i += 1) {
    const [start, end] = [reached[i * chords], reached[(i + 1) * chords]];
    if (travelled <= end) return end > start ? i + Math.max(travelled - start, 0) / (end - start) : i;
  }
  return segments;
}

/** Map time 0..1 to progress as CSS does. @type {(time: number, ease: Ease) => number} */
export function applyEase(time, ease) {
  if (ease === "linear") return time;
  if (time <= 0 || time >= 1) return time <= 0 ? 0 : 1;
  const [x1, y1, x2, y2] = typeof ease === "string" ? NAMED_EASES[ease] : ease;
  let [low, high] = [0, 1];
  for (let i = 0; i < EASING_BISECTIONS; i += 1) {
    const middle = (low + high) / 2;
    const [, b, c, d] = bernstein(middle);
    if (b * x1 + c * x2 + d < time) low = middle;
    else high = middle;
  }
  const [, b, c, d] = bernstein((low + high) / 2);
  return b * y1 + c * y2 + d;
}
