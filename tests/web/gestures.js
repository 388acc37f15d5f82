/** Gestures and drawings for tests without a page. */

import { pointerDown, pointerMove, pointerUp } from "../../web/js/editor/input/pointer.js";
import { reduce } from "../../web/js/editor/drawing/reducer.js";
import { createDrawing, createTrack } from "../../web/js/editor/drawing/schema.js";

/** Frozen all the way down, so that a write throws. */
export function frozen(value) {
  if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value)) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}
export function drawingOf(...tracks) {
  let drawing = createDrawing();
  for (const given of tracks) {
    const knots = given.knots.map(([x, y]) => ({ x, y }));
    drawing = { ...drawing, tracks: [...drawing.tracks, createTrack(drawing, { ...given, knots })] };
  }
  return frozen(drawing);
}

/** Events on a view of scale 1, so that canvas and image pixels agree. */
export function gesture(drawing, session, events) {
  const base = { button: 0, shift: false, ctrl: false, alt: false, touch: false, clicks: 1, pan: false };
  let actions = [];
  for (const [kind, x, y, more] of events) {
    const input = { ...base, ...more, canvas: { x, y } };
    if (kind === "move") session = pointerMove(drawing, session, input);
    else {
      const [next, done] = (kind === "down" ? pointerDown : pointerUp)(drawing, session, input);
      session = next;
      actions = [...actions, ...done];
      drawing = done.reduce(reduce, drawing);
    }
  }
  return { drawing, session, actions };
}
export const click = (x, y, more) => [["down", x, y, more], ["up", x, y, more]];
export const drag = (x0, y0, x1, y1, more) => [["down", x0, y0, more], ["move", (x0 + x1) / 2, (y0 + y1) / 2, more], ["move", x1, y1, more], ["up", x1, y1, more]];
