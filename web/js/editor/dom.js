/** The few ways in which the editor makes elements. */

import { icon } from "./icons.js";

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {Partial<HTMLElementTagNameMap[K]> & {dataset?: Record<string, string>}} [options]
 * @param {...(Node | string)} children @returns {HTMLElementTagNameMap[K]}
 */
export function element(tag, options = {}, ...children) {
  const { dataset, ...properties } = options;
  const made = Object.assign(document.createElement(tag), properties);
  Object.assign(made.dataset, dataset);
  made.append(...children);
  return made;
}

/**
 * @param {import("./icons.js").IconName} name @param {string} label @param {() => void} onclick
 * @param {string} [shortcut]
 */
export function iconButton(name, label, onclick, shortcut) {
  const title = shortcut ? `${label} (${shortcut})` : label;
  const button = element("button", { type: "button", className: "wm-icon", title, onclick }, icon(name));
  button.setAttribute("aria-label", label);
  return button;
}

/** @param {string} label @param {HTMLElement} control */
export const row = (label, control) =>
  element("label", { className: "wm-row" }, element("span", {}, label), control);

/** @typedef {{min?: number, max?: number, step?: number, hint?: string}} NumberLimits */

/**
 * A number field that commits on Enter or blur. Text that is no number is not taken.
 * @param {string} field @param {number | null} value null: shown blank, and blank gives null
 * @param {(value: number | null) => void} commit @param {NumberLimits} [limits]
 */
export function numberInput(field, value, commit, { min, max, step = 1, hint = "" } = {}) {
  const shown = value === null ? "" : String(Math.round(value * 100) / 100);
  const input = element("input", {
    type: "number", value: shown, step: String(step), placeholder: hint, dataset: { field },
  });
  if (min !== undefined) input.min = String(min);
  if (max !== undefined) input.max = String(max);
  input.onchange = () => {
    if (input.value === "" && hint) return commit(null);
    const number = input.valueAsNumber;
    if (Number.isFinite(number)) commit(Math.min(Math.max(number, min ?? -1e6), max ?? 1e6));
    else input.value = shown;
  };
  return input;
}

/**
 * @param {string} field @param {readonly (readonly [string, string])[]} options value and label
 * @param {string} value @param {(value: string) => void} commit
 */
export function selectInput(field, options, value, commit) {
  const select = element("select", { dataset: { field } });
  for (const [name, label] of options) select.append(new Option(label, name, false, name === value));
  select.onchange = () => commit(select.value);
  return select;
}

/** @param {string} field @param {string} label @param {boolean} checked
 * @param {(checked: boolean) => void} commit */
export function checkbox(field, label, checked, commit) {
  const input = element("input", { type: "checkbox", checked, dataset: { field } });
  input.onchange = () => commit(input.checked);
  return element("label", { className: "wm-check" }, input, label);
}

/** @param {string} title @param {...(HTMLElement | null)} children */
export function section(title, ...children) {
  const body = children.filter((child) => child !== null);
  return element("section", {}, element("h3", {}, title), .../** @type {HTMLElement[]} */ (body));
}

/** @param {...HTMLElement} children */
export const group = (...children) => element("div", { className: "wm-group" }, ...children);

/** Two fields side by side. @param {...HTMLElement} children */
export const pair = (...children) => element("div", { className: "wm-pair" }, ...children);

/** @param {string} label @param {() => void} onclick */
export const button = (label, onclick) =>
  element("button", { type: "button", className: "wm-button", textContent: label, onclick });
