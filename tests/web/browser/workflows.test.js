/**
 * All nodes, and the example workflows as a person opens them, in a running ComfyUI (COMFYUI_URL):
 * every node is there, in both renderers, and the frontend reports no error. Pictures, and the
 * prompts that it would queue, go to SCREENSHOTS.
 */

import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { findChromium } from "./frontends.js";
import { bootComfy, eventually, launch, setRenderer, settled } from "./page.js";

const FOLDER = join(import.meta.dirname, "../../../example_workflows");
const VIEW = { width: 1900, height: 1100 };
const chromium = findChromium();
const url = process.env.COMFYUI_URL;
const shots = process.env.SCREENSHOTS ?? "out/web";
const skip = !url ? "NO COMFYUI_URL: the workflows need all of a running ComfyUI's nodes"
  : chromium ? false : "NO CHROMIUM: apt-get install chromium, or set CHROMIUM";

/** Zoom so that all nodes are in view, beside ComfyUI's own bars. Runs in the page. */
function showAll() {
  const { canvas, graph } = window.app;
  const boxes = [...graph._nodes, ...graph._groups].map(({ pos, size }) => [pos[0], pos[1] - 40, pos[0] + size[0], pos[1] + size[1]]);
  const [left, top, right, bottom] = [0, 1, 2, 3].map((side) => Math[side < 2 ? "min" : "max"](...boxes.map((box) => box[side])));
  const scale = Math.min(1720 / (right - left), 960 / (bottom - top), 1);
  canvas.ds.scale = scale;
  canvas.ds.offset = [90 / scale - left, 70 / scale - top];
  canvas.setDirty(true, true);
}

/** Widgets whose value is of another kind than theirs, as after a shift by one. Runs in the page. */
function misplaced() {
  const fits = ({ type, value, options }) =>
    type === "combo" ? /\.(safetensors|pt|png|mp4)$/.test(value) || [options.values].flat().includes(value)
    : type === "number" ? typeof value === "number" && value >= options.min && value <= options.max
    : type !== "toggle" || typeof value === "boolean";
  return window.app.rootGraph._nodes.flatMap((node) => (node.widgets ?? []).filter((widget) => !fits(widget)).map(({ name, value }) => `${node.title}: ${name} = ${value}`));
}

/** One of each of the pack's nodes, side by side. Runs in the page. @returns {number} how many */
function addAllNodes() {
  const { app, LiteGraph } = window;
  app.rootGraph.clear();
  const names = Object.keys(LiteGraph.registered_node_types).filter((name) => LiteGraph.registered_node_types[name].nodeData?.python_module === "custom_nodes.wan-move");
  names.forEach((name, index) => {
    const node = LiteGraph.createNode(name);
    node.pos = [(index % 7) * 440, Math.floor(index / 7) * 800];
    app.rootGraph.add(node);
  });
  return names.length;
}

for (const locale of ["en", "zh"]) describe(`every node, ${locale}`, { skip }, () => {
  let browser, opened;
  before(async () => {
    mkdirSync(shots, { recursive: true });
    browser = await launch(chromium);
    opened = await bootComfy(browser, url, { viewport: VIEW }, { "Comfy.Locale": locale });
  });
  after(() => browser?.close());
  for (const vue of [false, true]) {
    test(vue ? "Nodes 2.0" : "classic", async () => {
      const { page, errors } = opened;
      await setRenderer(page, vue);
      const count = await page.evaluate(addAllNodes);
      assert.ok(count >= 19);
      await settled(page);
      await page.evaluate(showAll);
      if (vue) await eventually(async () => assert.equal(await page.locator("[data-node-id]").count(), count));
      await eventually(async () => assert.ok(await page.locator(".wm-top").isVisible(), "the editor is in its node"), 10_000);
      await settled(page);
      await page.screenshot({ path: join(shots, `all-${locale}-${vue ? "vue" : "classic"}.png`) });
      assert.deepEqual(await page.locator(".p-toast-message-error").allInnerTexts(), []);
      assert.deepEqual(errors, []);
    });
  }
});

describe("the example workflows", { skip }, () => {
  let browser, opened;
  before(async () => {
    mkdirSync(shots, { recursive: true });
    browser = await launch(chromium);
    opened = await bootComfy(browser, url, { viewport: VIEW });
  });
  after(() => browser?.close());
  for (const vue of [false, true]) {
    for (const file of readdirSync(FOLDER).filter((name) => name.endsWith(".json"))) {
      test(`${file} in ${vue ? "Nodes 2.0" : "the classic renderer"}`, async () => {
        const { page, errors } = opened;
        errors.length = 0;
        await setRenderer(page, vue);
        const workflow = JSON.parse(readFileSync(join(FOLDER, file), "utf8"));
        delete workflow.extra.linearMode;  // the app as a graph
        await page.evaluate((graph) => window.app.loadGraphData(graph), workflow);
        await settled(page);
        assert.deepEqual(await page.evaluate(misplaced), []);
        const { output } = await page.evaluate(() => window.app.graphToPrompt());
        writeFileSync(join(shots, `${file}-${vue ? "vue" : "classic"}.prompt`), JSON.stringify(output));
        await page.evaluate(showAll);
        if (vue) await eventually(async () => assert.equal(await page.locator("[data-node-id]").count(), workflow.nodes.length));
        await settled(page);
        await page.screenshot({ path: join(shots, `${file.replace(".json", "")}-${vue ? "vue" : "classic"}.png`) });
        assert.deepEqual(await page.locator(".p-toast-message-error").allInnerTexts(), []);
        assert.deepEqual(errors, []);
      });
    }
  }
});
