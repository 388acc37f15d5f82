/** The drawing canvas: two layers, pointers, wheel. */

import { canvasPoint, fitBuffer } from "./page/canvas.js";
import { element, listen } from "./page/dom.js";
import { centerOf, distance, fitView, insideBox, revealed, toCanvas, zoomAt } from "./curve/geometry.js";
import { reachedBox } from "./input/crosshair.js";
import { pointerDown, pointerMove, pointerUp } from "./input/pointer.js";
import { renderBase } from "./draw/base.js";
import { renderTop } from "./draw/marks.js";
import { selectionBox } from "./drawing/selection.js";

const FIT_MARGIN_PX = 24;
const REVEAL_MARGIN_PX = 8;
const WHEEL_ZOOM = 0.0016;
const DOUBLE_CLICK_MS = 350;
const DOUBLE_CLICK_PX = 5;
const CURSORS = { knot: "move", handle: "move", path: "pointer", area: "move", dot: "grab" };

/** @type {(session: Session, panning: boolean) => string} */
function cursorFor({ hover, drag, tool }, panning) {
  if (panning || drag?.kind === "pan") return "grabbing";
  if (hover?.kind === "box") return hover.handle === "rotate" ? "grab" : `${hover.handle}-resize`;
  return hover ? CURSORS[hover.kind] : tool === "select" ? "default" : "crosshair";
}

/** PointerEvent.detail is 0, so clicks are counted here. @type {() => (event: PointerEvent) => number} */
function clickCounter() {
  let last = { time: -Infinity, x: 0, y: 0, count: 0 };
  return ({ timeStamp: time, clientX: x, clientY: y }) => {
    const again = time - last.time < DOUBLE_CLICK_MS && distance(last, { x, y }) < DOUBLE_CLICK_PX;
    last = { time, x, y, count: again ? last.count + 1 : 1 };
    return last.count;
  };
}

/** Two fingers move and zoom: the view after one of them moved.
 * @type {(view: View, before: CanvasPoint, now: CanvasPoint, other: CanvasPoint) => View} */
function pinched(view, before, now, other) {
  const zoomed = zoomAt(view, other, (distance(now, other) || 1) / (distance(before, other) || 1));
  return { ...zoomed, x: zoomed.x + (now.x - before.x) / 4, y: zoomed.y + (now.y - before.y) / 4 };
}

/** About what is selected, or the crosshair, or the middle; what was out of view comes to the middle.
 * @type {(state: State, canvas: HTMLElement, factor: number) => View} */
function zoomedView({ drawing, session: { aim, selection, view } }, canvas, factor) {
  const room = { x: 0, y: 0, width: canvas.clientWidth, height: canvas.clientHeight };
  const middle = /** @type {CanvasPoint} */ (centerOf(room));
  const box = selectionBox(drawing, selection);
  const about = box ? toCanvas(view, /** @type {ImagePoint} */ (centerOf(box))) : aim ? toCanvas(view, aim) : middle;
  const zoomed = zoomAt(view, about, factor);
  return insideBox(room, about) ? zoomed : { ...zoomed, x: zoomed.x + middle.x - about.x, y: zoomed.y + middle.y - about.y };
}

/** What keys have chosen or moved comes into view. @type {(store: Store, canvas: HTMLElement) => void} */
function reveal(store, { clientWidth, clientHeight }) {
  const { session: { view } } = store.get();
  const box = reachedBox(store.get());
  const next = box && revealed(view, box, clientWidth, clientHeight, REVEAL_MARGIN_PX);
  if (next && (next.x !== view.x || next.y !== view.y)) store.session({ follow: false, view: next });
}

/** @param {HTMLElement} root @param {CanvasParts} parts */
export function createStage(root, { store, scene, pixels, wheelIsOurs, forward, signal, t }) {
  const base = element("canvas", { className: "wm-layer" });
  const top = element("canvas", { className: "wm-layer wm-top", tabIndex: 0, ariaLabel: t("Motion canvas") });
  root.append(base, top);
  const space = { held: false, panned: false };

  const fit = () => {
    const { width, height } = store.get().drawing;
    if (top.clientWidth === 0) return;
    const view = fitView({ x: 0, y: 0, width, height }, top.clientWidth, top.clientHeight, FIT_MARGIN_PX);
    const { session } = store.get();
    if (!session.follow || JSON.stringify(view) !== JSON.stringify(session.view)) store.session({ follow: true, view });
  };
  listenToPointers(top, store, space, pixels, forward, signal);
  listen(top, {
    wheel(event) {
      if (!wheelIsOurs(event)) return forward?.(event);
      event.preventDefault();
      event.stopPropagation();
      const factor = Math.exp(-event.deltaY * WHEEL_ZOOM * (event.ctrlKey ? 4 : 1));
      store.session({ follow: false, view: zoomAt(store.get().session.view, canvasPoint(top, event), factor) });
    },
    contextmenu(event) {
      event.preventDefault();
      event.stopPropagation();
    },
  }, signal);

  return {
    fit,
    /** @type {(factor: number) => void} */
    zoom: (factor) => store.session({ follow: false, view: zoomedView(store.get(), top, factor) }),
    reveal: () => reveal(store, top),
    canvas: top,
    /** @type {(all: boolean) => void} the base layer too */
    draw(all) {
      if (top.clientWidth === 0) return;
      top.style.cursor = cursorFor(store.get().session, space.held);
      for (const [canvas, render] of /** @type {const} */ ([[base, renderBase], [top, renderTop]])) {
        const ctx = canvas.getContext("2d");
        if (ctx && (all || canvas === top)) render(ctx, { ...scene(), ...fitBuffer(canvas) });
      }
    },
    /** While space is held, a drag pans. Says whether one did. @type {(held: boolean) => boolean} */
    holdSpace(held) {
      const { panned } = space;
      space.panned &&= held;
      space.held = held;
      return panned;
    },
    /** The canvas, or the drawing: fit again, unless the view was chosen. */
    resized() {
      if (store.get().session.follow) fit();
    },
  };
}

/** @param {HTMLCanvasElement} top @param {Store} store @param {{held: boolean, panned: boolean}} space
 * @param {CanvasParts["pixels"]} pixels @param {CanvasParts["forward"]} forward @param {AbortSignal} signal */
function listenToPointers(top, store, space, pixels, forward, signal) {
  /** @type {Map<number, CanvasPoint>} */
  const touches = new Map();
  const countClicks = clickCounter();
  let clicks = 0;

  /** @type {(event: PointerEvent) => PointerInput} */
  const inputOf = (event) => ({
    canvas: canvasPoint(top, event), button: event.button, shift: event.shiftKey, alt: event.altKey,
    ctrl: event.ctrlKey || event.metaKey, touch: event.pointerType === "touch", clicks, pan: space.held, pixels,
  });
  /** @type {(gesture: typeof pointerDown, event: PointerEvent) => void} */
  const act = (gesture, event) => {
    const { drawing, session } = store.get();
    const [next, actions] = gesture(drawing, session, inputOf(event));
    store.act(actions, next);
  };

  listen(top, {
    pointerdown(event) {
      top.focus({ preventScroll: true });
      if (event.button === 1 && forward) return forward(event);
      clicks = countClicks(event);
      if (store.get().session.aim) store.session({ aim: null });
      if (event.pointerType === "touch") touches.set(event.pointerId, canvasPoint(top, event));
      top.setPointerCapture(event.pointerId);
      if (touches.size > 1) return store.session({ drag: null });
      act(pointerDown, event);
      space.panned ||= space.held;
    },
    pointermove(event) {
      const { drawing, session } = store.get();
      const before = touches.get(event.pointerId);
      if (!before || touches.size < 2) return store.session(pointerMove(drawing, session, inputOf(event)));
      const now = canvasPoint(top, event);
      const [other] = [...touches].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
      touches.set(event.pointerId, now);
      store.session({ follow: false, view: pinched(session.view, before, now, other) });
    },
    pointerup(event) {
      const several = touches.size > 1;
      touches.delete(event.pointerId);
      if (!several) act(pointerUp, event);
    },
    pointercancel(event) {
      touches.delete(event.pointerId);
      store.session({ drag: null });
    },
    pointerleave() {
      if (!store.get().session.drag) store.session({ hover: null, cursor: null });
    },
  }, signal);
}
