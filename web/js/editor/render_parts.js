/** Small pieces that both layers draw with. */

import { bezierSegments } from "./curves.js";

/**
 * @typedef {import("./types.js").Track} Track
 * @typedef {CanvasRenderingContext2D} Context
 * @typedef {import("./render.js").Scene} Scene
 */

export const HALO = "rgba(0, 0, 0, 0.45)";

/** @type {WeakMap<Track, Path2D>} */
const shapes = new WeakMap();

/** @param {Track} track */
export function shapeOf(track) {
  let shape = shapes.get(track);
  if (!shape) {
    shape = new Path2D();
    const first = track.knots[0];
    if (first) shape.moveTo(first.x, first.y);
    for (const [, , a, b, c, d, x, y] of bezierSegments(track.knots, track.curve)) {
      if (track.curve === "polyline") shape.lineTo(x, y);
      else shape.bezierCurveTo(a, b, c, d, x, y);
    }
    shapes.set(track, shape);
  }
  return shape;
}

/** Image pixels from here on. @param {Context} ctx @param {Scene} scene */
export function enterImage(ctx, { session: { view }, ratio }) {
  ctx.setTransform(view.scale * ratio, 0, 0, view.scale * ratio, view.x * ratio, view.y * ratio);
}

/** CSS pixels from here on. @param {Context} ctx @param {Scene} scene */
export function enterCanvas(ctx, { ratio }) {
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
}

/** @param {Context} ctx @param {Track} track @param {string} color @param {number} width */
export function strokeShape(ctx, track, color, width) {
  ctx.lineWidth = width;
  ctx.strokeStyle = color;
  ctx.stroke(shapeOf(track));
}

/** @param {Context} ctx @param {{x: number, y: number}} p @param {number} radius
 * @param {string | null} fill @param {string | null} stroke @param {number} [line] */
export function circle(ctx, p, radius, fill, stroke, line = 1.5) {
  ctx.beginPath();
  ctx.arc(p.x, p.y, radius, 0, 2 * Math.PI);
  paint(ctx, fill, stroke, line);
}

/** @param {Context} ctx @param {string | null} fill @param {string | null} stroke @param {number} line */
export function paint(ctx, fill, stroke, line) {
  if (fill) {
    ctx.fillStyle = fill;
    ctx.fill();
  }
  if (!stroke) return;
  ctx.lineWidth = line;
  ctx.strokeStyle = stroke;
  ctx.stroke();
}
