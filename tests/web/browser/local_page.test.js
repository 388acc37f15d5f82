/**
 * The page of `wanmove draw` in all three engines. ENGINES=chromium,firefox,webkit chooses (the gate takes
 * what is installed of the first two); a failed case leaves a picture in SCREENSHOTS (default: out/web).
 */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { local as failing } from "./cases_failing.js";
import { local as keys } from "./cases_keys.js";
import { local } from "./cases_local.js";
import { startDrawing } from "./draw_server.js";
import { ENGINES } from "./engines.js";

const IMAGE = join(import.meta.dirname, "start.png");
const wanted = (process.env.ENGINES ?? "chromium,firefox").split(",");
const shots = process.env.SCREENSHOTS ?? "out/web";

for (const name of wanted) {
  describe(`the local page in ${name}`, { skip: ENGINES[name].missing || false }, () => {
    let engine;
    before(async () => {
      engine = await ENGINES[name].open();
    });
    after(() => engine?.close());

    for (const [title, run] of Object.entries({ ...local, ...keys, ...failing })) {
      test(title, async () => {
        const servers = [];
        const pages = [];
        const start = async (given) => {
          servers.push(await startDrawing(IMAGE, given));
          return servers.at(-1);
        };
        const watched = { ...engine, newPage: async () => pages[pages.push(await engine.newPage()) - 1] };
        try {
          await run({ engine: watched, start });
        } catch (error) {
          mkdirSync(shots, { recursive: true });
          await pages.at(-1)?.screenshot(join(shots, `${name} ${title.slice(0, 60)}.png`)).catch(() => {});
          for (const page of pages) await page.close().catch(() => {});
          throw error;
        } finally {
          for (const server of servers) server.close();
        }
      });
    }
  });
}
