/** The bar above the canvas, the transport below it, and the line of text on it. */

import { latentCells } from "../drawing/cells.js";
import { idleLines } from "../drawing/idle.js";
import { findTrack } from "../drawing/selection.js";
import { aims } from "../input/crosshair.js";
import { TOOLS } from "../input/tools.js";
import { takesPart } from "../input/wanding.js";
import { element, iconButton, toolbar } from "./dom.js";

/** What else to take, after a path over an object that is larger than its ring.
 * @param {() => Pixels | null} pixels @returns {(drawing: Drawing, session: Session) => string[]} */
function createAdvice(pixels) {
  /** Looked at once for every path: the picture is large. @type {WeakMap<Track, boolean>} */
  const looked = new WeakMap();
  return (drawing, { selection, drag }) => {
    const track = drag || selection.length !== 1 ? undefined : findTrack(drawing, selection[0].track);
    if (!track) return [];
    const known = looked.get(track) ?? takesPart(drawing, track, pixels);
    looked.set(track, known);
    return known ? ["The object under this path is larger: take it with the wand (W), or lasso it (R)"] : [];
  };
}

/** What to do next, for someone who has never seen this. @type {(drawing: Drawing, session: Session) => string} */
function hintFor(drawing, { drag, unfinished, tool }) {
  if (drag) return "";
  if (unfinished) return "Click the next place. Enter or a double-click ends the path.";
  return drawing.tracks.length > 0 ? "" : TOOLS.find(({ id }) => id === tool)?.hint ?? "";
}

/**
 * @param {HTMLElement} status @param {{store: Store, player: Player, ui: Controls, hostHistory: boolean, pixels: () => Pixels | null, togglePanel: () => void}} parts
 */
export function createChrome(status, { store, player, ui, hostHistory, pixels, togglePanel }) {
  const { t, command } = ui;
  const advice = createAdvice(pixels);
  const tools = TOOLS.map(({ id }) => command(id));
  const [undo, redo] = [command("undo"), command("redo")];
  const [cells, labels, maps] = [command("cells"), command("labels"), command("maps")];
  /** @type {Record<Snap, string>} */
  const snaps = { none: "No snap", pixels: "Pixels", cells: "Cells", knots: "Knots" };
  const snap = /** @type {HTMLSelectElement} */ (ui.select("", "snap", snaps, "none", (value) => store.session({ snap: value })));
  snap.title = t("Snap");
  const [play, pause] = [command("play"), iconButton("pause", t("Pause"), player.toggle, "Space")];
  const motion = command("motion");
  const loop = iconButton("loop", t("Loop"), player.toggleLoop);
  const readout = element("output", { className: "wm-readout" });
  const span = (/** @type {string} */ className) => element("span", { className });
  const bar = toolbar(t("Tools"), "wm-bar", ...tools, span("wm-rule"), undo, redo, span("wm-rule"), snap, cells, labels, maps, span("wm-gap"),
    command("fit"), command("help"), command("full"), iconButton("panel", t("Panel"), togglePanel));
  const transport = toolbar(t("Time"), "wm-transport",
    command("first"), play, pause, command("last"), loop, motion, readout, span("wm-gap"), command("time-out"), command("time-in"));

  function refresh() {
    const { drawing: drawing, session } = store.get();
    TOOLS.forEach(({ id }, i) => (tools[i].ariaPressed = String(id === session.tool)));
    const toggles = { cells, labels, motion, maps };
    for (const name of /** @type {(keyof typeof toggles)[]} */ (Object.keys(toggles))) toggles[name].ariaPressed = String(session[name]);
    loop.ariaPressed = String(player.loop());
    snap.value = session.snap;
    undo.disabled = !hostHistory && !store.canUndo();
    redo.disabled = !hostHistory && !store.canRedo();
    play.hidden = player.playing();
    pause.hidden = !player.playing();
    readout.textContent = `${session.frame} / ${drawing.frames - 1}  ·  ${(session.frame / drawing.fps).toFixed(2)} s`;
    if (status.classList.contains("wm-warn") && session.drag === null) return status.classList.remove("wm-warn");
    const hint = hintFor(drawing, session);
    status.classList.toggle("wm-hint", hint !== "");
    const tolerance = session.tool === "wand" && `${t("Tolerance")} ${session.tolerance}`;
    status.textContent = [tolerance, hint ? t(hint) : statusText(drawing, session)].filter(Boolean).join("  ·  ");
  }

  /** @type {(drawing: Drawing, session: Session) => string} */
  function statusText(drawing, session) {
    const { cells: shown, cursor, frame, family } = { ...session, cursor: (aims(session) && session.aim) || session.cursor };
    const idle = [...advice(drawing, session).map(t), ...idleLines(store.shown(), family, t)];
    if (!shown) return [...(cursor ? [`${cursor.x.toFixed(1)}, ${cursor.y.toFixed(1)}`] : []), ...idle.slice(0, 2)].join("  ·  ");
    const found = latentCells(store.shown(), frame, family);
    return [
      `${t("latent frame")} ${found.latentFrame} / ${found.latentFrames - 1}`, `${found.cells.size} ${t("cells")}`,
      `${found.moved} ${t("moved")}`, `${found.shared} ${t("shared")}`,
      ...idle.slice(0, 2),
    ].join("  ·  ");
  }

  return { refresh, bar, transport };
}
