/** Which video an editor draws for: found in the graph, through subgraphs both ways. */

import { FIRST_FAMILY } from "../editor/drawing/families.js";

const FIT = "WanMoveFitStartImage";
const ENCODE = "WanMoveEncodeStartImage";
/** Nodes that join tracks with the latent of an encoded start image. */
const GUIDES = ["WanMoveTrajectoryGuidance", "WanMoveGuidanceInspector", "WanMoveContinueGuidance"];
/** Where the tracks guide another model than Wan-Move's. @type {Readonly<Record<string, Family>>} */
const FAMILIES = { WanMoveTrajectoryMaps: "wan2.2-ti2v-5b" };
const [INNER_INPUT, INNER_OUTPUT] = [-10, -20];
const MOST = 400;

/** @type {(graph: HostGraph) => HostLink[]} */
const linksOf = (graph) => [...(graph._links?.values() ?? Object.values(graph.links ?? {}))];

/** The node that shows this graph as a subgraph, in whatever graph it is. @type {(app: HostApp, graph: HostGraph) => HostNode | undefined} */
function nodeAround(app, graph) {
  const graphs = [app.rootGraph, ...(app.rootGraph.subgraphs?.values() ?? [])];
  return graphs.flatMap((candidate) => candidate._nodes ?? candidate.nodes ?? []).find(({ subgraph }) => subgraph && (subgraph === graph || subgraph.id === graph.id));
}

/** What feeds an input: a node's output, or the value that a subgraph's own widget has.
 * @type {(app: HostApp, node: HostNode, slot: number, left?: number) => Origin | null} */
function originOf(app, node, slot, left = MOST) {
  const id = node.inputs?.[slot]?.link;
  const link = id === null || id === undefined || !node.graph ? undefined : linksOf(node.graph).find((candidate) => candidate.id === id);
  return link && node.graph ? resolve(app, node.graph, link, left) : null;
}

/** @type {(app: HostApp, graph: HostGraph, link: HostLink, left: number) => Origin | null} */
function resolve(app, graph, link, left) {
  if (left <= 0) return null;
  if (Number(link.origin_id) === INNER_INPUT) {
    const around = nodeAround(app, graph);
    if (!around) return null;
    const name = around.inputs?.[link.origin_slot]?.name;
    const widget = around.widgets?.find((candidate) => candidate.name === name);
    return originOf(app, around, link.origin_slot, left - 1) ?? (widget ? { value: widget.value } : null);
  }
  const node = graph.getNodeById(link.origin_id);
  if (!node) return null;
  if (node.type === "Reroute") return originOf(app, node, 0, left - 1);
  const { subgraph } = node;
  if (!subgraph) return { node, slot: link.origin_slot };
  const inner = linksOf(subgraph).find((candidate) => Number(candidate.target_id) === INNER_OUTPUT && candidate.target_slot === link.origin_slot);
  return inner ? resolve(app, subgraph, inner, left - 1) : null;
}

/** All nodes that an output reaches, out of subgraphs and into them. @type {(app: HostApp, graph: HostGraph, id: number | string, slot: number) => HostNode[]} */
function reached(app, graph, id, slot) {
  return linksOf(graph).filter((link) => String(link.origin_id) === String(id) && link.origin_slot === slot).flatMap((link) => {
    if (Number(link.target_id) === INNER_OUTPUT) {
      const around = nodeAround(app, graph);
      return around?.graph ? reached(app, around.graph, around.id, link.target_slot) : [];
    }
    const node = graph.getNodeById(link.target_id);
    if (!node) return [];
    return node.subgraph ? reached(app, node.subgraph, INNER_INPUT, link.target_slot) : [node];
  });
}

/** @type {(node: HostNode, name: string) => number} */
const slotOf = (node, name) => node.inputs?.findIndex((input) => input.name === name) ?? -1;

/** A typed value; one that comes over a link where its origin says it before a run; else undefined.
 * @type {(app: HostApp, node: HostNode, name: string, left?: number) => unknown} */
function valueOf(app, node, name, left = 20) {
  const origin = originOf(app, node, slotOf(node, name));
  if (!origin) return isLinked(node, name) ? undefined : node.widgets?.find((widget) => widget.name === name)?.value;
  if ("value" in origin) return origin.value;
  const output = origin.node.outputs?.[origin.slot]?.name ?? "";
  if (origin.node.comfyClass === FIT && left > 0) return valueOf(app, origin.node, output, left - 1);
  const said = /^Primitive/.test(origin.node.comfyClass ?? origin.node.type ?? "");
  return said ? origin.node.widgets?.[0]?.value : undefined;
}

/** @type {(node: HostNode, name: string) => boolean} */
const isLinked = (node, name) => (node.inputs?.[slotOf(node, name)]?.link ?? null) !== null;

/** The nodes that an editor's tracks reach, the nearest first. @param {HostApp} app @param {HostNode} node */
function* nodesAfter(app, node) {
  const seen = new Set();
  const waiting = node.graph ? reached(app, node.graph, node.id, 0) : [];
  while (waiting.length && seen.size < MOST) {
    const next = /** @type {HostNode} */ (waiting.shift());
    if (seen.has(next)) continue;
    seen.add(next);
    yield next;
    for (const [slot, { type }] of (next.outputs ?? []).entries()) {
      if (type === "TRACKS" && next.graph) waiting.push(...reached(app, next.graph, next.id, slot));
    }
  }
}

/** Whether an editor's tracks reach a node. @type {(app: HostApp, editor: HostNode, node: HostNode) => boolean} */
export const reachesNode = (app, editor, node) => [...nodesAfter(app, editor)].includes(node);

/** The Encode node that an editor's tracks end in. @type {(app: HostApp, node: HostNode) => HostNode | null} */
function encodeAfter(app, node) {
  for (const next of nodesAfter(app, node)) {
    const found = GUIDES.includes(next.comfyClass ?? "") ? originOf(app, next, slotOf(next, "conditioning_latent")) : null;
    if (found && "node" in found && found.node.comfyClass === ENCODE) return found.node;
  }
  return null;
}

/** The family of the model that an editor's tracks guide: of the nearest node that says it.
 * @type {(app: HostApp, node: HostNode) => Family} */
export function findFamily(app, node) {
  for (const { comfyClass = "" } of nodesAfter(app, node)) {
    if (GUIDES.includes(comfyClass)) break;
    const family = FAMILIES[comfyClass];
    if (family) return family;
  }
  return FIRST_FAMILY;
}

/** @type {(app: HostApp, node: HostNode, name: string) => HostNode | null} */
function nodeAt(app, node, name) {
  const origin = originOf(app, node, slotOf(node, name));
  return origin && "node" in origin ? origin.node : null;
}

/** What an editor draws for: the frame, and the node whose picture comes into it.
 * @param {HostApp} app @param {HostNode} editor @param {readonly number[] | null} lastRun width, height and frames
 * @returns {{frame: ClipFrame, picture: HostNode | null} | null} null where nothing says it */
export function findFrame(app, editor, lastRun) {
  const wired = isLinked(editor, "width") && isLinked(editor, "height");
  const above = ["image", "width"].map((name) => nodeAt(app, editor, name)).find((node) => node?.comfyClass === FIT);
  const encode = above ? null : encodeAfter(app, editor);
  const before = encode && nodeAt(app, encode, "start_image");
  const source = above ?? (before?.comfyClass === FIT ? before : encode);
  if (!source) return null;
  const said = ["width", "height", "length"].map((name) => valueOf(app, source, name));
  const known = said.every((value) => Number(value) > 0);
  const [width, height, frames] = known ? said.map(Number) : wired && lastRun ? lastRun : [];
  const resize = /** @type {FitMode} */ (valueOf(app, source, "resize"));
  if (!width || !height || !frames) return null;
  // A long video's tracks are longer than the clip that the fit is for.
  const length = wired && !isLinked(editor, "length") ? null : frames;
  const picture = nodeAt(app, source, source.comfyClass === FIT ? "image" : "start_image");
  return { frame: { width, height, frames: length, resize: ["crop", "stretch", "pad"].includes(resize) ? resize : "crop", wired, lastRun: !known, image: null }, picture };
}

/** What feeds an input with a picture, past the node that fits it. @type {(app: HostApp, node: HostNode, slot: number) => HostNode | null} */
export function pictureBefore(app, node, slot) {
  const origin = originOf(app, node, slot);
  if (!origin || !("node" in origin)) return null;
  return origin.node.comfyClass === FIT ? nodeAt(app, origin.node, "image") : origin.node;
}
