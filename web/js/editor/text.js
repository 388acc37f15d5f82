/** The drawing as text, which the host keeps. */

import { parseDocument, serialiseDocument } from "./document.js";
import { DocumentError } from "./fields.js";
import { errorView } from "./overlays.js";

/** The text of the document; one that cannot be read is shown with its fault, and kept.
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
      store.load(parseDocument(given));
    } catch (error) {
      if (!(error instanceof DocumentError)) throw error;
      failure = errorView(root, ui, given, error.message, (edited) => {
        setValue(edited);
        options.onChange(edited);
      });
    }
    changed();
  };
  return {
    setValue,
    getValue: () => text,
    /** @type {(document: MotionDocument) => void} */
    commit: (document) => options.onChange(text = serialiseDocument(document)),
  };
}
