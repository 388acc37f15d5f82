/** The keyboard map, and what is shown in place of a drawing that cannot be read. */

import { COMMANDS, keyOf } from "../input/commands.js";
import { element, group } from "./dom.js";

const GESTURES = [
  ["Click", "Add a knot; double-click or Enter ends"], ["Drag", "Draw a path freehand"],
  ["Shift + click", "Add to the selected path, or to the selection"], ["Ctrl + click", "Insert a knot"], ["Region, Shift + drag", "A box in place of a region"],
  ["Right click", "Delete a knot"], ["Alt + click", "Corner or smooth"], ["[ and ] with Draw", "Smaller or larger ring"], ["Alt with Draw", "One point, without the ring"],
  ["Alt + drag a handle", "Break it"], ["Drag the dot", "Set where the object is in this frame"], ["Alt + drag the dot", "It slides along its path"],
  ["Drag the box's handles", "After the first frame: set keys of a cluster"], ["Drag with Anchor", "Pins in a box"],
  ["Click with Wand", "Select an object's region; Shift adds, Alt removes"],
  ["Wheel", "Zoom"], ["Space + drag, middle drag", "Pan"],
  ["Drag a bar or key", "Retime"], ["Alt + drag a bar", "Stagger the selection"],
];

/** @type {(root: HTMLElement, t: Translate) => void} */
export function helpView(root, t) {
  const open = root.querySelector(".wm-help");
  if (open) return open.remove();
  const keys = COMMANDS.filter(({ label }) => label).map((command) => [keyOf(command), command.label]);
  const lines = [...GESTURES, ...keys].map(([key, label]) =>
    element("div", {}, element("kbd", { textContent: key }), element("span", { textContent: t(label) })));
  const view = element("div", { className: "wm-overlay wm-help", tabIndex: -1 },
    element("h2", { textContent: t("Keyboard") }, element("small", { textContent: t("Escape or a click closes this.") })), element("div", { className: "wm-keys" }, ...lines));
  view.onclick = () => view.remove();
  view.onkeydown = (event) => {
    if (event.key !== "Escape" && event.key !== "?") return;
    event.stopPropagation();
    view.remove();
  };
  root.append(view);
  view.focus();
}

/** @type {(root: HTMLElement, ui: Controls, text: string, message: string, apply: (text: string) => void) => HTMLElement} */
export function errorView(root, { t, button }, text, message, apply) {
  const area = element("textarea", { value: text, spellcheck: false });
  const view = element("div", { className: "wm-overlay wm-error" },
    element("h2", { textContent: t("This drawing cannot be read. Nothing was changed.") }),
    element("p", { textContent: message }), area,
    group(button("Apply", () => apply(area.value)), button("Start empty", () => apply(""))));
  root.append(view);
  return view;
}
