/** The few ways in which the editor makes elements. */

import { commandOf, keyOf } from "../input/commands.js";
import { clamp } from "../curve/geometry.js";
import { icon } from "./icons.js";

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {Partial<HTMLElementTagNameMap[K]> & {data?: Record<string, string>}} [options]
 * @param {...(Node | string)} children @returns {HTMLElementTagNameMap[K]}
 */
export function element(tag, { data, ...properties } = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  Object.assign(made.dataset, data);
  made.append(...children);
  return made;
}

/** @type {(target: HTMLElement | Window, handlers: Handlers, signal: AbortSignal) => void} */
export function listen(target, handlers, signal) {
  for (const [type, handler] of Object.entries(handlers)) {
    target.addEventListener(type, /** @type {EventListener} */ (handler), { signal, passive: false });
  }
}

/** @type {(name: IconName, label: string, onclick: () => void, keys?: string) => HTMLButtonElement} */
export const iconButton = (name, label, onclick, keys = "") =>
  element("button", { type: "button", className: "wm-icon", title: keys ? `${label} (${keys})` : label, ariaLabel: label, onclick, data: { field: name } }, icon(name));

/** @type {(...children: HTMLElement[]) => HTMLElement} */
export const group = (...children) => element("div", { className: "wm-group" }, ...children);

/** Buttons that are one stop of Tab together: arrows go from one to the next (`returnFocus`).
 * @type {(label: string, className: string, ...children: HTMLElement[]) => HTMLElement} */
export function toolbar(label, className, ...children) {
  const buttons = children.filter((child) => child instanceof HTMLButtonElement);
  for (const button of buttons.slice(1)) button.tabIndex = -1;
  return element("div", { className, role: "toolbar", ariaLabel: label }, ...children);
}

/** Two fields side by side. @type {(...children: HTMLElement[]) => HTMLElement} */
export const pair = (...children) => element("div", { className: "wm-pair" }, ...children);

/** Commits on Enter or blur; text that is no number is not taken. With a `hint`, blank is allowed.
 * @type {(name: string, value: number | null, commit: (value: number) => void, limits?: NumberLimits) => HTMLInputElement} */
function numberInput(name, value, commit, { min = -1e6, max = 1e6, step = 1, hint = "", blank, whole } = {}) {
  const shown = value === null ? "" : String(Math.round(value * 100) / 100);
  const input = element("input", {
    type: "number", value: shown, step: String(step), min: String(min), max: String(max), placeholder: hint, data: { field: name },
  });
  input.onchange = ({ currentTarget }) => {
    const field = /** @type {HTMLInputElement} */ (currentTarget);
    const typed = whole ? Math.round(field.valueAsNumber) : field.valueAsNumber;
    if (Number.isFinite(typed)) commit(clamp(typed, min, max));
    else if (blank && field.value === "") blank();
    else field.value = shown;
  };
  return input;
}

/** Names of fields without a label beside them. @type {Record<string, string>} */
const SPOKEN = {
  ease0: "First handle, time", ease1: "First handle, progress", ease2: "Second handle, time", ease3: "Second handle, progress",
  windows: "Visibility", spread: "Spread", snap: "Snap", export: "Export", preset: "Preset",
};

/** Controls with translated labels; those with data-field keep the focus when the panel is redrawn.
 * @param {Translate} t @param {Host} host */
export function controls(t, host) {
  /** @type {(label: string, control: HTMLElement) => HTMLElement} */
  const row = (label, control) => (label ? element("label", { className: "wm-row" }, element("span", {}, t(label)), control)
    : Object.assign(control, { ariaLabel: t(SPOKEN[control.dataset["field"] ?? ""] ?? control.dataset["field"] ?? "") }));
  return {
    t,
    row,

    /** @type {(label: string, ...field: Parameters<typeof numberInput>) => HTMLElement} */
    number: (label, ...field) => row(label, numberInput(...field)),

    /** @template {string} K @param {string} label @param {string} field
     * @param {Partial<Record<K, string>>} options value: label @param {K} value @param {(value: K) => void} commit */
    select(label, field, options, value, commit) {
      const made = element("select", { data: { field } });
      for (const [name, text] of Object.entries(options)) made.append(new Option(t(String(text)), name, false, name === value));
      made.onchange = ({ currentTarget }) => commit(/** @type {K} */ (/** @type {HTMLSelectElement} */ (currentTarget).value));
      return row(label, made);
    },

    /** @type {(label: string, field: "text" | "color", value: string, commit: (value: string) => void) => HTMLElement} */
    text(label, type, value, commit) {
      const input = element("input", { type, value, data: { field: label.toLowerCase() } });
      input.onchange = ({ currentTarget }) => commit(/** @type {HTMLInputElement} */ (currentTarget).value);
      return row(label, input);
    },

    /** @type {(label: string, field: string, checked: boolean, commit: (checked: boolean) => void) => HTMLElement} */
    check(label, field, checked, commit) {
      const input = element("input", { type: "checkbox", checked, data: { field } });
      input.onchange = ({ currentTarget }) => commit(/** @type {HTMLInputElement} */ (currentTarget).checked);
      return element("label", { className: "wm-check" }, input, t(label));
    },

    /** @type {(label: string, onclick: () => void, disabled?: boolean) => HTMLElement} */
    button: (label, onclick, disabled = false) =>
      element("button", { type: "button", className: "wm-button", textContent: t(label), disabled, onclick, data: { field: label } }),

    /** The button of a command; its icon has the command's id. @type {(id: IconName) => HTMLButtonElement} */
    command(id) {
      const command = commandOf(id);
      return iconButton(id, t(command.label), () => command.run(host), keyOf(command));
    },

    /** @type {(title: string, ...children: (Element | null)[]) => HTMLElement} */
    section: (title, ...children) =>
      element("section", { data: { field: title } }, element("h3", {}, t(title)), ...children.filter((child) => child !== null)),
  };
}
