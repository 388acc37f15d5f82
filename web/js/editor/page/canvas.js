/** Places on a canvas, and its device pixels. */

const MAX_RATIO = 3;

/** Exact inside a CSS transform, as in a zoomed graph. @type {(canvas: HTMLCanvasElement, event: MouseEvent) => CanvasPoint} */
export function canvasPoint(canvas, { clientX, clientY }) {
  const rect = canvas.getBoundingClientRect();
  const k = canvas.clientWidth / (rect.width || 1);
  return { x: (clientX - rect.left) * k, y: (clientY - rect.top) * k };
}

/** Give a canvas one device pixel per pixel. @type {(canvas: HTMLCanvasElement) => {width: number, height: number, ratio: number}} */
export function fitBuffer(canvas) {
  const ratio = Math.min(window.devicePixelRatio || 1, MAX_RATIO);
  const { clientWidth: width, clientHeight: height } = canvas;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  return { width, height, ratio };
}

const MOST_PIXELS = 512;

/** What `pixelsOf` found last: pictures are large. @type {WeakMap<object, Pixels>} */
const known = new WeakMap();

/** The colours of a picture, its longer side at most 512. @type {(image: CanvasImageSource) => Pixels | null} */
export function pixelsOf(image) {
  const found = known.get(image);
  if (found) return found;
  const { width: w, height: h } = /** @type {{width: number, height: number}} */ (image);
  const share = Math.min(1, MOST_PIXELS / Math.max(w, h, 1));
  const canvas = Object.assign(document.createElement("canvas"), { width: Math.max(Math.round(w * share), 1), height: Math.max(Math.round(h * share), 1) });
  const ctx = canvas.getContext("2d");
  ctx?.drawImage(image, 0, 0, canvas.width, canvas.height);
  const made = ctx?.getImageData(0, 0, canvas.width, canvas.height) ?? null;
  if (made) known.set(image, made);
  return made;
}
