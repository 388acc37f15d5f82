/** mount(element, options): wires the parts to the page. Reads `window` and makes the DOM. */

import { latentCells } from "./cells.js";
import { COMMANDS, addCopies, commandFor } from "./commands.js";
import { createDocument, parseDocument, serialiseDocument } from "./document.js";
import { DocumentError } from "./fields.js";
import { element, iconButton, selectInput } from "./dom.js";
import { renderInspector } from "./inspector.js";
import { errorView, helpView } from "./overlays.js";
import { createPlayer } from "./player.js";
import { selectedTracks } from "./selection.js";
import { createStage } from "./stage.js";
import { createSession, createStore } from "./store.js";
import { translator } from "./strings.js";
import { readTheme } from "./theme.js";
import { createTimeline } from "./timeline_view.js";

/**
 * @typedef {import("./types.js").Session} Session
 * @typedef {import("./types.js").MotionDocument} MotionDocument
 * @typedef {{
 *   value: string, onChange: (text: string) => void, locale?: string,
 *   session?: Partial<Session> | undefined, onSession?: (session: Session) => void,
 *   undo?: () => void, redo?: () => void, forward?: ((event: Event) => void) | null,
 *   importFile?: (file: File, document: MotionDocument) => Promise<string>,
 *   exportFile?: (format: string, text: string) => Promise<void>, formats?: readonly string[],
 *   onBackground?: (file: File | null) => void, notify?: (message: string) => void}} Options
 *   undo, redo: when the host keeps the history; importFile gives the text of a document
 * @typedef {{setValue: (text: string) => void, getValue: () => string,
 *   setBackground: (image: CanvasImageSource | null, chosen?: boolean) => void,
 *   fit: () => void, destroy: () => void, getSession: () => Session}} Editor
 */

const TOOLS = /** @type {const} */ ([["select", "Select", "V"], ["draw", "Draw", "P"], ["anchor", "Anchor", "A"], ["region", "Region", "R"]]);

/** @param {HTMLElement} root an empty element; it becomes the editor
 * @param {Options} options @returns {Editor} */
export function mount(root, options) {
  const t = translator(options.locale ?? "en");
  const controller = new AbortController();
  const { signal } = controller;
  let text = options.value;
  /** @type {{image: CanvasImageSource, opacity: number} | null} */
  let background = null;
  const backdrop = { opacity: 1, chosen: false };
  root.classList.add("wm-editor");
  let theme = readTheme(root);
  let pending = 0;
  let dirty = { base: true, panel: true };
  /** @type {MotionDocument | null} */
  let drawnDocument = null;

  const store = createStore(createDocument(), { ...createSession(), ...options.session }, {
    onChange: ({ document, session }) => {
      schedule(session, document);
      options.onSession?.(session);
    },
    onCommit: (document) => {
      text = serialiseDocument(document);
      options.onChange(text);
    },
  });
  const player = createPlayer(store, () => schedule(store.get().session, store.get().document));

  const stageBox = element("div", { className: "wm-stage" });
  const panelBox = element("aside", { className: "wm-panel" });
  const bar = element("div", { className: "wm-bar" });
  const transport = element("div", { className: "wm-transport" });
  const sheetBox = element("div", { className: "wm-timeline" });
  const status = element("div", { className: "wm-status" });
  stageBox.append(status);
  root.append(bar, element("div", { className: "wm-middle" }, stageBox, panelBox), transport, sheetBox);

  const scene = () => ({
    document: store.shown(), session: store.get().session, theme, background, playing: player.playing(),
  });
  const hasFocus = () => root.contains(document.activeElement);
  const forward = options.forward ?? null;
  const wheelIsOurs = () => !forward || hasFocus();
  const parts = { store, scene, wheelIsOurs, forward, signal };
  const stage = createStage(stageBox, parts);
  const timeline = createTimeline(sheetBox, {
    ...parts,
    rename: () => {
      root.classList.add("wm-panel-open");
      const field = panelBox.querySelector('[data-field="name"]');
      if (field instanceof HTMLInputElement) field.select();
    },
  });
  if (options.session?.view) stage.keepView();

  /** @type {import("./commands.js").Host} */
  const host = {
    store, fit: stage.fit, play: player.toggle,
    help: () => helpView(root, COMMANDS, t),
    full: () => toggleFull(),
    undo: options.undo ?? store.undo, redo: options.redo ?? store.redo,
  };
  const panel = {
    store, t, host, choices: /** @type {import("./inspector.js").Choices} */ ({ fit: "stretch", retime: "retime" }),
    background: backdrop, canExport: options.formats ?? [],
    setOpacity: (/** @type {number} */ opacity) => {
      backdrop.opacity = opacity;
      if (background) background = { ...background, opacity };
      redraw();
    },
    chooseBackground: () => pickFile("image/*,video/*", (file) => options.onBackground?.(file)),
    clearBackground: () => options.onBackground?.(null),
    importTracks: () => pickFile("", importFile),
    exportTracks: (/** @type {string} */ format) => {
      options.exportFile?.(format, serialiseDocument(store.get().document)).catch(tell);
    },
  };

  const tell = (/** @type {unknown} */ error) =>
    (options.notify ?? ((message) => {
      status.textContent = message;
      status.classList.add("wm-warn");
    }))(error instanceof Error ? error.message : String(error));

  /** @param {File} file */
  async function importFile(file) {
    if (!options.importFile) return;
    const { document } = store.get();
    try {
      const imported = parseDocument(await options.importFile(file, document));
      addCopies(store, imported.tracks, 0);
    } catch (error) {
      tell(error);
    }
  }

  /** @param {string} accept @param {(file: File) => void} take */
  function pickFile(accept, take) {
    const input = element("input", { type: "file", accept });
    input.onchange = () => input.files?.[0] && take(input.files[0]);
    input.click();
  }

  function toggleFull() {
    if (document.fullscreenElement) void document.exitFullscreen();
    else root.requestFullscreen?.().catch(tell);
  }

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
    iconButton("fit", t("Fit to view"), stage.fit, "F"),
    iconButton("help", t("Help"), host.help, "?"),
    iconButton("full", t("Full screen"), toggleFull, "Shift+F"),
    iconButton("panel", t("Panel"), () => root.classList.toggle("wm-panel-open")),
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

  function refreshChrome() {
    const { document: doc, session } = store.get();
    for (const made of toolButtons) made.ariaPressed = String(made.dataset["tool"] === session.tool);
    cellsButton.ariaPressed = String(session.cells);
    loopButton.ariaPressed = String(player.loop());
    snapSelect.value = session.snap;
    undoButton.disabled = !options.undo && !store.canUndo();
    redoButton.disabled = !options.redo && !store.canRedo();
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

  /** @type {Session | null} */
  let drawn = null;
  /** @param {Session} session @param {MotionDocument} doc */
  function schedule(session, doc) {
    const shown = store.shown();
    const baseChanged = shown !== drawnDocument || session.view !== drawn?.view || session.selection !== drawn.selection ||
      session.cells !== drawn.cells || (session.cells && session.frame !== drawn.frame);
    const panelChanged = !session.drag && (doc !== panelDocument || session.selection !== drawn?.selection ||
      session.key !== drawn.key || (session.frame !== drawn.frame && !player.playing()));
    dirty = { base: dirty.base || baseChanged, panel: dirty.panel || panelChanged };
    if (!pending) pending = requestAnimationFrame(paint);
  }
  /** @type {MotionDocument | null} */
  let panelDocument = null;

  function paint() {
    pending = 0;
    const { base, panel: panelDirty } = dirty;
    dirty = { base: false, panel: false };
    drawn = store.get().session;
    drawnDocument = store.shown();
    stage.draw(base);
    timeline.draw();
    refreshChrome();
    if (!panelDirty) return;
    panelDocument = store.get().document;
    renderInspector(panelBox, panel);
  }
  function redraw() {
    dirty = { base: true, panel: true };
    if (!pending) pending = requestAnimationFrame(paint);
  }

  /** @type {HTMLElement | null} */
  let failure = null;
  /** @param {string} given */
  function setValue(given) {
    if (given === text && !failure && drawnDocument) return;
    text = given;
    failure?.remove();
    failure = null;
    try {
      store.load(parseDocument(given));
    } catch (error) {
      if (!(error instanceof DocumentError)) throw error;
      failure = errorView(root, { text: given, message: error.message, t, apply: (edited) => {
        setValue(edited);
        options.onChange(edited);
      } });
    }
    redraw();
  }

  root.addEventListener("keydown", (event) => {
    const typing = event.target instanceof HTMLElement && event.target.matches("input:not([type=range],[type=checkbox],[type=color]),textarea,select");
    event.stopPropagation();
    if (typing || failure) return;
    const command = commandFor(event);
    // The host's own undo listens further out, in the capture phase.
    if (!command || (options.undo && (command.label === "Undo" || command.label === "Redo"))) return;
    if (event.key === " ") stage.holdSpace(!event.repeat || true);
    if (event.key === " " && event.repeat) return event.preventDefault();
    event.preventDefault();
    if (event.key !== " ") command.run(host);
  }, { signal });
  root.addEventListener("keyup", (event) => {
    if (event.key !== " " || !(event.target instanceof HTMLCanvasElement)) return;
    event.stopPropagation();
    stage.holdSpace(false);
    if (!spacePanned) player.toggle();
    spacePanned = false;
  }, { signal });
  let spacePanned = false;
  stage.canvas.addEventListener("pointerdown", () => {
    spacePanned = store.get().session.drag?.kind === "pan";
  }, { signal });
  root.addEventListener("copy", (event) => copyTracks(event, false), { signal });
  root.addEventListener("cut", (event) => copyTracks(event, true), { signal });
  root.addEventListener("paste", pasteTracks, { signal });
  root.addEventListener("dragover", (event) => event.preventDefault(), { signal });
  root.addEventListener("drop", (event) => {
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    event.preventDefault();
    event.stopPropagation();
    takeFile(file);
  }, { signal });

  /** @param {File} file */
  function takeFile(file) {
    const picture = /^(image\/(?!svg)|video\/)/.test(file.type);
    if (picture) options.onBackground?.(file);
    else void importFile(file);
  }

  /** @param {Event} event */
  const isTyping = (event) => event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement;

  /** @param {ClipboardEvent} event @param {boolean} cut */
  function copyTracks(event, cut) {
    const { document: doc, session } = store.get();
    const tracks = selectedTracks(doc, session.selection);
    if (isTyping(event) || tracks.length === 0) return;
    event.preventDefault();
    event.stopPropagation();
    event.clipboardData?.setData("text/plain", serialiseDocument({ ...doc, tracks }));
    if (cut) store.act([{ type: "remove-tracks", ids: tracks.map((track) => track.id) }]);
  }

  /** @param {ClipboardEvent} event */
  function pasteTracks(event) {
    if (isTyping(event)) return;
    event.stopPropagation();
    const file = event.clipboardData?.files[0];
    if (file) return takeFile(file);
    try {
      addCopies(store, parseDocument(event.clipboardData?.getData("text/plain") ?? "").tracks);
    } catch (error) {
      tell(error);
    }
    event.preventDefault();
  }

  const resized = new ResizeObserver(() => {
    root.classList.toggle("wm-wide", root.clientWidth >= 780);
    stage.resized();
    redraw();
  });
  resized.observe(stageBox);
  resized.observe(sheetBox);
  const themed = new MutationObserver(() => {
    theme = readTheme(root);
    redraw();
  });
  for (const target of [document.documentElement, document.body]) themed.observe(target, { attributes: true, attributeFilter: ["class", "style", "data-theme"] });
  const scheme = window.matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", () => {
    theme = readTheme(root);
    redraw();
  }, { signal });

  const initial = text;
  text = "";
  setValue(initial);
  if (initial === "") store.load(createDocument());
  redraw();

  return {
    setValue,
    getValue: () => text,
    setBackground(image, chosen = false) {
      background = image && { image, opacity: backdrop.opacity };
      backdrop.chosen = chosen;
      redraw();
    },
    fit: stage.fit,
    getSession: () => store.get().session,
    destroy() {
      controller.abort();
      player.stop();
      resized.disconnect();
      themed.disconnect();
      cancelAnimationFrame(pending);
      root.replaceChildren();
      root.classList.remove("wm-editor", "wm-panel-open", "wm-wide");
    },
  };
}
