/** Snapping of drawn and moved points. */

import { stridesOf } from "../drawing/cells.js";
import { distance } from "../curve/geometry.js";

const KNOT_REACH_PX = 10;

/** Pixels: their corners; cells: the middles of the latent cells. A knot that is moved
 * (`held`) does not snap to its own track.
 * @type {(drawing: Drawing, session: Session, point: ImagePoint, held?: Target | null) => ImagePoint} */
export function snapPoint(drawing, { snap, view, family }, point, held = null) {
  if (snap === "pixels") return { x: Math.round(point.x), y: Math.round(point.y) };
  const [, cellHeight, cellWidth] = stridesOf(family);
  const middle = (/** @type {number} */ v, /** @type {number} */ size) => (Math.floor(v / size) + 0.5) * size;
  if (snap === "cells") return { x: middle(point.x, cellWidth), y: middle(point.y, cellHeight) };
  if (snap !== "knots") return point;
  const own = held && "track" in held ? held.track : null;
  let [best, least] = [point, KNOT_REACH_PX / view.scale];
  for (const knot of drawing.tracks.flatMap((track) => (track.hidden || track.id === own ? [] : track.knots))) {
    const away = distance(knot, point);
    if (away < least) [best, least] = [{ x: knot.x, y: knot.y }, away];
  }
  return best;
}
