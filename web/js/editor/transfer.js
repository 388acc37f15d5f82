/** Copy, cut, paste and drop: tracks between editors, files from outside. */

import { addCopies } from "./commands.js";
import { parseDocument, serialiseDocument } from "./document.js";
import { reduce } from "./reducer.js";
import { selectedTracks } from "./selection.js";

/**
 * @typedef {import("./types.js").MotionDocument} MotionDocument
 * @param {HTMLElement} root
 * @param {{store: import("./store.js").Store, tell: (error: unknown) => void, signal: AbortSignal,
 *   onBackground: ((file: File | null) => void) | undefined,
 *   importFile: ((file: File, document: MotionDocument) => Promise<string>) | undefined}} options
 */
export function createTransfer(root, { store, tell, signal, onBackground, importFile }) {
  /** On this canvas and length. @param {MotionDocument} given */
  const fitted = (given) => {
    const { width, height, frames, fps } = store.get().document;
    return reduce(given, { type: "batch", actions: [
      { type: "set-canvas", width, height, fit: "stretch" }, { type: "set-clip", frames, fps, fit: "retime" },
    ] }).tracks;
  };

  /** @param {File} file */
  async function takeTracks(file) {
    if (!importFile) return;
    try {
      addCopies(store, fitted(parseDocument(await importFile(file, store.get().document))), 0);
    } catch (error) {
      tell(error);
    }
  }

  /** @param {File} file */
  function takeFile(file) {
    const picture = /^(image\/(?!svg)|video\/)/.test(file.type);
    if (picture) onBackground?.(file);
    else void takeTracks(file);
  }

  /** @param {Event} event */
  const isTyping = (event) => event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement;

  /** @param {ClipboardEvent} event @param {boolean} cut */
  function copy(event, cut) {
    if (isTyping(event)) return;
    event.stopPropagation();
    const { document, session } = store.get();
    const tracks = selectedTracks(document, session.selection);
    if (tracks.length === 0) return;
    event.preventDefault();
    event.clipboardData?.setData("text/plain", serialiseDocument({ ...document, tracks }));
    if (cut) store.act([{ type: "remove-tracks", ids: tracks.map((track) => track.id) }]);
  }

  /** @param {ClipboardEvent} event */
  function paste(event) {
    if (isTyping(event)) return;
    event.stopPropagation();
    event.preventDefault();
    const file = event.clipboardData?.files[0];
    if (file) return takeFile(file);
    const text = event.clipboardData?.getData("text/plain") ?? "";
    try {
      if (text.trim()) addCopies(store, fitted(parseDocument(text)));
    } catch (error) {
      tell(error);
    }
  }

  root.addEventListener("copy", (event) => copy(event, false), { signal });
  root.addEventListener("cut", (event) => copy(event, true), { signal });
  root.addEventListener("paste", paste, { signal });
  root.addEventListener("dragover", (event) => event.preventDefault(), { signal });
  root.addEventListener("drop", (event) => {
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    event.preventDefault();
    event.stopPropagation();
    takeFile(file);
  }, { signal });

  return { importFile: takeTracks };
}
