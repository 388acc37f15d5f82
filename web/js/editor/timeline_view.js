/** The dope sheet's canvas: pointers, wheel, reordering by drag. */

import { element } from "./dom.js";
import { renderTimeline } from "./render_timeline.js";
import { selectedIds, toggle } from "./selection.js";
import { canvasPoint, fitBuffer } from "./stage.js";
import { RULER_PX, hitTimeline, layoutTimeline, rowAt, timelineDrag, xToFrame } from "./timeline.js";

/**
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./timeline.js").TimelineTarget} TimelineTarget
 * @typedef {import("./render.js").Scene} Scene
 */

/**
 * @param {HTMLElement} root
 * @param {{store: Store, scene: () => Omit<Scene, "width" | "height" | "ratio">,
 *   rename: (id: string) => void, wheelIsOurs: (event: WheelEvent) => boolean,
 *   forward: ((event: Event) => void) | null, signal: AbortSignal}} options
 */
export function createTimeline(root, { store, scene, rename, wheelIsOurs, forward, signal }) {
  const canvas = element("canvas", { className: "wm-sheet", tabIndex: 0 });
  canvas.setAttribute("aria-label", "Timeline");
  root.append(canvas);
  let scroll = 0;
  /** @type {{target: TimelineTarget, from: number} | null} */
  let drag = null;

  const layout = () => {
    const found = layoutTimeline(store.shown(), canvas.clientWidth, canvas.clientHeight, scroll);
    scroll = found.scroll;
    return found;
  };
  const draw = () => {
    const ctx = canvas.getContext("2d");
    if (!ctx || canvas.clientWidth === 0) return;
    renderTimeline(ctx, { ...scene(), ...fitBuffer(canvas), layout: layout() });
  };
  const scrub = (/** @type {number} */ x) => {
    const { frames } = store.get().document;
    const frame = Math.min(Math.max(Math.round(xToFrame(layout(), x)), 0), frames - 1);
    if (frame !== store.get().session.frame) store.session({ frame });
  };

  /** @param {PointerEvent} event @param {TimelineTarget} target */
  const press = (event, target) => {
    const { document, session } = store.get();
    if (!("track" in target)) return;
    const track = document.tracks.find((candidate) => candidate.id === target.track);
    if (!track) return;
    if (target.kind === "eye") return store.act([{ type: "patch-tracks", ids: [track.id], patch: { hidden: !track.hidden } }]);
    if (target.kind === "lock") return store.act([{ type: "patch-tracks", ids: [track.id], patch: { locked: !track.locked } }]);
    const add = event.shiftKey || event.ctrlKey || event.metaKey;
    const chosen = session.selection.some((part) => part.track === track.id);
    const selection = add ? toggle(session.selection, track.id, null) : chosen ? session.selection : [{ track: track.id, knots: null }];
    const key = target.kind === "key" ? { track: track.id, index: target.index } : null;
    store.session({ selection, key, drawing: null });
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button === 1 && forward) return forward(event);
    if (event.button !== 0) return;
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    const point = canvasPoint(canvas, event);
    const target = hitTimeline(store.get().document, layout(), point);
    drag = { target, from: xToFrame(layout(), point.x) };
    if (target.kind === "ruler" || (target.kind === "empty" && point.x > layout().left)) {
      drag.target = { kind: "ruler" };
      scrub(point.x);
    } else press(event, target);
  }, { signal });

  canvas.addEventListener("pointermove", (event) => {
    const point = canvasPoint(canvas, event);
    const { document, session } = store.get();
    if (!drag) {
      const { kind } = hitTimeline(document, layout(), point);
      canvas.style.cursor = kind === "key" || kind === "window" ? "ew-resize" : kind === "bar" ? "grab" : kind === "empty" ? "default" : "pointer";
      return;
    }
    if (drag.target.kind === "ruler") return scrub(point.x);
    if (drag.target.kind === "name") {
      const to = Math.min(Math.max(rowAt(document, layout(), point.y), 0), document.tracks.length - 1);
      return store.preview({ type: "reorder", id: drag.target.track, to });
    }
    const now = xToFrame(layout(), point.x);
    store.preview(timelineDrag(document, drag.target, drag.from, now, selectedIds(session.selection), event.altKey));
  }, { signal });

  canvas.addEventListener("pointerup", (event) => {
    if (!drag) return;
    const { target, from } = drag;
    drag = null;
    const point = canvasPoint(canvas, event);
    const { document, session } = store.get();
    if (target.kind === "name") {
      const to = Math.min(Math.max(rowAt(document, layout(), point.y), 0), document.tracks.length - 1);
      return store.act([{ type: "reorder", id: target.track, to }]);
    }
    const action = timelineDrag(document, target, from, xToFrame(layout(), point.x), selectedIds(session.selection), event.altKey);
    store.act(action ? [action] : []);
  }, { signal });

  canvas.addEventListener("pointercancel", () => {
    drag = null;
    store.preview(null);
  }, { signal });

  canvas.addEventListener("dblclick", (event) => {
    const target = hitTimeline(store.get().document, layout(), canvasPoint(canvas, event));
    if (target.kind === "name") rename(target.track);
  }, { signal });

  canvas.addEventListener("wheel", (event) => {
    const { height } = layout();
    const overflow = store.get().document.tracks.length * 26 > height - RULER_PX;
    if (!wheelIsOurs(event) || !overflow) return forward?.(event);
    event.preventDefault();
    event.stopPropagation();
    scroll += event.deltaY;
    draw();
  }, { signal, passive: false });

  return { draw, canvas };
}
