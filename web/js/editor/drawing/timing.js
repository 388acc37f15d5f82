/** Edits of timing keys, as patches for the reducer. A null patch: not possible there. */

import { clamp } from "../curve/geometry.js";
import { motionRange } from "./sample.js";

/** @type {<T extends {frame: number}>(keys: T[]) => T[]} */
export const byFrame = (keys) => [...keys].sort((a, b) => a.frame - b.frame);

/** Be at `at` (counted in knots) at `frame`.
 * @type {(track: Track, frames: number, frame: number, at: number) => {keys: TimingKey[]} | null} */
export function keysWithPlace({ timing }, frames, frame, at) {
  const { start, end } = motionRange(timing, frames);
  if (frame <= start || frame >= end) return null;
  const ease = timing.keys.find((key) => key.frame === frame)?.ease ?? "linear";
  return { keys: byFrame([...timing.keys.filter((key) => key.frame !== frame), { frame, at, ease }]) };
}

/** Stay at `at` from `frame` on for `length` frames; what follows comes later, and where the clip has no
 * room for that, faster.
 * @type {(track: Track, frames: number, frame: number, at: number, length: number) => Partial<Timing> | null} */
export function keysWithHold(track, frames, frame, at, length) {
  const { end } = motionRange(track.timing, frames);
  const first = keysWithPlace(track, frames, frame, at);
  const later = Math.min(end + length, Math.max(frames - 1, end));
  if (!first || frame + length >= later) return null;
  const pace = (later - frame - length) / (end - frame);
  const keys = first.keys.map((key) => (key.frame > frame ? { ...key, frame: frame + length + (key.frame - frame) * pace } : key));
  const ease = first.keys.find((key) => key.frame === frame)?.ease ?? "linear";
  const held = keys.map((key) => (key.frame === frame ? { ...key, ease: /** @type {Ease} */ ("linear") } : key));
  return { end: later, keys: byFrame([...held, { frame: frame + length, at, ease }]) };
}

/** Nearer keys have the same frame in the text that is kept. */
const LEAST_APART = 1e-3;

/** Move key `index`, or the start (-1) or end (number of keys), to a frame; neighbours stop it, and those
 * without a whole frame between them leave it where it is. Keys outside of the motion are no neighbours.
 * @type {(track: Track, frames: number, index: number, frame: number) => Partial<Timing>} */
export function timingWithKeyMoved({ timing }, frames, index, frame) {
  const { start, end } = motionRange(timing, frames);
  const { keys } = timing;
  const isNeighbour = (/** @type {TimingKey} */ key) => key.frame > start && key.frame < end;
  const before = index === -1 ? -Infinity : (keys.slice(0, index).findLast(isNeighbour)?.frame ?? start);
  const after = index === keys.length ? Infinity : (keys.slice(index + 1).find(isNeighbour)?.frame ?? end);
  const moved = Math.round(clamp(frame, before + 1, after - 1));
  if (moved - before <= LEAST_APART || after - moved <= LEAST_APART || moved === keys[index]?.frame) return {};
  if (index === -1) return { start: moved };
  return index === keys.length ? { end: moved } : withKey(keys, index, { frame: moved });
}

/** @type {(keys: readonly TimingKey[], index: number, patch: Partial<TimingKey>) => Partial<Timing>} */
const withKey = (keys, index, patch) => ({ keys: keys.map((key, i) => (i === index ? { ...key, ...patch } : key)) });

/** @type {(track: Track, index: number) => Partial<Timing>} */
export const timingWithoutKey = ({ timing }, index) => ({ keys: timing.keys.filter((_, i) => i !== index) });

/** Set the easing after key `index` (-1: after the start). @type {(track: Track, index: number, ease: Ease) => Partial<Timing>} */
export const timingWithEase = ({ timing }, index, ease) => (index === -1 ? { ease } : withKey(timing.keys, index, { ease }));
