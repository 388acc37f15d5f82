/** (drawing, action) -> drawing. A new one, or the same object if nothing changed. */

import { arrange } from "./arrange.js";
import {
  bezierKnots, insertKnot, poseSpread, poseTrack, removeKnots, retimeTrack, reverseTrack, simplifyTrack, smoothTrack, transformTrack,
} from "./edit_track.js";
import { carriedInCircle } from "./schema.js";
import { clamp } from "../curve/geometry.js";
import { motionRange } from "./sample.js";
import { selectedIds } from "./selection.js";

/** `change` gives null for a track that goes.
 * @type {(drawing: Drawing, ids: readonly string[], change: (track: Track, index: number) => Track | null) => Drawing} */
function mapTracks(drawing, ids, change) {
  let order = 0;
  const chosen = new Set(ids);
  const tracks = drawing.tracks.map((track) => (chosen.has(track.id) ? change(track, order++) : track));
  if (tracks.every((track, index) => track === drawing.tracks[index])) return drawing;
  const left = tracks.filter((track) => track !== null);
  return { ...drawing, tracks: left.length < tracks.length ? withoutLostParents(left) : left };
}

/** Of a parent that is gone, another track may get the id. @type {(tracks: readonly Track[]) => Track[]} */
function withoutLostParents(tracks) {
  const ids = new Set(tracks.map(({ id }) => id));
  return tracks.map((track) => (track.parent === null || ids.has(track.parent) ? track : { ...track, parent: null }));
}

/** One that would carry itself is left as it is. @type {(drawing: Drawing, ids: readonly string[], parent: string | null) => Drawing} */
function linkTracks(drawing, ids, parent) {
  return ids.reduce((linked, id) => {
    const next = mapOpen(linked, [id], (track) => (track.parent === parent ? track : { ...track, parent }));
    return carriedInCircle(next.tracks) < 0 ? next : linked;
  }, drawing);
}

/** @type {typeof mapTracks} */
const mapOpen = (drawing, ids, change) =>
  mapTracks(drawing, ids, (track, index) => (track.locked ? track : change(track, index)));

/** @type {(drawing: Drawing, selection: SelectedParts, change: (track: Track, knots: readonly number[] | null) => Track | null) => Drawing} */
function mapSelected(drawing, selection, change) {
  const parts = new Map(selection.map((part) => [part.track, part.knots]));
  return mapOpen(drawing, selectedIds(selection), (track) => change(track, parts.get(track.id) ?? null));
}

/** @type {(track: Track, patch: Partial<Track>) => Track} */
function patchTrack(track, patch) {
  const entries = /** @type {[keyof Track, unknown][]} */ (Object.entries(patch));
  if (entries.every(([key, value]) => track[key] === value)) return track;
  const toBezier = patch.curve === "bezier" && track.curve !== "bezier" && !patch.knots;
  return { ...track, ...(toBezier && { knots: bezierKnots(track) }), ...patch };
}

/** What may change of a locked track: nothing of where it is and when. */
const OPEN_FIELDS = ["locked", "hidden", "name", "color", "group"];

/** @type {(drawing: Drawing, ids: readonly string[], patch: Partial<Track>) => Drawing} */
function patchTracks(drawing, ids, patch) {
  const open = Object.fromEntries(Object.entries(patch).filter(([key]) => OPEN_FIELDS.includes(key)));
  return mapTracks(drawing, ids, (track) => patchTrack(track, track.locked ? open : patch));
}

/** @type {(track: Track, patch: Partial<Timing>) => Track} */
function patchTiming(track, patch) {
  const entries = /** @type {[keyof Timing, unknown][]} */ (Object.entries(patch));
  return entries.every(([key, value]) => track.timing[key] === value) ? track : { ...track, timing: { ...track.timing, ...patch } };
}

/** Without the last digits: 21 * 36 / 28 is 27, not 27.000000000000004. @type {(frame: number, pace: number) => number} */
const retimed = (frame, pace) => Math.round(frame * pace * 1e9) / 1e9;

/** @type {Reducers} */
const REDUCERS = {
  "add-tracks": (drawing, { tracks, index = drawing.tracks.length }) =>
    tracks.length ? { ...drawing, tracks: drawing.tracks.toSpliced(index, 0, ...tracks) } : drawing,
  "remove-tracks": (drawing, { ids }) => mapOpen(drawing, ids, () => null),
  "patch-tracks": (drawing, { ids, patch }) => patchTracks(drawing, ids, patch),
  "patch-timing": (drawing, { ids, patch }) => mapOpen(drawing, ids, (track) => patchTiming(track, patch)),
  transform: (drawing, { selection, matrix }) =>
    mapSelected(drawing, selection, (track, knots) => transformTrack(track, knots, matrix)),
  "append-knot": (drawing, { id, knot }) =>
    mapOpen(drawing, [id], (track) => ({ ...track, knots: [...track.knots, knot] })),
  "insert-knot": (drawing, { id, at }) =>
    mapOpen(drawing, [id], (track) => (track.knots.length < 2 ? track : insertKnot(track, at))),
  "patch-knot": (drawing, { id, knot, patch }) =>
    mapOpen(drawing, [id], (track) => ({
      ...track, knots: track.knots.map((old, index) => (index === knot ? { ...old, ...patch } : old)),
    })),
  "remove-selected": (drawing, { selection }) =>
    mapSelected(drawing, selection, (track, knots) => knots && removeKnots(track, knots)),
  reverse: (drawing, { ids }) => mapOpen(drawing, ids, (track) => reverseTrack(track, drawing.frames)),
  reorder(drawing, { id, to }) {
    const from = drawing.tracks.findIndex((track) => track.id === id);
    const target = clamp(to, 0, drawing.tracks.length - 1);
    if (from === -1 || from === target) return drawing;
    return { ...drawing, tracks: drawing.tracks.toSpliced(from, 1).toSpliced(target, 0, drawing.tracks[from]) };
  },
  pose: (drawing, { id, frame, at }) => mapOpen(drawing, [id], (track) => poseTrack(track, drawing.frames, frame, at)),
  "pose-spread": (drawing, { id, frame, scale, angle }) => mapOpen(drawing, [id], (track) => poseSpread(track, frame, scale, angle)),
  simplify: (drawing, { ids, tolerance }) => mapOpen(drawing, ids, (track) => simplifyTrack(track, tolerance)),
  smooth: (drawing, { ids }) => mapOpen(drawing, ids, smoothTrack),
  link: (drawing, { ids, parent }) => linkTracks(drawing, ids, parent),
  arrange: (drawing, { selection, how }) => arrange(drawing, selection, how),
  /** Each later track by `stagger` frames more. */
  "retime-tracks": (drawing, { ids, shift, stagger }) =>
    mapOpen(drawing, ids, (track, index) => {
      const by = shift + stagger * index;
      const explicit = { ...track, timing: { ...track.timing, ...motionRange(track.timing, drawing.frames) } };
      return by === 0 ? track : retimeTrack(explicit, (frame) => frame + by);
    }),
  "set-canvas"(drawing, { width, height, fit }) {
    if (width === drawing.width && height === drawing.height) return drawing;
    /** @type {Matrix} */
    const stretch = [width / drawing.width, 0, 0, height / drawing.height, 0, 0];
    const tracks = fit === "keep" ? drawing.tracks : drawing.tracks.map((track) => transformTrack(track, null, stretch));
    return { ...drawing, width, height, tracks };
  },
  "set-clip"(drawing, { frames, fps, fit }) {
    if (frames === drawing.frames && fps === drawing.fps) return drawing;
    const pace = (frames - 1) / Math.max(drawing.frames - 1, 1);
    const kept = fit === "keep" || pace === 1;
    const tracks = kept ? drawing.tracks : drawing.tracks.map((track) => retimeTrack(track, (frame) => retimed(frame, pace)));
    return { ...drawing, frames, fps, tracks };
  },
  /** Another drawing in place of this one. */
  replace: (drawing, { drawing: next }) => (JSON.stringify(next) === JSON.stringify(drawing) ? drawing : next),
  batch: (drawing, { actions }) => actions.reduce(reduce, drawing),
};

/** @type {(drawing: Drawing, action: Action) => Drawing} */
export function reduce(drawing, action) {
  const change = REDUCERS[action.type];
  if (!change) throw new RangeError(`unknown action ${JSON.stringify(action)}`);
  return change(drawing, /** @type {never} */ (action));
}
