import assert from "node:assert/strict";
import { test } from "node:test";

import { createDrawing, createTrack } from "../../web/js/editor/drawing/schema.js";
import { pointerDown, pointerMove } from "../../web/js/editor/input/pointer.js";
import { pathOf, sampledTrack } from "../../web/js/editor/drawing/sample.js";
import { createSession, createStore } from "../../web/js/editor/drawing/store.js";

const [TRACKS, KNOTS, BUDGET_MS] = [200, 50, 4];
const input = (x, y) => ({ canvas: { x, y }, button: 0, shift: false, ctrl: false, alt: false, touch: false, clicks: 1, pan: false });
const knotsOf = (t) => Array.from({ length: KNOTS }, (_, k) => ({
  x: 20 + (790 * (k + 0.5)) / KNOTS, y: 20 + ((t * 37) % 440) + 15 * Math.sin(k + t),
}));

/** A store that holds 200 tracks of 50 knots, sampled, with one knot of one track pressed. */
function pressed() {
  let drawing = createDrawing();
  for (let t = 0; t < TRACKS; t += 1) {
    drawing = { ...drawing, tracks: [...drawing.tracks, createTrack(drawing, { knots: knotsOf(t) })] };
  }
  for (const track of drawing.tracks) sampledTrack(track, drawing.frames);
  const session = { ...createSession(), tool: "select", selection: [{ track: "t100", knots: [25] }] };
  const store = createStore(drawing, session, { onChange() {}, onCommit: () => assert.fail("a drag commits nothing") });
  const { x, y } = drawing.tracks[99].knots[25];
  store.session(pointerDown(drawing, session, input(x, y))[0]);
  return { store, x, y };
}
const moveTo = (store, x, y) => {
  const { drawing, session } = store.get();
  store.session(pointerMove(drawing, session, input(x, y)));
  return store.shown();
};
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

test("a dragged knot makes one new track; the others keep their paths and samples", () => {
  const { store, x, y } = pressed();
  const { drawing } = store.get();
  const before = drawing.tracks.map((track) => [pathOf(track), sampledTrack(track, drawing.frames)]);
  const shown = moveTo(store, x + 30, y + 10);
  const changed = shown.tracks.filter((track, i) => pathOf(track) !== before[i][0] || sampledTrack(track, shown.frames) !== before[i][1]);
  assert.deepEqual(changed.map(({ id }) => id), ["t100"]);
  assert.equal(store.shown(), shown, "asking again reduces nothing again");
  assert.equal(store.get().drawing, drawing);
});

test(`a pointermove with ${TRACKS} tracks of ${KNOTS} knots is handled in under ${BUDGET_MS} ms, samples included`, () => {
  const { store, x, y } = pressed();
  const times = Array.from({ length: 200 }, (_, i) => {
    const begin = performance.now();
    const { tracks, frames } = moveTo(store, x + 5 + i, y + i / 3);
    for (const track of tracks) sampledTrack(track, frames);
    return performance.now() - begin;
  });
  assert.ok(median(times) < BUDGET_MS, `${median(times).toFixed(2)} ms`);
  store.session({ drag: null });
  const hovers = Array.from({ length: 200 }, (_, i) => {
    const begin = performance.now();
    moveTo(store, 4 * i, 2 * i);
    return performance.now() - begin;
  });
  assert.ok(median(hovers) < BUDGET_MS, `${median(hovers).toFixed(2)} ms`);
});
