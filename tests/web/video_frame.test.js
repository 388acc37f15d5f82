/** The video that an editor draws for is found through subgraphs, into them and out of them. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { findFrame } from "../../web/js/host/video_frame.js";

const [INPUTS, OUTPUTS] = [-10, -20];
const VIDEO = ["width", "height", "length"];
const EDITOR = ["image", ...VIDEO];
const [EDITOR_ID, FIT_ID, ENCODE_ID, GUIDE_ID, LOAD_ID, OUTER_ID, INNER_ID, START_ID] = [1, 2, 3, 4, 5, 6, 7, 8];

const node = (comfyClass, inputs = [], widgets = {}, outputs = []) => ({
  comfyClass, type: comfyClass, inputs: inputs.map((name) => ({ name, link: null })),
  widgets: Object.entries(widgets).map(([name, value]) => ({ name, value })),
  outputs: outputs.map((name) => ({ name, type: name.toUpperCase() })),
});
const editor = () => node("WanMoveSplineEditor", EDITOR, {}, ["tracks"]);
const load = () => node("LoadImage", [], {}, ["image"]);
const fit = () => node("WanMoveFitStartImage", ["image"], { width: 96, height: 64, length: 17, resize: "pad" }, ["start_image", ...VIDEO]);
const encode = () => node("WanMoveEncodeStartImage", ["start_image", ...VIDEO], { width: 832, height: 480, length: 81, resize: "crop" }, ["conditioning_latent"]);
const guide = () => node("WanMoveTrajectoryGuidance", ["tracks", "conditioning_latent"]);
const subgraph = (graph, inputs, widgets = {}) => ({ ...node(graph.id, inputs, widgets), subgraph: graph });

/** Links are [node, output, node, input]. */
function graphOf(id, nodes, links) {
  const graph = { id, _links: new Map(), _nodes: [], subgraphs: new Map(), getNodeById: (wanted) => graph._nodes.find((own) => own.id === wanted) ?? null };
  graph._nodes = Object.entries(nodes).map(([key, own]) => Object.assign(own, { id: Number(key), graph }));
  links.forEach(([origin_id, origin_slot, target_id, target_slot], link) => {
    graph._links.set(link, { id: link, origin_id, origin_slot, target_id, target_slot });
    const entry = graph.getNodeById(target_id)?.inputs[target_slot];
    if (entry) entry.link = link;
  });
  return graph;
}

/** What the editor of these graphs draws for. */
function found(root, ...others) {
  for (const graph of others) root.subgraphs.set(graph.id, graph);
  const own = [root, ...others].flatMap(({ _nodes }) => _nodes).find(({ comfyClass }) => comfyClass === "WanMoveSplineEditor");
  const { frame, picture } = findFrame({ rootGraph: root }, own, null);
  return [frame.width, frame.height, frame.frames, frame.resize, frame.lastRun, picture?.comfyClass];
}
const PADDED = [96, 64, 17, "pad", false, "LoadImage"];

test("into two subgraphs, and out again to the node that fits the picture", () => {
  const inner = graphOf("inner", { [GUIDE_ID]: guide() }, [[INPUTS, 0, GUIDE_ID, 0], [INPUTS, 1, GUIDE_ID, 1]]);
  const outer = graphOf("outer", { [ENCODE_ID]: encode(), [INNER_ID]: subgraph(inner, ["tracks", "latent"]) }, [
    [INPUTS, 0, INNER_ID, 0], [INPUTS, 1, ENCODE_ID, 0], [ENCODE_ID, 0, INNER_ID, 1],
  ]);
  const root = graphOf("root", { [EDITOR_ID]: editor(), [LOAD_ID]: load(), [FIT_ID]: fit(), [OUTER_ID]: subgraph(outer, ["tracks", "start_image"]) }, [
    [LOAD_ID, 0, FIT_ID, 0], [EDITOR_ID, 0, OUTER_ID, 0], [FIT_ID, 0, OUTER_ID, 1],
  ]);
  assert.deepEqual(found(root, outer, inner), PADDED);
});

test("an editor in two subgraphs, wired to a fit around them", () => {
  const wires = EDITOR.map((_, slot) => [INPUTS, slot, EDITOR_ID, slot]);
  const inner = graphOf("inner", { [EDITOR_ID]: editor() }, wires);
  const outer = graphOf("outer", { [INNER_ID]: subgraph(inner, EDITOR) }, EDITOR.map((_, slot) => [INPUTS, slot, INNER_ID, slot]));
  const root = graphOf("root", { [LOAD_ID]: load(), [FIT_ID]: fit(), [OUTER_ID]: subgraph(outer, EDITOR) }, [
    [LOAD_ID, 0, FIT_ID, 0], ...EDITOR.map((_, slot) => [FIT_ID, slot, OUTER_ID, slot]),
  ]);
  assert.deepEqual(found(root, outer, inner), PADDED);
});

test("an editor in two subgraphs, whose tracks end in a picture encoded in two others", () => {
  const inner = graphOf("inner", { [EDITOR_ID]: editor() }, [[EDITOR_ID, 0, OUTPUTS, 0]]);
  const outer = graphOf("outer", { [INNER_ID]: subgraph(inner, []) }, [[INNER_ID, 0, OUTPUTS, 0]]);
  const encoder = graphOf("encoder", { [ENCODE_ID]: encode() }, [[INPUTS, 0, ENCODE_ID, 0], [ENCODE_ID, 0, OUTPUTS, 0]]);
  const start = graphOf("start", { [INNER_ID]: subgraph(encoder, ["image"]) }, [[INPUTS, 0, INNER_ID, 0], [INNER_ID, 0, OUTPUTS, 0]]);
  const root = graphOf("root", { [LOAD_ID]: load(), [GUIDE_ID]: guide(), [OUTER_ID]: subgraph(outer, []), [START_ID]: subgraph(start, ["image"]) }, [
    [LOAD_ID, 0, START_ID, 0], [OUTER_ID, 0, GUIDE_ID, 0], [START_ID, 0, GUIDE_ID, 1],
  ]);
  assert.deepEqual(found(root, outer, inner, start, encoder), [832, 480, 81, "crop", false, "LoadImage"]);
});

test("the shipped blueprint: its own widgets say the size, before any run", () => {
  const folder = new URL("../../subgraphs/", import.meta.url);
  const [name] = readdirSync(folder);
  const { nodes: [holder], definitions: { subgraphs: [definition] } } = JSON.parse(readFileSync(new URL(name, folder)));
  const entries = definition.inputs.map((entry) => entry.name);
  const widgets = { width: 480, height: 832, length: 33 };
  const links = definition.links.map((link) => [link.origin_id, link.origin_slot, link.target_id, link.target_slot]);
  const inside = graphOf(definition.id, Object.fromEntries(definition.nodes.map((own) => {
    const made = node(own.type, own.inputs.map((entry) => entry.name), own.type === "WanMoveFitStartImage" ? { resize: "stretch" } : {});
    return [own.id, { ...made, outputs: own.outputs.map((entry) => ({ ...entry })) }];
  })), links);
  const outside = { [EDITOR_ID]: editor(), [LOAD_ID]: load(), [OUTER_ID]: subgraph(inside, entries, widgets) };
  const into = (from, input) => [from, 0, OUTER_ID, entries.indexOf(input)];
  const root = graphOf("root", outside, [into(EDITOR_ID, "tracks"), into(LOAD_ID, "start_image")]);
  assert.deepEqual(found(root, inside), [480, 832, 33, "stretch", false, "LoadImage"]);
  assert.deepEqual(holder.outputs, definition.outputs.map(({ name: output, type }) => ({ name: output, type, links: null })));
});
