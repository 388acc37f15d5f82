/** Keys, and where the focus goes: buttons and fields hand it back to the canvas. */

import { commandFor } from "../input/commands.js";
import { listen } from "./dom.js";
import { keepTyped } from "./patch.js";

const TYPED = "input:not([type=range],[type=checkbox],[type=color],[type=file]),textarea";
const TYPING = `${TYPED},select`;
/** What Space and Enter press. */
const PRESSED = "button,[role=slider],summary,[type=checkbox],[type=color]";
/** What moves a slider. */
const SLIDES = /^(Arrow|Page|Home$|End$)/;

/** @type {(target: EventTarget | null, selector: string) => boolean} */
const isA = (target, selector) => target instanceof Element && target.matches(selector);

/** Queue and Save: they stay ComfyUI's while the editor has the focus. @type {(event: KeyboardEvent) => boolean} */
export const isHostKey = ({ key, ctrlKey, metaKey }) => (ctrlKey || metaKey) && (key === "Enter" || key.toLowerCase() === "s");

/** Whether a control that has the focus takes a key for itself. @type {(event: KeyboardEvent) => boolean} */
const isTaken = ({ key, target }) => isA(target, TYPING) ||
  ((key === " " || key === "Enter") && isA(target, PRESSED)) || (SLIDES.test(key) && isA(target, "[type=range]"));

/** Escape and ? close the help; other keys do nothing behind it.
 * @type {(event: KeyboardEvent, help: Element, canvas: HTMLElement) => void} */
function keyInHelp(event, help, canvas) {
  if (event.key !== "Escape" && event.key !== "?") return;
  event.preventDefault();
  help.remove();
  canvas.focus({ preventScroll: true });
}

/** @param {HTMLElement | Window} where the editor, or the whole page @param {HTMLElement} root @param {Host} host
 * @param {{canvas: HTMLElement, holdSpace: (held: boolean) => boolean}} stage @param {boolean} hostHistory @param {AbortSignal} signal */
export function listenToKeys(where, root, host, stage, hostHistory, signal) {
  listen(where, {
    keydown(event) {
      if (where === root && !isHostKey(event)) event.stopPropagation();
      const help = root.querySelector(".wm-help");
      if (help) return keyInHelp(event, help, stage.canvas);
      if (event.defaultPrevented || isTaken(event) || root.querySelector(".wm-error")) return;
      const command = commandFor(event);
      if (!command) return;
      // The browser's own undo would take back what was typed in a field, and go there.
      event.preventDefault();
      // The host's undo listens further out, in the capture phase.
      if (hostHistory && (command.id === "undo" || command.id === "redo")) return;
      if (event.key === " ") stage.holdSpace(true);
      else command.run(host);
    },
    keyup(event) {
      if (event.key !== " " || isTaken(event) || root.querySelector(".wm-help")) return;
      if (where === root) event.stopPropagation();
      if (!stage.holdSpace(false)) host.play();
    },
  }, signal);
}

/** From a button of a toolbar to the one beside it. @type {(event: KeyboardEvent) => void} */
function walkToolbar(event) {
  const { key, target, ctrlKey, metaKey, shiftKey, altKey } = event;
  const by = { ArrowLeft: -1, ArrowRight: 1 }[key];
  const bar = target instanceof HTMLButtonElement && target.closest("[role=toolbar]");
  if (!by || !bar || ctrlKey || metaKey || shiftKey || altKey) return;
  const open = [...bar.querySelectorAll("button")].filter(({ disabled, hidden }) => !disabled && !hidden);
  event.preventDefault();
  open[(open.indexOf(target) + by + open.length) % open.length]?.focus();
}

/** After a press of a button, a choice or Enter the next key is for the drawing again. With keys alone
 * the focus stays where it is, and what is being typed stays in its field. @type {(root: HTMLElement, canvas: HTMLElement, signal: AbortSignal) => void} */
export function returnFocus(root, canvas, signal) {
  let pointed = false;
  keepTyped(root, signal);
  const back = () => canvas.focus({ preventScroll: true });
  /** A number that a press has just come to: what is typed replaces it. @type {HTMLInputElement | null} */
  let fresh = null;
  root.addEventListener("pointerdown", ({ target }) => {
    pointed = true;
    fresh = isA(target, "[type=number]") && target !== document.activeElement ? /** @type {HTMLInputElement} */ (target) : null;
  }, { signal, capture: true });
  root.addEventListener("keydown", () => (pointed = false), { signal, capture: true });
  listen(root, {
    click(event) {
      if (fresh && event.target === fresh) fresh.select();
      if (pointed && event.target instanceof Element && event.target.closest("button") && !root.querySelector(".wm-overlay")) back();
    },
    change(event) {
      if (pointed && isA(event.target, "select,[type=checkbox],[type=range],[type=color]")) back();
    },
    keydown(event) {
      walkToolbar(event);
      if (event.key === "Escape" && event.target instanceof Element && event.target.closest(".wm-panel,[role=toolbar]")) {
        event.preventDefault();
        return back();
      }
      if (event.key !== "Enter" || !isA(event.target, "input:not([type=color])")) return;
      // The field's own change comes first.
      queueMicrotask(() => /** @type {HTMLElement} */ (event.target).blur());
      queueMicrotask(back);
    },
    // A drag of the page's text or pictures would draw nothing.
    dragstart: (event) => event.preventDefault(),
    selectstart(event) {
      if (!isA(event.target, TYPED) && !(event.target instanceof Text)) event.preventDefault();
    },
  }, signal);
}
