/** The editor's state: document, history, session. No DOM. */

import { createHistory, record, redo, undo } from "./history.js";
import { reduce } from "./reducer.js";
import { prune } from "./selection.js";

/**
 * @typedef {import("./types.js").MotionDocument} MotionDocument
 * @typedef {import("./types.js").Session} Session
 * @typedef {import("./types.js").Action} Action
 * @typedef {{readonly document: MotionDocument, readonly session: Session}} State
 * @typedef {ReturnType<typeof createStore>} Store
 */

/** @returns {Session} */
export const createSession = () => ({
  tool: "draw", selection: [], view: { scale: 1, x: 0, y: 0 }, hover: null, drag: null,
  drawing: null, cursor: null, frame: 0, snap: "none", cells: false, follow: true, key: null,
});

/**
 * @param {MotionDocument} document @param {Session} session
 * @param {{onChange: (state: State) => void, onCommit: (document: MotionDocument) => void}} listen
 */
export function createStore(document, session, { onChange, onCommit }) {
  let history = createHistory(document);
  let current = session;
  /** @type {Action | null} */
  let preview = null;
  /** @type {{from: MotionDocument, action: Action, to: MotionDocument} | null} */
  let previewed = null;

  const settle = () => {
    const frame = Math.min(current.frame, history.present.frames - 1);
    const selection = prune(history.present, current.selection);
    const drawing = history.present.tracks.some((track) => track.id === current.drawing) ? current.drawing : null;
    current = { ...current, selection, frame, drawing, hover: null };
  };
  const notify = () => onChange({ document: history.present, session: current });

  return {
    /** @returns {State} */
    get: () => ({ document: history.present, session: current }),

    /** The document with the gesture that is under way. @returns {MotionDocument} */
    shown() {
      const action = preview ?? current.drag?.action;
      if (!action) return history.present;
      if (previewed?.from !== history.present || previewed.action !== action) {
        previewed = { from: history.present, action, to: reduce(history.present, action) };
      }
      return previewed.to;
    },

    /** One step of undo, however many actions. @param {readonly Action[]} actions
     * @param {Partial<Session>} [patch] */
    act(actions, patch) {
      const before = history.present;
      const next = actions.reduce(reduce, before);
      history = record(history, next);
      if (patch) current = { ...current, ...patch };
      preview = null;
      settle();
      notify();
      if (next !== before) onCommit(next);
    },

    /** @param {Partial<Session>} patch */
    session(patch) {
      current = { ...current, ...patch };
      notify();
    },

    /** Take a session from elsewhere; what it selects may be gone. @param {Partial<Session>} patch */
    restore(patch) {
      current = { ...current, ...patch };
      settle();
      notify();
    },

    /** @param {Action | null} action shown but not done */
    preview(action) {
      preview = action;
      notify();
    },

    /** Take a document from outside, without a commit. @param {MotionDocument} document_ */
    load(document_) {
      history = createHistory(document_);
      preview = null;
      current = { ...current, drag: null };
      settle();
      notify();
    },

    undo() {
      const before = history.present;
      history = undo(history);
      settle();
      notify();
      if (history.present !== before) onCommit(history.present);
    },

    redo() {
      const before = history.present;
      history = redo(history);
      settle();
      notify();
      if (history.present !== before) onCommit(history.present);
    },

    canUndo: () => history.past.length > 0,
    canRedo: () => history.future.length > 0,
  };
}
