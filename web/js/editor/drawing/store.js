/** The editor's state: drawing, history, session. No DOM. */

import { FIRST_FAMILY } from "./families.js";
import { keptKey, selectedAfter } from "./chosen.js";
import { createHistory, record, redo, undo } from "./history.js";
import { reduce } from "./reducer.js";
import { findTrack, prune } from "./selection.js";

/** Of the wand: how far colours may be away from the one under the press. */
export const FIRST_TOLERANCE = 28;

/** @type {() => Session} */
export const createSession = () => ({
  tool: "draw", selection: [], view: { scale: 1, x: 0, y: 0 }, hover: null, drag: null,
  unfinished: null, cursor: null, aim: null, frame: 0, snap: "none", cells: false, maps: false, labels: false, motion: true, ring: 2, tolerance: FIRST_TOLERANCE, follow: true, key: null, family: FIRST_FAMILY, followed: null, time: { zoom: 1, from: 0 },
});

/** Reduces the same action on the same drawing once. */
function createPreview() {
  /** @type {{from: Drawing, action: Action, to: Drawing} | null} */
  let last = null;
  /** @type {(from: Drawing, action: Action | null | undefined) => Drawing} */
  return (from, action) => {
    if (!action) return from;
    if (last?.from !== from || last.action !== action) last = { from, action, to: reduce(from, action) };
    return last.to;
  };
}

/** The session goes on with another drawing; what it points at may be gone.
 * @type {(drawing: Drawing, before: Session, session: Session) => Session} */
const carriedOver = (drawing, before, session) => ({
  ...session, hover: null, selection: prune(drawing, session.selection), key: keptKey(drawing, before, session),
  frame: Math.min(session.frame, drawing.frames - 1), unfinished: findTrack(drawing, session.unfinished)?.id ?? null,
});

/** Do actions one after the other, with what is selected after them.
 * @type {(history: DrawingHistory, session: Session, actions: readonly Action[], patch?: Partial<Session>) => [DrawingHistory, Partial<Session>]} */
function performed(history, session, actions, patch = {}) {
  let [drawing, selection] = [history.present, session.selection];
  for (const action of actions) {
    const next = reduce(drawing, action);
    selection = selectedAfter(selection, action, drawing, next);
    drawing = next;
  }
  // What was selected together with the actions is meant as it is after them.
  const chosen = patch.selection !== undefined && patch.selection !== session.selection;
  return [record(history, drawing), chosen ? patch : { ...patch, selection }];
}

/**
 * @param {Drawing} drawing @param {Session} session
 * @param {{onChange: (state: State) => void, onCommit: (drawing: Drawing) => void}} listen
 */
export function createStore(drawing, session, { onChange, onCommit }) {
  let history = createHistory(drawing);
  let current = session;
  /** @type {Action | null} */
  let preview = null;
  const previewed = createPreview();
  const get = () => ({ drawing: history.present, session: current });

  /** @type {(next: DrawingHistory, patch?: Partial<Session>) => void} */
  const settle = (next, patch) => {
    const changed = next.present !== history.present;
    history = next;
    preview = null;
    current = carriedOver(next.present, current, { ...current, ...patch });
    onChange(get());
    if (changed) onCommit(next.present);
  };

  /** One step of undo, however many actions. @type {(actions: readonly Action[], patch?: Partial<Session>) => void} */
  const act = (actions, patch) => settle(...performed(history, current, actions, patch));

  return {
    get,
    act,
    /** @type {(tracks: readonly Track[], patch: Partial<Track>) => void} */
    patchTracks: (tracks, patch) => act([{ type: "patch-tracks", ids: tracks.map(({ id }) => id), patch }]),
    /** @type {(tracks: readonly Track[], patch: Partial<Timing>, session?: Partial<Session>) => void} */
    patchTiming: (tracks, patch, session) => act([{ type: "patch-timing", ids: tracks.map(({ id }) => id), patch }], session),

    /** The drawing with the gesture that is under way. @type {() => Drawing} */
    shown: () => previewed(history.present, preview ?? current.drag?.action),

    /** @type {(patch: Partial<Session>) => void} */
    session(patch) {
      const next = { ...current, ...patch };
      current = { ...next, key: keptKey(history.present, current, next) };
      onChange(get());
    },

    /** Take a session from elsewhere. @type {(patch: Partial<Session>) => void} */
    restore: (patch) => settle(history, patch),

    /** Show an action without doing it. @type {(action: Action | null) => void} */
    preview(action) {
      preview = action;
      onChange(get());
    },

    /** Take a drawing from outside, without a commit. @type {(drawing: Drawing) => void} */
    load(given) {
      history = createHistory(given);
      settle(history, { drag: null });
    },

    undo: () => settle(undo(history)),
    redo: () => settle(redo(history)),
    canUndo: () => history.past.length > 0,
    canRedo: () => history.future.length > 0,
  };
}
