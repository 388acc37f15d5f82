/** What feeds the editor's image input, as a picture; before any run where the graph knows it. */

import { pictureBefore } from "./video_frame.js";

/** @param {string} url @returns {Promise<HTMLImageElement | null>} */
async function loadImage(url) {
  const image = new Image();
  image.src = url;
  return image.decode().then(() => image, () => null);
}

/** An image, or the first frame of a video: an address does not always tell which.
 * @param {string} url @returns {Promise<CanvasImageSource | null>} null where it cannot be shown */
export const loadAddress = async (url) => (await loadImage(url)) ?? firstFrame(url);

/** The first frame of an image or video file. @param {File} file
 * @returns {Promise<CanvasImageSource | null>} */
export async function loadPicture(file) {
  const url = URL.createObjectURL(file);
  try {
    return file.type.startsWith("video/") ? await firstFrame(url) : await loadImage(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** @param {string} url @returns {Promise<CanvasImageSource | null>} */
function firstFrame(url) {
  const video = Object.assign(document.createElement("video"), { src: url, muted: true, preload: "auto" });
  return new Promise((resolve) => {
    video.onerror = () => resolve(null);
    const draw = () => resolve(copyOf(video, video.videoWidth, video.videoHeight));
    // At "loadeddata" there may be nothing to draw yet: one in thirty came out empty.
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(draw);
    else Object.assign(video, { onloadeddata: draw });
  });
}

/** @param {CanvasImageSource} source @param {number} width @param {number} height */
function copyOf(source, width, height) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  canvas.getContext("2d")?.drawImage(source, 0, 0);
  return canvas;
}

/**
 * @param {HostApp} app @param {HostApi} api @param {HostNode} node
 * @returns {string | null} an address; "" when nothing is connected, null when not known yet
 */
export function findBackground(app, api, node) {
  const slot = node.inputs?.findIndex((input) => input.name === "image") ?? -1;
  if (slot < 0 || !node.isInputConnected(slot)) return "";
  const source = node.graph && pictureBefore(app, node, slot);
  if (!source) return null;
  return addressOf(app, api, source) ?? addressOfVideo(app, api, source);
}

/** The picture that a node made or shows. @param {HostApp} app @param {HostApi} api @param {HostNode} source */
function addressOf(app, api, source) {
  const graph = source.graph;
  const isRoot = !graph || graph === app.rootGraph || !graph.id;
  const place = isRoot ? String(source.id) : `${graph.id}:${source.id}`;
  const preview = app.nodePreviewImages[place]?.[0];
  if (preview) return preview;
  const saved = app.nodeOutputs[place]?.images?.[0];
  if (saved) return api.apiURL(`/view?${new URLSearchParams({ ...saved })}${app.getPreviewFormatParam()}`);
  return source.imgs?.[0]?.src ?? shownVideo(source);
}

/** A node that takes a video apart shows nothing: what it reads from does.
 * @param {HostApp} app @param {HostApi} api @param {HostNode} source */
function addressOfVideo(app, api, source) {
  const slot = source.inputs?.findIndex((input) => input.type === "VIDEO") ?? -1;
  const reader = slot < 0 ? null : source.getInputNode(slot);
  return reader && addressOf(app, api, reader);
}

/** A loader of another pack that plays its file in a widget. @param {HostNode} source @returns {string | null} */
function shownVideo({ widgets = [] }) {
  const [video] = widgets.flatMap(({ element }) => element?.querySelector?.("video") ?? []);
  return video?.src || null;
}
