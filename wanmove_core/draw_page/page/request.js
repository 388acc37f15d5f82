/** What was asked for, playing beside what was made: the start image with its drawing. */

import { fitView } from "../editor/curve/geometry.js";
import { parseDrawing } from "../editor/drawing/schema.js";
import { createSession } from "../editor/drawing/store.js";
import { renderBase } from "../editor/draw/base.js";
import { renderTop } from "../editor/draw/marks.js";
import { fitBuffer } from "../editor/page/canvas.js";
import { readTheme } from "../editor/page/theme.js";

/** Follows the time of a video. @param canvases the paths, and the dots above them */
export function playRequest(canvases, video, text, image, root) {
  const drawing = parseDrawing(text);
  const theme = readTheme(root);
  const [base, top] = canvases;
  let frame = -1;
  let request = 0;
  const draw = () => {
    request = requestAnimationFrame(draw);
    if (!top.isConnected) return cancelAnimationFrame(request);
    const share = video.duration ? video.currentTime / video.duration : 0;
    const next = Math.min(Math.floor(share * drawing.frames), drawing.frames - 1);
    const resized = top.width !== Math.round(top.clientWidth * Math.min(devicePixelRatio || 1, 3));
    if (next === frame && !resized) return;
    frame = next;
    const size = fitBuffer(base);
    fitBuffer(top);
    const view = fitView({ x: 0, y: 0, width: drawing.width, height: drawing.height }, size.width, size.height, 0);
    const scene = { drawing, session: { ...createSession(), frame, view }, theme, background: { image, opacity: 1 }, playing: true, ...size };
    renderBase(base.getContext("2d"), scene);
    renderTop(top.getContext("2d"), scene);
  };
  draw();
}
