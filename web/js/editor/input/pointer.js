/**
 * Gestures: (drawing, session, input) -> [session, actions].
 *
 * A drag keeps its action in the session, where it is only shown; release commits it, so one
 * gesture is one step of undo.
 */

import { boundingBox, centerOf, distance, rotation, scaling, toImage, translation } from "../curve/geometry.js";
import { hitTest, insideTransformBox, nearestOnTrack } from "./hit_test.js";
import { findTrack, groupOf, insideOf, posedTrack, toggle, transformBox, wholly } from "../drawing/selection.js";
import { uncarried } from "../drawing/sample.js";
import { snapPoint } from "./snap.js";
import { endStroke } from "./strokes.js";
import { afterWand, wandAction } from "./wanding.js";
import { keysWithPlace } from "../drawing/timing.js";

const DRAG_THRESHOLD_PX = 3;
const TURN_STEP_DEGREES = 15;

/** @type {(session: Session, kind: Drag["kind"], input: PointerInput, target?: Target | null) => Outcome} */
function startDrag(session, kind, input, target = null) {
  const start = toImage(session.view, input.canvas);
  const { view, selection } = session;
  const drag = { kind, from: input.canvas, start, moved: kind === "pan", target, view, selection, points: [start], square: false, action: null };
  return [{ ...session, drag }, []];
}

/** @type {(drawing: Drawing, session: Session, input: PointerInput) => Outcome} */
export function pointerDown(drawing, session, input) {
  const { drag, tool, unfinished } = session;
  if (drag) return [session, []];
  if (input.button === 1 || input.pan) return startDrag(session, "pan", input);
  const target = hitTest(drawing, session, input.canvas, input.touch);
  if (input.button === 2) return rightClick(session, target);
  if (input.button !== 0) return [session, []];
  if (tool === "select") return selectDown(drawing, session, input, target);
  if (tool === "wand") return startWand(drawing, session, input);
  if (target?.kind === "handle") return startDrag(session, "handle", input, target);
  if (target?.kind === "knot") {
    const last = (findTrack(drawing, target.track)?.knots.length ?? 0) - 1;
    if (target.track === unfinished && target.knot === last && last > 0) return [{ ...session, unfinished: null }, []];
    if (!unfinished && tool === "draw") return selectDown(drawing, session, input, target);
  }
  return startDrag(session, "stroke", input);
}

/** @type {(drawing: Drawing, session: Session, input: PointerInput) => Outcome} */
function startWand(drawing, session, input) {
  const [begun] = startDrag(session, "wand", input);
  const drag = /** @type {Drag} */ (begun.drag);
  return [{ ...begun, drag: { ...drag, action: wandAction(drawing, session, drag, input) } }, []];
}

/** KJ habit: a right click removes a knot. @type {(session: Session, target: Target | null) => Outcome} */
function rightClick(session, target) {
  if (session.unfinished) return [{ ...session, unfinished: null }, []];
  if (target?.kind !== "knot") return [session, []];
  return [session, [{ type: "remove-selected", selection: [{ track: target.track, knots: [target.knot] }] }]];
}

/** @type {(drawing: Drawing, session: Session, input: PointerInput, target: Target | null) => Outcome} */
function selectDown(drawing, session, input, target) {
  const { selection } = session;
  if (input.ctrl) return insertHere(drawing, session, toImage(session.view, input.canvas), target);
  if (target === null) {
    if (insideTransformBox(drawing, session, input.canvas)) return startDrag(session, "move", input);
    if (!input.shift || selection.length !== 1) return startDrag(session, "box-select", input);
    const knot = snapPoint(drawing, session, toImage(session.view, input.canvas));
    return [session, [{ type: "append-knot", id: selection[0].track, knot }]];
  }
  if (target.kind === "box") return startDrag(session, "transform", input, target);
  if (target.kind === "handle" || target.kind === "dot") return startDrag(session, target.kind, input, target);
  const knots = target.kind === "knot" && findTrack(drawing, target.track)?.knots.length !== 1 ? [target.knot] : null;
  if (input.shift) return [{ ...session, selection: toggle(selection, target.track, knots && knots[0]) }, []];
  if (input.clicks > 1 && target.kind === "path") return [session, [{ type: "insert-knot", id: target.track, at: target.at }]];
  // What was pressed is selected, unless it is already, alone or among others.
  const part = selection.find(({ track }) => track === target.track);
  const kept = part && (knots ? part.knots?.includes(knots[0]) : !part.knots);
  const pressed = /** @type {Track} */ (findTrack(drawing, target.track));
  const chosen = knots ? [{ track: target.track, knots }] : wholly(groupOf(drawing, pressed));
  return startDrag({ ...session, selection: kept ? selection : chosen, key: null }, "move", input, target);
}

/** Ctrl+click: a knot on the path under the pointer, or drawn out from the nearest segment.
 * @type {(drawing: Drawing, session: Session, point: ImagePoint, target: Target | null) => Outcome} */
function insertHere(drawing, session, point, target) {
  const onPath = target?.kind === "path";
  const track = findTrack(drawing, onPath ? target.track : session.selection[0]?.track);
  const at = onPath ? target.at : track && track.knots.length > 1 && nearestOnTrack(track, point)?.at;
  if (!track || typeof at !== "number" || (target && !onPath && target.kind !== "box")) return [session, []];
  const knot = Math.min(Math.floor(at), track.knots.length - 2) + 1;
  /** @type {Action[]} */
  const actions = [{ type: "insert-knot", id: track.id, at }];
  if (!onPath) actions.push({ type: "patch-knot", id: track.id, knot, patch: snapPoint(drawing, session, point) });
  return [{ ...session, selection: [{ track: track.id, knots: [knot] }] }, actions];
}

/** @type {(drawing: Drawing, session: Session, input: PointerInput) => Session} */
export function pointerMove(drawing, session, input) {
  const { drag, view } = session;
  const cursor = toImage(view, input.canvas);
  if (!drag) return { ...session, cursor, hover: hitTest(drawing, session, input.canvas, input.touch) };
  if (!drag.moved && distance(drag.from, input.canvas) < DRAG_THRESHOLD_PX) return { ...session, cursor };
  const moved = { ...drag, moved: true };
  if (drag.kind === "pan") {
    const [dx, dy] = [input.canvas.x - drag.from.x, input.canvas.y - drag.from.y];
    return { ...session, cursor, follow: false, view: { ...drag.view, x: drag.view.x + dx, y: drag.view.y + dy } };
  }
  if (drag.kind === "stroke") {
    const square = session.tool === "region" && input.shift;
    return { ...session, cursor, drag: { ...moved, points: [...drag.points, cursor], square } };
  }
  if (drag.kind === "box-select") {
    const inside = insideOf(drawing, /** @type {Box} */ (boundingBox([drag.start, cursor])));
    const before = input.shift ? drag.selection : [];
    const kept = before.filter((part) => !inside.some((other) => other.track === part.track));
    return { ...session, cursor, selection: [...kept, ...inside], drag: moved };
  }
  return { ...session, cursor, drag: { ...moved, action: dragAction(drawing, session, drag, cursor, input) } };
}

/** @type {(drawing: Drawing, session: Session, drag: Drag, cursor: ImagePoint, input: PointerInput) => Action | null} */
function dragAction(drawing, session, { kind, target, start }, cursor, input) {
  const { selection, snap } = session;
  if (kind === "wand") return session.drag && wandAction(drawing, session, session.drag, input);
  const track = target && "track" in target ? findTrack(drawing, target.track) : undefined;
  if (target?.kind === "handle") return handleAction(drawing, target, cursor, input.alt);
  if (target?.kind === "box") {
    const matrix = boxMatrix(drawing, session, target.handle, start, cursor, input);
    return matrix && boxAction(drawing, session, matrix);
  }
  if (kind === "dot") return track ? dotAction(drawing, session, track, cursor, input.alt) : null;
  let [dx, dy] = [cursor.x - start.x, cursor.y - start.y];
  if (input.shift) [dx, dy] = Math.abs(dx) > Math.abs(dy) ? [dx, 0] : [0, dy];
  const held = track?.knots[target?.kind === "knot" ? target.knot : 0];
  if (held && snap !== "none") {
    const snapped = snapPoint(drawing, session, { x: held.x + dx, y: held.y + dy }, target);
    [dx, dy] = [snapped.x - held.x, snapped.y - held.y];
  }
  return { type: "transform", selection, matrix: translation(dx, dy) };
}

/** The object is here at this frame: the path goes through here. With Alt it slides along its path instead.
 * @type {(drawing: Drawing, session: Session, track: Track, cursor: ImagePoint, slides: boolean) => Action | null} */
function dotAction(drawing, session, track, cursor, slides) {
  const { frame } = session;
  const { repeat, reverse } = track.timing;
  if (!slides && repeat === "once" && !reverse) return { type: "pose", id: track.id, frame, at: uncarried(drawing, track, frame, snapPoint(drawing, session, cursor)) };
  const found = nearestOnTrack(track, uncarried(drawing, track, frame, cursor));
  const patch = found && keysWithPlace(track, drawing.frames, frame, found.at);
  return patch ? { type: "patch-timing", ids: [track.id], patch } : null;
}

/** What is selected, changed as by its box's handles. @type {(drawing: Drawing, session: Session, matrix: Matrix) => Action} */
export function boxAction(drawing, { selection, frame }, matrix) {
  const posed = posedTrack(drawing, selection, frame);
  return posed ? { type: "pose-spread", id: posed.id, frame, ...turnAndSize(matrix) } : { type: "transform", selection, matrix };
}

/** What a matrix of the box's handles does to a cluster. @type {(matrix: Matrix) => {scale: number, angle: number}} */
const turnAndSize = ([a, b, c, d]) => ({ scale: Math.sqrt(Math.abs(a * d - b * c)), angle: (Math.atan2(b, a) * 180) / Math.PI });

/** The other handle follows on the same line, at its own length, unless the knot is broken.
 * @type {(drawing: Drawing, target: HandleTarget, cursor: ImagePoint, alt: boolean) => Action | null} */
function handleAction(drawing, { track: id, knot: index, side }, cursor, alt) {
  const knot = findTrack(drawing, id)?.knots[index];
  if (!knot) return null;
  const [x, y] = [cursor.x - knot.x, cursor.y - knot.y];
  const other = side === "in" ? "out" : "in";
  const opposite = knot[other];
  if (alt || knot.broken || !opposite || !(x || y)) {
    return { type: "patch-knot", id, knot: index, patch: { [side]: [x, y], ...((alt || knot.broken) && { broken: true }) } };
  }
  const own = Math.hypot(...opposite) / Math.hypot(x, y);
  return { type: "patch-knot", id, knot: index, patch: { [side]: [x, y], [other]: [-x * own, -y * own] } };
}

/** @type {(drawing: Drawing, session: Session, handle: BoxHandle, start: ImagePoint, cursor: ImagePoint, input: PointerInput) => Matrix | null} */
function boxMatrix(drawing, { selection, frame }, handle, start, cursor, { shift, alt }) {
  const box = transformBox(drawing, selection, frame);
  if (!box) return null;
  const center = centerOf(box);
  if (handle === "rotate") {
    const angle = (/** @type {ImagePoint} */ p) => (Math.atan2(p.y - center.y, p.x - center.x) * 180) / Math.PI;
    const turn = angle(cursor) - angle(start);
    return rotation(center, shift ? Math.round(turn / TURN_STEP_DEGREES) * TURN_STEP_DEGREES : turn);
  }
  const fixed = {
    x: alt ? center.x : handle.includes("w") ? box.x + box.width : box.x,
    y: alt ? center.y : handle.includes("n") ? box.y + box.height : box.y,
  };
  const ratio = (/** @type {"x" | "y"} */ axis) => {
    const reach = start[axis] - fixed[axis];
    return Math.abs(reach) < 1e-9 ? 1 : (cursor[axis] - fixed[axis]) / reach;
  };
  let sx = /[ew]/.test(handle) ? ratio("x") : 1;
  let sy = /[ns]/.test(handle) ? ratio("y") : 1;
  if (shift && handle.length === 2) sx = sy = Math.max(sx, sy);
  return scaling(fixed, sx || 1e-3, sy || 1e-3);
}

/** @type {(drawing: Drawing, session: Session, input: PointerInput) => Outcome} */
export function pointerUp(drawing, session, input) {
  const { drag } = session;
  if (!drag) return [session, []];
  const done = { ...session, drag: null };
  if (drag.kind === "stroke") return endStroke(drawing, done, drag, input);
  if (drag.kind === "box-select" && !drag.moved) return [{ ...done, selection: [] }, []];
  if (drag.kind === "wand" && drag.action?.type === "add-tracks") {
    return [{ ...done, ...afterWand(drag.action.tracks[0]) }, [drag.action]];
  }
  if (drag.action) return [done, [drag.action]];
  const corner = drag.kind === "move" && !drag.moved && input.alt && drag.target?.kind === "knot";
  return [done, corner ? toggleCorner(drawing, drag.target) : []];
}

/** Alt+click: a corner becomes smooth, or the other way round. @type {(drawing: Drawing, target: KnotTarget) => Action[]} */
function toggleCorner(drawing, { track: id, knot: index }) {
  const track = findTrack(drawing, id);
  if (track?.curve !== "bezier") return [];
  const knot = track.knots[index];
  const [before, after] = [track.knots[index - 1] ?? knot, track.knots[index + 1] ?? knot];
  const [x, y] = [(after.x - before.x) / 6, (after.y - before.y) / 6];
  const corner = !knot.in?.some(Boolean) && !knot.out?.some(Boolean);
  /** @type {Partial<Knot>} */
  const patch = corner ? { in: [-x, -y], out: [x, y], broken: false } : { in: [0, 0], out: [0, 0], broken: true };
  return [{ type: "patch-knot", id, knot: index, patch }];
}
