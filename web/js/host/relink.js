/** The editors of new nodes, where those of old ones with the same ids were: after undo, and where a
 * cleared graph is filled again at once. */

import { keyOf } from "./memory.js";

/** Where the editor of each node was last: in an app's panel nothing of it is left there after undo.
 * @type {Map<string, WeakRef<HTMLElement>>} */
const places = new Map();
/** The host goes back into an open subgraph some frames after it has undone. */
const PATIENCE_FRAMES = 90;

/** Where the classic renderer keeps elements; behind an app's panel they are not seen there. */
const CLASSIC = ".dom-widget";

/** Nodes 2.0 still shows the element of the deleted node, in the node or in an app's panel: put ours
 * in its place. Its component mounts `widget.element` once and is patched, not made anew.
 * @param {Set<Binding>} bindings */
function swap(bindings) {
  dropOld(bindings);
  const ours = new Set([...bindings].map(({ element }) => element));
  for (const { node, element } of bindings) {
    if (!node.graph) continue;
    const key = keyOf(node);
    if (!element.isConnected || element.closest(CLASSIC)) {
      const stale = staleElement(key, ours);
      if (stale && !stale.closest(CLASSIC)) stale.replaceWith(element);
      else emptyPanel(key)?.append(element);
    }
    element.dataset["wanmoveEditor"] = key;
    if (element.parentElement) places.set(key, new WeakRef(element.parentElement));
  }
}

/** The host does not tell that a node inside of a subgraph is gone: a newer one of its key does.
 * @param {Set<Binding>} bindings */
function dropOld(bindings) {
  const newest = new Map([...bindings].filter(({ node }) => node.graph).map((binding) => [keyOf(binding.node), binding]));
  for (const binding of bindings) {
    if (!binding.node.graph || newest.get(keyOf(binding.node)) === binding) continue;
    bindings.delete(binding);
    binding.editor.destroy();
  }
}

/** What an earlier node of this key has left. @param {string} key @param {Set<HTMLElement>} ours */
const staleElement = (key, ours) =>
  [.../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-wanmove-editor]"))]
    .find((element) => element.dataset["wanmoveEditor"] === key && !ours.has(element));

/** @param {string} key */
function emptyPanel(key) {
  const place = places.get(key)?.deref();
  return place?.isConnected && !place.closest(CLASSIC) && !place.hasChildNodes() ? place : null;
}

/** Give the focus back that undo took, as soon as the editor is on the page.
 * @param {Set<Binding>} bindings @param {(node: HostNode) => boolean} hadFocus */
function focus(bindings, hadFocus, frames = PATIENCE_FRAMES) {
  swap(bindings);
  const binding = [...bindings].find(({ node }) => hadFocus(node));
  if (!binding) return;
  const lost = !document.activeElement || document.activeElement === document.body;
  if (binding.element.isConnected) lost && binding.editor.focus();
  else if (frames > 0) requestAnimationFrame(() => focus(bindings, hadFocus, frames - 1));
}

/** The host puts its elements on the page over some frames.
 * @param {Set<Binding>} bindings @param {(node: HostNode) => boolean} [hadFocus] */
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
