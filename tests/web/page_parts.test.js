/** Parts of the page that need no page: keys of the host, when the panel is drawn, labels. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { createPainter } from "../../web/js/editor/page/painter.js";
import { isHostKey } from "../../web/js/editor/page/focus.js";
import { translator } from "../../web/js/editor/page/strings.js";
import { createSession, createStore } from "../../web/js/editor/drawing/store.js";
import { drawingOf } from "./gestures.js";

test("Ctrl or Cmd with Enter and S are the host's", () => {
  const key = (name, more) => isHostKey({ key: name, ctrlKey: false, metaKey: false, ...more });
  for (const mod of [{ ctrlKey: true }, { metaKey: true }]) for (const name of ["Enter", "s", "S"]) assert.ok(key(name, mod), name);
  assert.ok(!key("Enter") && !key("s") && !key("z", { ctrlKey: true }) && !key("Delete", { ctrlKey: true }));
});

test("the panel is drawn again after a choice in it, also where nothing changed", (t) => {
  const frames = [];
  t.after(() => delete globalThis.requestAnimationFrame);
  globalThis.requestAnimationFrame = (draw) => frames.push(draw);
  const drawn = [];
  const store = createStore(drawingOf(), createSession(), { onChange() {}, onCommit() {} });
  const painter = createPainter(store, { playing: () => false }, {
    canvas: (base) => drawn.push(base ? "base" : "top"), sheet: () => drawn.push("sheet"), panel: () => drawn.push("panel"),
  });
  const paint = () => {
    frames.splice(0).forEach((draw) => draw());
    return drawn.splice(0).join(" ");
  };
  painter.all();
  assert.equal(paint(), "sheet base panel");
  painter.changed();
  assert.equal(paint(), "top");
  painter.panel();
  assert.equal(paint(), "top panel");
});

test("what is said of the canvases is translated", () => {
  const source = ["stage.js", "timeline/view.js"].map((name) => readFileSync(new URL(`../../web/js/editor/${name}`, import.meta.url), "utf8")).join();
  assert.doesNotMatch(source, /ariaLabel: "/);
  const labels = [...source.matchAll(/ariaLabel: t\("([^"]+)"\)/g)].map(([, label]) => label);
  assert.deepEqual(labels, ["Motion canvas", "Tracks", "Timeline"]);
  const words = [...source.matchAll(/[^a-z]t\("([^"]+)"\)/g)].map(([, word]) => word);
  assert.ok(words.includes("moves with") && words.length > 10);
  for (const word of words) assert.match(translator("zh")(word), /^[\u4e00-\u9fff]+$/, word);
});
