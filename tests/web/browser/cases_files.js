/** Tracks from elsewhere: other nodes, other tabs, files; and other sizes of the canvas. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { documents, drag, eventually, graphKey, knots, newPage, showAt, spot } from "./page.js";

const STROKE = [[0.2, 0.6], [0.4, 0.35], [0.6, 0.55]];

/** The editor on a page of its own, with the scripts that ComfyUI serves. */
async function openPlain(browser, url) {
  const scripts = await (await fetch(`${url}/extensions`)).json();
  const door = scripts.find((path) => path.endsWith("/js/wanmove.js"));
  const editor = new URL("editor/", new URL(door, url));
  const opened = await newPage(browser);
  await opened.page.route("**/plain", (route) => route.fulfill({ contentType: "text/html", body: `<!doctype html>
    <link rel="stylesheet" href="${editor}editor.css"><style>html, body { margin: 0; height: 100% }</style>
    <script type="module">import { mount } from "${editor}editor.js";
    const root = Object.assign(document.createElement("div"), { style: "height: 100vh" });
    document.body.append(root);
    window.editor = mount(root, { value: "", onChange() {} });</script>` }));
  await opened.page.goto(new URL("/plain", url).href);
  await opened.page.waitForFunction(() => window.editor && document.querySelector(".wm-top")?.clientWidth > 100);
  return opened;
}

/** float32 [frames, tracks, 2], as NumPy saves it. @param {number[][][]} tracks */
function npy(tracks) {
  const shape = [tracks.length, tracks[0].length, 2];
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(", ")}), }`;
  const padded = header.padEnd(64 * Math.ceil((header.length + 11) / 64) - 11) + "\n";
  const head = Buffer.concat([Buffer.from("\x93NUMPY\x01\x00", "latin1"), Buffer.from([padded.length & 255, padded.length >> 8])]);
  return Buffer.concat([head, Buffer.from(padded, "latin1"), Buffer.from(new Float32Array(tracks.flat(2)).buffer)]);
}

/** A real drop of a file from outside the browser. */
async function dropFile(page, context, path) {
  const session = await context.newCDPSession(page);
  const [x, y] = await spot(page, 0.5, 0.5);
  for (const type of ["dragEnter", "dragOver", "drop"]) {
    await session.send("Input.dispatchDragEvent", { type, x, y, data: { items: [], files: [path], dragOperationsMask: 1 } });
  }
  await session.detach();
}

export const files = {
  "tracks are copied from one node to another by keys": async ({ page }) => {
    await drag(page, STROKE);
    await page.evaluate(() => {
      const node = window.LiteGraph.createNode("WanMoveSplineEditor");
      node.pos = [1100, 40];
      window.app.rootGraph.add(node);
      window.dispatchEvent(new MouseEvent("mouseup"));  // the host looks: the node is a step of its own
    });
    await showAt(page, 0.5, [40, 100]);
    await eventually(async () => assert.equal(await page.locator(".wm-top").count(), 2));
    await page.locator(".wm-top").first().focus();
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Control+c");
    await page.locator(".wm-top").last().focus();
    await page.keyboard.press("Control+v");
    await eventually(async () => assert.deepEqual((await documents(page)).map(({ tracks }) => tracks.length), [1, 1]));
    const [{ tracks: [first] }, { tracks: [second] }] = await documents(page);
    const moved = second.knots.map((knot, i) => [knot.x - first.knots[i].x, knot.y - first.knots[i].y]);
    assert.ok(moved.every(([x, y]) => Math.abs(x - 12) < 0.01 && Math.abs(y - 12) < 0.01), "shifted a little, to be seen");
    assert.equal(await page.evaluate(() => window.app.rootGraph._nodes.length), 3, "no node was copied");
    await graphKey(page, "Control+z");
    await eventually(async () => assert.deepEqual((await documents(page)).map(({ tracks }) => tracks.length), [1, 0]));
  },

  "tracks are copied from one tab to another": async ({ page, browser, url }) => {
    await drag(page, STROKE);
    const [{ tracks: [first] }] = await documents(page);
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Control+c");
    const other = await openPlain(browser, url);
    const drawn = () => other.page.evaluate(() => JSON.parse(window.editor.getValue() || '{"tracks": []}').tracks);
    try {
      await other.page.bringToFront();
      await other.page.locator(".wm-top").focus();
      await other.page.keyboard.press("Control+v");
      await eventually(async () => assert.equal((await drawn()).length, 1));
      assert.equal((await drawn())[0].knots.length, first.knots.length);
      await other.page.keyboard.press("p");
      await drag(other.page, [[0.3, 0.3], [0.5, 0.3]]);
      assert.equal((await drawn()).length, 2);
      await other.page.keyboard.press("Control+a");
      await other.page.keyboard.press("Control+x");
      assert.deepEqual(await drawn(), []);
    } finally {
      await other.context.close();
      await page.bringToFront();
    }
    await page.locator(".wm-top").focus();
    await page.keyboard.press("Control+v");
    await eventually(async () => assert.equal((await knots(page)).length, 3));
  },

  "npy, JSON and SVG files are dropped, wrong ones are refused": async ({ page, context }) => {
    await drag(page, STROKE);
    const folder = mkdtempSync(join(tmpdir(), "wan-move-drop-"));
    const frames = Array.from({ length: 81 }, (_, t) => [[100 + 5 * t, 200], [300, 100 + 2 * t], [700, 400]]);
    const given = {
      "tracks.npy": [npy(frames), 3],
      "kj.json": [JSON.stringify([[{ x: 10, y: 20 }, { x: 110, y: 220 }], [{ x: 50, y: 60 }, { x: 70, y: 90 }]]), 2],
      "path.svg": ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 832 480"><path d="M 40 50 L 400 300"/></svg>', 1],
      "shares.json": ['[[{"x": 0.2, "y": 0.3}, {"x": 0.7, "y": 0.4}]]', 1],
      "wrong.npy": [Buffer.from("\x93NUMPY nonsense", "latin1"), 0],
    };
    try {
      let count = 1;
      for (const [name, [content, added]] of Object.entries(given)) {
        writeFileSync(join(folder, name), content);
        await dropFile(page, context, join(folder, name));
        count += added;
        if (added === 0) await page.getByText("wrong.npy").first().waitFor();
        if (name === "shares.json") await page.getByText("shares.json: all positions are within 2 px of the corner").first().waitFor();
        await eventually(async () => assert.equal((await knots(page)).length, count, name));
      }
      const { tracks } = (await documents(page))[0];
      const near = (knot, x, y) => assert.ok(Math.hypot(knot.x - x, knot.y - y) < 0.5, `${knot.x}, ${knot.y}, not ${x}, ${y}`);
      near(tracks[1].knots.at(-1), 500, 200);
      near(tracks[3].knots.length === 1 ? tracks[3].knots[0] : tracks[3].knots.at(-1), 700, 400);
      near(tracks[6].knots.at(-1), 400, 300);
      // A file of another program keeps its time; one that is longer than the clip asks.
      const keyframes = (last) => `Adobe After Effects 8.0 Keyframe Data\n\n\tUnits Per Second\t32\n\tSource Width\t832\n\tSource Height\t480\n
Transform\tPosition\n\tFrame\tX pixels\tY pixels\tZ pixels\n\t0\t100\t50\t0\n\t${last}\t300\t50\t0\n\nEnd of Keyframe Data\n`;
      for (const [name, last] of [["short.txt", 40], ["long.txt", 320]]) {
        writeFileSync(join(folder, name), keyframes(last));
        await dropFile(page, context, join(folder, name));
        if (last === 40) await page.getByText("short.txt: 32 fps, 21 frames; the clip has 16 fps, 81 frames.").first().waitFor();
        else await page.getByRole("button", { name: "Make the clip longer" }).click();
        count += 1;
        await eventually(async () => assert.equal((await knots(page)).length, count, name));
      }
      const [timed] = await documents(page);
      assert.deepEqual([timed.frames, timed.tracks[8].timing.end, timed.tracks[9].timing.end], [161, 20, 160]);
      for (count of [9, 8, 7, 6, 4, 1]) {
        await graphKey(page, "Control+z");
        await eventually(async () => assert.equal((await knots(page)).length, count, "each drop is one step of undo"));
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  },

  "another width or length keeps every track, and undo brings the old one back": async ({ page }) => {
    await drag(page, STROKE);
    await page.keyboard.press("o");
    await page.locator(".wm-top").focus();
    await page.keyboard.press("v");
    await page.keyboard.press("Escape");
    const [before] = await documents(page);
    await page.locator('.wm-bar button[aria-label="Panel"]').click();
    const set = async (field, value) => {
      await page.locator(`.wm-panel [data-field="${field}"]`).fill(String(value));
      await page.keyboard.press("Enter");
    };
    await set("width", 416);
    await set("frames", 41);
    await eventually(async () => assert.equal((await documents(page))[0].frames, 41));
    const [after] = await documents(page);
    assert.equal(after.width, 416);
    after.tracks[0].knots.forEach((knot, i) => {
      assert.ok(Math.abs(knot.x - before.tracks[0].knots[i].x / 2) < 0.01 && Math.abs(knot.y - before.tracks[0].knots[i].y) < 0.01);
    });
    await page.locator(".wm-top").focus();
    await graphKey(page, "Control+z");
    await graphKey(page, "Control+z");
    await eventually(async () => assert.deepEqual(await documents(page), [before]));
  },
};
