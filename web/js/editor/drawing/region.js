/** Fill a drawn polygon with points: on a grid, or irregular but evenly spaced (Poisson disc). The
 * drawing carries them from then on; the nodes' fill of a mask is another one, fill_mask in Python. */

import { boundingBox, insidePolygon } from "../curve/geometry.js";

const MAX_POINTS = 4096;
const ATTEMPTS = 20;

/** Mulberry32: the same polygon is always filled alike. @type {(seed: number) => () => number} */
function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Shoelace area, without the sign. @type {(polygon: readonly Pair[]) => number} */
export function polygonArea(polygon) {
  const doubled = polygon.reduce((sum, [x, y], index) => {
    const [u, v] = polygon[(index + 1) % polygon.length];
    return sum + x * v - u * y;
  }, 0);
  return Math.abs(doubled) / 2;
}

/** The spacing at which about `count` points fill the polygon. @type {(polygon: readonly Pair[], count: number) => number} */
export const spacingFor = (polygon, count) => Math.max(Math.sqrt(polygonArea(polygon) / Math.max(count, 1)), 0.5);

/** @type {(polygon: readonly Pair[], box: Box, spacing: number) => Pair[]} */
function gridPoints(polygon, box, spacing) {
  const [cols, rows] = [Math.floor(box.width / spacing), Math.floor(box.height / spacing)];
  const left = box.x + (box.width - cols * spacing) / 2;
  const top = box.y + (box.height - rows * spacing) / 2;
  /** @type {Pair[]} */
  const points = [];
  for (let row = 0; row <= rows; row += 1) {
    for (let col = 0; col <= cols && points.length < MAX_POINTS; col += 1) {
      const [x, y] = [left + col * spacing, top + row * spacing];
      if (insidePolygon(polygon, { x, y })) points.push([x, y]);
    }
  }
  return points;
}

/** Source: Bridson, "Fast Poisson disk sampling in arbitrary dimensions", SIGGRAPH 2007.
 * @type {(polygon: readonly Pair[], box: Box, spacing: number) => Pair[]} */
function poissonPoints(polygon, box, spacing) {
  const active = gridPoints(polygon, box, spacing / 2).slice(0, 1);
  const random = randomNumbers(Math.round(box.width * 1000 + box.height));
  const side = spacing / Math.SQRT2;
  /** @type {Map<string, Pair>} */
  const taken = new Map();
  const cell = (/** @type {Pair} */ [x, y]) => [Math.floor((x - box.x) / side), Math.floor((y - box.y) / side)];
  const free = (/** @type {Pair} */ [x, y]) => {
    const [col, row] = cell([x, y]);
    for (let near = 0; near < 25; near += 1) {
      const other = taken.get(`${col - 2 + (near % 5)},${row - 2 + Math.floor(near / 5)}`);
      if (other && Math.hypot(other[0] - x, other[1] - y) < spacing) return false;
    }
    return insidePolygon(polygon, { x, y });
  };
  for (const seed of active) taken.set(cell(seed).join(), seed);
  while (active.length > 0 && taken.size < MAX_POINTS) {
    const index = Math.floor(random() * active.length);
    const [x, y] = active[index];
    let left = ATTEMPTS;
    for (; left > 0; left -= 1) {
      const radius = spacing * (1 + random());
      const angle = 2 * Math.PI * random();
      /** @type {Pair} */
      const next = [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
      if (!free(next)) continue;
      taken.set(cell(next).join(), next);
      active.push(next);
      break;
    }
    if (left === 0) active.splice(index, 1);
  }
  return [...taken.values()];
}

/** At least one point: the polygon's middle. Not fill_mask of wanmove_core, which fills masks of pixels.
 * @type {(polygon: readonly Pair[], fill: "grid" | "poisson", spacing: number) => Pair[]} */
export function fillPolygon(polygon, fill, spacing) {
  const box = boundingBox(polygon.map(([x, y]) => ({ x, y })));
  const points = box ? (fill === "grid" ? gridPoints : poissonPoints)(polygon, box, spacing) : [];
  return points.length > 0 ? points : [[0, 0]];
}
