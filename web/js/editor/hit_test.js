/** (document, session, point) -> what lies under it, topmost and most specific first. */

import { applyMatrix, distance, insideBox, insidePolygon, nearestOnChord, toCanvas, toImage } from "./geometry.js";
import { knotsAt } from "./curves.js";
import { pathOf, sampledTrack } from "./sample.js";
import { findTrack, isKnotChosen, transformBox } from "./selection.js";

/**
 * @typedef {import("./types.js").MotionDocument} MotionDocument
 * @typedef {import("./types.js").Session} Session
 * @typedef {import("./types.js").Track} Track
 * @typedef {import("./types.js").CanvasPoint} CanvasPoint
 * @typedef {import("./types.js").Target} Target
 * @typedef {import("./types.js").BoxHandle} BoxHandle
 * @typedef {import("./geometry.js").Box} Box
 */

export const HIT_RADIUS_PX = 8;
export const TOUCH_RADIUS_PX = 18;
export const BOX_MARGIN_PX = 12;
export const ROTATE_ARM_PX = 22;

/** @type {WeakMap<import("./curves.js").Path, Float64Array>} */
const segmentBoxes = new WeakMap();

/** left, top, right, bottom of every segment: most are ruled out by these alone.
 * @param {import("./curves.js").Path} path */
function boxesOf(path) {
  const known = segmentBoxes.get(path);
  if (known) return known;
  const { vertices, chords } = path;
  const segments = (path.reached.length - 1) / chords;
  const boxes = new Float64Array(4 * segments);
  for (let i = 0; i < segments; i += 1) {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let j = 2 * i * chords; j <= 2 * (i + 1) * chords; j += 2) {
      const [x = 0, y = 0] = [vertices[j], vertices[j + 1]];
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
    boxes.set([left, top, right, bottom], 4 * i);
  }
  segmentBoxes.set(path, boxes);
  return boxes;
}

/** The closest place on a track's path within `reach` image pixels.
 * @param {Track} track @param {{x: number, y: number}} point @param {number} reach
 * @returns {{at: number, distance: number} | null} */
export function nearestOnTrack(track, point, reach) {
  const path = pathOf(track);
  const boxes = boxesOf(path);
  let best = null;
  let least = reach;
  for (let i = 0; 4 * i < boxes.length; i += 1) {
    const [left = 0, top = 0, right = 0, bottom = 0] = [
      boxes[4 * i], boxes[4 * i + 1], boxes[4 * i + 2], boxes[4 * i + 3],
    ];
    if (point.x < left - least || point.x > right + least) continue;
    if (point.y < top - least || point.y > bottom + least) continue;
    for (let j = i * path.chords; j < (i + 1) * path.chords; j += 1) {
      const [ax = 0, ay = 0, bx = 0, by = 0] = path.vertices.subarray(2 * j, 2 * j + 4);
      const found = nearestOnChord(point, { x: ax, y: ay }, { x: bx, y: by });
      if (found.distance > least) continue;
      least = found.distance;
      const [from = 0, to = 0] = path.reached.subarray(j, j + 2);
      best = from + found.share * (to - from);
    }
  }
  return best === null ? null : { at: knotsAt(path, best), distance: least };
}

/** The box handles in canvas pixels. @param {Box} box in image pixels
 * @param {import("./types.js").View} view @returns {[BoxHandle, CanvasPoint][]} */
export function boxHandles(box, view) {
  const { x: left, y: top } = toCanvas(view, box);
  const corner = toCanvas(view, { x: box.x + box.width, y: box.y + box.height });
  const [l, t] = [left - BOX_MARGIN_PX, top - BOX_MARGIN_PX];
  const [r, b] = [corner.x + BOX_MARGIN_PX, corner.y + BOX_MARGIN_PX];
  const [cx, cy] = [(l + r) / 2, (t + b) / 2];
  return [
    ["rotate", { x: cx, y: t - ROTATE_ARM_PX }],
    ["nw", { x: l, y: t }], ["ne", { x: r, y: t }], ["se", { x: r, y: b }], ["sw", { x: l, y: b }],
    ["n", { x: cx, y: t }], ["e", { x: r, y: cy }], ["s", { x: cx, y: b }], ["w", { x: l, y: cy }],
  ];
}

/** @param {Track} track @param {Session} session @param {CanvasPoint} point @param {number} reach
 * @returns {Target | null} */
function hitHandles(track, { selection, view }, point, reach) {
  if (track.curve !== "bezier") return null;
  for (let knot = 0; knot < track.knots.length; knot += 1) {
    const part = track.knots[knot];
    if (!part || !isKnotChosen(selection, track.id, knot)) continue;
    for (const side of /** @type {const} */ (["out", "in"])) {
      const [dx, dy] = part[side] ?? [0, 0];
      if (dx === 0 && dy === 0) continue;
      const tip = toCanvas(view, { x: part.x + dx, y: part.y + dy });
      if (distance(tip, point) <= reach) return { kind: "handle", track: track.id, knot, side };
    }
  }
  return null;
}

/** @param {Track} track @param {Session} session @param {CanvasPoint} point @param {number} reach
 * @returns {Target | null} */
function hitKnots(track, { view }, point, reach) {
  let best = null;
  let least = reach;
  track.knots.forEach((knot, index) => {
    const away = distance(toCanvas(view, knot), point);
    if (away > least) return;
    least = away;
    best = index;
  });
  return best === null ? null : { kind: "knot", track: track.id, knot: best };
}

/** @param {MotionDocument} document @param {Session} session @param {CanvasPoint} point
 * @param {boolean} [touch] @returns {Target | null} */
export function hitTest(document, session, point, touch = false) {
  const { view, selection, tool } = session;
  const reach = touch ? TOUCH_RADIUS_PX : HIT_RADIUS_PX;
  const open = document.tracks.filter((track) => !track.hidden && !track.locked).reverse();
  const chosen = open.filter((track) => selection.some((part) => part.track === track.id));
  for (const hit of [hitHandles, hitKnots]) {
    for (const track of chosen) {
      const target = hit(track, session, point, reach);
      if (target) return target;
    }
  }
  if (tool !== "select") return null;
  for (const track of chosen) {
    const { own } = sampledTrack(track, document.frames);
    const dot = { x: own[2 * session.frame] ?? 0, y: own[2 * session.frame + 1] ?? 0 };
    const moving = track.knots.length > 1;
    if (moving && distance(toCanvas(view, dot), point) <= reach) return { kind: "dot", track: track.id };
  }
  const box = transformBox(document, selection);
  if (box && chosen.length > 0) {
    for (const [handle, place] of boxHandles(box, view)) {
      if (distance(place, point) <= reach) return { kind: "box", handle };
    }
  }
  return hitPaths([...chosen, ...open], session, point, reach);
}

/** @param {readonly Track[]} tracks @param {Session} session @param {CanvasPoint} point
 * @param {number} reach @returns {Target | null} */
function hitPaths(tracks, session, point, reach) {
  const image = toImage(session.view, point);
  for (const track of tracks) {
    const knot = track.knots.length === 1 ? hitKnots(track, session, point, reach) : null;
    if (knot) return knot;
    const found = nearestOnTrack(track, image, reach / session.view.scale);
    if (found) return { kind: "path", track: track.id, at: found.at };
  }
  for (const track of tracks) {
    const first = track.knots[0];
    if (!first || track.spread?.shape !== "region") continue;
    const polygon = track.spread.polygon.map(([x, y]) => applyMatrix([1, 0, 0, 1, first.x, first.y], { x, y }));
    if (insidePolygon(polygon, image)) return { kind: "area", track: track.id };
  }
  return null;
}

/** Whether a point lies in the box that the selection's handles stand on.
 * @param {MotionDocument} document @param {Session} session @param {CanvasPoint} point */
export function insideTransformBox(document, session, point) {
  const box = transformBox(document, session.selection);
  const margin = BOX_MARGIN_PX / session.view.scale;
  return box !== null && insideBox(
    { x: box.x - margin, y: box.y - margin, width: box.width + 2 * margin, height: box.height + 2 * margin },
    toImage(session.view, point),
  );
}

/** @param {MotionDocument} document @param {Target | null} target */
export const targetTrack = (document, target) =>
  target && "track" in target ? findTrack(document, target.track) : undefined;
