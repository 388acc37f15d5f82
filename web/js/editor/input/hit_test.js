/** (drawing, session, point) -> what lies under it, topmost and most specific first. */

import { knotsAt } from "../curve/curves.js";
import { clamp, cornerOf, distance, insideBox, insidePolygon, toCanvas, toImage } from "../curve/geometry.js";
import { boxesOf, pathOf, placeIn, sentTracks } from "../drawing/sample.js";
import { isKnotChosen, isSelected, transformBox } from "../drawing/selection.js";

const HIT_RADIUS_PX = 8;
const TOUCH_RADIUS_PX = 18;
const BOX_MARGIN_PX = 12;
const ROTATE_ARM_PX = 22;

/** The closest place on a track's path within `reach` image pixels.
 * @type {(track: Track, point: XY, reach?: number) => {at: number} | null} */
export function nearestOnTrack(track, { x, y }, reach = Infinity) {
  const path = pathOf(track);
  let [best, least] = [-1, reach];
  boxesOf(track).forEach((box, segment) => {
    if (!insideBox(box, { x, y }, least)) return;
    for (let i = segment * path.chords; i < (segment + 1) * path.chords; i += 1) {
      const [ax, ay] = [path.vertices[2 * i], path.vertices[2 * i + 1]];
      const [dx, dy] = [path.vertices[2 * i + 2] - ax, path.vertices[2 * i + 3] - ay];
      const square = dx * dx + dy * dy;
      const share = square === 0 ? 0 : clamp(((x - ax) * dx + (y - ay) * dy) / square, 0, 1);
      const away = Math.hypot(x - ax - share * dx, y - ay - share * dy);
      if (away > least) continue;
      least = away;
      best = path.reached[i] + share * (path.reached[i + 1] - path.reached[i]);
    }
  });
  return best < 0 ? null : { at: knotsAt(path, best) };
}

/** The box handles in canvas pixels. @type {(box: Box, view: View) => Record<BoxHandle, CanvasPoint>} */
export function boxHandles(box, view) {
  const { x: left, y: top } = toCanvas(view, box);
  const corner = toCanvas(view, cornerOf(box));
  const [w, n] = [left - BOX_MARGIN_PX, top - BOX_MARGIN_PX];
  const [e, s] = [corner.x + BOX_MARGIN_PX, corner.y + BOX_MARGIN_PX];
  const [cx, cy] = [(w + e) / 2, (n + s) / 2];
  return {
    rotate: { x: cx, y: n - ROTATE_ARM_PX }, nw: { x: w, y: n }, ne: { x: e, y: n }, se: { x: e, y: s }, sw: { x: w, y: s },
    n: { x: cx, y: n }, e: { x: e, y: cy }, s: { x: cx, y: s }, w: { x: w, y: cy },
  };
}

/** @type {(track: Track, session: Session, point: CanvasPoint, reach: number) => Target | null} */
function hitHandles(track, { selection, view }, point, reach) {
  if (track.curve !== "bezier") return null;
  for (const [knot, part] of track.knots.entries()) {
    if (!isKnotChosen(selection, track.id, knot)) continue;
    for (const side of /** @type {const} */ (["out", "in"])) {
      const [dx, dy] = part[side] ?? [0, 0];
      const tip = toCanvas(view, { x: part.x + dx, y: part.y + dy });
      if ((dx || dy) && distance(tip, point) <= reach) return { kind: "handle", track: track.id, knot, side };
    }
  }
  return null;
}

/** @type {typeof hitHandles} */
function hitKnots(track, { view }, point, reach) {
  const away = track.knots.map((knot) => distance(toCanvas(view, knot), point));
  const least = Math.min(...away);
  return least <= reach ? { kind: "knot", track: track.id, knot: away.lastIndexOf(least) } : null;
}

/** @type {(drawing: Drawing, session: Session, point: CanvasPoint, touch?: boolean) => Target | null} */
export function hitTest(drawing, session, point, touch = false) {
  const { view, selection, tool } = session;
  const reach = touch ? TOUCH_RADIUS_PX : HIT_RADIUS_PX;
  const open = sentTracks(drawing).filter((track) => !track.locked).reverse();
  const chosen = open.filter((track) => isSelected(selection, track.id));
  for (const hit of [hitHandles, hitKnots]) {
    for (const track of chosen) {
      const target = hit(track, session, point, reach);
      if (target) return target;
    }
  }
  if (tool !== "select") return null;
  const moving = chosen.find((track) =>
    track.knots.length > 1 && distance(toCanvas(view, placeIn(drawing, track, session.frame)), point) <= reach);
  if (moving) return { kind: "dot", track: moving.id };
  const box = chosen.length > 0 && transformBox(drawing, selection, session.frame);
  for (const [handle, place] of box ? Object.entries(boxHandles(box, view)) : []) {
    if (distance(place, point) <= reach) return { kind: "box", handle: /** @type {BoxHandle} */ (handle) };
  }
  return hitPaths([...chosen, ...open], session, point, reach);
}

/** An end of a path, which can be dragged before anything is selected. @type {typeof hitHandles} */
function hitEnds(track, { view }, point, reach) {
  const last = track.knots.length - 1;
  const [first, end] = [0, last].map((knot) => distance(toCanvas(view, track.knots[knot]), point));
  if (Math.min(first, end) > reach) return null;
  return { kind: "knot", track: track.id, knot: end <= first ? last : 0 };
}

/** @type {(tracks: readonly Track[], session: Session, point: CanvasPoint, reach: number) => Target | null} */
function hitPaths(tracks, session, point, reach) {
  const image = toImage(session.view, point);
  for (const track of tracks) {
    const end = hitEnds(track, session, point, reach);
    if (end) return end;
    const found = nearestOnTrack(track, image, reach / session.view.scale);
    if (found) return { kind: "path", track: track.id, at: found.at };
  }
  const area = tracks.find(({ spread, knots: [first] }) =>
    spread?.shape === "region" && insidePolygon(spread.polygon, { x: image.x - first.x, y: image.y - first.y }));
  return area ? { kind: "area", track: area.id } : null;
}

/** Whether a point lies in the box that the selection's handles stand on.
 * @type {(drawing: Drawing, session: Session, point: CanvasPoint) => boolean} */
export function insideTransformBox(drawing, { selection, view, frame }, point) {
  const box = transformBox(drawing, selection, frame);
  return box !== null && insideBox(box, toImage(view, point), BOX_MARGIN_PX / view.scale);
}
