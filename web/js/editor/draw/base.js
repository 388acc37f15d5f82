/**
 * The lower layer: background, cells and paths, which change with the drawing. What changes with
 * the frame and the pointer is in render_marks.js, so that playback redraws that alone.
 */

import { latentCells, stridesOf } from "../drawing/cells.js";
import { cornerOf, insideBox, toCanvas } from "../curve/geometry.js";
import { renderGhosts } from "./ghost.js";
import { HALO, circle, dashed, enterCanvas, enterImage, padlock, paint, strokeShape, trace } from "./parts.js";
import { boundsOf, pathOf, sentTracks } from "../drawing/sample.js";
import { isSelected } from "../drawing/selection.js";

/** @type {Draw} */
export function renderBase(ctx, scene) {
  const { drawing: { width, height }, session, theme, background } = scene;
  enterCanvas(ctx, scene);
  ctx.clearRect(0, 0, scene.width, scene.height);
  ctx.fillStyle = theme.canvas;
  ctx.fillRect(0, 0, scene.width, scene.height);
  enterImage(ctx, scene);
  ctx.fillStyle = theme.frame;
  ctx.fillRect(0, 0, width, height);
  if (background) {
    ctx.globalAlpha = background.opacity;
    ctx.drawImage(background.image, 0, 0, width, height);
    ctx.globalAlpha = 1;
  }
  ctx.lineWidth = 1 / session.view.scale;
  ctx.strokeStyle = theme.line;
  ctx.strokeRect(0, 0, width, height);
  if (session.cells) renderCells(ctx, scene);
  const shown = sentTracks(scene.drawing);
  renderPaths(ctx, scene, shown);
  enterCanvas(ctx, scene);
  renderGhosts(ctx, scene);
  for (const track of shown) renderEnds(ctx, scene, track);
}

/** Dashed where a path leaves the frame, solid inside. @type {DrawTracks} */
function renderPaths(ctx, { drawing: { width, height }, session: { selection, view: { scale } } }, tracks) {
  const paths = tracks.filter(({ knots }) => knots.length > 1);
  // Most paths stay in the frame, and need no dashes, which are slow.
  const frame = { x: 0, y: 0, width, height };
  const leaving = paths.filter((track) => !insideBox(frame, boundsOf(track)) || !insideBox(frame, cornerOf(boundsOf(track))));
  const stroke = (/** @type {Track} */ track, /** @type {boolean} */ halo) => {
    const chosen = isSelected(selection, track.id);
    ctx.globalAlpha = track.locked ? 0.45 : 1;
    if (halo) strokeShape(ctx, track, HALO, (chosen ? 5 : 3.5) / scale);
    strokeShape(ctx, track, track.color, (chosen ? 2.5 : 1.75) / scale);
  };
  ctx.lineJoin = ctx.lineCap = "round";
  ctx.save();
  dashed(ctx, [1 / scale, 5 / scale], () => leaving.forEach((track) => stroke(track, false)));
  ctx.beginPath();
  ctx.rect(0, 0, width, height);
  ctx.clip();
  for (const track of paths) stroke(track, true);
  ctx.restore();
}

/** A ring where it starts, an arrow head where it ends, a cross for an anchor, a lock. @type {DrawTrack} */
function renderEnds(ctx, scene, track) {
  const { session: { view }, theme } = scene;
  const start = toCanvas(view, track.knots[0]);
  ctx.globalAlpha = track.locked ? 0.5 : 1;
  if (track.spread?.shape === "region") {
    const outline = track.spread.polygon.map(([dx, dy]) => ({ x: start.x + dx * view.scale, y: start.y + dy * view.scale }));
    trace(ctx, outline, true);
    dashed(ctx, [4, 3], () => paint(ctx, `${track.color}22`, track.color, 1.25));
  }
  if (track.knots.length === 1) {
    circle(ctx, start, 6.5, HALO, null);
    circle(ctx, start, 5, track.color, "#fff");
    trace(ctx, [{ x: start.x - 2.5, y: start.y }, { x: start.x + 2.5, y: start.y }]);
    ctx.moveTo(start.x, start.y - 2.5);
    ctx.lineTo(start.x, start.y + 2.5);
    paint(ctx, null, theme.ink);
  } else {
    circle(ctx, start, 4, theme.ink, track.color, 2);
    renderArrow(ctx, scene, track);
  }
  if (track.locked) padlock(ctx, { x: start.x + 9, y: start.y - 9 }, track.color, true);
  ctx.globalAlpha = 1;
}

/** Its corners, from the tip. @type {Pair[]} */
const ARROW = [[5, 0], [-6, -5.5], [-3.5, 0], [-6, 5.5]];

/** @type {DrawTrack} */
function renderArrow(ctx, { session: { selection, view } }, track) {
  const { vertices } = pathOf(track);
  const vertex = (/** @type {number} */ i) => toCanvas(view, { x: vertices[i], y: vertices[i + 1] });
  const tip = vertex(vertices.length - 2);
  // Look back far enough that a last tiny chord does not turn the arrow.
  let from = tip;
  for (let i = vertices.length - 4; i >= 0 && Math.hypot(tip.x - from.x, tip.y - from.y) < 6; i -= 2) from = vertex(i);
  const way = Math.hypot(tip.x - from.x, tip.y - from.y);
  const [along, across] = way ? [(tip.x - from.x) / way, (tip.y - from.y) / way] : [1, 0];
  // Before the knot that a selected path has there, which would cover it.
  const before = isSelected(selection, track.id) && way ? 9 : 0;
  const at = { x: tip.x - along * before, y: tip.y - across * before };
  // Turned here, since saving and restoring the canvas for every arrow takes longer.
  trace(ctx, ARROW.map(([x, y]) => ({ x: at.x + along * x - across * y, y: at.y + across * x + along * y })), true);
  paint(ctx, track.color, HALO, 1);
}

/** Written cells in their track's colour, crossed out where several write; a ring at points that
 * are hidden at the start. @type {Draw} */
function renderCells(ctx, { drawing, session: { frame, family, view: { scale } }, theme }) {
  const { cells, cols, rows, hiddenStarts } = latentCells(drawing, frame, family);
  const [, high, wide] = stridesOf(family);
  ctx.beginPath();
  for (let col = 1; col < cols; col += 1) {
    ctx.moveTo(col * wide, 0);
    ctx.lineTo(col * wide, rows * high);
  }
  for (let row = 1; row < rows; row += 1) {
    ctx.moveTo(0, row * high);
    ctx.lineTo(cols * wide, row * high);
  }
  ctx.globalAlpha = 0.35;
  paint(ctx, null, theme.line, 0.5 / scale);
  for (const [index, cell] of cells) {
    const [x, y] = [(index % cols) * wide, Math.floor(index / cols) * high];
    ctx.globalAlpha = 0.6;
    ctx.fillStyle = cell.color;
    ctx.fillRect(x, y, wide, high);
    ctx.globalAlpha = 1;
    if (cell.tracks < 2) continue;
    ctx.beginPath();
    ctx.rect(x, y, wide, high);
    ctx.moveTo(x, y + high);
    ctx.lineTo(x + wide, y);
    paint(ctx, null, theme.warn, 2 / scale);
  }
  ctx.globalAlpha = 1;
  for (const { id, knots } of drawing.tracks) {
    if (!hiddenStarts.includes(id)) continue;
    dashed(ctx, [4 / scale, 3 / scale], () => circle(ctx, knots[0], 10 / scale, null, theme.warn, 2 / scale));
  }
}
