/** What is selected, as plain lists. */

import { boundingBox, insideBox } from "../curve/geometry.js";
import { placeIn, poseIn } from "./sample.js";

/** @type {(drawing: Drawing, id: string | null | undefined) => Track | undefined} */
export const findTrack = (drawing, id) => drawing.tracks.find((track) => track.id === id);

/** @type {(selection: SelectedParts) => string[]} */
export const selectedIds = (selection) => selection.map(({ track }) => track);

/** @type {(state: State) => Track[]} */
export const selectedTracks = ({ drawing, session }) => drawing.tracks.filter(({ id }) => isSelected(session.selection, id));

/** @type {(tracks: readonly Track[]) => Selected[]} */
export const wholly = (tracks) => tracks.map(({ id }) => ({ track: id, knots: null }));

/** A track, and all of its group with it. @type {(drawing: Drawing, track: Track) => Track[]} */
export const groupOf = (drawing, track) => (track.group === null ? [track]
  : drawing.tracks.filter(({ id, group, hidden, locked }) => id === track.id || (group === track.group && !hidden && !locked)));

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
    if (knots?.length === 0) return [];
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

/** The one cluster that is selected, wholly and alone, after the first frame: its handles set keys there.
 * @type {(drawing: Drawing, selection: SelectedParts, frame: number) => Track | null} */
export function posedTrack(drawing, selection, frame) {
  const track = selection.length === 1 && selection[0].knots === null && findTrack(drawing, selection[0].track);
  return track && track.spread && frame > 0 ? track : null;
}

/** Where the outline of a cluster is at a frame. @type {(drawing: Drawing, track: Track, frame: number) => XY[]} */
export function outlineAt(drawing, track, frame) {
  const { spread } = track;
  if (!spread) return [];
  const { x, y } = placeIn(drawing, track, frame);
  const { scale, angle } = poseIn(drawing, track, frame);
  const [cos, sin] = [scale * Math.cos((angle * Math.PI) / 180), scale * Math.sin((angle * Math.PI) / 180)];
  const half = spread.shape === "region" ? 0 : spread.size / 2;
  const around = spread.shape === "region" && spread.polygon.length ? spread.polygon
    : half ? Array.from({ length: 16 }, (_, i) => /** @type {const} */ ([half * Math.cos((i * Math.PI) / 8), half * Math.sin((i * Math.PI) / 8)]))
    : spread.shape === "region" ? spread.offsets : [];
  return around.map(([dx, dy]) => ({ x: x + cos * dx - sin * dy, y: y + sin * dx + cos * dy }));
}

/** The box that scales and turns: only for two knots or more. After the first frame that of a cluster
 * is where the cluster is then.
 * @type {(drawing: Drawing, selection: SelectedParts, frame?: number) => Box | null} */
export function transformBox(drawing, selection, frame = 0) {
  const posed = posedTrack(drawing, selection, frame);
  const box = posed ? boundingBox(outlineAt(drawing, posed, frame)) : selectionBox(drawing, selection);
  return box && Math.max(box.width, box.height) > 0 ? box : null;
}
