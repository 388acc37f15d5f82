/** Being a guest in someone's graph: subgraphs, upstream pictures, full screen, broken text. */

import assert from "node:assert/strict";

import { bootComfy, booted, documents, drag, eventually, graphKey, knots, openGraph, setRenderer, settled, showAt, still } from "./page.js";

const setValue = (page, text) => page.evaluate((value) => {
  window.wanMoveTest.widgetOf(window.wanMoveTest.editors()[0]).value = value;
}, text);
const getValue = (page) => page.evaluate(() => window.wanMoveTest.widgetOf(window.wanMoveTest.editors()[0]).value);

/** Text of the widget, and the place that the message must name. */
const HOSTILE = [
  ['{"version": 1, "tracks": [{"knots": "none"}]}', /^tracks\[0\]\.knots must be a list/],
  ['{"version": 1, "width": 1e99, "tracks": []}', /^width must be/],
  ['{"version": 99, "tracks": []}', /^version must be at most/],
  ['{"version": 1, "tracks": [', /must be JSON/],
  ["null", /must be/],
  ['"text"', /must be/],
  ["[".repeat(50_000), /must be JSON|deep/i],
  ['{"version":1,"tracks":[{"knots":[{"x":1e400,"y":0}]}]}', /^tracks\[0\]\.knots\[0\]\.x must be/],
  ['{"version":1,"tracks":[{"knots":[{"x":0,"y":0}],"color":"red;background:url(x)"}]}', /^tracks\[0\]\.color must be/],
  ['{"__proto__":{"polluted":1},"version":1,"tracks":7}', /^tracks must be a list/],
];

/** The mean colour of the middle of the picture. */
const middle = (page) => page.evaluate(() => {
  const canvas = document.querySelector(".wm-layer:not(.wm-top)");
  const { data } = canvas.getContext("2d").getImageData(canvas.width / 4, canvas.height / 4, canvas.width / 2, canvas.height / 2);
  const sums = [0, 0, 0];
  for (let i = 0; i < data.length; i += 4) for (let c = 0; c < 3; c += 1) sums[c] += data[i + c];
  return sums.map((sum) => Math.round((4 * sum) / data.length));
});

export const hosting = {
  "the background follows the graph before any run, and what the video did is shown after it": async ({ page }) => {
    /** start.png is blue, the other one and the empty canvas are dark. */
    const expectStart = (blue) => eventually(async () => assert.equal((await middle(page))[2] > 85, blue));
    const choose = (name) => page.evaluate((value) => {
      const widget = window.app.rootGraph._nodes.find((node) => node.comfyClass === "LoadImage").widgets[0];
      widget.value = value;
      widget.callback?.(value);
      window.dispatchEvent(new MouseEvent("mouseup"));
    }, name);
    for (const name of ["start.png", "other.png", "start.png"]) {
      await choose(name);
      await expectStart(name === "start.png");
    }
    await page.evaluate(() => {
      const [node] = window.wanMoveTest.editors();
      node.disconnectInput(node.inputs.findIndex((slot) => slot.name === "image"));
    });
    await expectStart(false);
    await drag(page, [[0.2, 0.6], [0.6, 0.6]]);
    await drag(page, [[0.2, 0.3], [0.6, 0.3]]);
    const [{ tracks, width, height }] = await documents(page);
    // As the node sends it: the second track went as asked, the first one stayed where it was.
    await page.evaluate(([points, ...size]) => {
      const { app, LiteGraph } = window;
      const node = LiteGraph.createNode("WanMoveTrajectoryError");
      app.rootGraph.add(node);
      window.wanMoveTest.editors()[0].connect(0, node, node.inputs.findIndex(({ name }) => name === "tracks"));
      const track = ({ start, end }, point, error) => ({ point, error, lost: 0, asked: [...start, ...end], got: error ? [...start, ...start] : [...start, ...end] });
      // One of the ring's points each; the others were not measured.
      node.onExecuted({ wanmove_followed: [{ width: size[0], height: size[1], frames: 81, points: 2 * 7, step: 80,
        tracks: [track(points[0], 0, 123.4), track(points[1], 7, 0)] }] });
    }, [tracks.map(({ knots: all }) => ({ start: [all[0].x, all[0].y], end: [all.at(-1).x, all.at(-1).y] })), width, height]);
    const rows = () => page.evaluate(() => [...document.querySelectorAll(".wm-sheet [role=listitem]")].map(({ textContent }) => textContent));
    await eventually(async () => assert.deepEqual((await rows()).map((text) => text.match(/[\d.]+ px off/)?.[0]), ["0.0 px off", "123.4 px off"]));
    await page.locator(".wm-top").focus();
    await page.keyboard.press("Escape");
    if (await page.locator(".wm-panel").isHidden()) await page.locator('.wm-bar [data-field="panel"]').click();
    const worst = page.locator(".wm-off");
    assert.deepEqual((await worst.allTextContents()).map((text) => text.split(" ")[0]), ["123.4", "0.0"], "worst first");
    await worst.first().click();
    await eventually(async () => assert.match((await rows())[1], /selected/));
    // A mask that a run left: here the picture with the yellow disc, whose red is high.
    await page.evaluate(() => window.wanMoveTest.editors()[0].onExecuted({
      wanmove_masks: [{ filename: "mask.png", subfolder: "", type: "temp" }], wanmove_masks_digest: ["a"] }));
    await page.getByRole("button", { name: "Take it" }).click();
    await eventually(async () => assert.equal((await documents(page))[0].tracks.length, 3));
    const { knots: [place], spread } = (await documents(page))[0].tracks[2];
    assert.equal(spread.shape, "region");
    const reach = spread.polygon.map(([dx, dy]) => Math.hypot(dx, dy / 1));
    assert.ok(place.x < width / 2 && Math.max(...reach) < width / 4 && spread.offsets.length > 8, JSON.stringify(place));
    if (process.env.LOOK) await page.screenshot({ path: process.env.LOOK });
  },

  "in a subgraph: draw, undo, and the prompt has the drawing": async ({ page }) => {
    await drag(page, [[0.2, 0.6], [0.4, 0.35], [0.6, 0.55]]);
    await page.evaluate(async () => {
      const { app } = window;
      app.canvas.selectItems(window.wanMoveTest.editors());
      await app.extensionManager.command.execute("Comfy.Graph.ConvertToSubgraph");
      // As when it is opened the next day: the host rewrites an input's shape when it loads what it has just converted.
      await app.loadGraphData(JSON.parse(JSON.stringify(app.rootGraph.serialize())));
    });
    await settled(page);
    await page.evaluate(() => {
      const { app } = window;
      const outer = app.rootGraph._nodes.find((node) => node.subgraph);
      app.canvas.openSubgraph ? app.canvas.openSubgraph(outer.subgraph, outer) : app.canvas.setGraph(outer.subgraph);
    });
    await eventually(async () => assert.equal(await page.evaluate(() => window.app.canvas.graph.id !== window.app.rootGraph.id), true));
    await page.evaluate(() => {
      const [node] = window.wanMoveTest.editors();
      window.app.canvas.ds.scale = 1;
      window.app.canvas.ds.offset = [420 - node.pos[0], 80 - node.pos[1]];
      window.app.canvas.setDirty(true, true);
    });
    // Drawing the subgraph moves its input, and the host keeps that: a step of its own, or undo would bring the input's
    // old place back, and the key of redo would find a change and forget what there is to redo.
    await still(page);
    await page.evaluate(() => window.dispatchEvent(new MouseEvent("mouseup")));
    await settled(page);
    const inside = async () => ({ tracks: (await knots(page)).length,
      live: await page.evaluate(() => window.app.canvas.graph.id !== window.app.rootGraph.id && window.wanMoveTest.ready()) });
    try {
      await eventually(async () => assert.deepEqual(await inside(), { tracks: 1, live: true }));
      await still(page);
      await drag(page, [[0.2, 0.8], [0.45, 0.7], [0.7, 0.85]]);
      await eventually(async () => assert.deepEqual(await inside(), { tracks: 2, live: true }));
      await graphKey(page, "Control+z");
      await eventually(async () => assert.deepEqual(await inside(), { tracks: 1, live: true }));
      await eventually(async () => assert.equal(await page.evaluate(() => document.activeElement?.className), "wm-layer wm-top", "the editor has the focus again"), 8000);
      await graphKey(page, "Control+y");
      await eventually(async () => assert.deepEqual(await inside(), { tracks: 2, live: true }));
      const sent = await page.evaluate(async () => {
        const { output } = await window.app.graphToPrompt();
        return Object.values(output).find((node) => node.class_type === "WanMoveSplineEditor").inputs.splines;
      });
      assert.equal(JSON.parse(sent).tracks.length, 2);
    } finally {
      await page.evaluate(() => window.app.canvas.setGraph(window.app.rootGraph));
    }
  },

  "in an app's panel, 260 px wide: undo, redo, and drawing on": async ({ page }) => {
    const setMode = (mode) => page.evaluate((name) => {
      const { activeWorkflow } = window.app.extensionManager.workflow;
      const known = "activeMode" in activeWorkflow;
      if (known) activeWorkflow.activeMode = name;
      return known;
    }, mode);
    if (!(await setMode("graph"))) return;  // a frontend without apps
    await page.evaluate(async () => {
      const graph = JSON.parse(JSON.stringify(window.app.rootGraph.serialize()));
      const { id } = graph.nodes.find((node) => node.type === "WanMoveSplineEditor");
      graph.extra = { ...graph.extra, linearData: { inputs: [[id, "splines"]], outputs: [id] } };
      await window.app.loadGraphData(graph);
    });
    try {
      await setMode("app");
      const skip = page.getByText("Skip", { exact: true });
      await eventually(async () => assert.ok((await page.locator(".wm-top").boundingBox())?.width < 320 || (await skip.count())));
      if (await skip.count()) await skip.click();
      await page.addStyleTag({ content: "[data-widget-key], [data-testid=app-mode-widget-item] { width: 260px; }" });
      await still(page);
      const cut = () => page.evaluate(() => {
        const right = document.querySelector(".wm-editor").getBoundingClientRect().right;
        return [...document.querySelectorAll(".wm-bar > *")].filter((part) => part.getBoundingClientRect().right > right + 1).length;
      });
      assert.equal(await cut(), 0, "no button is cut");
      const snap = await page.locator(".wm-bar > select").first().boundingBox();
      assert.ok(snap.width >= 60, `the snap box shows its value: ${snap.width} px`);
      await drag(page, [[0.2, 0.3], [0.5, 0.6]]);
      assert.equal((await knots(page)).length, 1);
      await drag(page, [[0.8, 0.3], [0.5, 0.8]]);
      assert.equal((await knots(page)).length, 2);
      await graphKey(page, "Control+z");
      await eventually(async () => assert.equal((await knots(page)).length, 1));
      await still(page);
      await graphKey(page, "Control+y");
      await eventually(async () => assert.equal((await knots(page)).length, 2));
      await still(page);
      await drag(page, [[0.2, 0.8], [0.4, 0.8]]);
      await eventually(async () => assert.equal((await knots(page)).length, 3));
    } finally {
      await setMode("graph");
      await settled(page);
    }
  },

  "full screen and back keep the drawing": async ({ page }) => {
    await drag(page, [[0.2, 0.6], [0.4, 0.35], [0.6, 0.55]]);
    const before = await documents(page);
    await page.keyboard.press("Shift+F");
    await eventually(async () => assert.ok(await page.evaluate(() => document.fullscreenElement?.matches(".wm-editor"))));
    await eventually(async () => assert.ok((await page.locator(".wm-top").boundingBox()).width > 900));
    await drag(page, [[0.3, 0.8], [0.5, 0.7], [0.6, 0.8]]);
    await page.keyboard.press("Shift+F");
    await eventually(async () => assert.ok(await page.evaluate(() => !document.fullscreenElement)));
    await still(page);
    const [{ tracks }] = await documents(page);
    assert.equal(tracks.length, 2);
    assert.deepEqual(tracks[0], before[0].tracks[0]);
  },

  "a broken drawing is shown with its place and kept as it is": async ({ page }) => {
    for (const [text, message] of HOSTILE) {
      await setValue(page, text);
      const shown = await page.evaluate(() => document.querySelector(".wm-error p")?.textContent ?? "no error is shown");
      assert.match(shown, message, text.slice(0, 60));
      assert.equal(await getValue(page), text, "kept");
      assert.equal(await page.evaluate(() => window.app.rootGraph.serialize().nodes.find((node) => node.type === "WanMoveSplineEditor").widgets_values[0]), text);
      assert.equal(await page.evaluate(() => ({}).polluted), undefined);
    }
    const text = HOSTILE[0][0];
    await setValue(page, text);
    await page.evaluate(async () => window.app.loadGraphData(JSON.parse(JSON.stringify(window.app.rootGraph.serialize()))));
    await eventually(async () => assert.match((await page.locator(".wm-error p").textContent()) ?? "", /^tracks\[0\]/));
    assert.equal(await getValue(page), text, "kept over a reload");
    await page.locator(".wm-error textarea").fill('{"version":1,"width":832,"height":480,"fps":16,"frames":81,"tracks":[{"knots":[{"x":7,"y":11}]}]}');
    await page.getByRole("button", { name: "Apply" }).click();
    await eventually(async () => assert.deepEqual(await knots(page), [1]));
    assert.equal(await page.locator(".wm-error").count(), 0);
  },

  "the first frame of a video upstream is the background": async ({ page }) => {
    const expectGreen = (green) => eventually(async () => {
      const [red, value] = await middle(page);
      assert.equal(value > 120 && value > 2 * red, green, `${red}, ${value}`);
    });
    /** Feed the editor from a new node of this kind. */
    const feed = (kind) => page.evaluate((name) => {
      const { app, LiteGraph } = window;
      const [editor] = window.wanMoveTest.editors();
      const source = LiteGraph.createNode(name);
      app.rootGraph.add(source);
      if (name === "GetVideoComponents") {
        const load = LiteGraph.createNode("LoadVideo");
        app.rootGraph.add(load);
        load.connect(0, source, 0);
        app.nodeOutputs[String(load.id)] = { images: [{ filename: "clip.webm", subfolder: "", type: "input" }] };
      } else {
        const video = Object.assign(document.createElement("video"), { src: "/api/view?filename=clip.webm" });
        const box = document.createElement("div");
        box.append(video);
        source.addDOMWidget("preview", "preview", box, {});
      }
      source.connect(0, editor, editor.inputs.findIndex((slot) => slot.name === "image"));
    }, kind);
    await expectGreen(false);
    await feed("GetVideoComponents");
    await expectGreen(true);
    await page.evaluate(() => {
      const [editor] = window.wanMoveTest.editors();
      editor.disconnectInput(editor.inputs.findIndex((slot) => slot.name === "image"));
    });
    await expectGreen(false);
    // A loader of another pack, which a running ComfyUI need not have.
    if (!(await page.evaluate(() => "LoadFrames" in window.LiteGraph.registered_node_types))) return;
    await feed("LoadFrames");
    await expectGreen(true);
  },

  "after F5 the drawing is there": async ({ browser, url, vue }) => {
    // A page of its own: the frontend remembers the tabs of one page, and may open another of them.
    const { page, context, errors } = await bootComfy(browser, url);
    try {
      await openGraph(page, { vue });
      await drag(page, [[0.2, 0.6], [0.4, 0.35], [0.6, 0.55]]);
      const before = await documents(page);
      const kept = JSON.stringify(before[0].tracks[0].knots).replaceAll('"', "");
      await eventually(async () => assert.ok(await page.evaluate((text) =>
        Object.values({ ...localStorage, ...sessionStorage }).some((one) => one.replaceAll(/[\\"]/g, "").includes(text)), kept), "the frontend keeps a draft"));
      await page.reload();
      await booted(page);
      await eventually(async () => assert.deepEqual(await documents(page), before));
      await setRenderer(page, vue);  // a setting, which the test does not keep
      await showAt(page, 1);
      await drag(page, [[0.2, 0.8], [0.45, 0.7], [0.7, 0.85]]);
      assert.equal((await knots(page)).length, 2);
      assert.deepEqual(errors, []);
    } finally {
      await context.close();
    }
  },

  "a drawing that is linked in is sent, the own one is kept and comes back": async ({ page }) => {
    await drag(page, [[0.2, 0.6], [0.4, 0.35], [0.6, 0.55]]);
    const before = await documents(page);
    const sent = await page.evaluate(async () => {
      const { app } = window;
      const graph = JSON.parse(JSON.stringify(app.rootGraph.serialize()));
      const editor = graph.nodes.find((node) => node.type === "WanMoveSplineEditor");
      graph.nodes.push({ id: 90, type: "PrimitiveString", pos: [20, 500], size: [200, 100], flags: {}, order: 0, mode: 0, inputs: [],
        outputs: [{ name: "STRING", type: "STRING", links: [77] }], properties: {}, widgets_values: ["[]"] });
      editor.inputs.push({ name: "splines", type: "STRING", link: 77, widget: { name: "splines" } });
      graph.links.push([77, 90, 0, editor.id, editor.inputs.length - 1, "STRING"]);
      await app.loadGraphData(graph);
      const { output } = await app.graphToPrompt();
      return output[String(editor.id)].inputs.splines;
    });
    assert.deepEqual(sent, ["90", 0]);
    assert.deepEqual(await documents(page), before);
    await page.evaluate(() => {
      const [node] = window.wanMoveTest.editors();
      node.disconnectInput(node.inputs.findIndex((slot) => slot.name === "splines"));
      window.app.canvas.setDirty(true, true);
    });
    await still(page);
    assert.deepEqual(await documents(page), before);
    const own = await page.evaluate(async () => Object.values((await window.app.graphToPrompt()).output).find((node) => node.class_type === "WanMoveSplineEditor").inputs.splines);
    assert.equal(JSON.parse(own).tracks.length, 1);
  },
};
