/**
 * The editor inside ComfyUI's real frontend: two versions, both renderers. State is asserted;
 * the screenshots are for looking at (SCREENSHOTS=folder). COMFYUI_URL tests a running ComfyUI.
 */

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { findChromium, frontendFolder, VERSIONS } from "./frontends.js";
import { startHost } from "./host_server.js";
import { click, documents, drag, graphKey, knots, launch, openGraph } from "./page.js";

const chromium = findChromium();
const hosts = process.env.COMFYUI_URL ? ["running"] : VERSIONS;
const shots = process.env.SCREENSHOTS;
const ACTIONS = Number(process.env.ACTIONS ?? 40);
if (shots) mkdirSync(shots, { recursive: true });

describe("in ComfyUI", { skip: chromium ? false : "no Chromium: apt-get install chromium, or set CHROMIUM" }, () => {
  let browser;
  before(async () => {
    browser = await launch(chromium);
  });
  after(() => browser?.close());

  for (const version of hosts) {
    describe(version, () => {
      let host;
      before(async () => {
        host = process.env.COMFYUI_URL ? { url: process.env.COMFYUI_URL, prompts: [], close() {} } : await startHost(frontendFolder(version));
      });
      after(() => host?.close());
      for (const vue of [false, true]) describe(vue ? "Nodes 2.0" : "classic", () => suite(() => browser, () => host, vue, version));
    });
  }
});

function suite(browser, host, vue, version) {
  let page, context, errors;
  before(async () => {
    ({ page, context, errors } = await openGraph(browser(), host().url, { vue }));
  });
  after(() => context?.close());

  test("draws over the connected image before any run", async () => {
    await drag(page, [[0.2, 0.6], [0.4, 0.35], [0.6, 0.55]]);
    await drag(page, [[0.2, 0.8], [0.45, 0.7], [0.7, 0.85]]);
    assert.equal((await knots(page)).length, 2);
    if (shots) await page.screenshot({ path: join(shots, `comfyui-${version}-${vue ? "vue" : "classic"}.png`) });
  });

  test("undo, draw after undo, redo: the visible editor is the live one", async () => {
    await graphKey(page, "Control+z");
    assert.equal((await knots(page)).length, 1);
    assert.ok(await page.evaluate(() => window.app.graph._nodes.find((node) => node.comfyClass === "WanMoveSplineEditor").widgets[0].element.isConnected));
    await drag(page, [[0.3, 0.2], [0.5, 0.25], [0.7, 0.2]]);
    assert.equal((await knots(page)).length, 2);
    await graphKey(page, "Control+z");
    assert.equal((await knots(page)).length, 1);
    await graphKey(page, "Control+y");
    assert.equal((await knots(page)).length, 2);
    assert.ok(await page.evaluate(() => document.activeElement?.closest(".wm-editor")), "the editor keeps the focus");
  });

  test("positions are exact at any zoom of the graph", async () => {
    for (const scale of [0.6, 1.4, 1]) {
      await page.evaluate((value) => {
        window.app.canvas.ds.scale = value;
        window.app.canvas.ds.offset = [-380, 0];
        window.app.canvas.setDirty(true, true);
      }, scale);
      await page.waitForTimeout(500);
      const before = (await documents(page))[0].tracks.length;
      await page.keyboard.press("a");
      const box = await page.locator(".wm-top").boundingBox();
      const expected = await page.evaluate(({ x, y }) => {
        const canvas = document.querySelector(".wm-top");
        const rect = canvas.getBoundingClientRect();
        const k = canvas.clientWidth / rect.width;
        return [(x - rect.left) * k, (y - rect.top) * k];
      }, { x: box.x + box.width / 2, y: box.y + box.height / 2 });
      await click(page, 0.5, 0.5);
      const { tracks, width, height } = (await documents(page))[0];
      assert.equal(tracks.length, before + 1, `zoom ${scale}`);
      const { x, y } = tracks.at(-1).knots[0];
      const fit = await page.evaluate(() => [document.querySelector(".wm-top").clientWidth, document.querySelector(".wm-top").clientHeight]);
      const s = Math.min((fit[0] - 48) / width, (fit[1] - 48) / height);
      assert.ok(Math.abs((expected[0] - fit[0] / 2) / s + width / 2 - x) < 1.5, `x ${x} at ${scale}`);
      assert.ok(Math.abs((expected[1] - fit[1] / 2) / s + height / 2 - y) < 1.5, `y ${y} at ${scale}`);
      await page.keyboard.press("Delete");
      await page.waitForTimeout(100);
    }
    await page.keyboard.press("p");
    assert.equal((await knots(page)).length, 2);
  });

  test("keys stay in the editor, the graph's shortcuts do not fire", async () => {
    const before = await page.evaluate(() => window.app.graph._nodes.length);
    await page.locator(".wm-top").focus();
    for (const key of ["n", "r", "p", "Delete", "Backspace"]) await page.keyboard.press(key);
    await page.waitForTimeout(200);
    assert.equal(await page.evaluate(() => window.app.graph._nodes.length), before);
    assert.equal(await page.evaluate(() => document.querySelectorAll(".p-dialog, .comfy-modal[style*=block]").length), 0);
    await graphKey(page, "Control+z");
    assert.ok((await knots(page)).length >= 1);
  });

  test("widgets_values and the prompt carry the same text", async () => {
    const { values, prompt, value } = await page.evaluate(async () => {
      const node = window.app.graph._nodes.find((candidate) => candidate.comfyClass === "WanMoveSplineEditor");
      const saved = window.app.graph.serialize().nodes.find((candidate) => candidate.type === "WanMoveSplineEditor");
      const { output } = await window.app.graphToPrompt();
      return { value: node.widgets[0].value, values: saved.widgets_values, prompt: output[String(node.id)].inputs };
    });
    assert.equal(values[0], value);
    assert.equal(prompt.splines, value);
    assert.equal(prompt.mask_radius, 8);
    assert.deepEqual(prompt.image.slice(1), [0]);
    assert.equal(JSON.parse(value).version, 1);
  });

  test("a copied node has its own drawing", async () => {
    await page.evaluate(async () => {
      const { app } = window;
      app.canvas.selectItems([app.graph._nodes.find((node) => node.comfyClass === "WanMoveSplineEditor")]);
      app.canvas.copyToClipboard();
      app.canvas.graph_mouse[0] = 420;
      app.canvas.graph_mouse[1] = 1000;
      app.canvas.pasteFromClipboard();
    });
    await page.waitForTimeout(500);
    const [first, second] = await documents(page);
    assert.deepEqual(second.tracks, first.tracks);
    await drag(page, [[0.2, 0.3], [0.4, 0.3]]);
    const after = await documents(page);
    assert.deepEqual(after.map(({ tracks }) => tracks.length).sort(), [first.tracks.length, first.tracks.length + 1]);
    assert.ok(after.some(({ tracks }) => JSON.stringify(tracks) === JSON.stringify(first.tracks)));
  });

  test("a reloaded workflow has the drawing, in the other renderer too", async () => {
    const before = await documents(page);
    await page.evaluate(async () => {
      const text = JSON.stringify(window.app.graph.serialize());
      window.app.graph.clear();
      await window.app.loadGraphData(JSON.parse(text));
    });
    await page.waitForTimeout(600);
    assert.deepEqual(await documents(page), before);
    for (const on of [!vue, vue]) {
      await page.evaluate((value) => window.app.extensionManager.setting.set("Comfy.VueNodes.Enabled", value), on);
      await page.waitForTimeout(900);
      assert.deepEqual(await documents(page), before);
    }
  });

  test(`no work is lost in ${ACTIONS} random steps of drawing, undo, redo and reload`, async () => {
    await page.evaluate(async () => {
      for (const node of window.app.graph._nodes.filter((one) => one.comfyClass === "WanMoveSplineEditor").slice(1)) window.app.graph.remove(node);
      const workflow = JSON.parse(JSON.stringify(window.app.graph.serialize()));
      workflow.id = crypto.randomUUID();
      await window.app.loadGraphData(workflow);
    });
    await page.waitForTimeout(600);
    await page.locator(".wm-top").first().focus();
    const text = async () => JSON.stringify((await documents(page))[0].tracks);
    let seed = 11;
    const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
    let past = [];
    let present = await text();
    let future = [];
    for (let step = 0; step < ACTIONS; step += 1) {
      const choice = random();
      if (choice < 0.55) {
        const [x, y] = [0.1 + 0.6 * random(), 0.1 + 0.6 * random()];
        await page.keyboard.press("p");
        if (choice < 0.15) {
          await page.keyboard.press("a");
          await click(page, x, y);
        } else await drag(page, [[x, y], [x + 0.2 * random(), y + 0.05], [x + 0.2, y + 0.25 * random()]]);
        past = [...past, present];
        present = await text();
        future = [];
        assert.notEqual(present, past.at(-1), `step ${step}: nothing was drawn`);
      } else if (choice < 0.78 && past.length > 0) {
        await graphKey(page, "Control+z");
        future = [present, ...future];
        present = past.at(-1);
        past = past.slice(0, -1);
      } else if (choice < 0.92 && future.length > 0) {
        await graphKey(page, "Control+y");
        past = [...past, present];
        [present, ...future] = future;
      } else if (choice >= 0.97) {
        await page.evaluate(async () => window.app.loadGraphData(JSON.parse(JSON.stringify(window.app.graph.serialize()))));
        await page.waitForTimeout(500);
        await page.locator(".wm-top").first().focus();
        [past, future] = [[], []];
      }
      assert.equal(await text(), present, `step ${step} (${choice.toFixed(2)})`);
    }
  });

  test("a broken drawing is shown with its place and kept as it is", async () => {
    const text = '{"version": 1, "tracks": [{"knots": "none"}]}';
    const kept = await page.evaluate((value) => {
      const node = window.app.graph._nodes.find((candidate) => candidate.comfyClass === "WanMoveSplineEditor");
      node.widgets[0].value = value;
      return [node.widgets[0].value, node.widgets[0].element.querySelector(".wm-error p").textContent];
    }, text);
    assert.equal(kept[0], text);
    assert.match(kept[1], /^tracks\[0\]\.knots must be a list/);
    assert.deepEqual(errors, []);
  });
}
