/** The wand: a press picks the object under it, a drag changes how much of it, Shift and Alt add and take away. */

import { growRegion, simplifyOutline, traceOutline } from "../curve/wand.js";
import { insidePolygon } from "../curve/geometry.js";
import { findTrack, wholly } from "../drawing/selection.js";
import { FIRST_TOLERANCE } from "../drawing/store.js";
import { regionTrack } from "./strokes.js";

const LARGEST_TOLERANCE = 255;
/** Per pixel of the screen that is dragged to the right. */
const MORE_PER_PX = 0.25;
const OUTLINE_PX = 0.75;

/** As after a lasso: the next stroke moves it. @type {(track: Track) => Partial<Session>} */
export const afterWand = (track) => ({ selection: wholly([track]), tool: "draw", unfinished: track.id });

/** @type {(drawing: Drawing, session: Session, drag: Pick<Drag, "from" | "start">, input: Pick<PointerInput, "canvas" | "shift" | "alt" | "pixels">) => Action | null} */
export function wandAction(drawing, session, { from, start }, { canvas, shift, alt, pixels }) {
  const picture = pixels?.();
  if (!picture || start.x < 0 || start.y < 0 || start.x >= drawing.width || start.y >= drawing.height) return null;
  const { width, height } = picture;
  const [sx, sy] = [width / drawing.width, height / drawing.height];
  const tolerance = Math.min(Math.max(session.tolerance + MORE_PER_PX * (canvas.x - from.x), 1), LARGEST_TOLERANCE);
  const mask = growRegion(picture, start.x * sx, start.y * sy, tolerance);
  const before = shift || alt ? findTrack(drawing, session.selection[0]?.track) : undefined;
  const spread = before?.spread?.shape === "region" ? before.spread : undefined;
  const region = spread ? before : undefined;
  if (region ? region.locked : alt) return null;
  if (region) combine(mask, region, width, sx, sy, alt);
  const track = outlined(drawing, mask, width, sx, sy, spread?.fill);
  if (!track) return null;
  if (!region || !spread || track.spread?.shape !== "region") return { type: "add-tracks", tracks: [track] };
  const [dx, dy] = [track.knots[0].x - region.knots[0].x, track.knots[0].y - region.knots[0].y];
  const knots = region.knots.map((knot) => ({ ...knot, x: knot.x + dx, y: knot.y + dy }));
  // Its keys and its fill stay. A ring is what the Draw tool made, not what the wand takes.
  const { ring: _, ...kept } = spread;
  const { polygon, offsets, spacing } = track.spread;
  return { type: "patch-tracks", ids: [region.id], patch: { knots, spread: { ...kept, polygon, offsets, spacing } } };
}

/** Twice the ring is larger; more than half of the picture is what objects lie on. */
const [LARGER, MOST_OF_PICTURE] = [2, 0.5];

/** Whether a path's ring takes only a part of what lies under its start.
 * @type {(drawing: Drawing, track: Track, pixels: () => Pixels | null) => boolean} */
export function takesPart(drawing, { knots: [start], spread }, pixels) {
  const picture = spread?.shape === "disc" && spread.ring ? pixels() : null;
  if (!picture || spread?.shape !== "disc") return false;
  const scale = picture.width / drawing.width;
  const mask = growRegion(picture, start.x * scale, (start.y * picture.height) / drawing.height, FIRST_TOLERANCE);
  const share = mask.reduce((sum, inside) => sum + inside, 0) / mask.length;
  const ring = (Math.PI * (spread.size / 2) ** 2) / (drawing.width * drawing.height);
  return share > LARGER * ring && share < MOST_OF_PICTURE;
}

const WHITE = 140; // above the grey that a picture is padded with

/** The largest white piece of a mask as a region at rest; null where it is too small.
 * @type {(drawing: Drawing, picture: Pixels) => Track | null} */
export function maskRegion(drawing, { data, width, height }) {
  const mask = new Uint8Array(width * height).map((_, i) => Number(data[4 * i] > WHITE));
  return outlined(drawing, mask, width, width / drawing.width, height / drawing.height);
}

/** @type {(drawing: Drawing, mask: Uint8Array, width: number, sx: number, sy: number, fill?: RegionSpread["fill"]) => Track | null} */
function outlined(drawing, mask, width, sx, sy, fill) {
  if (!mask.includes(1)) return null;
  const outline = simplifyOutline(traceOutline(largestPiece(mask, width), width), OUTLINE_PX)
    .map(([x, y]) => ({ x: x / sx, y: y / sy }));
  // Holes are no part of the outline: points keep out of them.
  return regionTrack(drawing, outline, ({ x, y }) => mask[Math.floor(y * sy) * width + Math.floor(x * sx)] === 1, fill);
}

/** Add the pixels of a region to the mask, or keep those of the region without the mask's.
 * @type {(mask: Uint8Array, region: Track, width: number, sx: number, sy: number, takes: boolean) => void} */
function combine(mask, { knots: [middle], spread }, width, sx, sy, takes) {
  const polygon = spread?.shape === "region" ? spread.polygon : [];
  for (let i = 0; i < mask.length; i += 1) {
    const point = { x: ((i % width) + 0.5) / sx - middle.x, y: (Math.floor(i / width) + 0.5) / sy - middle.y };
    const old = insidePolygon(polygon, point);
    mask[i] = Number(takes ? old && !mask[i] : old || mask[i] === 1);
  }
}

/** The largest of the pieces of a mask. @type {(mask: Uint8Array, width: number) => Uint8Array} */
function largestPiece(mask, width) {
  const left = Uint8Array.from(mask);
  let best = new Uint8Array(mask.length);
  let most = 0;
  for (let seed = left.indexOf(1); seed >= 0; seed = left.indexOf(1, seed)) {
    const piece = new Uint8Array(mask.length);
    const open = [seed];
    let size = 0;
    left[seed] = 0;
    while (open.length) {
      const at = /** @type {number} */ (open.pop());
      piece[at] = 1;
      size += 1;
      for (const to of [at % width ? at - 1 : -1, (at + 1) % width ? at + 1 : -1, at - width, at + width]) {
        if (left[to] !== 1) continue;
        left[to] = 0;
        open.push(to);
      }
    }
    if (size > most) [best, most] = [piece, size];
  }
  return best;
}
