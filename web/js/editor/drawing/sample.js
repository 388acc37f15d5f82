/**
 * Tracks of a drawing as points per frame: path, timing, windows, spread.
 *
 * The same mathematics as wanmove_core/document_sampling.py.
 */

import { applyEase, flattenCurve, lengthAt, positionAt } from "../curve/curves.js";
import { boundingBox, clamp, cornerOf } from "../curve/geometry.js";

/** Vogel's spiral turns by this much per point: an even cover of a disc for any count. */
const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5));

/** Drawings are never changed in place, so what follows from a track is kept with it.
 * @template {object} K @template V @param {(key: K) => V} compute @returns {(key: K) => V} */
export function remembered(compute) {
  /** @type {WeakMap<K, V>} */
  const known = new WeakMap();
  return (key) => {
    if (!known.has(key)) known.set(key, compute(key));
    return /** @type {V} */ (known.get(key));
  };
}

export const pathOf = remembered((/** @type {Track} */ track) => flattenCurve(track.knots, track.curve));

/** left, top, right, bottom of every segment of a track's path. */
export const boxesOf = remembered((/** @type {Track} */ track) => {
  const { vertices, reached, chords } = pathOf(track);
  return Array.from({ length: (reached.length - 1) / chords }, (_, segment) => {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let i = 2 * segment * chords; i <= 2 * (segment + 1) * chords; i += 2) {
      left = Math.min(left, vertices[i]);
      right = Math.max(right, vertices[i]);
      top = Math.min(top, vertices[i + 1]);
      bottom = Math.max(bottom, vertices[i + 1]);
    }
    return { x: left, y: top, width: right - left, height: bottom - top };
  });
});

/** The box around a track's path. */
export const boundsOf = remembered((/** @type {Track} */ track) =>
  /** @type {Box} */ (boundingBox(boxesOf(track).flatMap((box) => [box, cornerOf(box)]))));

/** The first and last frame of a track's motion. @type {(timing: Timing, frames: number) => {start: number, end: number}} */
export const motionRange = ({ start, end }, frames) => ({ start: start ?? 0, end: end ?? frames - 1 });

/** All keys including the implied ones at both ends. @type {(track: Track, frames: number) => TimingKey[]} */
export function allKeys({ knots, timing }, frames) {
  const { start, end } = motionRange(timing, frames);
  const inner = timing.keys.filter(({ frame }) => frame > start && frame < end);
  return [{ frame: start, at: 0, ease: timing.ease }, ...inner, { frame: end, at: knots.length - 1 }];
}

/** Which moment of the first pass plays at `frame`.
 * @type {(timing: Timing, start: number, end: number, frame: number) => number} */
function playedFrame({ repeat, times, reverse }, start, end, frame) {
  if (end <= start) return frame >= end ? end : Math.min(start, end) - 1;
  const passes = repeat === "once" ? 1 : Math.max(times, 1);
  const time = clamp((frame - start) / (end - start), 0, 1) * passes;
  const pass = Math.min(Math.floor(time), passes - 1);
  const turned = repeat === "ping-pong" && pass % 2 === 1;
  const share = turned !== reverse ? 1 - (time - pass) : time - pass;
  return start + share * (end - start);
}

/** Length of the path up to a frame. @type {(path: Path, keys: readonly TimingKey[], frame: number) => number} */
export function travelledAt(path, keys, frame) {
  let index = 0;
  while (index + 2 < keys.length && keys[index + 1].frame <= frame) index += 1;
  const [from, to] = keys.slice(index);
  if (frame >= to.frame) return lengthAt(path, to.at);
  const time = frame > from.frame ? (frame - from.frame) / (to.frame - from.frame) : 0;
  const start = lengthAt(path, from.at);
  return start + applyEase(time, from.ease ?? "linear") * (lengthAt(path, to.at) - start);
}

/** The cluster around a point, at scale 1 and angle 0. @type {(spread: Spread | null) => readonly Pair[]} */
function spreadOffsets(spread) {
  if (!spread) return [[0, 0]];
  if (spread.shape === "region") return spread.offsets;
  const { shape, count, size, angle } = spread;
  return Array.from({ length: count }, (_, i) => {
    const disc = shape === "disc";
    const share = i / Math.max(count - 1, 1);
    const radius = disc ? (size / 2) * Math.sqrt(share) : count > 1 ? (share - 0.5) * size : 0;
    const theta = (disc ? i * GOLDEN_ANGLE : 0) + (angle * Math.PI) / 180;
    return [radius * Math.cos(theta), radius * Math.sin(theta)];
  });
}

/** Scale and angle of a spread at a frame, linear between keys.
 * @type {(spread: Spread | null, frame: number) => {scale: number, angle: number}} */
export function spreadPose(spread, frame) {
  const keys = spread?.keys ?? [];
  const after = keys.findIndex((key) => key.frame >= frame);
  const to = keys.at(after);
  if (!to) return { scale: 1, angle: 0 };
  const from = after > 0 ? keys[after - 1] : to;
  const time = to.frame > from.frame ? Math.min((frame - from.frame) / (to.frame - from.frame), 1) : 0;
  return { scale: from.scale + time * (to.scale - from.scale), angle: from.angle + time * (to.angle - from.angle) };
}

/** @type {(track: Track, frames: number) => Float64Array} */
function sampleOwnPoint(track, frames) {
  const path = pathOf(track);
  const keys = allKeys(track, frames);
  const { start, end } = motionRange(track.timing, frames);
  const own = new Float64Array(2 * frames);
  for (let frame = 0; frame < frames; frame += 1) {
    const played = playedFrame(track.timing, start, end, frame);
    own.set(positionAt(path, travelledAt(path, keys, played)), 2 * frame);
  }
  return own;
}

/** @type {WeakMap<Track, {frames: number, shares: number[]}>} */
const progress = new WeakMap();

/** The share of its path that a track has walked, in every frame. @type {(track: Track, frames: number) => number[]} */
export function progressOf(track, frames) {
  const known = progress.get(track);
  const found = known?.frames === frames ? known : { frames, shares: walkedShares(track, frames) };
  progress.set(track, found);
  return found.shares;
}

/** @type {(track: Track, frames: number) => number[]} */
function walkedShares(track, frames) {
  const path = pathOf(track);
  const keys = allKeys(track, frames);
  const { start, end } = motionRange(track.timing, frames);
  return Array.from({ length: frames }, (_, frame) => travelledAt(path, keys, playedFrame(track.timing, start, end, frame)) / (path.length || 1));
}

/** @type {WeakMap<Track, Sampled>} */
const samples = new WeakMap();

/** @type {(track: Track, frames: number) => Sampled} */
export function sampledTrack(track, frames) {
  const known = samples.get(track);
  if (known?.frames === frames) return known;
  const own = sampleOwnPoint(track, frames);
  const offsets = spreadOffsets(track.spread);
  const positions = new Float64Array(2 * frames * offsets.length);
  const visible = new Uint8Array(frames);
  const turn = new Float64Array(frames);
  const rest = spreadPose(track.spread, 0).angle;
  let index = 0;
  for (let frame = 0; frame < frames; frame += 1) {
    const { scale, angle } = spreadPose(track.spread, frame);
    turn[frame] = ((angle - rest) * Math.PI) / 180;
    const cos = scale * Math.cos((angle * Math.PI) / 180);
    const sin = scale * Math.sin((angle * Math.PI) / 180);
    for (const [dx, dy] of offsets) {
      positions[index] = own[2 * frame] + cos * dx - sin * dy;
      positions[index + 1] = own[2 * frame + 1] + sin * dx + cos * dy;
      index += 2;
    }
    visible[frame] = Number(track.windows?.some(([from, to]) => frame >= from && frame <= to) ?? true);
  }
  const sampled = { frames, points: offsets.length, own, positions, visible, turn, carried: null };
  samples.set(track, sampled);
  return sampled;
}

const tracksById = remembered((/** @type {Drawing} */ { tracks }) => new Map(tracks.toReversed().map((track) => [track.id, track])));

/** What was carried last. @type {WeakMap<Sampled, {by: Sampled, moved: Sampled}>} */
const carriedSamples = new WeakMap();

/** A track in its drawing: carried along by its parent, on top of its own motion.
 * @type {(drawing: Drawing, track: Track) => Sampled} */
export function sampledIn(drawing, track) {
  const rest = sampledTrack(track, drawing.frames);
  const parent = track.parent === null ? undefined : tracksById(drawing).get(track.parent);
  if (!parent) return rest;
  const by = sampledIn(drawing, parent);
  const known = carriedSamples.get(rest);
  if (known?.by === by) return known.moved;
  const moved = {
    ...rest, own: carry(rest.own, 1, by), positions: carry(rest.positions, rest.points, by),
    turn: rest.turn.map((angle, frame) => angle + by.turn[frame]), carried: by.turn,
  };
  carriedSamples.set(rest, { by, moved });
  return moved;
}

/** Turned about where the parent was, and moved to where it is. @type {(places: Float64Array, points: number, by: Sampled) => Float64Array} */
function carry(places, points, { own, turn }) {
  return places.map((_, i) => {
    const frame = Math.floor(i / (2 * points));
    const [dx, dy] = [places[i & ~1] - own[0], places[i | 1] - own[1]];
    const [cos, sin] = [Math.cos(turn[frame]), Math.sin(turn[frame])];
    return i % 2 ? own[2 * frame + 1] + sin * dx + cos * dy : own[2 * frame] + cos * dx - sin * dy;
  });
}

/** The way back: a place at a frame as if the parent stood still. @type {(drawing: Drawing, track: Track, frame: number, place: XY) => ImagePoint} */
export function uncarried(drawing, track, frame, { x, y }) {
  const parent = track.parent === null ? undefined : tracksById(drawing).get(track.parent);
  if (!parent) return { x, y };
  const { own, turn } = sampledIn(drawing, parent);
  const [dx, dy, cos, sin] = [x - own[2 * frame], y - own[2 * frame + 1], Math.cos(turn[frame]), Math.sin(turn[frame])];
  return { x: own[0] + cos * dx + sin * dy, y: own[1] - sin * dx + cos * dy };
}

/** Scale and angle of a track's cluster in its drawing. @type {(drawing: Drawing, track: Track, frame: number) => {scale: number, angle: number}} */
export function poseIn(drawing, track, frame) {
  const { scale, angle } = spreadPose(track.spread, frame);
  return { scale, angle: angle + ((sampledIn(drawing, track).carried?.[frame] ?? 0) * 180) / Math.PI };
}

/** Where a track is at a frame, in its drawing. @type {(drawing: Drawing, track: Track, frame: number) => ImagePoint} */
export function placeIn(drawing, track, frame) {
  const [x, y] = sampledIn(drawing, track).own.subarray(2 * frame);
  return { x, y };
}

/** Where the track's own point is at a frame, as if its parent stood still. @type {(track: Track, frames: number, frame: number) => ImagePoint} */
export function placeAt(track, frames, frame) {
  const [x, y] = sampledTrack(track, frames).own.subarray(2 * frame);
  return { x, y };
}

/** All but the hidden tracks: what is sent, and shown. @type {(drawing: Drawing) => Track[]} */
export const sentTracks = ({ tracks }) => tracks.filter((track) => !track.hidden);
