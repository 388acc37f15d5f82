/** The editors of new nodes, where those of old ones with the same ids were: after undo, and where a
 * cleared graph is filled again at once. */

/** Nodes 2.0 still shows the element of the deleted node: put ours in its place. Its component
 * mounts `widget.element` once and is patched, not made anew. @param {Iterable<Binding>} bindings */
function swap(bindings) {
  for (const { node, element } of bindings) {
    if (element.isConnected || !node.graph) continue;
    const stale = document.querySelector(`[data-node-id="${node.id}"] [data-wanmove-editor]`);
    stale?.replaceWith(element);
  }
}

/** @param {Iterable<Binding>} bindings @param {(node: HostNode) => boolean} hadFocus */
function focus(bindings, hadFocus) {
  const binding = [...bindings].find(({ node }) => hadFocus(node));
  const lost = !document.activeElement || document.activeElement === document.body;
  if (lost && binding?.element.isConnected) binding.editor.focus();
}

/** The host puts its elements on the page over some frames.
 * @param {Iterable<Binding>} bindings @param {(node: HostNode) => boolean} [hadFocus] */
export function relinkElements(bindings, hadFocus = () => false) {
  swap(bindings);
  requestAnimationFrame(() => {
    swap(bindings);
    requestAnimationFrame(() => {
      swap(bindings);
      setTimeout(() => focus(bindings, hadFocus));
    });
  });
}
