/**
 * The editor as a widget of ComfyUI, in both renderers. Its value is the document's text.
 *
 * Host behaviour that this depends on was measured on frontends 1.42.8 and 1.58.1.
 */

import { mount } from "../editor/editor.js";
import { FORMATS } from "../editor/page/formats.js";
import { createExchange } from "./exchange.js";
import { createFollowing, showMeasured } from "./following.js";
import { createSessionMemory } from "./memory.js";
import { relinkElements } from "./relink.js";

const NODE = "WanMoveSplineEditor";
const MEASURE = "WanMoveTrajectoryError";
const DEFAULT_SIZE = /** @type {[number, number]} */ ([640, 720]);
const MIN_HEIGHT_PX = 420;

/** The classic renderer does not pass wheel and middle drag on; Nodes 2.0 does by itself.
 * @param {HostApp} app @param {Event} event */
function forward(app, event) {
  if (LiteGraph.vueNodesMode) return;
  if (event.type === "wheel") app.canvas.processMouseWheel(event);
  if (event.type === "pointerdown") app.canvas.processMouseDown(event);
}

/** The host looks for changes after a mouse button and most keys, but not after fingers, nor after
 * keys on a button of ours: then undo would miss this step. Where it has looked, this adds none.
 * @param {HostApp} app */
function recordStep(app) {
  const tracker = app.extensionManager.workflow?.activeWorkflow?.changeTracker;
  if (tracker?.captureCanvasState) tracker.captureCanvasState();
  else tracker?.checkState?.();
}

/** The graph zooms with two fingers, and looks before we do: in the capture phase, on the box
 * around its canvas. Fingers on an editor stop above that. @param {HostApp} app */
function keepFingers(app) {
  app.canvasEl?.parentElement?.parentElement?.addEventListener("touchmove", (event) => {
    const { target, touches } = event;
    if (touches.length === 2 && target instanceof Element && target.closest("[data-wanmove-editor]")) event.stopPropagation();
  }, { capture: true, passive: true });
}

function createElement() {
  const element = document.createElement("div");
  element.dataset["captureWheel"] = "true";
  // Not a class: destroying the stale editor must not hide its element from `relink`.
  element.dataset["wanmoveEditor"] = "";
  element.style.minHeight = `${MIN_HEIGHT_PX}px`;
  return element;
}

/** The host's side of an editor. @param {HostApp} app @param {HostApi} api */
const hostOptions = (app, api) => ({
  locale: String(app.extensionManager.setting.get("Comfy.Locale") ?? "en"),
  formats: FORMATS.map(({ name }) => name),
  onChange: () => recordStep(app),
  undo: () => void app.extensionManager.command.execute("Comfy.Undo"),
  redo: () => void app.extensionManager.command.execute("Comfy.Redo"),
  forward: (/** @type {Event} */ event) => forward(app, event),
  notify: (/** @type {string} */ detail) => app.extensionManager.toast.add({ severity: "warn", summary: "Wan-Move", detail, life: 6000 }),
  ...createExchange(api),
});

/** @param {Binding} binding @param {string} name @param {ReturnType<typeof createSessionMemory>} memory */
const addWidget = (binding, name, memory) => binding.node.addDOMWidget(name, "WANMOVE_SPLINES", binding.element, {
  getValue: () => binding.editor.getValue(),
  setValue(/** @type {unknown} */ value) {
    const known = memory.recall(binding.node);  // before it is overwritten: loading reports a fresh session
    binding.editor.setValue(typeof value === "string" ? value : "");
    memory.restore(binding, known);
  },
  getMinHeight: () => MIN_HEIGHT_PX,
  hideOnZoom: false,
  socketless: true,
  selectOn: ["focus", "click"],
});

/** @param {HostApp} app @param {HostApi} api */
export function createTrackWidgets(app, api) {
  /** @type {Set<Binding>} */
  const bindings = new Set();
  const memory = createSessionMemory();
  const following = createFollowing(app, api, bindings);

  /** @param {HostNode} node @param {string} inputName @param {[string, {default?: string}]} inputData */
  function create(node, inputName, inputData) {
    const element = createElement();
    /** @type {Binding} */
    const binding = { node, element, source: "", own: null, frame: "null", lastRun: null, masks: "", editor: /** @type {Editor} */ (/** @type {unknown} */ (null)) };
    binding.editor = mount(element, {
      ...hostOptions(app, api),
      value: inputData[1]?.default ?? "",
      onSession: (session) => memory.remember(node, session, element),
      onBackground: (file) => void following.choose(binding, file),
    });
    bindings.add(binding);
    memory.followFocus(node, element);
    const widget = addWidget(binding, inputName, memory);
    widget.onRemove = () => {
      bindings.delete(binding);
      binding.editor.destroy();
    };
    return { widget, minWidth: 360, minHeight: MIN_HEIGHT_PX };
  }

  /** @param {HostNode} node */
  function nodeCreated(node) {
    if (node.comfyClass === MEASURE) return showMeasured(app, bindings, node);
    if (node.comfyClass !== NODE) return;
    node.hideOutputImages = true;
    node.setSize([Math.max(node.size[0], DEFAULT_SIZE[0]), Math.max(node.size[1], DEFAULT_SIZE[1])]);
    const { onConnectionsChange, onExecuted } = node;
    node.onConnectionsChange = function (...args) {
      onConnectionsChange?.apply(node, args);
      following.soon();
    };
    node.onExecuted = function (output) {
      onExecuted?.call(node, output);
      const saved = /** @type {HostImage[] | undefined} */ (output["wanmove_background"])?.[0];
      const binding = [...bindings].find((candidate) => candidate.node === node);
      if (saved && binding) following.showSaved(binding, saved);
      const masks = /** @type {HostImage[]} */ (output["wanmove_masks"] ?? []);
      if (binding) void following.offerMasks(binding, masks, String(/** @type {unknown[] | undefined} */ (output["wanmove_masks_digest"])?.[0] ?? ""));
      const size = /** @type {number[] | undefined} */ (output["wanmove_frame"]);
      if (size && binding) binding.lastRun = size;
    };
    relinkElements(bindings);
    following.soon();
  }

  function relink() {
    relinkElements(bindings, memory.hadFocus);
    for (const binding of bindings) memory.restore(binding);
    following.soon();
  }
  return { create, nodeCreated, relink, setup: () => keepFingers(app) };
}
