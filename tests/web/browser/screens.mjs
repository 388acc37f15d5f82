/** Pictures of every state for looking at: `node tests/web/browser/screens.mjs FOLDER [VERSION]`.
 * Both themes, one and two device pixels per pixel, Nodes 2.0. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { findChromium, frontendFolder, VERSIONS } from "./frontends.js";
import { startHost } from "./host_server.js";
import { bootComfy, documents, drag, launch, openGraph, pagePoint, settled, spot, still } from "./page.js";

const [folder = "out/screens", version = VERSIONS.at(-1)] = process.argv.slice(2);
const vue = process.env.RENDERER !== "classic";
mkdirSync(folder, { recursive: true });

const setValue = (page, text) => page.evaluate((value) => {
  window.wanMoveTest.widgetOf(window.wanMoveTest.editors()[0]).value = value;
}, text);

/** A drawing that has one of everything. */
const RICH = {
  version: 1, width: 832, height: 480, fps: 16, frames: 81, tracks: [
    { id: "a", name: "Ball", color: "#e69f00", curve: "bezier", knots: [{ x: 222, y: 262, out: [70, -120] }, { x: 430, y: 150, in: [-70, 0], out: [70, 0] }, { x: 600, y: 330, in: [-30, -90] }],
      timing: { start: 8, end: 64, keys: [{ frame: 30, at: 1, ease: "in-out" }] } },
    { id: "b", name: "Square", color: "#56b4e9", knots: [{ x: 620, y: 190 }, { x: 700, y: 300 }, { x: 900, y: 380 }], timing: { start: 24 }, windows: [[0, 60]] },
    { id: "c", name: "Locked", color: "#cc79a7", knots: [{ x: 90, y: 400 }, { x: 320, y: 430 }], locked: true },
    { id: "d", name: "Hidden", color: "#f0e442", knots: [{ x: 90, y: 60 }, { x: 320, y: 80 }], hidden: true },
    { id: "e", name: "Anchor", color: "#009e73", knots: [{ x: 760, y: 60 }] },
    { id: "f", name: "Disc", color: "#d55e00", knots: [{ x: 130, y: 150 }, { x: 260, y: 90 }], spread: { shape: "disc", count: 16, size: 40, angle: 0, keys: [] } },
  ],
};

/** @type {Record<string, (page: import("playwright-core").Page) => Promise<void>>} */
const STATES = {
  empty: async () => {},
  drawing: async (page) => {
    await drag(page, [[0.2, 0.6], [0.35, 0.3], [0.5, 0.5]]);
    const places = [];
    for (const place of [[0.55, 0.7], [0.65, 0.5], [0.8, 0.75]]) places.push(await spot(page, ...place));
    await page.mouse.move(...places[0]);
    await page.mouse.down();
    await page.mouse.move(...places[1], { steps: 6 });
    await page.mouse.move(...places[2], { steps: 6 });
  },
  rich: (page) => setValue(page, JSON.stringify(RICH)),
  selected: async (page) => {
    await setValue(page, JSON.stringify(RICH));
    await page.keyboard.press("v");
    await page.mouse.click(...(await pagePoint(page, [430, 150], RICH)));
    await page.mouse.move(...(await spot(page, 0.72, 0.68)));
  },
  all: async (page) => {
    await setValue(page, JSON.stringify(RICH));
    await page.keyboard.press("Control+a");
  },
  panel: async (page) => {
    await setValue(page, JSON.stringify(RICH));
    await page.keyboard.press("v");
    await page.mouse.click(...(await pagePoint(page, [430, 150], RICH)));
    await page.locator('.wm-bar button[aria-label="Panel"]').click();
  },
  cells: async (page) => {
    await setValue(page, JSON.stringify(RICH));
    for (const key of ["c", ".", ".", ".", ".", ".", ".", ".", ".", ".", "."]) await page.keyboard.press(key);
  },
  playing: async (page) => {
    await setValue(page, JSON.stringify(RICH));
    await page.keyboard.press(" ");
    await page.waitForFunction(() => /^(2\d|3\d)/.test(document.querySelector(".wm-readout")?.textContent ?? ""));
    await page.keyboard.press(" ");
  },
  help: (page) => page.keyboard.press("?"),
  error: (page) => setValue(page, '{"version": 1, "tracks": [{"knots": "none"}]}'),
};

const browser = await launch(findChromium());
const host = await startHost(frontendFolder(version));
for (const scale of [1, 2]) {
  const { page, context } = await bootComfy(browser, host.url, { deviceScaleFactor: scale });
  for (const theme of ["dark", "light"]) {
    await page.evaluate((name) => window.app.extensionManager.setting.set("Comfy.ColorPalette", name), theme);
    for (const [name, show] of Object.entries(STATES)) {
      await openGraph(page, { vue });
      await documents(page);
      await show(page);
      await settled(page);
      await still(page);
      await page.screenshot({ path: join(folder, `${name}-${theme}-${scale}x.png`), clip: { x: 400, y: 40, width: 680, height: 780 } });
      await page.mouse.up();
    }
  }
  await context.close();
}
await browser.close();
await host.close();
