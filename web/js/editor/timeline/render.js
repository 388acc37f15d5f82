/** Draws the dope sheet. */

import { errorOf } from "../drawing/followed.js";
import { idleTracks } from "../drawing/idle.js";
import { FAMILY_CLIPS } from "../drawing/families.js";
import { dashed, padlock, paint, trace } from "../draw/parts.js";
import { allKeys, motionRange, progressOf } from "../drawing/sample.js";
import { isSelected } from "../drawing/selection.js";
import { ROW_PX, RULER_PX, frameToX, rowTop, rulerStep, windowBorders, xToFrame } from "./layout.js";

const FONT = "11px system-ui, sans-serif";

/** @type {(ctx: Context, color: string, x: number, y: number, width: number, height: number) => void} */
function rectangle(ctx, color, x, y, width, height) {
  ctx.fillStyle = color;
  ctx.fillRect(x, y, width, height);
}

/** @type {(ctx: Context, color: string, x: number, y: number, width: number, height: number, radius: number) => void} */
function rounded(ctx, color, x, y, width, height, radius) {
  ctx.beginPath();
  ctx.roundRect(x, y, width, height, radius);
  paint(ctx, color, null);
}

/** What `draw` puts outside of a rectangle is not seen. @type {(ctx: Context, x: number, y: number, width: number, height: number, draw: () => void) => void} */
function within(ctx, x, y, width, height, draw) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y, width, height);
  ctx.clip();
  draw();
  ctx.restore();
}

/** @type {(ctx: Context, scene: TimelineScene) => void} */
export function renderTimeline(ctx, scene) {
  const { drawing: { tracks }, layout, theme, ratio } = scene;
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, layout.width, layout.height);
  ctx.font = FONT;
  ctx.textBaseline = "middle";
  within(ctx, 0, RULER_PX, layout.width, layout.height - RULER_PX, () => tracks.forEach((track, index) => {
    const top = rowTop(layout, tracks.length, index);
    if (top > -ROW_PX && top < layout.height) renderRow(ctx, scene, track, top);
  }));
  within(ctx, layout.left, 0, layout.width - layout.left, layout.height, () => {
    renderBorders(ctx, scene);
    renderRuler(ctx, scene);
  });
  rectangle(ctx, theme.line, 0, RULER_PX - 1, layout.width, 1);
  renderScroll(ctx, scene);
  rectangle(ctx, theme.line, layout.left - 0.5, 0, 1, layout.height);
}

/** Where the windows of a long video meet. @type {(ctx: Context, scene: TimelineScene) => void} */
function renderBorders(ctx, { layout, theme, drawing: { frames }, session: { family } }) {
  ctx.globalAlpha = 0.75;
  for (const border of windowBorders(frames, FAMILY_CLIPS[family])) {
    const x = Math.round(frameToX(layout, border)) + 0.5;
    trace(ctx, [{ x, y: RULER_PX - 6 }, { x, y: layout.height }]);
    dashed(ctx, [4, 3], () => paint(ctx, null, theme.warn, 1));
  }
  ctx.globalAlpha = 1;
}

/** Labels and the playhead. @type {(ctx: Context, scene: TimelineScene) => void} */
function renderRuler(ctx, { layout, theme, session }) {
  ctx.textAlign = "center";
  const head = frameToX(layout, session.frame);
  const width = Math.max(ctx.measureText(String(session.frame)).width + 10, 22);
  const step = rulerStep(layout);
  const end = Math.min(xToFrame(layout, layout.width), layout.frames - 1);
  for (let frame = Math.max(Math.floor(layout.from / step) * step, 0); frame <= end; frame += step) {
    const x = frameToX(layout, frame);
    rectangle(ctx, theme.line, x - 0.5, RULER_PX - 6, 1, 5);
    // A number half under the playhead's would read as another one.
    if (Math.abs(x - head) < (width + ctx.measureText(String(frame)).width) / 2 + 1) continue;
    ctx.fillStyle = theme.dim;
    ctx.fillText(String(frame), x, RULER_PX / 2 - 1);
  }
  rectangle(ctx, theme.accent, head - 0.75, RULER_PX - 8, 1.5, layout.height);
  rounded(ctx, theme.accent, head - width / 2, 2, width, RULER_PX - 7, 4);
  ctx.fillStyle = theme.head;
  ctx.fillText(String(session.frame), head, RULER_PX / 2 - 1);
}

/** How far the rows are scrolled, when they do not all fit. @type {(ctx: Context, scene: TimelineScene) => void} */
function renderScroll(ctx, { layout, theme }) {
  const { width, height, scroll, overflow, left, frames, from, zoom } = layout;
  if (zoom > 1) {
    const wide = width - left;
    rounded(ctx, theme.line, left + 2 + (wide * from) / Math.max(frames - 1, 1), height - 4, Math.max(wide / zoom - 4, 8), 3, 1.5);
  }
  if (overflow === 0) return;
  const room = height - RULER_PX;
  const share = room / (room + overflow);
  rounded(ctx, theme.line, width - 5, RULER_PX + 2 + scroll * share, 3, room * share - 4, 1.5);
}

/** Cut with dots where it is too long. @type {(ctx: Context, text: string, width: number) => string} */
function shortened(ctx, text, width) {
  if (ctx.measureText(text).width <= width) return text;
  let end = text.length - 1;
  while (end > 1 && ctx.measureText(`${text.slice(0, end)}…`).width > width) end -= 1;
  return `${text.slice(0, end).trimEnd()}…`;
}

/** @type {DrawRow} */
function renderRow(ctx, scene, track, top) {
  const { layout, theme, session } = scene;
  const middle = top + ROW_PX / 2;
  if (isSelected(session.selection, track.id)) rectangle(ctx, theme.row, 0, top, layout.width, ROW_PX);
  ctx.globalAlpha = track.hidden ? 0.55 : 1;
  // All of a group have one mark at their left.
  const group = track.group !== null && scene.drawing.tracks.find((other) => other.group === track.group);
  if (group) rectangle(ctx, group.color, 2, top + 1, 4, ROW_PX - 2);
  rounded(ctx, track.color, 10, middle - 5, 10, 10, 3);
  ctx.textAlign = "left";
  const off = errorOf(session, track.id);
  const error = off === undefined ? "" : `${off.toFixed(off < 10 ? 1 : 0)} px`;
  const room = layout.left - 68 - (error ? ctx.measureText(error).width + 6 : 0);
  if (error) {
    ctx.fillStyle = theme.dim;
    ctx.fillText(error, layout.left - 46 - ctx.measureText(error).width, middle + 0.5);
  }
  const idle = idleTracks(scene.drawing, session.family).has(track.id);
  ctx.globalAlpha = 1;
  ctx.fillStyle = idle ? theme.warn : track.hidden ? theme.dim : theme.text;
  ctx.fillText(shortened(ctx, `${idle ? "! " : ""}${track.parent === null ? "" : "↳ "}${track.name.slice(0, 80)}`, room), 26, middle + 0.5);
  renderEye(ctx, layout.left - 32, middle, track.hidden ? theme.dim : theme.text, track.hidden);
  padlock(ctx, { x: layout.left - 12, y: middle }, track.locked ? theme.text : theme.dim, track.locked);
  ctx.globalAlpha = track.hidden ? 0.45 : track.locked ? 0.6 : 1;
  within(ctx, layout.left, top, layout.width - layout.left, ROW_PX, () => renderBar(ctx, scene, track, top));
  ctx.globalAlpha = 1;
  rectangle(ctx, theme.faint, 0, top + ROW_PX - 1, layout.width, 1);
}

/** @type {(ctx: Context, x: number, y: number, color: string, closed: boolean) => void} */
function renderEye(ctx, x, y, color, closed) {
  ctx.beginPath();
  ctx.moveTo(x - 6, y);
  ctx.quadraticCurveTo(x, y - 7, x + 6, y);
  ctx.quadraticCurveTo(x, y + 7, x - 6, y);
  paint(ctx, null, color, 1.2);
  if (closed) trace(ctx, [{ x: x - 5, y: y + 5 }, { x: x + 5, y: y - 5 }]);
  else {
    ctx.beginPath();
    ctx.arc(x, y, 1.2, 0, 2 * Math.PI);
  }
  paint(ctx, closed ? null : color, color, 1.2);
}

/** The motion from start to end, its speed, windows and keys. @type {DrawRow} */
function renderBar(ctx, scene, track, top) {
  const { drawing: { frames }, layout, theme, session: { key: held } } = scene;
  const { start, end } = motionRange(track.timing, frames);
  const [high, low] = [top + 4, top + ROW_PX - 7];
  const [x0, x1] = [frameToX(layout, start), frameToX(layout, end)];
  rounded(ctx, `${track.color}2e`, x0, high - 1, Math.max(x1 - x0, 2), low - high + 2, 3);
  if (track.knots.length > 1) renderSpeed(ctx, scene, track, top);
  renderWindows(ctx, scene, track, top);
  const keys = allKeys(track, frames);
  keys.forEach((key, index) => {
    const [x, y] = [frameToX(layout, key.frame), (high + low) / 2];
    const chosen = held?.track === track.id && (index === 0 ? held.index === -1 : track.timing.keys[held.index]?.frame === key.frame);
    if (index > 0 && index < keys.length - 1) {
      trace(ctx, [{ x, y: y - 5.5 }, { x: x + 5.5, y }, { x, y: y + 5.5 }, { x: x - 5.5, y }], true);
    } else {
      ctx.beginPath();
      ctx.roundRect(x - 2.5, high - 1, 5, low - high + 2, 2);
    }
    paint(ctx, chosen ? theme.accent : track.color, chosen ? "#fff" : theme.edge, chosen ? 1.5 : 1);
  });
}

/** The share of the path that is travelled, as a curve over time. @type {DrawRow} */
function renderSpeed(ctx, { drawing: { frames }, layout }, track, top) {
  const height = ROW_PX - 13;
  const shares = progressOf(track, frames);
  // At most one place a pixel, of those in view.
  const [first, last] = [Math.max(Math.floor(layout.from) - 1, 0), Math.min(Math.ceil(xToFrame(layout, layout.width)) + 1, frames - 1)];
  const by = Math.max(Math.ceil((last - first) / layout.width), 1);
  const shown = Array.from({ length: Math.ceil((last - first) / by) + 1 }, (_, i) => Math.min(first + i * by, last));
  trace(ctx, shown.map((frame) => ({ x: frameToX(layout, frame), y: top + ROW_PX - 8 - shares[frame] * height })));
  paint(ctx, null, track.color, 1.25);
}

/** Where the track guides: a line with an edge at both ends. None means always. @type {DrawRow} */
function renderWindows(ctx, { layout, theme }, track, top) {
  if (!track.windows) return;
  const y = top + ROW_PX - 4;
  const left = frameToX(layout, 0);
  rectangle(ctx, theme.line, left, y, frameToX(layout, layout.frames - 1) - left, 1);
  for (const window of track.windows) {
    const [x0, x1] = window.map((frame) => frameToX(layout, frame));
    rectangle(ctx, theme.text, x0, y - 0.5, Math.max(x1 - x0, 1), 2);
    for (const x of [x0, x1]) rectangle(ctx, theme.text, x - 1.5, y - 3, 3, 6);
  }
}
