/** The video's frame, where it is not the drawing's: one click takes it and keeps the motion. */

import { placeOf } from "../drawing/fit.js";
import { element } from "./dom.js";

/** @param {HTMLElement} root @param {Store} store @param {Controls} ui @param {() => void} resized */
export function createFrameOffer(root, store, { t }, resized) {
  /** @type {ClipFrame | null} */
  let frame = null;
  const text = element("span");
  const button = element("button", { type: "button", className: "wm-button", textContent: t("Use that"), onclick: take });
  const bar = element("div", { className: "wm-offer wm-frame-offer", hidden: true }, text, button);
  root.append(bar);

  /** @type {() => readonly Action[]} */
  function actions() {
    if (!frame) return [];
    const { drawing } = store.get();
    const { width, height, frames } = frame;
    return [{ type: "set-canvas", width, height, fit: "stretch" }, { type: "set-clip", frames: frames ?? drawing.frames, fps: drawing.fps, fit: "retime" }];
  }
  function take() {
    store.act(actions());
    resized();
  }

  /** An empty drawing takes the frame at once; that is no step of undo. @type {(drawing: Drawing, next: ClipFrame) => void} */
  function adopt(drawing, { width, height, frames }) {
    store.load({ ...drawing, width, height, frames: frames ?? drawing.frames });
    resized();
  }

  return {
    /** @param {ClipFrame | null} next */
    set: (next) => void (frame = next),

    /** @param {Pair | null} image its size, where it is known */
    refresh(image) {
      const { drawing, session } = store.get();
      const length = frame?.frames ?? drawing.frames;
      const same = !frame || (drawing.width === frame.width && drawing.height === frame.height && drawing.frames === length);
      bar.hidden = same;
      if (same || !frame) return;
      if (!drawing.tracks.length && !session.drag) return adopt(drawing, frame);
      const place = placeOf([drawing.width, drawing.height], [frame.width, frame.height], frame.image ?? image);
      // A drawing on the whole picture follows its fit, and a scaled copy of the video is scaled.
      bar.hidden = place === "image" && !frame.wired && drawing.frames === length;
      bar.classList.toggle("wm-warn", place === null && !frame.wired);
      text.textContent = `${t("The video is")} ${frame.width}x${frame.height}, ${length} ${t("frames")}${frame.lastRun ? ` (${t("as of the last run")})` : ""}.`;
    },
  };
}
