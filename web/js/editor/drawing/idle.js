/** Which tracks guide nothing, and why: the rules of wanmove_core's report, while drawing. */

import { stridesOf } from "./cells.js";
import { FAMILY_STRIDES, FIRST_FAMILY } from "./families.js";
import { remembered, sampledIn, sentTracks } from "./sample.js";

/** In words, as the report has them. @type {Record<IdleReason, string>} */
export const IDLE_REASONS = {
  hidden: "hidden at the start: guides nothing", outside: "starts outside of the picture: start it on what should move",
  start: "visible at the start only: guides nothing", never: "never visible inside the picture: guides nothing",
};

/** Why one point guides nothing; null where it does.
 * @type {(drawing: Drawing, sampled: Sampled, point: number, perLatent: number) => IdleReason | null} */
function reasonOf({ width, height, frames }, { points, positions, visible }, point, perLatent) {
  const isSeen = (/** @type {number} */ frame) => {
    // As single precision, which tracks have outside of the editor.
    const [x, y] = [0, 1].map((axis) => Math.fround(positions[2 * (frame * points + point) + axis]));
    return visible[frame] === 1 && x >= 0 && y >= 0 && x <= width && y <= height;
  };
  const start = isSeen(0);
  let later = false;
  for (let frame = perLatent; frame < frames && !later; frame += perLatent) later = isSeen(frame);
  if (start) return later ? null : "start";
  if (!later) return "never";
  return visible[0] === 1 ? "outside" : "hidden";
}

/** @type {(drawing: Drawing, family: Family) => Map<string, IdleReason>} */
function findIdle(drawing, family) {
  const [perLatent, cellHeight, cellWidth] = stridesOf(family);
  /** @type {Map<string, IdleReason>} */
  const idle = new Map();
  if (drawing.width < cellWidth || drawing.height < cellHeight) return idle;
  for (const track of sentTracks(drawing)) {
    const sampled = sampledIn(drawing, track);
    const first = reasonOf(drawing, sampled, 0, perLatent);
    let acts = first === null;
    for (let point = 1; point < sampled.points && !acts; point += 1) acts = reasonOf(drawing, sampled, point, perLatent) === null;
    if (!acts && first) idle.set(track.id, first);
  }
  return idle;
}

/** Each of them in words, for people. @type {(drawing: Drawing, family: Family, t: Translate) => string[]} */
export const idleLines = (drawing, family, t) => [...idleTracks(drawing, family)]
  .map(([id, reason]) => `${drawing.tracks.find((track) => track.id === id)?.name ?? ""}: ${t(IDLE_REASONS[reason])}`);

const finders = new Map(/** @type {Family[]} */ (Object.keys(FAMILY_STRIDES)).map((family) =>
  [family, remembered((/** @type {Drawing} */ drawing) => findIdle(drawing, family))]));

/** The ids of tracks of which no point guides anything. A grid without cells has none.
 * @type {(drawing: Drawing, family?: Family) => Map<string, IdleReason>} */
export const idleTracks = (drawing, family = FIRST_FAMILY) => finders.get(family)?.(drawing) ?? new Map();
