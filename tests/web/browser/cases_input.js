/** Fingers, pens, sharp screens, light themes and other languages. */

import assert from "node:assert/strict";

import { click, documents, drag, eventually, graphKey, imagePoint, knots, pagePoint, settled, spot, still } from "./page.js";

/** Real touch events, as the browser makes them from fingers. @param {[number, number][]} fingers */
const touch = (session, type, fingers) => session.send("Input.dispatchTouchEvent", {
  type, touchPoints: fingers.map(([x, y], id) => ({ x, y, id, radiusX: 4, radiusY: 4 })),
});

async function fingerStroke(page, session, points) {
  const places = [];
  for (const [x, y] of points) places.push(await spot(page, x, y));
  await touch(session, "touchStart", [places[0]]);
  for (let i = 1; i < places.length; i += 1) {
    for (let step = 1; step <= 6; step += 1) {
      const at = (axis) => places[i - 1][axis] + ((places[i][axis] - places[i - 1][axis]) * step) / 6;
      await touch(session, "touchMove", [[at(0), at(1)]]);
    }
  }
  await touch(session, "touchEnd", []);
}

export const input = {
  "a finger draws, and each stroke is one step of undo": async ({ page, context }) => {
    const session = await context.newCDPSession(page);
    await fingerStroke(page, session, [[0.2, 0.6], [0.4, 0.35], [0.6, 0.55]]);
    await eventually(async () => assert.equal((await knots(page)).length, 1));
    await fingerStroke(page, session, [[0.2, 0.8], [0.5, 0.7]]);
    await eventually(async () => assert.equal((await knots(page)).length, 2));
    await session.detach();
    await graphKey(page, "Control+z");
    await eventually(async () => assert.equal((await knots(page)).length, 1));
    await graphKey(page, "Control+y");
    await eventually(async () => assert.equal((await knots(page)).length, 2));
  },

  "two fingers zoom and move the picture, and draw nothing": async ({ page, context }) => {
    await page.keyboard.press("a");
    await click(page, 0.5, 0.5);
    const [{ tracks: [anchor], ...size }] = await documents(page);
    await page.keyboard.press("Escape");
    const graph = () => page.evaluate(() => [window.app.canvas.ds.scale, ...window.app.canvas.ds.offset]);
    const before = await graph();
    const session = await context.newCDPSession(page);
    const [x, y] = await spot(page, 0.5, 0.5);
    await touch(session, "touchStart", [[x - 40, y]]);
    await touch(session, "touchStart", [[x - 40, y], [x + 40, y]]);
    for (let d = 40; d <= 120; d += 10) await touch(session, "touchMove", [[x - d, y], [x + d, y]]);
    await touch(session, "touchEnd", []);
    await session.detach();
    assert.deepEqual(await graph(), before, "the graph stays");
    assert.equal((await knots(page)).length, 1, "nothing drawn");
    await page.keyboard.press("a");
    await click(page, 0.8, 0.5);
    const [{ tracks }] = await documents(page);
    const [fitted] = await imagePoint(page, await spot(page, 0.8, 0.5), size);
    const share = (tracks[1].knots[0].x - anchor.knots[0].x) / (fitted - anchor.knots[0].x);
    assert.ok(share > 0.2 && share < 0.5, `three times larger: ${share}`);
  },

  "plus and minus zoom the picture, not the graph and not the page; 0 fits": async ({ page }) => {
    const pin = async (share) => {
      await page.keyboard.press("a");
      await click(page, share, 0.5);
      await page.keyboard.press("Escape");
      return (await documents(page))[0].tracks.at(-1).knots[0].x;
    };
    const around = () => page.evaluate(() => [window.app.canvas.ds.scale, ...window.app.canvas.ds.offset, window.devicePixelRatio, window.visualViewport.scale]);
    const [middle, right, before] = [await pin(0.5), await pin(0.7), await around()];
    for (const key of ["=", "+", "=", "-"]) await page.keyboard.press(key);
    const share = ((await pin(0.7)) - middle) / (right - middle);
    assert.ok(Math.abs(share - 1 / 1.5 ** 2) < 0.02, `2.25 times larger: ${1 / share}`);
    await page.keyboard.press("0");
    assert.ok(Math.abs((await pin(0.7)) - right) < 0.5);
    assert.deepEqual(await around(), before);
  },

  "a pen draws": async ({ page, context }) => {
    const session = await context.newCDPSession(page);
    const pen = async (type, x, y) => {
      const [px, py] = await spot(page, x, y);
      await session.send("Input.dispatchMouseEvent", { type, x: px, y: py, button: "left", buttons: type === "mouseReleased" ? 0 : 1, clickCount: 1, pointerType: "pen", force: 0.5 });
    };
    await pen("mousePressed", 0.3, 0.3);
    for (let i = 1; i <= 8; i += 1) await pen("mouseMoved", 0.3 + i / 25, 0.3 + i / 60);
    await pen("mouseReleased", 0.62, 0.43);
    await session.detach();
    await eventually(async () => assert.equal((await knots(page)).length, 1));
    await graphKey(page, "Control+z");
    await eventually(async () => assert.equal((await knots(page)).length, 0));
  },

  "sharp on a screen with two device pixels per pixel, and as exact": async ({ page, context }) => {
    const session = await context.newCDPSession(page);
    try {
      await session.send("Emulation.setDeviceMetricsOverride", { width: 1280, height: 900, deviceScaleFactor: 2, mobile: false });
      await page.evaluate(() => window.dispatchEvent(new Event("resize")));
      await eventually(async () => {
        const [buffer, shown] = await page.evaluate(() => {
          const canvas = document.querySelector(".wm-top");
          return [canvas.width, canvas.clientWidth];
        });
        assert.equal(buffer, 2 * shown);
      });
      await still(page);
      await page.keyboard.press("a");
      const place = await spot(page, 0.6, 0.4);
      await click(page, 0.6, 0.4);
      const [document] = await documents(page);
      const [x, y] = await imagePoint(page, place, document);
      const [knot] = document.tracks[0].knots;
      assert.ok(Math.hypot(knot.x - x, knot.y - y) < 0.75, `${knot.x}, ${knot.y}, not ${x}, ${y}`);
    } finally {
      await session.send("Emulation.clearDeviceMetricsOverride");
      await session.detach();
      await still(page);
    }
  },

  "the canvas follows ComfyUI's light and dark theme": async ({ page }) => {
    const corner = () => page.evaluate(() => {
      const canvas = document.querySelector(".wm-layer:not(.wm-top)");
      const [red, green, blue] = canvas.getContext("2d").getImageData(2, 2, 1, 1).data;
      return (red + green + blue) / 3;
    });
    const use = (theme) => page.evaluate((name) => window.app.extensionManager.setting.set("Comfy.ColorPalette", name), theme);
    assert.ok((await corner()) < 60);
    try {
      await use("light");
      await eventually(async () => assert.ok((await corner()) > 180, "light"));
    } finally {
      await use("dark");
    }
    await eventually(async () => assert.ok((await corner()) < 60, "dark again"));
  },

  "speaks Chinese where ComfyUI does": async ({ page }) => {
    const reload = () => page.evaluate(() => window.app.loadGraphData(JSON.parse(JSON.stringify(window.app.rootGraph.serialize()))));
    const speak = async (locale) => {
      await page.evaluate((name) => window.app.extensionManager.setting.set("Comfy.Locale", name), locale);
      await reload();
    };
    try {
      await speak("zh");
      await eventually(async () => {
        await reload();  // the host loads its definitions anew after the change, when it likes
        await settled(page);
        assert.equal(await page.locator('.wm-bar button[aria-label="绘制"]').count(), 1);
      });
      await still(page);
      await page.locator(".wm-top").focus();
      await page.keyboard.press("?");
      const words = await page.evaluate(() => [
        ...[...document.querySelectorAll(".wm-editor span, .wm-editor h3, .wm-editor select:not([data-field='export']) option, .wm-editor .wm-status")].map((one) => one.textContent),
        ...[...document.querySelectorAll(".wm-editor button")].map((one) => one.ariaLabel ?? one.textContent),
      ]);
      assert.ok(words.length > 80, `${words.length} words`);
      const english = words.filter((word) => /[a-z]{2}/i.test(word) && !/[\u4e00-\u9fff]/.test(word));
      assert.deepEqual(english, [], "every word is translated");
    } finally {
      await speak("en");
      await settled(page);
    }
  },

  "the panel stands beside the picture, and the node keeps its size": async ({ page }) => {
    const box = (selector) => page.locator(selector).first().boundingBox();
    await drag(page, [[0.3, 0.2], [0.5, 0.25], [0.7, 0.2]]);  // a track's panel is the longest
    const before = await box(".wm-sheet");
    await page.locator('.wm-bar button[aria-label="Panel"]').click();
    await still(page);
    const [stage, panel, sheet] = [await box(".wm-stage"), await box(".wm-panel"), await box(".wm-sheet")];
    assert.deepEqual(sheet, before, "the timeline stays where it was");
    assert.ok(stage.width > 200 && stage.x + stage.width <= panel.x + 1, `the panel covers nothing: ${JSON.stringify({ stage, panel })}`);
  },

  "what is selected on the canvas comes into view in the dope sheet": async ({ page }) => {
    const anchors = Array.from({ length: 40 }, (_, i) => ({ id: `t${i + 1}`, knots: [{ x: 20 + 20 * i, y: 240 }] }));
    await page.evaluate((tracks) => {
      window.wanMoveTest.widgetOf(window.wanMoveTest.editors()[0]).value = JSON.stringify({ version: 1, width: 832, height: 480, fps: 16, frames: 81, tracks });
    }, anchors);
    await page.keyboard.press("v");
    // The first track's row is the last. After it came into view its lock is in the last row's place.
    await page.mouse.click(...(await pagePoint(page, [20, 240], { width: 832, height: 480 })));
    await settled(page);
    const sheet = await page.locator(".wm-sheet").first().boundingBox();
    await page.mouse.click(sheet.x + (sheet.width >= 620 ? 150 : 124) - 12, sheet.y + sheet.height - 10);
    await eventually(async () => assert.deepEqual((await documents(page))[0].tracks.filter(({ locked }) => locked).map(({ id }) => id), ["t1"]));
  },

  "the curve of an easing is dragged: shown at once, one step of undo": async ({ page }) => {
    await drag(page, [[0.3, 0.2], [0.5, 0.25], [0.7, 0.2]]);
    const before = await documents(page);
    await page.locator('.wm-bar button[aria-label="Panel"]').click();
    const grip = page.locator(".wm-ease circle").first();
    await still(page);
    await eventually(() => grip.scrollIntoViewIfNeeded());
    await still(page);
    const [from, curve] = [await grip.boundingBox(), await page.locator(".wm-ease rect").boundingBox()];
    await page.mouse.move(from.x + from.width / 2, from.y + from.height / 2);
    await page.mouse.down();
    await page.mouse.move(curve.x + curve.width * 0.5, curve.y + curve.height * 0.75, { steps: 5 });
    assert.deepEqual(await documents(page), before, "nothing is done before the release");
    await page.mouse.up();
    await eventually(async () => {
      const { ease: [x1, y1, ...rest] } = (await documents(page))[0].tracks[0].timing;
      assert.ok(Math.abs(x1 - 0.5) < 0.02 && Math.abs(y1 - 0.25) < 0.05, `${x1}, ${y1}`);
      assert.deepEqual(rest, [1, 1]);
    });
    await settled(page);
    await graphKey(page, "Control+z");
    await eventually(async () => assert.deepEqual(await documents(page), before));
  },
};
