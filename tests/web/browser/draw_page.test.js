/** The page of `wanmove draw`, at the widths of a phone, a half and a whole screen. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { startDrawing } from "./draw_server.js";
import { findChromium } from "./frontends.js";
import { launch } from "./page.js";

const chromium = findChromium();
const PLAN = "With the small trained model: 192 x 128, 17 frames (the drawing: 208 x 120, 81), 4 steps, about 12 s. 7 of 7 tracks guide 27 latent cells (1 of them shared; still tracks: 0).";
const LONG = "--steps must be an integer from 1; got 0. Use 20, as the model was trained with.";

describe("the page of wanmove draw", { skip: chromium ? false : "no Chromium: apt-get install chromium, or set CHROMIUM" }, () => {
  let browser, server;
  before(async () => {
    server = await startDrawing(join(import.meta.dirname, "start.png"));
    browser = await launch(chromium);
  });
  after(async () => {
    await browser?.close();
    server?.close();
  });

  for (const width of [340, 420, 600, 800, 1081, 1200]) {
    test(`everything is in view at ${width} px, a long message too`, async () => {
      const page = await browser.newPage({ viewport: { width, height: 800 } });
      await page.goto(server.url);
      await page.waitForFunction(() => window.wanmove?.editor);
      for (const message of ["", LONG]) {
        const { outside, form } = await page.evaluate((text) => {
          const shown = document.getElementById("message");
          shown.textContent = text;
          shown.classList.toggle("bad", text !== "");
          const all = [...document.querySelectorAll("form > *, .wm-bar > *, .wm-transport > *")];
          return {
            outside: all.filter((one) => one.getBoundingClientRect().right > innerWidth + 0.5).map((one) => one.id || one.ariaLabel || one.className),
            form: document.getElementById("form").getBoundingClientRect().height,
          };
        }, message);
        assert.deepEqual(outside, []);
        assert.ok(form < 170, `the form is ${form} px high`);
      }
      await page.close();
    });

    test(`what a run tells is not cut off at ${width} px, and moves nothing where there is room`, async () => {
      const page = await browser.newPage({ viewport: { width, height: 800 } });
      await page.goto(server.url);
      await page.waitForFunction(() => window.wanmove?.editor);
      const { outside, cut, moved } = await page.evaluate((plan) => {
        const [form, message] = ["form", "message"].map((id) => document.getElementById(id));
        const before = form.getBoundingClientRect().height;
        for (const id of ["progress", "cancel"]) document.getElementById(id).hidden = false;
        message.textContent = "Loading the model";
        document.getElementById("plan").textContent = plan;
        const all = [...form.children];
        const text = document.createRange();
        text.selectNodeContents(message);
        return {
          outside: all.filter((one) => one.getBoundingClientRect().right > innerWidth + 0.5).map(({ id }) => id),
          cut: text.getBoundingClientRect().width - message.getBoundingClientRect().width, moved: form.getBoundingClientRect().height - before,
        };
      }, PLAN);
      assert.deepEqual(outside, []);
      assert.ok(cut < 0.01, `the message is cut by ${cut} px`);
      if (width > 1080) assert.equal(moved, 0);
      await page.close();
    });
  }
});
