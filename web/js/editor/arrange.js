/** Align and distribute: whole tracks by their boxes, or the knots of one track. */

import { boundingBox, translation } from "./geometry.js";
import { trackBox, transformTrack } from "./edit_track.js";

/**
 * @typedef {import("./types.js").MotionDocument} MotionDocument
 * @typedef {import("./types.js").Track} Track
 * @typedef {import("./types.js").Selected} Selected
 * @typedef {import("./types.js").Arrangement} Arrangement
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {{track: string, knot: number | null, box: Box}} Item
 * @typedef {(document: MotionDocument, selection: readonly Selected[], change:
 *   (track: Track, knots: readonly number[] | null) => Track | null) => MotionDocument} MapSelected
 */

/** @param {MotionDocument} document @param {readonly Selected[]} selection @returns {Item[]} */
function itemsOf(document, selection) {
  const byKnot = selection.length === 1 && selection[0]?.knots;
  return selection.flatMap((part) => {
    const track = document.tracks.find((candidate) => candidate.id === part.track);
    if (!track) return [];
    const knots = byKnot ? (part.knots ?? []) : [null];
    return knots.flatMap((knot) => {
      const box = trackBox(track, knot === null ? part.knots : [knot]);
      return box ? [{ track: track.id, knot, box }] : [];
    });
  });
}

/** How far each item moves along x or y. @param {readonly Item[]} items @param {Arrangement} how
 * @returns {number[]} */
function shifts(items, how) {
  const all = boundingBox(
    items.flatMap(({ box }) => [box, { x: box.x + box.width, y: box.y + box.height }]),
  );
  if (!all) return [];
  switch (how) {
    case "left": return items.map(({ box }) => all.x - box.x);
    case "center": return items.map(({ box }) => all.x + all.width / 2 - box.x - box.width / 2);
    case "right": return items.map(({ box }) => all.x + all.width - box.x - box.width);
    case "top": return items.map(({ box }) => all.y - box.y);
    case "middle": return items.map(({ box }) => all.y + all.height / 2 - box.y - box.height / 2);
    case "bottom": return items.map(({ box }) => all.y + all.height - box.y - box.height);
    default: return evenly(items, how === "distribute-x");
  }
}

/** Equal steps between the centres of the outermost items.
 * @param {readonly Item[]} items @param {boolean} horizontal */
function evenly(items, horizontal) {
  const centers = items.map(({ box }) => (horizontal ? box.x + box.width / 2 : box.y + box.height / 2));
  const low = Math.min(...centers);
  const step = (Math.max(...centers) - low) / Math.max(items.length - 1, 1);
  const order = centers.map((_, index) => index).sort((a, b) => (centers[a] ?? 0) - (centers[b] ?? 0));
  return centers.map((center, index) => low + step * order.indexOf(index) - center);
}

/**
 * @param {MotionDocument} document @param {readonly Selected[]} selection
 * @param {Arrangement} how @param {MapSelected} mapSelected @returns {MotionDocument}
 */
export function arrange(document, selection, how, mapSelected) {
  const items = itemsOf(document, selection);
  if (items.length < 2) return document;
  const horizontal = how === "left" || how === "center" || how === "right" || how === "distribute-x";
  const moves = shifts(items, how);
  return mapSelected(document, selection, (track, knots) => {
    let moved = track;
    items.forEach((item, index) => {
      const by = moves[index] ?? 0;
      if (item.track !== track.id || by === 0) return;
      const matrix = horizontal ? translation(by, 0) : translation(0, by);
      moved = transformTrack(moved, item.knot === null ? knots : [item.knot], matrix);
    });
    return moved;
  });
}
