/** Undo and redo as stacks of documents. */

const MAX_STEPS = 300;

/** @type {(document: MotionDocument) => DocumentHistory} */
export const createHistory = (document) => ({ past: [], present: document, future: [] });

/** @type {(history: DocumentHistory, document: MotionDocument) => DocumentHistory} */
export const record = (history, document) =>
  document === history.present ? history
  : { past: [...history.past, history.present].slice(-MAX_STEPS), present: document, future: [] };

/** @type {(history: DocumentHistory) => DocumentHistory} */
export function undo(history) {
  const { past, present, future } = history;
  return past.length ? { past: past.slice(0, -1), present: past[past.length - 1], future: [present, ...future] } : history;
}

/** @type {(history: DocumentHistory) => DocumentHistory} */
export function redo(history) {
  const { past, present, future } = history;
  return future.length ? { past: [...past, present], present: future[0], future: future.slice(1) } : history;
}
