/** The upper layer: dots and trails of the frame, knots of the selection, hover, box, gesture. */

import { toCanvas } from "../curve/geometry.js";
import { boxHandles } from "../input/hit_test.js";
import { renderMotion } from "./motion_preview.js";
import { aims } from "../input/crosshair.js";
import { renderGaps } from "./ghost.js";
import { boxAround } from "../input/strokes.js";
import { ringRadius } from "../input/ring.js";
import { HALO, circle, dashed, enterCanvas, enterImage, paint, strokeShape, trace } from "./parts.js";
import { lineWidth, mapShapes } from "../drawing/maps.js";
import { sampledIn, sentTracks } from "../drawing/sample.js";
import { findTrack, isKnotChosen, isSelected, outlineAt, posedTrack, transformBox } from "../drawing/selection.js";

const TRAIL_FRAMES = 14;
const LABEL_ROOM_PX = 34;

/** @type {Draw} */
export function renderTop(ctx, scene) {
  const { drawing, session } = scene;
  enterCanvas(ctx, scene);
  ctx.clearRect(0, 0, scene.width, scene.height);
  const shown = sentTracks(drawing);
  if (scene.playing && session.motion) {
    enterImage(ctx, scene);
    renderMotion(ctx, scene);
    enterCanvas(ctx, scene);
  }
  if (session.maps) renderMaps(ctx, scene);
  if (scene.playing) renderTrails(ctx, scene, shown);
  if (!scene.playing) for (const track of shown) if (isSelected(session.selection, track.id)) renderPace(ctx, scene, track);
  renderDots(ctx, scene, shown);
  renderGaps(ctx, scene);
  if (session.labels) renderLabels(ctx, scene, shown);
  if (scene.playing) return;
  for (const track of shown) {
    if (isSelected(session.selection, track.id)) renderKnots(ctx, scene, track);
  }
  renderHover(ctx, scene);
  if (session.tool === "select" && !session.unfinished) renderBox(ctx, scene);
  renderGesture(ctx, scene);
  renderCrosshair(ctx, scene);
}

/** The frame as the model gets it: filled masks first, later boxes, over black. @type {Draw} */
function renderMaps(ctx, scene) {
  const { drawing, session: { frame } } = scene;
  const { width, height } = drawing;
  enterImage(ctx, scene);
  ctx.save();
  ctx.beginPath();
  ctx.rect(0, 0, width, height);
  ctx.clip();
  ctx.fillStyle = "#000c";
  ctx.fillRect(0, 0, width, height);
  ctx.lineJoin = "round";
  ctx.lineWidth = lineWidth(width, height);
  for (const { color, outline, box } of mapShapes(drawing, frame)) {
    ctx.fillStyle = ctx.strokeStyle = color;
    if (frame === 0) {
      trace(ctx, outline, true);
      ctx.fill();
    } else if (box) ctx.strokeRect(box.x + 0.5, box.y + 0.5, box.width, box.height);
  }
  ctx.restore();
  enterCanvas(ctx, scene);
}

/** Every colour and age is one path: a thousand points stay cheap. @type {DrawTracks} */
function renderTrails(ctx, { drawing, session: { frame, view } }, tracks) {
  for (const color of new Set(tracks.map((track) => track.color))) {
    ctx.strokeStyle = color;
    for (let to = Math.max(frame - TRAIL_FRAMES + 1, 1); to <= frame; to += 1) {
      ctx.beginPath();
      for (const track of tracks) {
        if (track.color !== color) continue;
        const { points, positions, visible } = sampledIn(drawing, track);
        if (!visible[to] || !visible[to - 1]) continue;
        for (let b = 2 * to * points; b < 2 * (to + 1) * points; b += 2) {
          const a = b - 2 * points;
          ctx.moveTo(positions[a] * view.scale + view.x, positions[a + 1] * view.scale + view.y);
          ctx.lineTo(positions[b] * view.scale + view.x, positions[b + 1] * view.scale + view.y);
        }
      }
      const fresh = 1 - (frame - to + 1) / (TRAIL_FRAMES + 1);
      ctx.globalAlpha = 0.75 * fresh;
      ctx.lineWidth = 1 + 3 * fresh;
      ctx.stroke();
    }
  }
  ctx.globalAlpha = 1;
}

/** Filled while a point guides, an open ring while it does not; small where the cells show. @type {DrawTracks} */
function renderDots(ctx, { drawing, session: { cells, frame, view } }, tracks) {
  for (const track of tracks) {
    const { points, positions, visible } = sampledIn(drawing, track);
    const seen = visible[frame] === 1;
    const radius = (track.spread ? 2.5 : 5) / (cells ? 2 : 1);
    if (track.knots.length === 1 && !track.spread && track.parent === null && seen) continue;
    ctx.beginPath();
    for (let at = 2 * frame * points; at < 2 * (frame + 1) * points; at += 2) {
      const [x, y] = [positions[at] * view.scale + view.x, positions[at + 1] * view.scale + view.y];
      ctx.moveTo(x + radius, y);
      ctx.arc(x, y, radius, 0, 2 * Math.PI);
    }
    const line = track.spread ? 0.75 : 1.5;
    if (seen) paint(ctx, track.color, "#fff", line);
    else dashed(ctx, [2, 2], () => paint(ctx, null, track.color, line));
  }
}

/** A dot for every frame: how far apart they are is how fast it goes. @type {DrawTrack} */
function renderPace(ctx, { drawing, session: { view } }, track) {
  if (track.knots.length < 2 && track.parent === null) return;
  const { own } = sampledIn(drawing, track);
  ctx.beginPath();
  for (let i = 0; i < own.length; i += 2) {
    const [x, y] = [own[i] * view.scale + view.x, own[i + 1] * view.scale + view.y];
    ctx.moveTo(x + 2, y);
    ctx.arc(x, y, 2, 0, 2 * Math.PI);
  }
  // The edges first: where dots lie close they would make the line black.
  paint(ctx, null, "rgba(0, 0, 0, 0.7)", 1.5);
  paint(ctx, "#fff", null);
}

/** The name where a path starts, and numbers of frames along it. @type {DrawTracks} */
function renderLabels(ctx, { drawing, session: { view } }, tracks) {
  const { frames } = drawing;
  ctx.font = "11px system-ui, sans-serif";
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  ctx.lineJoin = "round";
  const write = (/** @type {string} */ text, /** @type {number} */ x, /** @type {number} */ y) => {
    ctx.lineWidth = 3;
    ctx.strokeStyle = "rgba(0, 0, 0, 0.75)";
    ctx.strokeText(text, x, y);
    ctx.fillStyle = "#fff";
    ctx.fillText(text, x, y);
  };
  for (const track of tracks) {
    const { own } = sampledIn(drawing, track);
    const at = (/** @type {number} */ frame) => toCanvas(view, { x: own[2 * frame], y: own[2 * frame + 1] });
    let last = at(0);
    write(track.name, last.x + 10, last.y - 12);
    for (let frame = 0; frame < frames; frame += 4) {
      const place = at(frame);
      if (frame > 0 && Math.hypot(place.x - last.x, place.y - last.y) < LABEL_ROOM_PX) continue;
      if (track.knots.length > 1) write(String(frame), place.x + 6, place.y + 11);
      last = place;
    }
  }
}

/** @type {DrawTrack} */
function renderKnots(ctx, { session: { selection, view }, theme }, track) {
  track.knots.forEach((knot, index) => {
    const chosen = isKnotChosen(selection, track.id, index);
    const p = toCanvas(view, knot);
    if (chosen && track.curve === "bezier") renderHandles(ctx, view, knot, track.color);
    const half = chosen ? 4.5 : 3.5;
    ctx.beginPath();
    if (track.curve === "polyline" || knot.broken) ctx.rect(p.x - half, p.y - half, 2 * half, 2 * half);
    else ctx.arc(p.x, p.y, half, 0, 2 * Math.PI);
    paint(ctx, chosen ? track.color : theme.ink, chosen ? "#fff" : track.color, chosen ? 2 : 1.75);
  });
}

/** @type {(ctx: Context, view: View, knot: Knot, color: string) => void} */
function renderHandles(ctx, view, knot, color) {
  for (const [dx, dy] of [knot.in ?? [0, 0], knot.out ?? [0, 0]]) {
    if (dx === 0 && dy === 0) continue;
    const tip = toCanvas(view, { x: knot.x + dx, y: knot.y + dy });
    trace(ctx, [toCanvas(view, knot), tip]);
    paint(ctx, null, HALO, 3);
    paint(ctx, null, "#fff", 1);
    circle(ctx, tip, 3.5, "#fff", color);
  }
}

/** @type {Draw} */
function renderHover(ctx, scene) {
  const { drawing, session: { hover, drag, view } } = scene;
  const track = hover && !drag && "track" in hover && findTrack(drawing, hover.track);
  if (!track) return;
  if (hover.kind === "path" || hover.kind === "area") {
    enterImage(ctx, scene);
    strokeShape(ctx, track, track.color, 4 / view.scale);
    enterCanvas(ctx, scene);
  }
  if (hover.kind === "knot") circle(ctx, toCanvas(view, track.knots[hover.knot]), 8, null, "#fff", 2);
}

/** @type {Draw} */
function renderBox(ctx, { drawing, session, theme }) {
  const box = transformBox(drawing, session.selection, session.frame);
  if (!box) return;
  const posed = posedTrack(drawing, session.selection, session.frame);
  if (posed) {
    trace(ctx, outlineAt(drawing, posed, session.frame).map((point) => toCanvas(session.view, point)), true);
    dashed(ctx, [2, 3], () => paint(ctx, null, posed.color, 1.5));
  }
  const { rotate, ...handles } = boxHandles(box, session.view);
  trace(ctx, [handles.nw, handles.ne, handles.se, handles.sw], true);
  ctx.moveTo(handles.n.x, handles.n.y);
  ctx.lineTo(rotate.x, rotate.y + 5);
  paint(ctx, null, HALO, 2.5);
  paint(ctx, null, theme.mark, 1);
  circle(ctx, rotate, 4.5, "#fff", theme.mark);
  for (const { x, y } of Object.values(handles)) {
    ctx.beginPath();
    ctx.rect(x - 3.5, y - 3.5, 7, 7);
    paint(ctx, "#fff", theme.mark);
  }
}

/** A stroke, a lasso, a selection rectangle or the line to the next click. @type {Draw} */
function renderGesture(ctx, { drawing, session, theme }) {
  const { drag, unfinished, cursor, hover, view, tool } = session;
  if (tool === "draw" && cursor && !drag && !unfinished && !hover && session.ring > 0) {
    circle(ctx, toCanvas(view, cursor), ringRadius(session) * view.scale, null, HALO, 3);
    circle(ctx, toCanvas(view, cursor), ringRadius(session) * view.scale, null, "#fff", 1);
  }
  const drawn = findTrack(drawing, unfinished);
  const last = drawn?.knots[drawn.knots.length - 1];
  if (drawn && last && cursor && !drag && tool === "draw") {
    trace(ctx, [toCanvas(view, last), toCanvas(view, cursor)]);
    dashed(ctx, [5, 4], () => {
      paint(ctx, null, HALO, 3);
      paint(ctx, null, drawn.color);
    });
  }
  if (!drag?.moved || !cursor) return;
  if (drag.kind === "box-select") {
    const [p, q] = [toCanvas(view, drag.start), toCanvas(view, cursor)];
    ctx.beginPath();
    ctx.rect(p.x, p.y, q.x - p.x, q.y - p.y);
    paint(ctx, `${theme.mark}22`, theme.mark, 1);
  }
  if (drag.kind !== "stroke") return;
  const lasso = tool === "region";
  trace(ctx, (drag.square ? boxAround(drag.points) : drag.points).map((point) => toCanvas(view, point)), lasso);
  paint(ctx, lasso ? `${theme.mark}33` : null, HALO, 4);
  paint(ctx, null, theme.mark, 2);
}

/** @type {Draw} */
function renderCrosshair(ctx, { session, theme }) {
  const { aim, view } = session;
  if (!aim || !aims(session)) return;
  const { x, y } = toCanvas(view, aim);
  ctx.beginPath();
  for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    ctx.moveTo(x + 4 * dx, y + 4 * dy);
    ctx.lineTo(x + 16 * dx, y + 16 * dy);
  }
  paint(ctx, null, HALO, 5);
  paint(ctx, null, "#fff", 2.5);
  circle(ctx, { x, y }, 1.5, theme.mark, null);
}
