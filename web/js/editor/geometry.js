/** Vectors, matrices, and the only conversions between image and canvas. */

/**
 * @typedef {import("./types.js").ImagePoint} ImagePoint
 * @typedef {import("./types.js").CanvasPoint} CanvasPoint
 * @typedef {import("./types.js").View} View
 * @typedef {import("./types.js").Matrix} Matrix
 * @typedef {{x: number, y: number, width: number, height: number}} Box
 */

export const MIN_SCALE = 0.05;
export const MAX_SCALE = 64;

/** @param {number} value @param {number} low @param {number} high */
export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** @param {{x: number, y: number}} a @param {{x: number, y: number}} b */
export const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

/** @param {View} view @param {ImagePoint} point @returns {CanvasPoint} */
export const toCanvas = (view, point) => ({
  x: point.x * view.scale + view.x,
  y: point.y * view.scale + view.y,
});

/** @param {View} view @param {CanvasPoint} point @returns {ImagePoint} */
export const toImage = (view, point) => ({
  x: (point.x - view.x) / view.scale,
  y: (point.y - view.y) / view.scale,
});

/**
 * Zoom by `factor` so that the image under `center` stays there.
 * @param {View} view @param {CanvasPoint} center @param {number} factor @returns {View}
 */
export function zoomAt(view, center, factor) {
  const scale = clamp(view.scale * factor, MIN_SCALE, MAX_SCALE);
  const k = scale / view.scale;
  return { scale, x: center.x - (center.x - view.x) * k, y: center.y - (center.y - view.y) * k };
}

/**
 * Show `box` (image pixels) as large as fits in a canvas of `width` x `height`, centred.
 * @param {Box} box @param {number} width @param {number} height @param {number} margin
 * @returns {View}
 */
export function fitView(box, width, height, margin) {
  const room = { x: Math.max(width - 2 * margin, 8), y: Math.max(height - 2 * margin, 8) };
  const fitted = Math.min(room.x / Math.max(box.width, 1), room.y / Math.max(box.height, 1));
  const scale = clamp(fitted, MIN_SCALE, MAX_SCALE);
  return {
    scale,
    x: width / 2 - (box.x + box.width / 2) * scale,
    y: height / 2 - (box.y + box.height / 2) * scale,
  };
}

/** @param {Matrix} m @param {{x: number, y: number}} p @returns {ImagePoint} */
export const applyMatrix = (m, p) => ({
  x: m[0] * p.x + m[2] * p.y + m[4],
  y: m[1] * p.x + m[3] * p.y + m[5],
});

/** Turn and stretch, without the shift: for handles and offsets.
 * @param {Matrix} m @param {readonly [number, number]} v @returns {[number, number]} */
export const applyLinear = (m, v) => [m[0] * v[0] + m[2] * v[1], m[1] * v[0] + m[3] * v[1]];

/** @param {number} dx @param {number} dy @returns {Matrix} */
export const translation = (dx, dy) => [1, 0, 0, 1, dx, dy];

/** @param {ImagePoint} about @param {number} sx @param {number} sy @returns {Matrix} */
export const scaling = (about, sx, sy) => [sx, 0, 0, sy, about.x * (1 - sx), about.y * (1 - sy)];

/** @param {ImagePoint} about @param {number} degrees clockwise on screen @returns {Matrix} */
export function rotation(about, degrees) {
  const cos = Math.cos((degrees * Math.PI) / 180);
  const sin = Math.sin((degrees * Math.PI) / 180);
  const { x, y } = about;
  return [cos, sin, -sin, cos, x - cos * x + sin * y, y - sin * x - cos * y];
}

/** @param {readonly {x: number, y: number}[]} points @returns {Box | null} */
export function boundingBox(points) {
  if (points.length === 0) return null;
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y } of points) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** @param {Box} box @param {{x: number, y: number}} p */
export const insideBox = (box, p) =>
  p.x >= box.x && p.x <= box.x + box.width && p.y >= box.y && p.y <= box.y + box.height;

/** The box between two corners given in any order.
 * @param {{x: number, y: number}} a @param {{x: number, y: number}} b @returns {Box} */
export const boxBetween = (a, b) => ({
  x: Math.min(a.x, b.x),
  y: Math.min(a.y, b.y),
  width: Math.abs(a.x - b.x),
  height: Math.abs(a.y - b.y),
});

/**
 * Where on the chord a-b is closest to p: `share` 0..1 along it, and how far away.
 * @param {{x: number, y: number}} p @param {{x: number, y: number}} a
 * @param {{x: number, y: number}} b
 */
export function nearestOnChord(p, a, b) {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const square = dx * dx + dy * dy;
  const share = square === 0 ? 0 : clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / square, 0, 1);
  return { share, distance: Math.hypot(p.x - a.x - share * dx, p.y - a.y - share * dy) };
}

/** Even-odd rule. @param {readonly {x: number, y: number}[]} polygon
 * @param {{x: number, y: number}} p */
export function insidePolygon(polygon, p) {
  let inside = false;
  let before = polygon[polygon.length - 1];
  for (const vertex of polygon) {
    if (before && vertex.y > p.y !== before.y > p.y) {
      const x = vertex.x + ((before.x - vertex.x) * (p.y - vertex.y)) / (before.y - vertex.y);
      if (p.x < x) inside = !inside;
    }
    before = vertex;
  }
  return inside;
}
