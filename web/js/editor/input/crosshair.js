/** With keys alone: arrows move what is selected, or else the crosshair, from where a path or a region begins. */

import { createTrack } from "../drawing/schema.js";
import { boundingBox, centerOf, clamp, rotation, scaling, toCanvas, translation } from "../curve/geometry.js";
import { chosenKnots, findTrack, transformBox } from "../drawing/selection.js";
import { boxAction } from "./pointer.js";
import { withRing } from "./ring.js";
import { afterWand, wandAction } from "./wanding.js";

/** Of the screen: a larger view places it finer. */
const STEP_PX = 8;
/** Share of the frame's sides: a path may begin outside. */
const OUTSIDE = 0.1;

/** @type {(drawing: Drawing, session: Session) => ImagePoint} */
const aimOf = ({ width, height }, { aim }) => aim ?? /** @type {ImagePoint} */ ({ x: width / 2, y: height / 2 });

/** Whether arrows move the crosshair. @type {(session: Session) => boolean} */
export const aims = ({ selection, tool }) => selection.length === 0 || tool === "wand";

/** What keys act on: the crosshair, or the selected knots. @type {(state: State) => Box | null} */
export function reachedBox({ drawing, session }) {
  const { aim, selection } = session;
  if (aims(session)) return aim && boundingBox([aim]);
  return boundingBox(selection.flatMap(({ track, knots }) => chosenKnots(/** @type {Track} */ (findTrack(drawing, track)), knots)));
}

/** @type {(dx: number, dy: number) => Command["run"]} */
export const nudge = (dx, dy) => ({ store }) => {
  const { drawing, session } = store.get();
  const { selection, view } = session;
  if (!aims(session)) return store.act([{ type: "transform", selection, matrix: translation(dx, dy) }]);
  const { x, y } = aimOf(drawing, session);
  const moved = (/** @type {number} */ from, /** @type {number} */ by, /** @type {number} */ side) =>
    clamp(from + (by * STEP_PX) / view.scale, -OUTSIDE * side, (1 + OUTSIDE) * side);
  store.session({ aim: /** @type {ImagePoint} */ ({ x: moved(x, dx, drawing.width), y: moved(y, dy, drawing.height) }) });
};

/** Begins a path at the crosshair, or adds a knot after the last one of the selected path; arrows move it.
 * With the Wand it takes the region there. @type {Command["run"]} */
export const press = (host) => {
  const { store } = host;
  const { drawing, session } = store.get();
  if (session.tool === "wand") return takeRegion()(host);
  const track = findTrack(drawing, session.selection[0]?.track);
  const done = /** @type {const} */ ({ tool: "select", unfinished: null });
  if (!track || track.locked) {
    const lone = createTrack(drawing, { knots: [aimOf(drawing, session)] });
    const made = session.tool === "anchor" ? lone : withRing(drawing, session, lone, false);
    return store.act([{ type: "add-tracks", tracks: [made] }], { ...done, selection: [{ track: made.id, knots: [0] }] });
  }
  const { x, y } = track.knots[track.knots.length - 1];
  const knot = { x: clamp(x + drawing.width / 10, 0, drawing.width), y };
  store.act([{ type: "append-knot", id: track.id, knot }], { ...done, selection: [{ track: track.id, knots: [track.knots.length] }] });
};

/** The wand at the crosshair; more for the selected region with `shift`, less of it with `alt`.
 * @type {(how?: {shift?: boolean, alt?: boolean}) => Command["run"]} */
export const takeRegion = ({ shift = false, alt = false } = {}) => ({ store, pixels }) => {
  const { drawing, session } = store.get();
  const start = aimOf(drawing, session);
  const canvas = toCanvas(session.view, start);
  const action = wandAction(drawing, session, { from: canvas, start }, { canvas, shift, alt, pixels });
  if (action) store.act([action], action.type === "add-tracks" ? afterWand(action.tracks[0]) : {});
};

/** @type {(matrixOf: (middle: XY) => Matrix) => Command["run"]} */
const aboutMiddle = (matrixOf) => ({ store }) => {
  const { drawing, session } = store.get();
  const box = transformBox(drawing, session.selection, session.frame);
  if (box) store.act([boxAction(drawing, session, matrixOf(centerOf(box)))]);
};
/** What is selected, about its middle; of a cluster after the first frame: keys there, as with its box.
 * @type {(degrees: number) => Command["run"]} */
export const turn = (degrees) => aboutMiddle((middle) => rotation(middle, degrees));
/** @type {(factor: number) => Command["run"]} */
export const enlarge = (factor) => aboutMiddle((middle) => scaling(middle, factor, factor));
