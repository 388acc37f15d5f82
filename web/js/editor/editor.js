/** mount(element, options): wires the parts to the page. Reads `window` and makes the DOM. */

import { COMMANDS, commandFor } from "./commands.js";
import { createDocument, parseDocument, serialiseDocument } from "./document.js";
import { DocumentError } from "./fields.js";
import { element } from "./dom.js";
import { renderInspector } from "./inspector.js";
import { errorView, helpView } from "./overlays.js";
import { createPlayer } from "./player.js";
import { createStage } from "./stage.js";
import { createSession, createStore } from "./store.js";
import { translator } from "./strings.js";
import { readTheme } from "./theme.js";
import { createTimeline } from "./timeline_view.js";
import { createChrome } from "./toolbar.js";
import { createTransfer } from "./transfer.js";

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
 *   fit: () => void, focus: () => void, destroy: () => void, getSession: () => Session,
 *   setSession: (session: Partial<Session>) => void}} Editor
 */

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
    importTracks: () => pickFile("", transfer.importFile),
    exportTracks: (/** @type {string} */ format) => {
      options.exportFile?.(format, serialiseDocument(store.get().document)).catch(tell);
    },
  };

  const tell = (/** @type {unknown} */ error) =>
    (options.notify ?? ((message) => {
      status.textContent = message;
      status.classList.add("wm-warn");
    }))(error instanceof Error ? error.message : String(error));

  const transfer = createTransfer(root, { store, tell, signal, onBackground: options.onBackground, importFile: options.importFile });

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

  const chrome = createChrome({
    bar, transport, status, store, player, host, t, redraw,
    undoIsOurs: !options.undo, redoIsOurs: !options.redo,
    togglePanel: () => root.classList.toggle("wm-panel-open"),
  });

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
    chrome.refresh();
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
  const resized = new ResizeObserver(() => {
    root.classList.toggle("wm-wide", root.clientWidth >= 780);
    theme = readTheme(root);
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
    focus: () => stage.canvas.focus({ preventScroll: true }),
    getSession: () => store.get().session,
    setSession(session) {
      store.restore(session);
      stage.resized();
    },
    destroy() {
      controller.abort();
      player.stop();
      resized.disconnect();
      themed.disconnect();
      cancelAnimationFrame(pending);
      root.replaceChildren();
      root.classList.remove("wm-editor", "wm-light", "wm-panel-open", "wm-wide");
    },
  };
}
