/** Driving the editor in a browser, as a person would: mouse and keys. */

import { chromium } from "playwright-core";

export const launch = (executablePath) => chromium.launch({ executablePath, args: ["--no-sandbox"] });

/** Boot ComfyUI's frontend and put a LoadImage and our editor on the graph. */
export async function openGraph(browser, url, { vue, options = {} }) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  await context.route(/^https:/, (route) => route.abort());
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(url);
  await page.waitForFunction(
    () => window.app?.extensionManager && window.LiteGraph?.registered_node_types?.WanMoveSplineEditor,
    null, { timeout: 120_000 });
  await page.waitForTimeout(1500);
  await page.evaluate((on) => window.app.extensionManager.setting.set("Comfy.VueNodes.Enabled", on), vue);
  await page.waitForTimeout(500);
  await page.evaluate(async () => {
    const { app, LiteGraph } = window;
    app.graph.clear();
    const load = LiteGraph.createNode("LoadImage");
    load.pos = [20, 80];
    app.graph.add(load);
    const node = LiteGraph.createNode("WanMoveSplineEditor");
    node.pos = [420, 40];
    app.graph.add(node);
    load.connect(0, node, node.inputs.findIndex((input) => input.name === "image"));
    const workflow = JSON.parse(JSON.stringify(app.graph.serialize()));
    workflow.id = crypto.randomUUID();
    await app.loadGraphData(workflow);
    app.canvas.ds.scale = 1;
    app.canvas.ds.offset = [0, 40];
    app.canvas.setDirty(true, true);
  });
  await page.waitForFunction(() => document.querySelector(".wm-top")?.clientWidth > 100);
  await page.waitForTimeout(600);
  return { page, context, errors };
}

/** What the live editors of the graph hold. */
export const documents = (page) => page.evaluate(() =>
  window.app.graph._nodes.filter((node) => node.comfyClass === "WanMoveSplineEditor").map((node) => {
    const text = node.widgets.find((widget) => widget.name === "splines").value;
    return text ? JSON.parse(text) : { tracks: [] };
  }));

export const knots = async (page, index = 0) =>
  ((await documents(page))[index]?.tracks ?? []).map((track) => track.knots.length);

/** Share of the drawing canvas -> page pixels. */
export async function spot(page, x, y, index = 0) {
  const box = await page.locator(".wm-top").nth(index).boundingBox();
  return [box.x + box.width * x, box.y + box.height * y];
}

export async function drag(page, points, index = 0) {
  const places = [];
  for (const [x, y] of points) places.push(await spot(page, x, y, index));
  await page.mouse.move(...places[0]);
  await page.mouse.down();
  for (const place of places.slice(1)) await page.mouse.move(...place, { steps: 4 });
  await page.mouse.up();
  await page.waitForTimeout(60);
}

export async function click(page, x, y, options) {
  await page.mouse.click(...(await spot(page, x, y)), options);
  await page.waitForTimeout(60);
}

/** Press keys and wait until the graph has been rebuilt. */
export async function graphKey(page, key) {
  await page.keyboard.press(key);
  await page.waitForTimeout(450);
}
