/** (document, action) -> document. A new one, or the same object if nothing changed. */

import { arrange } from "./arrange.js";
import { bezierKnots, insertKnot, removeKnots, retimeTrack, reverseTrack, transformTrack } from "./edit_track.js";
import { clamp } from "./geometry.js";
import { motionRange } from "./sample.js";
import { selectedIds } from "./selection.js";

/** `change` gives null for a track that goes.
 * @type {(document: MotionDocument, ids: readonly string[], change: (track: Track, index: number) => Track | null) => MotionDocument} */
function mapTracks(document, ids, change) {
  let order = 0;
  const chosen = new Set(ids);
  const tracks = document.tracks.map((track) => (chosen.has(track.id) ? change(track, order++) : track));
  if (tracks.every((track, index) => track === document.tracks[index])) return document;
  return { ...document, tracks: tracks.filter((track) => track !== null) };
}

/** @type {typeof mapTracks} */
const mapOpen = (document, ids, change) =>
  mapTracks(document, ids, (track, index) => (track.locked ? track : change(track, index)));

/** @type {(document: MotionDocument, selection: SelectedParts, change: (track: Track, knots: readonly number[] | null) => Track | null) => MotionDocument} */
function mapSelected(document, selection, change) {
  const parts = new Map(selection.map((part) => [part.track, part.knots]));
  return mapOpen(document, selectedIds(selection), (track) => change(track, parts.get(track.id) ?? null));
}

/** @type {(track: Track, patch: Partial<Track>) => Track} */
function patchTrack(track, patch) {
  const entries = /** @type {[keyof Track, unknown][]} */ (Object.entries(patch));
  if (entries.every(([key, value]) => track[key] === value)) return track;
  const toBezier = patch.curve === "bezier" && track.curve !== "bezier" && !patch.knots;
  return { ...track, ...(toBezier && { knots: bezierKnots(track) }), ...patch };
}

/** @type {Reducers} */
const REDUCERS = {
  "add-tracks": (document, { tracks, index = document.tracks.length }) =>
    tracks.length ? { ...document, tracks: document.tracks.toSpliced(index, 0, ...tracks) } : document,
  "remove-tracks": (document, { ids }) => mapOpen(document, ids, () => null),
  "patch-tracks": (document, { ids, patch }) => mapTracks(document, ids, (track) => patchTrack(track, patch)),
  "patch-timing": (document, { ids, patch }) =>
    mapOpen(document, ids, (track) => ({ ...track, timing: { ...track.timing, ...patch } })),
  transform: (document, { selection, matrix }) =>
    mapSelected(document, selection, (track, knots) => transformTrack(track, knots, matrix)),
  "append-knot": (document, { id, knot }) =>
    mapOpen(document, [id], (track) => ({ ...track, knots: [...track.knots, knot] })),
  "insert-knot": (document, { id, at }) =>
    mapOpen(document, [id], (track) => (track.knots.length < 2 ? track : insertKnot(track, at))),
  "patch-knot": (document, { id, knot, patch }) =>
    mapOpen(document, [id], (track) => ({
      ...track, knots: track.knots.map((old, index) => (index === knot ? { ...old, ...patch } : old)),
    })),
  "remove-selected": (document, { selection }) =>
    mapSelected(document, selection, (track, knots) => knots && removeKnots(track, knots)),
  reverse: (document, { ids }) => mapOpen(document, ids, (track) => reverseTrack(track, document.frames)),
  reorder(document, { id, to }) {
    const from = document.tracks.findIndex((track) => track.id === id);
    const target = clamp(to, 0, document.tracks.length - 1);
    if (from === -1 || from === target) return document;
    return { ...document, tracks: document.tracks.toSpliced(from, 1).toSpliced(target, 0, document.tracks[from]) };
  },
  arrange: (document, { selection, how }) => arrange(document, selection, how),
  /** Each later track by `stagger` frames more. */
  "retime-tracks": (document, { ids, shift, stagger }) =>
    mapOpen(document, ids, (track, index) => {
      const by = shift + stagger * index;
      const explicit = { ...track, timing: { ...track.timing, ...motionRange(track.timing, document.frames) } };
      return by === 0 ? track : retimeTrack(explicit, (frame) => frame + by);
    }),
  "set-canvas"(document, { width, height, fit }) {
    if (width === document.width && height === document.height) return document;
    /** @type {Matrix} */
    const stretch = [width / document.width, 0, 0, height / document.height, 0, 0];
    const tracks = fit === "keep" ? document.tracks : document.tracks.map((track) => transformTrack(track, null, stretch));
    return { ...document, width, height, tracks };
  },
  "set-clip"(document, { frames, fps, fit }) {
    if (frames === document.frames && fps === document.fps) return document;
    const pace = (frames - 1) / Math.max(document.frames - 1, 1);
    const kept = fit === "keep" || pace === 1;
    const tracks = kept ? document.tracks : document.tracks.map((track) => retimeTrack(track, (frame) => frame * pace));
    return { ...document, frames, fps, tracks };
  },
  batch: (document, { actions }) => actions.reduce(reduce, document),
};

/** @type {(document: MotionDocument, action: Action) => MotionDocument} */
export function reduce(document, action) {
  const change = REDUCERS[action.type];
  if (!change) throw new RangeError(`unknown action ${JSON.stringify(action)}`);
  return change(document, /** @type {never} */ (action));
}
