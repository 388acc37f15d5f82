/** The page of `wanmove draw` where saving fails, and where Generate refuses or makes: no work is lost. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { count, drawingOf, line, names, openPage, ready, said, stroke } from "./cases_local.js";
import { eventually } from "./page.js";

const bad = (page) => page.until(() => document.getElementById("message").classList.contains("bad"));
const saved = (page) => page.until(() => document.getElementById("message").textContent.startsWith("Saved"));
const replace = (page, ...tracks) => page.evaluate((text) => window.wanmove.editor.replaceValue(text), drawingOf(...tracks));
const fill = (page, id, value) => page.evaluate(([name, text]) => {
  const field = document.getElementById(name);
  field.value = text;
  field.dispatchEvent(new Event("input"));
}, [id, value]);

/** What can be wrong with the disk. Each returns how it is mended. */
const FAULTS = {
  "a folder has its file's name": ({ folder }) => {
    mkdirSync(join(folder, "tracks.wanmove.json"));
    return () => rmSync(join(folder, "tracks.wanmove.json"), { recursive: true });
  },
  "its folder became a file": ({ folder }) => {
    renameSync(folder, `${folder}-away`);
    writeFileSync(folder, "");
    return () => {
      rmSync(folder);
      renameSync(`${folder}-away`, folder);
    };
  },
  "the disk is full": ({ server }) => {
    const limit = (bytes) => execFileSync("prlimit", ["--pid", String(server.pid), `--fsize=${bytes}:unlimited`]);
    limit(0);
    return () => limit("unlimited");
  },
};

const failing = Object.fromEntries(Object.entries(FAULTS).map(([fault, make]) => [
  `a save that fails since ${fault} says why in a line and loses nothing`,
  async ({ engine, start }) => {
    const server = await start();
    const page = await openPage(engine, server);
    await stroke(page, [0.3, 0.5], [0.7, 0.4]);
    const mend = make(server);
    try {
      await page.press("Control+s");
      await bad(page);
      assert.match(await said(page), /must be .*; got /);
      await page.reload();
      await ready(page);
      assert.equal(await count(page), 1, "a reload has it");
    } finally {
      mend();
    }
    assert.deepEqual(readdirSync(server.folder).filter((name) => name.includes(".part")), []);
    await page.press("Control+s");
    await saved(page);
    assert.ok(existsSync(join(server.folder, "tracks.npy")));
    assert.ok(!server.said.some((text) => text.includes("Traceback")), server.said.join("\n"));
    await page.close();
  },
]));

export const local = {
  ...failing,

  "an error stays shown when the autosave comes after it": async ({ engine, start }) => {
    const page = await openPage(engine, await start());
    await replace(page, { ...line(50), knots: [{ x: -90, y: 50 }, { x: 400, y: 50 }] });
    await page.press("Control+Enter");
    await bad(page);
    const error = await said(page);
    assert.match(error, /tracks must act on the video/);
    await page.until(() => window.wanmove.keeping.isKept());
    assert.equal(await said(page), error);
    await page.close();
  },

  "a reload after Generate shows what the video is made from, and its Save keeps that": async ({ engine, start }) => {
    const server = await start({ options: ["--generate=--steps 1 --frames 5"] });
    const page = await openPage(engine, server);
    await replace(page, line(50));
    await page.press("Control+s");
    await saved(page);
    await replace(page, line(50), line(150));
    await fill(page, "seed", "11");
    await page.clickOn("#generate");
    await page.until(() => !document.getElementById("cancel").hidden || document.getElementById("viewer").hidden === false);
    await page.reload();
    await ready(page);
    assert.deepEqual(await names(page), ["Line 50", "Line 150"]);
    assert.equal(await page.evaluate(() => document.getElementById("seed").value), "11");
    await page.press("Control+s");
    // Not by the message: the run's own may come right after it.
    await eventually(async () => assert.equal(JSON.parse(readFileSync(join(server.folder, "tracks.wanmove.json"))).tracks.length, 2));
    await page.close();
  },

  "a video of ours that is dropped on the editor gives back drawing, prompt and seed, as a step of undo": async ({ engine, start }) => {
    const server = await start({ options: ["--generate=--steps 1 --frames 5"] });
    const page = await openPage(engine, server);
    await replace(page, line(50));
    await fill(page, "seed", "12");
    await page.clickOn("#generate");
    await page.until(() => !document.getElementById("viewer").hidden);
    assert.match(await page.evaluate(() => document.getElementById("plan").textContent), /1 of 1 tracks guide \d+ latent cells/);
    await page.press("Escape");
    await replace(page, line(150), line(250));
    await fill(page, "seed", "");
    await page.evaluate(async () => {
      const video = await (await fetch("result/draw_001.mp4")).blob();
      const data = new DataTransfer();
      data.items.add(new File([video], "draw_001.mp4", { type: "video/mp4" }));
      document.querySelector(".wm-top").dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    });
    await page.until(() => document.getElementById("seed").value === "12");
    assert.deepEqual(await names(page), ["Line 50"]);
    await page.press("Control+z");
    assert.deepEqual(await names(page), ["Line 150", "Line 250"]);
    await page.close();
  },
};
