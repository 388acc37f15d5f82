/** The ring under the Draw tool: how many cells of the picture around a path go along with it. */

import { stridesOf } from "../drawing/cells.js";
import { sampledTrack } from "../drawing/sample.js";

/** Cells from its middle to its rim; 0 is one point. `python -m benchmarks.ring` measures what it brings. */
export const FIRST_RING = 2;
export const LARGEST_RING = 32;
const POINTS = 7;

/** In pixels of the picture. @type {(session: Session) => number} */
export const ringRadius = ({ ring, family }) => ring * stridesOf(family)[2];

/** More points for more room: as far apart as the first ring has them. @type {(ring: number) => number} */
const pointsOf = (ring) => Math.min(Math.max(POINTS, Math.round(POINTS * (ring / FIRST_RING) ** 2)), 200);

/** A new path with its ring; points beyond the picture's edge are left out.
 * @type {(drawing: Drawing, session: Session, track: Track, alone: boolean) => Track} alone: one point */
export function withRing(drawing, session, track, alone) {
  if (alone || session.ring === 0) return track;
  const size = 2 * ringRadius(session);
  /** @type {Track} */
  const ringed = { ...track, spread: { shape: "disc", count: pointsOf(session.ring), size, angle: 0, keys: [], ring: true } };
  const { points, positions, own: [x, y] } = sampledTrack(ringed, 2);  // the first of its frames
  /** @type {Pair[]} */
  const inside = [];
  for (let i = 0; i < 2 * points; i += 2) {
    const [px, py] = [positions[i], positions[i + 1]];
    if (px >= 0 && py >= 0 && px <= drawing.width && py <= drawing.height) inside.push([px - x, py - y]);
  }
  if (inside.length === points) return ringed;
  if (inside.length < 2) return track;
  return { ...track, spread: { shape: "region", polygon: [], offsets: inside, fill: "grid", spacing: stridesOf(session.family)[2], keys: [], ring: true } };
}
