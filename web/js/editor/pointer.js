/**
 * Gestures: (document, session, input) -> [session, actions].
 *
 * A drag keeps its action in the session, where it is only shown; release commits it, so one
 * gesture is one step of undo.
 */

import { boxBetween, distance, rotation, scaling, toImage, translation } from "./geometry.js";
import { hitTest, insideTransformBox, nearestOnTrack } from "./hit_test.js";
import { findTrack, insideOf, isKnotSelected, toggle, transformBox } from "./selection.js";
import { snapPoint } from "./snap.js";
import { endStroke } from "./strokes.js";
import { keysWithPlace } from "./timing.js";

/**
 * @typedef {import("./types.js").MotionDocument} MotionDocument
 * @typedef {import("./types.js").Session} Session
 * @typedef {import("./types.js").Drag} Drag
 * @typedef {import("./types.js").Action} Action
 * @typedef {import("./types.js").Target} Target
 * @typedef {import("./types.js").PointerInput} PointerInput
 * @typedef {import("./types.js").ImagePoint} ImagePoint
 * @typedef {import("./types.js").Knot} Knot
 * @typedef {[Session, Action[]]} Outcome
 */

const DRAG_THRESHOLD_PX = 3;

/** @param {Session} session @param {Drag["kind"]} kind @param {PointerInput} input
 * @param {Target | null} target @returns {Session} */
function startDrag(session, kind, input, target) {
  const start = toImage(session.view, input.canvas);
  const { view, selection } = session;
  const moved = kind === "pan";
  const drag = { kind, from: input.canvas, start, moved, target, view, selection, points: [start], action: null };
  return { ...session, drag };
}

/** @param {MotionDocument} document @param {Session} session @param {PointerInput} input
 * @returns {Outcome} */
export function pointerDown(document, session, input) {
  if (session.drag) return [session, []];
  if (input.button === 1 || input.pan) return [startDrag(session, "pan", input, null), []];
  const target = hitTest(document, session, input.canvas, input.touch);
  if (input.button === 2) return rightClick(session, target);
  if (input.button !== 0) return [session, []];
  if (session.tool === "select") return selectDown(document, session, input, target);
  if (target?.kind === "knot" && session.drawing === target.track) {
    const track = findTrack(document, target.track);
    const last = track && target.knot === track.knots.length - 1;
    if (last && track.knots.length > 1) return [{ ...session, drawing: null }, []];
  }
  if (target?.kind === "handle") return [startDrag(session, "handle", input, target), []];
  if (target?.kind === "knot" && !session.drawing && session.tool === "draw") {
    return selectDown(document, session, input, target);
  }
  return [startDrag(session, "stroke", input, null), []];
}

/** KJ habit: a right click removes a knot. @param {Session} session @param {Target | null} target
 * @returns {Outcome} */
function rightClick(session, target) {
  if (session.drawing) return [{ ...session, drawing: null }, []];
  if (target?.kind !== "knot") return [session, []];
  const selection = [{ track: target.track, knots: [target.knot] }];
  return [session, [{ type: "remove-selected", selection }]];
}

/** @param {MotionDocument} document @param {Session} session @param {PointerInput} input
 * @param {Target | null} target @returns {Outcome} */
function selectDown(document, session, input, target) {
  const only = session.selection.length === 1 ? session.selection[0] : undefined;
  const start = toImage(session.view, input.canvas);
  if (input.ctrl) return insertHere(document, session, start, target);
  if (target === null) {
    if (input.shift && only && !insideTransformBox(document, session, input.canvas)) {
      const knot = snapPoint(document, session, start);
      return [session, [{ type: "append-knot", id: only.track, knot }]];
    }
    const grabbed = insideTransformBox(document, session, input.canvas);
    return [startDrag(session, grabbed ? "move" : "box-select", input, null), []];
  }
  if (target.kind === "box") return [startDrag(session, "transform", input, target), []];
  if (target.kind === "handle") return [startDrag(session, "handle", input, target), []];
  if (target.kind === "dot") return [startDrag(session, "dot", input, target), []];
  const knot = target.kind === "knot" && (findTrack(document, target.track)?.knots.length ?? 0) > 1 ? target.knot : null;
  if (input.shift) return [{ ...session, selection: toggle(session.selection, target.track, knot) }, []];
  const whole = session.selection.some((part) => part.track === target.track && !part.knots);
  const kept = knot === null ? whole : isKnotSelected(session.selection, target.track, knot) && !whole;
  const selection = kept ? session.selection : [{ track: target.track, knots: knot === null ? null : [knot] }];
  if (input.clicks > 1 && target.kind === "path") {
    return [session, [{ type: "insert-knot", id: target.track, at: target.at }]];
  }
  return [startDrag({ ...session, selection }, "move", input, target), []];
}

/** Ctrl+click: a knot on the path under the pointer, or drawn out from the nearest segment.
 * @param {MotionDocument} document @param {Session} session @param {ImagePoint} point
 * @param {Target | null} target @returns {Outcome} */
function insertHere(document, session, point, target) {
  if (target?.kind === "path") {
    const next = { ...session, selection: [{ track: target.track, knots: [Math.floor(target.at) + 1] }] };
    return [next, [{ type: "insert-knot", id: target.track, at: target.at }]];
  }
  const track = findTrack(document, session.selection[0]?.track);
  const found = track && track.knots.length > 1 && nearestOnTrack(track, point, 1e9);
  if (!track || !found || (target && target.kind !== "box")) return [session, []];
  const knot = Math.min(Math.floor(found.at), track.knots.length - 2) + 1;
  const { x, y } = snapPoint(document, session, point);
  const insert = /** @type {const} */ ({ type: "insert-knot", id: track.id, at: found.at });
  const place = /** @type {const} */ ({ type: "patch-knot", id: track.id, knot, patch: { x, y } });
  const next = { ...session, selection: [{ track: track.id, knots: [knot] }] };
  return [next, [{ type: "batch", actions: [insert, place] }]];
}

/** @param {MotionDocument} document @param {Session} session @param {PointerInput} input
 * @returns {Session} */
export function pointerMove(document, session, input) {
  const cursor = toImage(session.view, input.canvas);
  const { drag } = session;
  if (!drag) {
    return { ...session, cursor, hover: hitTest(document, session, input.canvas, input.touch) };
  }
  const moved = drag.moved || distance(drag.from, input.canvas) >= DRAG_THRESHOLD_PX;
  if (!moved) return { ...session, cursor };
  const next = { ...session, cursor };
  if (drag.kind === "pan") {
    const [dx, dy] = [input.canvas.x - drag.from.x, input.canvas.y - drag.from.y];
    return { ...next, view: { ...drag.view, x: drag.view.x + dx, y: drag.view.y + dy } };
  }
  if (drag.kind === "stroke") {
    return { ...next, drag: { ...drag, moved, points: [...drag.points, cursor] } };
  }
  if (drag.kind === "box-select") {
    const inside = insideOf(document, boxBetween(drag.start, cursor));
    const before = input.shift ? drag.selection : [];
    const kept = before.filter((part) => !inside.some((other) => other.track === part.track));
    return { ...next, selection: [...kept, ...inside], drag: { ...drag, moved } };
  }
  return { ...next, drag: { ...drag, moved, action: dragAction(document, session, drag, cursor, input) } };
}

/** @param {MotionDocument} document @param {Session} session @param {Drag} drag
 * @param {ImagePoint} cursor @param {PointerInput} input @returns {Action | null} */
function dragAction(document, session, drag, cursor, input) {
  const { target } = drag;
  if (drag.kind === "handle" && target?.kind === "handle") {
    return handleAction(document, target, cursor, input.alt);
  }
  if (drag.kind === "dot" && target?.kind === "dot") {
    const track = findTrack(document, target.track);
    const found = track && nearestOnTrack(track, cursor, 1e9);
    if (!track || !found) return null;
    const patch = keysWithPlace(track, document.frames, session.frame, found.at);
    return patch && { type: "patch-timing", ids: [track.id], patch };
  }
  if (drag.kind === "transform" && target?.kind === "box") {
    const matrix = boxMatrix(document, session, drag, cursor, input);
    return matrix && { type: "transform", selection: session.selection, matrix };
  }
  let [dx, dy] = [cursor.x - drag.start.x, cursor.y - drag.start.y];
  if (input.shift) [dx, dy] = Math.abs(dx) > Math.abs(dy) ? [dx, 0] : [0, dy];
  const track = target && "track" in target ? findTrack(document, target.track) : undefined;
  const held = target?.kind === "knot" ? track?.knots[target.knot] : track?.knots[0];
  if (held && session.snap !== "none") {
    const snapped = snapPoint(document, session, { x: held.x + dx, y: held.y + dy }, target);
    [dx, dy] = [snapped.x - held.x, snapped.y - held.y];
  }
  return { type: "transform", selection: session.selection, matrix: translation(dx, dy) };
}

/** The other handle follows on the same line, at its own length, unless the knot is broken.
 * @param {MotionDocument} document @param {{track: string, knot: number, side: "in" | "out"}} target
 * @param {ImagePoint} cursor @param {boolean} alt @returns {Action | null} */
function handleAction(document, { track: id, knot: index, side }, cursor, alt) {
  const knot = findTrack(document, id)?.knots[index];
  if (!knot) return null;
  const [x, y] = [cursor.x - knot.x, cursor.y - knot.y];
  const other = side === "in" ? "out" : "in";
  const opposite = knot[other];
  const broken = alt || knot.broken === true;
  /** @type {{in?: [number, number], out?: [number, number], broken?: boolean}} */
  const patch = { [side]: [x, y], ...(broken ? { broken } : {}) };
  const length = Math.hypot(x, y);
  if (!broken && opposite && length > 0) {
    const own = Math.hypot(opposite[0], opposite[1]) / length;
    patch[other] = [-x * own, -y * own];
  }
  return { type: "patch-knot", id, knot: index, patch };
}

/** @param {MotionDocument} document @param {Session} session @param {Drag} drag
 * @param {ImagePoint} cursor @param {PointerInput} input */
function boxMatrix(document, session, drag, cursor, input) {
  const box = transformBox(document, session.selection);
  if (!box || drag.target?.kind !== "box") return null;
  const { handle } = drag.target;
  const center = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  if (handle === "rotate") {
    const angle = (/** @type {ImagePoint} */ p) => (Math.atan2(p.y - center.y, p.x - center.x) * 180) / Math.PI;
    const turn = angle(cursor) - angle(drag.start);
    return rotation(center, input.shift ? Math.round(turn / 15) * 15 : turn);
  }
  const fixed = {
    x: input.alt ? center.x : handle.includes("w") ? box.x + box.width : box.x,
    y: input.alt ? center.y : handle.includes("n") ? box.y + box.height : box.y,
  };
  const ratio = (/** @type {"x" | "y"} */ axis) => {
    const reach = drag.start[axis] - fixed[axis];
    return Math.abs(reach) < 1e-9 ? 1 : (cursor[axis] - fixed[axis]) / reach;
  };
  let sx = /[ew]/.test(handle) ? ratio("x") : 1;
  let sy = /[ns]/.test(handle) ? ratio("y") : 1;
  if (input.shift && handle.length === 2) sx = sy = Math.max(sx, sy);
  return scaling(fixed, sx || 1e-3, sy || 1e-3);
}

/** @param {MotionDocument} document @param {Session} session @param {PointerInput} input
 * @returns {Outcome} */
export function pointerUp(document, session, input) {
  const { drag } = session;
  if (!drag) return [session, []];
  const done = { ...session, drag: null };
  if (drag.kind === "stroke") return endStroke(document, done, drag, input);
  if (drag.kind === "box-select" && !drag.moved) return [{ ...done, selection: [] }, []];
  if (drag.action) return [done, [drag.action]];
  if (drag.kind === "move" && !drag.moved && input.alt && drag.target?.kind === "knot") {
    return [done, toggleCorner(document, drag.target)];
  }
  return [done, []];
}

/** Alt+click: a corner becomes smooth, or the other way round. @param {MotionDocument} document
 * @param {{track: string, knot: number}} target @returns {Action[]} */
function toggleCorner(document, { track: id, knot: index }) {
  const track = findTrack(document, id);
  const knot = track?.knots[index];
  if (!track || !knot || track.curve !== "bezier") return [];
  const corner = !knot.in?.some(Boolean) && !knot.out?.some(Boolean);
  const [before, after] = [track.knots[index - 1] ?? knot, track.knots[index + 1] ?? knot];
  const [x, y] = [(after.x - before.x) / 6, (after.y - before.y) / 6];
  /** @type {Partial<Knot>} */
  const patch = corner ? { in: [-x, -y], out: [x, y], broken: false } : { in: [0, 0], out: [0, 0], broken: true };
  return [{ type: "patch-knot", id, knot: index, patch }];
}
