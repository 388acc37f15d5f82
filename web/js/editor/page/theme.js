/** The canvas colours, from the CSS variables of the page. */

import { element } from "./dom.js";

/** @type {ColorName[]} */
const NAMES = ["canvas", "frame", "line", "faint", "text", "dim", "accent", "mark", "ink", "warn", "row", "edge", "head"];

/** Hosts name their themes differently, or not at all: the colour itself decides.
 * @type {(color: string) => boolean} as computed, "rgb(r, g, b)" */
function isLight(color) {
  const [red, green, blue] = (color.match(/[\d.]+/g) ?? []).map(Number);
  return color.startsWith("rgb") && 0.3 * red + 0.59 * green + 0.11 * blue > 140;
}

/** A canvas cannot read `var()` or `color-mix()`: an element resolves them. @type {(root: HTMLElement) => Theme} */
export function readTheme(root) {
  const probe = element("span", { hidden: true });
  root.append(probe);
  const colorOf = (/** @type {string} */ name) => {
    probe.style.color = `var(--wm-${name})`;
    return getComputedStyle(probe).color;
  };
  root.classList.toggle("wm-light", isLight(colorOf("bg")));
  const theme = Object.fromEntries(NAMES.map((name) => [name, colorOf(name)]));
  probe.remove();
  return /** @type {Theme} */ (theme);
}
