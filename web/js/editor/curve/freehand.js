/**
 * A drawn stroke as a Bezier curve with few knots, never further than `tolerance` from it.
 *
 * Source: Schneider, "An algorithm for automatically fitting digitized curves", Graphics Gems
 * (1990). Differs: corners are cut first, where the stroke turns by more than 60 degrees.
 */

import { bernstein, evaluateSegment } from "./curves.js";
import { clamp, distance } from "./geometry.js";

const CORNER_COSINE = Math.cos(Math.PI / 3);
const REFINEMENTS = 4;
const NEWTON_STEP = 1e-3;

/** @type {(a: XY, b: XY) => Pair} */
function direction(a, b) {
  const length = distance(a, b) || 1;
  return [(b.x - a.x) / length, (b.y - a.y) / length];
}

/** @type {(a: Pair, b: Pair) => number} */
const dot = (a, b) => a[0] * b[0] + a[1] * b[1];

/** @type {(segment: Segment, t: number, point: XY) => number} */
function distanceAt(segment, t, point) {
  const [x, y] = evaluateSegment(segment, clamp(t, 0, 1));
  return distance({ x, y }, point);
}

/** Share of the chord length at each point. @type {(points: readonly XY[]) => number[]} */
function chordParameters(points) {
  const reached = [0];
  points.slice(1).forEach((point, i) => reached.push(reached[i] + distance(points[i], point)));
  return reached.map((value) => value / (reached[points.length - 1] || 1));
}

/** Least squares for the lengths of both handles.
 * @type {(points: readonly XY[], parameters: readonly number[], leaving: Pair, arriving: Pair) => Segment} */
function fitSegment(points, parameters, leaving, arriving) {
  const [p, q] = [points[0], points[points.length - 1]];
  const across = dot(leaving, arriving);
  let [c00, c01, c11, x0, x1] = [0, 0, 0, 0, 0];
  points.forEach(({ x, y }, index) => {
    const [b0, b1, b2, b3] = bernstein(parameters[index]);
    /** @type {Pair} */
    const rest = [x - (b0 + b1) * p.x - (b2 + b3) * q.x, y - (b0 + b1) * p.y - (b2 + b3) * q.y];
    c00 += b1 * b1;
    c01 += b1 * b2 * across;
    c11 += b2 * b2;
    x0 += b1 * dot(leaving, rest);
    x1 += b2 * dot(arriving, rest);
  });
  const determinant = c00 * c11 - c01 * c01;
  const chord = distance(p, q);
  let out = determinant ? (x0 * c11 - x1 * c01) / determinant : 0;
  let back = determinant ? (c00 * x1 - c01 * x0) / determinant : 0;
  // Schneider's fallback where the system is degenerate or turns a handle around.
  if (out < 1e-6 * chord || back < 1e-6 * chord) out = back = chord / 3;
  return [p.x, p.y, p.x + leaving[0] * out, p.y + leaving[1] * out, q.x + arriving[0] * back, q.y + arriving[1] * back, q.x, q.y];
}

/** One Newton step towards the closest parameter, by finite differences.
 * @type {(segment: Segment, t: number, point: XY) => number} */
function refine(segment, t, point) {
  const [low, mid, high] = [-NEWTON_STEP, 0, NEWTON_STEP].map((by) => distanceAt(segment, t + by, point) ** 2);
  const curvature = (high - 2 * mid + low) / NEWTON_STEP ** 2;
  return curvature <= 0 ? t : clamp(t - (high - low) / (2 * NEWTON_STEP) / curvature, 0, 1);
}

/** @type {(points: readonly XY[], leaving: Pair, arriving: Pair, tolerance: number) => Segment[]} */
function fitSection(points, leaving, arriving, tolerance) {
  let parameters = chordParameters(points);
  let worst = 0;
  for (let round = 0; round <= REFINEMENTS; round += 1) {
    const segment = fitSegment(points, parameters, leaving, arriving);
    const away = points.map((point, index) => distanceAt(segment, parameters[index], point));
    worst = away.indexOf(Math.max(...away));
    if (away[worst] <= tolerance || points.length <= 2) return [segment];
    parameters = points.map((point, index) => refine(segment, parameters[index], point));
  }
  const split = clamp(worst, 1, points.length - 2);
  const tangent = direction(points[Math.min(split + 2, points.length - 1)], points[Math.max(split - 2, 0)]);
  return [
    ...fitSection(points.slice(0, split + 1), leaving, tangent, tolerance),
    ...fitSection(points.slice(split), [-tangent[0], -tangent[1]], arriving, tolerance),
  ];
}

/** Where the stroke turns sharply, and both ends. @type {(points: readonly XY[]) => number[]} */
function corners(points) {
  const found = [0];
  for (let i = 2; i + 2 < points.length; i += 1) {
    const cosine = dot(direction(points[i - 2], points[i]), direction(points[i], points[i + 2]));
    if (cosine < CORNER_COSINE && i - found[found.length - 1] > 3) found.push(i);
  }
  return [...found, points.length - 1];
}

/** One knot for a stroke without length. @type {(stroke: readonly XY[], tolerance: number) => Knot[]} */
export function fitStroke(stroke, tolerance) {
  const points = stroke.filter((point, i) => i === 0 || distance(point, stroke[i - 1]) > 0);
  const knots = points.slice(0, 1).map(({ x, y }) => /** @type {Knot} */ ({ x, y }));
  if (points.length < 2) return knots;
  const cuts = corners(points);
  cuts.slice(1).forEach((cut, index) => {
    const section = points.slice(cuts[index], cut + 1);
    const [r, s] = section.slice(-2);
    for (const [px, py, ax, ay, bx, by, x, y] of fitSection(section, direction(section[0], section[1]), direction(s, r), tolerance)) {
      knots.push({ ...knots.pop(), x: px, y: py, out: [ax - px, ay - py] }, { x, y, in: [bx - x, by - y] });
    }
    if (cut < points.length - 1) knots.push({ .../** @type {Knot} */ (knots.pop()), broken: true });
  });
  return knots;
}
