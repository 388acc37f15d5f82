/**
 * A drawn stroke as a Bezier curve with few knots, never further than `tolerance` from it.
 *
 * Source: Schneider, "An algorithm for automatically fitting digitized curves", Graphics Gems
 * (1990). Differs: corners are cut first, where the stroke turns by more than 60 degrees.
 */

import { distance } from "./geometry.js";

/**
 * @typedef {import("./types.js").ImagePoint} ImagePoint
 * @typedef {import("./types.js").Knot} Knot
 * @typedef {[number, number]} Vector
 * @typedef {[ImagePoint, Vector, Vector, ImagePoint]} Cubic start, handle out, handle in, end
 */

const CORNER_COSINE = Math.cos(Math.PI / 3);
const REFINEMENTS = 4;

/** @param {ImagePoint} a @param {ImagePoint} b @returns {Vector} */
function direction(a, b) {
  const length = distance(a, b) || 1;
  return [(b.x - a.x) / length, (b.y - a.y) / length];
}

/** @param {Cubic} cubic @param {number} t @returns {ImagePoint} */
function pointOn([p, out, back, q], t) {
  const u = 1 - t;
  const [b0, b1, b2, b3] = [u ** 3, 3 * u * u * t, 3 * u * t * t, t ** 3];
  return {
    x: b0 * p.x + b1 * (p.x + out[0]) + b2 * (q.x + back[0]) + b3 * q.x,
    y: b0 * p.y + b1 * (p.y + out[1]) + b2 * (q.y + back[1]) + b3 * q.y,
  };
}

/** Share of the chord length at each point. @param {readonly ImagePoint[]} points */
function chordParameters(points) {
  const reached = [0];
  for (let i = 1; i < points.length; i += 1) {
    const [p, q] = [points[i - 1], points[i]];
    reached.push((reached[i - 1] ?? 0) + (p && q ? distance(p, q) : 0));
  }
  const total = reached[reached.length - 1] || 1;
  return reached.map((value) => value / total);
}

/** Least squares for the lengths of both handles. @param {readonly ImagePoint[]} points
 * @param {readonly number[]} parameters @param {Vector} leaving @param {Vector} arriving
 * @returns {Cubic} */
function fitCubic(points, parameters, leaving, arriving) {
  const p = /** @type {ImagePoint} */ (points[0]);
  const q = /** @type {ImagePoint} */ (points[points.length - 1]);
  let [c00, c01, c11, x0, x1] = [0, 0, 0, 0, 0];
  points.forEach((point, index) => {
    const t = parameters[index] ?? 0;
    const u = 1 - t;
    const [b0, b1, b2, b3] = [u ** 3, 3 * u * u * t, 3 * u * t * t, t ** 3];
    const dx = point.x - (b0 + b1) * p.x - (b2 + b3) * q.x;
    const dy = point.y - (b0 + b1) * p.y - (b2 + b3) * q.y;
    c00 += b1 * b1;
    c01 += b1 * b2 * (leaving[0] * arriving[0] + leaving[1] * arriving[1]);
    c11 += b2 * b2;
    x0 += b1 * (leaving[0] * dx + leaving[1] * dy);
    x1 += b2 * (arriving[0] * dx + arriving[1] * dy);
  });
  const determinant = c00 * c11 - c01 * c01;
  const chord = distance(p, q);
  let out = determinant ? (x0 * c11 - x1 * c01) / determinant : 0;
  let back = determinant ? (c00 * x1 - c01 * x0) / determinant : 0;
  // Schneider's fallback where the system is degenerate or turns a handle around.
  if (out < 1e-6 * chord || back < 1e-6 * chord) out = back = chord / 3;
  return [p, [leaving[0] * out, leaving[1] * out], [arriving[0] * back, arriving[1] * back], q];
}

/** One Newton step towards the closest parameter, by finite differences.
 * @param {Cubic} cubic @param {ImagePoint} point @param {number} t */
function refine(cubic, point, t) {
  const step = 1e-3;
  const away = (/** @type {number} */ at) => {
    const on = pointOn(cubic, Math.min(Math.max(at, 0), 1));
    return (on.x - point.x) ** 2 + (on.y - point.y) ** 2;
  };
  const [low, mid, high] = [away(t - step), away(t), away(t + step)];
  const curvature = (high - 2 * mid + low) / (step * step);
  if (curvature <= 0) return t;
  return Math.min(Math.max(t - (high - low) / (2 * step) / curvature, 0), 1);
}

/** @param {readonly ImagePoint[]} points @param {Vector} leaving @param {Vector} arriving
 * @param {number} tolerance @returns {Cubic[]} */
function fitSection(points, leaving, arriving, tolerance) {
  let parameters = chordParameters(points);
  let cubic = fitCubic(points, parameters, leaving, arriving);
  let worst = { index: points.length >> 1, distance: 0 };
  for (let round = 0; round <= REFINEMENTS; round += 1) {
    worst = { index: points.length >> 1, distance: 0 };
    points.forEach((point, index) => {
      const away = distance(point, pointOn(cubic, parameters[index] ?? 0));
      if (away > worst.distance) worst = { index, distance: away };
    });
    if (worst.distance <= tolerance || points.length <= 2) return [cubic];
    parameters = points.map((point, index) => refine(cubic, point, parameters[index] ?? 0));
    cubic = fitCubic(points, parameters, leaving, arriving);
  }
  const split = Math.min(Math.max(worst.index, 1), points.length - 2);
  const before = /** @type {ImagePoint} */ (points[Math.max(split - 2, 0)]);
  const after = /** @type {ImagePoint} */ (points[Math.min(split + 2, points.length - 1)]);
  const tangent = direction(after, before);
  return [
    ...fitSection(points.slice(0, split + 1), leaving, tangent, tolerance),
    ...fitSection(points.slice(split), [-tangent[0], -tangent[1]], arriving, tolerance),
  ];
}

/** Where the stroke turns sharply, and both ends. @param {readonly ImagePoint[]} points */
function corners(points) {
  const found = [0];
  for (let i = 2; i + 2 < points.length; i += 1) {
    const [a, b, c] = [points[i - 2], points[i], points[i + 2]];
    if (!a || !b || !c) continue;
    const [before, after] = [direction(a, b), direction(b, c)];
    const cosine = before[0] * after[0] + before[1] * after[1];
    if (cosine < CORNER_COSINE && i - (found[found.length - 1] ?? 0) > 3) found.push(i);
  }
  return [...found, points.length - 1];
}

/**
 * @param {readonly ImagePoint[]} stroke @param {number} tolerance in image pixels
 * @returns {Knot[]} one knot for a stroke without length
 */
export function fitStroke(stroke, tolerance) {
  const points = stroke.filter((point, i) => i === 0 || distance(point, stroke[i - 1] ?? point) > 0);
  const first = points[0];
  if (!first) return [];
  /** @type {Knot[]} */
  const knots = [{ x: first.x, y: first.y }];
  if (points.length < 2) return knots;
  const cuts = corners(points);
  for (let cut = 0; cut + 1 < cuts.length; cut += 1) {
    const section = points.slice(cuts[cut], (cuts[cut + 1] ?? 0) + 1);
    const [p, q] = /** @type {[ImagePoint, ImagePoint]} */ ([section[0], section[1]]);
    const [r, s] = /** @type {[ImagePoint, ImagePoint]} */ (section.slice(-2));
    for (const [, out, back, end] of fitSection(section, direction(p, q), direction(s, r), tolerance)) {
      const last = /** @type {Knot} */ (knots[knots.length - 1]);
      knots[knots.length - 1] = { ...last, out };
      knots.push({ x: end.x, y: end.y, in: back });
    }
    const corner = knots.length - 1;
    if (cut + 2 < cuts.length) knots[corner] = { .../** @type {Knot} */ (knots[corner]), broken: true };
  }
  return knots;
}
