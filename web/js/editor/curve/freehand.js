/**
 * A drawn stroke as a Bezier curve with few knots, without the trembling of the hand.
 *
 * Source: Schneider, "An algorithm for automatically fitting digitized curves", Graphics Gems
 * (1990). Differs: the stroke is cut at corners, where it turns by more than 60 degrees, and
 * smoothed between them; directions are taken over several pixels; a handle is never longer than
 * the part of the stroke that it shapes.
 */

import { bernstein, evaluateSegment } from "./curves.js";
import { clamp, distance } from "./geometry.js";

const CORNER_COSINE = Math.cos(Math.PI / 3);
const REFINEMENTS = 4;
const NEWTON_STEP = 1e-3;
/** Counted in steps of half the tolerance along the stroke. */
const [CORNER_REACH, TANGENT_REACH, SMOOTHING] = [10, 8, 6];
const MAX_STEPS = 4000;
/** Of the tolerance; smoothing takes the rest. */
const FIT = 0.75;

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
  const longest = 0.8 * lengthOf(points);
  [out, back] = [Math.min(out, longest), Math.min(back, longest)];
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
  const tangent = direction(points[Math.min(split + TANGENT_REACH, points.length - 1)], points[Math.max(split - TANGENT_REACH, 0)]);
  return [
    ...fitSection(points.slice(0, split + 1), leaving, tangent, tolerance),
    ...fitSection(points.slice(split), [-tangent[0], -tangent[1]], arriving, tolerance),
  ];
}

/** @type {(points: readonly XY[]) => number} */
const lengthOf = (points) => points.reduce((sum, point, i) => sum + (i ? distance(point, points[i - 1]) : 0), 0);

/** The same way in equal steps of about `step`. @type {(points: readonly XY[], step: number) => XY[]} */
function inEqualSteps(points, step) {
  const length = lengthOf(points);
  const steps = clamp(Math.round(length / step), 1, MAX_STEPS);
  const made = [points[0]];
  let [index, passed] = [1, 0];
  for (let i = 1; i < steps; i += 1) {
    const target = (length * i) / steps;
    while (index < points.length - 1 && passed + distance(points[index], points[index - 1]) < target) {
      passed += distance(points[index], points[index - 1]);
      index += 1;
    }
    const [from, to] = [points[index - 1], points[index]];
    const share = (target - passed) / (distance(from, to) || 1);
    made.push({ x: from.x + share * (to.x - from.x), y: from.y + share * (to.y - from.y) });
  }
  return [...made, points[points.length - 1]];
}

/** Where the stroke turns sharply, and both ends. @type {(points: readonly XY[]) => number[]} */
function corners(points) {
  const last = points.length - 1;
  const cosine = points.map((point, i) => {
    const reach = Math.min(CORNER_REACH, i, last - i);
    return reach < CORNER_REACH / 2 ? 1 : dot(direction(points[i - reach], point), direction(point, points[i + reach]));
  });
  const found = [0];
  for (let i = 1; i < last; i += 1) {
    const around = cosine.slice(Math.max(i - CORNER_REACH, 0), i + CORNER_REACH + 1);
    if (cosine[i] < CORNER_COSINE && cosine[i] === Math.min(...around) && i - found[found.length - 1] >= CORNER_REACH / 2) found.push(i);
  }
  return [...found, last];
}

/** Each point becomes a mean of those around it; both ends stay. @type {(points: readonly XY[]) => XY[]} */
function smoothed(points) {
  const last = points.length - 1;
  return points.map((_, i) => {
    const reach = Math.min(2 * SMOOTHING, i, last - i);
    let [x, y, sum] = [0, 0, 0];
    for (let by = -reach; by <= reach; by += 1) {
      const weight = Math.exp(-0.5 * (by / SMOOTHING) ** 2);
      x += weight * points[i + by].x;
      y += weight * points[i + by].y;
      sum += weight;
    }
    return { x: x / sum, y: y / sum };
  });
}

/** One knot for a stroke without length. @type {(stroke: readonly XY[], tolerance: number) => Knot[]} */
export function fitStroke(stroke, tolerance) {
  const drawn = stroke.filter((point, i) => i === 0 || distance(point, stroke[i - 1]) > 0);
  const knots = drawn.slice(0, 1).map(({ x, y }) => /** @type {Knot} */ ({ x, y }));
  if (drawn.length < 2) return knots;
  const points = inEqualSteps(drawn, tolerance / 2);
  const cuts = corners(points);
  cuts.slice(1).forEach((cut, index) => {
    const section = smoothed(points.slice(cuts[index], cut + 1));
    const reach = Math.min(TANGENT_REACH, section.length - 1);
    const [leaving, arriving] = [direction(section[0], section[reach]), direction(section[section.length - 1], section[section.length - 1 - reach])];
    for (const [px, py, ax, ay, bx, by, x, y] of fitSection(section, leaving, arriving, FIT * tolerance)) {
      knots.push({ ...knots.pop(), x: px, y: py, out: [ax - px, ay - py] }, { x, y, in: [bx - x, by - y] });
    }
    if (cut < points.length - 1) knots.push({ .../** @type {Knot} */ (knots.pop()), broken: true });
  });
  return knots;
}
