/** Trajectory maps: the boxes and masks that FlashMotion is guided by, from regions and boxes. */

import { poseIn, sampledIn, sentTracks } from "./sample.js";

/** The colours of objects by their number, as view/trajectory_maps.py draws them: RGB, halved. */
export const MAP_COLORS = ("FF4040 FFA1A0 FF7633 FFB633 D1D435 4CFB12 94CF1A 40DE8A 1B9640 00D6C1 " +
  "2E9CAA 00C4FF 364797 6675FF 0019EF 863AFF 530087 CD3AFF FF97CA FF39C9 A351FB").split(" ").map((color) => `#${color}`);

/** Pixels that the line of a box is wide. @type {(width: number, height: number) => number} */
export function lineWidth(width, height) {
  const thickness = Math.max(1, Math.floor(Math.min(width, height) / 100));
  // OpenCV draws even widths one wider.
  return thickness > 1 ? 2 * Math.floor((thickness + 1) / 2) + 1 : 1;
}

/** Each shown object at a frame: its outline, and the box around the pixels whose middles are inside it
 * and the frame; null where there are none. The same as wanmove_core, exact for boxes.
 * @type {(drawing: Drawing, frame: number) => MapShape[]} */
export function mapShapes(drawing, frame) {
  const objects = sentTracks(drawing).filter(({ spread }) => spread?.shape === "region" && !spread.pins && spread.polygon.length > 2);
  return objects.flatMap((track, index) => {
    const { spread } = track;
    const { own, visible } = sampledIn(drawing, track);
    if (spread?.shape !== "region" || !visible[frame]) return [];
    const { scale, angle } = poseIn(drawing, track, frame);
    const [cos, sin] = [scale * Math.cos((angle * Math.PI) / 180), scale * Math.sin((angle * Math.PI) / 180)];
    const outline = spread.polygon.map(([x, y]) => ({
      x: own[2 * frame] + cos * x - sin * y, y: own[2 * frame + 1] + sin * x + cos * y,
    }));
    return [{ color: MAP_COLORS[index % MAP_COLORS.length] ?? "", outline, box: pixelBox(outline, drawing) }];
  });
}

/** @type {(outline: readonly XY[], size: {width: number, height: number}) => Box | null} */
function pixelBox(outline, { width, height }) {
  const first = (/** @type {number[]} */ values) => Math.max(Math.ceil(Math.min(...values) - 0.5), 0);
  const end = (/** @type {number[]} */ values, /** @type {number} */ size) => Math.min(Math.ceil(Math.max(...values) - 0.5), size);
  const [xs, ys] = [outline.map(({ x }) => x), outline.map(({ y }) => y)];
  const [x, y] = [first(xs), first(ys)];
  const box = { x, y, width: end(xs, width) - x, height: end(ys, height) - y };
  return box.width > 0 && box.height > 0 ? box : null;
}
