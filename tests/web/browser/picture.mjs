/**
 * The picture in the README: `node tests/web/browser/picture.mjs PHOTO OUT.png`.
 *
 * Made on `wanmove draw PHOTO`. PHOTO is scikit-image's `rocket.jpg` (SpaceX, public domain) at
 * 960 x 640: the drawing below fits that one.
 */

import { execFileSync } from "node:child_process";
import { join, resolve } from "node:path";

import { startDrawing } from "./draw_server.js";
import { findChromium } from "./frontends.js";
import { launch } from "./page.js";

const ROOT = resolve(import.meta.dirname, "../../..");
const [photo, out] = process.argv.slice(2);
const SELECTED = "rocket";
const FRAME = 44;
const RATIO = 1.5;

/** The rocket's outline and points on it, from the first knot. */
const HULL = [[0, -204], [9, -192], [14, -172], [14, -142], [11, -118], [12, 200], [-12, 200], [-11, -118], [-14, -142], [-14, -172], [-9, -192]];
const FILL = [[0, -188], ...[-160, -130, -96, -62, -28, 6, 40, 74, 108, 142, 176].flatMap((y) => [[-7, y], [7, y]])];

/** @param {[number, number][]} places */
const knots = (...places) => places.map(([x, y]) => ({ x, y }));
const DRAWING = {
  version: 1, width: 960, height: 640, fps: 16, frames: 81, tracks: [
    { id: "left", name: "Left tower", color: "#009e73", knots: knots([300, 300]) },
    { id: "right", name: "Right tower", color: "#009e73", knots: knots([671, 300]) },
    { id: "sky", name: "Sky", color: "#f0e442", knots: knots([176, 150], [250, 108], [334, 92]), timing: { ease: "in-out" }, windows: [[0, 64]],
      spread: { shape: "disc", count: 14, size: 64, angle: 0, keys: [] } },
    { id: "smoke-left", name: "Smoke, left", color: "#56b4e9", knots: knots([468, 606], [404, 596], [338, 566], [268, 556], [206, 578], [196, 604], [226, 610], [240, 584], [196, 544], [118, 520]),
      timing: { start: 8, end: 64, ease: "out" } },
    { id: "smoke-right", name: "Smoke, right", color: "#cc79a7", knots: knots([500, 606], [566, 598], [622, 574], [692, 560], [752, 580], [762, 604], [734, 610], [722, 588], [770, 548], [850, 524]),
      timing: { start: 14, end: 70, ease: "out" } },
    { id: SELECTED, name: "Rocket", color: "#e69f00", curve: "bezier",
      knots: [{ x: 483, y: 396, out: [0, -90] }, { x: 548, y: 206, in: [-26, 96], out: [26, -96] }, { x: 752, y: 84, in: [-120, -8] }],
      timing: { start: 16, end: 76, keys: [{ frame: 58, at: 1, ease: "out" }], ease: "in" },
      spread: { shape: "region", polygon: HULL, offsets: FILL, fill: "grid", spacing: 20, keys: [{ frame: 16, scale: 1, angle: 0 }, { frame: 58, scale: 0.8, angle: 18 }, { frame: 76, scale: 0.6, angle: 60 }] } },
  ],
};

/** 256 colours: the editor's own, exactly, the rest for the photo. A third of the size. */
const PALETTE = `
import sys
from PIL import Image
path, box, *colors = sys.argv[1:]
image = Image.open(path).convert("RGB")
x0, y0, x1, y1 = map(int, box.split(","))
around = image.copy()
around.paste(image.getpixel((2, 2)), (x0, y0, x1, y1))
fixed = [int(color[i : i + 2], 16) for color in colors for i in (1, 3, 5)]
rest = around.quantize(56).getpalette()[:168] + image.crop((x0, y0, x1, y1)).quantize(190 - len(colors)).getpalette()
palette = Image.new("P", (1, 1))
palette.putpalette((fixed + rest)[:768])
image.quantize(palette=palette).save(path, optimize=True)
`;

const server = await startDrawing(photo);
const browser = await launch(findChromium());
try {
  const page = await browser.newPage({ viewport: { width: 1200, height: 884 }, deviceScaleFactor: RATIO, colorScheme: "dark" });
  await page.goto(server.url);
  await page.waitForFunction(() => window.wanmove?.editor);
  await page.fill("#prompt", "A rocket lifts off at dusk, smoke rolls out to both sides");
  await page.evaluate(([text, id, frame]) => {
    const { editor } = window.wanmove;
    editor.setValue(text);
    editor.setSession({ ...editor.getSession(), tool: "select", selection: [{ track: id, knots: [1] }], frame });
    editor.focus();
  }, [JSON.stringify(DRAWING), SELECTED, FRAME]);
  await page.waitForTimeout(500);
  await page.screenshot({ path: out });
  const { x, y, width, height } = await page.locator(".wm-stage").boundingBox();
  const box = [x, y, x + width, y + height].map((edge) => Math.round(edge * RATIO)).join();
  const colors = [...new Set(DRAWING.tracks.map((track) => track.color)), "#ffffff", "#4c9df3", "#16181c"];
  execFileSync(join(ROOT, ".venv/bin/python"), ["-c", PALETTE, out, box, ...colors]);
} finally {
  await browser.close();
  server.close();
}
