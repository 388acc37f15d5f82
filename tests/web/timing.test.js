/** Frames of keys, bars and windows: what is dragged, what a new length makes of them. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { keysWithPlace, timingWithKeyMoved } from "../../web/js/editor/drawing/timing.js";
import { parseDrawing, serialiseDrawing } from "../../web/js/editor/drawing/schema.js";
import { reduce } from "../../web/js/editor/drawing/reducer.js";
import { sampledTrack } from "../../web/js/editor/drawing/sample.js";
import { layoutTimeline, rowDrag, timelineDrag } from "../../web/js/editor/timeline/layout.js";
import { drawingOf } from "./gestures.js";

const PATH = [[0, 0], [40, 0], [80, 0]];
const timed = (timing) => reduce(drawingOf({ knots: PATH }), { type: "patch-timing", ids: ["t1"], patch: timing });
const retime = (drawing, frames) => reduce(drawing, { type: "set-clip", frames, fps: 16, fit: "retime" });
const again = (drawing) => parseDrawing(serialiseDrawing(drawing));
const keysAt = (...frames) => frames.map((frame, index) => ({ frame, at: index / 4, ease: "linear" }));
/** The first track after a drag in the timeline. */
const dragged = (drawing, target, from, to) => reduce(drawing, timelineDrag(drawing, { track: "t1", ...target }, from, to, [], false)).tracks[0];

test("a key without a whole frame between its neighbours stays where it is, and the drawing can be read", () => {
  for (const frames of [[10, 10.5, 11], [10, 11, 12], [10, 11, 11.5]]) {
    const drawing = timed({ keys: keysAt(...frames) });
    assert.deepEqual(timingWithKeyMoved(drawing.tracks[0], 81, 1, 30), {}, `${frames}`);
    assert.equal(reduce(drawing, timelineDrag(drawing, { kind: "key", track: "t1", index: 1 }, 11, 30, [], false)), drawing, "no step of undo");
  }
  const close = timed({ keys: keysAt(10.9998, 11.5, 13) });
  for (const to of [-50, 11, 12, 90]) assert.equal(again(reduce(close, { type: "patch-timing", ids: ["t1"], patch: timingWithKeyMoved(close.tracks[0], 81, 1, to) })).tracks.length, 1);
});

test("keys outside of the motion stop nothing", () => {
  const drawing = timed({ start: 50, keys: keysAt(40, 70) });
  assert.equal(dragged(drawing, { kind: "key", index: -1 }, 50, 52).timing.start, 52);
  const ended = timed({ end: 60, keys: keysAt(30, 70) });
  assert.equal(dragged(ended, { kind: "key", index: 2 }, 60, 55).timing.end, 55);
  assert.equal(dragged(ended, { kind: "key", index: 2 }, 60, 10).timing.end, 31, "the key inside does");
});

test("what is dragged moves by as much as the pointer, wherever it was grabbed", () => {
  const drawing = reduce(timed({ start: 10, keys: keysAt(30) }), { type: "patch-tracks", ids: ["t1"], patch: { windows: [[20, 60]] } });
  assert.equal(dragged(drawing, { kind: "key", index: -1 }, 11.4, 13.5).timing.start, 12);
  assert.equal(dragged(drawing, { kind: "key", index: 0 }, 28.7, 33.7).timing.keys[0].frame, 35);
  assert.deepEqual(dragged(drawing, { kind: "window", index: 0, side: 0 }, 21.4, 23.4).windows, [[22, 60]]);
  assert.deepEqual(dragged(drawing, { kind: "window", index: 0, side: 1 }, 58.6, 57.6).windows, [[20, 59]]);
});

test("a length of one frame keeps a drawing that can be read", () => {
  const keys = [0, 5, 9].map((frame) => ({ frame, scale: 1 + frame, angle: 0 }));
  const drawing = reduce(timed({ keys: keysAt(10, 40, 70) }), { type: "patch-tracks", ids: ["t1"], patch: {
    spread: { shape: "disc", count: 3, size: 20, angle: 0, keys } } });
  const { timing, spread } = again(retime(drawing, 1)).tracks[0];
  assert.deepEqual(timing.keys.map(({ frame }) => frame), [0]);
  assert.deepEqual(spread.keys, [{ frame: 0, scale: 1, angle: 0 }]);
});

test("retimed to whole frames, keys are on whole frames", () => {
  const { tracks: [track] } = retime({ ...timed({ keys: keysAt(7, 21) }), frames: 29 }, 37);
  assert.deepEqual(track.timing.keys.map(({ frame }) => frame), [9, 27], "not 27.000000000000004");
  assert.equal(keysWithPlace(track, 37, 27, 1).keys.length, 2);
});

for (const { name, frames: [before, after], windows, retimed } of JSON.parse(readFileSync(new URL("../fixtures/retimed.json", import.meta.url)))) {
  test(`retimed windows: ${name}`, () => {
    const drawing = retime({ ...drawingOf({ knots: PATH, windows }), frames: before }, after);
    drawing.tracks[0].windows.flat().forEach((value, i) => assert.ok(Math.abs(value - retimed.flat()[i]) < 1e-6, `${value}`));
    const seen = [...sampledTrack(drawing.tracks[0], after).visible].flatMap((shown, frame) => (shown ? [frame] : []));
    assert.deepEqual(seen, Array.from({ length: after }, (_, frame) => frame).filter((frame) => retimed.some(([a, b]) => frame >= a && frame <= b)));
  });
}

test("a click on a name moves no row, a drag does", () => {
  const drawing = drawingOf({ knots: PATH }, { knots: PATH }, { knots: PATH });
  const layout = layoutTimeline(drawing, 900, 200, 0);
  assert.equal(rowDrag(drawing, layout, "t3", 48, 51), null, "over the edge of a row, by less than 4 px");
  assert.deepEqual(rowDrag(drawing, layout, "t3", 30, 60), { type: "reorder", id: "t3", to: 1 });
});

test("of a locked track its name, colour, group, lock and eye may change, nothing else", () => {
  const drawing = reduce(drawingOf({ knots: PATH }), { type: "patch-tracks", ids: ["t1"], patch: { locked: true } });
  const patch = (given) => reduce(drawing, { type: "patch-tracks", ids: ["t1"], patch: given });
  for (const given of [{ windows: [[0, 9]] }, { curve: "polyline" }, { spread: { shape: "line", count: 2, size: 9, angle: 0, keys: [] } }]) assert.equal(patch(given), drawing);
  const [track] = patch({ name: "a", color: "#000000", group: "b", hidden: true, knots: [{ x: 1, y: 1 }] }).tracks;
  assert.deepEqual([track.name, track.color, track.group, track.hidden, track.knots.length], ["a", "#000000", "b", true, 3]);
  assert.equal(patch({ locked: false }).tracks[0].locked, false);
});
