/** Make a tree of elements like another one, keeping what is there: a focused field stays itself.
 * Handlers go over too, so they read the event's `currentTarget`, not the element they were made with. */

/** Class of an element that is being dragged. */
export const HELD = "wm-held";

const PROPERTIES = /** @type {const} */ (["className", "title", "ariaLabel", "ariaPressed", "disabled", "hidden", "type", "min", "max", "step", "placeholder",
  "onclick", "onchange", "oninput", "onkeydown"]);

/** Fields in which something was typed that no `change` has told yet: redrawing leaves it there.
 * @type {WeakSet<EventTarget>} */
const typedIn = new WeakSet();

/** @type {(root: HTMLElement, signal: AbortSignal) => void} */
export function keepTyped(root, signal) {
  root.addEventListener("input", ({ target }) => {
    if (target instanceof HTMLInputElement && ["number", "text"].includes(target.type)) typedIn.add(target);
  }, { signal, capture: true });
  for (const end of ["change", "focusout"]) {
    root.addEventListener(end, ({ target }) => target && typedIn.delete(target), { signal, capture: true });
  }
}

/** @type {(node: Node) => string | undefined} */
const keyOf = (node) => (node instanceof HTMLElement ? node.dataset["field"] : undefined);

/** The node from `now` on that becomes `next`: by its key, or the very next one. @type {(now: ChildNode | null, next: Node) => ChildNode | null} */
function counterpart(now, next) {
  const key = keyOf(next);
  if (key === undefined) return now && now.nodeName === next.nodeName && keyOf(now) === undefined ? now : null;
  let found = now;
  while (found && (keyOf(found) !== key || found.nodeName !== next.nodeName)) found = found.nextSibling;
  return found;
}

/** @type {(old: Node, made: Node) => void} */
function patchNode(old, made) {
  if (old instanceof HTMLElement && made instanceof HTMLElement) {
    const [to, from] = [/** @type {any} */ (old), /** @type {any} */ (made)];
    for (const name of PROPERTIES) if (name in from && to[name] !== from[name]) to[name] = from[name];
    // Of a choice they go with its options, which `made` gives away.
    const { value, checked } = from;
    patchChildren(old, made);
    if (typedIn.has(old)) return;
    for (const [name, wanted] of Object.entries({ value, checked })) if (wanted !== undefined && to[name] !== wanted) to[name] = wanted;
  } else if (old instanceof Element) {
    // What the pointer holds must stay: a replaced element loses its capture.
    if (old.classList.contains(HELD)) return;
    if (!old.isEqualNode(made) || old.classList.contains("wm-ease")) old.replaceWith(made);
  } else if (old.nodeValue !== made.nodeValue) old.nodeValue = made.nodeValue;
}

/** `made` gives its children away. @type {(old: Element, made: Element) => void} */
export function patchChildren(old, made) {
  let now = old.firstChild;
  for (const next of [...made.childNodes]) {
    const same = counterpart(now, next);
    if (!same) {
      old.insertBefore(next, now);
      continue;
    }
    while (now && now !== same) {
      const gone = now;
      now = now.nextSibling;
      gone.remove();
    }
    now = same.nextSibling;
    patchNode(same, next);
  }
  while (now) {
    const gone = now;
    now = now.nextSibling;
    gone.remove();
  }
}
