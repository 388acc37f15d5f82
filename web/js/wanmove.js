/** ComfyUI's door: registers the extension. The only module here that acts on import. */

import { app } from "../../../scripts/app.js";
import { api } from "../../../scripts/api.js";
import { createTrackWidgets } from "./host/track_widget.js";

const widgets = createTrackWidgets(app, api);

app.registerExtension({
  name: "wan-move.MotionEditor",
  init() {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = new URL("./editor/editor.css", import.meta.url).href;
    document.head.append(link);
  },
  getCustomWidgets: () => ({ WANMOVE_SPLINES: widgets.create }),
  nodeCreated: widgets.nodeCreated,
  afterConfigureGraph: widgets.relink,
});
