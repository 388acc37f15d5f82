/** The canvas colours, from the CSS variables of the page. */

import { element } from "./dom.js";

const NAMES = /** @type {const} */ ([
  "canvas", "frame", "line", "faint", "text", "dim", "accent", "ink", "warn", "row", "edge",
]);

/** A canvas cannot read `var()` or `color-mix()`: an element resolves them.
 * @param {HTMLElement} root @returns {import("./render.js").Theme} */
export function readTheme(root) {
  const probe = element("span", { hidden: true });
  root.append(probe);
  const entries = NAMES.map((name) => {
    probe.style.color = `var(--wm-${name})`;
    return [name, getComputedStyle(probe).color];
  });
  probe.remove();
  return Object.fromEntries(entries);
}
