/** The room of timeline and panel: bars between the parts that are dragged, or moved by arrow keys; a
 * double-click folds. */

import { clamp } from "../curve/geometry.js";
import { element } from "./dom.js";

const STEP_PX = 16;

/** A bar that sets a size of the root as a CSS variable.
 * @param {HTMLElement} root @param {Translate} t @param {() => void} changed
 * @param {{label: string, name: string, across: boolean, least: number, most: () => number, now: () => number}} parts
 * @returns {HTMLElement} */
export function splitter(root, t, changed, { label, name, across, least, most, now }) {
  const bar = element("div", { className: `wm-split ${across ? "wm-across" : "wm-down"}`, tabIndex: 0, role: "separator", ariaLabel: t(label),
    ariaOrientation: across ? "vertical" : "horizontal" });
  let [from, size, before] = [0, 0, 0];
  const set = (/** @type {number} */ wanted) => {
    const next = wanted < least ? 0 : clamp(wanted, least, most());
    root.style.setProperty(name, `${next}px`);
    root.classList.toggle(`wm-folded-${across ? "panel" : "timeline"}`, next === 0);
    changed();
  };
  const at = (/** @type {PointerEvent} */ event) => (across ? event.clientX : event.clientY);
  bar.onpointerdown = (event) => {
    bar.setPointerCapture(event.pointerId);
    [from, size] = [at(event), now()];
  };
  bar.onpointermove = (event) => {
    if (bar.hasPointerCapture(event.pointerId)) set(size + from - at(event));
  };
  bar.ondblclick = () => {
    const folded = now() === 0;
    if (!folded) before = now();
    set(folded ? before || least : 0);
  };
  bar.onkeydown = (event) => {
    const by = { ArrowUp: STEP_PX, ArrowLeft: STEP_PX, ArrowDown: -STEP_PX, ArrowRight: -STEP_PX }[event.key];
    if (event.key === "Enter") bar.ondblclick?.(/** @type {any} */ (event));
    else if (by) set(now() === 0 && by > 0 ? least : now() + by);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return bar;
}
