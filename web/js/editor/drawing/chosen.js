/** What stays chosen when the drawing changes: knots by what became of them, and the timing key. */

import { findTrack } from "./selection.js";

/** The index that an action gave to a new knot between others; Infinity: none.
 * @type {(action: Action, before: Track, after: Track) => number} */
function addedKnot(action, before, after) {
  if (after.knots.length <= before.knots.length) return Infinity;
  if (action.type === "insert-knot") return Math.min(Math.floor(action.at), before.knots.length - 2) + 1;
  // A pose holds its knot by a key.
  return action.type === "pose" ? (after.timing.keys.find(({ frame }) => frame === action.frame)?.at ?? Infinity) : Infinity;
}

/** The indices that knots of a track have after an action; a knot that is gone has none.
 * @type {(action: Action, before: Track, after: Track, knots: readonly number[]) => readonly number[]} */
function movedKnots(action, before, after, knots) {
  if (action.type === "reverse") return knots.map((knot) => before.knots.length - 1 - knot);
  if (action.type === "remove-selected") {
    const removed = action.selection.find(({ track }) => track === before.id)?.knots ?? [];
    return knots.filter((knot) => !removed.includes(knot)).map((knot) => knot - removed.filter((gone) => gone < knot).length);
  }
  const added = addedKnot(action, before, after);
  return added > Math.max(...knots) ? knots : knots.map((knot) => (knot >= added ? knot + 1 : knot));
}

/** What is selected after an action: the same knots, by their new indices.
 * @type {(selection: SelectedParts, action: Action, before: Drawing, after: Drawing) => SelectedParts} */
export function selectedAfter(selection, action, before, after) {
  const parts = selection.map((part) => {
    const [old, track] = [findTrack(before, part.track), findTrack(after, part.track)];
    if (!part.knots || !old || !track || old === track) return part;
    const knots = movedKnots(action, old, track, part.knots);
    return knots === part.knots ? part : { track: part.track, knots };
  });
  return parts.every((part, index) => part === selection[index]) ? selection : parts;
}

/** The chosen timing key, as long as its track has it and is selected wholly; with another selection
 * it is let go, unless it was chosen together with that.
 * @type {(drawing: Drawing, before: Session, now: Session) => Session["key"]} */
export function keptKey(drawing, before, { key, selection }) {
  if (!key || (key === before.key && selection !== before.selection)) return null;
  const track = selection.some((part) => part.track === key.track && part.knots === null) && findTrack(drawing, key.track);
  return track && key.index <= track.timing.keys.length ? key : null;
}
