/** Each editor's background follows the graph, unless someone chose a picture of their own. */

import { findBackground, loadAddress, loadPicture } from "./background.js";
import { findFamily, findFrame, reachesNode } from "./video_frame.js";

/** @param {HostApp} app @param {HostApi} api @param {Iterable<Binding>} bindings */
export function createFollowing(app, api, bindings) {
  /** @param {Binding} binding @param {string} url */
  async function show(binding, url) {
    if (binding.own || binding.source === url) return;
    binding.source = url;
    const image = url ? await loadAddress(url) : null;
    if (binding.source === url) binding.editor.setBackground(image);
  }

  /** The video and the model that an editor draws for. @param {Binding} binding */
  function follow(binding) {
    const family = findFamily(app, binding.node);
    if (binding.editor.getSession().family !== family) binding.editor.setSession({ family });
    const found = findFrame(app, binding.node, binding.lastRun)?.frame ?? null;
    const text = JSON.stringify(found);
    if (binding.frame === text) return;
    binding.frame = text;
    binding.editor.setFrame(found);
  }

  /** What feeds each editor's image input. */
  function refresh() {
    for (const binding of bindings) {
      if (!binding.node.graph) continue;
      follow(binding);
      const found = findBackground(app, api, binding.node);
      if (found !== null) void show(binding, found);
    }
  }

  const soon = () => void requestAnimationFrame(refresh);
  // "graphChanged": another picture was chosen upstream, for one.
  for (const event of ["executed", "graphChanged", "b_preview"]) api.addEventListener(event, soon);
  return {
    soon,

    /** @param {Binding} binding @param {HostImage} saved as the node's own run left it */
    showSaved: (binding, saved) => void show(binding, api.apiURL(`/view?${new URLSearchParams({ ...saved })}`)),

    /** Masks as the node's own run left them; those that were offered before are not offered again.
     * @param {Binding} binding @param {HostImage[]} saved @param {string} digest of what they hold */
    async offerMasks(binding, saved, digest) {
      if (binding.masks === digest) return;
      binding.masks = digest;
      const images = await Promise.all(saved.map((image) => loadAddress(api.apiURL(`/view?${new URLSearchParams({ ...image })}`))));
      if (binding.masks === digest) binding.editor.setMasks(images.filter((image) => image !== null));
    },

    /** @param {Binding} binding @param {File | null} file */
    async choose(binding, file) {
      binding.own = file && file.name;
      binding.source = "";
      if (!file) {
        binding.editor.setBackground(null);
        return refresh();
      }
      binding.editor.setBackground(await loadPicture(file), true);
    },
  };
}

/** What a node measures is shown in the editors whose tracks reach it.
 * @param {HostApp} app @param {Iterable<Binding>} bindings @param {HostNode} node */
export function showMeasured(app, bindings, node) {
  const { onExecuted } = node;
  node.onExecuted = function (output) {
    onExecuted?.call(node, output);
    const report = /** @type {unknown[] | undefined} */ (output["wanmove_followed"])?.[0];
    for (const binding of bindings) if (report && reachesNode(app, binding.node, node)) binding.editor.setFollowed(report);
  };
}
