/** Copy, cut, paste and drop: tracks between editors, files from outside. */

import { addCopies } from "../input/commands.js";
import { parseDrawing, serialiseDrawing } from "../drawing/schema.js";
import { element, listen } from "./dom.js";
import { reduce } from "../drawing/reducer.js";
import { motionRange } from "../drawing/sample.js";
import { selectedTracks } from "../drawing/selection.js";
import { translator } from "./strings.js";

/** The tracks of a text on this canvas. Those of a file that states its fps keep their time, others take
 * the clip's length. `frames`: how long they are here.
 * @type {(drawing: Drawing, text: string, timed: boolean) => {tracks: readonly Track[], frames: number, fps: number}} */
export function tracksFor({ width, height, frames: clip, fps }, text, timed) {
  const given = parseDrawing(text);
  const frames = timed ? Math.round(((given.frames - 1) * fps) / given.fps) + 1 : clip;
  const { tracks } = reduce(given, { type: "batch", actions: [
    { type: "set-canvas", width, height, fit: "stretch" }, { type: "set-clip", frames, fps, fit: "retime" },
  ] });
  const own = tracks.map((track) => ({ ...track, timing: { ...track.timing, ...motionRange(track.timing, frames) } }));
  return { tracks: frames === clip ? tracks : own, frames, fps: given.fps };
}

/** Import of a file, with a question where it is longer than the clip.
 * @param {HTMLElement} stage @param {Store} store @param {EditorOptions} options @param {(error: unknown) => void} tell */
function createImport(stage, store, { importFile, locale = "en" }, tell) {
  const t = translator(locale);
  const question = element("div", { className: "wm-offer wm-longer", hidden: true });
  stage.append(question);
  /** @type {(text: string, choices: [string, () => void][]) => void} */
  const ask = (text, choices) => {
    question.hidden = false;
    question.replaceChildren(element("span", { textContent: text }), ...choices.map(([label, act]) =>
      element("button", { type: "button", className: "wm-button", textContent: t(label), onclick() {
        question.hidden = true;
        act();
      } })));
  };
  /** @type {(name: string, text: string, timed: boolean) => string} what to tell */
  const place = (name, text, timed) => {
    const { drawing } = store.get();
    const { tracks, frames, fps } = tracksFor(drawing, text, timed);
    const told = timed && (frames !== drawing.frames || fps !== drawing.fps)
      ? `${name}: ${fps} ${t("fps")}, ${frames} ${t("frames")}; ${t("the clip has")} ${drawing.fps} ${t("fps")}, ${drawing.frames} ${t("frames")}.` : "";
    if (frames <= drawing.frames) addCopies(store, tracks, { shift: 0 });
    else {
      ask(told, [
        ["Make the clip longer", () => addCopies(store, tracks, { shift: 0, before: [{ type: "set-clip", frames, fps: drawing.fps, fit: "keep" }] })],
        ["Fit into the clip", () => addCopies(store, tracksFor(store.get().drawing, text, false).tracks, { shift: 0 })],
        ["Cut at the end", () => addCopies(store, tracks, { shift: 0 })],
      ]);
    }
    return frames <= drawing.frames ? told : "";
  };
  return async (/** @type {File} */ file) => {
    try {
      if (!importFile) return;
      const text = await importFile(file, store.get().drawing);
      const { notes = [], untimed = false } = JSON.parse(text);
      const told = [...notes.map((/** @type {string} */ note) => `${file.name}: ${note}`), place(file.name, text, !untimed)].filter(Boolean).join(" ");
      if (told) tell(new Error(told));
    } catch (error) {
      tell(error);
    }
  };
}

/** @param {HTMLElement} root @param {HTMLElement} stage @param {Store} store @param {EditorOptions} options
 * @param {(error: unknown) => void} tell @param {AbortSignal} signal */
export function createTransfer(root, stage, store, options, tell, signal) {
  const { onBackground, wholePage } = options;
  const takeTracks = createImport(stage, store, options, tell);
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
        if (text.trim()) addCopies(store, tracksFor(store.get().drawing, text, false).tracks);
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
