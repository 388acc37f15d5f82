/** Every text of the local page and its editor stands out by 4.5, in both themes and all states. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { measureTexts, recordCanvasTexts } from "./contrast.js";
import { startDrawing } from "./draw_server.js";
import { findChromium } from "./frontends.js";
import { eventually, launch, pagePoint } from "./page.js";
import { RICH } from "./rich_drawing.js";

const chromium = findChromium();
const LEAST = 4.5;
const IDLE = { ...RICH, tracks: RICH.tracks.filter(({ id }) => id === "i").map((track) => ({ ...track, knots: track.knots.map((knot) => ({ ...knot, x: knot.x - 300 })) })) };
const FOLLOWED = { width: 832, height: 480, frames: 81, points: 99, step: 40, tracks: [{ point: 0, error: 12.3, lost: 3, asked: [222, 262, 600, 330], got: [222, 262, 400, 200, 590, 300] }] };

const show = (page, drawing) => page.evaluate((text) => window.wanmove.editor.replaceValue(text), JSON.stringify(drawing));
const keys = async (page, ...names) => {
  for (const name of names) await page.keyboard.press(name);
};
const drop = (page, name, text) => page.evaluate(([called, content]) => {
  const data = new DataTransfer();
  data.items.add(new File([content], called));
  document.querySelector(".wm-top").dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
}, [name, text]);

/** What to do to come to a state, in this order; each begins where the one before ended. */
const STATES = {
  empty: async () => {},
  "a path that is being drawn": async (page) => {
    await page.mouse.click(...await pagePoint(page, [300, 200], RICH));
    await page.mouse.move(...await pagePoint(page, [500, 300], RICH));
  },
  "the wand's crosshair": (page) => keys(page, "Escape", "w", "Shift+ArrowLeft", "Shift+ArrowLeft", "]"),
  "a region of the wand, at the last frame": (page) => keys(page, "e", "e", "Shift+ArrowUp", "n", "End"),
  "kept as autosave": (page) => page.waitForFunction(() => document.getElementById("message").textContent.includes("autosave")),
  "import and export, by keys": (page) => keys(page, "Shift+O"),
  "a toolbar, by keys": async (page) => {
    await keys(page, "Escape", "Home");
    await page.locator(".wm-bar button").first().focus();
    await keys(page, "ArrowRight");
  },
  "nothing selected": async (page) => {
    await keys(page, "Escape", "v");
    await page.evaluate(() => Object.assign(document.getElementById("prompt"), { disabled: false, value: "a ball rolls away" }));
    await page.fill("#seed", "7");
    await page.locator(".wm-top").focus();
    await show(page, RICH);
    await keys(page, "Escape", "Escape");
  },
  ...Object.fromEntries(RICH.tracks.filter(({ hidden }) => !hidden).map(({ name }) => [`after n: ${name}`, (page) => keys(page, "n")])),
  "all selected": (page) => keys(page, "Control+a"),
  "names and frames": (page) => keys(page, "t"),
  "latent cells": (page) => keys(page, "t", "c", ".", "."),
  "boxes and masks": (page) => keys(page, "c", "x", "."),
  playing: (page) => keys(page, "x", "Escape", " "),
  "asked and got": async (page) => {
    await keys(page, " ");
    await page.evaluate((report) => window.wanmove.editor.setFollowed(report), FOLLOWED);
  },
  "the timeline zoomed": (page) => keys(page, "z", "z"),
  help: (page) => keys(page, "?"),
  "another frame, and a mask": async (page) => {
    await keys(page, "Escape");
    await page.evaluate(() => {
      window.wanmove.editor.setFrame({ width: 640, height: 640, frames: 49, lastRun: true });
      window.wanmove.editor.setMasks([new OffscreenCanvas(64, 64)]);
    });
  },
  "a file that is longer": async (page) => {
    await page.evaluate(() => window.wanmove.editor.setFrame(null));
    await drop(page, "longer.wanmove.json", JSON.stringify({ ...RICH, fps: 24, frames: 241 }));
    await page.waitForSelector(".wm-longer:not([hidden])");
  },
  "an error": async (page) => {
    await page.getByRole("button", { name: "Cut at the end" }).click();
    await show(page, IDLE);
    await page.click("#generate");
    await page.waitForSelector("#message.bad");
  },
  "a job that runs": (page) => page.evaluate(() => {
    for (const id of ["cancel", "progress"]) document.getElementById(id).hidden = false;
    document.getElementById("plan").textContent += ". 1 of 1 tracks guide 9 latent cells.";
  }),
  "the shelf and a video": async (page) => {
    await page.click("#videos");
    await page.click("#gallery button");
    await page.waitForSelector("#viewer button");
  },
  "a drawing that cannot be read": async (page) => {
    await keys(page, "Escape");
    await page.evaluate(() => window.wanmove.editor.setValue('{"version": 1, "tracks": [{"knots": "none"}]}'));
    await page.waitForSelector(".wm-error");
  },
};

describe("contrast of the local page", { skip: chromium ? false : "no Chromium: apt-get install chromium, or set CHROMIUM" }, () => {
  let browser;
  before(async () => {
    browser = await launch(chromium);
  });
  after(() => browser?.close());

  for (const colorScheme of ["dark", "light"]) {
    test(`every text stands out by ${LEAST} in the ${colorScheme} theme`, async () => {
      const first = await startDrawing(join(import.meta.dirname, "start.png"));
      writeFileSync(join(first.folder, "draw_001.mp4"), "no video");
      writeFileSync(join(first.folder, "draw_001.wanmove.json"), JSON.stringify(RICH));
      const server = await startDrawing(join(import.meta.dirname, "start.png"), { folder: first.folder });
      const page = await browser.newPage({ colorScheme, viewport: { width: 1280, height: 800 } });
      const weak = new Set();
      const state = async (name, come) => {
        await page.evaluate(() => void (window.wanMoveWritten.length = 0));
        await come(page);
        await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(() => requestAnimationFrame(done), 60))));
        const found = await page.evaluate(measureTexts);
        assert.ok(found.length > 12, `${name}: only ${found.length} texts`);
        for (const [what, ratio] of found) if (ratio < LEAST) weak.add(`${name}: ${ratio.toFixed(2)} ${what}`);
        if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `${Object.keys(STATES).indexOf(name)} ${name.replaceAll(":", "")} ${colorScheme}.png`) });
      };
      try {
        await page.addInitScript(recordCanvasTexts);
        await page.goto(server.url);
        await page.waitForFunction(() => window.wanmove?.editor && document.querySelector(".wm-top").clientWidth > 100);
        for (const [name, come] of Object.entries(STATES)) await state(name, come);
        await state("the program has ended", async () => {
          server.server.kill("SIGKILL");
          await eventually(() => page.waitForSelector("#gone:not([hidden])", { timeout: 5000 }));
        });
        assert.deepEqual([...weak], []);
      } finally {
        await page.close();
        server.close();
        first.close();
      }
    });
  }
});
