/** (document, action) -> document. A new one, or the same object if nothing changed. */

import { arrange } from "./arrange.js";
import {
  bezierKnots, insertKnot, removeKnots, retimeTrack, reverseTrack, transformTrack,
} from "./edit_track.js";
import { motionRange } from "./sample.js";

/**
 * @typedef {import("./types.js").MotionDocument} MotionDocument
 * @typedef {import("./types.js").Track} Track
 * @typedef {import("./types.js").Action} Action
 * @typedef {import("./types.js").Selected} Selected
 */

/** @param {MotionDocument} document @param {readonly string[]} ids
 * @param {(track: Track, index: number) => Track | null} change @returns {MotionDocument} */
function mapTracks(document, ids, change) {
  const chosen = new Set(ids);
  let order = 0;
  let changed = false;
  /** @type {Track[]} */
  const tracks = [];
  for (const track of document.tracks) {
    const next = chosen.has(track.id) ? change(track, order++) : track;
    changed ||= next !== track;
    if (next) tracks.push(next);
  }
  return changed ? { ...document, tracks } : document;
}

/** @param {MotionDocument} document @param {readonly Selected[]} selection
 * @param {(track: Track, knots: readonly number[] | null) => Track | null} change */
function mapSelected(document, selection, change) {
  const parts = new Map(selection.map((part) => [part.track, part.knots]));
  return mapTracks(document, [...parts.keys()], (track) =>
    track.locked ? track : change(track, parts.get(track.id) ?? null),
  );
}

/** @param {Track} track @param {Partial<Track>} patch @returns {Track} */
function patchTrack(track, patch) {
  const entries = /** @type {[keyof Track, unknown][]} */ (Object.entries(patch));
  if (entries.every(([key, value]) => track[key] === value)) return track;
  const toBezier = patch.curve === "bezier" && track.curve !== "bezier" && !patch.knots;
  return { ...track, ...(toBezier ? { knots: bezierKnots(track) } : {}), ...patch };
}

/** @param {MotionDocument} document @param {string} id @param {number} to */
function reorder(document, id, to) {
  const from = document.tracks.findIndex((track) => track.id === id);
  const target = Math.min(Math.max(to, 0), document.tracks.length - 1);
  if (from === -1 || from === target) return document;
  const tracks = [...document.tracks];
  tracks.splice(target, 0, ...tracks.splice(from, 1));
  return { ...document, tracks };
}

/** @param {MotionDocument} document @param {{width: number, height: number, fit: "stretch" | "keep"}} to */
function setCanvas(document, { width, height, fit }) {
  if (width === document.width && height === document.height) return document;
  const [sx, sy] = [width / document.width, height / document.height];
  const tracks =
    fit === "keep"
      ? document.tracks
      : document.tracks.map((track) => transformTrack(track, null, [sx, 0, 0, sy, 0, 0]));
  return { ...document, width, height, tracks };
}

/** @param {MotionDocument} document @param {{frames: number, fps: number, fit: "retime" | "keep"}} to */
function setClip(document, { frames, fps, fit }) {
  if (frames === document.frames && fps === document.fps) return document;
  const pace = (frames - 1) / Math.max(document.frames - 1, 1);
  const tracks =
    fit === "keep" || pace === 1
      ? document.tracks
      : document.tracks.map((track) => retimeTrack(track, (frame) => frame * pace));
  return { ...document, frames, fps, tracks };
}

/** Shift tracks in time, each later one by `stagger` frames more.
 * @param {MotionDocument} document @param {{ids: readonly string[], shift: number, stagger: number}} by */
function shiftTracks(document, { ids, shift, stagger }) {
  return mapTracks(document, ids, (track, index) => {
    const by = shift + stagger * index;
    if (by === 0 || track.locked) return track;
    const range = motionRange(track.timing, document.frames);
    const explicit = { ...track, timing: { ...track.timing, ...range } };
    return retimeTrack(explicit, (frame) => frame + by);
  });
}

/** @param {MotionDocument} document @param {string} id @param {number} knot
 * @param {Partial<import("./types.js").Knot>} patch */
const patchKnot = (document, id, knot, patch) =>
  mapTracks(document, [id], (track) => {
    if (track.locked) return track;
    const knots = track.knots.map((old, index) => (index === knot ? { ...old, ...patch } : old));
    return { ...track, knots };
  });

/** @param {MotionDocument} document @param {Action} action @returns {MotionDocument} */
export function reduce(document, action) {
  switch (action.type) {
    case "add-tracks": {
      if (action.tracks.length === 0) return document;
      const tracks = [...document.tracks];
      tracks.splice(action.index ?? tracks.length, 0, ...action.tracks);
      return { ...document, tracks };
    }
    case "remove-tracks":
      return mapTracks(document, action.ids, (track) => (track.locked ? track : null));
    case "patch-tracks":
      return mapTracks(document, action.ids, (track) => patchTrack(track, action.patch));
    case "patch-timing":
      return mapTracks(document, action.ids, (track) =>
        track.locked ? track : { ...track, timing: { ...track.timing, ...action.patch } },
      );
    case "transform":
      return mapSelected(document, action.selection, (track, knots) =>
        transformTrack(track, knots, action.matrix),
      );
    case "append-knot":
      return reduce(document, { type: "append-knots", id: action.id, knots: [action.knot] });
    case "append-knots":
      return mapTracks(document, [action.id], (track) =>
        track.locked || action.knots.length === 0
          ? track
          : { ...track, knots: [...track.knots, ...action.knots] },
      );
    case "insert-knot":
      return mapTracks(document, [action.id], (track) =>
        track.locked || track.knots.length < 2 ? track : insertKnot(track, action.at),
      );
    case "patch-knot":
      return patchKnot(document, action.id, action.knot, action.patch);
    case "remove-selected":
      return mapSelected(document, action.selection, (track, knots) =>
        knots ? removeKnots(track, knots) : null,
      );
    case "reverse":
      return mapTracks(document, action.ids, (track) =>
        track.locked ? track : reverseTrack(track, document.frames),
      );
    case "reorder":
      return reorder(document, action.id, action.to);
    case "arrange":
      return arrange(document, action.selection, action.how, mapSelected);
    case "retime-tracks":
      return shiftTracks(document, action);
    case "set-canvas":
      return setCanvas(document, action);
    case "set-clip":
      return setClip(document, action);
    case "replace":
      return action.document;
    case "batch":
      return action.actions.reduce(reduce, document);
    default: {
      /** @type {never} */
      const unknown = action;
      throw new RangeError(`unknown action ${JSON.stringify(unknown)}`);
    }
  }
}
