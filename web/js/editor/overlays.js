/** The keyboard map, and what is shown in place of a document that cannot be read. */

import { button, element, group } from "./dom.js";

/** @param {string} key */
const keyLabel = (key) =>
  key.split("+").map((part) => ({ mod: "Ctrl", shift: "Shift", " ": "Space" })[part] ?? (part.length === 1 ? part.toUpperCase() : part.replace("Arrow", ""))).join(" + ");

const GESTURES = [
  ["Drag", "Draw a path freehand"], ["Click", "Add a knot; double-click or Enter ends"],
  ["Shift + click", "Append to the selected path, or select more"], ["Ctrl + click", "Insert a knot"],
  ["Right click", "Delete a knot"], ["Alt + click", "Corner or smooth"],
  ["Alt + drag a handle", "Break it"], ["Drag the dot", "Be there at this frame"],
  ["Wheel", "Zoom"], ["Space + drag, middle drag", "Pan"],
  ["Drag a bar or key", "Retime"], ["Alt + drag a bar", "Stagger the selection"],
];

/** @param {HTMLElement} root @param {readonly import("./commands.js").Command[]} commands
 * @param {(text: string) => string} t */
export function helpView(root, commands, t) {
  const open = root.querySelector(".wm-help");
  if (open) return open.remove();
  const line = (/** @type {string} */ keys, /** @type {string} */ label) =>
    element("div", {}, element("kbd", { textContent: keys }), element("span", { textContent: label }));
  const keys = commands.filter(({ label }) => label)
    .map((command) => line(command.keys.slice(0, 1).map(keyLabel).join(" "), t(command.label)));
  const view = element("div", { className: "wm-overlay wm-help", tabIndex: -1 },
    element("h2", { textContent: t("Keyboard") }),
    element("div", { className: "wm-keys" }, ...GESTURES.map(([key = "", label = ""]) => line(key, label)), ...keys));
  view.onclick = () => view.remove();
  view.onkeydown = (event) => {
    if (event.key !== "Escape" && event.key !== "?") return;
    event.stopPropagation();
    view.remove();
  };
  root.append(view);
  view.focus();
}

/**
 * @param {HTMLElement} root
 * @param {{text: string, message: string, t: (text: string) => string,
 *   apply: (text: string) => void}} given
 */
export function errorView(root, { text, message, t, apply }) {
  const area = element("textarea", { value: text, spellcheck: false });
  const view = element("div", { className: "wm-overlay wm-error" },
    element("h2", { textContent: t("This drawing cannot be read. Nothing was changed.") }),
    element("p", { textContent: message }), area,
    group(button(t("Apply"), () => apply(area.value)), button(t("Start empty"), () => apply(""))));
  root.append(view);
  return view;
}
