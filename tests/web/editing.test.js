import assert from "node:assert/strict";
import { test } from "node:test";

import { latentCells } from "../../web/js/editor/drawing/cells.js";
import { createDrawing, createTrack, parseDrawing, serialiseDrawing } from "../../web/js/editor/drawing/schema.js";
import { fitStroke } from "../../web/js/editor/curve/freehand.js";
import { distance, fitView, revealed, rotation, toCanvas, toImage, translation, zoomAt } from "../../web/js/editor/curve/geometry.js";
import { createHistory, record, redo, undo } from "../../web/js/editor/drawing/history.js";
import { bezierSegments, evaluateSegment } from "../../web/js/editor/curve/curves.js";
import { click, drag, drawingOf, frozen, gesture } from "./gestures.js";
import { reduce } from "../../web/js/editor/drawing/reducer.js";
import { fillPolygon, polygonArea, spacingFor } from "../../web/js/editor/drawing/region.js";
import { sampledTrack } from "../../web/js/editor/drawing/sample.js";
import { createSession } from "../../web/js/editor/drawing/store.js";
import { fromShowing, hitTimeline, frameToX, layoutTimeline, rowTop, timelineDrag, windowBorders, xToFrame, zoomTime } from "../../web/js/editor/timeline/layout.js";

const PATH = [[100, 100], [200, 100], [200, 200]];
const at = (drawing, id, frame, track = drawing.tracks.find((t) => t.id === id)) => {
  const { own } = sampledTrack(track, drawing.frames);
  return [own[2 * frame], own[2 * frame + 1]];
};
const near = (given, expected, tolerance = 1e-6) =>
  given.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) <= tolerance, `${given} is not ${expected}`));
function randomNumbers(seed) {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

test("an action that changes nothing gives the same object", () => {
  const drawing = drawingOf({ knots: PATH, locked: true }, { knots: PATH });
  const same = [
    { type: "add-tracks", tracks: [] }, { type: "remove-tracks", ids: ["t1", "none"] },
    { type: "patch-tracks", ids: ["t2"], patch: { name: "Track 2" } },
    { type: "transform", selection: [{ track: "t1", knots: null }], matrix: translation(5, 5) },
    { type: "reorder", id: "t2", to: 9 }, { type: "set-canvas", width: 832, height: 480, fit: "stretch" },
    { type: "set-clip", frames: 81, fps: 16, fit: "retime" }, { type: "batch", actions: [] },
    { type: "arrange", selection: [{ track: "t2", knots: null }], how: "left" },
  ];
  for (const action of same) assert.equal(reduce(drawing, action), drawing, action.type);
  assert.throws(() => reduce(drawing, { type: "nonsense" }), RangeError);
});

test("inserting a knot keeps path and timing; taking it away again restores them", () => {
  for (const curve of ["polyline", "bezier"]) {
    let drawing = drawingOf({ knots: PATH, curve: "polyline" });
    drawing = reduce(drawing, { type: "patch-tracks", ids: ["t1"], patch: { curve } });
    const keys = [{ frame: 20, at: 0.25 }, { frame: 60, at: 1.5 }];
    drawing = frozen(reduce(drawing, { type: "patch-timing", ids: ["t1"], patch: { keys } }));
    const more = reduce(drawing, { type: "insert-knot", id: "t1", at: 0.5 });
    assert.equal(more.tracks[0].knots.length, 4);
    for (const frame of [0, 10, 20, 33, 60, 80]) near(at(more, "t1", frame), at(drawing, "t1", frame), 0.02);
    const fewer = reduce(more, { type: "remove-selected", selection: [{ track: "t1", knots: [1] }] });
    near(fewer.tracks[0].timing.keys.map((key) => key.at), [0.25, 1.5], 1e-6);
  }
});

test("any knot can go, the last one takes the track along", () => {
  let drawing = drawingOf({ knots: PATH });
  for (const left of [2, 1]) {
    drawing = reduce(drawing, { type: "remove-selected", selection: [{ track: "t1", knots: [0] }] });
    assert.equal(drawing.tracks[0].knots.length, left);
  }
  drawing = reduce(drawing, { type: "remove-selected", selection: [{ track: "t1", knots: [0] }] });
  assert.equal(drawing.tracks.length, 0);
});

test("reversing walks the same places in the opposite order, twice is identity", () => {
  const timing = { ...createTrack(createDrawing(), { knots: [] }).timing, start: 10, end: 50, ease: "in", keys: [{ frame: 30, at: 0.5, ease: "out" }] };
  const drawing = drawingOf({ knots: PATH, timing });
  const back = reduce(drawing, { type: "reverse", ids: ["t1"] });
  for (let frame = 10; frame <= 50; frame += 5) near(at(back, "t1", 60 - frame), at(drawing, "t1", frame), 1e-3);
  const again = reduce(back, { type: "reverse", ids: ["t1"] });
  assert.deepEqual(again.tracks[0].knots, drawing.tracks[0].knots);
  assert.deepEqual(again.tracks[0].timing, drawing.tracks[0].timing);
});

test("a turned selection keeps its shape; a quarter turn four times is identity", () => {
  const drawing = drawingOf({ knots: PATH, spread: { shape: "line", count: 3, size: 10, angle: 20, keys: [] } });
  let turned = drawing;
  const action = { type: "transform", selection: [{ track: "t1", knots: null }], matrix: rotation({ x: 150, y: 120 }, 90) };
  for (let i = 0; i < 4; i += 1) turned = reduce(turned, action);
  near(at(turned, "t1", 40), at(drawing, "t1", 40), 1e-9);
  assert.ok(Math.abs(turned.tracks[0].spread.angle - 20) < 1e-9);
});

test("a new canvas stretches or keeps, a new length retimes or keeps", () => {
  const drawing = drawingOf({ knots: PATH, windows: [[0, 40]] });
  const wide = reduce(drawing, { type: "set-canvas", width: 1664, height: 480, fit: "stretch" });
  near(at(wide, "t1", 0), [200, 100]);
  const kept = reduce(drawing, { type: "set-canvas", width: 1664, height: 480, fit: "keep" });
  near(at(kept, "t1", 0), [100, 100]);
  const short = reduce(drawing, { type: "set-clip", frames: 41, fps: 16, fit: "retime" });
  near(at(short, "t1", 20), at(drawing, "t1", 40), 1e-9);
  assert.deepEqual(short.tracks[0].windows, [[0, 20]]);
  const cut = reduce(drawing, { type: "set-clip", frames: 41, fps: 16, fit: "keep" });
  assert.deepEqual(cut.tracks[0].windows, [[0, 40]]);
});

test("align and distribute", () => {
  const drawing = drawingOf({ knots: [[0, 0], [10, 0]] }, { knots: [[50, 20]] }, { knots: [[70, 90]] });
  const selection = drawing.tracks.map((track) => ({ track: track.id, knots: null }));
  const xs = (d) => d.tracks.map((track) => track.knots[0].x);
  assert.deepEqual(xs(reduce(drawing, { type: "arrange", selection, how: "left" })), [0, 0, 0]);
  assert.deepEqual(xs(reduce(drawing, { type: "arrange", selection, how: "right" })), [60, 70, 70]);
  assert.deepEqual(xs(reduce(drawing, { type: "arrange", selection, how: "distribute-x" })), [0, 37.5, 70]);
});

test("a polyline's corners outlive Bezier and back, and a smooth curve has none", () => {
  const corner = drawingOf({ knots: PATH, curve: "polyline" });
  const as = (drawing, curve) => frozen(reduce(drawing, { type: "patch-tracks", ids: ["t1"], patch: { curve } }));
  const bezier = as(corner, "bezier");
  assert.ok(bezier.tracks[0].knots.every(({ broken }) => broken));
  const again = as(as(bezier, "polyline"), "bezier");
  for (const drawing of [bezier, as(bezier, "polyline"), again]) for (const frame of [0, 20, 40, 55, 80]) near(at(drawing, "t1", frame), at(corner, "t1", frame), 1e-6);
  assert.deepEqual(again.tracks[0].knots, bezier.tracks[0].knots);
  const smooth = as(as(bezier, "catmull-rom"), "bezier");
  assert.ok(smooth.tracks[0].knots.every(({ broken }) => !broken), "what became smooth has no corners");
});

test("the timeline zooms about the pointer, shows a frame, and knows where windows meet", () => {
  const drawing = { ...drawingOf({ knots: PATH }), frames: 1000 };
  const whole = layoutTimeline(drawing, 900, 200, 0);
  const time = zoomTime(whole, 500, 4);
  const near4 = layoutTimeline(drawing, 900, 200, 0, 0, time);
  near([xToFrame(near4, 500)], [xToFrame(whole, 500)]);
  near([xToFrame(near4, 600) - xToFrame(near4, 500)], [(xToFrame(whole, 600) - xToFrame(whole, 500)) / 4]);
  const from = fromShowing(near4, 990);
  const shown = layoutTimeline(drawing, 900, 200, 0, 0, { ...time, from });
  assert.ok(frameToX(shown, 990) > 150 && frameToX(shown, 990) < 900);
  assert.equal(fromShowing(near4, xToFrame(near4, 500)), near4.from, "one that is in view moves nothing");
  assert.deepEqual(zoomTime(near4, 500, 1e-9), { zoom: 1, from: 0 });
  assert.deepEqual([81, 82, 161, 162, 241].map((frames) => windowBorders(frames, 81)), [[], [80], [80], [80, 160], [80, 160]]);
});

test("history: undo restores the very object, redo too, a new step ends redo", () => {
  const [a, b, c] = [drawingOf(), drawingOf({ knots: PATH }), drawingOf({ knots: [[1, 1]] })];
  let history = record(record(createHistory(a), b), b);
  assert.equal(history.past.length, 1);
  history = undo(undo(history));
  assert.equal(history.present, a);
  history = redo(history);
  assert.equal(history.present, b);
  history = record(undo(history), c);
  assert.equal(redo(history), history);
});

test("a fitted stroke stays within its tolerance with few knots", () => {
  const stroke = Array.from({ length: 200 }, (_, i) => ({ x: 100 + i * 2, y: 200 + 80 * Math.sin(i / 30) }));
  const knots = fitStroke(stroke, 0.5);
  assert.ok(knots.length <= 14, `${knots.length} knots`);
  const curve = bezierSegments(knots, "bezier").flatMap((segment) =>
    Array.from({ length: 2000 }, (_, i) => evaluateSegment(segment, i / 1999)));
  for (const point of stroke) {
    const least = Math.min(...curve.map(([x, y]) => distance(point, { x, y })));
    assert.ok(least <= 0.52, `${least}`);
  }
});

test("degenerate strokes: none, one point, doubled points, two points, a corner", () => {
  assert.deepEqual(fitStroke([], 1), []);
  assert.deepEqual(fitStroke([{ x: 1, y: 2 }, { x: 1, y: 2 }], 1), [{ x: 1, y: 2 }]);
  assert.equal(fitStroke([{ x: 1, y: 2 }, { x: 9, y: 2 }], 1).length, 2);
  const corner = [...Array(20).keys()].map((i) => (i < 10 ? { x: i * 9, y: 0 } : { x: 81, y: (i - 9) * 9 }));
  const knots = fitStroke(corner, 0.5);
  assert.equal(knots.length, 3);
  assert.equal(knots[1].broken, true);
  for (const { x, y } of knots) assert.ok(Number.isFinite(x + y));
});

test("regions are filled inside, evenly, and always alike", () => {
  const polygon = [[-40, -40], [40, -40], [40, 40], [0, 0], [-40, 40]];
  assert.equal(polygonArea(polygon), 4800);
  for (const fill of ["grid", "poisson"]) {
    const points = fillPolygon(polygon, fill, 8);
    assert.deepEqual(points, fillPolygon(polygon, fill, 8));
    assert.ok(points.length > 40 && points.length < 110, `${fill} ${points.length}`);
    for (const [x, y] of points) assert.ok(!(y > 0.001 && Math.abs(x) < y - 0.001), `${x} ${y}`);
    for (const [i, [x, y]] of points.entries()) {
      for (const [u, v] of points.slice(i + 1)) assert.ok(Math.hypot(x - u, y - v) > 7.99);
    }
  }
  const count = fillPolygon(polygon, "grid", spacingFor(polygon, 48)).length;
  assert.ok(Math.abs(count - 48) < 12, `${count}`);
  assert.deepEqual(fillPolygon([[0, 0], [1, 0], [0, 1]], "grid", 500).length, 1);
});

test("zooming keeps the point under the pointer; canvas and image are inverse", () => {
  const view = fitView({ x: 0, y: 0, width: 832, height: 480 }, 600, 500, 20);
  const center = { x: 123, y: 77 };
  const before = toImage(view, center);
  const after = toImage(zoomAt(view, center, 3.7), center);
  near([after.x, after.y], [before.x, before.y]);
  near(Object.values(toCanvas(view, toImage(view, center))), [123, 77]);
});

test("the view moves by as little as brings a box into it; a larger one fills it", () => {
  const view = { scale: 2, x: 10, y: 20 };
  const moved = (x, y, width = 0, height = 0) => {
    const { scale, ...by } = revealed(view, { x, y, width, height }, 300, 200, 8);
    assert.equal(scale, 2);
    return [by.x - view.x, by.y - view.y];
  };
  assert.deepEqual(moved(50, 50), [0, 0]);
  assert.deepEqual(moved(191, 50), [300 - 8 - 392, 0]);
  assert.deepEqual(moved(-51, 120), [8 + 92, 200 - 8 - 260]);
  assert.deepEqual(moved(100, 10, 60, 20), [300 - 8 - 330, 0], "its far side too");
  assert.deepEqual(moved(-40, 10, 400, 20), [0, 0], "larger, and there already");
  assert.deepEqual(moved(20, 10, 400, 20), [8 - 50, 0]);
});

test("latent cells: source cell, collisions, edges, hidden starts", () => {
  const drawing = drawingOf(
    { knots: [[4, 4], [832, 480]] }, { knots: [[12, 4], [831, 479]] },
    { knots: [[50, 50]], windows: [[1, 80]] }, { knots: [[-5, 5], [50, 5]] },
  );
  const first = latentCells(drawing, 0);
  assert.deepEqual([...first.cells.keys()], [0, 1]);
  assert.deepEqual(first.hiddenStarts, ["t3", "t4"]);
  assert.equal(first.moved, 0);
  const last = latentCells(drawing, 80);
  assert.deepEqual([last.latentFrame, last.latentFrames], [20, 21]);
  assert.deepEqual([...last.cells], [[60 * 104 - 1, { color: drawing.tracks[1].color, tracks: 2 }]]);
  assert.deepEqual([last.shared, last.moved], [1, 2]);
});

test("clicks draw one path until Enter or double-click; a drag draws freehand", () => {
  let state = gesture(drawingOf(), createSession(), [...click(10, 10), ...click(60, 20), ...click(90, 80)]);
  assert.deepEqual(state.drawing.tracks.map((track) => track.knots.length), [3]);
  state = gesture(state.drawing, state.session, click(90, 80, { clicks: 2 }));
  assert.equal(state.session.unfinished, null);
  state = gesture(state.drawing, state.session, drag(200, 200, 300, 260));
  assert.deepEqual(state.drawing.tracks.map((track) => track.curve), ["catmull-rom", "bezier"]);
  assert.equal(state.actions.length, 1);
});

test("a drag is one action, and shows before it is done", () => {
  const drawing = drawingOf({ knots: PATH });
  const session = { ...createSession(), tool: "select", selection: [{ track: "t1", knots: null }] };
  const half = gesture(drawing, session, drag(200, 100, 230, 90).slice(0, 3));
  assert.equal(half.actions.length, 0);
  assert.equal(half.session.drag.action.type, "transform");
  const { drawing: moved, actions } = gesture(drawing, session, drag(200, 100, 230, 90));
  assert.equal(actions.length, 1);
  assert.deepEqual(moved.tracks[0].knots[1], { x: 230, y: 90 });
  assert.deepEqual(moved.tracks[0].knots[0], { x: 100, y: 100 });
});

test("the habits of KJNodes: shift appends, ctrl inserts, right click deletes any knot", () => {
  const drawing = drawingOf({ knots: PATH, curve: "polyline" });
  const session = { ...createSession(), tool: "select", selection: [{ track: "t1", knots: null }] };
  const appended = gesture(drawing, session, click(300, 300, { shift: true })).drawing;
  assert.deepEqual(appended.tracks[0].knots[3], { x: 300, y: 300 });
  const inserted = gesture(drawing, session, click(150, 101, { ctrl: true })).drawing;
  near(Object.values(inserted.tracks[0].knots[1]), [150, 100], 1e-6);
  const pulled = gesture(drawing, session, click(150, 60, { ctrl: true })).drawing;
  near(Object.values(pulled.tracks[0].knots[1]), [150, 60], 1e-6);
  const cut = gesture(drawing, session, click(100, 100, { button: 2 })).drawing;
  assert.deepEqual(cut.tracks[0].knots.map((knot) => knot.x), [200, 200]);
});

test("box select takes knots or whole tracks; snapping takes whole pixels and cell middles", () => {
  const drawing = drawingOf({ knots: PATH }, { knots: [[120, 120]] });
  const session = { ...createSession(), tool: "select" };
  const { session: boxed } = gesture(drawing, session, drag(80, 80, 150, 150));
  assert.deepEqual(boxed.selection, [{ track: "t1", knots: [0] }, { track: "t2", knots: null }]);
  for (const [snap, x, y] of [["pixels", 33, 41], ["cells", 36, 44], ["knots", 33.4, 40.6]]) {
    const drawn = gesture(drawingOf(), { ...createSession(), tool: "anchor", snap }, click(33.4, 40.6)).drawing;
    assert.deepEqual(drawn.tracks[0].knots[0], { x, y });
  }
});

test("a lasso makes a region that the next stroke moves, from its middle", () => {
  const lasso = [["down", 100, 100], ...[[180, 100], [180, 180], [100, 180], [100, 104]].map(([x, y]) => ["move", x, y]), ["up", 100, 104]];
  let state = gesture(drawingOf(), { ...createSession(), tool: "region" }, lasso);
  const [track] = state.drawing.tracks;
  assert.equal(track.spread.shape, "region");
  assert.ok(track.spread.offsets.length >= 16);
  state = gesture(state.drawing, state.session, drag(120, 120, 320, 120));
  assert.equal(state.drawing.tracks.length, 1);
  const [first, ...rest] = state.drawing.tracks[0].knots;
  near([first.x, first.y], [track.knots[0].x, track.knots[0].y]);
  near([rest.at(-1).x - first.x], [200]);
});

test("locked and hidden tracks are not hit", () => {
  for (const patch of [{ locked: true }, { hidden: true }]) {
    const drawing = drawingOf({ knots: PATH, ...patch });
    const { session } = gesture(drawing, { ...createSession(), tool: "select" }, click(150, 100));
    assert.deepEqual(session.selection, []);
  }
});

test("dragging the dot with Alt slides it along its path: a key at the current frame", () => {
  const drawing = drawingOf({ knots: [[0, 50], [400, 50]], curve: "polyline" });
  const session = { ...createSession(), tool: "select", frame: 40, selection: [{ track: "t1", knots: null }] };
  const { drawing: keyed } = gesture(drawing, session, drag(200, 50, 100, 80, { alt: true }));
  assert.deepEqual(keyed.tracks[0].timing.keys, [{ frame: 40, at: 0.25, ease: "linear" }]);
});

test("the dope sheet: hits and drags of ends, keys, bars, windows; stagger", () => {
  let drawing = drawingOf({ knots: PATH, windows: [[0, 40]] }, { knots: PATH });
  drawing = reduce(drawing, { type: "patch-timing", ids: ["t1"], patch: { start: 10, end: 60, keys: [{ frame: 30, at: 1 }] } });
  const layout = layoutTimeline(drawing, 900, 200, 0);
  const y = rowTop(layout, 2, 0) + 10;
  const hit = (frame, dy = 0) => hitTimeline(drawing, layout, { x: frameToX(layout, frame), y: y + dy });
  assert.deepEqual(hit(10), { kind: "key", track: "t1", index: -1 });
  assert.deepEqual(hit(60), { kind: "key", track: "t1", index: 1 });
  assert.deepEqual(hit(30), { kind: "key", track: "t1", index: 0 });
  assert.deepEqual(hit(20), { kind: "bar", track: "t1" });
  assert.deepEqual(hit(40, 12), { kind: "window", track: "t1", index: 0, side: 1 });
  const apply = (target, from, to, ids = [], stagger = false) => reduce(drawing, timelineDrag(drawing, target, from, to, ids, stagger));
  assert.equal(apply(hit(60), 60, 75.2).tracks[0].timing.end, 75);
  assert.equal(apply(hit(30), 30, 500).tracks[0].timing.keys[0].frame, 59);
  const moved = apply(hit(20), 20, 25, ["t1"]).tracks[0];
  assert.deepEqual([moved.timing.start, moved.timing.keys[0].frame, moved.timing.end], [15, 35, 65]);
  assert.deepEqual(apply(hit(40, 12), 40, 22).tracks[0].windows, [[0, 22]]);
  const staggered = apply(hit(20), 20, 24, ["t1", "t2"], true);
  assert.deepEqual(staggered.tracks.map((track) => track.timing.start), [10, 4]);
});

test("300 random gestures: no action is lost, every document parses, undo returns to the start", () => {
  const random = randomNumbers(7);
  let drawing = drawingOf();
  let session = createSession();
  let history = createHistory(drawing);
  for (let i = 0; i < 300; i += 1) {
    session = { ...session, tool: ["select", "draw", "anchor", "region"][Math.floor(random() * 4)], frame: Math.floor(random() * 81) };
    const place = () => [random() * 900 - 30, random() * 520 - 20];
    const more = { shift: random() < 0.2, ctrl: random() < 0.1, alt: random() < 0.1, button: random() < 0.1 ? 2 : 0 };
    const events = random() < 0.5 ? click(...place(), more) : drag(...place(), ...place(), more);
    const before = drawing;
    const state = gesture(drawing, session, events);
    frozen(state.drawing);
    ({ drawing, session } = state);
    assert.equal(session.drag, null);
    history = record(history, drawing);
    assert.equal(drawing === before, state.actions.reduce(reduce, before) === before);
    const again = parseDrawing(serialiseDrawing(drawing));
    assert.equal(again.tracks.length, drawing.tracks.length);
    for (const track of again.tracks) assert.ok(sampledTrack(track, again.frames).positions.every(Number.isFinite));
  }
  assert.ok(drawing.tracks.length > 20);
  while (history.past.length) history = undo(history);
  assert.equal(history.present.tracks.length, 0);
});
