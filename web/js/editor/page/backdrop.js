/** The picture behind the drawing, as the video begins with it. */

import { fitBoxes, placeOf } from "../drawing/fit.js";
import { pixelsOf } from "./canvas.js";
import { element } from "./dom.js";

const GREY = "#808080";
const LARGEST = 4096;

/** @type {(image: CanvasImageSource) => Pair} */
function sizeOf(image) {
  if (image instanceof HTMLImageElement) return [image.naturalWidth, image.naturalHeight];
  const { width, height } = /** @type {HTMLCanvasElement} */ (image);
  return [width, height];
}

/** As large as the picture, so that its detail stays. @type {(image: CanvasImageSource, frame: ClipFrame) => CanvasImageSource} */
function fitted(image, { width, height, resize }) {
  const { source, target } = fitBoxes(sizeOf(image), [width, height], resize);
  const [left, top, sourceWidth, sourceHeight] = source;
  const [x, y, targetWidth, targetHeight] = target;
  const limit = Math.min(1, LARGEST / Math.max((width * sourceWidth) / targetWidth, (height * sourceHeight) / targetHeight));
  const [kx, ky] = [(limit * sourceWidth) / targetWidth, (limit * sourceHeight) / targetHeight];
  const canvas = element("canvas", { width: Math.max(1, Math.round(width * kx)), height: Math.max(1, Math.round(height * ky)) });
  const ctx = canvas.getContext("2d");
  if (!ctx) return image;
  ctx.fillStyle = GREY;
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  // The canvas's own scale: its size is whole pixels.
  ctx.scale(canvas.width / width, canvas.height / height);
  ctx.drawImage(image, left, top, sourceWidth, sourceHeight, x, y, targetWidth, targetHeight);
  return canvas;
}

/** @param {() => Drawing} drawing @param {() => void} changed */
export function createBackdrop(drawing, changed) {
  const state = { opacity: 1, chosen: false };
  /** @type {CanvasImageSource | null} */
  let image = null;
  /** @type {ClipFrame | null} */
  let frame = null;
  /** @type {{image: CanvasImageSource, frame: ClipFrame, shown: CanvasImageSource} | null} */
  let made = null;

  /** What lies under the drawing: the picture through the video's fit, unless the drawing belongs to
   * the picture itself. @type {(given: CanvasImageSource) => CanvasImageSource} */
  function shown(given) {
    if (!frame || state.chosen) return given;
    const { width, height } = drawing();
    if (!frame.wired && placeOf([width, height], [frame.width, frame.height], sizeOf(given)) === "image") return given;
    if (made?.image !== given || made.frame !== frame) made = { image: given, frame, shown: fitted(given, frame) };
    return made.shown;
  }
  return {
    state,
    /** Of the picture itself. @type {() => Pair | null} */
    size: () => image && sizeOf(image),
    /** @type {() => Backdrop | null} */
    get: () => image && { image: shown(image), opacity: state.opacity },
    through: shown,
    /** For the wand, of what is shown. */
    pixels: () => image && pixelsOf(shown(image)),
    /** @type {Editor["setBackground"]} */
    set(next, chosen = false) {
      image = next;
      state.chosen = chosen;
      changed();
    },
    /** @type {(next: ClipFrame | null) => void} */
    setFrame: (next) => void (frame = next),
    /** @type {(opacity: number) => void} */
    setOpacity(opacity) {
      state.opacity = opacity;
      changed();
    },
  };
}
