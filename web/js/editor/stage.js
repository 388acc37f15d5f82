/** The drawing canvas: two layers, pointers, wheel. */

import { fitView, toImage, zoomAt } from "./geometry.js";
import { pointerDown, pointerMove, pointerUp } from "./pointer.js";
import { renderBase, renderTop } from "./render.js";
import { element } from "./dom.js";

/**
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./types.js").PointerInput} PointerInput
 * @typedef {import("./types.js").CanvasPoint} CanvasPoint
 * @typedef {import("./render.js").Scene} Scene
 */

const FIT_MARGIN_PX = 24;
const WHEEL_ZOOM = 0.0016;
const CURSORS = { knot: "move", handle: "move", path: "pointer", area: "move", dot: "grab" };

/** @param {HTMLCanvasElement} canvas @param {{clientX: number, clientY: number}} event
 * @returns {CanvasPoint} exact inside a CSS transform, as in a zoomed graph */
export function canvasPoint(canvas, event) {
  const rect = canvas.getBoundingClientRect();
  const k = canvas.clientWidth / (rect.width || 1);
  return { x: (event.clientX - rect.left) * k, y: (event.clientY - rect.top) * k };
}

/** Give a canvas one device pixel per pixel. @param {HTMLCanvasElement} canvas
 * @returns {{width: number, height: number, ratio: number}} */
export function fitBuffer(canvas) {
  const ratio = Math.min(window.devicePixelRatio || 1, 3);
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  return { width, height, ratio };
}

/**
 * @param {HTMLElement} root
 * @param {{store: Store, scene: () => Omit<Scene, "width" | "height" | "ratio">,
 *   wheelIsOurs: (event: WheelEvent) => boolean, forward: ((event: Event) => void) | null,
 *   signal: AbortSignal}} options
 */
export function createStage(root, { store, scene, wheelIsOurs, forward, signal }) {
  const base = element("canvas", { className: "wm-layer" });
  const top = element("canvas", { className: "wm-layer wm-top", tabIndex: 0 });
  top.setAttribute("aria-label", "Motion canvas");
  root.append(base, top);
  /** @type {Map<number, CanvasPoint>} */
  const touches = new Map();
  let fitted = false;
  let spaceHeld = false;

  /** @param {PointerEvent} event @returns {PointerInput} */
  const inputOf = (event) => ({
    canvas: canvasPoint(top, event), button: event.button, shift: event.shiftKey, alt: event.altKey,
    ctrl: event.ctrlKey || event.metaKey, touch: event.pointerType === "touch",
    clicks: event.detail, pan: spaceHeld,
  });

  const fit = () => {
    const { width, height } = store.get().document;
    if (top.clientWidth === 0) return;
    fitted = true;
    store.session({ follow: true, view: fitView({ x: 0, y: 0, width, height }, top.clientWidth, top.clientHeight, FIT_MARGIN_PX) });
  };

  let clicks = { time: 0, x: 0, y: 0, count: 0 };
  /** PointerEvent.detail is 0, so clicks are counted here. @param {PointerEvent} event */
  const countClicks = (event) => {
    const again = event.timeStamp - clicks.time < 350 && Math.hypot(event.clientX - clicks.x, event.clientY - clicks.y) < 5;
    clicks = { time: event.timeStamp, x: event.clientX, y: event.clientY, count: again ? clicks.count + 1 : 1 };
  };

  /** @param {PointerEvent} event */
  const down = (event) => {
    top.focus({ preventScroll: true });
    if (event.button === 1 && forward) return forward(event);
    countClicks(event);
    if (event.pointerType === "touch") touches.set(event.pointerId, canvasPoint(top, event));
    top.setPointerCapture(event.pointerId);
    if (touches.size > 1) return store.session({ drag: null });
    const { document, session } = store.get();
    const [next, actions] = pointerDown(document, session, { ...inputOf(event), clicks: clicks.count });
    store.act(actions, next);
  };

  /** @param {PointerEvent} event */
  const move = (event) => {
    if (touches.has(event.pointerId) && touches.size > 1) return pinch(event);
    const { document, session } = store.get();
    const next = pointerMove(document, session, inputOf(event));
    store.session(session.drag?.kind === "pan" ? { ...next, follow: false } : next);
  };

  /** Two fingers move and zoom. @param {PointerEvent} event */
  const pinch = (event) => {
    const [other] = [...touches].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
    const before = touches.get(event.pointerId);
    const now = canvasPoint(top, event);
    touches.set(event.pointerId, now);
    if (!other || !before) return;
    const spread = (/** @type {CanvasPoint} */ p) => Math.hypot(p.x - other.x, p.y - other.y) || 1;
    const { view } = store.get().session;
    const zoomed = zoomAt(view, other, spread(now) / spread(before));
    store.session({ follow: false, view: { ...zoomed, x: zoomed.x + (now.x - before.x) / 4, y: zoomed.y + (now.y - before.y) / 4 } });
  };

  /** @param {PointerEvent} event */
  const up = (event) => {
    const several = touches.size > 1;
    touches.delete(event.pointerId);
    if (several) return;
    const { document, session } = store.get();
    const [next, actions] = pointerUp(document, session, { ...inputOf(event), clicks: clicks.count });
    store.act(actions, next);
  };

  /** @param {WheelEvent} event */
  const wheel = (event) => {
    if (!wheelIsOurs(event)) return forward?.(event);
    event.preventDefault();
    event.stopPropagation();
    const { view } = store.get().session;
    const factor = Math.exp(-event.deltaY * WHEEL_ZOOM * (event.ctrlKey ? 4 : 1));
    store.session({ follow: false, view: zoomAt(view, canvasPoint(top, event), factor) });
  };

  top.addEventListener("pointerdown", down, { signal });
  top.addEventListener("pointermove", move, { signal });
  top.addEventListener("pointerup", up, { signal });
  top.addEventListener("pointercancel", (event) => {
    touches.delete(event.pointerId);
    store.session({ drag: null });
  }, { signal });
  top.addEventListener("pointerleave", () => {
    if (!store.get().session.drag) store.session({ hover: null, cursor: null });
  }, { signal });
  top.addEventListener("wheel", wheel, { signal, passive: false });
  top.addEventListener("contextmenu", (event) => {
    event.preventDefault();
    event.stopPropagation();
  }, { signal });

  /** @param {boolean} all the base layer too */
  const draw = (all) => {
    if (top.clientWidth === 0) return;
    if (!fitted && store.get().session.follow) fit();
    const { session } = store.get();
    const shown = scene();
    const cursor = session.hover?.kind === "box" ? (session.hover.handle === "rotate" ? "grab" : `${session.hover.handle}-resize`)
      : session.hover ? CURSORS[session.hover.kind] : session.tool === "select" ? "default" : "crosshair";
    top.style.cursor = session.drag?.kind === "pan" || spaceHeld ? "grabbing" : cursor;
    for (const [canvas, render] of /** @type {const} */ ([[base, renderBase], [top, renderTop]])) {
      if (canvas === base && !all) continue;
      const ctx = canvas.getContext("2d");
      if (ctx) render(ctx, { ...shown, ...fitBuffer(canvas) });
    }
  };

  return {
    draw,
    fit,
    canvas: top,
    /** @param {boolean} held */
    holdSpace(held) {
      spaceHeld = held;
    },
    /** Fit again, unless the view was chosen. */
    resized() {
      if (store.get().session.follow) fit();
    },
    /** @param {{clientX: number, clientY: number}} event */
    imagePoint: (event) => toImage(store.get().session.view, canvasPoint(top, event)),
  };
}
