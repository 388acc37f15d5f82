/** What one draws with keys alone is what one draws with the mouse. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { polygonArea } from "../../web/js/editor/drawing/region.js";
import { createSession, createStore } from "../../web/js/editor/drawing/store.js";
import { commandFor, commandOf, keyOf } from "../../web/js/editor/input/commands.js";
import { click, drawingOf, frozen, gesture } from "./gestures.js";

/** A red square of 160 px on grey, on a drawing of 832x480: at (80, 80). */
function pictureOf() {
  const [width, height] = [104, 60];
  const data = new Uint8ClampedArray(4 * width * height).fill(128);
  for (let y = 10; y < 30; y += 1) for (let x = 10; x < 30; x += 1) data.set([255, 0, 0, 255], 4 * (y * width + x));
  return { data, width, height };
}
function hostOf(drawing, patch = {}) {
  const store = createStore(drawing, { ...createSession(), ...patch }, { onChange() {}, onCommit() {} });
  return {
    run(...ids) {
      for (const id of ids) commandOf(id).run({ store, pixels: pictureOf, reveal() {} });
    },
    tracks: () => store.get().drawing.tracks, session: () => store.get().session,
  };
}
const times = (id, many) => Array(many).fill(id);
const plain = (track) => ({ ...track, id: "", name: "", color: "" });

test("arrows move the crosshair while nothing is selected, by pixels of the screen, and what is selected else", () => {
  const host = hostOf(drawingOf({ knots: [[100, 100], [300, 100]] }), { view: { scale: 2, x: 0, y: 0 } });
  host.run("nudge-left", "nudge-down-10");
  assert.deepEqual(host.session().aim, { x: 412, y: 280 });
  host.run(...times("nudge-left-10", 40), ...times("nudge-up-10", 40));
  assert.deepEqual(host.session().aim, { x: -83.2, y: -48 }, "a tenth outside of the frame, no more");
  host.run("next-track", "nudge-right");
  assert.deepEqual(host.tracks()[0].knots.map(({ x }) => x), [101, 301]);
  assert.deepEqual(host.session().aim, { x: -83.2, y: -48 });
});

test("a path of keys begins at the crosshair, with the ring that a click takes; with Anchor it is a pin", () => {
  const host = hostOf(drawingOf());
  host.run("nudge-left-10", "nudge-up-10", "add-knot");
  const clicked = gesture(drawingOf(), createSession(), click(336, 160)).drawing.tracks[0];
  assert.deepEqual(plain(host.tracks()[0]), plain(clicked));
  host.run("cancel", "anchor", "add-knot");
  assert.deepEqual([host.tracks()[1].spread, host.tracks()[1].knots.length], [null, 1]);
});

test("the wand at the crosshair takes the region that a click takes; Shift adds; a knot moves it", () => {
  const host = hostOf(drawingOf());
  const aim = [...times("nudge-left-10", 3), ...times("nudge-up-10", 1)];
  host.run("wand", ...aim, "add-knot");
  const { drawing } = gesture(frozen(drawingOf()), { ...createSession(), tool: "wand" }, click(176, 160, { pixels: pictureOf }));
  assert.deepEqual(plain(host.tracks()[0]), plain(drawing.tracks[0]));
  assert.equal(host.tracks()[0].spread.shape, "region");
  host.run("wand", ...times("nudge-right-10", 4), "add-region");
  assert.equal(host.tracks().length, 1);
  assert.ok(polygonArea(host.tracks()[0].spread.polygon) > 0.95 * 832 * 480, "square and ground together");
  host.run("draw", "add-knot", "nudge-down-10");
  assert.equal(host.tracks()[0].knots.length, 2);
});

test("[ and ] change the Wand's tolerance, for the mouse too; Shift+W takes away from the region", () => {
  const host = hostOf(drawingOf());
  const areaOf = () => polygonArea(host.tracks()[0].spread.polygon);
  host.run("wand", ...times("nudge-left-10", 3), "nudge-up-10", "add-knot", "wand", ...times("nudge-right-10", 4), "add-region");
  assert.ok(areaOf() > 0.95 * 832 * 480);
  host.run(...times("nudge-left-10", 4), "remove-region", "remove-region");
  assert.equal(host.tracks().length, 1);
  const { offsets } = host.tracks()[0].spread;
  const [{ x, y }] = host.tracks()[0].knots;
  assert.ok(!offsets.some(([dx, dy]) => x + dx > 90 && x + dx < 230 && y + dy > 90 && y + dy < 230), "no point in the square");
  // Red and grey are 128 apart, and an edge of 0.8 times the tolerance stops it.
  const wide = hostOf(drawingOf());
  wide.run("wand", ...times("up", 16), ...times("nudge-left-10", 3), "nudge-up-10");
  assert.equal(wide.session().tolerance, 156);
  wide.run("up", "add-knot");
  assert.ok(polygonArea(wide.tracks()[0].spread.polygon) > 0.95 * 832 * 480, "all of it");
  const clicked = gesture(frozen(drawingOf()), { ...wide.session(), tool: "wand" }, click(176, 160, { pixels: pictureOf }));
  assert.deepEqual(plain(wide.tracks()[0]), plain(clicked.drawing.tracks[0]));
  wide.run("wand", ...times("down", 40));
  assert.equal(wide.session().tolerance, 4);
  wide.run(...times("up", 40));
  assert.equal(wide.session().tolerance, 252);
});

test("the Wand takes nothing away where no region is selected, and changes no locked one", () => {
  const host = hostOf(drawingOf());
  host.run("wand", ...times("nudge-left-10", 3), "nudge-up-10", "remove-region");
  assert.equal(host.tracks().length, 0);
  host.run("add-knot", "lock", "wand");
  const before = plain(host.tracks());
  assert.ok(before[0].locked);
  host.run("remove-region", ...times("nudge-right-10", 4), "add-region");
  assert.deepEqual(plain(host.tracks()), before);
  assert.deepEqual(["add-region", "remove-region"].map((id) => keyOf(commandOf(id))), ["Shift+E", "Shift+W"]);
});

test("turned and enlarged by keys: all of it at the first frame, later keys of a region", () => {
  const host = hostOf(drawingOf());
  host.run("wand", ...times("nudge-left-10", 3), "nudge-up-10", "add-knot", "add-knot", "next-track");
  const before = host.tracks()[0];
  host.run("last", "turn-right", "turn-right", "larger");
  const { spread, knots } = host.tracks()[0];
  assert.deepEqual(knots, before.knots, "its path stays");
  const { frame, angle, scale } = spread.keys.at(-1);
  assert.deepEqual([frame, Math.round(angle), Math.round(scale * 100)], [80, 30, 110]);
  const path = hostOf(drawingOf({ knots: [[100, 100], [300, 100]], curve: "polyline" }));
  path.run("next-track", ...times("turn-right", 6));
  assert.deepEqual(path.tracks()[0].knots.map(({ x, y }) => [Math.round(x), Math.round(y)]), [[200, 0], [200, 200]]);
});

test("plus, equals and minus zoom on any keyboard; with Ctrl they stay the browser's", () => {
  const key = (name, more = {}) => commandFor({ key: name, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...more })?.id;
  assert.deepEqual([key("+"), key("+", { shiftKey: true }), key("="), key("-"), key("0")], ["zoom-in", "zoom-in", "zoom-in", "zoom-out", "fit"]);
  for (const name of "+=-0") assert.equal(key(name, { ctrlKey: true }), undefined);
});
