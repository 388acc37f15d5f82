/**
 * What is drawn is what moves: pictures of five aspects, three sizes of the video, three fits. A path
 * is drawn by mouse from a red landmark as the editor shows it, before any run; the video's first
 * frame is red under the path's start, and the guided latent is the one of the fitted picture.
 */

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";

import { findChromium, frontendFolder, VERSIONS } from "./frontends.js";
import { startHost } from "./host_server.js";
import { bootComfy, documents, eventually, launch, setRenderer, settled, showAt } from "./page.js";

const ROOT = resolve(import.meta.dirname, "../../..");
const PYTHON = process.env.PYTHON ?? join(ROOT, ".venv/bin/python");
const SCRIPT = join(import.meta.dirname, "guided_latents.py");
const ENV = { ...process.env, OMP_NUM_THREADS: "1", PYTHONPATH: ROOT };
const SIZES = [[832, 480, 81], [480, 832, 17], [96, 64, 17]];
const FITS = ["crop", "stretch", "pad"];
const chromium = findChromium();
const shots = process.env.SCREENSHOTS ?? "out/web";
const skip = chromium ? false : "NO CHROMIUM: apt-get install chromium, or set CHROMIUM";

/** LoadImage -> Fit Start Image -> editor and Encode Start Image -> Trajectory Guidance; or without
 * the fit. Runs in the page. */
async function build({ fit }) {
  const { app, LiteGraph } = window;
  app.rootGraph.clear();
  const make = (name, pos) => {
    const node = Object.assign(LiteGraph.createNode(name), { pos });
    app.rootGraph.add(node);
    return node;
  };
  const [load, fitted] = [make("LoadImage", [-700, 80]), make("WanMoveFitStartImage", [-350, 80])];
  const [editor, encode, guide] = [make("WanMoveSplineEditor", [420, 40]), make("WanMoveEncodeStartImage", [1200, 40]), make("WanMoveTrajectoryGuidance", [1600, 40])];
  const link = (from, slot, to, name) => from.connect(slot, to, to.inputs.findIndex((input) => input.name === name));
  link(load, 0, fitted, "image");
  link(fit ? fitted : load, 0, editor, "image");
  link(fit ? fitted : load, 0, encode, "start_image");
  if (fit) ["width", "height", "length"].forEach((name, i) => link(fitted, i + 1, editor, name));
  link(editor, 0, guide, "tracks");
  link(encode, 0, guide, "conditioning_latent");
  await app.loadGraphData({ ...JSON.parse(JSON.stringify(app.rootGraph.serialize())), id: crypto.randomUUID() });
}

/** Choose picture, size and fit, and empty the drawing. Runs in the page. */
function choose({ picture, size, resize, document = "" }) {
  const set = (node, name, value) => {
    const widget = node.widgets.find((candidate) => candidate.name === name);
    widget.value = value;
    widget.callback?.(value);
  };
  for (const node of window.app.rootGraph._nodes) {
    if (node.comfyClass === "LoadImage") set(node, "image", picture);
    if (/WanMove(Fit|Encode)StartImage/.test(node.comfyClass)) {
      ["width", "height", "length"].forEach((name, i) => set(node, name, size[i]));
      set(node, "resize", resize);
    }
    if (node.comfyClass === "WanMoveSplineEditor") window.wanMoveTest.widgetOf(node).value = document;
  }
  window.dispatchEvent(new MouseEvent("mouseup"));
}

/** The middle of what is red on the lower layer, in pixels of the page. Runs in the page. */
function landmark() {
  const canvas = document.querySelector(".wm-layer:not(.wm-top)");
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  let [x, y, count] = [0, 0, 0];
  for (let i = 0; i < data.length; i += 4) {
    if (data[i] < 200 || data[i + 1] > 60 || data[i + 2] > 60) continue;
    x += (i / 4) % width;
    y += Math.floor(i / 4 / width);
    count += 1;
  }
  const rect = canvas.getBoundingClientRect();
  return count > 3 ? [rect.left + ((x / count + 0.5) / width) * rect.width, rect.top + ((y / count + 0.5) / height) * rect.height] : null;
}

describe("what is drawn is what moves", { skip, timeout: 600_000 }, () => {
  let browser, host, opened, python, lines;
  const folder = mkdtempSync(join(tmpdir(), "wanmove-frame-"));
  before(async () => {
    execFileSync(PYTHON, [SCRIPT, "pictures", folder], { env: ENV, cwd: ROOT });
    python = spawn(PYTHON, [SCRIPT, "answer", folder], { env: ENV, cwd: ROOT, stdio: ["pipe", "pipe", "inherit"] });
    lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
    browser = await launch(chromium);
    const pictures = Object.fromEntries(readdirSync(folder).map((name) => [name, join(folder, name)]));
    host = await startHost(frontendFolder(VERSIONS.at(-1)), 0, pictures);
    opened = await bootComfy(browser, host.url);
    await setRenderer(opened.page, false);
  });
  after(async () => {
    python?.kill();
    await browser?.close();
    await host?.close();
  });

  /** Draw from the landmark to the right, and ask Python what that moves. */
  async function drawn(page, { picture, size, resize }) {
    let last = "";
    const from = await eventually(async () => {
      const found = await page.evaluate(landmark);
      const now = JSON.stringify(found);
      const calm = now === last;
      last = now;
      assert.ok(found && calm, `${picture} ${size} ${resize}: the landmark is shown`);
      return found;
    }, 20_000);
    await page.mouse.move(...from);
    await page.mouse.down();
    await page.mouse.move(from[0] + 60, from[1] + 4, { steps: 4 });
    await page.mouse.up();
    const [document] = await eventually(async () => {
      const found = await documents(page);
      assert.equal(found[0].tracks.length, 1);
      return found;
    }, 10_000);
    python.stdin.write(`${JSON.stringify({ picture, width: size[0], height: size[1], resize, document: JSON.stringify(document) })}\n`);
    return { document, ...JSON.parse((await lines.next()).value) };
  }

  test("45 pictures, sizes and fits through Fit Start Image", async () => {
    const { page, errors } = opened;
    await page.evaluate(build, { fit: true });
    await showAt(page, 1, [0, 40]);
    const wrong = [];
    for (const picture of readdirSync(folder)) {
      for (const size of SIZES) {
        for (const resize of FITS) {
          await page.evaluate(choose, { picture, size, resize });
          await settled(page);
          const { document, under, equal, acts } = await drawn(page, { picture, size, resize });
          const canvas = [document.width, document.height, document.frames];
          const red = under[0] > 150 && under[1] < 110 && under[2] < 130;
          if (`${canvas}` !== `${size}` || !red || !equal || !acts) wrong.push({ picture, size, resize, canvas, under, equal, acts });
        }
      }
    }
    mkdirSync(shots, { recursive: true });
    await page.screenshot({ path: join(shots, "frame.png") });
    assert.deepEqual(wrong, []);
    assert.deepEqual(errors, []);
  });

  test("playback moves the picture itself, and fills where it was", async () => {
    const { page } = opened;
    await page.evaluate(build, { fit: true });
    await showAt(page, 1, [0, 40]);
    const given = { picture: "square.png", size: [832, 480, 17], resize: "crop" };
    await page.evaluate(choose, given);
    await settled(page);
    const { document } = await drawn(page, given);
    assert.ok(document.tracks[0].knots.length > 1);
    /** Red on the upper layer at the path's start, and anywhere. Runs in the page. */
    const reds = () => {
      const canvas = document.querySelector(".wm-top");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let [x, count] = [0, 0];
      for (let i = 0; i < data.length; i += 4) {
        if (data[i] < 200 || data[i + 1] > 60 || data[i + 2] > 60 || data[i + 3] < 250) continue;
        x += (i / 4) % canvas.width;
        count += 1;
      }
      return { count, x: count ? x / count : 0 };
    };
    const shown = `(${reds})`.replaceAll("document", "window.document");
    await page.locator(".wm-top").first().focus();
    assert.equal((await page.evaluate(`${shown}()`)).count, 0, "still: the upper layer has no picture");
    const seen = [];
    await page.keyboard.press(" ");
    await eventually(async () => {
      seen.push(await page.evaluate(`${shown}()`));
      const moved = seen.filter(({ count }) => count > 40).map(({ x }) => x);
      assert.ok(Math.max(...moved) - Math.min(...moved) > 15, `the landmark moves: ${moved}`);
    }, 10_000);
    mkdirSync(shots, { recursive: true });
    await page.screenshot({ path: join(shots, "frame-motion.png") });
    await page.keyboard.press(" ");
  });

  test("an unwired editor finds the Encode node, and one click takes its video", async () => {
    const { page } = opened;
    await page.evaluate(build, { fit: false });
    await showAt(page, 1, [0, 40]);
    const document = JSON.stringify({ version: 1, width: 832, height: 480, fps: 16, frames: 81, tracks: [{ knots: [{ x: 416, y: 240 }, { x: 624, y: 240 }] }] });
    await page.evaluate(choose, { picture: "square.png", size: [96, 64, 17], resize: "crop", document });
    await eventually(async () => assert.match(await page.locator(".wm-frame-offer").innerText(), /The video is 96x64, 17 frames/));
    assert.deepEqual((await documents(page))[0].width, 832, "the drawing keeps its knots");
    await page.screenshot({ path: join(shots, "frame-offer.png") });
    await page.evaluate(async () => {
      const { app } = window;
      app.canvas.selectItems(app.rootGraph._nodes.filter(({ comfyClass }) => /Encode|Guidance/.test(comfyClass)));
      await app.extensionManager.command.execute("Comfy.Graph.ConvertToSubgraph");
      const inside = app.rootGraph._nodes.find((node) => node.subgraph).subgraph._nodes.find(({ comfyClass }) => /Encode/.test(comfyClass));
      inside.widgets.find(({ name }) => name === "width").value = 192;
      window.dispatchEvent(new MouseEvent("mouseup"));
    });
    await eventually(async () => assert.match(await page.locator(".wm-frame-offer").innerText(), /The video is 192x64, 17 frames/, "in a subgraph too"));
    await page.locator(".wm-frame-offer button").click();
    await eventually(async () => {
      const [{ width, height, frames, tracks }] = await documents(page);
      assert.deepEqual([width, height, frames, tracks[0].knots.map(({ x, y }) => [x, y])], [192, 64, 17, [[96, 32], [144, 32]]]);
    });
    assert.equal(await page.locator(".wm-frame-offer").isVisible(), false);
  });
});
