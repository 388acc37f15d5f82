/** Driving the editor in a browser as a person would, with mouse, pen, fingers and keys. */

import { chromium } from "playwright-core";

/** A busy machine with two slow cores is slow, not wrong. */
const PATIENCE_MS = 180_000;

/** @param {string} executablePath */
export const launch = (executablePath) =>
  chromium.launch({ executablePath, args: ["--no-sandbox"], timeout: PATIENCE_MS });

/** Poll until `check` no longer throws; then its answer. No test here sleeps for a fixed time.
 * @template T @param {() => Promise<T>} check @returns {Promise<T>} */
export async function eventually(check, limit = PATIENCE_MS / 3) {
  const end = Date.now() + limit;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await new Promise((again) => setTimeout(again, 40));
  }
}

/** A page on our own network only. */
export async function newPage(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  await context.route(/^https:/, (route) => route.abort());
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  return { page, context, errors };
}

/** Those of the page alone: a running ComfyUI keeps its own. */
const SETTINGS = {
  "Comfy.TutorialCompleted": true, "Comfy.InstalledVersion": "1.42.8", "Comfy.Release.Status": "skipped",
  "Comfy.Workflow.Persist": true, "Comfy.Locale": "en", "Comfy.Workflow.ShowMissingNodesWarning": false,
  "Comfy.Workflow.ShowMissingModelsWarning": false,
};

/** Boot ComfyUI's frontend. One page serves both renderers: a boot costs seconds. */
export async function bootComfy(browser, url, options, settings = {}) {
  const opened = await newPage(browser, options);
  await opened.context.route(/\/settings(\/|$)/, (route) =>
    route.fulfill({ json: route.request().method() === "GET" ? { ...SETTINGS, ...settings } : {} }));
  await opened.page.goto(url, { waitUntil: "commit", timeout: PATIENCE_MS });
  await booted(opened.page);
  return opened;
}

/** After a (re)load of the page. */
export async function booted(page) {
  await page.waitForFunction(() =>
    window.app?.canvas && window.LiteGraph?.registered_node_types?.WanMoveSplineEditor &&
    // The first workflow is put on the graph last, and would wipe out ours.
    window.app.extensionManager.workflow.activeWorkflow?.changeTracker, null, { timeout: PATIENCE_MS });
  await page.evaluate(installDriver);
  await settled(page);
}

/** What the tests call inside the page. */
function installDriver() {
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const tracker = () => window.app.extensionManager.workflow.activeWorkflow?.changeTracker;
  /** Those of the graph that is open: at the root or in a subgraph. */
  const editors = () => window.app.canvas.graph._nodes.filter((node) => node.comfyClass === "WanMoveSplineEditor");
  const widgetOf = (node) => node.widgets.find((widget) => widget.name === "splines");
  window.wanMoveTest = {
    frame, tracker, editors, widgetOf,
    /** Undo, relink and focus are done some frames after the key; the graph is loaded between. */
    async settled() {
      for (let i = 0; i < 3; i += 1) await frame();
      while (tracker()?._restoringState) await frame();
      for (let i = 0; i < 4; i += 1) await frame();
    },
    /** The live widget is the one on the page, and has been laid out. (The classic renderer takes
     * a second one off the page when it is out of view.) */
    ready: () => editors().some((node) => {
      const { element } = widgetOf(node);
      return element.isConnected && element.querySelector(".wm-top, .wm-error")?.clientWidth > 100;
    }),
  };
}

/** Wait until the frontend has done what it was asked. */
export const settled = (page) => page.evaluate(() => window.wanMoveTest.settled());

/** The editors are on the page, and nothing moves any more. */
export async function still(page) {
  await page.waitForFunction(() => window.wanMoveTest.ready());
  await page.evaluate(async () => {
    const place = () => [...document.querySelectorAll(".wm-top")].map((canvas) => JSON.stringify(canvas.getBoundingClientRect())).join();
    for (let calm = 0, last = ""; calm < 3; calm = place() === last ? calm + 1 : 0) {
      last = place();
      await window.wanMoveTest.frame();
    }
  });
}

export async function setRenderer(page, vue) {
  await page.evaluate((on) => window.app.extensionManager.setting.set("Comfy.VueNodes.Enabled", on), vue);
  await page.waitForFunction((on) => Boolean(window.LiteGraph.vueNodesMode) === on, vue);
}

/** A fresh workflow: a LoadImage that feeds an empty editor. */
export async function openGraph(page, { vue }) {
  await setRenderer(page, vue);
  await page.evaluate(async () => {
    const { app, LiteGraph } = window;
    app.rootGraph.clear();
    const load = LiteGraph.createNode("LoadImage");
    load.pos = [20, 80];
    app.rootGraph.add(load);
    const node = LiteGraph.createNode("WanMoveSplineEditor");
    node.pos = [420, 40];
    app.rootGraph.add(node);
    load.connect(0, node, node.inputs.findIndex((input) => input.name === "image"));
    await window.app.loadGraphData({ ...JSON.parse(JSON.stringify(app.rootGraph.serialize())), id: crypto.randomUUID() });
  });
  await showAt(page, 1);
  await page.locator(".wm-top").first().focus();
}

/** Put the graph's view where every test can see the editor. */
export async function showAt(page, scale, offset = [0, 40]) {
  await page.evaluate(([zoom, place]) => {
    const { canvas } = window.app;
    canvas.ds.scale = zoom;
    canvas.ds.offset = place;
    canvas.setDirty(true, true);
  }, [scale, offset]);
  await page.waitForFunction((zoom) => {
    const canvas = document.querySelector(".wm-top");
    return canvas?.clientWidth > 100 && Math.abs(canvas.getBoundingClientRect().width / canvas.clientWidth / zoom - 1) < 0.02;
  }, scale);
  await still(page);
}

/** What the live editors of the graph hold. */
export const documents = (page) => page.evaluate(() =>
  window.wanMoveTest.editors().map((node) => JSON.parse(window.wanMoveTest.widgetOf(node).value || '{"tracks": []}')));

export const knots = async (page, index = 0) =>
  ((await documents(page))[index]?.tracks ?? []).map((track) => track.knots.length);

/** Share of the drawing canvas -> page pixels. */
export async function spot(page, x, y, index = 0) {
  const box = await page.locator(".wm-top").nth(index).boundingBox();
  return [box.x + box.width * x, box.y + box.height * y];
}

/** Where page pixels are in the picture, as long as the view fits it: worked out anew here, not
 * by the editor's code. */
export const imagePoint = (page, [px, py], { width, height }) => page.evaluate(([x, y, w, h]) => {
  const canvas = document.querySelector(".wm-top");
  const rect = canvas.getBoundingClientRect();
  const zoom = canvas.clientWidth / rect.width;
  const scale = Math.min((canvas.clientWidth - 48) / w, (canvas.clientHeight - 48) / h);
  return [((x - rect.left) * zoom - canvas.clientWidth / 2) / scale + w / 2, ((y - rect.top) * zoom - canvas.clientHeight / 2) / scale + h / 2];
}, [px, py, width, height]);

/** The way back: where a point of the picture is on the page, while all of the picture is shown. */
export const pagePoint = (page, [px, py], { width, height }) => page.evaluate(([x, y, w, h]) => {
  const canvas = document.querySelector(".wm-top");
  const rect = canvas.getBoundingClientRect();
  const scale = Math.min((canvas.clientWidth - 48) / w, (canvas.clientHeight - 48) / h) * (rect.width / canvas.clientWidth);
  return [rect.left + rect.width / 2 + (x - w / 2) * scale, rect.top + rect.height / 2 + (y - h / 2) * scale];
}, [px, py, width, height]);

export async function drag(page, points, index = 0) {
  const places = [];
  for (const [x, y] of points) places.push(await spot(page, x, y, index));
  await page.mouse.move(...places[0]);
  await page.mouse.down();
  for (const place of places.slice(1)) await page.mouse.move(...place, { steps: 4 });
  await page.mouse.up();
}

export async function click(page, x, y, options) {
  await page.mouse.click(...(await spot(page, x, y)), options);
}

/** Press a key that the graph may take, and wait until it has been rebuilt. */
export async function graphKey(page, key) {
  await page.keyboard.press(key);
  await settled(page);
}
