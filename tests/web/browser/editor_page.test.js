/** The editor alone on a page, as `wanmove draw` shows it: panel, dope sheet, keys, hints. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";

import { findChromium } from "./frontends.js";
import { launch } from "./page.js";

const ROOT = resolve(import.meta.dirname, "../../..");
const TYPES = { ".js": "text/javascript", ".css": "text/css" };
const PAGE = `<!doctype html><link rel="stylesheet" href="/web/js/editor/editor.css">
<style>html,body{margin:0;height:100%}#root{height:100vh}</style><div id="root"></div>
<script type="module">import { mount } from "/web/js/editor/editor.js";
window.editor = mount(document.getElementById("root"), { value: "", onChange() {} });</script>`;
const LABELS_PX = 150;
const END_PX = 14;

const server = createServer((request, response) => {
  const path = new URL(request.url, "http://host").pathname;
  if (path === "/") return response.writeHead(200, { "content-type": "text/html" }).end(PAGE);
  if (!path.startsWith("/web/")) return response.writeHead(404).end();
  return response.writeHead(200, { "content-type": TYPES[extname(path)] }).end(readFileSync(join(ROOT, path)));
});
const chromium = findChromium();

describe("the editor on a page", { skip: chromium ? false : "no Chromium: apt-get install chromium, or set CHROMIUM" }, () => {
  let browser, page, canvas, sheet;
  const errors = [];
  const settle = (ms = 150) => page.waitForTimeout(ms);
  const enter = async (text) => {
    await page.keyboard.type(text);
    await page.keyboard.press("Enter");
    await settle();
  };
  const drawing = () => page.evaluate(() => JSON.parse(window.editor.getValue()));
  const session = () => page.evaluate(() => window.editor.getSession());
  const playing = () => page.evaluate(() => !document.querySelector('[aria-label="Pause"]').hidden);
  const at = (x, y) => [canvas.x + canvas.width * x, canvas.y + canvas.height * y];
  const cell = (frame, row) => [
    sheet.x + LABELS_PX + END_PX + (frame * (sheet.width - LABELS_PX - 2 * END_PX)) / 80, sheet.y + 24 + 26 * row + 11,
  ];
  const label = (x, row) => [sheet.x + x, cell(0, row)[1]];
  const click = async ([x, y]) => {
    await page.mouse.click(x, y);
    await settle(400);
  };
  const drag = async ([x, y], [u, v]) => {
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(u, v, { steps: 6 });
    await page.mouse.up();
    await settle();
  };
  const fill = async (field, value) => {
    await page.fill(`[data-field="${field}"]`, value);
    await page.keyboard.press("Enter");
    await settle();
  };
  const choose = async (field, value) => {
    await page.selectOption(`[data-field="${field}"]`, value);
    await settle();
  };
  const press = async (name) => {
    await page.getByRole("button", { name }).first().click();
    await settle();
  };

  before(async () => {
    await new Promise((done) => server.listen(0, "127.0.0.1", done));
    browser = await launch(chromium);
    page = await browser.newPage({ viewport: { width: 1280, height: 760 } });
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    await page.waitForFunction("window.editor && document.querySelector('.wm-top').clientWidth > 100");
    await settle(400);
    canvas = await page.locator(".wm-top").boundingBox();
    sheet = await page.locator(".wm-sheet").boundingBox();
  });
  after(async () => {
    await browser?.close();
    server.close();
  });

  test("two objects, two paths, two timings: 4 clicks, 2 keys, 1 drag, and a hint at each step", async () => {
    const hint = () => page.textContent(".wm-hint");
    assert.match(await hint(), /^Click or drag .* \? shows all keys\.$/);
    await click(at(0.3, 0.3));
    assert.match(await hint(), /^Click the next place\. Enter/);
    await click(at(0.5, 0.6));
    await page.keyboard.press("Enter");
    await settle();
    assert.equal(await page.locator(".wm-hint").count(), 0);
    await click(at(0.6, 0.7));
    await click(at(0.7, 0.3));
    await page.keyboard.press("Enter");
    await drag(cell(80, 0), cell(44, 0));
    const { tracks } = await drawing();
    assert.deepEqual(tracks.map(({ knots }) => knots.length), [2, 2]);
    assert.deepEqual(tracks.map(({ timing }) => timing?.end), [undefined, 44]);
  });

  test("a key: set by the panel, chosen in the dope sheet, eased, deleted", async () => {
    const keys = async () => (await drawing()).tracks[1].timing.keys;
    await click([cell(30, 0)[0], sheet.y + 10]);
    assert.equal((await session()).frame, 30);
    await press("Key here");
    assert.deepEqual((await keys()).map(({ frame }) => frame), [30]);
    await click(cell(30, 0));
    await choose("ease", "custom");
    await fill("ease0", "0.9");
    assert.deepEqual((await keys())[0].ease, [0.9, 0, 1, 1]);
    await page.locator(".wm-sheet").focus();
    await page.keyboard.press("Delete");
    await settle();
    assert.equal(await keys(), undefined);
  });

  test("names are dragged to reorder and double-clicked to rename; eye and lock", async () => {
    await drag(label(60, 0), label(60, 1));
    assert.deepEqual((await drawing()).tracks.map(({ id }) => id), ["t2", "t1"]);
    await page.mouse.dblclick(...label(60, 0));
    await settle();
    await page.keyboard.type("Cat");
    await page.keyboard.press("Enter");
    await settle();
    assert.equal((await drawing()).tracks[1].name, "Cat");
    for (const [x, field] of [[LABELS_PX - 32, "hidden"], [LABELS_PX - 12, "locked"]]) {
      await click(label(x, 0));
      assert.equal((await drawing()).tracks[1][field], true);
      await click(label(x, 0));
      assert.equal((await drawing()).tracks[1][field], undefined);
    }
  });

  test("spread, pose and visibility by the panel", async () => {
    const track = async () => (await drawing()).tracks[1];
    await click(label(60, 0));
    await choose("spread", "disc");
    await fill("count", "5");
    await fill("pose-scale", "2");
    const { spread } = await track();
    assert.equal(spread.count, 5);
    assert.deepEqual(spread.keys.map(({ frame, scale }) => [frame, scale]), [[0, 1], [30, 2]]);
    await choose("windows", "windows");
    await press("Add a window");
    assert.equal((await track()).windows.length, 2);
    await press("Remove this window");
    assert.deepEqual((await track()).windows, [[30, 80]]);
  });

  test("what a selection rectangle chose is in the panel at once", async () => {
    await page.locator(".wm-top").focus();
    await page.keyboard.press("Escape");
    await page.keyboard.press("v");
    await settle();
    assert.equal(await page.locator('[data-field="width"]').count(), 1);
    await drag(at(0.25, 0.2), at(0.55, 0.65));
    assert.equal(await page.inputValue('[data-field="name"]'), "Cat");
  });

  test("Tab from field to field, or a click: what is typed replaces the number there", async () => {
    await page.locator(".wm-top").focus();
    await page.keyboard.press("Escape");
    await settle();
    await page.locator('[data-field="width"]').focus();
    for (const key of ["Control+a", "6", "4", "0", "Tab"]) await page.keyboard.press(key);
    await settle();
    await enter("350");
    const { width, height } = await drawing();
    assert.deepEqual([width, height], [640, 352]);
    await page.locator(".wm-top").focus();
    for (let i = 0; i < 2; i += 1) await page.keyboard.press("Control+z");
    await settle();
    assert.equal((await drawing()).width, 832);
    await page.click('[data-field="frames"]');
    await enter("49");
    assert.equal((await drawing()).frames, 49);
    await page.keyboard.press("Control+z");
    await settle();
  });

  test("what is being typed outlives a redraw", async () => {
    const field = page.locator('[data-field="width"]');
    await field.focus();
    for (const key of ["Control+a", "6", "4"]) await page.keyboard.press(key);
    const size = page.viewportSize();
    await page.setViewportSize({ width: size.width - 40, height: size.height });
    await settle();
    await page.setViewportSize(size);
    await settle();
    assert.equal(await field.inputValue(), "64");
    await enter("0");
    assert.equal((await drawing()).width, 640);
    await page.keyboard.press("Control+z");
    await settle();
    assert.equal(await field.inputValue(), "832");
  });

  test("space plays on the canvas, pans with a drag, presses a focused button", async () => {
    const canvasFocus = () => page.locator(".wm-top").focus();
    await canvasFocus();
    for (const expected of [true, false]) {
      await page.keyboard.press("Space");
      await settle();
      assert.equal(await playing(), expected);
    }
    await page.locator('[aria-label="Latent cells"]').focus();
    await page.keyboard.press("Space");
    await settle();
    const { cells, view } = await session();
    assert.deepEqual([cells, await playing()], [true, false]);
    await canvasFocus();
    await page.keyboard.down("Space");
    await drag(at(0.5, 0.5), at(0.6, 0.6));
    await page.keyboard.up("Space");
    await settle();
    assert.ok((await session()).view.x > view.x + 20);
    assert.equal(await playing(), false);
    await page.keyboard.press("f");
    await settle();
    assert.ok(Math.abs((await session()).view.x - view.x) < 1);
  });

  /** Another drawing for one test. */
  const withDrawing = async (tracks, test) => {
    const before = await page.evaluate(() => window.editor.getValue());
    const head = { version: 1, width: 832, height: 480, fps: 16, frames: 81 };
    await page.evaluate((text) => window.editor.setValue(text), JSON.stringify({ ...head, tracks }));
    await page.locator(".wm-top").focus();
    await page.keyboard.press("Escape");
    await settle();
    try {
      await test();
    } finally {
      await page.evaluate((text) => window.editor.setValue(text), before);
      await settle();
    }
  };
  const row = (number) => ({ id: `t${number}`, name: `Track ${number}`, color: "#56b4e9", curve: "polyline", knots: [{ x: 50, y: 10 * number }, { x: 700, y: 10 * number }] });

  test("Queue and Save reach the host, other keys do not", () => withDrawing([row(1)], async () => {
    await page.evaluate(() => {
      window.heard = [];
      window.addEventListener("keydown", (event) => {
        if (event.key !== "Control" && event.key !== "Shift") window.heard.push(event.key);
        event.preventDefault();  // the browser's own dialogue
      });
    });
    for (const key of ["Control+Enter", "Control+Shift+Enter", "Control+s", "n", "ArrowLeft", "Control+z"]) await page.keyboard.press(key);
    assert.deepEqual(await page.evaluate(() => window.heard), ["Enter", "Enter", "s"]);
  }));

  test("behind the help no key does anything; Escape and ? close it", () => withDrawing([row(1)], async () => {
    for (const close of ["Escape", "?"]) {
      await page.keyboard.press("n");
      const before = [await drawing(), (await session()).selection, (await session()).frame];
      await page.keyboard.press("?");
      assert.equal(await page.locator(".wm-help").count(), 1);
      for (const key of ["ArrowLeft", "PageDown", "End", "Delete", "Space"]) await page.keyboard.press(key);
      await settle();
      assert.equal(await playing(), false);
      await page.keyboard.press(close);
      assert.equal(await page.locator(".wm-help").count(), 0);
      assert.deepEqual([await drawing(), (await session()).selection, (await session()).frame], before);
      assert.equal(await page.evaluate(() => document.activeElement.className), "wm-layer wm-top");
    }
  }));

  test("keys that a focused control takes do nothing else", () => withDrawing([row(1)], async () => {
    await page.keyboard.press("n");
    await settle();
    const before = await drawing();
    const open = () => page.evaluate(() => document.querySelector("summary").parentElement.open);
    for (const [key, expected] of [["Space", true], ["Enter", false], ["Enter", true]]) {
      await page.locator("summary").focus();
      await page.keyboard.press(key);
      await settle();
      assert.equal(await open(), expected, key);
    }
    const check = page.locator('[data-field="model-sizes"]');
    for (const expected of [false, true]) {
      await check.focus();
      await page.keyboard.press("Space");
      await settle();
      assert.equal(await check.isChecked(), expected);
    }
    const opacity = page.locator('[data-field="opacity"]');
    const value = Number(await opacity.inputValue());
    await opacity.focus();
    await page.keyboard.press("ArrowLeft");
    await settle();
    assert.ok(Number(await opacity.inputValue()) < value);
    for (const key of ["ArrowRight", "Home", "End", "PageDown", "PageUp"]) await page.keyboard.press(key);
    await page.locator('[data-field="color"]').focus();
    await page.keyboard.press("Space");
    await settle();
    assert.deepEqual([await drawing(), (await session()).frame, await playing()], [before, (await session()).frame, false]);
    await page.keyboard.press("Escape");
    await page.locator(".wm-top").focus();
  }));

  test("the panel shows what was taken, not what was typed or chosen", () => withDrawing([{ ...row(1), locked: true }], async () => {
    await page.keyboard.press("Escape");
    await settle();
    await fill("frames", "82");
    assert.deepEqual([(await drawing()).frames, await page.inputValue('[data-field="frames"]')], [81, "81"]);
    await page.keyboard.press("n");
    await settle();
    await choose("curve", "bezier");
    assert.deepEqual([(await drawing()).tracks[0].curve, await page.inputValue('[data-field="curve"]')], ["polyline", "polyline"]);
    await fill("start", "9");
    assert.equal(await page.inputValue('[data-field="start"]'), "0");
  }));

  test("start and end of several tracks: each by its own other end", () => withDrawing([{ ...row(1), timing: { end: 20 } }, { ...row(2), timing: { start: 40 } }], async () => {
    await page.keyboard.press("Control+a");
    await settle();
    await fill("start", "60");
    await fill("end", "10");
    const ranges = (await drawing()).tracks.map(({ timing: { start, end } }) => [start, end]);
    assert.deepEqual(ranges, [[19, 20], [60, 61]]);
  }));

  test("a click on a name moves no row, also where the rest of its group is out of view", () => withDrawing(Array.from({ length: 30 }, (_, i) => ({ ...row(i + 1), ...(i % 29 === 0 && { group: "Ends" }) })), async () => {
    const ids = async () => (await drawing()).tracks.map(({ id }) => id);
    const before = await ids();
    const lowest = [sheet.x + 60, sheet.y + sheet.height - 8];
    await page.mouse.move(...lowest);
    await page.mouse.wheel(0, 2000);
    await settle();
    await click(lowest);
    assert.deepEqual([await ids(), (await session()).selection.map(({ track }) => track)], [before, ["t1", "t30"]]);
    await page.mouse.dblclick(...lowest);
    await settle();
    assert.deepEqual(await ids(), before);
    await page.keyboard.press("Escape");
  }));

  test("its own undo and redo, a broken text, no error on the page", async () => {
    const before = await drawing();
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Control+d");
    await settle();
    assert.equal((await drawing()).tracks.length, 4);
    await page.keyboard.press("Control+z");
    await settle();
    assert.deepEqual(await drawing(), before);
    await page.keyboard.press("Control+Shift+z");
    await settle();
    assert.equal((await drawing()).tracks.length, 4);
    await page.evaluate(() => window.editor.setValue('{"version": 1, "tracks": [{"knots": "none"}]}'));
    assert.match(await page.textContent(".wm-error p"), /^tracks\[0\]\.knots must be a list/);
    await press("Start empty");
    assert.equal(await page.locator(".wm-error").count(), 0);
    assert.deepEqual(errors, []);
  });
});
