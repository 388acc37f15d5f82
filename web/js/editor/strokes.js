/** What a finished stroke becomes: a knot, a freehand path, a region. */

import { createTrack } from "./document.js";
import { bezierKnots } from "./edit_track.js";
import { fitStroke } from "./freehand.js";
import { distance } from "./geometry.js";
import { fillPolygon, polygonArea, spacingFor } from "./region.js";
import { findTrack, wholly } from "./selection.js";
import { snapPoint } from "./snap.js";

const STROKE_TOLERANCE_PX = 0.5;
const OUTLINE_STEP_PX = 2;
const REGION_POINTS = 24;
const MIN_REGION_AREA = 16;

/** @type {(session: Session, track: Track, patch?: Partial<Session>) => Outcome} */
const added = (session, track, patch) =>
  [{ ...session, selection: wholly([track]), ...patch }, [{ type: "add-tracks", tracks: [track] }]];

/** @type {(document: MotionDocument, session: Session, drag: Drag, input: PointerInput) => Outcome} */
export function endStroke(document, session, drag, input) {
  if (session.tool === "region") return endRegion(document, session, drag);
  const draws = session.tool === "draw";
  const drawing = draws ? findTrack(document, session.drawing) : undefined;
  if (drag.moved && draws) return endFreehand(document, session, drag, drawing);
  if (input.clicks > 1 && drawing) return [{ ...session, drawing: null }, []];
  const knot = snapPoint(document, session, drag.start);
  if (drawing) return [session, [{ type: "append-knot", id: drawing.id, knot }]];
  const track = createTrack(document, { knots: [knot] });
  return added(session, track, { drawing: draws ? track.id : null });
}

/** @type {(document: MotionDocument, session: Session, drag: Drag, drawing: Track | undefined) => Outcome} */
function endFreehand(document, session, drag, drawing) {
  const tolerance = STROKE_TOLERANCE_PX * Math.max(1, 1 / session.view.scale);
  const only = drawing?.knots.length === 1 ? drawing.knots[0] : undefined;
  // A stroke from a lone point starts exactly there, wherever in its cluster it was begun.
  const [dx, dy] = only ? [only.x - drag.start.x, only.y - drag.start.y] : [0, 0];
  const knots = fitStroke(drag.points.map(({ x, y }) => ({ x: x + dx, y: y + dy })), tolerance);
  if (!drawing) return added(session, createTrack(document, { knots, curve: "bezier" }));
  const patch = { curve: /** @type {const} */ ("bezier"), knots: only ? knots : [...bezierKnots(drawing), ...knots] };
  return [{ ...session, drawing: null }, [{ type: "patch-tracks", ids: [drawing.id], patch }]];
}

/** @type {(document: MotionDocument, session: Session, drag: Drag) => Outcome} */
function endRegion(document, session, { points }) {
  const step = OUTLINE_STEP_PX / session.view.scale;
  const outline = points.filter((point, i) => i === 0 || distance(point, points[i - 1]) >= step);
  const mean = (/** @type {"x" | "y"} */ axis) => outline.reduce((sum, p) => sum + p[axis], 0) / outline.length;
  const middle = { x: mean("x"), y: mean("y") };
  const polygon = outline.map(({ x, y }) => /** @type {const} */ ([x - middle.x, y - middle.y]));
  if (polygonArea(polygon) < MIN_REGION_AREA) return [session, []];
  const spacing = Math.round(spacingFor(polygon, REGION_POINTS) * 10) / 10;
  const offsets = fillPolygon(polygon, "grid", spacing);
  const track = createTrack(document, { knots: [middle], spread: { shape: "region", polygon, offsets, fill: "grid", spacing, keys: [] } });
  return added(session, track, { tool: "draw", drawing: track.id });
}
