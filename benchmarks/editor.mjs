/**
 * Figures of the motion editor, in real Chromium: `node benchmarks/editor.mjs`.
 *
 * Main-thread time of a pointermove (handler and drawing) with 200 tracks of 50 knots while one
 * knot is dragged, by the browser's own trace; script and paint of a frame of playback with 200 tracks
 * of 241 frames; frames per second of playback with 1024 points; frames drawn while idle; bytes of
 * JavaScript and of a document with 1024 points.
 */

import { createServer } from "node:http";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { extname, join, resolve } from "node:path";
import { findChromium } from "../tests/web/browser/frontends.js";
import { launch } from "../tests/web/browser/page.js";
import { createDrawing, createTrack, serialiseDrawing } from "../web/js/editor/drawing/schema.js";

const ROOT = resolve(import.meta.dirname, "..");
const PAGE = `<!doctype html><link rel="stylesheet" href="/web/js/editor/editor.css">
<style>html,body{margin:0;height:100%}#root{height:100vh}</style><div id="root"></div>
<script type="module">import { mount } from "/web/js/editor/editor.js";
window.start = (value) => { window.editor?.destroy(); window.editor = mount(document.getElementById("root"), { value, onChange() {} }); };
window.ready = true;</script>`;
const TYPES = { ".js": "text/javascript", ".css": "text/css" };

const server = createServer((request, response) => {
  const path = new URL(request.url, "http://x").pathname;
  if (path === "/") return response.writeHead(200, { "content-type": "text/html" }).end(PAGE);
  try {
    const body = readFileSync(join(ROOT, path));
    return response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "text/plain" }).end(body);
  } catch {
    return response.writeHead(404).end();
  }
});

function drawingOf(tracks, knots, frames = 81) {
  let drawing = { ...createDrawing(), frames };
  for (let t = 0; t < tracks; t += 1) {
    const points = Array.from({ length: knots }, (_, k) => ({
      x: 20 + (790 * (k + 0.5)) / knots, y: 20 + ((t * 37) % 440) + 15 * Math.sin(k + t),
    }));
    drawing = { ...drawing, tracks: [...drawing.tracks, createTrack(drawing, { knots: points })] };
  }
  return drawing;
}
const quantile = (values, share) => [...values].sort((a, b) => a - b)[Math.min(Math.floor(values.length * share), values.length - 1)];

/** Milliseconds of the main thread: for each pointermove its handler, for each frame its drawing, and
 * both together where a frame follows a move. */
function taskTimes(events) {
  const main = events.find((event) => event.name === "thread_name" && event.args.name === "CrRendererMain");
  const own = events.filter((event) => event.pid === main.pid && event.tid === main.tid && event.ph === "X").sort((a, b) => a.ts - b.ts);
  const times = { move: [], frame: [], both: [] };
  let handled = 0;
  for (const { name, args, dur, tdur } of own) {
    const ms = (tdur ?? dur) / 1000;  // the thread's own time, where the trace has it: others may run beside
    if (name === "EventDispatch" && args.data?.type === "pointermove") {
      times.move.push(ms);
      handled += ms;
    } else if (name === "FireAnimationFrame") {
      times.frame.push(ms);
      if (handled > 0) times.both.push(handled + ms);
      handled = 0;
    }
  }
  return times;
}

await new Promise((done) => server.listen(0, "127.0.0.1", done));
const browser = await launch(findChromium());
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
await page.goto(`http://127.0.0.1:${server.address().port}/`);
await page.waitForFunction("window.ready");

const heavy = drawingOf(200, 50);
await page.evaluate((text) => window.start(text), serialiseDrawing(heavy));
await page.waitForTimeout(800);
await page.keyboard.press("Tab");
await page.locator(".wm-top").focus();
await page.keyboard.press("v");
const { x, y } = heavy.tracks[100].knots[25];
const place = await page.evaluate(([px, py]) => {
  const { view } = window.editor.getSession();
  const rect = document.querySelector(".wm-top").getBoundingClientRect();
  return [rect.left + px * view.scale + view.x, rect.top + py * view.scale + view.y];
}, [x, y]);
await page.mouse.click(...place);
await page.mouse.move(...place);
await page.mouse.down();
await browser.startTracing(page, { categories: ["devtools.timeline", "disabled-by-default-devtools.timeline", "__metadata"] });
for (let i = 1; i <= 120; i += 1) {
  await page.mouse.move(place[0] + i, place[1] + 20 * Math.sin(i / 9));
  await page.waitForTimeout(16);
}
const trace = JSON.parse((await browser.stopTracing()).toString());
await page.mouse.up();
const { move, frame, both } = taskTimes(trace.traceEvents);
const report = (name, values) => console.log(`${name}: median ${quantile(values, 0.5).toFixed(2)} ms, p95 ${quantile(values, 0.95).toFixed(2)} ms, n ${values.length}`);
report("pointermove handler, 200 tracks x 50 knots", move);
report("frame drawn after it", frame);
report("both", both);

/** Script and paint of each frame of playback. */
function paintTimes(events) {
  const main = events.find((event) => event.name === "thread_name" && event.args.name === "CrRendererMain");
  const own = events.filter((event) => event.pid === main.pid && event.tid === main.tid && event.ph === "X").sort((a, b) => a.ts - b.ts);
  const frames = [];
  for (const { name, dur, tdur } of own) {
    const ms = (tdur ?? dur) / 1000;
    if (name === "FireAnimationFrame") frames.push(ms);
    else if (frames.length && /^(UpdateLayerTree|PrePaint|Paint|Layerize|Commit)$/.test(name)) frames[frames.length - 1] += ms;
  }
  // The player asks at every refresh of the screen, and draws when the video's frame changes.
  return frames.filter((ms) => ms > 0.5);
}
/** Play what was just shown for some seconds, and stop. */
async function playback(name) {
  await page.waitForTimeout(800);
  await page.locator(".wm-top").focus();
  await page.keyboard.press(" ");
  await page.waitForTimeout(500);
  await browser.startTracing(page, { categories: ["devtools.timeline", "disabled-by-default-devtools.timeline", "__metadata"] });
  await page.waitForTimeout(2500);
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
  report(name, paintTimes(traceEvents));
  if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`) });
  await page.keyboard.press(" ");
}
/** Ten regions that go their ways over a picture of 832x480. */
function regions() {
  let drawing = createDrawing();
  for (let t = 0; t < 10; t += 1) {
    const [x, y] = [90 + (t % 5) * 160, 130 + Math.floor(t / 5) * 210];
    const polygon = Array.from({ length: 24 }, (_, i) => [45 * Math.cos((i * Math.PI) / 12), 38 * Math.sin((i * Math.PI) / 12)]);
    const spread = { shape: "region", polygon, offsets: [[0, 0], [20, 0], [-20, 0]], fill: "grid", spacing: 16, keys: [{ frame: 80, scale: 1.1, angle: 25 }] };
    drawing = { ...drawing, tracks: [...drawing.tracks, createTrack(drawing, { knots: [{ x, y }, { x: x + 60, y: y - 40 }, { x: x + 90, y: y + 50 }], spread })] };
  }
  return drawing;
}
/** Show a drawing over a picture of many colours. */
const showOnPicture = (drawing) => page.evaluate((text) => {
  window.start(text);
  const picture = new OffscreenCanvas(832, 480);
  const ctx = picture.getContext("2d");
  for (let i = 0; i < 400; i += 1) {
    ctx.fillStyle = `hsl(${(i * 47) % 360} 60% ${30 + (i % 40)}%)`;
    ctx.fillRect((i * 131) % 832, (i * 71) % 480, 60, 40);
  }
  window.editor.setBackground(picture);
}, serialiseDrawing(drawing));
await showOnPicture(regions());
await playback("frame of playback that moves the picture, ten regions at 832x480, script and paint");
const long = drawingOf(200, 10, 241);
await page.evaluate((text) => window.start(text), serialiseDrawing(long));
await playback("frame of playback, 200 tracks of 241 frames, script and paint");
await showOnPicture(long);
await playback("frame of playback that moves the picture, 200 tracks of 241 frames, script and paint");

await page.evaluate((text) => window.start(text), serialiseDrawing(drawingOf(1024, 2)));
await page.waitForTimeout(800);
await page.locator(".wm-top").focus();
await page.keyboard.press(" ");
const categories = ["devtools.timeline", "disabled-by-default-devtools.timeline", "__metadata"];
await browser.startTracing(page, { categories });
const frames = await page.evaluate(() => new Promise((done) => {
  let count = 0;
  const begin = performance.now();
  const tick = (now) => {
    count += 1;
    if (now - begin < 2000) requestAnimationFrame(tick);
    else done((count / (now - begin)) * 1000);
  };
  requestAnimationFrame(tick);
}));
const played = JSON.parse((await browser.stopTracing()).toString());
report("frame of playback, 1024 points", taskTimes(played.traceEvents).frame);
console.log(`playback of 1024 points: ${frames.toFixed(1)} frames a second`);
await page.keyboard.press(" ");
await page.waitForTimeout(300);
const idle = await page.evaluate(() => new Promise((done) => {
  const original = window.requestAnimationFrame;
  let asked = 0;
  window.requestAnimationFrame = (callback) => {
    asked += 1;
    return original(callback);
  };
  setTimeout(() => done(asked), 1000);
}));
console.log(`frames asked for in one idle second: ${idle}`);
const scripts = readdirSync(join(ROOT, "web/js"), { recursive: true }).map(String).filter((name) => name.endsWith(".js"));
const bytes = scripts.reduce((sum, name) => sum + statSync(join(ROOT, "web/js", name)).size, 0);
console.log(`JavaScript: ${(bytes / 1000).toFixed(1)} kB in ${scripts.length} files`);
console.log(`document of 1024 anchors: ${(serialiseDrawing(drawingOf(1024, 1)).length / 1000).toFixed(1)} kB`);
await browser.close();
server.close();
