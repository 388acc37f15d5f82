/** ComfyUI's door: registers the extension. The only module here that acts on import. */

import { app } from "../../../scripts/app.js";
import { api } from "../../../scripts/api.js";
import { createTrackWidgets } from "./host/track_widget.js";

const widgets = createTrackWidgets(app, api);
const css = fetch(new URL("./editor/editor.css", import.meta.url)).then((answer) => answer.text());

/** Each editor carries its own copy: the page's head belongs to the host, and a `link` would load
 * again, unstyled for a moment, whenever a renderer moves the element.
 * @type {typeof widgets.create} */
function create(...args) {
  const made = widgets.create(...args);
  const style = document.createElement("style");
  made.widget.element?.append(style);
  void css.then((text) => (style.textContent = text));
  return made;
}

app.registerExtension({
  name: "wanmove.MotionEditor",
  getCustomWidgets: () => ({ WANMOVE_SPLINES: create }),
  nodeCreated: widgets.nodeCreated,
  afterConfigureGraph: widgets.relink,
  setup: widgets.setup,
});
