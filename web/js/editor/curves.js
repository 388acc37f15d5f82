/**
 * Knots to positions by arc length, and easing of time.
 *
 * The same mathematics as wanmove_core/curves.py: every curve becomes cubic Bezier segments,
 * each flattened to 64 chords (a polyline keeps its own); positions go by the length of the
 * chords. Both sides must equal tests/fixtures/curves.json within 1e-4 px.
 */

/**
 * @typedef {import("./types.js").Knot} Knot
 * @typedef {import("./types.js").CurveKind} CurveKind
 * @typedef {import("./types.js").Ease} Ease
 * @typedef {readonly [number, number, number, number, number, number, number, number]} Segment
 *   x and y of start, two controls, end
 * @typedef {{vertices: Float64Array, reached: Float64Array, chords: number, length: number}} Path
 *   x, y of every vertex, arc length up to it, chords per segment, total length
 */

const CHORDS_PER_SEGMENT = 64;
const EASING_BISECTIONS = 60;

/** The CSS curves of these names. @type {Record<string, [number, number, number, number]>} */
export const NAMED_EASES = {
  linear: [0, 0, 1, 1],
  in: [0.42, 0, 1, 1],
  out: [0, 0, 0.58, 1],
  "in-out": [0.42, 0, 0.58, 1],
};

/**
 * @param {Knot} near @param {Knot} far @param {Knot} beyond
 * @param {number} outer square root of |near - beyond| @param {number} here of |far - near|
 * @returns {[number, number]}
 */
function centripetalControl(near, far, beyond, outer, here) {
  const weight = 3 * outer * (outer + here);
  if (weight === 0) return [near.x, near.y];
  const own = 2 * outer * outer + 3 * outer * here + here * here;
  /** @param {"x" | "y"} axis */
  const along = (axis) =>
    (outer * outer * far[axis] - here * here * beyond[axis] + own * near[axis]) / weight;
  return [along("x"), along("y")];
}

/** @param {Knot} p @param {Knot} q */
const rootDistance = (p, q) => Math.sqrt(Math.hypot(q.x - p.x, q.y - p.y));

/** @param {readonly Knot[]} knots @param {CurveKind} kind @returns {Segment[]} */
export function bezierSegments(knots, kind) {
  /** @type {Segment[]} */
  const segments = [];
  for (let i = 0; i + 1 < knots.length; i += 1) {
    const p = /** @type {Knot} */ (knots[i]);
    const q = /** @type {Knot} */ (knots[i + 1]);
    let c1 = [p.x + (q.x - p.x) / 3, p.y + (q.y - p.y) / 3];
    let c2 = [q.x - (q.x - p.x) / 3, q.y - (q.y - p.y) / 3];
    if (kind === "bezier") {
      c1 = [p.x + (p.out?.[0] ?? 0), p.y + (p.out?.[1] ?? 0)];
      c2 = [q.x + (q.in?.[0] ?? 0), q.y + (q.in?.[1] ?? 0)];
    } else if (kind === "catmull-rom" && knots.length > 2) {
      const before = knots[i - 1] ?? p;
      const after = knots[i + 2] ?? q;
      const here = rootDistance(p, q);
      c1 = centripetalControl(p, q, before, rootDistance(before, p), here);
      c2 = centripetalControl(q, p, after, rootDistance(q, after), here);
    }
    segments.push([p.x, p.y, c1[0] ?? 0, c1[1] ?? 0, c2[0] ?? 0, c2[1] ?? 0, q.x, q.y]);
  }
  return segments;
}

/** @param {Segment} s @param {number} t 0..1 @returns {[number, number]} */
export function evaluateSegment(s, t) {
  const u = 1 - t;
  const [a, b, c, d] = [u ** 3, 3 * u * u * t, 3 * u * t * t, t ** 3];
  return [a * s[0] + b * s[2] + c * s[4] + d * s[6], a * s[1] + b * s[3] + c * s[5] + d * s[7]];
}

/** @param {readonly Knot[]} knots @param {CurveKind} kind @returns {Path} */
export function flattenCurve(knots, kind) {
  const chords = kind === "polyline" ? 1 : CHORDS_PER_SEGMENT;
  const segments = bezierSegments(knots, kind);
  const vertices = new Float64Array(2 * (segments.length * chords + 1));
  const reached = new Float64Array(segments.length * chords + 1);
  const first = knots[0];
  if (first) vertices.set([first.x, first.y]);
  let index = 0;
  for (const segment of segments) {
    for (let chord = 1; chord <= chords; chord += 1) {
      const end = chord === chords;
      const [x, y] = end ? [segment[6], segment[7]] : evaluateSegment(segment, chord / chords);
      const dx = x - /** @type {number} */ (vertices[2 * index]);
      const dy = y - /** @type {number} */ (vertices[2 * index + 1]);
      index += 1;
      vertices[2 * index] = x;
      vertices[2 * index + 1] = y;
      reached[index] = /** @type {number} */ (reached[index - 1]) + Math.hypot(dx, dy);
    }
  }
  return { vertices, reached, chords, length: reached[index] ?? 0 };
}

/** The last index whose value is not above `target`; values ascend.
 * @param {Float64Array} values @param {number} target */
function lastNotAbove(values, target) {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (/** @type {number} */ (values[middle]) <= target) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * The position after `travelled` px of path. Before the start and past the end the first and
 * last chords go on straight, so an easing that overshoots does.
 * @param {Path} path @param {number} travelled @returns {[number, number]}
 */
export function positionAt(path, travelled) {
  const { vertices, reached } = path;
  /** @param {number} i @returns {number} */
  const at = (i) => reached[i] ?? 0;
  if (path.length === 0) return [vertices[0] ?? 0, vertices[1] ?? 0];
  let index = Math.min(lastNotAbove(reached, travelled), reached.length - 2);
  // Doubled vertices have no direction: step over them.
  while (index > 0 && at(index + 1) === at(index)) index -= 1;
  while (at(index + 1) === at(index)) index += 1;
  const share = (travelled - at(index)) / (at(index + 1) - at(index));
  const [x0, y0, x1, y1] = vertices.subarray(2 * index, 2 * index + 4);
  return [
    (x0 ?? 0) + share * ((x1 ?? 0) - (x0 ?? 0)),
    (y0 ?? 0) + share * ((y1 ?? 0) - (y0 ?? 0)),
  ];
}

/** Arc length up to `at`, which counts knots. @param {Path} path @param {number} at */
export function lengthAt(path, at) {
  const last = path.reached.length - 1;
  const segment = Math.min(Math.floor(at), Math.max(last / path.chords - 1, 0));
  const start = path.reached[segment * path.chords] ?? 0;
  const end = path.reached[Math.min((segment + 1) * path.chords, last)] ?? start;
  return start + (at - segment) * (end - start);
}

/** The inverse of lengthAt: how many knots `travelled` px are. 
 * @param {Path} path @param {number} travelled */
export function knotsAt(path, travelled) {
  const segments = (path.reached.length - 1) / path.chords;
  for (let i = 0; i < segments; i += 1) {
    const start = path.reached[i * path.chords] ?? 0;
    const end = path.reached[(i + 1) * path.chords] ?? start;
    if (travelled <= end) return end > start ? i + Math.max(travelled - start, 0) / (end - start) : i;
  }
  return segments;
}

/** Map time 0..1 to progress as CSS does. @param {number} time @param {Ease} ease */
export function applyEase(time, ease) {
  if (ease === "linear") return time;
  const [x1, y1, x2, y2] =
    typeof ease === "string" ? (NAMED_EASES[ease] ?? [0, 0, 1, 1]) : ease;
  if (time <= 0) return 0;
  if (time >= 1) return 1;
  let low = 0;
  let high = 1;
  for (let i = 0; i < EASING_BISECTIONS; i += 1) {
    const middle = (low + high) / 2;
    const u = 1 - middle;
    const x = 3 * u * u * middle * x1 + 3 * u * middle * middle * x2 + middle ** 3;
    if (x < time) low = middle;
    else high = middle;
  }
  const t = (low + high) / 2;
  return 3 * (1 - t) ** 2 * t * y1 + 3 * (1 - t) * t * t * y2 + t ** 3;
}
