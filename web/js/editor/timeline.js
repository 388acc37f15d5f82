/** The dope sheet: one row per track, drawn on a canvas. Layout, hits, drags as pure functions. */

import { allKeys, motionRange } from "./sample.js";
import { timingWithKeyMoved } from "./timing.js";

/**
 * @typedef {import("./types.js").MotionDocument} MotionDocument
 * @typedef {import("./types.js").Track} Track
 * @typedef {import("./types.js").Action} Action
 * @typedef {{width: number, height: number, scroll: number, frames: number, left: number}} Layout
 * @typedef {{kind: "ruler"} | {kind: "empty"}
 *   | {kind: "eye" | "lock" | "name" | "bar", track: string}
 *   | {kind: "key", track: string, index: number}
 *   | {kind: "window", track: string, index: number, side: 0 | 1}} TimelineTarget
 */

export const RULER_PX = 24;
export const ROW_PX = 26;
const END_PX = 14;
const KEY_REACH_PX = 7;
const WINDOW_BAND_PX = 7;
const WIDE_LABEL_PX = 150;
const NARROW_LABEL_PX = 124;
const WIDE_FROM_PX = 620;

/** @param {MotionDocument} document @param {number} width @param {number} height
 * @param {number} scroll @returns {Layout} */
export function layoutTimeline(document, width, height, scroll) {
  const left = width >= WIDE_FROM_PX ? WIDE_LABEL_PX : NARROW_LABEL_PX;
  const most = Math.max(document.tracks.length * ROW_PX - (height - RULER_PX), 0);
  return { width, height, frames: document.frames, left, scroll: Math.min(Math.max(scroll, 0), most) };
}

/** @param {Layout} layout @param {number} frame */
export const frameToX = ({ left, width, frames }, frame) =>
  left + END_PX + (frame / Math.max(frames - 1, 1)) * Math.max(width - left - 2 * END_PX, 1);

/** Not rounded, not limited. @param {Layout} layout @param {number} x */
export const xToFrame = ({ left, width, frames }, x) =>
  ((x - left - END_PX) / Math.max(width - left - 2 * END_PX, 1)) * Math.max(frames - 1, 1);

/** Top of a row. Later tracks lie on top, so they come first. @param {Layout} layout
 * @param {number} tracks @param {number} index */
export const rowTop = (layout, tracks, index) =>
  RULER_PX + (tracks - 1 - index) * ROW_PX - layout.scroll;

/** The track whose row is at `y`. @param {MotionDocument} document @param {Layout} layout
 * @param {number} y */
export function rowAt(document, layout, y) {
  const row = Math.floor((y - RULER_PX + layout.scroll) / ROW_PX);
  return document.tracks.length - 1 - row;
}

/** @param {MotionDocument} document @param {Layout} layout @param {{x: number, y: number}} point
 * @returns {TimelineTarget} */
export function hitTimeline(document, layout, { x, y }) {
  if (y < RULER_PX) return x >= layout.left ? { kind: "ruler" } : { kind: "empty" };
  const index = rowAt(document, layout, y);
  const track = document.tracks[index];
  if (!track) return { kind: "empty" };
  if (x < layout.left) {
    if (x >= layout.left - 22) return { kind: "lock", track: track.id };
    return { kind: x >= layout.left - 42 ? "eye" : "name", track: track.id };
  }
  if (track.locked) return { kind: "empty" };
  const low = y - rowTop(layout, document.tracks.length, index) >= ROW_PX - WINDOW_BAND_PX;
  const edges = (low ? (track.windows ?? []) : []).flatMap((range, i) =>
    range.map((frame, side) => ({ i, side, away: Math.abs(frameToX(layout, frame) - x) })),
  );
  const edge = edges.find(({ away }) => away <= KEY_REACH_PX);
  if (edge) return { kind: "window", track: track.id, index: edge.i, side: edge.side ? 1 : 0 };
  const keys = allKeys(track, document.frames);
  // From the end, so that the end wins over a start on the same frame at the last frame.
  for (let key = keys.length - 1; key >= 0; key -= 1) {
    const away = Math.abs(frameToX(layout, keys[key]?.frame ?? 0) - x);
    if (away <= KEY_REACH_PX) {
      const inner = track.timing.keys.findIndex((other) => other.frame === keys[key]?.frame);
      const last = key === keys.length - 1;
      return { kind: "key", track: track.id, index: key === 0 ? -1 : last ? track.timing.keys.length : inner };
    }
  }
  const { start, end } = motionRange(track.timing, document.frames);
  const frame = xToFrame(layout, x);
  return frame > start && frame < end ? { kind: "bar", track: track.id } : { kind: "empty" };
}

/**
 * @param {MotionDocument} document @param {TimelineTarget} target @param {number} from
 * @param {number} to frames, not rounded @param {readonly string[]} selected
 * @param {boolean} stagger each later selected track moves further
 * @returns {Action | null}
 */
export function timelineDrag(document, target, from, to, selected, stagger) {
  const by = Math.round(to - from);
  if (!("track" in target) || by === 0) return null;
  const track = document.tracks.find((candidate) => candidate.id === target.track);
  if (!track) return null;
  if (target.kind === "bar") {
    const ids = selected.includes(track.id) ? selected : [track.id];
    const shift = stagger && ids.length > 1 ? 0 : by;
    return { type: "retime-tracks", ids, shift, stagger: stagger && ids.length > 1 ? by : 0 };
  }
  if (target.kind === "key") {
    const patch = timingWithKeyMoved(track, document.frames, target.index, to);
    return { type: "patch-timing", ids: [track.id], patch };
  }
  if (target.kind !== "window") return null;
  const windows = (track.windows ?? []).map((range, index) => {
    if (index !== target.index) return range;
    const moved = Math.min(Math.max(Math.round(to), 0), document.frames - 1);
    const [a, b] = target.side === 0 ? [Math.min(moved, range[1]), range[1]] : [range[0], Math.max(moved, range[0])];
    return /** @type {const} */ ([a, b]);
  });
  return { type: "patch-tracks", ids: [track.id], patch: { windows } };
}

/** A step between ruler labels that leaves room for them, in whole latent frames.
 * @param {Layout} layout */
export function rulerStep(layout) {
  const perFrame = frameToX(layout, 1) - frameToX(layout, 0);
  return [1, 2, 4, 8, 16, 20, 40, 80, 160, 400, 800, 2000].find((step) => step * perFrame >= 34) ?? 4000;
}
