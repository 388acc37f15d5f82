/** Vectors, matrices, boxes, and the only conversions between image and canvas. */

const MIN_SCALE = 0.05;
const MAX_SCALE = 64;

/** @type {(value: number, low: number, high: number) => number} */
export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** @type {(a: XY, b: XY) => number} */
export const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

/** @type {(view: View, point: ImagePoint) => CanvasPoint} */
export const toCanvas = (view, { x, y }) => ({ x: x * view.scale + view.x, y: y * view.scale + view.y });

/** @type {(view: View, point: CanvasPoint) => ImagePoint} */
export const toImage = (view, { x, y }) => ({ x: (x - view.x) / view.scale, y: (y - view.y) / view.scale });

/** Zoom by `factor` so that the image under `center` stays there.
 * @type {(view: View, center: CanvasPoint, factor: number) => View} */
export function zoomAt(view, center, factor) {
  const scale = clamp(view.scale * factor, MIN_SCALE, MAX_SCALE);
  const k = scale / view.scale;
  return { scale, x: center.x - (center.x - view.x) * k, y: center.y - (center.y - view.y) * k };
}

/** Show `box` (image pixels) as large as fits in a canvas of `width` x `height`, centred.
 * @type {(box: Box, width: number, height: number, margin: number) => View} */
export function fitView(box, width, height, margin) {
  const across = Math.max(width - 2 * margin, 8) / Math.max(box.width, 1);
  const down = Math.max(height - 2 * margin, 8) / Math.max(box.height, 1);
  const scale = clamp(Math.min(across, down), MIN_SCALE, MAX_SCALE);
  const { x, y } = centerOf(box);
  return { scale, x: width / 2 - x * scale, y: height / 2 - y * scale };
}

/** Moved by as little as brings `box` (image pixels) into a canvas; one that is larger fills it.
 * @type {(view: View, box: Box, width: number, height: number, margin: number) => View} */
export function revealed(view, box, width, height, margin) {
  const from = toCanvas(view, /** @type {ImagePoint} */ (box));
  const to = toCanvas(view, /** @type {ImagePoint} */ (cornerOf(box)));
  const shift = (/** @type {number} */ low, /** @type {number} */ high) => clamp(0, Math.min(low, high), Math.max(low, high));
  return { ...view, x: view.x + shift(margin - from.x, width - margin - to.x), y: view.y + shift(margin - from.y, height - margin - to.y) };
}

/** Turn and stretch, without the shift: for handles and offsets. @type {(m: Matrix, v: Pair) => Pair} */
export const applyLinear = (m, [x, y]) => [m[0] * x + m[2] * y, m[1] * x + m[3] * y];

/** @type {(dx: number, dy: number) => Matrix} */
export const translation = (dx, dy) => [1, 0, 0, 1, dx, dy];

/** @type {(about: XY, sx: number, sy: number) => Matrix} */
export const scaling = (about, sx, sy) => [sx, 0, 0, sy, about.x * (1 - sx), about.y * (1 - sy)];

/** @type {(about: XY, degrees: number) => Matrix} clockwise on screen */
export function rotation({ x, y }, degrees) {
  const cos = Math.cos((degrees * Math.PI) / 180);
  const sin = Math.sin((degrees * Math.PI) / 180);
  return [cos, sin, -sin, cos, x - cos * x + sin * y, y - sin * x - cos * y];
}

/** @type {(points: readonly XY[]) => Box | null} */
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

/** @type {(box: Box) => XY} */
export const centerOf = ({ x, y, width, height }) => ({ x: x + width / 2, y: y + height / 2 });

/** The corner opposite to (x, y). @type {(box: Box) => XY} */
export const cornerOf = ({ x, y, width, height }) => ({ x: x + width, y: y + height });

/** @type {(box: Box, p: XY, margin?: number) => boolean} */
export const insideBox = ({ x, y, width, height }, p, margin = 0) =>
  p.x >= x - margin && p.x <= x + width + margin && p.y >= y - margin && p.y <= y + height + margin;

/** Even-odd rule. @type {(polygon: readonly Pair[], p: XY) => boolean} */
export function insidePolygon(polygon, p) {
  let inside = false;
  polygon.forEach(([x, y], index) => {
    const [u, v] = polygon.at(index - 1) ?? [x, y];
    if (y > p.y !== v > p.y && p.x < x + ((u - x) * (p.y - y)) / (v - y)) inside = !inside;
  });
  return inside;
}

/** To an integer, halves to the even one, as Python does. @type {(value: number) => number} */
export function round(value) {
  const whole = Math.floor(value);
  const part = value - whole;
  return part > 0.5 || (part === 0.5 && whole % 2 !== 0) ? whole + 1 : whole;
}
