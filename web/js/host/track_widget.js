/**
 * The editor as a widget of ComfyUI, in both renderers. Its value is the document's text.
 *
 * Host behaviour that this depends on was measured on frontends 1.42.8 and 1.58.1.
 */

import { mount } from "../editor/editor.js";
import { findBackground, loadAddress, loadPicture } from "./background.js";

const NODE = "WanMoveSplineEditor";
const DEFAULT_SIZE = /** @type {[number, number]} */ ([640, 720]);
const MIN_HEIGHT_PX = 420;
const MAX_REMEMBERED = 64;

/**
 * @typedef {{node: HostNode, editor: Editor, element: HTMLElement, source: string,
 *   own: string | null}} Binding
 */

/** A key that stays the same when undo rebuilds the node. @param {HostNode} node */
const keyOf = (node) => `${node.graph?.id ?? ""}:${node.id}`;

/** @param {HostApp} app @param {HostApi} api */
export function createTrackWidgets(app, api) {
  /** Undo makes new nodes: view, tool, selection and an open panel come back from here.
   * @type {Map<string, {session: Session, panel: boolean}>} */
  const sessions = new Map();
  /** @type {Set<Binding>} */
  const bindings = new Set();
  /** Whose editor has the focus. Undo takes it down, and the keys would go to the graph, where
   * Delete removes the node. */
  let focused = "";

  /** @param {HostNode} node @param {Session} session @param {HTMLElement} element */
  function remember(node, session, element) {
    if (!node.graph) return;
    const key = keyOf(node);
    sessions.delete(key);
    const panel = element.classList.contains("wm-panel-open");
    sessions.set(key, { session: { ...session, drag: null, hover: null, cursor: null }, panel });
    const oldest = sessions.keys().next().value;
    if (sessions.size > MAX_REMEMBERED && oldest !== undefined) sessions.delete(oldest);
  }

  /** The classic renderer does not pass wheel and middle drag on; Nodes 2.0 does by itself.
   * @param {Event} event */
  function forward(event) {
    if (LiteGraph.vueNodesMode) return;
    if (event.type === "wheel") app.canvas.processMouseWheel(event);
    if (event.type === "pointerdown") app.canvas.processMouseDown(event);
  }

  /** The host looks for changes after a mouse button and most keys, but not after fingers, nor after
   * keys on a button of ours: then undo would miss this step. Where it has looked, this adds none. */
  function record() {
    const tracker = app.extensionManager.workflow?.activeWorkflow?.changeTracker;
    if (tracker?.captureCanvasState) tracker.captureCanvasState();
    else tracker?.checkState?.();
  }

  /** @param {HostNode} node @param {string} inputName @param {[string, {default?: string}]} inputData */
  function create(node, inputName, inputData) {
    const element = document.createElement("div");
    element.dataset["captureWheel"] = "true";
    // Not a class: destroying the stale editor must not hide its element from `relink`.
    element.dataset["wanmoveEditor"] = "";
    element.style.minHeight = `${MIN_HEIGHT_PX}px`;
    /** @type {Binding} */
    const binding = { node, element, source: "", own: null, editor: /** @type {Editor} */ (/** @type {unknown} */ (null)) };
    binding.editor = mount(element, {
      value: inputData[1]?.default ?? "",
      locale: String(app.extensionManager.setting.get("Comfy.Locale") ?? "en"),
      formats: ["npy", "json", "csv", "svg", "after-effects", "nuke", "blender"],
      onChange: record,
      onSession: (session) => remember(node, session, element),
      undo: () => app.extensionManager.command.execute("Comfy.Undo"),
      redo: () => app.extensionManager.command.execute("Comfy.Redo"),
      forward,
      notify: (detail) => app.extensionManager.toast.add({ severity: "warn", summary: "Wan-Move", detail, life: 6000 }),
      onBackground: (file) => void chooseBackground(binding, file),
      importFile: (file, { width, height, frames }) => importFile(file, { width, height, frames }),
      exportFile,
    });
    bindings.add(binding);
    element.addEventListener("focusin", () => (focused = node.graph ? keyOf(node) : ""));
    element.addEventListener("focusout", (event) => {
      if (event.relatedTarget && !element.contains(/** @type {Node} */ (event.relatedTarget))) focused = "";
    });
    const widget = node.addDOMWidget(inputName, "WANMOVE_SPLINES", element, {
      getValue: () => binding.editor.getValue(),
      setValue: (/** @type {unknown} */ value) => {
        const known = recall(node);  // before it is overwritten: loading reports a fresh session
        binding.editor.setValue(typeof value === "string" ? value : "");
        restore(binding, known);
      },
      getMinHeight: () => MIN_HEIGHT_PX,
      hideOnZoom: false,
      socketless: true,
      selectOn: ["focus", "click"],
    });
    widget.onRemove = () => {
      bindings.delete(binding);
      binding.editor.destroy();
    };
    return { widget, minWidth: 360, minHeight: MIN_HEIGHT_PX };
  }

  /** @param {HostNode} node */
  const recall = (node) => (node.graph ? sessions.get(keyOf(node)) : undefined);

  /** @param {Binding} binding @param {ReturnType<typeof recall>} known */
  function restore({ editor, element }, known) {
    if (!known) return;
    element.classList.toggle("wm-panel-open", known.panel);
    editor.setSession(known.session);
  }

  /** @param {HostNode} node */
  function nodeCreated(node) {
    if (node.comfyClass !== NODE) return;
    node.hideOutputImages = true;
    node.setSize([Math.max(node.size[0], DEFAULT_SIZE[0]), Math.max(node.size[1], DEFAULT_SIZE[1])]);
    const { onConnectionsChange, onExecuted } = node;
    node.onConnectionsChange = function (...args) {
      onConnectionsChange?.apply(node, args);
      requestAnimationFrame(refresh);
    };
    node.onExecuted = function (output) {
      onExecuted?.call(node, output);
      const saved = /** @type {HostImage[] | undefined} */ (output["wanmove_background"])?.[0];
      const binding = [...bindings].find((candidate) => candidate.node === node);
      if (saved && binding) void show(binding, api.apiURL(`/view?${new URLSearchParams({ ...saved })}`));
    };
    requestAnimationFrame(refresh);
  }

  /** @param {Binding} binding @param {string} url */
  async function show(binding, url) {
    if (binding.own || binding.source === url) return;
    binding.source = url;
    const image = url ? await loadAddress(url) : null;
    if (binding.source === url) binding.editor.setBackground(image);
  }

  /** Follow the graph: what feeds each editor's image input. */
  function refresh() {
    for (const binding of bindings) {
      if (!binding.node.graph) continue;
      const found = findBackground(app, api, binding.node);
      if (found !== null) void show(binding, found);
    }
  }

  /** @param {Binding} binding @param {File | null} file */
  async function chooseBackground(binding, file) {
    binding.own = file && file.name;
    binding.source = "";
    if (!file) {
      binding.editor.setBackground(null);
      return refresh();
    }
    binding.editor.setBackground(await loadPicture(file), true);
  }

  /** After undo, Nodes 2.0 still shows the element of the deleted node: put ours in its place.
   * Its component mounts `widget.element` once and is patched, not made anew. */
  function relink() {
    const swap = () => {
      for (const { node, element } of bindings) {
        if (element.isConnected || !node.graph) continue;
        const stale = document.querySelector(`[data-node-id="${node.id}"] [data-wanmove-editor]`);
        stale?.replaceWith(element);
      }
    };
    const focus = () => {
      const binding = [...bindings].find(({ node }) => node.graph && keyOf(node) === focused);
      const lost = !document.activeElement || document.activeElement === document.body;
      if (lost && binding?.element.isConnected) binding.editor.focus();
    };
    swap();
    requestAnimationFrame(() => {
      swap();
      requestAnimationFrame(() => {
        swap();
        setTimeout(focus);
      });
    });
    for (const binding of bindings) restore(binding, recall(binding.node));
    requestAnimationFrame(refresh);
  }

  /** @param {string} path @param {BodyInit} body */
  async function post(path, body) {
    const response = await api.fetchApi(path, { method: "POST", body });
    if (response.ok) return response;
    const { error } = await response.json().catch(() => ({ error: response.statusText }));
    throw new Error(error);
  }

  /** @param {File} file @param {{width: number, height: number, frames: number}} canvas */
  async function importFile(file, canvas) {
    const query = new URLSearchParams({ name: file.name, ...Object.fromEntries(Object.entries(canvas).map(([key, value]) => [key, String(value)])) });
    return (await post(`/wanmove/tracks?${query}`, file)).text();
  }

  /** @param {string} format @param {string} text */
  async function exportFile(format, text) {
    const response = await post(`/wanmove/tracks?format=${format}`, text);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await response.blob());
    link.download = /filename="(.*)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ?? `tracks.${format}`;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  /** The graph zooms with two fingers, and looks before we do: in the capture phase, on the box
   * around its canvas. Fingers on an editor stop above that. */
  function setup() {
    app.canvasEl?.parentElement?.parentElement?.addEventListener("touchmove", (event) => {
      const { target, touches } = event;
      if (touches.length === 2 && target instanceof Element && target.closest("[data-wanmove-editor]")) event.stopPropagation();
    }, { capture: true, passive: true });
  }

  api.addEventListener("executed", () => requestAnimationFrame(refresh));
  // Another picture was chosen upstream, for one.
  api.addEventListener("graphChanged", () => requestAnimationFrame(refresh));
  api.addEventListener("b_preview", () => requestAnimationFrame(refresh));
  return { create, nodeCreated, relink, setup };
}
