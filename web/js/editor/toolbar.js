/** The bar above the canvas, the transport below it, and the status line. */

import { latentCells } from "./cells.js";
import { COMMANDS } from "./commands.js";
import { element, iconButton, selectInput } from "./dom.js";

/**
 * @typedef {import("./types.js").Session} Session
 * @typedef {import("./types.js").MotionDocument} MotionDocument
 * @typedef {{bar: HTMLElement, transport: HTMLElement, status: HTMLElement,
 *   store: import("./store.js").Store, player: ReturnType<typeof import("./player.js").createPlayer>,
 *   host: import("./commands.js").Host, t: (text: string) => string, redraw: () => void,
 *   undoIsOurs: boolean, redoIsOurs: boolean, togglePanel: () => void}} Chrome
 */

const TOOLS = /** @type {const} */ ([["select", "Select", "V"], ["draw", "Draw", "P"], ["anchor", "Anchor", "A"], ["region", "Region", "R"]]);

/** @param {Chrome} options */
export function createChrome({ bar, transport, status, store, player, host, t, redraw, undoIsOurs, redoIsOurs, togglePanel }) {
  const toolButtons = TOOLS.map(([tool, label, key]) => {
    const made = iconButton(tool, t(label), () => store.session({ tool, drawing: null }), key);
    made.dataset["tool"] = tool;
    return made;
  });
  const undoButton = iconButton("undo", t("Undo"), host.undo, "Ctrl+Z");
  const redoButton = iconButton("redo", t("Redo"), host.redo, "Ctrl+Y");
  const cellsButton = iconButton("cells", t("Latent cells"), () => store.session({ cells: !store.get().session.cells }), "C");
  const snapSelect = selectInput("snap", [["none", t("No snap")], ["pixels", t("Pixels")], ["cells", t("Cells")], ["knots", t("Knots")]], "none", (value) =>
    store.session({ snap: /** @type {Session["snap"]} */ (value) }));
  snapSelect.title = t("Snap");
  const gap = () => element("span", { className: "wm-gap" });
  const rule = () => element("span", { className: "wm-rule" });
  bar.append(
    ...toolButtons, rule(), undoButton, redoButton, rule(), snapSelect, cellsButton, gap(),
    iconButton("fit", t("Fit to view"), host.fit, "F"),
    iconButton("help", t("Help"), host.help, "?"),
    iconButton("full", t("Full screen"), host.full, "Shift+F"),
    iconButton("panel", t("Panel"), togglePanel),
  );
  const playButton = iconButton("play", t("Play"), player.toggle, "Space");
  const pauseButton = iconButton("pause", t("Pause"), player.toggle, "Space");
  const loopButton = iconButton("loop", t("Loop"), () => {
    player.setLoop(!player.loop());
    redraw();
  });
  const readout = element("output", { className: "wm-readout" });
  const run = (/** @type {string} */ key) => () => COMMANDS.find(({ keys }) => keys.includes(key))?.run(host);
  transport.append(
    iconButton("first", t("First frame"), run("Home")), playButton, pauseButton,
    iconButton("last", t("Last frame"), run("End")), loopButton, readout, gap(), element("span", { className: "wm-note" }),
  );

  function refresh() {
    const { document: doc, session } = store.get();
    for (const made of toolButtons) made.ariaPressed = String(made.dataset["tool"] === session.tool);
    cellsButton.ariaPressed = String(session.cells);
    loopButton.ariaPressed = String(player.loop());
    snapSelect.value = session.snap;
    undoButton.disabled = undoIsOurs && !store.canUndo();
    redoButton.disabled = redoIsOurs && !store.canRedo();
    playButton.hidden = player.playing();
    pauseButton.hidden = !player.playing();
    readout.textContent = `${session.frame} / ${doc.frames - 1}  ·  ${(session.frame / doc.fps).toFixed(2)} s`;
    if (status.classList.contains("wm-warn") && session.drag === null) status.classList.remove("wm-warn");
    else status.textContent = statusText(doc, session);
  }

  /** @param {MotionDocument} doc @param {Session} session */
  function statusText(doc, session) {
    if (doc.tracks.length === 0) return t("Drag to draw a path, or click knot by knot.");
    if (!session.cells) return session.cursor ? `${session.cursor.x.toFixed(1)}, ${session.cursor.y.toFixed(1)}` : "";
    const found = latentCells(store.shown(), session.frame);
    const hidden = found.hiddenStarts.map((id) => doc.tracks.find((track) => track.id === id)?.name).join(", ");
    return `${t("latent frame")} ${found.latentFrame} / ${found.latentFrames - 1}  ·  ${found.cells.size} ${t("cells")}  ·  ` +
      `${found.moved} ${t("moved")}  ·  ${found.shared} ${t("shared")}` +
      (hidden ? `  ·  ${hidden}: ${t("hidden at the start: guides nothing")}` : "");
  }

  return { refresh };
}
