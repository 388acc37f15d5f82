/** The dope sheet's canvas: pointers, wheel, reordering by drag. */

import { element, listen } from "../page/dom.js";
import { clamp } from "../curve/geometry.js";
import { errorOf } from "../drawing/followed.js";
import { motionRange } from "../drawing/sample.js";
import { renderTimeline } from "./render.js";
import { findTrack, groupOf, isSelected, selectedIds, toggle, wholly } from "../drawing/selection.js";
import { canvasPoint, fitBuffer } from "../page/canvas.js";
import { ROW_PX, RULER_PX, frameToX, fromShowing, hitTimeline, layoutTimeline, rowDrag, timelineDrag, xToFrame, zoomTime } from "./layout.js";

const WHEEL_ZOOM = 0.004;
/** Room for how far a row was off. */
const ERROR_PX = 46;
/** @type {Partial<Record<TimelineTarget["kind"], string>>} */
const CURSORS = { key: "ew-resize", window: "ew-resize", bar: "grab", empty: "default" };

/** @type {(store: Store, event: PointerEvent, target: TimelineTarget) => void} */
function press(store, event, target) {
  const { drawing, session: { selection } } = store.get();
  const track = "track" in target && findTrack(drawing, target.track);
  if (!track) return;
  const { id, hidden, locked } = track;
  if (target.kind === "eye") return store.patchTracks([track], { hidden: !hidden });
  if (target.kind === "lock") return store.patchTracks([track], { locked: !locked });
  const add = event.shiftKey || event.ctrlKey || event.metaKey;
  store.session({
    selection: add ? toggle(selection, id, null) : isSelected(selection, id) ? selection : wholly(groupOf(drawing, track)),
    key: target.kind === "key" ? { track: id, index: target.index } : null, unfinished: null,
  });
}

/** @type {(store: Store, layout: Layout, drag: SheetDrag, point: XY, stagger: boolean) => Action | null} */
function dragAction(store, layout, { target, from, top }, { x, y }, stagger) {
  const { drawing, session } = store.get();
  if (target.kind === "name") return rowDrag(drawing, layout, target.track, top, y);
  return timelineDrag(drawing, target, from, xToFrame(layout, x), selectedIds(session.selection), stagger);
}

/** Bars, keys, windows and rows follow the pointer; elsewhere it moves the frame.
 * @param {HTMLCanvasElement} canvas @param {Store} store @param {() => Layout} layout @param {{drag: SheetDrag | null}} held
 * @param {CanvasParts["forward"]} forward @returns {Handlers} */
function pointerHandlers(canvas, store, layout, held, forward) {
  const scrub = (/** @type {number} */ x) => {
    const { drawing, session } = store.get();
    const frame = clamp(Math.round(xToFrame(layout(), x)), 0, drawing.frames - 1);
    if (frame !== session.frame) store.session({ frame });
  };
  const targetAt = (/** @type {MouseEvent} */ event) => hitTimeline(store.get().drawing, layout(), canvasPoint(canvas, event));
  const action = (/** @type {PointerEvent} */ event) =>
    held.drag && dragAction(store, layout(), held.drag, canvasPoint(canvas, event), event.altKey);
  return {
    pointerdown(event) {
      if (event.button === 1 && forward) return forward(event);
      if (event.button !== 0) return;
      canvas.focus({ preventScroll: true });
      canvas.setPointerCapture(event.pointerId);
      const { x, y } = canvasPoint(canvas, event);
      const target = targetAt(event);
      const scrubs = target.kind === "ruler" || (target.kind === "empty" && x > layout().left);
      held.drag = { target: scrubs ? { kind: "ruler" } : target, from: xToFrame(layout(), x), top: y };
      if (scrubs) scrub(x);
      else press(store, event, target);
    },
    pointermove(event) {
      if (!held.drag) canvas.style.cursor = CURSORS[targetAt(event).kind] ?? "pointer";
      else if (held.drag.target.kind === "ruler") scrub(canvasPoint(canvas, event).x);
      else store.preview(action(event));
    },
    pointerup(event) {
      const done = action(event);
      const { drag } = held;
      held.drag = null;
      if (drag) store.act(done ? [done] : []);
    },
    pointercancel() {
      held.drag = null;
      store.preview(null);
    },
  };
}

/** Keeps the rows that are read out. @type {(store: Store, rows: HTMLElement, t: (text: string) => string) => () => void} */
function createRowsTeller(store, rows, t) {
  let told = "";
  return () => {
    const { drawing, session } = store.get();
    const { tracks, frames } = drawing;
    const { selection } = session;
    const words = tracks.map((track) => {
      const { start, end } = motionRange(track.timing, frames);
      const moves = track.knots.length > 1 ? `${track.knots.length} ${t("knots")}, ${t("frames")} ${Math.round(start)} ${t("to")} ${Math.round(end)}` : t("stays");
      const [parent, error] = [findTrack(drawing, track.parent), errorOf(session, track.id)];
      return [track.name, moves, track.hidden && t("hidden"), track.locked && t("locked"), track.group && `${t("in")} ${track.group}`, parent && `${t("moves with")} ${parent.name}`,
        error !== undefined && `${error.toFixed(1)} ${t("px off")}`, isSelected(selection, track.id) && t("selected")].filter(Boolean).join(", ");
    }).reverse();
    if (words.join() === told) return;
    told = words.join();
    rows.replaceChildren(...words.map((text) => element("div", { role: "listitem", textContent: text })));
  };
}

/** Ctrl zooms in time, Shift or a sideways wheel scrolls in it. Says whether the rows are to scroll.
 * @type {(store: Store, now: Layout, event: WheelEvent, x: number, ours: boolean) => boolean} */
function turnWheel(store, now, event, x, ours) {
  const { time } = store.get().session;
  const zooms = event.ctrlKey || event.metaKey;
  const sideways = event.shiftKey ? event.deltaY + event.deltaX : event.deltaX || (now.overflow === 0 ? event.deltaY : 0);
  if (!ours || (!zooms && now.overflow === 0 && now.zoom === 1)) return false;
  event.preventDefault();
  event.stopPropagation();
  if (zooms) store.session({ time: zoomTime(now, x, Math.exp(-event.deltaY * WHEEL_ZOOM)) });
  else if (sideways && now.zoom > 1) {
    const from = xToFrame(now, frameToX(now, now.from) + sideways);
    store.session({ time: { ...time, from: clamp(from, 0, (now.frames - 1) * (1 - 1 / now.zoom)) } });
  } else return true;
  return false;
}

/** @param {HTMLElement} root @param {CanvasParts} parts @param {() => void} rename shows the name's field */
export function createTimeline(root, { store, scene, wheelIsOurs, forward, signal, t }, rename) {
  // What is inside of a canvas is not seen, but read out.
  const rows = element("div", { role: "list", ariaLabel: t("Tracks") });
  const canvas = element("canvas", { className: "wm-sheet", tabIndex: 0, ariaLabel: t("Timeline") }, rows);
  root.append(canvas);
  const tell = createRowsTeller(store, rows, t);
  let scroll = 0;
  const layout = () => {
    const found = layoutTimeline(store.shown(), canvas.clientWidth, canvas.clientHeight, scroll, store.get().session.followed ? ERROR_PX : 0, store.get().session.time);
    scroll = found.scroll;
    return found;
  };
  /** @type {{drag: SheetDrag | null}} */
  const held = { drag: null };
  /** @type {SelectedParts} */
  let followed = [];
  /** What was selected elsewhere comes into view. Rows stay under a pointer that holds one. */
  const follow = () => {
    const { drawing: { tracks }, session: { selection } } = store.get();
    if (selection === followed) return;
    followed = selection;
    if (held.drag) return;
    const top = (tracks.length - 1 - tracks.findIndex(({ id }) => id === selection.at(-1)?.track)) * ROW_PX;
    const room = canvas.clientHeight - RULER_PX;
    if (selection.length && (top + ROW_PX <= scroll || top >= scroll + room)) scroll = clamp(scroll, top + ROW_PX - room, top);
  };
  /** The frame comes into view, also while it plays; what was scrolled to stays until it changes. */
  let shownFrame = 0;
  const followFrame = () => {
    const { frame, time } = store.get().session;
    if (frame === shownFrame) return;
    shownFrame = frame;
    const from = fromShowing(layout(), frame);
    if (time.zoom > 1 && from !== time.from) store.session({ time: { ...time, from } });
  };
  const draw = () => {
    follow();
    followFrame();
    tell();
    const ctx = canvas.getContext("2d");
    if (ctx && canvas.clientWidth > 0) renderTimeline(ctx, { ...scene(), ...fitBuffer(canvas), layout: layout() });
  };
  listen(canvas, {
    ...pointerHandlers(canvas, store, layout, held, forward),
    dblclick(event) {
      if (hitTimeline(store.get().drawing, layout(), canvasPoint(canvas, event)).kind === "name") rename();
    },
    wheel(event) {
      if (turnWheel(store, layout(), event, canvasPoint(canvas, event).x, wheelIsOurs(event))) {
        scroll += event.deltaY;
        draw();
      } else if (!event.defaultPrevented) forward?.(event);
    },
  }, signal);
  return { draw };
}
