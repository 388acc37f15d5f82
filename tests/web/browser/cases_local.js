/** The page of `wanmove draw` in any engine: no work is lost, keys work, the program ends when it should. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const DRAWN = { version: 1, width: 832, height: 480, fps: 16, frames: 81 };
export const line = (y, ...more) => ({ id: `t${y}`, name: `Line ${y}`, curve: "polyline", knots: [{ x: 100, y }, { x: 700, y }], ...more });
export const drawingOf = (...tracks) => JSON.stringify({ ...DRAWN, tracks });

/** The page with its editor, ready. */
export async function openPage(engine, server) {
  const page = await engine.newPage();
  await page.goto(server.url);
  return ready(page);
}
export async function ready(page) {
  await page.until(() => Boolean(window.wanmove) && document.querySelector(".wm-top").clientWidth > 100);
  return page;
}
export const names = (page) => page.evaluate(() => JSON.parse(window.wanmove.editor.getValue()).tracks.map(({ name }) => name));
export const count = async (page) => (await names(page)).length;
export const said = (page) => page.evaluate(() => document.getElementById("message").textContent);
const counted = (page, wanted) => page.until((n) => JSON.parse(window.wanmove.editor.getValue()).tracks.length === n, wanted);
const tool = (page) => page.evaluate(() => window.wanmove.editor.getSession().tool);
/** The buttons follow in the next frame. */
const plays = (page, wanted) => page.until((value) => document.querySelector('[aria-label="Pause"]').hidden !== value, wanted);
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** All of the picture is shown, and as large as fits. Runs in the page. */
function inView() {
  const { width, height } = JSON.parse(window.wanmove.editor.getValue());
  const { view: { x, y, scale } } = window.wanmove.editor.getSession();
  const { clientWidth, clientHeight } = document.querySelector(".wm-top");
  const rest = [clientWidth - width * scale, clientHeight - height * scale];
  return x > 0 && y > 0 && Math.abs(rest[0] - 2 * x) < 1 && Math.abs(rest[1] - 2 * y) < 1 && Math.min(...rest) < 60;
}
/** A stroke across the canvas, by shares of its size. */
export async function stroke(page, from, to) {
  const box = await page.evaluate(() => {
    const { x, y, width, height } = document.querySelector(".wm-top").getBoundingClientRect();
    return [x, y, width, height];
  });
  const at = ([x, y]) => [box[0] + box[2] * x, box[1] + box[3] * y];
  const middle = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2 - 0.04];
  await page.drag([at(from), at(middle), at(to)]);
}
const keptOnDisk = (server) => JSON.parse(JSON.parse(readFileSync(join(server.folder, "tracks.autosave.json"))).document);

/** Each gets `engine`, and `start(options)` for a program of its own. */
export const local = {
  "a reload right after a stroke keeps the drawing, the prompt and the seed, and the program": async ({ engine, start }) => {
    const server = await start();
    const page = await openPage(engine, server);
    await stroke(page, [0.3, 0.5], [0.7, 0.4]);
    await page.clickOn("#seed");
    await page.type("7");
    await page.until(() => document.getElementById("seed").value === "7");  // drivers may be ahead of their browser
    await page.reload();
    await ready(page);
    assert.equal(await count(page), 1);
    assert.equal(await page.evaluate(() => document.getElementById("seed").value), "7");
    await pause(4500);
    assert.equal(await page.evaluate(async () => (await fetch("status")).status), 200);
    await page.press("Control+z");
    await page.close();
  },

  "a second page that closes leaves the first its program; the last one ends it": async ({ engine, start }) => {
    const server = await start();
    const page = await openPage(engine, server);
    const other = await openPage(engine, server);
    // The pointer of WebKit's driver never comes to a second window.
    if (engine.name === "webkit") await other.evaluate((text) => window.wanmove.editor.replaceValue(text), drawingOf(line(50)));
    else await stroke(other, [0.3, 0.5], [0.7, 0.4]);
    await counted(page, 1);
    await other.close();
    await pause(4500);
    await stroke(page, [0.3, 0.6], [0.7, 0.7]);
    await page.press("Control+s");
    await page.until(() => document.getElementById("message").textContent.startsWith("Saved"));
    const saved = JSON.parse(readFileSync(join(server.folder, "tracks.wanmove.json")));
    assert.equal(saved.tracks.length, 2);
    await page.goto("about:blank");
    // Firefox keeps the WebSocket of a page that has gone for 10 s.
    await Promise.race([server.ended, pause(40_000).then(() => assert.fail("the program is still there"))]);
    await page.close();
  },

  "two pages that draw at once lose nothing: the other's drawing is a step of undo away": async ({ engine, start }) => {
    const server = await start();
    const [page, other] = [await openPage(engine, server), await openPage(engine, server)];
    // Both before either is told of the other's.
    await Promise.all([page, other].map((one, i) => one.evaluate(([text]) => window.wanmove.editor.replaceValue(text), [drawingOf(line(100 + i))])));
    await page.until(() => document.getElementById("message").textContent.includes("autosave"));
    await pause(2500);
    const [mine, theirs] = [await names(page), await names(other)];
    assert.deepEqual(mine, theirs);
    const seen = new Set();
    for (const one of [page, other]) {
      for (let i = 0; i < 6; i += 1) {
        for (const name of await names(one)) seen.add(name);
        await one.press("Control+z");
      }
    }
    assert.deepEqual([...seen].sort(), ["Line 100", "Line 101"]);
    await other.close();
    await page.close();
  },

  "an edit is on the disk after a second; killed and started again, the program goes on there": async ({ engine, start }) => {
    const server = await start();
    let page = await openPage(engine, server);
    await page.evaluate((text) => window.wanmove.editor.replaceValue(text), drawingOf(line(50)));
    await page.press("Control+s");
    await page.until(() => document.getElementById("message").textContent.startsWith("Saved"));
    await stroke(page, [0.3, 0.5], [0.7, 0.4]);
    await page.until(() => document.getElementById("message").textContent.includes("autosave"));
    assert.equal(keptOnDisk(server).tracks.length, 2);
    server.server.kill("SIGKILL");
    await page.until(() => !document.getElementById("gone").hidden);
    assert.match(await page.evaluate(() => document.getElementById("gone").textContent), /has ended.*Download the drawing/);
    await stroke(page, [0.3, 0.7], [0.7, 0.8]);
    assert.equal(await count(page), 3, "the page draws on");
    await page.close();
    page = await openPage(engine, await start({ folder: server.folder }));
    assert.equal(await count(page), 2);
    await page.press("Control+z");
    assert.deepEqual(await names(page), ["Line 50"], "the saved one is a step of undo away");
    await page.press("Control+y");
    assert.equal(await count(page), 2);
    await page.close();
  },

  "the drawing of a video from the shelf is one step of undo": async ({ engine, start }) => {
    const server = await start();
    writeFileSync(join(server.folder, "draw_001.mp4"), "no video");
    writeFileSync(join(server.folder, "draw_001.wanmove.json"), drawingOf(line(10), line(20)));
    const again = await start({ folder: server.folder });
    const page = await openPage(engine, again);
    await stroke(page, [0.3, 0.5], [0.7, 0.4]);
    await page.clickOn("#videos");
    await page.clickOn("#gallery button");
    await page.until(() => [...document.querySelectorAll("#viewer button")].some((one) => one.textContent.startsWith("Edit")));
    await page.evaluate(() => [...document.querySelectorAll("#viewer button")].find((one) => one.textContent.startsWith("Edit")).click());
    await counted(page, 2);
    await page.until(inView);
    await page.press("Control+z");
    await counted(page, 1);
    await page.until(inView);
    await page.press("Control+y");
    assert.deepEqual(await names(page), ["Line 10", "Line 20"]);
    await page.close();
  },

  "leaving asks while something is not saved, and only then": async ({ engine, start }) => {
    const server = await start();
    const page = await openPage(engine, server);
    // WebKit's driver answers the question by itself, and does not tell: there the page alone is asked.
    const left = async (...dialogs) => {
      const before = page.dialogs.length;
      const asks = await page.evaluate(() => !window.dispatchEvent(new Event("beforeunload", { cancelable: true })));
      assert.equal(asks, dialogs.length > 0);
      await page.reload();
      await ready(page);
      if (engine.name !== "webkit") assert.deepEqual(page.dialogs.slice(before), dialogs);
    };
    await left();
    await stroke(page, [0.3, 0.5], [0.7, 0.4]);
    await left("beforeunload");
    await left("beforeunload");  // what the autosave has is not saved either
    await page.press("Control+s");
    await page.until(() => document.getElementById("message").textContent.startsWith("Saved"));
    await left();
    await page.close();
  },

  "keys work from the start, and after buttons, fields and playing": async ({ engine, start }) => {
    const page = await openPage(engine, await start());
    await page.evaluate(() => document.activeElement.blur());
    await page.press("?");
    await page.until(() => Boolean(document.querySelector(".wm-help")));
    await page.press("Escape");
    await page.until(() => !document.querySelector(".wm-help"));
    await stroke(page, [0.3, 0.5], [0.7, 0.4]);
    await page.clickOn('.wm-transport [aria-label="Play"]');
    await plays(page, true);
    await page.press("Space");  // pauses what a button began
    await plays(page, false);
    await page.clickOn('.wm-panel [aria-label="Delete"]');
    assert.equal(await count(page), 0);
    assert.equal(await tool(page), "draw");
    await page.press("Control+z");
    assert.equal(await count(page), 1, "undo after a press of the bin");
    await page.press("Control+a");
    assert.equal(await page.evaluate(() => String(getSelection())), "", "the page's text is not selected");
    await page.press("p");
    await stroke(page, [0.2, 0.2], [0.8, 0.2]);
    assert.equal(await count(page), 2, "and a drag still draws");
    await page.clickOn('[data-field="name"]');
    await page.press("Control+a");
    await page.type("Cat");
    await page.press("Enter");
    assert.ok((await names(page)).includes("Cat"));
    await page.press("Control+z");
    assert.ok(!(await names(page)).includes("Cat"), "undo after Enter in a field");
    await page.clickOn("#save");
    await page.press("Delete");
    assert.equal(await count(page), 1, "after Save");
    await page.close();
  },
};
