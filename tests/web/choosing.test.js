/** What stays chosen when something else is chosen, added or removed, and what copies belong to. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { createSession, createStore } from "../../web/js/editor/drawing/store.js";
import { addCopies, commandOf } from "../../web/js/editor/input/commands.js";
import { pointerDown, pointerMove, pointerUp } from "../../web/js/editor/input/pointer.js";
import { reduce } from "../../web/js/editor/drawing/reducer.js";
import { wholly } from "../../web/js/editor/drawing/selection.js";
import { click, drag, drawingOf, gesture } from "./gestures.js";

const ROW = (y) => [[100, y], [200, y], [300, y], [400, y]];
function storeOf(drawing, patch = {}) {
  const commits = [];
  const store = createStore(drawing, { ...createSession(), tool: "select", ...patch }, { onChange() {}, onCommit: (done) => commits.push(done) });
  return {
    store, commits,
    run: (...ids) => ids.forEach((id) => commandOf(id).run({ store, reveal() {} })),
    /** On the canvas, as stage.js hands it on. */
    mouse(events) {
      for (const [kind, x, y, more] of events) {
        const { drawing: now, session } = store.get();
        const input = { button: 0, shift: false, ctrl: false, alt: false, touch: false, clicks: 1, pan: false, ...more, canvas: { x, y } };
        if (kind === "move") store.session(pointerMove(now, session, input));
        else {
          const [next, actions] = (kind === "down" ? pointerDown : pointerUp)(now, session, input);
          store.act(actions, next);
        }
      }
    },
    tracks: () => store.get().drawing.tracks, session: () => store.get().session,
  };
}
/** Two tracks; the key of the first one is chosen as in the timeline. */
function withKey(index = 0) {
  const drawing = reduce(drawingOf({ knots: ROW(100) }, { knots: ROW(300) }), { type: "patch-timing", ids: ["t1"], patch: { keys: [{ frame: 30, at: 1, ease: "linear" }] } });
  const editor = storeOf(drawing);
  editor.store.session({ selection: wholly([drawing.tracks[0]]), key: { track: "t1", index } });
  return editor;
}

test("Delete removes the chosen key, and only as long as it is what was chosen last", () => {
  const chosen = withKey();
  assert.deepEqual(chosen.session().key, { track: "t1", index: 0 });
  chosen.run("delete");
  assert.deepEqual([chosen.tracks().length, chosen.tracks()[0].timing.keys.length], [2, 0]);
  const ways = {
    "a click on another track": (editor) => editor.mouse(click(150, 300)),
    "a click on the same track": (editor) => editor.mouse(click(150, 100)),
    "a box around the other track": (editor) => editor.mouse(drag(50, 250, 450, 350)),
    "select all": (editor) => editor.run("select-all"),
    "paste": (editor) => addCopies(editor.store, [editor.tracks()[1]]),
  };
  for (const [way, choose] of Object.entries(ways)) {
    const editor = withKey();
    choose(editor);
    assert.equal(editor.session().key, null, way);
    const { length } = editor.tracks();
    editor.run("delete");
    assert.equal(editor.tracks().find(({ id }) => id === "t1")?.timing.keys.length ?? 1, 1, way);
    assert.ok(editor.tracks().length < length, way);
  }
  const knots = withKey();
  knots.run("next-knot");
  assert.equal(knots.session().key, null);
});

test("a key that is gone is not chosen; one that is there stays through other edits", () => {
  const editor = withKey();
  editor.run("next-frame", "nudge-right");
  assert.deepEqual(editor.session().key, { track: "t1", index: 0 });
  editor.store.act([{ type: "patch-timing", ids: ["t1"], patch: { keys: [] } }]);
  assert.deepEqual(editor.session().key, { track: "t1", index: 0 }, "the end of the motion");
  const end = withKey(1);
  end.store.act([{ type: "patch-timing", ids: ["t1"], patch: { keys: [] } }]);
  assert.equal(end.session().key, null);
});

test("the last knot deleted: nothing of its track stays chosen, and further keys make no step of undo", () => {
  const editor = storeOf(drawingOf({ knots: ROW(100) }), { selection: [{ track: "t1", knots: [3] }] });
  editor.run("delete");
  assert.deepEqual([editor.tracks()[0].knots.length, editor.session().selection], [3, []]);
  editor.run("delete", "nudge-left");
  assert.deepEqual([editor.tracks()[0].knots.length, editor.commits.length], [3, 1]);
});

test("chosen knots stay the same ones when others are removed, added or turned around", () => {
  const chosen = (editor) => editor.session().selection.flatMap(({ track, knots }) => knots.map((knot) => editor.tracks().find(({ id }) => id === track).knots[knot].x));
  const start = (more) => storeOf(drawingOf({ knots: ROW(100), curve: "polyline" }, { knots: ROW(300) }), { selection: [{ track: "t1", knots: [2, 3] }], ...more });
  const right = start();
  right.mouse(click(200, 100, { button: 2 }));
  assert.deepEqual([right.tracks()[0].knots.length, chosen(right)], [3, [300, 400]]);
  right.mouse(click(300, 100, { button: 2 }));
  assert.deepEqual(chosen(right), [400]);
  right.mouse(click(200, 300, { button: 2 }));
  assert.deepEqual(chosen(right), [400], "of another track");
  const double = start();
  double.mouse([["down", 140, 100, { clicks: 2 }], ["up", 140, 100]]);
  assert.deepEqual([double.tracks()[0].knots.length, chosen(double)], [5, [300, 400]]);
  const dot = start({ frame: 20 });
  dot.store.act([{ type: "pose", id: "t1", frame: 20, at: { x: 170, y: 150 } }]);
  assert.deepEqual([dot.tracks()[0].knots.length, chosen(dot)], [5, [300, 400]]);
  dot.store.act([{ type: "pose", id: "t1", frame: 20, at: { x: 160, y: 140 } }]);
  assert.deepEqual([dot.tracks()[0].knots.length, chosen(dot)], [5, [300, 400]], "moved, not added");
  const turned = start();
  turned.run("reverse");
  assert.deepEqual(chosen(turned), [300, 400]);
  const locked = start();
  locked.run("lock");
  locked.store.act([{ type: "remove-selected", selection: [{ track: "t1", knots: [0] }] }]);
  assert.deepEqual(chosen(locked), [300, 400]);
});

test("a new knot by Ctrl+click is the chosen one", () => {
  const editor = storeOf(drawingOf({ knots: ROW(100), curve: "polyline" }), { selection: [{ track: "t1", knots: [2] }] });
  editor.mouse(click(150, 100, { ctrl: true }));
  assert.deepEqual(editor.session().selection, [{ track: "t1", knots: [1] }]);
});

test("copies join neither a group nor a parent that they do not belong to", () => {
  const own = storeOf(drawingOf({ knots: ROW(100) }, { knots: ROW(200), group: "Group 1", parent: "t1" }, { knots: ROW(300), group: "Group 1" }));
  const other = drawingOf({ knots: ROW(10) }, { knots: ROW(20), group: "Group 1", parent: "t1" }, { knots: ROW(30), group: "Group 1", parent: "t2" }, { knots: ROW(40), group: "Cats" });
  addCopies(own.store, other.tracks.slice(1));
  const pasted = own.tracks().slice(3);
  assert.deepEqual(pasted.map(({ group }) => group), ["Group 2", "Group 2", "Cats"]);
  assert.deepEqual(pasted.map(({ parent }) => parent), [null, pasted[0].id, null], "not this drawing's t1");
  own.store.session({ selection: wholly(own.tracks().slice(1, 3)) });
  own.run("duplicate");
  const copies = own.tracks().slice(6);
  assert.deepEqual(copies.map(({ group }) => group), ["Group 3", "Group 3"]);
  assert.deepEqual(copies.map(({ parent }) => parent), ["t1", null]);
});

test("the Wand with Shift or Alt leaves a region its keys and its fill", () => {
  const [width, height] = [104, 60];
  const data = new Uint8ClampedArray(4 * width * height).fill(128);
  for (let y = 10; y < 30; y += 1) for (let x = 10; x < 50; x += 1) data.set(x < 30 ? [255, 0, 0, 255] : [0, 0, 255, 255], 4 * (y * width + x));
  const pixels = () => ({ data, width, height });
  const begun = gesture(drawingOf(), { ...createSession(), tool: "wand" }, click(176, 160, { pixels })).drawing.tracks[0];
  const keys = [{ frame: 0, scale: 1, angle: 0 }, { frame: 40, scale: 2, angle: 90 }];
  const track = { ...begun, spread: { ...begun.spread, fill: "poisson", keys, pins: true, note: "of a later version" } };
  const session = { ...createSession(), tool: "wand", selection: wholly([track]) };
  let drawing = { ...drawingOf(), tracks: [track] };
  for (const [more, width] of [[{ shift: true }, 320], [{ alt: true }, 160]]) {
    ({ drawing } = gesture(drawing, session, click(320, 160, { pixels, ...more })));
    const { spread } = drawing.tracks[0];
    assert.deepEqual([spread.fill, spread.keys, spread.pins, spread.note], ["poisson", keys, true, "of a later version"]);
    const xs = spread.polygon.map(([x]) => x);
    assert.ok(Math.abs(Math.max(...xs) - Math.min(...xs) - width) < 20 && spread.offsets.length > 4, `${width} px wide`);
  }
  const ring = { ...begun, spread: { ...begun.spread, ring: true } };
  const grown = gesture({ ...drawing, tracks: [ring] }, { ...createSession(), tool: "wand", selection: wholly([ring]) }, click(320, 160, { pixels, shift: true }));
  assert.equal("ring" in grown.drawing.tracks[0].spread, false);
});
