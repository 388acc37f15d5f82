/** The panel beside the canvas: numbers and choices for what is selected. */

import { element, group, iconButton, pair, toolbar } from "../page/dom.js";
import { stridesOf } from "../drawing/cells.js";
import { patchChildren } from "../page/patch.js";
import { spreadSection, timingSection, visibilitySection } from "./motion.js";
import { findTrack, selectedTracks, wholly } from "../drawing/selection.js";

/** @type {Arrangement[]} */
const ARRANGEMENTS = ["left", "center", "right", "top", "middle", "bottom", "distribute-x", "distribute-y"];
/** Commands. @type {IconName[]} */
const TRACK_TOOLS = ["simplify", "smooth", "reverse", "mirror-x", "mirror-y", "duplicate", "up", "down", "delete"];
/** @type {Record<Arrangement, string>} */
const ARRANGED = {
  left: "Align left", center: "Centre across", right: "Align right", top: "Align top", middle: "Centre down", bottom: "Align bottom",
  "distribute-x": "Space evenly across", "distribute-y": "Space evenly down",
};
const ROWS_SHOWN = 20;
const SIZE = { min: 8, max: 16384, step: 8, whole: true };

/** Sizes that the models were made for. */
const PRESETS = ["832x480", "480x832", "624x624", "1280x720", "720x1280", "960x960"];

/** @type {(panel: Panel) => HTMLElement} */
function canvasSection(panel) {
  const { store, ui, choices } = panel;
  const { drawing: { width, height, frames, fps }, session: { family } } = store.get();
  const [perLatent, , cell] = stridesOf(family);
  // What the model takes: two cells of its latents, and whole latent frames after the first one.
  const side = (/** @type {number} */ value) => (choices.snap ? Math.max(Math.round(value / (2 * cell)), 1) * 2 * cell : value);
  const length = (/** @type {number} */ value) => (choices.snap ? Math.max(Math.round((value - 1) / perLatent), 0) * perLatent + 1 : value);
  const resize = (/** @type {{width?: number, height?: number}} */ size) =>
    store.act([{ type: "set-canvas", width, height, ...size, fit: choices.fit }]);
  const retime = (/** @type {{frames?: number, fps?: number}} */ clip) =>
    store.act([{ type: "set-clip", frames, fps, ...clip, fit: choices.retime }]);
  const known = PRESETS.includes(`${width}x${height}`) ? `${width}x${height}` : "";
  const presets = Object.fromEntries([["", "Own size"], ...PRESETS.map((name) => [name, name.replace("x", " × ")])]);
  return ui.section("Canvas",
    ui.select("Preset", "preset", presets, known, (name) => {
      const [w, h] = name.split("x").map(Number);
      if (w && h) resize({ width: w, height: h });
    }),
    pair(
      ui.number("Width", "width", width, (value) => resize({ width: side(value) }), SIZE),
      ui.number("Height", "height", height, (value) => resize({ height: side(value) }), SIZE),
    ),
    ui.select("On resize", "fit", { stretch: "Stretch tracks", keep: "Keep positions" }, choices.fit, (fit) => void (choices.fit = fit)),
    pair(
      ui.number("Frames", "frames", frames, (value) => retime({ frames: length(value) }), { min: 1, max: 10000, step: 4, whole: true }),
      ui.number("FPS", "fps", fps, (value) => retime({ fps: value }), { min: 1, max: 240 }),
    ),
    ui.select("On new length", "retime", { retime: "Retime", keep: "Keep frames" }, choices.retime, (fit) => void (choices.retime = fit)),
    ui.check("Only sizes and lengths that the model takes", "model-sizes", choices.snap, (snap) => void (choices.snap = snap)),
  );
}

/** @type {(panel: Panel) => HTMLElement[]} */
function filesSections(panel) {
  const { ui, background, canExport } = panel;
  const opacity = element("input", { type: "range", min: "0.1", max: "1", step: "0.05", value: String(background.opacity), data: { field: "opacity" } });
  opacity.oninput = ({ currentTarget }) => panel.setOpacity(/** @type {HTMLInputElement} */ (currentTarget).valueAsNumber);
  const formats = Object.fromEntries(["", ...canExport].map((name) => [name, name || "Export"]));
  const clear = background.chosen ? [ui.button("Clear", panel.clearBackground)] : [];
  const exported = ui.select("", "export", formats, "", () => {});
  exported.onchange = ({ currentTarget }) => {
    const chosen = /** @type {HTMLSelectElement} */ (currentTarget);
    if (chosen.value) panel.exportTracks(chosen.value);
    chosen.value = "";
  };
  return [
    ui.section("Background", group(ui.button("Choose", panel.chooseBackground), ...clear), ui.row("Opacity", opacity)),
    ui.section("Tracks", group(ui.button("Pin everything else", panel.pinRest)), group(ui.button("Import", panel.importTracks), exported)),
  ];
}

/** What the video did with each row, the worst first; a press selects the row. @type {(panel: Panel) => HTMLElement | null} */
function followedSection({ store, ui }) {
  const { drawing, session: { followed } } = store.get();
  if (!followed) return null;
  const rows = followed.rows.flatMap(({ track: id, error, lost }) => {
    const track = findTrack(drawing, id);
    if (!track) return [];
    const text = `${error.toFixed(1)} px  ${track.name}${lost ? `, ${ui.t("lost in")} ${lost} ${ui.t("frames")}` : ""}`;
    return [element("button", { type: "button", className: "wm-button wm-off", textContent: text, data: { field: `off-${id}` },
      onclick: () => store.session({ selection: wholly([track]), tool: "select", unfinished: null }) })];
  });
  return ui.section("Asked and got", ...rows.slice(0, ROWS_SHOWN), group(ui.button("Hide what was followed", () => store.session({ followed: null }))));
}

/** @type {(panel: Panel, tracks: readonly Track[]) => HTMLElement} */
function trackSection({ store, ui }, tracks) {
  const [{ name, color, curve }] = tracks;
  const mixed = tracks.some((track) => track.curve !== curve);
  const all = (/** @type {"locked" | "hidden"} */ field) => tracks.every((track) => track[field]);
  const patch = (/** @type {Partial<Track>} */ change) => store.patchTracks(tracks, change);
  return ui.section("Track",
    tracks.length === 1 ? ui.text("Name", "text", name, (value) => patch({ name: value }))
      : element("p", { className: "wm-note" }, `${tracks.length} ${ui.t("tracks")}`),
    ui.text("Color", "color", color, (value) => patch({ color: value })),
    tracks.every(({ knots }) => knots.length < 2) ? null
      : ui.select("Curve", "curve", { ...(mixed && { mixed: "Mixed" }), "catmull-rom": "Smooth", bezier: "Bezier", polyline: "Polyline" }, mixed ? "mixed" : curve,
        (value) => value !== "mixed" && patch({ curve: value })),
    toolbar(ui.t("Track"), "wm-group", ...TRACK_TOOLS.map((id) => ui.command(id))),
    group(
      ui.check("Locked", "locked", all("locked"), (value) => patch({ locked: value })),
      ui.check("Hidden", "hidden", all("hidden"), (value) => patch({ hidden: value })),
    ),
    ...linkFields(store, ui, tracks),
  );
}

/** @type {(store: Store, ui: Controls, tracks: readonly Track[]) => (HTMLElement | null)[]} */
function linkFields(store, ui, tracks) {
  const [{ group: name, parent }] = tracks;
  const { drawing } = store.get();
  const ids = tracks.map(({ id }) => id);
  const mixed = tracks.some((track) => track.parent !== parent);
  const others = drawing.tracks.filter(({ id }) => !ids.includes(id));
  if (others.length === 0 && tracks.length === 1) return [];
  const options = { ...(mixed && { mixed: "Mixed" }), "": "Nothing", ...Object.fromEntries(others.map((track) => [`=${track.id}`, track.name])) };
  return [
    ui.text("Group", "text", tracks.every((track) => track.group === name) ? name ?? "" : "", (value) => store.patchTracks(tracks, { group: value.trim() || null })),
    ui.select("Moves with", "parent", options, mixed ? "mixed" : parent === null ? "" : `=${parent}`,
      (value) => value !== "mixed" && store.act([{ type: "link", ids, parent: value ? value.slice(1) : null }])),
  ];
}

/** @type {(panel: Panel, selection: SelectedParts) => HTMLElement | null} */
function alignSection({ store, ui }, selection) {
  if (selection.length < 2 && (selection[0].knots?.length ?? 0) < 2) return null;
  return ui.section("Align", toolbar(ui.t("Align"), "wm-group", ...ARRANGEMENTS.map((how) =>
    iconButton(how, ui.t(ARRANGED[how]), () => store.act([{ type: "arrange", selection, how }])))));
}

/** @type {(panel: Panel, track: Track, index: number) => HTMLElement} */
function knotSection({ store, ui }, { id, knots }, index) {
  const { x, y } = knots[index];
  const patch = (/** @type {{x?: number, y?: number}} */ change) => store.act([{ type: "patch-knot", id, knot: index, patch: change }]);
  return ui.section(`${ui.t("Knot")} ${index + 1}`, pair(
    ui.number("x", "x", x, (value) => patch({ x: value }), { step: 0.5 }),
    ui.number("y", "y", y, (value) => patch({ y: value }), { step: 0.5 }),
  ));
}

/** @type {(panel: Panel) => (HTMLElement | null)[]} */
function sections(panel) {
  const state = { ...panel.store.get(), drawing: panel.store.shown() };
  const { selection } = state.session;
  const tracks = selectedTracks(state);
  const [track] = tracks;
  if (!track) return [followedSection(panel), canvasSection(panel), ...filesSections(panel)];
  const knots = track.knots.length === 1 ? [0] : (selection[0].knots ?? []);
  const knot = tracks.length === 1 && knots.length === 1 ? knots[0] : undefined;
  return [
    knot === undefined ? null : knotSection(panel, track, knot),
    trackSection(panel, tracks),
    alignSection(panel, selection),
    track.knots.length > 1 ? timingSection(panel, tracks, knot) : null,
    visibilitySection(panel, tracks),
    spreadSection(panel, tracks),
    element("details", { data: { field: "canvas-and-files" } }, element("summary", {}, panel.ui.t("Canvas, background, import and export")),
      canvasSection(panel), ...filesSections(panel)),
  ];
}

/** Redraw the panel. What is there stays, with its focus; a field that got another number is selected.
 * @type {(root: HTMLElement, panel: Panel) => void} */
export function renderInspector(root, panel) {
  const active = document.activeElement;
  const field = active instanceof HTMLInputElement && active.type !== "range" && root.contains(active) ? active : null;
  const before = field?.value;
  patchChildren(root, element("div", {}, ...sections(panel).filter((part) => part !== null)));
  if (field && field.value !== before) field.select();
}
