/** What is selected, as plain lists. */

import { boundingBox, insideBox } from "../curve/geometry.js";

/** @type {(drawing: Drawing, id: string | null | undefined) => Track | undefined} */
export const findTrack = (drawing, id) => drawing.tracks.find((track) => track.id === id);

/** @type {(selection: SelectedParts) => string[]} */
export const selectedIds = (selection) => selection.map(({ track }) => track);

/** @type {(state: State) => Track[]} */
export const selectedTracks = ({ drawing, session }) => drawing.tracks.filter(({ id }) => isSelected(session.selection, id));

/** @type {(tracks: readonly Track[]) => Selected[]} */
export const wholly = (tracks) => tracks.map(({ id }) => ({ track: id, knots: null }));

/** @type {(selection: SelectedParts, track: string) => boolean} */
export const isSelected = (selection, track) => selection.some((part) => part.track === track);

/** Whether a knot was chosen by itself, not with its whole track.
 * @type {(selection: SelectedParts, track: string, knot: number) => boolean} */
export const isKnotChosen = (selection, track, knot) =>
  selection.some((part) => part.track === track && part.knots?.includes(knot) === true);

/** Only what still exists. @type {(drawing: Drawing, selection: SelectedParts) => SelectedParts} */
export function prune(drawing, selection) {
  const kept = selection.flatMap((part) => {
    const track = findTrack(drawing, part.track);
    if (!track || track.hidden) return [];
    const knots = part.knots?.filter((knot) => knot < track.knots.length);
    return [!knots || knots.length === part.knots?.length ? part : { track: part.track, knots }];
  });
  return kept.length === selection.length && kept.every((part, i) => part === selection[i]) ? selection : kept;
}

/** Add or take away a knot, or with `knot` null the whole track.
 * @type {(selection: SelectedParts, track: string, knot: number | null) => SelectedParts} */
export function toggle(selection, track, knot) {
  const others = selection.filter((part) => part.track !== track);
  const part = selection.find((candidate) => candidate.track === track);
  if (knot === null) return part ? others : [...others, { track, knots: null }];
  const knots = part?.knots ?? [];
  const next = knots.includes(knot) ? knots.filter((k) => k !== knot) : [...knots, knot];
  return next.length ? [...others, { track, knots: next }] : others;
}

/** Everything whose knots lie in `box`: whole tracks, or knots when only some do.
 * @type {(drawing: Drawing, box: Box) => Selected[]} */
export const insideOf = (drawing, box) =>
  drawing.tracks.flatMap((track) => {
    const knots = [...track.knots.keys()].filter((index) => insideBox(box, track.knots[index]));
    if (track.hidden || track.locked || knots.length === 0) return [];
    return [{ track: track.id, knots: knots.length === track.knots.length ? null : knots }];
  });

/** @type {(track: Track, knots: readonly number[] | null) => Knot[]} null: all */
export const chosenKnots = (track, knots) => track.knots.filter((_, index) => !knots || knots.includes(index));

/** The box around all selected knots, and around spreads of whole tracks.
 * @type {(drawing: Drawing, selection: SelectedParts) => Box | null} */
export const selectionBox = (drawing, selection) =>
  boundingBox(selection.flatMap((part) => {
    const track = findTrack(drawing, part.track);
    if (!track) return [];
    const { spread, knots: [first] } = track;
    const reach = spread && spread.shape !== "region" ? spread.size / 2 : 0;
    /** @type {readonly Pair[]} */
    const around = part.knots || !spread ? [] : spread.shape === "region" ? spread.polygon : [[-reach, -reach], [reach, reach]];
    return [...chosenKnots(track, part.knots), ...around.map(([dx, dy]) => ({ x: first.x + dx, y: first.y + dy }))];
  }));

/** The box that scales and turns: only for two knots or more.
 * @type {(drawing: Drawing, selection: SelectedParts) => Box | null} */
export function transformBox(drawing, selection) {
  const box = selectionBox(drawing, selection);
  return box && Math.max(box.width, box.height) > 0 ? box : null;
}
