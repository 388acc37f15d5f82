/** What outlives undo, which makes new nodes: view, tool, selection, an open panel, the focus. */

const MAX_REMEMBERED = 64;

/** A key that stays the same when undo rebuilds the node. @param {HostNode} node */
export const keyOf = (node) => `${node.graph?.id ?? ""}:${node.id}`;

export function createSessionMemory() {
  /** @type {Map<string, {session: Partial<Session>, panel: boolean}>} */
  const sessions = new Map();
  /** Whose editor has the focus. Undo takes it down, and the keys would go to the graph, where
   * Delete removes the node. */
  let focused = "";

  /** @param {HostNode} node */
  const recall = (node) => (node.graph ? sessions.get(keyOf(node)) : undefined);
  return {
    recall,

    /** @param {HostNode} node @param {Session} session @param {HTMLElement} element */
    remember(node, session, element) {
      if (!node.graph) return;
      const key = keyOf(node);
      sessions.delete(key);
      // The family follows the graph.
      const { family: _, ...kept } = session;
      const panel = element.classList.contains("wm-panel-open");
      sessions.set(key, { session: { ...kept, drag: null, hover: null, cursor: null }, panel });
      const oldest = sessions.keys().next().value;
      if (sessions.size > MAX_REMEMBERED && oldest !== undefined) sessions.delete(oldest);
    },

    /** @param {Binding} binding @param {ReturnType<typeof recall>} [known] */
    restore({ node, editor, element }, known = recall(node)) {
      if (!known) return;
      element.classList.toggle("wm-panel-open", known.panel);
      editor.setSession(known.session);
    },

    /** @param {HostNode} node @param {HTMLElement} element */
    followFocus(node, element) {
      element.addEventListener("focusin", () => (focused = node.graph ? keyOf(node) : ""));
      element.addEventListener("focusout", (event) => {
        if (event.relatedTarget && !element.contains(/** @type {Node} */ (event.relatedTarget))) focused = "";
      });
    },

    /** @param {HostNode} node */
    hadFocus: (node) => node.graph !== null && keyOf(node) === focused,
  };
}
