/** The local page with keys alone, and many pages of it at once. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { count, drawingOf, line, names, openPage, ready } from "./cases_local.js";

const session = (page) => page.evaluate(() => {
  const { tool, aim, view, selection } = window.wanmove.editor.getSession();
  return { tool, aim, view, selection };
});
const tracks = (page) => page.evaluate(() => JSON.parse(window.wanmove.editor.getValue()).tracks);
const replace = (page, ...given) => page.evaluate((text) => window.wanmove.editor.replaceValue(text), drawingOf(...given));
const focused = (page, selector) => page.until((wanted) => document.activeElement?.matches(wanted), selector);
async function presses(page, ...combos) {
  for (const combo of combos) await page.press(combo);
}
/** Where a point of the drawing is on the canvas. */
const placed = ({ x, y, scale }, [px, py]) => [px * scale + x, py * scale + y].map((value) => Math.round(value * 10) / 10);

export const local = {
  "plus and minus zoom about the chosen knot, or the middle; 0 fits": async ({ engine, start }) => {
    const page = await openPage(engine, await start());
    await replace(page, line(50));
    const { view: fitted } = await session(page);
    await presses(page, "n", "k");  // the first knot of the track: at 100, 50
    await page.press("=");
    const { view: near } = await session(page);
    assert.ok(near.scale > 1.4 * fitted.scale, `${near.scale} of ${fitted.scale}`);
    assert.deepEqual(placed(near, [100, 50]), placed(fitted, [100, 50]), "the knot stays where it is");
    await presses(page, "=", "=", "=", "=", "k");
    await page.evaluate(() => {  // as with a drag of the middle button: the knot is far out of view
      const { view } = window.wanmove.editor.getSession();
      window.wanmove.editor.setSession({ follow: false, view: { ...view, x: view.x - 5000 } });
    });
    await page.press("-");
    const middle = await page.evaluate(() => {
      const { clientWidth, clientHeight } = document.querySelector(".wm-top");
      return [clientWidth / 2, clientHeight / 2];
    });
    assert.deepEqual(placed((await session(page)).view, [700, 50]), middle, "and comes to the middle");
    await page.press("0");
    assert.deepEqual((await session(page)).view, fitted);
    await presses(page, "Escape", "=", "-");
    assert.ok(Math.abs((await session(page)).view.scale / fitted.scale - 1) < 1e-9);
    assert.equal(await page.evaluate(() => Math.round(100 * (window.visualViewport?.scale ?? 1))), 100, "the page itself does not");
    await page.close();
  },

  "what keys choose or move comes into the view, and no further": async ({ engine, start }) => {
    const page = await openPage(engine, await start());
    await replace(page, line(50), line(400));
    const size = await page.evaluate(() => {
      const { clientWidth, clientHeight } = document.querySelector(".wm-top");
      return [clientWidth, clientHeight];
    });
    const seen = async (point) => placed((await session(page)).view, point).every((value, axis) => value >= 8 && value <= size[axis] - 8);
    await presses(page, "n", "k");
    const [first, other] = (await tracks(page))[1].id === "t400" ? [[100, 400], [700, 400]] : [[100, 50], [700, 50]];
    const { view: fitted } = await session(page);
    await presses(page, "=", "=", "=", "=");
    assert.ok(await seen(first));
    assert.ok(!(await seen(other)), "zoomed in on the first knot");
    await page.press("k");
    assert.ok(await seen(other), "the next knot");
    const { view: there } = await session(page);
    await page.press("ArrowLeft");
    assert.deepEqual((await session(page)).view, there, "what is in view leaves the view where it is");
    await presses(page, "Shift+k", "n", "k");
    assert.ok(await seen([100, 50]), "a knot of the next track");
    await presses(page, "Escape", "f");
    assert.deepEqual((await session(page)).view, fitted);
    for (let i = 0; i < 12; i += 1) await page.press("Shift+ArrowLeft");
    const { aim } = await session(page);
    assert.ok(aim.x < -50 && await seen([aim.x, aim.y]), "the crosshair, outside of the frame");
    await page.close();
  },

  "with keys alone: a region is taken with the wand, moved, turned at the end; the panel and back": async ({ engine, start }) => {
    const page = await openPage(engine, await start());
    await page.press("w");
    for (let i = 0; i < 3; i += 1) await page.press("Shift+ArrowLeft");
    const { aim } = await session(page);
    const { width, height } = await page.evaluate(() => JSON.parse(window.wanmove.editor.getValue()));
    assert.ok(aim.x < width / 2 && aim.y === height / 2, JSON.stringify(aim));
    await presses(page, "e", "e", "Shift+ArrowDown", "Shift+ArrowDown", "n", "End");
    for (let i = 0; i < 3; i += 1) await page.press("Control+ArrowRight");
    // The crosshair is no longer shown, nor where it was.
    await page.until(() => !/^-?\d+\.\d, /.test(document.querySelector(".wm-status").textContent));
    const [track] = await tracks(page);
    assert.deepEqual([track.spread.shape, track.knots.length], ["region", 2]);
    assert.deepEqual([track.spread.keys.at(-1).frame, Math.round(track.spread.keys.at(-1).angle)], [80, 45]);
    await page.press("d");
    await focused(page, ".wm-panel input");
    await page.press("Escape");
    await focused(page, ".wm-top");
    assert.equal((await session(page)).selection.length, 1, "what was selected still is");
    // A toolbar is one stop of Tab: arrows go along it, and move nothing.
    await page.evaluate(() => document.querySelector(".wm-bar button").focus());
    await page.press("ArrowRight");
    await focused(page, '.wm-bar [aria-label="Draw"]');
    assert.deepEqual(await tracks(page), [track]);
    await page.close();
  },

  "with keys alone: a file is imported and exported": async ({ engine, start }) => {
    if (engine.name !== "chromium") return;  // the other drivers tell of no file's dialog
    const server = await start();
    const file = join(server.folder, "given.json");
    writeFileSync(file, JSON.stringify([[{ x: 10, y: 20 }, { x: 110, y: 220 }]]));
    const page = await openPage(engine, server);
    const chosen = page.page.waitForEvent("filechooser");
    await page.page.evaluate(() => 0);  // the browser's own dialog is held back from here on
    await page.press("Shift+i");
    const chooser = await chosen;
    await chooser.setFiles(file);
    await page.until(() => JSON.parse(window.wanmove.editor.getValue()).tracks.length === 1);
    await page.press("Shift+o");
    await focused(page, '[data-field="export"]');
    const [download] = await Promise.all([page.page.waitForEvent("download"), page.press("c")]);
    assert.equal(download.suggestedFilename(), "wanmove_tracks.csv");
    await page.press("Escape");
    await focused(page, ".wm-top");
    await page.close();
  },

  "G goes to the shelf, and Escape back": async ({ engine, start }) => {
    const { folder } = await start();
    writeFileSync(join(folder, "draw_001.mp4"), "no video");
    writeFileSync(join(folder, "draw_001.wanmove.json"), drawingOf(line(10)));
    const page = await openPage(engine, await start({ folder }));
    await page.until(() => document.getElementById("videos").textContent === "Videos (1)");
    await page.press("g");
    await focused(page, "#gallery button");
    await page.press("Escape");
    await focused(page, ".wm-top");
    await page.clickOn("#seed");
    await page.press("g");
    await focused(page, "#seed");
    await page.close();
  },

  "eight pages at once hear each other, and Save still works": async ({ engine, start }) => {
    const server = await start();
    const pages = [];
    for (let i = 0; i < 8; i += 1) pages.push(await openPage(engine, server));
    const last = pages.at(-1);
    await replace(last, line(50), line(150));
    await last.evaluate(() => document.getElementById("save").click());
    await last.until(() => document.getElementById("message").textContent.startsWith("Saved"));
    for (const page of pages) await page.until(() => JSON.parse(window.wanmove.editor.getValue()).tracks.length === 2);
    for (const page of pages) await page.close();
  },

  "a page that the browser brings back out of its cache hears the program again": async ({ engine, start }) => {
    const server = await start();
    const [page, other] = [await openPage(engine, server), await openPage(engine, server)];
    await page.evaluate(() => {
      for (const type of ["pagehide", "pageshow"]) window.dispatchEvent(new PageTransitionEvent(type, { persisted: true }));
    });
    await replace(other, line(50));
    await page.until(() => JSON.parse(window.wanmove.editor.getValue()).tracks.length === 1);
    await page.goto("about:blank");
    await page.page.goBack?.();
    if (page.page.goBack) {
      await ready(page);
      assert.deepEqual(await names(page), ["Line 50"]);
      await replace(other, line(50), line(60));
      await page.until(() => JSON.parse(window.wanmove.editor.getValue()).tracks.length === 2);
      assert.equal(await count(page), 2);
    }
    await other.close();
    await page.close();
  },
};
