/** The least that someone must do for a first motion, by exactly the steps of dev/CLICKS.md. */

import assert from "node:assert/strict";

import { documents, eventually, spot } from "./page.js";

/** A mouse that counts. */
function counted(page) {
  const count = { presses: 0, keys: 0 };
  return {
    count,
    async drag(from, to) {
      count.presses += 1;
      await page.mouse.move(...from);
      await page.mouse.down();
      await page.mouse.move(...to, { steps: 8 });
      await page.mouse.up();
    },
  };
}

/** Where a frame is on the timeline, and the row of the newest track. */
const timelineSpot = (page, frame) => page.evaluate((at) => {
  const sheet = document.querySelector(".wm-sheet");
  const rect = sheet.getBoundingClientRect();
  const label = sheet.clientWidth >= 620 ? 150 : 124;
  const x = label + 14 + (at / 80) * (sheet.clientWidth - label - 28);
  return [rect.left + (x * rect.width) / sheet.clientWidth, rect.top + (37 * rect.height) / sheet.clientHeight];
}, frame);

export const minute = {
  "two objects, two paths, two timings: three drags": async ({ page }) => {
    const hand = counted(page);
    await hand.drag(await spot(page, 0.22, 0.5), await spot(page, 0.5, 0.8));
    await hand.drag(await spot(page, 0.75, 0.3), await spot(page, 0.6, 0.6));
    await hand.drag(await timelineSpot(page, 0), await timelineSpot(page, 40));
    await eventually(async () => assert.equal((await documents(page))[0].tracks.length, 2));
    const [{ tracks: [first, second] }] = await documents(page);
    const range = ({ timing }) => [timing?.start ?? 0, timing?.end ?? 80];
    assert.deepEqual(range(first), [0, 80]);
    assert.ok(Math.abs(range(second)[0] - 40) <= 1 && range(second)[1] === 80, `from frame ${range(second)}`);
    assert.deepEqual(hand.count, { presses: 3, keys: 0 });
  },
};
