/** The drawing as text, which the host keeps. */

import { parseDrawing, serialiseDrawing } from "../drawing/schema.js";
import { DrawingError } from "../drawing/fields.js";
import { errorView } from "./overlays.js";

/** The text of the drawing; one that cannot be read is shown with its fault, and kept.
 * @param {HTMLElement} root @param {Store} store @param {Controls} ui @param {EditorOptions} options @param {() => void} changed */
export function createText(root, store, ui, options, changed) {
  let text = "";
  /** @type {HTMLElement | null} */
  let failure = null;
  /** @type {Editor["setValue"]} */
  const setValue = (given) => {
    if (given === text && !failure) return;
    text = given;
    failure?.remove();
    failure = null;
    try {
      store.load(parseDrawing(given));
    } catch (error) {
      if (!(error instanceof DrawingError)) throw error;
      failure = errorView(root, ui, given, error.message, (edited) => {
        setValue(edited);
        options.onChange(edited);
      });
    }
    changed();
  };
  return {
    setValue,
    /** As one step of undo. @type {Editor["replaceValue"]} */
    replaceValue(given) {
      const drawing = parseDrawing(given);
      failure?.remove();
      failure = null;
      store.act([{ type: "replace", drawing }], { drag: null, unfinished: null, key: null });
    },
    getValue: () => text,
    /** @type {(drawing: Drawing) => void} */
    commit: (drawing) => options.onChange(text = serialiseDrawing(drawing)),
  };
}
