/** The keyboard map, and what is shown in place of a drawing that cannot be read. */

import { commandOf, keyOf } from "../input/commands.js";
import { TOOLS } from "../input/tools.js";
import { element, group } from "./dom.js";

export const GESTURES = [
  ["Click", "Add a knot; double-click or Enter ends"], ["Drag", "Draw a path freehand"],
  ["Shift + click", "Add to the selected path, or to the selection"], ["Ctrl + click", "Insert a knot"], ["Region, Shift + drag", "A box in place of a region"],
  ["Right click", "Delete a knot"], ["Alt + click", "Corner or smooth"], ["[ and ] with Draw", "Smaller or larger ring"], ["[ and ] with Wand", "Fewer or more colours"], ["Alt with Draw", "One point, without the ring"],
  ["Alt + drag a handle", "Break it"], ["Drag the dot", "Set where the object is in this frame"], ["Alt + drag the dot", "It slides along its path"],
  ["Drag the box's handles", "After the first frame: set keys of a cluster"], ["Drag with Anchor", "Pins in a box"],
  ["Click with Wand", "Select an object's region; Shift adds, Alt removes"],
  ["Wheel", "Zoom"], ["Space + drag, middle drag", "Pan"],
  ["Drag a bar or key", "Retime"], ["Alt + drag a bar", "Stagger the selection"],
];

/** What words of the editor mean. */
export const WORDS = [
  ["Hidden", "Not shown and not sent; a row's eye"], ["Locked", "Shown and sent, but not changed; a row's lock"],
  ["Visibility", "The frames in which a track guides; outside of them its point is free"],
  ["Spread", "One path, many points: a line, a disc or a region around it moves with it"],
  ["Ring", "The points that the Draw tool takes along around a new path"],
  ["Crosshair", "With keys alone: from where a path begins, or the wand takes a region"],
  ["Latent cells", "What the model sees: one point guides one cell of its latents"],
  ["Boxes and masks", "What FlashMotion sees: the mask first, then boxes"],
  ["Group", "A click on one of a group selects all"], ["Moves with", "A track goes and turns with another one, on top of its own motion"],
];

/** Commands by what they are for; the tools are a group of their own. @type {[string, string[]][]} */
export const HELP_GROUPS = [
  ["Paths", ["finish", "cancel", "delete", "add-knot", "add-region", "remove-region", "nudge-left", "nudge-left-10", "turn-left", "larger", "pin-rest", "simplify", "smooth", "reverse", "mirror-x", "mirror-y"]],
  ["Tracks", ["select-all", "next-track", "previous-track", "next-knot", "previous-knot", "duplicate", "group", "ungroup", "link", "up", "down", "lock", "hide"]],
  ["Time", ["play", "previous-frame", "next-frame", "back-10", "on-10", "first", "last", "start-here", "end-here", "time-in", "time-out"]],
  ["View", ["zoom-in", "zoom-out", "fit", "cells", "labels", "maps", "motion", "panel", "import", "export", "full", "help", "undo", "redo"]],
];

/** @type {(root: HTMLElement, t: Translate) => void} */
export function helpView(root, t) {
  const open = root.querySelector(".wm-help");
  if (open) return open.remove();
  const line = (/** @type {string} */ key, /** @type {string} */ text) =>
    element("div", {}, element("kbd", { textContent: key }), element("span", { textContent: t(text) }));
  const section = (/** @type {string} */ title, /** @type {string[][]} */ rows) =>
    element("section", {}, element("h3", { textContent: t(title) }), ...rows.map(([key, text]) => line(key, text)));
  const told = (/** @type {string[][]} */ rows) => rows.map(([key, text]) => [t(key), text]);
  const lines = [
    section("Tools", TOOLS.map(({ label, keys, help }) => [`${t(label)} (${keys.toUpperCase()})`, help])),
    section("Mouse", told(GESTURES)),
    ...HELP_GROUPS.map(([title, ids]) => section(title, ids.map((id) => [keyOf(commandOf(id)), commandOf(id).label]))),
    section("Words", told(WORDS)),
  ];
  const view = element("div", { className: "wm-overlay wm-help", tabIndex: -1 },
    element("h2", { textContent: t("Help") }, element("small", { textContent: t("Escape or a click closes this.") })), element("div", { className: "wm-keys" }, ...lines));
  view.onclick = () => view.remove();
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
