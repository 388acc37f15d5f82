import assert from "node:assert/strict";
import { test } from "node:test";

import { growRegion, simplifyOutline, traceOutline } from "../../web/js/editor/curve/wand.js";
import { followedRows, gotAt, readReport } from "../../web/js/editor/drawing/followed.js";
import { reduce } from "../../web/js/editor/drawing/reducer.js";
import { parseDrawing, serialiseDrawing } from "../../web/js/editor/drawing/schema.js";
import { polygonArea } from "../../web/js/editor/drawing/region.js";
import { placeAt, placeIn, progressOf, sampledTrack, spreadPose, uncarried } from "../../web/js/editor/drawing/sample.js";
import { boxHandles } from "../../web/js/editor/input/hit_test.js";
import { outlineAt, transformBox } from "../../web/js/editor/drawing/selection.js";
import { createSession, createStore } from "../../web/js/editor/drawing/store.js";
import { keysWithHold } from "../../web/js/editor/drawing/timing.js";
import { COMMANDS, commandFor, commandOf } from "../../web/js/editor/input/commands.js";
import { TOOLS } from "../../web/js/editor/input/tools.js";
import { GESTURES, HELP_GROUPS, WORDS } from "../../web/js/editor/page/overlays.js";
import { translator } from "../../web/js/editor/page/strings.js";
import { maskRegion, takesPart } from "../../web/js/editor/input/wanding.js";
import { click, drag, drawingOf, gesture } from "./gestures.js";

const LINE = [[100, 100], [500, 100]];
const whole = (id) => [{ track: id, knots: null }];
const select = (frame, selection = whole("t1")) => ({ ...createSession(), tool: "select", frame, selection });
const near = (given, expected, tolerance = 1e-6) => Object.entries(expected).forEach(([name, value]) =>
  assert.ok(Math.abs(given[name] - value) <= tolerance, `${name}: ${JSON.stringify(given)} is not ${JSON.stringify(expected)}`));
function hostOf(drawing, session = createSession()) {
  const store = createStore(drawing, session, { onChange() {}, onCommit() {} });
  return { store, run: (id) => commandOf(id).run({ store, reveal() {} }), tracks: () => store.get().drawing.tracks, session: () => store.get().session };
}

test("the dot dragged at a later frame is there at that frame; the rest keeps its time", () => {
  for (const curve of ["polyline", "catmull-rom", "bezier"]) {
    const drawing = drawingOf({ knots: LINE, curve });
    const { drawing: posed, actions } = gesture(drawing, select(40), drag(300, 100, 320, 220));
    assert.equal(actions.length, 1);
    const [track] = posed.tracks;
    near(placeAt(track, 81, 40), { x: 320, y: 220 }, 1e-3);
    near(placeAt(track, 81, 0), { x: 100, y: 100 });
    near(placeAt(track, 81, 80), { x: 500, y: 100 });
    assert.equal(track.knots.length, 3);
    // Again at the same frame: the same knot moves, none is added.
    const again = gesture(posed, select(40), drag(320, 220, 300, 60)).drawing.tracks[0];
    assert.equal(again.knots.length, 3);
    near(placeAt(again, 81, 40), { x: 300, y: 60 }, 1e-3);
    // At another frame the first pose holds.
    const other = reduce(posed, { type: "pose", id: "t1", frame: 60, at: { x: 450, y: 300 } }).tracks[0];
    near(placeAt(other, 81, 40), { x: 320, y: 220 }, 1e-3);
    near(placeAt(other, 81, 60), { x: 450, y: 300 }, 1e-3);
  }
});

test("an end of a path that is not selected moves alone", () => {
  const drawing = drawingOf({ knots: LINE, curve: "polyline" });
  const { drawing: moved } = gesture(drawing, select(0, []), drag(500, 100, 480, 200));
  assert.deepEqual(moved.tracks[0].knots, [{ x: 100, y: 100 }, { x: 480, y: 200 }]);
  const { drawing: shifted } = gesture(drawing, select(0, []), drag(300, 100, 300, 140));
  assert.deepEqual(shifted.tracks[0].knots, [{ x: 100, y: 140 }, { x: 500, y: 140 }]);
});

test("one click with Draw leaves no pin when the path is given up; a path of two stays", () => {
  for (const id of ["cancel", "finish", "select"]) {
    const { drawing, session } = gesture(drawingOf(), createSession(), click(50, 60));
    const host = hostOf(drawing, session);
    host.run(id);
    assert.equal(host.tracks().length, 0, id);
  }
  const { drawing, session } = gesture(drawingOf(), createSession(), [...click(50, 60), ...click(90, 90)]);
  const host = hostOf(drawing, session);
  host.run("cancel");
  assert.equal(host.tracks().length, 1);
});

test("the anchor tool pins a point by a click and a box of points by a drag, as one track", () => {
  const anchor = { ...createSession(), tool: "anchor" };
  assert.equal(gesture(drawingOf(), anchor, click(50, 60)).drawing.tracks[0].knots.length, 1);
  const { drawing } = gesture(drawingOf(), anchor, drag(100, 100, 300, 200));
  const [track] = drawing.tracks;
  assert.equal(track.spread.pins, true); // no object of FlashMotion's maps
  const { positions, points } = sampledTrack(track, 81);
  assert.ok(points >= 16 && points <= 32, `${points}`);
  for (let i = 0; i < positions.length; i += 2) assert.ok(positions[i] > 100 && positions[i] < 300 && positions[i + 1] > 100 && positions[i + 1] < 200);
});

test("pin everything else keeps away from what moves, in every frame", () => {
  const host = hostOf(drawingOf({ knots: [[100, 240], [700, 240]], curve: "polyline" }));
  host.run("pin-rest");
  const [moving, pins] = host.tracks().map((track) => sampledTrack(track, 81));
  assert.ok(pins.points > 40);
  for (let point = 0; point < pins.points; point += 1) {
    const [x, y] = pins.positions.subarray(2 * point);
    for (let frame = 0; frame < 81; frame += 1) assert.ok(Math.hypot(x - moving.own[2 * frame], y - moving.own[2 * frame + 1]) > 40);
  }
});

test("the handles of a cluster after the first frame set keys; the source stays on its object", () => {
  const polygon = [[-40, -30], [40, -30], [40, 30], [-40, 30]];
  const spread = { shape: "region", polygon, offsets: polygon, fill: "grid", spacing: 20, keys: [] };
  const drawing = drawingOf({ knots: LINE, curve: "polyline", spread });
  const session = select(40);
  const box = transformBox(drawing, session.selection, 40);
  near(box, { x: 260, y: 70, width: 80, height: 60 }, 1e-3);
  const { rotate, se } = boxHandles(box, session.view);
  // A quarter turn about the middle, (300, 100).
  const reach = 100 - rotate.y;
  const { drawing: turned } = gesture(drawing, session, drag(rotate.x, rotate.y, 300 + reach, 100));
  const [track] = turned.tracks;
  near(spreadPose(track.spread, 40), { scale: 1, angle: 90 }, 1e-6);
  near(spreadPose(track.spread, 0), { scale: 1, angle: 0 });
  assert.deepEqual(track.spread.polygon, polygon);
  assert.deepEqual(outlineAt(turned, track, 0), outlineAt(drawing, drawing.tracks[0], 0));
  const { drawing: grown } = gesture(drawing, session, drag(se.x, se.y, se.x + 40, se.y + 30, { shift: true }));
  assert.ok(spreadPose(grown.tracks[0].spread, 40).scale > 1.3);
  // In the first frame they change the cluster itself, as before.
  const at0 = boxHandles(transformBox(drawing, session.selection), session.view).rotate;
  const { drawing: first } = gesture(drawing, select(0), drag(at0.x, at0.y, at0.x + 60, at0.y + 60));
  assert.deepEqual(first.tracks[0].spread.keys, []);
});

test("hold delays what follows, and keeps its pace while there is room", () => {
  const timing = { ...drawingOf({ knots: LINE }).tracks[0].timing, end: 60, keys: [{ frame: 40, at: 0.75 }] };
  const { tracks: [track] } = drawingOf({ knots: LINE, curve: "polyline", timing });
  const patch = keysWithHold(track, 81, 20, 0.375, 8);
  const held = { ...track, timing: { ...track.timing, ...patch } };
  for (const frame of [0, 10, 20]) near(placeAt(held, 81, frame), placeAt(track, 81, frame), 1e-6);
  near(placeAt(held, 81, 28), placeAt(track, 81, 20), 1e-6);
  for (const frame of [30, 40, 60]) near(placeAt(held, 81, frame + 8), placeAt(track, 81, frame), 1e-6);
});

test("a row shows how far along its path a loop or ping-pong is", () => {
  const of = (repeat) => progressOf(drawingOf({ knots: LINE, curve: "polyline", timing: { ...drawingOf({ knots: LINE }).tracks[0].timing, repeat, times: 2 } }).tracks[0], 81);
  near(of("loop"), { 0: 0, 20: 0.5, 39: 0.975, 60: 0.5, 80: 1 });
  near(of("ping-pong"), { 0: 0, 20: 0.5, 40: 1, 60: 0.5, 80: 0 });
});

test("simplify takes knots away and stays near; smooth rounds; both keep the time at the ends", () => {
  const wavy = Array.from({ length: 60 }, (_, i) => [100 + 10 * i, 200 + 60 * Math.sin(i / 8) + (i % 2)]);
  const drawing = drawingOf({ knots: wavy, curve: "polyline" });
  const [track] = reduce(drawing, { type: "simplify", ids: ["t1"], tolerance: 4 }).tracks;
  assert.ok(track.knots.length <= 10, `${track.knots.length}`);
  for (const frame of [0, 20, 47, 80]) near(placeAt(track, 81, frame), placeAt(drawing.tracks[0], 81, frame), 8);
  const [round] = reduce(drawing, { type: "smooth", ids: ["t1"] }).tracks;
  assert.equal(round.curve, "catmull-rom");
  near(placeAt(round, 81, 80), placeAt(drawing.tracks[0], 81, 80), 1e-3);
});

test("with keys alone: a path, its knots, the next track; copies have names and colours of their own", () => {
  const host = hostOf(drawingOf({ knots: LINE }));
  const key = (name, more = {}) => commandFor({ key: name, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...more })?.id;
  assert.deepEqual([key("n"), key("K", { shiftKey: true }), key("Insert"), key("e")], ["next-track", "previous-knot", "add-knot", "add-knot"]);
  for (const id of ["add-knot", "nudge-up-10", "add-knot", "nudge-down-10", "nudge-down-10", "finish"]) host.run(id);
  const made = host.tracks()[1];
  assert.deepEqual(made.knots.map(({ x, y }) => [Math.round(x), Math.round(y)]), [[416, 230], [499, 250]]);
  host.run("next-track");
  assert.equal(host.session().selection[0].track, "t1");
  host.run("previous-knot");
  assert.deepEqual(host.session().selection, [{ track: "t1", knots: [1] }]);
  host.run("duplicate");
  const [first, , copy] = host.tracks();
  assert.notEqual(copy.name, first.name);
  assert.notEqual(copy.color, first.color);
  const frames = ["PageDown", "PageDown", ".", "PageUp", "PageUp", "PageUp"].map((name) => (host.run(key(name)), host.session().frame));
  assert.deepEqual(frames, [10, 20, 21, 11, 1, 0]);
});

/** A disc of one colour on another, with a shadow that fades. */
function picture(width = 80, height = 60) {
  const data = new Uint8ClampedArray(4 * width * height);
  for (let i = 0; i < width * height; i += 1) {
    const inside = Math.hypot((i % width) - 40, Math.floor(i / width) - 30) < 15;
    data.set(inside ? [200 + (i % 5), 60, 40, 255] : [90, 120, 150 + (i % 7), 255], 4 * i);
  }
  return { data, width, height };
}

test("the wand takes the object under it; its outline is that of its pixels", () => {
  const pixels = picture();
  const mask = growRegion(pixels, 40, 30, 28);
  const size = mask.reduce((sum, value) => sum + value, 0);
  assert.ok(Math.abs(size - Math.PI * 15 * 15) < 40, `${size}`);
  const outline = traceOutline(mask, pixels.width);
  assert.equal(polygonArea(outline), size, "every pixel, and no other");
  assert.ok(Math.abs(polygonArea(simplifyOutline(outline, 0.75)) - size) < 0.05 * size);
  assert.equal(growRegion(pixels, 2, 2, 28).reduce((sum, value) => sum + value, 0), 80 * 60 - size);
  const lone = new Uint8Array(12);
  lone[5] = 1;
  assert.deepEqual(traceOutline(lone, 4), [[1, 1], [2, 1], [2, 2], [1, 2]]);
});

test("a ring that takes a part of an object is noticed, one that takes all of it or none is not", () => {
  const drawing = { ...drawingOf(), width: 80, height: 60 };
  const ringed = (x, y, size, ring = true) => takesPart(drawing, { knots: [{ x, y }], spread: { shape: "disc", size, ring } }, picture);
  assert.deepEqual([ringed(40, 30, 10), ringed(40, 30, 28), ringed(5, 5, 10), ringed(40, 30, 10, false)], [true, false, false, false]);
});

test("a press of the wand makes a region, a drag more of it; Shift adds, Alt takes away", () => {
  const pixels = () => picture(832 / 4, 480 / 4);
  const wand = { ...createSession(), tool: "wand" };
  const more = { pixels };
  let { drawing, session } = gesture(drawingOf(), wand, click(160, 120, more));
  assert.equal(drawing.tracks.length, 1);
  const area = () => polygonArea(drawing.tracks[0].spread.polygon);
  const disc = area();
  assert.ok(Math.abs(disc - Math.PI * 60 * 60) < 0.1 * disc, `${disc}`);
  assert.equal(session.tool, "draw", "the next stroke moves it");
  ({ drawing, session } = gesture(drawing, { ...session, tool: "wand" }, click(700, 400, { ...more, shift: true })));
  assert.equal(drawing.tracks.length, 1);
  assert.ok(area() > 0.95 * 832 * 480, "disc and ground together");
  ({ drawing, session } = gesture(drawing, session, click(160, 120, { ...more, alt: true })));
  assert.equal(drawing.tracks.length, 1);
});

test("Draw takes a ring of seven points along; [ and ] change it, Alt draws one point, the edge cuts it", () => {
  const points = (/** @type {object} */ { drawing }) => sampledTrack(drawing.tracks[0], 81).points;
  const made = gesture(drawingOf(), createSession(), drag(300, 200, 400, 200));
  assert.equal(points(made), 7);
  assert.equal(made.drawing.tracks[0].spread.size, 32);  // two cells of 8 px to the rim
  assert.equal(points(gesture(drawingOf(), createSession(), drag(300, 200, 400, 200, { alt: true }))), 1);
  const host = hostOf(drawingOf(), createSession());
  host.run("up");
  assert.equal(host.session().ring, 3);
  host.run("down");
  host.run("down");
  host.run("down");
  assert.equal(host.session().ring, 0);
  assert.equal(points(gesture(drawingOf(), { ...createSession(), ring: 0 }, drag(300, 200, 400, 200))), 1);
  const edge = gesture(drawingOf(), createSession(), drag(2, 200, 100, 200)).drawing;
  const { positions, points: count } = sampledTrack(edge.tracks[0], 81);
  assert.ok(count > 1 && count < 7, `${count}`);
  for (let i = 0; i < 2 * count; i += 2) assert.ok(positions[i] >= 0);
});

test("tracks are grouped and linked: a click takes all, a parent carries along, undo takes it back", () => {
  const host = hostOf(drawingOf({ knots: LINE }, { knots: [[100, 300], [200, 300]] }, { knots: [[700, 90]] }));
  const choose = (...ids) => host.store.session({ selection: ids.flatMap((id) => whole(id)), tool: "select" });
  choose("t1", "t2");
  host.run("group");
  assert.deepEqual(host.tracks().map(({ group }) => group), ["Group 1", "Group 1", null]);
  const { session } = gesture(host.store.get().drawing, select(0, []), click(300, 100));
  assert.deepEqual(session.selection.map(({ track }) => track), ["t1", "t2"]);
  host.run("ungroup");
  assert.equal(host.tracks()[0].group, null);
  host.store.undo();
  assert.equal(host.tracks()[0].group, "Group 1");
  choose("t3", "t1");
  host.run("link");
  assert.equal(host.tracks()[2].parent, "t1");
  near(placeIn(host.store.get().drawing, host.tracks()[2], 40), { x: 900, y: 90 });
  // The object is put somewhere at a frame: its own path goes there less what its parent does.
  const own = uncarried(host.store.get().drawing, host.tracks()[2], 40, { x: 910, y: 95 });
  near(own, { x: 710, y: 95 });
  choose("t1", "t3");
  host.run("link");
  assert.equal(host.tracks()[0].parent, null, "no track carries itself");
  choose("t1", "t3");
  host.run("duplicate");
  assert.deepEqual(host.tracks().slice(3).map(({ parent }) => parent), [null, host.tracks()[3].id], "the copy moves with the copy");
  const kept = parseDrawing(serialiseDrawing(host.store.get().drawing));
  assert.deepEqual(kept.tracks.map(({ parent, group }) => [parent, group]), host.tracks().map(({ parent, group }) => [parent, group]));
  choose("t1");
  host.run("delete");
  assert.equal(host.tracks().find(({ id }) => id === "t3").parent, null, "a parent that is gone carries nothing");
  assert.equal(new Set(COMMANDS.flatMap(({ keys }) => keys)).size, COMMANDS.flatMap(({ keys }) => keys).length, "each key has one meaning");
});

test("the help page has every command once", () => {
  const told = [...HELP_GROUPS.flatMap(([, ids]) => ids), ...TOOLS.map(({ id }) => id)];
  assert.deepEqual(told.toSorted(), COMMANDS.filter(({ label }) => label).map(({ id }) => id).toSorted());
});

test("all of the help page is there in Chinese", () => {
  const t = translator("zh-CN");
  const labels = [...HELP_GROUPS.flatMap(([title, ids]) => [title, ...ids.map((id) => commandOf(id).label)]), ...TOOLS.flatMap(({ label, help, hint }) => [label, help, hint])];
  assert.deepEqual([...GESTURES.flat(), ...WORDS.flat(), ...labels].filter((text) => t(text) === text), []);
});

test("a mask becomes a region: its largest piece, on the drawing's size", () => {
  const [width, height] = [104, 60];
  const data = new Uint8ClampedArray(4 * width * height);
  const fill = (x0, y0, x1, y1, value) => {
    for (let y = y0; y < y1; y += 1) for (let x = x0; x < x1; x += 1) data[4 * (y * width + x)] = value;
  };
  fill(0, 0, width, height, 128);  // the grey of a padded picture is no mask
  fill(10, 10, 40, 30, 255);
  fill(80, 40, 85, 44, 255);
  const track = maskRegion(drawingOf(), { data, width, height });
  const xs = track.spread.polygon.map(([x]) => x + track.knots[0].x);
  near({ left: Math.min(...xs), right: Math.max(...xs), area: polygonArea(track.spread.polygon) / (240 * 160) }, { left: 80, right: 320, area: 1 }, 0.02);
  assert.equal(maskRegion(drawingOf(), { data: data.fill(0), width, height }), null);
});

test("what a video did is told for each row, the worst first, also where other tracks were measured too", () => {
  const drawing = drawingOf({ knots: LINE }, { knots: [[50, 60], [90, 60]] }, { knots: [[9, 9], [80, 9]], hidden: true });
  // A video of half the size and 41 frames; point 0 belongs to another drawing.
  const measured = [
    { point: 2, error: 7, lost: 3, asked: [25, 30, 45, 30], got: [25, 30, 25, 30, 25, 30] },
    { point: 1, error: 2, lost: 0, asked: [50, 50, 250, 50], got: [50, 50, 150, 52, 250, 54] },
    { point: 0, error: 1, lost: 0, asked: [5, 5, 6, 6], got: [5, 5, 5, 5, 5, 5] },
  ];
  const report = readReport({ width: 416, height: 240, frames: 41, points: 3, step: 20, tracks: measured });
  const followed = followedRows(drawing, report);
  assert.deepEqual(followed.rows.map(({ track, error, lost }) => [track, error, lost]), [["t2", 7, 3], ["t1", 2, 0]]);
  near(gotAt(followed, followed.rows[1], 60), { x: 400, y: 106 });
  near(gotAt(followed, followed.rows[0], 80), { x: 50, y: 60 });
  // As many points as the drawing has: by their order, whatever their places.
  const two = { ...report, points: 2, tracks: [{ ...measured[0], point: 0 }, { ...measured[1], point: 1 }] };
  assert.deepEqual(followedRows(drawing, two).rows.map(({ track }) => track), ["t1", "t2"]);
  for (const wrong of [null, 7, {}, { ...report, step: 0 }, { ...report, tracks: [{ ...measured[0], got: ["x", 1] }] }]) assert.equal(readReport(wrong), null);
});
