/** The videos that were made: a shelf of all, and one of them large beside its request. */

import { element } from "../editor/page/dom.js";
import { call } from "./keeping.js";
import { playRequest } from "./request.js";

const byId = (id) => document.getElementById(id);
const button = (textContent, onclick, className = "") => element("button", { type: "button", textContent, onclick, className });

/** @param page {image(), edit(entry), repeat(entry), failed(error), back()} */
export function createResults(page) {
  const [viewer, gallery, videos] = ["viewer", "gallery", "videos"].map(byId);
  let results = [];
  let open = null;

  function close() {
    open = null;
    viewer.hidden = true;
    viewer.replaceChildren();
    mark();
    page.back();
  }
  const mark = () => [...gallery.children].forEach((child) => (child.ariaCurrent = String(child.dataset.video === open)));

  async function remove(entry) {
    if (!confirm(`Delete ${entry.video}? This cannot be undone.`)) return;
    try {
      await call(`delete?video=${entry.video}`, "");
      close();
    } catch (error) {
      page.failed(error);
    }
  }

  /** One video, large. */
  async function show(entry) {
    open = entry.video;
    const video = element("video", { src: `result/${entry.video}`, loop: true, muted: true, autoplay: true, controls: true });
    const made = element("figure", {}, video, element("figcaption", { textContent: "Video" }));
    const pair = element("div", { id: "pair" }, made);
    if (entry.drawing) {
      const canvases = [element("canvas"), element("canvas")];
      pair.prepend(element("figure", {}, ...canvases, element("figcaption", { textContent: "Request" })));
      void call(`result/${entry.drawing}`).then((answer) => answer.text())
        .then((text) => playRequest(canvases, video, text, page.image(), byId("editor"))).catch(page.failed);
    }
    const overlay = entry.overlay && button("Tracks on it", () => (video.src = `result/${video.src.endsWith(entry.overlay) ? entry.video : entry.overlay}`));
    const told = [entry.label, entry.seed === null ? "" : `seed ${entry.seed}`, entry.prompt].filter(Boolean).join("  ·  ");
    const download = button("Download", () => element("a", { href: `result/${entry.video}`, download: entry.video }).click());
    viewer.replaceChildren(pair, element("p", {}, element("span", { textContent: told }), ...[
      button("Back to the drawing", close, "go"), overlay, entry.drawing && button("Edit its drawing", () => page.edit(entry).then(close)),
      entry.drawing && button("Make it again", () => page.repeat(entry).then(close)), download, button("Delete", () => remove(entry)),
    ].filter(Boolean)));
    viewer.hidden = false;
    mark();
    viewer.querySelector("button").focus();
  }
  viewer.onkeydown = (event) => {
    event.stopPropagation();
    if (event.key === "Escape") close();
  };

  function fill() {
    gallery.replaceChildren(...results.map((entry) => {
      const player = element("video", { src: `result/${entry.video}#t=0.1`, muted: true, preload: "metadata" });
      const made = button("", () => show(entry));
      made.dataset.video = entry.video;
      made.title = entry.prompt || entry.label;
      made.append(player, element("span", { textContent: entry.label }));
      return made;
    }));
    mark();
  }
  const unfold = (wanted) => {
    videos.ariaExpanded = String(wanted);
    gallery.hidden = !wanted;
    if (wanted) fill();
  };
  videos.onclick = () => unfold(gallery.hidden);
  return {
    isOpen: () => open !== null,
    /** With the keyboard: the newest video, or the shelf's own button. */
    enter() {
      unfold(true);
      (gallery.querySelector("button") ?? videos).focus();
    },
    update(next) {
      if (JSON.stringify(next) === JSON.stringify(results)) return;
      results = next;
      videos.textContent = `Videos (${next.length})`;
      if (!gallery.hidden) fill();
    },
    show,
  };
}
