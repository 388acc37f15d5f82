/** Edits of timing keys, as patches for the reducer. */

import { motionRange } from "./sample.js";

/**
 * @typedef {import("./types.js").Track} Track
 * @typedef {import("./types.js").Timing} Timing
 * @typedef {import("./types.js").TimingKey} TimingKey
 */

/** Keys such that the track is at `at` (counted in knots) at `frame`.
 * @param {Track} track @param {number} frames @param {number} frame @param {number} at
 * @returns {Partial<Timing> | null} null: the frame is not inside the motion */
export function keysWithPlace(track, frames, frame, at) {
  const { start, end } = motionRange(track.timing, frames);
  if (frame <= start || frame >= end) return null;
  const others = track.timing.keys.filter((key) => key.frame !== frame);
  const ease = track.timing.keys.find((key) => key.frame === frame)?.ease ?? "linear";
  const keys = [...others, { frame, at, ease }].sort((a, b) => a.frame - b.frame);
  return { keys };
}

/** Hold the place of `frame` for `length` frames. @param {Track} track @param {number} frames
 * @param {number} frame @param {number} at @param {number} length
 * @returns {Partial<Timing> | null} */
export function keysWithHold(track, frames, frame, at, length) {
  const { end } = motionRange(track.timing, frames);
  const last = Math.min(frame + length, end - 1);
  const first = keysWithPlace(track, frames, frame, at);
  if (!first?.keys || last <= frame) return null;
  const keys = first.keys.filter((key) => key.frame <= frame || key.frame > last);
  return { keys: [...keys, { frame: last, at }].sort((a, b) => a.frame - b.frame) };
}

/** Move key `index`, or the start (-1) or end (number of keys), to a frame; neighbours stop it.
 * @param {Track} track @param {number} frames @param {number} index @param {number} frame
 * @returns {Partial<Timing>} */
export function timingWithKeyMoved(track, frames, index, frame) {
  const { start, end } = motionRange(track.timing, frames);
  const { keys } = track.timing;
  const before = index === -1 ? -Infinity : (keys[index - 1]?.frame ?? start);
  const after = index === keys.length ? Infinity : (keys[index + 1]?.frame ?? end);
  const moved = Math.round(Math.min(Math.max(frame, before + 1), after - 1));
  if (index === -1) return { start: moved };
  if (index === keys.length) return { end: moved };
  return { keys: keys.map((key, i) => (i === index ? { ...key, frame: moved } : key)) };
}

/** @param {Track} track @param {number} index @returns {Partial<Timing>} */
export const timingWithoutKey = (track, index) => ({
  keys: track.timing.keys.filter((_, i) => i !== index),
});

/** Set the easing after key `index` (-1: after the start). @param {Track} track
 * @param {number} index @param {import("./types.js").Ease} ease @returns {Partial<Timing>} */
export const timingWithEase = (track, index, ease) =>
  index === -1
    ? { ease }
    : { keys: track.timing.keys.map((key, i) => (i === index ? { ...key, ease } : key)) };
