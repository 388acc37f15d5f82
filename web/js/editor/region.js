/** Fill a polygon with points: on a grid, or irregular but evenly spaced (Poisson disc). */

import { boundingBox, insidePolygon } from "./geometry.js";

/**
 * @typedef {readonly [number, number]} Offset
 * @typedef {import("./types.js").Spread} Spread
 */

export const MAX_REGION_POINTS = 4096;
const ATTEMPTS = 20;

/** Mulberry32: the same polygon is always filled alike. @param {number} seed */
function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Signed shoelace area, without the sign. @param {readonly Offset[]} polygon */
export function polygonArea(polygon) {
  let doubled = 0;
  polygon.forEach(([x, y], index) => {
    const [nextX, nextY] = polygon[(index + 1) % polygon.length] ?? [x, y];
    doubled += x * nextY - nextX * y;
  });
  return Math.abs(doubled) / 2;
}

/** The spacing at which about `count` points fill the polygon. @param {readonly Offset[]} polygon
 * @param {number} count */
export const spacingFor = (polygon, count) =>
  Math.max(Math.sqrt(polygonArea(polygon) / Math.max(count, 1)), 0.5);

/** @param {readonly Offset[]} polygon @param {number} spacing @returns {Offset[]} */
function gridPoints(polygon, spacing) {
  const corners = polygon.map(([x, y]) => ({ x, y }));
  const box = boundingBox(corners);
  if (!box) return [];
  const cols = Math.max(Math.floor(box.width / spacing), 0);
  const rows = Math.max(Math.floor(box.height / spacing), 0);
  const left = box.x + (box.width - cols * spacing) / 2;
  const top = box.y + (box.height - rows * spacing) / 2;
  /** @type {Offset[]} */
  const points = [];
  for (let row = 0; row <= rows; row += 1) {
    for (let col = 0; col <= cols && points.length < MAX_REGION_POINTS; col += 1) {
      const point = { x: left + col * spacing, y: top + row * spacing };
      if (insidePolygon(corners, point)) points.push([point.x, point.y]);
    }
  }
  return points;
}

/**
 * Source: Bridson, "Fast Poisson disk sampling in arbitrary dimensions", SIGGRAPH 2007.
 * @param {readonly Offset[]} polygon @param {number} spacing @returns {Offset[]}
 */
function poissonPoints(polygon, spacing) {
  const corners = polygon.map(([x, y]) => ({ x, y }));
  const box = boundingBox(corners);
  const seed = gridPoints(polygon, spacing / 2)[0];
  if (!box || !seed) return [];
  const random = randomNumbers(Math.round(box.width * 1000 + box.height));
  const side = spacing / Math.SQRT2;
  /** @type {Map<string, Offset>} */
  const taken = new Map();
  const cell = (/** @type {Offset} */ [x, y]) => [Math.floor((x - box.x) / side), Math.floor((y - box.y) / side)];
  const put = (/** @type {Offset} */ point) => taken.set(cell(point).join(), point);
  const free = (/** @type {Offset} */ point) => {
    const [col = 0, row = 0] = cell(point);
    for (let dx = -2; dx <= 2; dx += 1) {
      for (let dy = -2; dy <= 2; dy += 1) {
        const other = taken.get(`${col + dx},${row + dy}`);
        if (other && Math.hypot(other[0] - point[0], other[1] - point[1]) < spacing) return false;
      }
    }
    return insidePolygon(corners, { x: point[0], y: point[1] });
  };
  const active = [seed];
  put(seed);
  while (active.length > 0 && taken.size < MAX_REGION_POINTS) {
    const index = Math.floor(random() * active.length);
    const from = /** @type {Offset} */ (active[index]);
    let found = false;
    for (let attempt = 0; attempt < ATTEMPTS && !found; attempt += 1) {
      const radius = spacing * (1 + random());
      const angle = 2 * Math.PI * random();
      /** @type {Offset} */
      const next = [from[0] + radius * Math.cos(angle), from[1] + radius * Math.sin(angle)];
      if (!free(next)) continue;
      put(next);
      active.push(next);
      found = true;
    }
    if (!found) active.splice(index, 1);
  }
  return [...taken.values()];
}

/**
 * @param {readonly Offset[]} polygon @param {"grid" | "poisson"} fill
 * @param {number} spacing in pixels @returns {Offset[]} at least one point: the polygon's middle
 */
export function fillPolygon(polygon, fill, spacing) {
  const points = fill === "grid" ? gridPoints(polygon, spacing) : poissonPoints(polygon, spacing);
  return points.length > 0 ? points : [[0, 0]];
}
