/** What a finished stroke becomes: a knot, a freehand path, a region. */

import { createTrack } from "../drawing/schema.js";
import { bezierKnots } from "../drawing/edit_track.js";
import { fitStroke } from "../curve/freehand.js";
import { boundingBox, centerOf, cornerOf, distance, toImage } from "../curve/geometry.js";
import { sampledIn, sentTracks } from "../drawing/sample.js";
import { fillPolygon, polygonArea, spacingFor } from "../drawing/region.js";
import { findTrack, wholly } from "../drawing/selection.js";
import { withRing } from "./ring.js";
import { snapPoint } from "./snap.js";

/** Of the screen. */
const STROKE_TOLERANCE_PX = 2;
const OUTLINE_STEP_PX = 2;
const REGION_POINTS = 24;
const MIN_REGION_AREA = 16;
const REST_PINS = 96;

/** @type {(session: Session, track: Track, patch?: Partial<Session>) => Outcome} */
const added = (session, track, patch) =>
  [{ ...session, selection: wholly([track]), ...patch }, [{ type: "add-tracks", tracks: [track] }]];

/** @type {(drawing: Drawing, session: Session, drag: Drag, input: PointerInput) => Outcome} */
export function endStroke(drawing, session, drag, input) {
  if (session.tool === "region") return endRegion(drawing, session, drag);
  const draws = session.tool === "draw";
  const unfinished = draws ? findTrack(drawing, session.unfinished) : undefined;
  if (drag.moved && session.tool === "anchor") return endPins(drawing, session, drag, input);
  if (drag.moved && draws) return endFreehand(drawing, session, drag, unfinished, input.alt);
  if (input.clicks > 1 && unfinished) return [{ ...session, unfinished: null }, []];
  const knot = snapPoint(drawing, session, drag.start);
  if (unfinished) return [session, [{ type: "append-knot", id: unfinished.id, knot }]];
  const lone = createTrack(drawing, { knots: [knot] });
  const track = draws ? withRing(drawing, session, lone, input.alt) : lone;
  return added(session, track, { unfinished: draws ? track.id : null });
}

/** @type {(drawing: Drawing, session: Session, drag: Drag, unfinished: Track | undefined, alone: boolean) => Outcome} */
function endFreehand(drawing, session, drag, unfinished, alone) {
  const tolerance = STROKE_TOLERANCE_PX / session.view.scale;
  const only = unfinished?.knots.length === 1 ? unfinished.knots[0] : undefined;
  // A stroke from a lone point starts exactly there, wherever in its cluster it was begun.
  const [dx, dy] = only ? [only.x - drag.start.x, only.y - drag.start.y] : [0, 0];
  const knots = fitStroke(drag.points.map(({ x, y }) => ({ x: x + dx, y: y + dy })), tolerance);
  if (!unfinished) return added(session, withRing(drawing, session, createTrack(drawing, { knots, curve: "bezier" }), alone));
  const patch = { curve: /** @type {const} */ ("bezier"), knots: only ? knots : [...bezierKnots(unfinished), ...knots] };
  return [{ ...session, unfinished: null }, [{ type: "patch-tracks", ids: [unfinished.id], patch }]];
}

/** The corners, on whole pixels, of a box from the first to the last point of a stroke.
 * @type {(points: readonly ImagePoint[]) => ImagePoint[]} */
export function boxAround(points) {
  const [{ x, y }, end] = [points[0], points[points.length - 1]].map((p) => ({ x: Math.round(p.x), y: Math.round(p.y) }));
  return [{ x, y }, { x: end.x, y }, end, { x, y: end.y }];
}

/** A cluster inside an outline, at rest, of the points that `belongs` says; null where the outline is too small.
 * @type {(drawing: Drawing, outline: readonly XY[], belongs?: (point: XY) => boolean, fill?: RegionSpread["fill"]) => Track | null} */
export function regionTrack(drawing, outline, belongs = () => true, fill = "grid") {
  const mean = (/** @type {"x" | "y"} */ axis) => outline.reduce((sum, p) => sum + p[axis], 0) / outline.length;
  const middle = { x: mean("x"), y: mean("y") };
  const polygon = outline.map(({ x, y }) => /** @type {const} */ ([x - middle.x, y - middle.y]));
  if (polygonArea(polygon) < MIN_REGION_AREA) return null;
  const spacing = Math.round(spacingFor(polygon, REGION_POINTS) * 10) / 10;
  const offsets = fillPolygon(polygon, fill, spacing).filter(([x, y]) => belongs({ x: x + middle.x, y: y + middle.y }));
  if (offsets.length === 0) return null;
  return createTrack(drawing, { knots: [middle], spread: { shape: "region", polygon, offsets, fill, spacing, keys: [] } });
}

/** @type {(drawing: Drawing, session: Session, drag: Drag) => Outcome} */
function endRegion(drawing, session, { points, square }) {
  const step = OUTLINE_STEP_PX / session.view.scale;
  const track = regionTrack(drawing, square ? boxAround(points)
    : points.filter((point, i) => i === 0 || distance(point, points[i - 1]) >= step));
  return track ? added(session, track, { tool: "draw", unfinished: track.id }) : [session, []];
}

/** A still cluster over points. @type {(drawing: Drawing, name: string, points: readonly XY[], polygon: readonly XY[], spacing: number) => Track} */
function pinned(drawing, name, points, polygon, spacing) {
  const middle = centerOf(/** @type {Box} */ (boundingBox(polygon.length ? polygon : points)));
  const around = (/** @type {readonly XY[]} */ all) => all.map(({ x, y }) => /** @type {const} */ ([x - middle.x, y - middle.y]));
  const spread = /** @type {const} */ ({ shape: "region", polygon: around(polygon), offsets: around(points), fill: "grid", spacing, keys: [], pins: true });
  return createTrack(drawing, { name, knots: [middle], spread });
}

/** Pins in a box, as one row. @type {(drawing: Drawing, session: Session, drag: Drag, input: PointerInput) => Outcome} */
function endPins(drawing, session, { start }, { canvas }) {
  const end = toImage(session.view, canvas);
  const box = /** @type {Box} */ (boundingBox([start, end]));
  if (box.width * box.height < MIN_REGION_AREA) return [session, []];
  const { x: right, y: bottom } = cornerOf(box);
  const polygon = [{ x: box.x, y: box.y }, { x: right, y: box.y }, { x: right, y: bottom }, { x: box.x, y: bottom }];
  const spacing = Math.round(Math.sqrt((box.width * box.height) / REGION_POINTS) * 10) / 10;
  const points = gridOver(box, spacing);
  return added(session, pinned(drawing, "Pins", points, polygon, spacing));
}

/** @type {(box: Box, spacing: number) => XY[]} */
const gridOver = ({ x, y, width, height }, spacing) => {
  const [cols, rows] = [Math.max(Math.floor(width / spacing), 1), Math.max(Math.floor(height / spacing), 1)];
  return Array.from({ length: cols * rows }, (_, i) => ({ x: x + (((i % cols) + 0.5) * width) / cols, y: y + ((Math.floor(i / cols) + 0.5) * height) / rows }));
};

/** Pins over the whole frame but near what the other tracks cover in any frame; null where no room is left.
 * @type {(drawing: Drawing) => Track | null} */
export function pinsAround(drawing) {
  const { width, height } = drawing;
  const spacing = Math.sqrt((width * height) / REST_PINS);
  const reach = 0.75 * spacing;
  const cells = new Set();
  const cell = (/** @type {number} */ x, /** @type {number} */ y) => `${Math.floor(x / reach)},${Math.floor(y / reach)}`;
  for (const track of sentTracks(drawing)) {
    const { positions } = sampledIn(drawing, track);
    for (let i = 0; i < positions.length; i += 2) cells.add(cell(positions[i], positions[i + 1]));
  }
  const free = ({ x, y } = /** @type {XY} */ ({ x: 0, y: 0 })) =>
    [-1, 0, 1].every((down) => [-1, 0, 1].every((across) => !cells.has(cell(x + across * reach, y + down * reach))));
  const points = gridOver({ x: 0, y: 0, width, height }, spacing).filter(free);
  return points.length ? pinned(drawing, "Pins around", points, [], Math.round(spacing * 10) / 10) : null;
}
