/**
 * The picture itself in motion, before anything is sampled: the region or disc around each track is
 * cut out and carried along; where it was, its blurred surroundings fill the hole.
 */

import { stridesOf } from "../drawing/cells.js";
import { boundingBox } from "../curve/geometry.js";
import { poseIn, sampledIn, sentTracks, spreadPose } from "../drawing/sample.js";

/** Of what moves around a lone point. */
const LONE_RADIUS_CELLS = 2;
const LARGEST_PX = 1024;
const LEVELS = 6;
/** Moved by less, the picture stays as it is. */
const STILL_PX = 0.25;
const RADIANS = Math.PI / 180;

/** Around a piece, so that its rim is antialiased. Pieces are drawn in every frame: larger ones cost time. */
const PIECE_MARGIN_PX = 1;

/** What was cut out at the start: the piece, what fills its hole, and the boxes of both in the picture's pixels.
 * @typedef {{image: CanvasImageSource, size: string, tight: Box, piece: HTMLCanvasElement, box: Box, hole: HTMLCanvasElement}} Cut */

/** @type {WeakMap<Track, Cut>} */
const cuts = new WeakMap();

/** @type {(width: number, height: number) => [HTMLCanvasElement, CanvasRenderingContext2D]} */
function layer(width, height) {
  const canvas = Object.assign(document.createElement("canvas"), { width: Math.max(1, Math.round(width)), height: Math.max(1, Math.round(height)) });
  return [canvas, /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"))];
}

/** What moves with a track, where it starts. @type {(track: Track, x: number, y: number, family: Family) => {path: Path2D, box: Box}} */
function outlineOf({ spread }, x, y, family) {
  const path = new Path2D();
  if (spread?.shape === "region" && spread.polygon.length > 2) {
    const { scale, angle } = spreadPose(spread, 0);
    const [cos, sin] = [scale * Math.cos(angle * RADIANS), scale * Math.sin(angle * RADIANS)];
    const points = spread.polygon.map(([dx, dy]) => ({ x: x + cos * dx - sin * dy, y: y + sin * dx + cos * dy }));
    for (const point of points) path.lineTo(point.x, point.y);
    path.closePath();
    return { path, box: /** @type {Box} */ (boundingBox(points)) };
  }
  const radius = Math.max(spread && spread.shape !== "region" ? spread.size / 2 : 0, LONE_RADIUS_CELLS * stridesOf(family)[2]);
  path.arc(x, y, radius, 0, 2 * Math.PI);
  return { path, box: { x: x - radius, y: y - radius, width: 2 * radius, height: 2 * radius } };
}

/** @type {(box: Box, margin: number) => Box} */
const grown = ({ x, y, width, height }, margin) => ({ x: x - margin, y: y - margin, width: width + 2 * margin, height: height + 2 * margin });

/** Fill what is transparent from ever smaller copies. @type {(canvas: HTMLCanvasElement, ctx: CanvasRenderingContext2D) => void} */
function fillHole(canvas, ctx) {
  ctx.globalCompositeOperation = "destination-over";
  let from = canvas;
  for (let level = 1; level <= LEVELS; level += 1) {
    const [half, small] = layer(from.width / 2, from.height / 2);
    small.drawImage(from, 0, 0, half.width, half.height);
    // What is half filled already counts more with every copy below.
    for (let times = 0; times < 3; times += 1) ctx.drawImage(half, 0, 0, canvas.width, canvas.height);
    from = half;
  }
  ctx.globalCompositeOperation = "source-over";
}

/** @type {(track: Track, scene: Scene, image: CanvasImageSource) => Cut} */
function cutOf(track, { drawing, session: { family } }, image) {
  const { width, height, frames } = drawing;
  const known = cuts.get(track);
  const size = `${width}x${height}x${frames}, ${family}`;
  if (known?.image === image && known.size === size) return known;
  const [x, y] = sampledIn(drawing, track).own;
  const { path, box: outline } = outlineOf(track, x, y, family);
  const tight = grown(outline, PIECE_MARGIN_PX);
  const box = grown(outline, Math.max(outline.width, outline.height) / 2);
  const scale = Math.min(2, LARGEST_PX / Math.max(box.width, box.height));
  const draw = (/** @type {CanvasRenderingContext2D} */ ctx, /** @type {Box} */ { x: left, y: top }) => {
    ctx.setTransform(scale, 0, 0, scale, -left * scale, -top * scale);
    ctx.drawImage(image, 0, 0, width, height);
  };
  const [piece, pieces] = layer(tight.width * scale, tight.height * scale);
  pieces.setTransform(scale, 0, 0, scale, -tight.x * scale, -tight.y * scale);
  pieces.clip(path);
  draw(pieces, tight);
  const [hole, holes] = layer(box.width * scale, box.height * scale);
  draw(holes, box);
  holes.globalCompositeOperation = "destination-out";
  holes.fill(path);
  // The rim of what moves has its colour.
  holes.lineWidth = 4;
  holes.stroke(path);
  holes.setTransform(1, 0, 0, 1, 0, 0);
  fillHole(hole, holes);
  holes.setTransform(scale, 0, 0, scale, -box.x * scale, -box.y * scale);
  holes.globalCompositeOperation = "destination-in";
  holes.fill(path);
  const made = { image, size, tight, piece, box, hole };
  cuts.set(track, made);
  return made;
}

/** All holes of one frame, which are mostly those of the frame before. @type {WeakMap<object, {cuts: Cut[], canvas: HTMLCanvasElement}>} */
const filled = new WeakMap();

/** @type {(cuts: Cut[], image: CanvasImageSource, width: number, height: number) => HTMLCanvasElement} */
function holesOf(cuts, image, width, height) {
  const known = filled.get(image);
  if (known?.cuts.length === cuts.length && known.cuts.every((cut, i) => cut === cuts[i])) return known.canvas;
  const scale = Math.min(2, (2 * LARGEST_PX) / Math.max(width, height));
  const [canvas, ctx] = layer(width * scale, height * scale);
  ctx.scale(canvas.width / width, canvas.height / height);
  for (const { hole, box } of cuts) ctx.drawImage(hole, box.x, box.y, box.width, box.height);
  filled.set(image, { cuts, canvas });
  return canvas;
}

/** How a track's surroundings have moved since the start; null where they are as they were.
 * @type {(drawing: Drawing, track: Track, frame: number) => {dx: number, dy: number, scale: number, angle: number} | null} */
function moveOf(drawing, track, frame) {
  const { own } = sampledIn(drawing, track);
  const [dx, dy] = [own[2 * frame] - own[0], own[2 * frame + 1] - own[1]];
  const [start, now] = [poseIn(drawing, track, 0), poseIn(drawing, track, frame)];
  const [scale, angle] = [now.scale / (start.scale || 1), (now.angle - start.angle) * RADIANS];
  return Math.hypot(dx, dy) < STILL_PX && Math.abs(scale - 1) < 0.005 && Math.abs(angle) < 0.005 ? null : { dx, dy, scale, angle };
}

/** Over the still picture, in its pixels. @type {Draw} */
export function renderMotion(ctx, scene) {
  const { drawing, session: { frame }, background } = scene;
  const { width, height } = drawing;
  if (!background) return;
  const moving = sentTracks(scene.drawing).flatMap((track) => {
    const { visible, own } = sampledIn(drawing, track);
    const inside = own[0] >= 0 && own[1] >= 0 && own[0] <= width && own[1] <= height;
    const move = inside && visible[0] && visible[frame] ? moveOf(drawing, track, frame) : null;
    return move ? [{ track, move, cut: cutOf(track, scene, background.image) }] : [];
  });
  if (moving.length === 0) return;
  ctx.save();
  ctx.beginPath();
  ctx.rect(0, 0, width, height);
  ctx.clip();
  ctx.drawImage(holesOf(moving.map(({ cut }) => cut), background.image, width, height), 0, 0, width, height);
  const whole = ctx.getTransform();
  for (const { track, move: { dx, dy, scale, angle }, cut: { piece, tight } } of moving) {
    const [x, y] = sampledIn(drawing, track).own;
    // The picture is not turned, so one call does for a move, a turn and a size.
    const [cos, sin] = [whole.a * scale * Math.cos(angle), whole.a * scale * Math.sin(angle)];
    ctx.setTransform(cos, sin, -sin, cos, whole.a * (x + dx) + whole.e, whole.a * (y + dy) + whole.f);
    ctx.drawImage(piece, tight.x - x, tight.y - y, tight.width, tight.height);
  }
  ctx.restore();
}
