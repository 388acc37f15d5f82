/** What the model sees: which 8x8 cells the tracks write in a latent frame. */

import { sampledTrack, sentTracks } from "./sample.js";

export const CELL_PX = 8;
export const FRAMES_PER_LATENT = 4;

/**
 * @typedef {{cells: Map<number, {color: string, tracks: number}>, cols: number, rows: number,
 *   shared: number, moved: number, hiddenStarts: string[], latentFrame: number,
 *   latentFrames: number}} LatentCells cell index = row * cols + col; `tracks` counts points
 */

/** The cell of a position, or null outside of the frame. A point on the far edge belongs to the
 * last cell. @param {number} x @param {number} y @param {number} width @param {number} height */
function cellOf(x, y, width, height) {
  if (x < 0 || y < 0 || x > width || y > height) return null;
  const [cols, rows] = [Math.floor(width / CELL_PX), Math.floor(height / CELL_PX)];
  const col = Math.min(Math.floor(x / CELL_PX), cols - 1);
  const row = Math.min(Math.floor(y / CELL_PX), rows - 1);
  return row * cols + col;
}

/**
 * The same as project_tracks of wanmove_core: latent frame k takes video frame 4k, and a point
 * that is hidden or outside in frame 0 has nothing to copy.
 * @param {import("./types.js").MotionDocument} document @param {number} frame
 * @returns {LatentCells}
 */
export function latentCells(document, frame) {
  const { width, height, frames } = document;
  const latentFrame = Math.floor(frame / FRAMES_PER_LATENT);
  const video = latentFrame * FRAMES_PER_LATENT;
  /** @type {LatentCells["cells"]} */
  const cells = new Map();
  /** @type {string[]} */
  const hiddenStarts = [];
  let moved = 0;
  for (const track of sentTracks(document)) {
    const { points, positions, visible } = sampledTrack(track, frames);
    let hidden = true;
    for (let point = 0; point < points; point += 1) {
      const at = 2 * (video * points + point);
      const start = visible[0] ? cellOf(positions[2 * point] ?? 0, positions[2 * point + 1] ?? 0, width, height) : null;
      if (start === null) continue;
      hidden = false;
      const cell = visible[video] ? cellOf(positions[at] ?? 0, positions[at + 1] ?? 0, width, height) : null;
      if (cell === null) continue;
      cells.set(cell, { color: track.color, tracks: (cells.get(cell)?.tracks ?? 0) + 1 });
      if (cell !== start) moved += 1;
    }
    if (hidden) hiddenStarts.push(track.id);
  }
  const shared = [...cells.values()].filter(({ tracks }) => tracks > 1).length;
  const latentFrames = Math.floor((frames - 1) / FRAMES_PER_LATENT) + 1;
  const [cols, rows] = [Math.floor(width / CELL_PX), Math.floor(height / CELL_PX)];
  return { cells, cols, rows, shared, moved, hiddenStarts, latentFrame, latentFrames };
}
