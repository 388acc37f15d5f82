/** A mask from outside, where there is one: one click makes regions of it. */

import { maskRegion } from "../input/wanding.js";
import { wholly } from "../drawing/selection.js";
import { pixelsOf } from "./canvas.js";
import { element } from "./dom.js";

/** @param {HTMLElement} root @param {Store} store @param {Controls} ui
 * @param {(image: CanvasImageSource) => CanvasImageSource} through the video's fit */
export function createMaskOffer(root, store, { t }, through) {
  /** @type {readonly CanvasImageSource[]} */
  let masks = [];
  const button = (/** @type {string} */ label, /** @type {() => void} */ onclick) =>
    element("button", { type: "button", className: "wm-button", textContent: t(label), onclick });
  const bar = element("div", { className: "wm-offer wm-mask-offer", hidden: true },
    element("span", { textContent: t("The mask input can be a region.") }), button("Take it", take), button("No", () => (bar.hidden = true)));
  root.append(bar);

  function take() {
    bar.hidden = true;
    /** @type {Track[]} */
    const added = [];
    for (const mask of masks) {
      const { drawing } = store.get();
      const pixels = pixelsOf(through(mask));
      const track = pixels && maskRegion({ ...drawing, tracks: [...drawing.tracks, ...added] }, pixels);
      if (track) added.push(track);
    }
    // As after the wand: the next stroke moves it.
    const [only] = added;
    store.act([{ type: "add-tracks", tracks: added }], { selection: wholly(added), unfinished: added.length === 1 && only ? only.id : null, ...(only && { tool: "draw" }) });
  }

  return {
    /** @param {readonly CanvasImageSource[]} next */
    set(next) {
      masks = next;
      bar.hidden = next.length === 0;
    },
  };
}
