/** What a finished stroke becomes: a knot, a freehand path, a region. */

import { createTrack } from "./document.js";
import { bezierKnots } from "./edit_track.js";
import { fitStroke } from "./freehand.js";
import { distance, toCanvas } from "./geometry.js";
import { fillPolygon, polygonArea, spacingFor } from "./region.js";
import { findTrack } from "./selection.js";
import { snapPoint } from "./snap.js";

/**
 * @typedef {import("./types.js").MotionDocument} MotionDocument
 * @typedef {import("./types.js").Session} Session
 * @typedef {import("./types.js").Drag} Drag
 * @typedef {import("./types.js").Action} Action
 * @typedef {import("./types.js").PointerInput} PointerInput
 * @typedef {import("./types.js").Track} Track
 * @typedef {[Session, Action[]]} Outcome
 */

const STROKE_TOLERANCE_PX = 0.5;
const REGION_POINTS = 24;
const MIN_REGION_AREA = 16;

/** @param {MotionDocument} document @param {Session} session @param {Drag} drag
 * @param {PointerInput} input @returns {Outcome} */
export function endStroke(document, session, drag, input) {
  if (session.tool === "region") return endRegion(document, session, drag);
  const place = snapPoint(document, session, drag.start);
  const drawing = session.tool === "draw" ? findTrack(document, session.drawing) : undefined;
  if (drag.moved && session.tool === "draw") return endFreehand(document, session, drag, drawing);
  if (input.clicks > 1 && drawing) return [{ ...session, drawing: null }, []];
  if (drawing) return [session, [{ type: "append-knot", id: drawing.id, knot: place }]];
  const track = createTrack(document, { knots: [place] });
  const drawingNow = session.tool === "draw" ? track.id : null;
  const selection = [{ track: track.id, knots: null }];
  return [{ ...session, drawing: drawingNow, selection }, [{ type: "add-tracks", tracks: [track] }]];
}

/** @param {MotionDocument} document @param {Session} session @param {Drag} drag
 * @param {Track | undefined} drawing @returns {Outcome} */
function endFreehand(document, session, drag, drawing) {
  const tolerance = STROKE_TOLERANCE_PX * Math.max(1, 1 / session.view.scale);
  const only = drawing?.knots.length === 1 ? drawing.knots[0] : undefined;
  // A stroke from a lone point starts exactly there, wherever in its cluster it was begun.
  const [dx, dy] = only ? [only.x - drag.start.x, only.y - drag.start.y] : [0, 0];
  const knots = fitStroke(drag.points.map(({ x, y }) => ({ x: x + dx, y: y + dy })), tolerance);
  if (drawing) {
    const before = only ? [] : bezierKnots(drawing);
    const patch = { curve: /** @type {const} */ ("bezier"), knots: [...before, ...knots] };
    return [{ ...session, drawing: null }, [{ type: "patch-tracks", ids: [drawing.id], patch }]];
  }
  const track = createTrack(document, { knots, curve: "bezier" });
  const selection = [{ track: track.id, knots: null }];
  return [{ ...session, selection }, [{ type: "add-tracks", tracks: [track] }]];
}

/** @param {MotionDocument} document @param {Session} session @param {Drag} drag @returns {Outcome} */
function endRegion(document, session, drag) {
  const canvasStroke = drag.points.map((point) => toCanvas(session.view, point));
  const outline = drag.points.filter((_, i) => {
    const [p, q] = [canvasStroke[i], canvasStroke[i - 1]];
    return !p || !q || distance(p, q) >= 2;
  });
  const mean = (/** @type {"x" | "y"} */ axis) => outline.reduce((sum, p) => sum + p[axis], 0) / outline.length;
  const middle = { x: mean("x"), y: mean("y") };
  const polygon = outline.map((p) => /** @type {const} */ ([p.x - middle.x, p.y - middle.y]));
  if (polygonArea(polygon) < MIN_REGION_AREA) return [session, []];
  const spacing = Math.round(spacingFor(polygon, REGION_POINTS) * 10) / 10;
  const offsets = fillPolygon(polygon, "grid", spacing);
  const spread = { shape: /** @type {const} */ ("region"), polygon, offsets, fill: /** @type {const} */ ("grid"), spacing, keys: [] };
  const track = createTrack(document, { knots: [middle], spread });
  const next = { ...session, tool: /** @type {const} */ ("draw"), drawing: track.id, selection: [{ track: track.id, knots: null }] };
  return [next, [{ type: "add-tracks", tracks: [track] }]];
}
