/**
 * Tracks of a document as points per frame: path, timing, windows, spread.
 *
 * The same mathematics as wanmove_core/document_sampling.py.
 */

import { applyEase, flattenCurve, lengthAt, positionAt } from "./curves.js";

/**
 * @typedef {import("./types.js").Track} Track
 * @typedef {import("./types.js").Timing} Timing
 * @typedef {import("./types.js").TimingKey} TimingKey
 * @typedef {import("./types.js").Spread} Spread
 * @typedef {import("./types.js").MotionDocument} MotionDocument
 * @typedef {import("./curves.js").Path} Path
 */

/** Vogel's spiral turns by this much per point: an even cover of a disc for any count. */
const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5));

/** Documents are never changed in place, so what follows from a track may be kept with it.
 * @type {WeakMap<Track, Path>} */
const paths = new WeakMap();

/** @param {Track} track @returns {Path} */
export function pathOf(track) {
  let path = paths.get(track);
  if (!path) {
    path = flattenCurve(track.knots, track.curve);
    paths.set(track, path);
  }
  return path;
}

/** The first and last frame of a track's motion. @param {Timing} timing @param {number} frames */
export const motionRange = (timing, frames) => ({
  start: timing.start ?? 0,
  end: timing.end ?? frames - 1,
});

/**
 * All keys including the implied ones at both ends.
 * @param {Track} track @param {number} frames @returns {TimingKey[]}
 */
export function allKeys(track, frames) {
  const { start, end } = motionRange(track.timing, frames);
  const inner = track.timing.keys.filter((key) => key.frame > start && key.frame < end);
  const first = { frame: start, at: 0, ease: track.timing.ease };
  return [first, ...inner, { frame: end, at: track.knots.length - 1 }];
}

/** Which moment of the first pass plays at `frame`. @param {Timing} timing
 * @param {number} start @param {number} end @param {number} frame */
function playedFrame(timing, start, end, frame) {
  if (end <= start) return frame >= end ? end : start - 1;
  const passes = timing.repeat === "once" ? 1 : Math.max(timing.times, 1);
  const time = (Math.min(Math.max((frame - start) / (end - start), 0), 1)) * passes;
  const pass = Math.min(Math.floor(time), passes - 1);
  let share = time - pass;
  if (timing.repeat === "ping-pong" && pass % 2 === 1) share = 1 - share;
  if (timing.reverse) share = 1 - share;
  return start + share * (end - start);
}

/** @param {Path} path @param {readonly TimingKey[]} keys @param {number} frame */
function travelledAt(path, keys, frame) {
  let index = 0;
  while (index + 2 < keys.length && (keys[index + 1]?.frame ?? 0) <= frame) index += 1;
  const from = keys[index];
  const to = keys[index + 1];
  if (!from || !to) return 0;
  if (frame >= to.frame) return lengthAt(path, to.at);
  const time = frame > from.frame ? (frame - from.frame) / (to.frame - from.frame) : 0;
  const start = lengthAt(path, from.at);
  return start + applyEase(time, from.ease ?? "linear") * (lengthAt(path, to.at) - start);
}

/**
 * The cluster around a point, at scale 1 and angle 0.
 * @param {Spread | null} spread @returns {readonly (readonly [number, number])[]}
 */
export function spreadOffsets(spread) {
  if (!spread) return [[0, 0]];
  if (spread.shape === "region") return spread.offsets;
  const { count, size, angle } = spread;
  const turn = (angle * Math.PI) / 180;
  return Array.from({ length: count }, (_, i) => {
    if (spread.shape === "line") {
      const along = count > 1 ? (i / (count - 1) - 0.5) * size : 0;
      return /** @type {[number, number]} */ ([along * Math.cos(turn), along * Math.sin(turn)]);
    }
    const radius = (size / 2) * Math.sqrt(i / Math.max(count - 1, 1));
    const theta = i * GOLDEN_ANGLE + turn;
    return /** @type {[number, number]} */ ([radius * Math.cos(theta), radius * Math.sin(theta)]);
  });
}

/** Scale and angle of a spread at a frame, linear between keys. @param {Spread} spread
 * @param {number} frame */
export function spreadPose(spread, frame) {
  const { keys } = spread;
  const after = keys.findIndex((key) => key.frame >= frame);
  const to = keys[after === -1 ? keys.length - 1 : after];
  const from = after > 0 ? keys[after - 1] : to;
  if (!from || !to) return { scale: 1, angle: 0 };
  const time = to.frame > from.frame ? Math.min((frame - from.frame) / (to.frame - from.frame), 1) : 0;
  return {
    scale: from.scale + time * (to.scale - from.scale),
    angle: from.angle + time * (to.angle - from.angle),
  };
}

/** Where the track's own point is at each frame: x, y pairs. @param {Track} track
 * @param {number} frames @returns {Float64Array} */
export function sampleTrack(track, frames) {
  const path = pathOf(track);
  const keys = allKeys(track, frames);
  const { start, end } = motionRange(track.timing, frames);
  const positions = new Float64Array(2 * frames);
  for (let frame = 0; frame < frames; frame += 1) {
    const played = playedFrame(track.timing, start, end, frame);
    positions.set(positionAt(path, travelledAt(path, keys, played)), 2 * frame);
  }
  return positions;
}

/** @typedef {{frames: number, points: number, own: Float64Array, positions: Float64Array,
 *   visible: Uint8Array}} Sampled x, y of every point in every frame [frames, points, 2] */

/** @type {WeakMap<Track, Sampled>} */
const samples = new WeakMap();

/** @param {Track} track @param {number} frames @returns {Sampled} */
export function sampledTrack(track, frames) {
  const known = samples.get(track);
  if (known && known.frames === frames) return known;
  const own = sampleTrack(track, frames);
  const offsets = spreadOffsets(track.spread);
  const points = offsets.length;
  const positions = new Float64Array(2 * frames * points);
  const visible = new Uint8Array(frames);
  let index = 0;
  for (let frame = 0; frame < frames; frame += 1) {
    const pose = track.spread ? spreadPose(track.spread, frame) : { scale: 1, angle: 0 };
    const turn = (pose.angle * Math.PI) / 180;
    const [cos, sin] = [pose.scale * Math.cos(turn), pose.scale * Math.sin(turn)];
    for (const [dx, dy] of offsets) {
      positions[index] = (own[2 * frame] ?? 0) + cos * dx - sin * dy;
      positions[index + 1] = (own[2 * frame + 1] ?? 0) + sin * dx + cos * dy;
      index += 2;
    }
    const seen = track.windows === null || track.windows.some(([a, b]) => frame >= a && frame <= b);
    visible[frame] = seen ? 1 : 0;
  }
  const sampled = { frames, points, own, positions, visible };
  samples.set(track, sampled);
  return sampled;
}

/** The tracks that are sent: all but the hidden ones. @param {MotionDocument} document */
export const sentTracks = (document) => document.tracks.filter((track) => !track.hidden);
