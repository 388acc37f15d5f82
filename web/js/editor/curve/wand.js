/** The region of a picture around a point, by colour and edges, and its outline. */

/** How different neighbours may be at most, whatever the tolerance: an edge stops the region. */
const EDGE_SHARE = 0.8;

/** @type {(data: Uint8ClampedArray, a: number, r: number, g: number, b: number) => number} */
const away = (data, a, r, g, b) => Math.max(Math.abs(data[a] - r), Math.abs(data[a + 1] - g), Math.abs(data[a + 2] - b));

/** Pixels joined to the seed whose colour is within `tolerance` (0 to 255) of those around the seed.
 * @type {(pixels: Pixels, x: number, y: number, tolerance: number) => Uint8Array} 1 inside */
export function growRegion({ data, width, height }, x, y, tolerance) {
  const inside = new Uint8Array(width * height);
  const seed = Math.min(Math.max(Math.floor(y), 0), height - 1) * width + Math.min(Math.max(Math.floor(x), 0), width - 1);
  const [r, g, b] = [data[4 * seed], data[4 * seed + 1], data[4 * seed + 2]];
  const open = [seed];
  inside[seed] = 1;
  const edge = Math.max(EDGE_SHARE * tolerance, 3);
  const visit = (/** @type {number} */ from, /** @type {number} */ to) => {
    if (inside[to] || away(data, 4 * to, r, g, b) > tolerance) return;
    if (away(data, 4 * to, data[4 * from], data[4 * from + 1], data[4 * from + 2]) > edge) return;
    inside[to] = 1;
    open.push(to);
  };
  while (open.length) {
    const at = /** @type {number} */ (open.pop());
    const col = at % width;
    if (col > 0) visit(at, at - 1);
    if (col < width - 1) visit(at, at + 1);
    if (at >= width) visit(at, at - width);
    if (at < width * (height - 1)) visit(at, at + width);
  }
  return inside;
}

/** The outline of the piece that holds the mask's first pixel, along the edges of its pixels, counter to its holes.
 * @type {(mask: Uint8Array, width: number) => [number, number][]} corners in pixels; empty for an empty mask */
export function traceOutline(mask, width) {
  const height = mask.length / width;
  const start = mask.indexOf(1);
  if (start < 0) return [];
  const has = (/** @type {number} */ x, /** @type {number} */ y) => x >= 0 && y >= 0 && x < width && y < height && mask[y * width + x] === 1;
  const [x0, y0] = [start % width, Math.floor(start / width)];
  /** @type {[number, number][]} */
  const corners = [];
  let [x, y, dx, dy] = [x0, y0, 1, 0];
  // With the region on the right hand: at each corner turn right unless it goes on ahead, left where it closes in.
  do {
    corners.push([x, y]);
    [x, y] = [x + dx, y + dy];
    const [rx, ry] = [-dy, dx];
    const side = (/** @type {number} */ sx, /** @type {number} */ sy) => has(x - (sx > 0 ? 0 : 1), y - (sy > 0 ? 0 : 1));
    if (!side(dx + rx, dy + ry)) [dx, dy] = [rx, ry];
    else if (side(dx - rx, dy - ry)) [dx, dy] = [-rx, -ry];
  } while ((x !== x0 || y !== y0) && corners.length < 4 * mask.length);
  return corners;
}

/** Corners that a straight line within `tolerance` does without. Source: Douglas and Peucker (1973).
 * @type {(points: readonly [number, number][], tolerance: number) => [number, number][]} */
export function simplifyOutline(points, tolerance) {
  const kept = new Set([0, points.length - 1]);
  const open = [[0, points.length - 1]];
  while (open.length) {
    const [low, high] = /** @type {[number, number]} */ (open.pop());
    const [[ax, ay], [bx, by]] = [points[low], points[high]];
    const length = Math.hypot(bx - ax, by - ay);
    let [worst, most] = [-1, tolerance];
    for (let i = low + 1; i < high; i += 1) {
      const [px, py] = points[i];
      const far = length ? Math.abs((bx - ax) * (ay - py) - (ax - px) * (by - ay)) / length : Math.hypot(px - ax, py - ay);
      if (far > most) [worst, most] = [i, far];
    }
    if (worst < 0) continue;
    kept.add(worst);
    open.push([low, worst], [worst, high]);
  }
  return points.filter((_, i) => kept.has(i));
}
