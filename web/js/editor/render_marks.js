/** Marks over the paths: knots and handles of the selection, hover, box, gesture under way. */

import { toCanvas } from "./geometry.js";
import { boxHandles } from "./hit_test.js";
import { HALO, circle, enterCanvas, enterImage, paint, strokeShape } from "./render_parts.js";
import { isKnotChosen, transformBox } from "./selection.js";

/**
 * @typedef {import("./types.js").Track} Track
 * @typedef {import("./render.js").Scene} Scene
 * @typedef {CanvasRenderingContext2D} Context
 */

/** @param {Context} ctx @param {Scene} scene @param {Track} track */
export function renderKnots(ctx, { session: { selection, view }, theme }, track) {
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

/** @param {Context} ctx @param {import("./types.js").View} view
 * @param {import("./types.js").Knot} knot @param {string} color */
function renderHandles(ctx, view, knot, color) {
  const base = toCanvas(view, knot);
  for (const handle of [knot.in, knot.out]) {
    if (!handle || (handle[0] === 0 && handle[1] === 0)) continue;
    const tip = toCanvas(view, { x: knot.x + handle[0], y: knot.y + handle[1] });
    ctx.beginPath();
    ctx.moveTo(base.x, base.y);
    ctx.lineTo(tip.x, tip.y);
    paint(ctx, null, HALO, 3);
    paint(ctx, null, "#fff", 1);
    circle(ctx, tip, 3.5, "#fff", color, 1.5);
  }
}

/** @param {Context} ctx @param {Scene} scene */
export function renderHover(ctx, scene) {
  const { document, session: { hover, drag, view } } = scene;
  if (!hover || drag || !("track" in hover)) return;
  const track = document.tracks.find((candidate) => candidate.id === hover.track);
  if (!track) return;
  if (hover.kind === "path" || hover.kind === "area") {
    enterImage(ctx, scene);
    strokeShape(ctx, track, track.color, 4 / view.scale);
    enterCanvas(ctx, scene);
  }
  if (hover.kind === "knot") {
    const knot = track.knots[hover.knot];
    if (knot) circle(ctx, toCanvas(view, knot), 8, null, "#fff", 2);
  }
}

/** @param {Context} ctx @param {Scene} scene */
export function renderBox(ctx, { document, session, theme }) {
  const box = transformBox(document, session.selection);
  if (!box || session.drawing) return;
  const handles = boxHandles(box, session.view);
  const [rotate, nw, , se] = handles.map(([, place]) => place);
  const north = handles.find(([name]) => name === "n")?.[1];
  if (!rotate || !nw || !se || !north) return;
  ctx.beginPath();
  ctx.rect(nw.x, nw.y, se.x - nw.x, se.y - nw.y);
  ctx.moveTo(north.x, north.y);
  ctx.lineTo(rotate.x, rotate.y + 5);
  paint(ctx, null, HALO, 2.5);
  paint(ctx, null, theme.accent, 1);
  for (const [name, place] of handles) {
    ctx.beginPath();
    if (name === "rotate") ctx.arc(place.x, place.y, 4.5, 0, 2 * Math.PI);
    else ctx.rect(place.x - 3.5, place.y - 3.5, 7, 7);
    paint(ctx, "#fff", theme.accent, 1.5);
  }
}

/** A stroke, a lasso, a selection rectangle or the line to the next click.
 * @param {Context} ctx @param {Scene} scene */
export function renderGesture(ctx, { document, session, theme }) {
  const { drag, drawing, cursor, view } = session;
  const drawn = document.tracks.find((track) => track.id === drawing);
  const last = drawn?.knots[drawn.knots.length - 1];
  if (drawn && last && cursor && !drag && session.tool === "draw") {
    const [p, q] = [toCanvas(view, last), toCanvas(view, cursor)];
    ctx.beginPath();
    ctx.moveTo(p.x, p.y);
    ctx.lineTo(q.x, q.y);
    ctx.setLineDash([5, 4]);
    paint(ctx, null, HALO, 3);
    paint(ctx, null, drawn.color, 1.5);
    ctx.setLineDash([]);
  }
  if (!drag?.moved || !cursor) return;
  if (drag.kind === "box-select") {
    const [p, q] = [toCanvas(view, drag.start), toCanvas(view, cursor)];
    ctx.beginPath();
    ctx.rect(p.x, p.y, q.x - p.x, q.y - p.y);
    paint(ctx, `${theme.accent}22`, theme.accent, 1);
  }
  if (drag.kind !== "stroke") return;
  ctx.beginPath();
  for (const point of drag.points) {
    const p = toCanvas(view, point);
    ctx.lineTo(p.x, p.y);
  }
  const lasso = session.tool === "region";
  if (lasso) ctx.closePath();
  paint(ctx, lasso ? `${theme.accent}33` : null, HALO, 4);
  paint(ctx, null, theme.accent, 2);
}
