/** The panel beside the canvas: numbers and choices for what is selected. */

import {
  button, checkbox, element, group, iconButton, numberInput, pair, row, section, selectInput,
} from "./dom.js";
import { COMMANDS } from "./commands.js";
import { spreadSection, visibilitySection } from "./inspector_spread.js";
import { timingSection } from "./inspector_timing.js";
import { selectedIds, selectedTracks } from "./selection.js";

/**
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./types.js").Track} Track
 * @typedef {import("./types.js").Selected} Selected
 * @typedef {import("./types.js").MotionDocument} MotionDocument
 * @typedef {import("./types.js").Arrangement} Arrangement
 * @typedef {import("./commands.js").Host} Host
 * @typedef {{fit: "stretch" | "keep", retime: "retime" | "keep"}} Choices
 * @typedef {{store: Store, t: (text: string) => string, host: Host, choices: Choices,
 *   background: {opacity: number, chosen: boolean}, setOpacity: (value: number) => void,
 *   chooseBackground: () => void, clearBackground: () => void, importTracks: () => void,
 *   exportTracks: (format: string) => void, canExport: readonly string[]}} Panel
 */

/** @param {Panel} panel */
function canvasSection({ store, t, choices }) {
  const { width, height, frames, fps } = store.get().document;
  const size = (/** @type {{width?: number, height?: number}} */ patch) =>
    store.act([{ type: "set-canvas", width, height, ...patch, fit: choices.fit }]);
  const clip = (/** @type {{frames?: number, fps?: number}} */ patch) =>
    store.act([{ type: "set-clip", frames, fps, ...patch, fit: choices.retime }]);
  const limits = { min: 8, max: 16384, step: 8 };
  return section(
    t("Canvas"),
    pair(
      row(t("Width"), numberInput("width", width, (value) => size({ width: Math.round(value ?? width) }), limits)),
      row(t("Height"), numberInput("height", height, (value) => size({ height: Math.round(value ?? height) }), limits)),
    ),
    row(t("On resize"), selectInput("fit", [["stretch", t("Stretch tracks")], ["keep", t("Keep positions")]], choices.fit, (value) => {
      choices.fit = value === "keep" ? "keep" : "stretch";
    })),
    pair(
      row(t("Frames"), numberInput("frames", frames, (value) => clip({ frames: Math.round(value ?? frames) }), { min: 1, max: 10000, step: 4 })),
      row(t("FPS"), numberInput("fps", fps, (value) => clip({ fps: value ?? fps }), { min: 1, max: 240 })),
    ),
    row(t("On new length"), selectInput("retime", [["retime", t("Retime tracks")], ["keep", t("Keep frames")]], choices.retime, (value) => {
      choices.retime = value === "keep" ? "keep" : "retime";
    })),
  );
}

/** @param {Panel} panel */
function filesSection(panel) {
  const { t, background } = panel;
  const opacity = element("input", { type: "range", min: "0.1", max: "1", step: "0.05", value: String(background.opacity) });
  opacity.oninput = () => panel.setOpacity(opacity.valueAsNumber);
  const formats = element("select", {});
  formats.append(new Option(t("Export"), ""), ...panel.canExport.map((name) => new Option(name, name)));
  formats.onchange = () => {
    if (formats.value) panel.exportTracks(formats.value);
    formats.value = "";
  };
  return [
    section(
      t("Background"),
      group(button(t("Choose"), panel.chooseBackground), ...(background.chosen ? [button(t("Clear"), panel.clearBackground)] : [])),
      row(t("Opacity"), opacity),
    ),
    section(t("Tracks"), group(button(t("Import"), panel.importTracks), formats)),
  ];
}

/** @param {Panel} panel @param {Track[]} tracks */
function trackSection({ store, t, host }, tracks) {
  const ids = tracks.map((track) => track.id);
  const first = /** @type {Track} */ (tracks[0]);
  const patch = (/** @type {Partial<Track>} */ change) => store.act([{ type: "patch-tracks", ids, patch: change }]);
  const name = element("input", { type: "text", value: first.name, dataset: { field: "name" } });
  name.onchange = () => patch({ name: name.value });
  const color = element("input", { type: "color", value: first.color, dataset: { field: "color" } });
  color.onchange = () => patch({ color: color.value });
  const run = (/** @type {string} */ label) => {
    const command = COMMANDS.find((candidate) => candidate.label === label);
    return () => command?.run(host);
  };
  const tools = /** @type {const} */ ([
    ["reverse", "Reverse"], ["mirror-x", "Mirror left-right"], ["mirror-y", "Mirror up-down"],
    ["duplicate", "Duplicate"], ["up", "Bring forward"], ["down", "Send backward"], ["delete", "Delete"],
  ]);
  const identity = tracks.length === 1 ? row(t("Name"), name) : element("p", { className: "wm-note" }, `${tracks.length} ${t("tracks")}`);
  return section(
    t("Track"),
    identity,
    row(t("Color"), color),
    row(t("Curve"), selectInput("curve", [["catmull-rom", t("Smooth")], ["bezier", t("Bezier")], ["polyline", t("Polyline")]], first.curve, (value) =>
      patch({ curve: /** @type {Track["curve"]} */ (value) }))),
    group(...tools.map(([symbol, label]) => iconButton(symbol, t(label), run(label)))),
    group(
      checkbox("locked", t("Locked"), first.locked, (locked) => patch({ locked })),
      checkbox("hidden", t("Hidden"), first.hidden, (hidden) => patch({ hidden })),
    ),
  );
}

/** @param {Panel} panel @param {readonly Selected[]} selection */
function alignSection({ store, t }, selection) {
  const knots = selection[0]?.knots?.length ?? 0;
  if (selection.length < 2 && knots < 2) return null;
  /** @type {Arrangement[]} */
  const ways = ["left", "center", "right", "top", "middle", "bottom", "distribute-x", "distribute-y"];
  const act = (/** @type {Arrangement} */ how) => () => store.act([{ type: "arrange", selection, how }]);
  return section(t("Align"), group(...ways.map((how) => iconButton(how, how, act(how)))));
}

/** x and y of one knot. @param {Panel} panel @param {Track} track @param {number} index */
function knotSection({ store, t }, track, index) {
  const knot = track.knots[index];
  if (!knot) return null;
  const patch = (/** @type {{x?: number, y?: number}} */ change) =>
    store.act([{ type: "patch-knot", id: track.id, knot: index, patch: change }]);
  return section(
    `${t("Knot")} ${index + 1}`,
    pair(
      row("x", numberInput("x", knot.x, (x) => patch({ x: x ?? knot.x }), { step: 0.5 })),
      row("y", numberInput("y", knot.y, (y) => patch({ y: y ?? knot.y }), { step: 0.5 })),
    ),
  );
}

/** @param {Panel} panel @returns {HTMLElement[]} */
function sections(panel) {
  const { store, t } = panel;
  const { document, session } = store.get();
  const tracks = selectedTracks(document, session.selection);
  const [track] = tracks;
  if (!track) return [canvasSection(panel), ...filesSection(panel)];
  const knots = session.selection[0]?.knots;
  const knot = tracks.length !== 1 ? undefined : track.knots.length === 1 ? 0 : knots?.length === 1 ? knots[0] : undefined;
  const ids = selectedIds(session.selection);
  const all = [
    knot === undefined ? null : knotSection(panel, track, knot),
    trackSection(panel, tracks),
    alignSection(panel, session.selection),
    track.knots.length > 1 ? timingSection({ store, t }, tracks, knot) : null,
    visibilitySection({ store, t }, tracks),
    spreadSection({ store, t }, track, ids),
  ];
  return /** @type {HTMLElement[]} */ (all.filter((part) => part !== null));
}

/** Redraw the panel; the field that had the focus gets it back.
 * @param {HTMLElement} root @param {Panel} panel */
export function renderInspector(root, panel) {
  const active = document.activeElement;
  const field = active instanceof HTMLElement && root.contains(active) ? active.dataset.field : undefined;
  const { scrollTop } = root;
  root.replaceChildren(...sections(panel));
  root.scrollTop = scrollTop;
  if (!field) return;
  const next = root.querySelector(`[data-field="${field}"]`);
  if (next instanceof HTMLElement) next.focus({ preventScroll: true });
}
