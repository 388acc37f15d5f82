/** Pictures of every state for looking at: `node tests/web/browser/screens.mjs FOLDER [VERSION]`.
 * Both themes, one and two device pixels per pixel, Nodes 2.0. Those of the local page, in an order that is
 * theirs: `SCREENSHOTS=FOLDER node --test tests/web/browser/contrast.test.js`. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { findChromium, frontendFolder, VERSIONS } from "./frontends.js";
import { startHost } from "./host_server.js";
import { bootComfy, documents, drag, launch, openGraph, pagePoint, settled, spot, still } from "./page.js";
import { RICH } from "./rich_drawing.js";

const [folder = "out/screens", version = VERSIONS.at(-1)] = process.argv.slice(2);
const vue = process.env.RENDERER !== "classic";
mkdirSync(folder, { recursive: true });

const setValue = (page, text) => page.evaluate((value) => {
  window.wanMoveTest.widgetOf(window.wanMoveTest.editors()[0]).value = value;
}, text);

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
