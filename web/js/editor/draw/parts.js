/** Small pieces that all layers draw with. */

import { bezierSegments } from "../curve/curves.js";
import { remembered } from "../drawing/sample.js";

export const HALO = "rgba(0, 0, 0, 0.45)";

const shapeOf = remembered((/** @type {Track} */ { knots, curve }) => {
  const shape = new Path2D();
  shape.moveTo(knots[0].x, knots[0].y);
  for (const [, , a, b, c, d, x, y] of bezierSegments(knots, curve)) {
    if (curve === "polyline") shape.lineTo(x, y);
    else shape.bezierCurveTo(a, b, c, d, x, y);
  }
  return shape;
});

/** Image pixels from here on. @type {Draw} */
export function enterImage(ctx, { session: { view }, ratio }) {
  ctx.setTransform(view.scale * ratio, 0, 0, view.scale * ratio, view.x * ratio, view.y * ratio);
}

/** CSS pixels from here on. @type {Draw} */
export function enterCanvas(ctx, { ratio }) {
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
}

/** @type {(ctx: Context, track: Track, color: string, width: number) => void} */
export function strokeShape(ctx, track, color, width) {
  ctx.lineWidth = width;
  ctx.strokeStyle = color;
  ctx.stroke(shapeOf(track));
}

/** Begin a path through points. @type {(ctx: Context, points: readonly XY[], closed?: boolean) => void} */
export function trace(ctx, points, closed = false) {
  ctx.beginPath();
  for (const { x, y } of points) ctx.lineTo(x, y);
  if (closed) ctx.closePath();
}

/** Fill and stroke the path that was begun. @type {(ctx: Context, fill: string | null, stroke: string | null, line?: number) => void} */
export function paint(ctx, fill, stroke, line = 1.5) {
  if (fill) {
    ctx.fillStyle = fill;
    ctx.fill();
  }
  if (!stroke) return;
  ctx.lineWidth = line;
  ctx.strokeStyle = stroke;
  ctx.stroke();
}

/** @type {(ctx: Context, p: XY, radius: number, fill: string | null, stroke: string | null, line?: number) => void} */
export function circle(ctx, p, radius, fill, stroke, line) {
  ctx.beginPath();
  ctx.arc(p.x, p.y, radius, 0, 2 * Math.PI);
  paint(ctx, fill, stroke, line);
}

/** @type {(ctx: Context, pattern: number[], draw: () => void) => void} */
export function dashed(ctx, pattern, draw) {
  ctx.setLineDash(pattern);
  draw();
  ctx.setLineDash([]);
}

/** An open or closed padlock around its shackle's foot. @type {(ctx: Context, p: XY, color: string, closed: boolean) => void} */
export function padlock(ctx, { x, y }, color, closed) {
  ctx.beginPath();
  ctx.roundRect(x - 4, y - 1, 8, 6, 1.5);
  paint(ctx, closed ? color : null, color, 1.2);
  ctx.beginPath();
  ctx.arc(closed ? x : x + 2.4, y - 2, 2.4, Math.PI, 0);
  paint(ctx, null, color, 1.2);
}
