/** The canvas colours, from the CSS variables of the page. */

import { element } from "./dom.js";

const NAMES = /** @type {const} */ ([
  "canvas", "frame", "line", "faint", "text", "dim", "accent", "ink", "warn", "row", "edge",
]);

/** Hosts name their themes differently, or not at all: the colour itself decides.
 * @param {string} color as computed, "rgb(r, g, b)" */
function isLight(color) {
  const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/g) ?? []).map(Number);
  return color.startsWith("rgb") && 0.3 * red + 0.59 * green + 0.11 * blue > 140;
}

/** A canvas cannot read `var()` or `color-mix()`: an element resolves them.
 * @param {HTMLElement} root @returns {import("./render.js").Theme} */
export function readTheme(root) {
  const probe = element("span", { hidden: true });
  root.append(probe);
  probe.style.color = "var(--wm-bg)";
  root.classList.toggle("wm-light", isLight(getComputedStyle(probe).color));
  const entries = NAMES.map((name) => {
    probe.style.color = `var(--wm-${name})`;
    return [name, getComputedStyle(probe).color];
  });
  probe.remove();
  return Object.fromEntries(entries);
}
