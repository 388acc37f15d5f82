/** Undo and redo as stacks of documents. */

/**
 * @typedef {import("./types.js").MotionDocument} MotionDocument
 * @typedef {{readonly past: readonly MotionDocument[], readonly present: MotionDocument,
 *   readonly future: readonly MotionDocument[]}} History
 */

const MAX_STEPS = 300;

/** @param {MotionDocument} document @returns {History} */
export const createHistory = (document) => ({ past: [], present: document, future: [] });

/** @param {History} history @param {MotionDocument} document @returns {History} */
export function record(history, document) {
  if (document === history.present) return history;
  const past = [...history.past, history.present].slice(-MAX_STEPS);
  return { past, present: document, future: [] };
}

/** @param {History} history @returns {History} */
export function undo(history) {
  const present = history.past[history.past.length - 1];
  if (!present) return history;
  const future = [history.present, ...history.future];
  return { past: history.past.slice(0, -1), present, future };
}

/** @param {History} history @returns {History} */
export function redo(history) {
  const present = history.future[0];
  if (!present) return history;
  const past = [...history.past, history.present];
  return { past, present, future: history.future.slice(1) };
}
