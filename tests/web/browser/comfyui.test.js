/**
 * The editor inside ComfyUI's real frontend: two versions, both renderers in one page. State is
 * asserted, not pixels. A failed case leaves a screenshot in SCREENSHOTS (default: out/web).
 *
 * COMFYUI_URL tests a running ComfyUI that has this pack instead of the frontends from PyPI.
 */

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { drawing } from "./cases_drawing.js";
import { files } from "./cases_files.js";
import { hosting } from "./cases_hosting.js";
import { input } from "./cases_input.js";
import { minute } from "./cases_minute.js";
import { random } from "./cases_random.js";
import { findChromium, frontendFolder, VERSIONS } from "./frontends.js";
import { CLIP, PICTURES, startHost } from "./host_server.js";
import { bootComfy, launch, openGraph } from "./page.js";

const chromium = findChromium();
const running = process.env.COMFYUI_URL;
const shots = process.env.SCREENSHOTS ?? "out/web";
const newest = VERSIONS.at(-1);
const skip = chromium ? false : "NO CHROMIUM: apt-get install chromium, or set CHROMIUM";

describe("in ComfyUI", { skip }, () => {
  let browser;
  before(async () => {
    browser = await launch(chromium);
  });
  after(() => browser?.close());
  for (const version of running ? ["running"] : VERSIONS) describe(version, () => suite(() => browser, version));
});

/** A running ComfyUI needs the pictures and the clip as inputs, and the mask as what a run left. @param {string} url */
async function withPictures(url) {
  for (const [name, path, type] of [...Object.entries(PICTURES), ["clip.webm", CLIP], ["mask.png", PICTURES["start.png"], "temp"]]) {
    const form = new FormData();
    form.set("image", new Blob([readFileSync(path)]), name);
    form.set("overwrite", "true");
    form.set("type", type ?? "input");
    const { ok, status } = await fetch(`${url}/upload/image`, { method: "POST", body: form });
    assert.ok(ok, `upload of ${name}: ${status}`);
  }
  return { url, close() {} };
}

function suite(browser, version) {
  let host, opened;
  before(async () => {
    host = running ? await withPictures(running) : await startHost(frontendFolder(version));
    opened = await bootComfy(browser(), host.url);
  });
  after(async () => {
    await opened?.context.close();
    await host?.close();
  });
  for (const vue of [false, true]) {
    describe(vue ? "Nodes 2.0" : "classic", () => {
      for (const [name, run] of Object.entries({ ...drawing, ...files, ...input, ...hosting, ...minute, ...random })) {
        test(name, async () => {
          const env = { ...opened, browser: browser(), vue, version, url: host.url, isNewest: running || version === newest };
          opened.errors.length = 0;
          try {
            await openGraph(env.page, { vue });
            await run(env);
            assert.deepEqual(opened.errors, []);
          } catch (error) {
            await keepScreenshot(env.page, `${version}-${vue ? "vue" : "classic"}-${name}`);
            throw error;
          }
        });
      }
    });
  }
}

async function keepScreenshot(page, name) {
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: join(shots, `${name.replaceAll(/[^\w.-]+/g, "-").slice(0, 80)}.png`), timeout: 30_000 }).catch(() => {});
}
