/** The paths that the video followed, beside those that were asked for. */

import { gotAt } from "../drawing/followed.js";
import { findTrack } from "../drawing/selection.js";
import { placeIn } from "../drawing/sample.js";
import { toCanvas } from "../curve/geometry.js";
import { HALO, circle, dashed, paint, trace } from "./parts.js";

/** @type {(scene: Scene) => {track: Track, row: Followed["rows"][number]}[]} */
const shownRows = ({ drawing, session: { followed } }) => (followed?.rows ?? []).flatMap((row) => {
  const track = findTrack(drawing, row.track);
  return track && !track.hidden ? [{ track, row }] : [];
});

/** In canvas pixels. @type {Draw} */
export function renderGhosts(ctx, scene) {
  const { session: { view } } = scene;
  for (const { track, row: { path } } of shownRows(scene)) {
    const points = Array.from({ length: path.length / 2 }, (_, i) => toCanvas(view, { x: path[2 * i], y: path[2 * i + 1] }));
    trace(ctx, points);
    paint(ctx, null, HALO, 4);
    dashed(ctx, [5, 4], () => paint(ctx, null, "#fff", 2));
    dashed(ctx, [5, 4], () => paint(ctx, null, track.color, 1.25));
  }
}

/** Where each object got to in this frame, and how far that is from where it should be. @type {Draw} */
export function renderGaps(ctx, scene) {
  const { drawing, session: { followed, frame, view } } = scene;
  if (!followed) return;
  for (const { track, row } of shownRows(scene)) {
    const got = toCanvas(view, gotAt(followed, row, frame));
    trace(ctx, [toCanvas(view, placeIn(drawing, track, frame)), got]);
    paint(ctx, null, HALO, 3);
    paint(ctx, null, "#fff", 1.25);
    circle(ctx, got, 4, null, HALO, 4);
    circle(ctx, got, 4, null, track.color, 2);
  }
}
