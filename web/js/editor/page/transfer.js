/** Copy, cut, paste and drop: tracks between editors, files from outside. */

import { addCopies } from "../input/commands.js";
import { parseDrawing, serialiseDrawing } from "../drawing/schema.js";
import { listen } from "./dom.js";
import { reduce } from "../drawing/reducer.js";
import { selectedTracks } from "../drawing/selection.js";

/** @param {HTMLElement} root @param {Store} store @param {EditorOptions} options
 * @param {(error: unknown) => void} tell @param {AbortSignal} signal */
export function createTransfer(root, store, { onBackground, importFile, wholePage }, tell, signal) {
  /** Add the tracks of a text, on this canvas and length. @type {(text: string, shift?: number) => void} */
  const add = (text, shift) => {
    const { width, height, frames, fps } = store.get().drawing;
    const { tracks } = reduce(parseDrawing(text), { type: "batch", actions: [
      { type: "set-canvas", width, height, fit: "stretch" }, { type: "set-clip", frames, fps, fit: "retime" },
    ] });
    addCopies(store, tracks, shift);
  };
  const takeTracks = async (/** @type {File} */ file) => {
    try {
      if (!importFile) return;
      const text = await importFile(file, store.get().drawing);
      add(text, 0);
      const { notes } = JSON.parse(text);
      if (notes) tell(new Error(`${file.name}: ${notes.join(" ")}`));
    } catch (error) {
      tell(error);
    }
  };
  const takeFile = (/** @type {File} */ file) =>
    /^(image\/(?!svg)|video\/)/.test(file.type) ? onBackground?.(file) : void takeTracks(file);

  const isTyping = (/** @type {Event} */ { target }) => target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
  const copy = (/** @type {ClipboardEvent} */ event) => {
    if (isTyping(event)) return;
    event.stopPropagation();
    const tracks = selectedTracks(store.get());
    if (tracks.length === 0) return;
    event.preventDefault();
    event.clipboardData?.setData("text/plain", serialiseDrawing({ ...store.get().drawing, tracks }));
    if (event.type === "cut") store.act([{ type: "remove-tracks", ids: tracks.map(({ id }) => id) }]);
  };

  listen(wholePage ? window : root, {
    copy,
    cut: copy,
    paste(event) {
      if (isTyping(event)) return;
      event.stopPropagation();
      event.preventDefault();
      const file = event.clipboardData?.files[0];
      const text = event.clipboardData?.getData("text/plain") ?? "";
      if (file) return takeFile(file);
      try {
        if (text.trim()) add(text);
      } catch (error) {
        tell(error);
      }
    },
    dragover: (event) => event.preventDefault(),
    drop(event) {
      const file = event.dataTransfer?.files[0];
      if (!file) return;
      event.preventDefault();
      event.stopPropagation();
      takeFile(file);
    },
  }, signal);

  return { importFile: takeTracks };
}
