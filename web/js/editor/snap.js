/** Snapping of drawn and moved points. */

import { distance, toCanvas } from "./geometry.js";

/**
 * @typedef {import("./types.js").ImagePoint} ImagePoint
 * @typedef {import("./types.js").Target} Target
 */

const KNOT_REACH_PX = 10;
const CELL_PX = 8;

/**
 * @param {import("./types.js").MotionDocument} document
 * @param {import("./types.js").Session} session @param {ImagePoint} point
 * @param {Target | null} [held] the knot that is moved: it does not snap to itself
 * @returns {ImagePoint} pixels: their corners; cells: the middles of the 8x8 latent cells
 */
export function snapPoint(document, session, point, held = null) {
  const { snap, view } = session;
  if (snap === "pixels") return { x: Math.round(point.x), y: Math.round(point.y) };
  if (snap === "cells") {
    const middle = (/** @type {number} */ v) => Math.floor(v / CELL_PX) * CELL_PX + CELL_PX / 2;
    return { x: middle(point.x), y: middle(point.y) };
  }
  if (snap !== "knots") return point;
  let best = point;
  let least = KNOT_REACH_PX;
  for (const track of document.tracks) {
    if (track.hidden || (held && "track" in held && held.track === track.id)) continue;
    for (const knot of track.knots) {
      const away = distance(toCanvas(view, knot), toCanvas(view, point));
      if (away < least) [best, least] = [{ x: knot.x, y: knot.y }, away];
    }
  }
  return best;
}
