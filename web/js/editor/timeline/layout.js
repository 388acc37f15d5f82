/** The dope sheet: one row per track, drawn on a canvas. Layout, hits, drags as pure functions. */

import { clamp } from "../curve/geometry.js";
import { allKeys, motionRange } from "../drawing/sample.js";
import { findTrack } from "../drawing/selection.js";
import { timingWithKeyMoved } from "../drawing/timing.js";

export const RULER_PX = 24;
export const ROW_PX = 26;
const END_PX = 14;
const KEY_REACH_PX = 7;
const WINDOW_BAND_PX = 7;
const WIDE_LABEL_PX = 150;
const NARROW_LABEL_PX = 124;
const WIDE_FROM_PX = 620;
const EYE_PX = 42;
const ROW_DRAG_PX = 4;
const LOCK_PX = 22;

/** `more`: room beside the names; `zoom` times as wide as the sheet, from frame `from` on.
 * @type {(drawing: Drawing, width: number, height: number, scroll: number, more?: number, time?: {zoom: number, from: number}) => Layout} */
export function layoutTimeline({ tracks, frames }, width, height, scroll, more = 0, { zoom, from } = { zoom: 1, from: 0 }) {
  const left = (width >= WIDE_FROM_PX ? WIDE_LABEL_PX : NARROW_LABEL_PX) + more;
  const overflow = Math.max(tracks.length * ROW_PX - (height - RULER_PX), 0);
  const last = frames - 1;
  return { width, height, frames, left, overflow, scroll: clamp(scroll, 0, overflow), zoom, from: clamp(from, 0, last - last / zoom) };
}

/** @type {(layout: Layout) => number} */
const pxPerFrame = ({ left, width, frames, zoom }) => (zoom * Math.max(width - left - 2 * END_PX, 1)) / Math.max(frames - 1, 1);

const CLOSEST_PX = 24; // a frame, at the largest zoom

/** Zoomed in time by `factor`, with the frame at `x` staying there. @type {(layout: Layout, x: number, factor: number) => {zoom: number, from: number}} */
export function zoomTime(layout, x, factor) {
  const most = Math.max((CLOSEST_PX * layout.zoom) / pxPerFrame(layout), 1);
  const zoom = clamp(layout.zoom * factor, 1, most);
  const held = xToFrame(layout, x);
  const from = held - ((held - layout.from) * layout.zoom) / zoom;
  return { zoom, from: clamp(from, 0, (layout.frames - 1) * (1 - 1 / zoom)) };
}

/** Scrolled so that a frame is in view. @type {(layout: Layout, frame: number) => number} */
export function fromShowing({ from, zoom, frames }, frame) {
  const room = (frames - 1) / zoom;
  return frame >= from && frame <= from + room ? from : clamp(frame - room * 0.1, 0, frames - 1 - room);
}

/** Frames where a window of a long video ends and the next one begins: they share it.
 * @type {(frames: number, window: number) => number[]} */
export const windowBorders = (frames, window) =>
  Array.from({ length: Math.max(Math.ceil((frames - 1) / (window - 1)) - 1, 0) }, (_, i) => (i + 1) * (window - 1));

/** @type {(layout: Layout, frame: number) => number} */
export const frameToX = (layout, frame) => layout.left + END_PX + (frame - layout.from) * pxPerFrame(layout);

/** Not rounded, not limited. @type {(layout: Layout, x: number) => number} */
export const xToFrame = (layout, x) => layout.from + (x - layout.left - END_PX) / pxPerFrame(layout);

/** Top of a row. Later tracks lie on top, so they come first.
 * @type {(layout: Layout, tracks: number, index: number) => number} */
export const rowTop = (layout, tracks, index) => RULER_PX + (tracks - 1 - index) * ROW_PX - layout.scroll;

/** Index of the track whose row is at `y`. @type {(drawing: Drawing, layout: Layout, y: number) => number} */
export const rowAt = ({ tracks }, layout, y) => tracks.length - 1 - Math.floor((y - RULER_PX + layout.scroll) / ROW_PX);

/** @type {(drawing: Drawing, layout: Layout, point: XY) => TimelineTarget} */
export function hitTimeline(drawing, layout, { x, y }) {
  if (y < RULER_PX) return { kind: x >= layout.left ? "ruler" : "empty" };
  const index = rowAt(drawing, layout, y);
  const track = drawing.tracks[index];
  if (!track) return { kind: "empty" };
  if (x < layout.left) {
    return { kind: x >= layout.left - LOCK_PX ? "lock" : x >= layout.left - EYE_PX ? "eye" : "name", track: track.id };
  }
  if (track.locked) return { kind: "empty" };
  const near = (/** @type {number} */ frame) => Math.abs(frameToX(layout, frame) - x) <= KEY_REACH_PX;
  const low = y - rowTop(layout, drawing.tracks.length, index) >= ROW_PX - WINDOW_BAND_PX;
  const window = low && track.windows ? track.windows.findIndex((range) => range.some(near)) : -1;
  if (track.windows && window >= 0) return { kind: "window", track: track.id, index: window, side: near(track.windows[window][0]) ? 0 : 1 };
  // From the end, so that the end wins over a start on the same frame at the last frame.
  const keys = allKeys(track, drawing.frames);
  const key = keys.findLastIndex(({ frame }) => near(frame));
  if (key >= 0) {
    const inner = track.timing.keys.indexOf(keys[key]);
    return { kind: "key", track: track.id, index: key === 0 ? -1 : key === keys.length - 1 ? track.timing.keys.length : inner };
  }
  const { start, end } = motionRange(track.timing, drawing.frames);
  const frame = xToFrame(layout, x);
  return frame > start && frame < end ? { kind: "bar", track: track.id } : { kind: "empty" };
}

/** `from` and `to` are frames, not rounded; with `stagger` each later selected track moves further.
 * @type {(drawing: Drawing, target: TimelineTarget, from: number, to: number, selected: readonly string[], stagger: boolean) => Action | null} */
export function timelineDrag(drawing, target, from, to, selected, stagger) {
  const by = Math.round(to - from);
  const track = "track" in target ? findTrack(drawing, target.track) : undefined;
  if (!track || by === 0) return null;
  if (target.kind === "bar") {
    const ids = selected.includes(track.id) ? selected : [track.id];
    const spread = stagger && ids.length > 1;
    return { type: "retime-tracks", ids, shift: spread ? 0 : by, stagger: spread ? by : 0 };
  }
  if (target.kind === "key") {
    const { start, end } = motionRange(track.timing, drawing.frames);
    const grabbed = target.index === -1 ? start : (track.timing.keys[target.index]?.frame ?? end);
    return { type: "patch-timing", ids: [track.id], patch: timingWithKeyMoved(track, drawing.frames, target.index, grabbed + by) };
  }
  if (target.kind !== "window" || !track.windows) return null;
  const [a, b] = track.windows[target.index];
  const moved = clamp(Math.round((target.side === 0 ? a : b) + by), 0, drawing.frames - 1);
  const windows = track.windows.with(target.index, target.side === 0 ? [Math.min(moved, b), b] : [a, Math.max(moved, a)]);
  return { type: "patch-tracks", ids: [track.id], patch: { windows } };
}

/** A name dragged from `from` to `to`, of the canvas's height: its row goes there. A click moves nothing.
 * @type {(drawing: Drawing, layout: Layout, id: string, from: number, to: number) => Action | null} */
export const rowDrag = (drawing, layout, id, from, to) =>
  (Math.abs(to - from) > ROW_DRAG_PX ? { type: "reorder", id, to: rowAt(drawing, layout, to) } : null);

/** A step between ruler labels that leaves room for them, in whole latent frames. @type {(layout: Layout) => number} */
export const rulerStep = (layout) =>
  [1, 2, 4, 8, 16, 20, 40, 80, 160, 400, 800, 2000].find((step) => step * pxPerFrame(layout) >= 34) ?? 4000;
