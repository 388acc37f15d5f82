/**
 * Two layers: `renderBase` draws background and paths, which change with the document, and
 * `renderTop` what changes with the frame and the pointer. Playback redraws the top alone.
 */

import { latentCells } from "./cells.js";
import { boundingBox, toCanvas } from "./geometry.js";
import { renderBox, renderGesture, renderHover, renderKnots } from "./render_marks.js";
import { HALO, circle, enterCanvas, enterImage, paint, strokeShape } from "./render_parts.js";
import { pathOf, sampledTrack } from "./sample.js";

/**
 * @typedef {import("./types.js").MotionDocument} MotionDocument
 * @typedef {import("./types.js").Session} Session
 * @typedef {import("./types.js").Track} Track
 * @typedef {CanvasRenderingContext2D} Context
 * @typedef {{canvas: string, frame: string, line: string, faint: string, text: string, dim: string,
 *   accent: string, ink: string, warn: string, row: string, edge: string}} Theme
 * @typedef {{document: MotionDocument, session: Session, theme: Theme, width: number,
 *   height: number, ratio: number, playing: boolean,
 *   background: {image: CanvasImageSource, opacity: number} | null}} Scene
 */

const TRAIL_FRAMES = 14;

/** @param {Context} ctx @param {Scene} scene */
export function renderBase(ctx, scene) {
  const { document, session, theme, width, height } = scene;
  enterCanvas(ctx, scene);
  ctx.clearRect(0, 0, width, height);
  ctx.fillStyle = theme.canvas;
  ctx.fillRect(0, 0, width, height);
  enterImage(ctx, scene);
  ctx.fillStyle = theme.frame;
  ctx.fillRect(0, 0, document.width, document.height);
  if (scene.background) {
    ctx.globalAlpha = scene.background.opacity;
    ctx.drawImage(scene.background.image, 0, 0, document.width, document.height);
    ctx.globalAlpha = 1;
  }
  ctx.lineWidth = 1 / session.view.scale;
  ctx.strokeStyle = theme.line;
  ctx.strokeRect(0, 0, document.width, document.height);
  if (session.cells) renderCells(ctx, scene);
  const shown = document.tracks.filter((track) => !track.hidden);
  renderPaths(ctx, scene, shown);
  enterCanvas(ctx, scene);
  for (const track of shown) renderEnds(ctx, scene, track);
}

/** @type {WeakMap<Track, import("./geometry.js").Box>} */
const extents = new WeakMap();

/** Whether a path stays in the frame: most do, and need no dashes. @param {Track} track
 * @param {MotionDocument} document */
function isInside(track, { width, height }) {
  let box = extents.get(track);
  if (!box) {
    const { vertices } = pathOf(track);
    const points = Array.from({ length: vertices.length / 2 }, (_, i) => ({ x: vertices[2 * i] ?? 0, y: vertices[2 * i + 1] ?? 0 }));
    box = boundingBox(points) ?? { x: 0, y: 0, width: 0, height: 0 };
    extents.set(track, box);
  }
  return box.x >= 0 && box.y >= 0 && box.x + box.width <= width && box.y + box.height <= height;
}

/** Dashed where a path leaves the frame, solid inside. @param {Context} ctx @param {Scene} scene
 * @param {readonly Track[]} tracks */
function renderPaths(ctx, scene, tracks) {
  const { document, session: { selection, view } } = scene;
  ctx.lineJoin = ctx.lineCap = "round";
  for (const inside of [false, true]) {
    ctx.save();
    if (inside) {
      ctx.beginPath();
      ctx.rect(0, 0, document.width, document.height);
      ctx.clip();
    }
    ctx.setLineDash(inside ? [] : [1 / view.scale, 5 / view.scale]);
    for (const track of tracks) {
      if (track.knots.length < 2 || (!inside && isInside(track, document))) continue;
      const chosen = selection.some((part) => part.track === track.id);
      ctx.globalAlpha = track.locked ? 0.45 : 1;
      if (inside) strokeShape(ctx, track, HALO, (chosen ? 5 : 3.5) / view.scale);
      strokeShape(ctx, track, track.color, (chosen ? 2.5 : 1.75) / view.scale);
    }
    ctx.restore();
  }
}

/** A ring where it starts, an arrow head where it ends, a cross for an anchor, a lock.
 * @param {Context} ctx @param {Scene} scene @param {Track} track */
function renderEnds(ctx, scene, track) {
  const { view } = scene.session;
  const first = track.knots[0];
  if (!first) return;
  const start = toCanvas(view, first);
  ctx.globalAlpha = track.locked ? 0.5 : 1;
  renderRegion(ctx, scene, track);
  if (track.knots.length === 1) {
    circle(ctx, start, 6.5, HALO, null);
    circle(ctx, start, 5, track.color, "#fff");
    ctx.beginPath();
    for (const [x, y] of [[-2.5, 0], [2.5, 0]]) ctx[x === -2.5 ? "moveTo" : "lineTo"](start.x + (x ?? 0), start.y + (y ?? 0));
    ctx.moveTo(start.x, start.y - 2.5);
    ctx.lineTo(start.x, start.y + 2.5);
    paint(ctx, null, scene.theme.ink, 1.5);
  } else {
    circle(ctx, start, 4, scene.theme.ink, track.color, 2);
    renderArrow(ctx, scene, track);
  }
  if (track.locked) renderLock(ctx, { x: start.x + 9, y: start.y - 9 }, track.color);
  ctx.globalAlpha = 1;
}

/** @param {Context} ctx @param {{x: number, y: number}} p @param {string} color */
function renderLock(ctx, p, color) {
  ctx.beginPath();
  ctx.arc(p.x, p.y - 1, 2.5, Math.PI, 0);
  paint(ctx, null, color, 1.5);
  ctx.fillStyle = color;
  ctx.fillRect(p.x - 4, p.y - 1, 8, 6);
}

/** @param {Context} ctx @param {Scene} scene @param {Track} track */
function renderArrow(ctx, { session: { view } }, track) {
  const { vertices } = pathOf(track);
  const tip = toCanvas(view, { x: vertices[vertices.length - 2] ?? 0, y: vertices[vertices.length - 1] ?? 0 });
  // Look back far enough that a last tiny chord does not turn the arrow.
  let from = tip;
  for (let i = vertices.length - 4; i >= 0 && Math.hypot(tip.x - from.x, tip.y - from.y) < 6; i -= 2) {
    from = toCanvas(view, { x: vertices[i] ?? 0, y: vertices[i + 1] ?? 0 });
  }
  const angle = Math.atan2(tip.y - from.y, tip.x - from.x);
  ctx.save();
  ctx.translate(tip.x, tip.y);
  ctx.rotate(angle);
  ctx.beginPath();
  ctx.moveTo(5, 0);
  ctx.lineTo(-6, -5.5);
  ctx.lineTo(-3.5, 0);
  ctx.lineTo(-6, 5.5);
  ctx.closePath();
  paint(ctx, track.color, HALO, 1);
  ctx.restore();
}

/** @param {Context} ctx @param {Scene} scene @param {Track} track */
function renderRegion(ctx, { session: { view } }, track) {
  const first = track.knots[0];
  if (!first || track.spread?.shape !== "region") return;
  ctx.beginPath();
  for (const [dx, dy] of track.spread.polygon) {
    const p = toCanvas(view, { x: first.x + dx, y: first.y + dy });
    ctx.lineTo(p.x, p.y);
  }
  ctx.closePath();
  ctx.setLineDash([4, 3]);
  paint(ctx, `${track.color}22`, track.color, 1.25);
  ctx.setLineDash([]);
}

/** @param {Context} ctx @param {Scene} scene */
function renderCells(ctx, { document, session, theme }) {
  const { cells, cols, rows, hiddenStarts } = latentCells(document, session.frame);
  const px = 8;
  ctx.beginPath();
  for (let col = 1; col < cols; col += 1) {
    ctx.moveTo(col * px, 0);
    ctx.lineTo(col * px, rows * px);
  }
  for (let row = 1; row < rows; row += 1) {
    ctx.moveTo(0, row * px);
    ctx.lineTo(cols * px, row * px);
  }
  ctx.globalAlpha = 0.35;
  paint(ctx, null, theme.line, 0.5 / session.view.scale);
  for (const [index, cell] of cells) {
    const [x, y] = [(index % cols) * px, Math.floor(index / cols) * px];
    ctx.globalAlpha = 0.6;
    ctx.fillStyle = cell.color;
    ctx.fillRect(x, y, px, px);
    if (cell.tracks < 2) continue;
    ctx.globalAlpha = 1;
    ctx.beginPath();
    ctx.rect(x, y, px, px);
    ctx.moveTo(x, y + px);
    ctx.lineTo(x + px, y);
    paint(ctx, null, theme.warn, 2 / session.view.scale);
  }
  ctx.globalAlpha = 1;
  for (const track of document.tracks) {
    const first = track.knots[0];
    if (!first || !hiddenStarts.includes(track.id)) continue;
    ctx.setLineDash([4 / session.view.scale, 3 / session.view.scale]);
    circle(ctx, first, 10 / session.view.scale, null, theme.warn, 2 / session.view.scale);
    ctx.setLineDash([]);
  }
}

/** @param {Context} ctx @param {Scene} scene */
export function renderTop(ctx, scene) {
  const { document, session } = scene;
  enterCanvas(ctx, scene);
  ctx.clearRect(0, 0, scene.width, scene.height);
  const shown = document.tracks.filter((track) => !track.hidden);
  if (scene.playing) renderTrails(ctx, scene, shown);
  renderDots(ctx, scene, shown);
  if (scene.playing) return;
  for (const track of shown) {
    if (session.selection.some((part) => part.track === track.id)) renderKnots(ctx, scene, track);
  }
  renderHover(ctx, scene);
  if (session.tool === "select") renderBox(ctx, scene);
  renderGesture(ctx, scene);
}

/** Every colour and age is one path: a thousand points stay cheap.
 * @param {Context} ctx @param {Scene} scene @param {readonly Track[]} tracks */
function renderTrails(ctx, { document, session: { frame, view } }, tracks) {
  for (const color of new Set(tracks.map((track) => track.color))) {
    ctx.strokeStyle = color;
    for (let age = TRAIL_FRAMES; age > 0; age -= 1) {
      const to = frame - age + 1;
      if (to < 1) continue;
      ctx.beginPath();
      for (const track of tracks) {
        if (track.color !== color) continue;
        const { points, positions, visible } = sampledTrack(track, document.frames);
        if (!visible[to] || !visible[to - 1]) continue;
        for (let i = 0; i < points; i += 1) {
          const [a, b] = [2 * ((to - 1) * points + i), 2 * (to * points + i)];
          ctx.moveTo((positions[a] ?? 0) * view.scale + view.x, (positions[a + 1] ?? 0) * view.scale + view.y);
          ctx.lineTo((positions[b] ?? 0) * view.scale + view.x, (positions[b + 1] ?? 0) * view.scale + view.y);
        }
      }
      const fresh = 1 - age / (TRAIL_FRAMES + 1);
      ctx.globalAlpha = 0.75 * fresh;
      ctx.lineWidth = 1 + 3 * fresh;
      ctx.stroke();
    }
  }
  ctx.globalAlpha = 1;
}

/** Filled while a point guides, an open ring while it does not.
 * @param {Context} ctx @param {Scene} scene @param {readonly Track[]} tracks */
function renderDots(ctx, { document, session: { frame, view } }, tracks) {
  for (const track of tracks) {
    const { points, positions, visible } = sampledTrack(track, document.frames);
    const seen = visible[frame] === 1;
    const radius = track.spread ? 2.5 : 5;
    if (track.knots.length === 1 && !track.spread && seen) continue;
    ctx.beginPath();
    for (let i = 0; i < points; i += 1) {
      const at = 2 * (frame * points + i);
      const x = (positions[at] ?? 0) * view.scale + view.x;
      const y = (positions[at + 1] ?? 0) * view.scale + view.y;
      ctx.moveTo(x + radius, y);
      ctx.arc(x, y, radius, 0, 2 * Math.PI);
    }
    if (!seen) ctx.setLineDash([2, 2]);
    paint(ctx, seen ? track.color : null, seen ? "#fff" : track.color, track.spread ? 0.75 : 1.5);
    ctx.setLineDash([]);
  }
}
