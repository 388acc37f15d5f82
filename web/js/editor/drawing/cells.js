/** What the model sees: which cells of its family's latents the tracks write in a latent frame. */

import { FAMILY_STRIDES, FIRST_FAMILY } from "./families.js";
import { sampledIn, sentTracks } from "./sample.js";

/** Frames per latent frame, and a cell's height and width in pixels.
 * @type {(family: Family) => readonly [perLatent: number, cellHeight: number, cellWidth: number]} */
export const stridesOf = (family) => FAMILY_STRIDES[family];

/** The same as project_tracks of wanmove_core: a latent frame takes the last of its video frames, and
 * a point that is hidden or outside in frame 0 has nothing to copy.
 * @type {(drawing: Drawing, frame: number, family?: Family) => LatentCells} */
export function latentCells(drawing, frame, family = FIRST_FAMILY) {
  const { width, height, frames } = drawing;
  const [perLatent, cellHeight, cellWidth] = stridesOf(family);
  const [cols, rows] = [Math.floor(width / cellWidth), Math.floor(height / cellHeight)];
  const latentFrame = Math.floor(frame / perLatent);
  /** @type {LatentCells["cells"]} */
  const cells = new Map();
  /** @type {string[]} */
  const hiddenStarts = [];
  let moved = 0;
  for (const track of sentTracks(drawing)) {
    const { points, positions, visible } = sampledIn(drawing, track);
    /** Null outside of the frame. A point on the far edge belongs to the last cell.
     * @type {(frame: number, point: number) => number | null} */
    const cellAt = (at, point) => {
      // As single precision, which tracks have outside of the editor: 7.99999999 is in the second cell.
      const index = 2 * (at * points + point);
      const [x, y] = [Math.fround(positions[index]), Math.fround(positions[index + 1])];
      if (!visible[at] || x < 0 || y < 0 || x > width || y > height) return null;
      return Math.min(Math.floor(y / cellHeight), rows - 1) * cols + Math.min(Math.floor(x / cellWidth), cols - 1);
    };
    let hidden = true;
    for (let point = 0; point < points; point += 1) {
      const start = cellAt(0, point);
      if (start === null) continue;
      hidden = false;
      const cell = cellAt(latentFrame * perLatent, point);
      if (cell === null) continue;
      cells.set(cell, { color: track.color, tracks: (cells.get(cell)?.tracks ?? 0) + 1 });
      if (cell !== start) moved += 1;
    }
    if (hidden) hiddenStarts.push(track.id);
  }
  const shared = [...cells.values()].filter(({ tracks }) => tracks > 1).length;
  const latentFrames = Math.floor((frames - 1) / perLatent) + 1;
  return { cells, cols, rows, shared, moved, hiddenStarts, latentFrame, latentFrames };
}
