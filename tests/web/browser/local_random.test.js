/**
 * Random steps on the page of `wanmove draw`: strokes, undo, redo, deletes, saves, reloads, second pages, a
 * program that is killed and started again, a full disk. After each the drawing is what it must be.
 * ACTIONS sets how many (default 60), SEED which, ENGINES where.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { drawingOf, line, openPage, ready } from "./cases_local.js";
import { startDrawing } from "./draw_server.js";
import { ENGINES } from "./engines.js";

const ACTIONS = Number(process.env.ACTIONS ?? 60);
const [name] = (process.env.ENGINES ?? "chromium").split(",");
const text = (page) => page.evaluate(() => window.wanmove.editor.getValue());
const tracks = (value) => JSON.stringify(JSON.parse(value).tracks);

test(`${ACTIONS} random steps on the local page lose no work`, { skip: ENGINES[name].missing || false }, async () => {
  let state = Number(process.env.SEED ?? 5);
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  const engine = await ENGINES[name].open();
  let server = await startDrawing(join(import.meta.dirname, "start.png"));
  const first = server;
  let page = await openPage(engine, server);
  let [past, present, future, full, number] = [[], await text(page), [], false, 0];
  const done = [];
  const setFull = (wanted) => {
    full = wanted;
    execFileSync("prlimit", ["--pid", String(server.server.pid), `--fsize=${full ? 0 : "unlimited"}:unlimited`]);
  };
  /** What the program has on the disk is what the page shows. */
  const kept = () => page.until(async () => window.wanmove.keeping.isKept());
  const changed = async () => {
    past.push(present);
    [present, future] = [await text(page), []];
  };
  const steps = {
    async draw() {
      number += 1;
      const before = JSON.parse(await text(page)).tracks;
      await page.evaluate((value) => window.wanmove.editor.replaceValue(value), drawingOf(...before, line(number)));
      await changed();
    },
    async undo() {
      await page.press("Control+z");
      if (past.length === 0) return;
      future.push(present);
      present = past.pop();
    },
    async redo() {
      await page.press("Control+y");
      if (future.length === 0) return;
      past.push(present);
      present = future.pop();
    },
    async remove() {
      if (JSON.parse(present).tracks.length === 0) return;
      await page.press("Control+a");
      await page.press("Delete");
      await changed();
    },
    async save() {
      await page.press("Control+s");
      if (full) return page.until(() => document.getElementById("message").classList.contains("bad"));
      await page.until(() => document.getElementById("message").textContent.startsWith("Saved"));
      assert.equal(tracks(readFileSync(join(server.folder, "tracks.wanmove.json"), "utf8")), tracks(present));
    },
    async reload() {
      await page.reload();
      await ready(page);
      [past, future] = [[], []];
    },
    async secondPage() {
      if (!full) await kept();
      const other = await openPage(engine, server);
      assert.equal(tracks(await text(other)), tracks(present));
      number += 1;
      await other.evaluate((value) => window.wanmove.editor.replaceValue(value), drawingOf(...JSON.parse(present).tracks, line(number)));
      const wanted = await text(other);
      await other.until(() => window.wanmove.keeping.isSent());
      await other.close();
      await page.until((value) => JSON.stringify(JSON.parse(window.wanmove.editor.getValue()).tracks) === value, tracks(wanted));
      await changed();
    },
    async killed() {
      if (full) return;
      await kept();
      server.server.kill("SIGKILL");
      await page.until(() => !document.getElementById("gone").hidden);
      await page.close();
      server = await startDrawing(join(import.meta.dirname, "start.png"), { folder: first.folder });
      page = await openPage(engine, server);
      [past, future] = [[], []];
    },
    disk: async () => setFull(!full),
  };
  const weights = { draw: 40, undo: 16, redo: 8, remove: 5, save: 6, reload: 6, secondPage: 4, killed: 3, disk: 4 };
  const all = Object.entries(weights).flatMap(([step, many]) => Array(many).fill(step));
  try {
    for (let i = 0; i < ACTIONS; i += 1) {
      const step = all[Math.floor(random() * all.length)];
      done.push(step);
      await steps[step]();
      // Undo after a reload may go back to what was saved: the page knows more than the model.
      if (step === "undo" || step === "redo") present = await text(page);
      assert.equal(tracks(await text(page)), tracks(present), `after ${done.slice(-8).join(", ")}`);
    }
    assert.ok(!server.said.some((said) => said.includes("Traceback")), server.said.join("\n"));
  } finally {
    await page.page.screenshot({ path: "/tmp/local_random.png" }).catch(() => {});
    await engine.close();
    server.close();
    first.close();
  }
});
