/** What a finished stroke becomes: a knot, a freehand path, a region. */

import { createTrack } from "../drawing/schema.js";
import { bezierKnots } from "../drawing/edit_track.js";
import { fitStroke } from "../curve/freehand.js";
import { distance } from "../curve/geometry.js";
import { fillPolygon, polygonArea, spacingFor } from "../drawing/region.js";
import { findTrack, wholly } from "../drawing/selection.js";
import { snapPoint } from "./snap.js";

const STROKE_TOLERANCE_PX = 0.5;
const OUTLINE_STEP_PX = 2;
const REGION_POINTS = 24;
const MIN_REGION_AREA = 16;

/** @type {(session: Session, track: Track, patch?: Partial<Session>) => Outcome} */
const added = (session, track, patch) =>
  [{ ...session, selection: wholly([track]), ...patch }, [{ type: "add-tracks", tracks: [track] }]];

/** @type {(drawing: Drawing, session: Session, drag: Drag, input: PointerInput) => Outcome} */
export function endStroke(drawing, session, drag, input) {
  if (session.tool === "region") return endRegion(drawing, session, drag);
  const draws = session.tool === "draw";
  const unfinished = draws ? findTrack(drawing, session.unfinished) : undefined;
  if (drag.moved && draws) return endFreehand(drawing, session, drag, unfinished);
  if (input.clicks > 1 && unfinished) return [{ ...session, unfinished: null }, []];
  const knot = snapPoint(drawing, session, drag.start);
  if (unfinished) return [session, [{ type: "append-knot", id: unfinished.id, knot }]];
  const track = createTrack(drawing, { knots: [knot] });
  return added(session, track, { unfinished: draws ? track.id : null });
}

/** @type {(drawing: Drawing, session: Session, drag: Drag, unfinished: Track | undefined) => Outcome} */
function endFreehand(drawing, session, drag, unfinished) {
  const tolerance = STROKE_TOLERANCE_PX * Math.max(1, 1 / session.view.scale);
  const only = unfinished?.knots.length === 1 ? unfinished.knots[0] : undefined;
  // A stroke from a lone point starts exactly there, wherever in its cluster it was begun.
  const [dx, dy] = only ? [only.x - drag.start.x, only.y - drag.start.y] : [0, 0];
  const knots = fitStroke(drag.points.map(({ x, y }) => ({ x: x + dx, y: y + dy })), tolerance);
  if (!unfinished) return added(session, createTrack(drawing, { knots, curve: "bezier" }));
  const patch = { curve: /** @type {const} */ ("bezier"), knots: only ? knots : [...bezierKnots(unfinished), ...knots] };
  return [{ ...session, unfinished: null }, [{ type: "patch-tracks", ids: [unfinished.id], patch }]];
}

/** @type {(drawing: Drawing, session: Session, drag: Drag) => Outcome} */
function endRegion(drawing, session, { points }) {
  const step = OUTLINE_STEP_PX / session.view.scale;
  const outline = points.filter((point, i) => i === 0 || distance(point, points[i - 1]) >= step);
  const mean = (/** @type {"x" | "y"} */ axis) => outline.reduce((sum, p) => sum + p[axis], 0) / outline.length;
  const middle = { x: mean("x"), y: mean("y") };
  const polygon = outline.map(({ x, y }) => /** @type {const} */ ([x - middle.x, y - middle.y]));
  if (polygonArea(polygon) < MIN_REGION_AREA) return [session, []];
  const spacing = Math.round(spacingFor(polygon, REGION_POINTS) * 10) / 10;
  const offsets = fillPolygon(polygon, "grid", spacing);
  const track = createTrack(drawing, { knots: [middle], spread: { shape: "region", polygon, offsets, fill: "grid", spacing, keys: [] } });
  return added(session, track, { tool: "draw", unfinished: track.id });
}
