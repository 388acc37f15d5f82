/** What everyone does: draw, undo, copy, save, load. Each case starts with an empty editor. */

import assert from "node:assert/strict";

import { click, documents, drag, eventually, graphKey, imagePoint, knots, settled, setRenderer, showAt, spot, still } from "./page.js";

const STROKES = [[[0.2, 0.6], [0.4, 0.35], [0.6, 0.55]], [[0.2, 0.8], [0.45, 0.7], [0.7, 0.85]]];

async function drawTwo(page) {
  for (const stroke of STROKES) await drag(page, stroke);
  await eventually(async () => assert.equal((await knots(page)).length, 2));
}

/** The tracks' number, and that the editor which is seen is the one that counts. */
const expectTracks = (page, count) => eventually(async () => {
  assert.equal((await knots(page)).length, count);
  assert.ok(await page.evaluate(() => window.wanMoveTest.ready()), "the live editor is on the page");
});

export const drawing = {
  "undo, draw after undo, redo: the visible editor is the live one": async ({ page }) => {
    await drawTwo(page);
    await graphKey(page, "Control+z");
    await expectTracks(page, 1);
    await drag(page, [[0.3, 0.2], [0.5, 0.25], [0.7, 0.2]]);
    await expectTracks(page, 2);
    await graphKey(page, "Control+z");
    await expectTracks(page, 1);
    await graphKey(page, "Control+y");
    await expectTracks(page, 2);
    await eventually(async () =>
      assert.ok(await page.evaluate(() => document.activeElement?.closest(".wm-editor")), "the editor keeps the focus"));
  },

  "keys on a button of the editor are steps of undo too": async ({ page }) => {
    await drawTwo(page);
    const before = await documents(page);
    await page.locator('.wm-bar button[aria-label="Select"]').click();
    await page.keyboard.press("Control+a");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Delete");
    await expectTracks(page, 0);
    await graphKey(page, "Control+z");
    await expectTracks(page, 2);
    await graphKey(page, "Control+z");
    await eventually(async () => assert.deepEqual(await documents(page), before));
    await graphKey(page, "Control+y");
    await graphKey(page, "Control+y");
    await expectTracks(page, 0);
  },

  "the editor's undo button is the graph's undo": async ({ page }) => {
    await drawTwo(page);
    await page.getByLabel("Undo", { exact: true }).and(page.locator(".wm-icon")).click();
    await expectTracks(page, 1);
    await settled(page);
    await page.getByLabel("Redo", { exact: true }).and(page.locator(".wm-icon")).click();
    await expectTracks(page, 2);
  },

  "tool, selection and the open panel outlive undo": async ({ page }) => {
    await drawTwo(page);
    await page.locator('.wm-bar button[aria-label="Panel"]').click();
    await page.locator(".wm-top").focus();
    await page.keyboard.press("Control+a");
    await page.keyboard.press("ArrowRight");
    await graphKey(page, "Control+z");
    await eventually(async () => {
      assert.equal(await page.locator('.wm-bar button[aria-label="Select"]').getAttribute("aria-pressed"), "true");
      assert.match(await page.locator(".wm-panel").innerText(), /2 tracks/);
      assert.ok(await page.locator(".wm-panel").isVisible());
    });
  },

  "positions are exact at any zoom of the graph": async ({ page }) => {
    for (const scale of [0.6, 1.4, 1]) {
      await showAt(page, scale, [-380, 0]);
      await page.keyboard.press("a");
      const place = await spot(page, 0.5, 0.5);
      const [document] = await documents(page);
      const [x, y] = await imagePoint(page, place, { width: 832, height: 480, ...document });
      await click(page, 0.5, 0.5);
      const { tracks } = (await documents(page))[0];
      assert.equal(tracks.length, 1, `zoom ${scale}`);
      const [knot] = tracks[0].knots;
      assert.ok(Math.hypot(knot.x - x, knot.y - y) < 0.75, `zoom ${scale}: ${knot.x}, ${knot.y}, not ${x}, ${y}`);
      await page.keyboard.press("Delete");
      assert.deepEqual(await knots(page), []);
    }
  },

  "keys stay in the editor, the graph's shortcuts do not fire": async ({ page }) => {
    await drawTwo(page);
    const before = await page.evaluate(() => window.app.rootGraph._nodes.length);
    for (const key of ["n", "r", "v", "w", "q", "a", ".", "Delete", "Backspace"]) await page.keyboard.press(key);
    await settled(page);
    assert.equal(await page.evaluate(() => window.app.rootGraph._nodes.length), before);
    assert.equal(await page.evaluate(() => document.querySelectorAll(".p-dialog, .comfy-modal[style*=block]").length), 0);
    assert.equal((await knots(page)).length, 1);
  },

  "Ctrl+Enter in the editor queues the graph, and Ctrl+S saves it": async ({ page }) => {
    await drawTwo(page);
    const queued = page.waitForRequest((request) => request.method() === "POST" && request.url().endsWith("/prompt"), { timeout: 10_000 });
    await page.keyboard.press("Control+Enter");
    await queued;
    await page.keyboard.press("Control+s");
    // A graph that has no name yet is asked for one.
    await page.waitForFunction(() => document.querySelector(".p-dialog input, [role=dialog] input"), undefined, { timeout: 10_000 });
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => !document.querySelector(".p-dialog, [role=dialog]"), undefined, { timeout: 10_000 });
    assert.equal((await knots(page)).length, 2);
  },

  "the wheel zooms the picture when the editor has the focus, else the graph; the middle button pans it": async ({ page }) => {
    const graph = () => page.evaluate(() => [window.app.canvas.ds.scale, ...window.app.canvas.ds.offset]);
    await page.keyboard.press("a");
    await click(page, 0.5, 0.5);
    await page.keyboard.press("Escape");
    const before = await graph();
    await page.mouse.wheel(0, -200);
    await settled(page);
    assert.deepEqual(await graph(), before);
    const [document] = await documents(page);
    await click(page, 0.9, 0.5);
    const [{ tracks }] = await documents(page);
    const [x] = await imagePoint(page, await spot(page, 0.9, 0.5), document);
    assert.ok(tracks[1].knots[0].x < x - 20, "zoomed in around the middle");
    await page.evaluate(() => document.activeElement?.blur());
    await page.mouse.wheel(0, -200);
    await eventually(async () => assert.ok((await graph())[0] > before[0], "the graph zooms"));
    const [, left] = await graph();
    await page.mouse.down({ button: "middle" });
    await page.mouse.move(500, 500, { steps: 5 });
    await page.mouse.move(560, 520, { steps: 5 });
    await page.mouse.up({ button: "middle" });
    await eventually(async () => assert.notEqual((await graph())[1], left, "the graph pans"));
    assert.equal((await knots(page)).length, 2);
  },

  "widgets_values and the prompt carry the same text": async ({ page }) => {
    await drawTwo(page);
    const { values, prompt, value } = await page.evaluate(async () => {
      const [node] = window.wanMoveTest.editors();
      const saved = window.app.rootGraph.serialize().nodes.find((candidate) => candidate.type === "WanMoveSplineEditor");
      const { output } = await window.app.graphToPrompt();
      return { value: window.wanMoveTest.widgetOf(node).value, values: saved.widgets_values, prompt: output[String(node.id)].inputs };
    });
    assert.equal(values[0], value);
    assert.equal(prompt.splines, value);
    assert.equal(prompt.mask_radius, 8);
    assert.deepEqual(prompt.image.slice(1), [0]);
    assert.equal(JSON.parse(value).version, 1);
  },

  "a copied node has its own drawing": async ({ page }) => {
    await drawTwo(page);
    await page.evaluate(() => {
      const { app } = window;
      app.canvas.selectItems(window.wanMoveTest.editors());
      app.canvas.copyToClipboard();
      app.canvas.graph_mouse[0] = 420;
      app.canvas.graph_mouse[1] = 1000;
      app.canvas.pasteFromClipboard();
    });
    await eventually(async () => assert.equal((await documents(page)).length, 2));
    await still(page);
    const [first, second] = await documents(page);
    assert.deepEqual(second.tracks, first.tracks);
    await drag(page, [[0.2, 0.3], [0.4, 0.3]]);
    const after = await documents(page);
    assert.deepEqual(after.map(({ tracks }) => tracks.length).sort(), [2, 3]);
    assert.ok(after.some(({ tracks }) => JSON.stringify(tracks) === JSON.stringify(first.tracks)));
  },

  "a reloaded workflow has the drawing, in the other renderer too": async ({ page, vue }) => {
    await drawTwo(page);
    const before = await documents(page);
    await page.evaluate(async () => {
      const text = JSON.stringify(window.app.rootGraph.serialize());
      window.app.rootGraph.clear();
      await window.app.loadGraphData(JSON.parse(text));
    });
    await still(page);
    assert.deepEqual(await documents(page), before);
    for (const on of [!vue, vue]) {
      await setRenderer(page, on);
      await still(page);
      assert.deepEqual(await documents(page), before);
    }
    await drag(page, [[0.3, 0.2], [0.5, 0.25], [0.7, 0.2]]);
    assert.equal((await knots(page)).length, 3);
  },
};
