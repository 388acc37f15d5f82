/** No work is lost: random edits with undo, redo, reload, copies and both renderers between. */

import assert from "node:assert/strict";

import { still } from "./page.js";
import { randomSession } from "./random_session.js";

const BATCH = 20;
/** In the newest frontend, half of them begun in each renderer. */
const ACTIONS = Number(process.env.ACTIONS ?? 500);
const FEWER = 60;

export const random = {
  "no work is lost in random steps of drawing, undo, redo, reload and copying": async ({ page, isNewest, vue }) => {
    const total = Math.min(ACTIONS / 2, isNewest ? Infinity : FEWER);
    await page.evaluate(`window.wanMoveRandom = (${randomSession})(${vue ? 11 : 7})`);
    const counts = {};
    for (let done = 0; done < total; done += BATCH) {
      const { log, fault } = await page.evaluate((steps) => window.wanMoveRandom.run(steps), Math.min(BATCH, total - done));
      for (const { kind } of log) counts[kind] = (counts[kind] ?? 0) + 1;
      assert.equal(fault, "", `after ${done + log.length} steps: ${log.map(({ kind }) => kind).join(" ")}`);
    }
    await still(page);
    assert.ok(total < 100 || Object.keys(counts).length >= 14, JSON.stringify(counts));
  },
};
