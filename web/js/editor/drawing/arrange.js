/** Align and distribute: whole tracks by their boxes, or the knots of one track. */

import { transformTrack } from "./edit_track.js";
import { boundingBox, cornerOf, translation } from "../curve/geometry.js";
import { chosenKnots, findTrack } from "./selection.js";

/** Along which axis, and which share of an item's extent meets that of the whole; none: evenly.
 * @type {Record<Arrangement, ["x" | "y", number?]>} */
const WAYS = {
  left: ["x", 0], center: ["x", 0.5], right: ["x", 1], top: ["y", 0], middle: ["y", 0.5], bottom: ["y", 1],
  "distribute-x": ["x"], "distribute-y": ["y"],
};

/** @type {(values: readonly number[]) => number[]} steps that make the distances equal */
function evenly(values) {
  const low = Math.min(...values);
  const step = (Math.max(...values) - low) / (values.length - 1);
  const order = [...values.keys()].sort((a, b) => values[a] - values[b]);
  return values.map((value, index) => low + step * order.indexOf(index) - value);
}

/** @type {(drawing: Drawing, selection: SelectedParts, how: Arrangement) => Drawing} */
export function arrange(drawing, selection, how) {
  const [axis, share] = WAYS[how];
  const size = axis === "x" ? "width" : "height";
  const items = selection.flatMap(({ track: id, knots }) => {
    const track = findTrack(drawing, id);
    const parts = selection.length === 1 && knots ? knots.map((knot) => [knot]) : [knots];
    return parts.flatMap((part) => {
      const box = track && boundingBox(chosenKnots(track, part));
      return box ? [{ id, part, place: (/** @type {number} */ at) => box[axis] + at * box[size], box }] : [];
    });
  });
  const all = boundingBox(items.flatMap(({ box }) => [box, cornerOf(box)]));
  if (!all || items.length < 2) return drawing;
  const moves = share === undefined ? evenly(items.map(({ place }) => place(0.5)))
    : items.map(({ place }) => all[axis] + share * all[size] - place(share));
  const tracks = drawing.tracks.map((track) =>
    items.reduce((moved, { id, part }, index) => {
      if (id !== track.id || moves[index] === 0 || track.locked) return moved;
      return transformTrack(moved, part, axis === "x" ? translation(moves[index], 0) : translation(0, moves[index]));
    }, track));
  return tracks.some((track, index) => track !== drawing.tracks[index]) ? { ...drawing, tracks } : drawing;
}
