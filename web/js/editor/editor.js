/** mount(element, options): wires the parts to the page. Reads `window` and makes the DOM. */

import { createDrawing, serialiseDrawing } from "./drawing/schema.js";
import { followedRows, readReport } from "./drawing/followed.js";
import { idleLines } from "./drawing/idle.js";
import { sentTracks } from "./drawing/sample.js";
import { commandOf } from "./input/commands.js";
import { controls, element } from "./page/dom.js";
import { listenToKeys, returnFocus } from "./page/focus.js";
import { renderInspector } from "./panel/panel.js";
import { helpView } from "./page/overlays.js";
import { createBackdrop } from "./page/backdrop.js";
import { createFrameOffer } from "./page/frame_offer.js";
import { createMaskOffer } from "./page/mask_offer.js";
import { createPainter } from "./page/painter.js";
import { createPlayer } from "./page/player.js";
import { splitter } from "./page/split.js";
import { createStage } from "./stage.js";
import { createSession, createStore } from "./drawing/store.js";
import { translator } from "./page/strings.js";
import { createText } from "./page/text.js";
import { readTheme } from "./page/theme.js";
import { createTimeline } from "./timeline/view.js";
import { createChrome } from "./page/toolbar.js";
import { createTransfer } from "./page/transfer.js";

const WIDE_FROM_PX = 780;
const CLASSES = ["wm-editor", "wm-light", "wm-panel-open", "wm-wide"];

/** @type {(accept: string, take: (file: File) => void) => void} */
function pickFile(accept, take) {
  const input = element("input", { type: "file", accept });
  input.onchange = () => input.files?.[0] && take(input.files[0]);
  input.click();
}

/** Calls back at once for every change of size or theme. @type {(root: HTMLElement, boxes: HTMLElement[], signal: AbortSignal, onChange: () => void) => void} */
function watchLooks(root, boxes, signal, onChange) {
  const resized = new ResizeObserver(() => {
    root.classList.toggle("wm-wide", root.clientWidth >= WIDE_FROM_PX);
    onChange();
  });
  for (const box of boxes) resized.observe(box);
  const themed = new MutationObserver(onChange);
  for (const target of [document.documentElement, document.body]) themed.observe(target, { attributeFilter: ["class", "style", "data-theme"] });
  // Also when only the device pixels change, as on another screen.
  window.addEventListener("resize", onChange, { signal });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", onChange, { signal });
  signal.addEventListener("abort", () => {
    resized.disconnect();
    themed.disconnect();
  });
}

/** @type {(className: string, ...children: HTMLElement[]) => HTMLElement} */
const box = (className, ...children) => element("div", { className }, ...children);

/** Says what went wrong: by the host's means, or on the canvas. @type {(status: HTMLElement, notify: EditorOptions["notify"]) => (error: unknown) => void} */
const createTeller = (status, notify) => (error) => {
  const message = error instanceof Error ? error.message : String(error);
  if (notify) return notify(message);
  status.textContent = message;
  status.classList.add("wm-warn");
};

/** Shows the panel, with the focus in a field of it, or the first; a text is ready to be typed over.
 * @type {(root: HTMLElement, panelBox: HTMLElement, field: string) => void} */
function showPanel(root, panelBox, field) {
  // Wide, the class hides the panel; narrow, it opens it.
  root.classList.toggle("wm-panel-open", !root.classList.contains("wm-wide"));
  // After the panel is drawn for this track.
  requestAnimationFrame(() => {
    const found = /** @type {HTMLElement | null} */ (panelBox.querySelector(field ? `[data-field="${field}"]` : "input,select,button"));
    found?.closest("details")?.setAttribute("open", "");
    found?.focus();
    if (found instanceof HTMLInputElement) found.select();
  });
}

/** What the panel acts on.
 * @type {(root: HTMLElement, store: Store, ui: Controls, backdrop: ReturnType<typeof createBackdrop>, options: EditorOptions, tell: (error: unknown) => void, signal: AbortSignal, stageBox: HTMLElement) => Panel} */
function createPanel(root, store, ui, backdrop, options, tell, signal, stageBox) {
  const { onBackground, formats = [] } = options;
  const transfer = createTransfer(root, stageBox, store, options, tell, signal);
  return {
    store, ui, background: backdrop.state, setOpacity: backdrop.setOpacity, canExport: formats, choices: { fit: "stretch", retime: "retime", snap: true },
    chooseBackground: () => pickFile("image/*,video/*", (file) => onBackground?.(file)),
    clearBackground: () => onBackground?.(null),
    pinRest: () => commandOf("pin-rest").run(/** @type {Host} */ ({ store })),
    importTracks: () => pickFile("", transfer.importFile),
    exportTracks: (format) => void options.exportFile?.(format, serialiseDrawing(store.get().drawing)).catch(tell),
  };
}

/** What commands act on; `parts`: those of the editor that come later.
 * @type {(root: HTMLElement, store: Store, player: Player, options: EditorOptions, tell: (error: unknown) => void, parts: Pick<Host, "fit" | "zoom" | "reveal" | "show" | "importTracks" | "pixels">) => Host} */
function createHost(root, store, player, options, tell, parts) {
  const t = translator(options.locale ?? "en");
  return {
    ...parts, store, play: player.toggle, help: () => helpView(root, t),
    full: () => void (document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen()).catch(tell),
    undo: options.undo ?? store.undo, redo: options.redo ?? store.redo,
  };
}

/** @type {(root: HTMLElement, options: EditorOptions) => Editor} root: an empty element; it becomes the editor */
export function mount(root, options) {
  const [forward, controller] = [options.forward ?? null, new AbortController()];
  const { signal } = controller;
  root.classList.add("wm-editor");
  let theme = readTheme(root);
  const backdrop = createBackdrop(() => store.shown(), () => painter.all());
  const store = createStore(createDrawing(), { ...createSession(), ...options.session }, {
    onChange: ({ session }) => {
      painter.changed();
      options.onSession?.(session);
    },
    onCommit: (drawing) => void [text.commit(drawing), stage.resized()],
  });
  const player = createPlayer(store, () => painter.changed());
  const status = box("wm-status");
  const [stageBox, panelBox, sheetBox] = [box("wm-stage", status), element("aside", { className: "wm-panel", onchange: () => painter.panel() }), box("wm-timeline")];
  const tell = createTeller(status, options.notify);
  const show = (/** @type {string} */ field) => showPanel(root, panelBox, field);
  const host = createHost(root, store, player, options, tell, { fit: () => stage.fit(), zoom: (by) => stage.zoom(by), reveal: () => stage.reveal(), show, importTracks: () => panel.importTracks(), pixels: backdrop.pixels });
  const [hostHistory, t] = [Boolean(options.undo), translator(options.locale ?? "en")];
  const ui = controls(t, host);
  const text = createText(root, store, ui, options, () => painter.all());
  const chrome = createChrome(status, { store, player, ui, hostHistory, pixels: backdrop.pixels, togglePanel: () => root.classList.toggle("wm-panel-open") });
  const offer = createFrameOffer(stageBox, store, ui, () => stage.resized());
  const maskOffer = createMaskOffer(stageBox, store, ui, backdrop.through);
  const panelBar = splitter(root, t, () => {}, { label: "Width of the panel", name: "--wm-panel-width", across: true, least: 180,
    most: () => root.clientWidth / 2, now: () => panelBox.clientWidth });
  const sheetBar = splitter(root, t, () => {}, { label: "Height of the timeline", name: "--wm-sheet-height", across: false, least: 50,
    most: () => root.clientHeight - 240, now: () => sheetBox.clientHeight });
  root.append(chrome.bar, box("wm-middle", stageBox, panelBar, panelBox), chrome.transport, sheetBar, sheetBox);

  /** @type {CanvasParts} */
  const parts = {
    store, forward, signal, t, pixels: backdrop.pixels, wheelIsOurs: () => !forward || root.contains(document.activeElement),
    scene: () => ({ drawing: store.shown(), session: store.get().session, theme, background: backdrop.get(), playing: player.playing() }),
  };
  const stage = createStage(stageBox, parts);
  const timeline = createTimeline(sheetBox, parts, () => show("name"));
  const panel = createPanel(root, store, ui, backdrop, options, tell, signal, stageBox);
  const painter = createPainter(store, player, {
    canvas(base) {
      stage.draw(base);
      chrome.refresh();
      offer.refresh(backdrop.size());
    },
    sheet: timeline.draw,
    panel: () => renderInspector(panelBox, panel),
  });
  // First what keys do inside of the panel.
  returnFocus(root, stage.canvas, signal);
  listenToKeys(options.wholePage ? window : root, root, host, stage, hostHistory, signal);
  watchLooks(root, [stageBox, sheetBox], signal, () => {
    theme = readTheme(root);
    stage.resized();
    painter.all();
  });
  text.setValue(options.value);
  painter.all();
  return createEditor(root, { store, stage, text, backdrop, offer, maskOffer, player, painter, controller, t });
}

/** What the host holds of it.
 * @param {HTMLElement} root @param {{store: Store, stage: ReturnType<typeof createStage>, text: ReturnType<typeof createText>,
 *   backdrop: ReturnType<typeof createBackdrop>, offer: ReturnType<typeof createFrameOffer>, maskOffer: ReturnType<typeof createMaskOffer>, player: Player, painter: ReturnType<typeof createPainter>, controller: AbortController, t: Translate}} parts
 * @returns {Editor} */
function createEditor(root, { store, stage, text, backdrop, offer, maskOffer, player, painter, controller, t }) {
  return {
    setValue(given) {
      text.setValue(given);
      stage.resized();
    },
    replaceValue: text.replaceValue,
    getValue: text.getValue,
    setBackground: backdrop.set,
    setFrame(frame) {
      backdrop.setFrame(frame);
      offer.set(frame);
      painter.all();
    },
    setMasks: maskOffer.set,
    setFollowed(given) {
      const report = readReport(given);
      if (report) store.session({ followed: followedRows(store.get().drawing, report) });
    },
    fit: stage.fit,
    focus: () => stage.canvas.focus({ preventScroll: true }),
    idle() {
      const { drawing, session } = store.get();
      const lines = idleLines(drawing, session.family, t);
      return { lines, all: lines.length > 0 && lines.length === sentTracks(drawing).length };
    },
    getSession: () => store.get().session,
    setSession(session) {
      store.restore(session);
      stage.resized();
    },
    destroy() {
      controller.abort();
      player.stop();
      painter.stop();
      root.replaceChildren();
      root.classList.remove(...CLASSES);
    },
  };
}
