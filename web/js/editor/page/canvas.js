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
