/** The bar above the canvas, the transport below it, and the line of text on it. */

import { latentCells } from "./cells.js";
import { element, iconButton } from "./dom.js";
import { findTrack } from "./selection.js";

/**
 * @param {HTMLElement} status @param {{store: Store, player: Player, ui: Controls, hostHistory: boolean, togglePanel: () => void}} parts
 */
export function createChrome(status, { store, player, ui, hostHistory, togglePanel }) {
  const { t, command } = ui;
  const tools = [command("select", "Select"), command("draw", "Draw"), command("anchor", "Anchor"), command("region", "Region")];
  const [undo, redo, cells] = [command("undo", "Undo"), command("redo", "Redo"), command("cells", "Latent cells")];
  /** @type {Record<Snap, string>} */
  const snaps = { none: "No snap", pixels: "Pixels", cells: "Cells", knots: "Knots" };
  const snap = /** @type {HTMLSelectElement} */ (ui.select("", "snap", snaps, "none", (value) => store.session({ snap: value })));
  snap.title = t("Snap");
  const [play, pause] = [command("play", "Play"), iconButton("pause", t("Pause"), player.toggle, "Space")];
  const loop = iconButton("loop", t("Loop"), player.toggleLoop);
  const readout = element("output", { className: "wm-readout" });
  const span = (/** @type {string} */ className) => element("span", { className });
  const bar = element("div", { className: "wm-bar" }, ...tools, span("wm-rule"), undo, redo, span("wm-rule"), snap, cells, span("wm-gap"),
    command("fit", "Fit to view"), command("help", "Help"), command("full", "Full screen"), iconButton("panel", t("Panel"), togglePanel));
  const transport = element("div", { className: "wm-transport" },
    command("first", "First frame"), play, pause, command("last", "Last frame"), loop, readout);

  function refresh() {
    const { document: doc, session } = store.get();
    ["select", "draw", "anchor", "region"].forEach((tool, i) => (tools[i].ariaPressed = String(tool === session.tool)));
    cells.ariaPressed = String(session.cells);
    loop.ariaPressed = String(player.loop());
    snap.value = session.snap;
    undo.disabled = !hostHistory && !store.canUndo();
    redo.disabled = !hostHistory && !store.canRedo();
    play.hidden = player.playing();
    pause.hidden = !player.playing();
    readout.textContent = `${session.frame} / ${doc.frames - 1}  ·  ${(session.frame / doc.fps).toFixed(2)} s`;
    if (status.classList.contains("wm-warn") && session.drag === null) return status.classList.remove("wm-warn");
    const hint = hintFor(doc, session);
    status.classList.toggle("wm-hint", hint !== "");
    status.textContent = hint ? t(hint) : statusText(doc, session);
  }

  /** What to do next, for someone who has never seen this. @type {(doc: MotionDocument, session: Session) => string} */
  function hintFor(doc, { drag, drawing, tool }) {
    if (drag) return "";
    if (drawing) return "Click the next place. Enter or a double-click ends the path.";
    return doc.tracks.length > 0 ? ""
      : tool === "region" ? "Drag around what should move."
      : tool === "anchor" ? "Click what should stay where it is."
      : "Click or drag from what should move to where it goes. ? shows all keys.";
  }

  /** @type {(doc: MotionDocument, session: Session) => string} */
  function statusText(doc, { cells: shown, cursor, frame }) {
    if (!shown) return cursor ? `${cursor.x.toFixed(1)}, ${cursor.y.toFixed(1)}` : "";
    const found = latentCells(store.shown(), frame);
    const hidden = found.hiddenStarts.map((id) => findTrack(doc, id)?.name).join(", ");
    return [
      `${t("latent frame")} ${found.latentFrame} / ${found.latentFrames - 1}`, `${found.cells.size} ${t("cells")}`,
      `${found.moved} ${t("moved")}`, `${found.shared} ${t("shared")}`,
      ...(hidden ? [`${hidden}: ${t("hidden at the start: guides nothing")}`] : []),
    ].join("  ·  ");
  }

  return { refresh, bar, transport };
}
