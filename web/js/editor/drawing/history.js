/** Undo and redo as stacks of documents. */

const MAX_STEPS = 300;

/** @type {(drawing: Drawing) => DrawingHistory} */
export const createHistory = (drawing) => ({ past: [], present: drawing, future: [] });

/** @type {(history: DrawingHistory, drawing: Drawing) => DrawingHistory} */
export const record = (history, drawing) =>
  drawing === history.present ? history
  : { past: [...history.past, history.present].slice(-MAX_STEPS), present: drawing, future: [] };

/** @type {(history: DrawingHistory) => DrawingHistory} */
export function undo(history) {
  const { past, present, future } = history;
  return past.length ? { past: past.slice(0, -1), present: past[past.length - 1], future: [present, ...future] } : history;
}

/** @type {(history: DrawingHistory) => DrawingHistory} */
export function redo(history) {
  const { past, present, future } = history;
  return future.length ? { past: [...past, present], present: future[0], future: future.slice(1) } : history;
}
