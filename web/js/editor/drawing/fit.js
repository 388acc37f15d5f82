/** How a picture goes into a frame, and what a canvas shows of it: the same rules as wanmove_core. */

import { round } from "../curve/geometry.js";

/** The same as Fit.between: a box of the picture, and where it lies in the frame; x, y, width, height.
 * @type {(from: Pair, to: Pair, mode: FitMode) => {source: Quad, target: Quad}} */
export function fitBoxes([width, height], [toWidth, toHeight], mode) {
  /** @type {Quad} */
  const whole = [0, 0, width, height];
  /** @type {Quad} */
  const frame = [0, 0, toWidth, toHeight];
  if (mode === "stretch") return { source: whole, target: frame };
  const [aspect, toAspect] = [width / height, toWidth / toHeight];
  if (mode === "crop") {
    const surplusX = aspect > toAspect ? round((width - width * (toAspect / aspect)) / 2) : 0;
    const surplusY = aspect < toAspect ? round((height - height * (aspect / toAspect)) / 2) : 0;
    const x = Math.min(surplusX, Math.floor((width - 1) / 2));
    const y = Math.min(surplusY, Math.floor((height - 1) / 2));
    return { source: [x, y, width - 2 * x, height - 2 * y], target: frame };
  }
  const scale = Math.min(toWidth / width, toHeight / height);
  const [w, h] = [Math.max(1, round(width * scale)), Math.max(1, round(height * scale))];
  return { source: whole, target: [Math.floor((toWidth - w) / 2), Math.floor((toHeight - h) / 2), w, h] };
}

/** Whether one is a scaled copy of the other, within a pixel of the smaller. @type {(one: Pair, other: Pair) => boolean} */
export const sameAspect = (one, other) => Math.abs(one[0] * other[1] - other[0] * one[1]) <= Math.max(...one, ...other);

/** What a canvas is a copy of: the video, or its start image before the fit; null: of neither, and
 * tracks on it are refused. @type {(canvas: Pair, video: Pair, image: Pair | null) => "video" | "image" | null} */
export function placeOf(canvas, video, image) {
  const equals = (/** @type {Pair} */ other) => canvas[0] === other[0] && canvas[1] === other[1];
  if (equals(video) || sameAspect(canvas, video)) return "video";
  return image && (equals(image) || sameAspect(canvas, image)) ? "image" : null;
}
