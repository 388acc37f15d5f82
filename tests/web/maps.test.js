import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { lineWidth, mapShapes } from "../../web/js/editor/drawing/maps.js";
import { createDrawing, parseDrawing } from "../../web/js/editor/drawing/schema.js";
import { createSession } from "../../web/js/editor/drawing/store.js";
import { pointerDown, pointerMove, pointerUp } from "../../web/js/editor/input/pointer.js";

const GOLDEN = JSON.parse(readFileSync(new URL("../fixtures/map_boxes.json", import.meta.url)));

for (const { name, document, boxes } of GOLDEN) {
  test(`boxes as wanmove_core draws them: ${name}`, () => {
    const drawing = parseDrawing(JSON.stringify(document));
    boxes.forEach((expected, frame) => {
      const found = mapShapes(drawing, frame).map(({ box }) => box).filter((box) => box);
      assert.deepEqual(found.map(({ x, y, width, height }) => [x, y, width, height]), expected.filter((box) => box), `frame ${frame}`);
    });
  });
}

test("a line is as wide as measured in the published maps", () => {
  assert.deepEqual([[720, 480], [1280, 864], [96, 64]].map(([w, h]) => lineWidth(w, h)), [5, 9, 1]);
});

/** @type {(shift: boolean) => import("../../web/js/editor/drawing/schema.js")} */
const dragRegion = (shift) => {
  const drawing = createDrawing();
  const input = (x, y) => ({ canvas: { x, y }, button: 0, shift, ctrl: false, alt: false, touch: false, clicks: 1, pan: false });
  let [session, actions] = pointerDown(drawing, { ...createSession(), tool: "region" }, input(40, 30));
  for (const [x, y] of [[60, 40], [90, 35], [100, 80]]) session = pointerMove(drawing, session, input(x, y));
  [session, actions] = pointerUp(drawing, session, input(100, 80));
  return actions[0]?.type === "add-tracks" ? actions[0].tracks[0] : undefined;
};

test("Shift draws a box with the region tool, and a plain drag does not", () => {
  const box = dragRegion(true);
  assert.deepEqual(box.knots.map(({ x, y }) => [x, y]), [[70, 55]]);
  assert.deepEqual(box.spread.polygon, [[-30, -25], [30, -25], [30, 25], [-30, 25]]);
  assert.ok(box.spread.offsets.length > 8);
  assert.notDeepEqual(dragRegion(false)?.spread.polygon, box.spread.polygon);
});
