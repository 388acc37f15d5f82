/** Draws the dope sheet. */

import { allKeys, motionRange, sampledTrack } from "./sample.js";
import { ROW_PX, RULER_PX, frameToX, rowTop, rulerStep } from "./timeline.js";

/**
 * @typedef {import("./types.js").Track} Track
 * @typedef {import("./render.js").Scene} Scene
 * @typedef {import("./timeline.js").Layout} Layout
 * @typedef {CanvasRenderingContext2D} Context
 * @typedef {Scene & {layout: Layout}} TimelineScene
 */

const FONT = "11px system-ui, sans-serif";

/** @param {Context} ctx @param {TimelineScene} scene */
export function renderTimeline(ctx, scene) {
  const { document, layout, theme, ratio } = scene;
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, layout.width, layout.height);
  ctx.font = FONT;
  ctx.textBaseline = "middle";
  ctx.save();
  ctx.beginPath();
  ctx.rect(0, RULER_PX, layout.width, layout.height - RULER_PX);
  ctx.clip();
  document.tracks.forEach((track, index) => {
    const top = rowTop(layout, document.tracks.length, index);
    if (top > -ROW_PX && top < layout.height) renderRow(ctx, scene, track, top);
  });
  ctx.restore();
  renderRuler(ctx, scene);
  renderPlayhead(ctx, scene);
  ctx.fillStyle = theme.line;
  ctx.fillRect(layout.left - 0.5, 0, 1, layout.height);
}

/** @param {Context} ctx @param {TimelineScene} scene */
function renderRuler(ctx, { layout, theme }) {
  ctx.fillStyle = theme.line;
  ctx.fillRect(0, RULER_PX - 1, layout.width, 1);
  const step = rulerStep(layout);
  ctx.textAlign = "center";
  for (let frame = 0; frame < layout.frames; frame += step) {
    const x = frameToX(layout, frame);
    ctx.fillStyle = theme.line;
    ctx.fillRect(x - 0.5, RULER_PX - 6, 1, 5);
    ctx.fillStyle = theme.dim;
    ctx.fillText(String(frame), x, RULER_PX / 2 - 1);
  }
}

/** @param {Context} ctx @param {TimelineScene} scene */
function renderPlayhead(ctx, { layout, theme, session }) {
  const x = frameToX(layout, session.frame);
  ctx.fillStyle = theme.accent;
  ctx.fillRect(x - 0.75, RULER_PX - 8, 1.5, layout.height);
  const text = String(session.frame);
  const width = Math.max(ctx.measureText(text).width + 10, 22);
  ctx.beginPath();
  ctx.roundRect(x - width / 2, 2, width, RULER_PX - 7, 4);
  ctx.fill();
  ctx.fillStyle = "#fff";
  ctx.textAlign = "center";
  ctx.fillText(text, x, RULER_PX / 2 - 1);
}

/** @param {Context} ctx @param {TimelineScene} scene @param {Track} track @param {number} top */
function renderRow(ctx, scene, track, top) {
  const { layout, theme, session } = scene;
  const middle = top + ROW_PX / 2;
  if (session.selection.some((part) => part.track === track.id)) {
    ctx.fillStyle = theme.row;
    ctx.fillRect(0, top, layout.width, ROW_PX);
  }
  ctx.globalAlpha = track.hidden ? 0.4 : 1;
  ctx.fillStyle = track.color;
  ctx.beginPath();
  ctx.roundRect(10, middle - 5, 10, 10, 3);
  ctx.fill();
  ctx.save();
  ctx.beginPath();
  ctx.rect(26, top, layout.left - 68, ROW_PX);
  ctx.clip();
  ctx.textAlign = "left";
  ctx.fillStyle = theme.text;
  ctx.fillText(track.name, 26, middle + 0.5);
  ctx.restore();
  ctx.globalAlpha = 1;
  renderEye(ctx, layout.left - 32, middle, track.hidden ? theme.dim : theme.text, track.hidden);
  renderLock(ctx, layout.left - 12, middle, track.locked ? theme.text : theme.dim, track.locked);
  ctx.globalAlpha = track.hidden ? 0.35 : track.locked ? 0.6 : 1;
  renderBar(ctx, scene, track, top);
  ctx.globalAlpha = 1;
  ctx.fillStyle = theme.faint;
  ctx.fillRect(0, top + ROW_PX - 1, layout.width, 1);
}

/** @param {Context} ctx @param {number} x @param {number} y @param {string} color
 * @param {boolean} closed */
function renderEye(ctx, x, y, color, closed) {
  ctx.strokeStyle = ctx.fillStyle = color;
  ctx.lineWidth = 1.2;
  ctx.beginPath();
  ctx.moveTo(x - 6, y);
  ctx.quadraticCurveTo(x, y - 7, x + 6, y);
  ctx.quadraticCurveTo(x, y + 7, x - 6, y);
  ctx.stroke();
  ctx.beginPath();
  if (closed) {
    ctx.moveTo(x - 5, y + 5);
    ctx.lineTo(x + 5, y - 5);
    ctx.stroke();
  } else {
    ctx.arc(x, y, 1.8, 0, 2 * Math.PI);
    ctx.fill();
  }
}

/** @param {Context} ctx @param {number} x @param {number} y @param {string} color
 * @param {boolean} closed */
function renderLock(ctx, x, y, color, closed) {
  ctx.strokeStyle = ctx.fillStyle = color;
  ctx.lineWidth = 1.2;
  ctx.beginPath();
  ctx.roundRect(x - 4, y - 1, 8, 6, 1.5);
  if (closed) ctx.fill();
  ctx.stroke();
  ctx.beginPath();
  ctx.arc(closed ? x : x + 2.4, y - 2, 2.4, Math.PI, 0);
  ctx.stroke();
}

/** The motion from start to end, with the share of the path that is travelled as a curve.
 * @param {Context} ctx @param {TimelineScene} scene @param {Track} track @param {number} top */
function renderBar(ctx, scene, track, top) {
  const { document, layout, theme, session } = scene;
  const { start, end } = motionRange(track.timing, document.frames);
  const [x0, x1] = [frameToX(layout, start), frameToX(layout, end)];
  const [high, low] = [top + 4, top + ROW_PX - 7];
  ctx.save();
  ctx.beginPath();
  ctx.rect(layout.left, top, layout.width - layout.left, ROW_PX);
  ctx.clip();
  ctx.fillStyle = `${track.color}2e`;
  ctx.beginPath();
  ctx.roundRect(x0, high - 1, Math.max(x1 - x0, 2), low - high + 2, 3);
  ctx.fill();
  if (track.knots.length > 1) renderSpeed(ctx, scene, track, high + 1, low - 1);
  renderWindows(ctx, scene, track, top);
  const keys = allKeys(track, document.frames);
  keys.forEach((key, index) => {
    const outer = index === 0 || index === keys.length - 1;
    const x = frameToX(layout, key.frame);
    const y = (high + low) / 2;
    const chosen = session.key?.track === track.id && (index === 0 ? session.key.index === -1
      : track.timing.keys[session.key.index]?.frame === key.frame);
    ctx.beginPath();
    if (outer) ctx.roundRect(x - 2.5, high - 1, 5, low - high + 2, 2);
    else {
      ctx.moveTo(x, y - 5.5);
      ctx.lineTo(x + 5.5, y);
      ctx.lineTo(x, y + 5.5);
      ctx.lineTo(x - 5.5, y);
      ctx.closePath();
    }
    ctx.fillStyle = chosen ? theme.accent : track.color;
    ctx.fill();
    ctx.strokeStyle = chosen ? "#fff" : theme.edge;
    ctx.lineWidth = chosen ? 1.5 : 1;
    ctx.stroke();
  });
  ctx.restore();
}

/** @param {Context} ctx @param {TimelineScene} scene @param {Track} track @param {number} high
 * @param {number} low */
function renderSpeed(ctx, { document, layout }, track, high, low) {
  const { own } = sampledTrack(track, document.frames);
  const travelled = [0];
  for (let frame = 1; frame < document.frames; frame += 1) {
    const dx = (own[2 * frame] ?? 0) - (own[2 * frame - 2] ?? 0);
    const dy = (own[2 * frame + 1] ?? 0) - (own[2 * frame - 1] ?? 0);
    travelled.push((travelled[frame - 1] ?? 0) + Math.hypot(dx, dy));
  }
  const total = travelled[travelled.length - 1] || 1;
  ctx.beginPath();
  travelled.forEach((value, frame) => ctx.lineTo(frameToX(layout, frame), low - (value / total) * (low - high)));
  ctx.strokeStyle = track.color;
  ctx.lineWidth = 1.25;
  ctx.stroke();
}

/** Where the track guides: a line with an edge at both ends. None means always.
 * @param {Context} ctx @param {TimelineScene} scene @param {Track} track @param {number} top */
function renderWindows(ctx, { layout, theme }, track, top) {
  if (!track.windows) return;
  const y = top + ROW_PX - 4;
  ctx.fillStyle = theme.line;
  ctx.fillRect(frameToX(layout, 0), y, frameToX(layout, layout.frames - 1) - frameToX(layout, 0), 1);
  ctx.fillStyle = theme.text;
  for (const [from, to] of track.windows) {
    const [x0, x1] = [frameToX(layout, from), frameToX(layout, to)];
    ctx.fillRect(x0, y - 0.5, Math.max(x1 - x0, 1), 2);
    for (const x of [x0, x1]) ctx.fillRect(x - 1.5, y - 3, 3, 6);
  }
}
