/** What keys and buttons do. One table: the help page is made from it. */

import { freeId } from "./document.js";
import { scaling, translation } from "./geometry.js";
import { motionRange } from "./sample.js";
import { findTrack, selectedIds, selectedTracks, selectionBox } from "./selection.js";

/**
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./types.js").Track} Track
 * @typedef {import("./types.js").MotionDocument} MotionDocument
 * @typedef {{store: Store, fit: () => void, play: () => void, help: () => void, full: () => void,
 *   undo: () => void, redo: () => void}} Host
 * @typedef {{label: string, keys: string[], run: (host: Host) => void}} Command
 */

const NUDGE_PX = 1;
const BIG_NUDGE_PX = 10;
const PASTE_SHIFT_PX = 12;

/** @param {number} dx @param {number} dy @returns {Command["run"]} */
const nudge = (dx, dy) => ({ store }) => {
  const { selection } = store.get().session;
  store.act([{ type: "transform", selection, matrix: translation(dx, dy) }]);
};

/** @param {import("./types.js").Tool} tool @returns {Command["run"]} */
const useTool = (tool) => ({ store }) => store.session({ tool, drawing: null, hover: null });

/** @param {number} by @returns {Command["run"]} */
const step = (by) => ({ store }) => {
  const { document, session } = store.get();
  store.session({ frame: Math.min(Math.max(session.frame + by, 0), document.frames - 1) });
};

/** @param {"locked" | "hidden"} field @returns {Command["run"]} */
const toggleField = (field) => ({ store }) => {
  const { document, session } = store.get();
  const tracks = selectedTracks(document, session.selection);
  const value = !tracks.every((track) => track[field]);
  store.act([{ type: "patch-tracks", ids: tracks.map((track) => track.id), patch: { [field]: value } }]);
};

/** @param {boolean} horizontal @returns {Command["run"]} */
const mirror = (horizontal) => ({ store }) => {
  const { document, session } = store.get();
  const box = selectionBox(document, session.selection);
  if (!box) return;
  const center = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const matrix = horizontal ? scaling(center, -1, 1) : scaling(center, 1, -1);
  store.act([{ type: "transform", selection: session.selection, matrix }]);
};

/** @param {number} by @returns {Command["run"]} */
const reorder = (by) => ({ store }) => {
  const { document, session } = store.get();
  const ids = selectedIds(session.selection);
  const order = by > 0 ? [...ids].reverse() : ids;
  store.act(order.map((id) => ({
    type: "reorder", id, to: document.tracks.findIndex((track) => track.id === id) + by,
  })));
};

/** Copies with fresh ids, shifted a little so that they are seen. @param {MotionDocument} document
 * @param {readonly Track[]} tracks @param {number} shift @returns {Track[]} */
export function copiesOf(document, tracks, shift) {
  /** @type {Track[]} */
  const copies = [];
  for (const track of tracks) {
    const id = freeId([...document.tracks, ...copies]);
    const knots = track.knots.map((knot) => ({ ...knot, x: knot.x + shift, y: knot.y + shift }));
    copies.push({ ...track, id, knots, locked: false });
  }
  return copies;
}

/** @param {Store} store @param {readonly Track[]} tracks @param {number} [shift] */
export function addCopies(store, tracks, shift = PASTE_SHIFT_PX) {
  const copies = copiesOf(store.get().document, tracks, shift);
  const selection = copies.map((track) => ({ track: track.id, knots: null }));
  store.act([{ type: "add-tracks", tracks: copies }], { selection, drawing: null, tool: "select" });
}

/** @param {Host} host */
function removeSelected({ store }) {
  const { document, session } = store.get();
  const { key } = session;
  const track = key && findTrack(document, key.track);
  if (track && track.timing.keys[key.index]) {
    const keys = track.timing.keys.filter((_, index) => index !== key.index);
    store.act([{ type: "patch-timing", ids: [track.id], patch: { keys } }], { key: null });
    return;
  }
  store.act([{ type: "remove-selected", selection: session.selection }]);
}

/** @param {Host} host */
function escape({ store }) {
  const { session } = store.get();
  if (session.drag) store.session({ drag: null });
  else if (session.drawing) store.session({ drawing: null });
  else store.session({ selection: [], key: null });
}

/** @type {Command[]} `mod` is Ctrl, and Cmd on a Mac */
export const COMMANDS = [
  { label: "Select", keys: ["v"], run: useTool("select") },
  { label: "Draw", keys: ["p"], run: useTool("draw") },
  { label: "Anchor", keys: ["a"], run: useTool("anchor") },
  { label: "Region", keys: ["r"], run: useTool("region") },
  { label: "Undo", keys: ["mod+z"], run: (host) => host.undo() },
  { label: "Redo", keys: ["mod+y", "mod+shift+z"], run: (host) => host.redo() },
  { label: "Finish path", keys: ["Enter"], run: ({ store }) => store.session({ drawing: null }) },
  { label: "Cancel or deselect", keys: ["Escape"], run: escape },
  { label: "Delete", keys: ["Delete", "Backspace"], run: removeSelected },
  { label: "Select all", keys: ["mod+a"], run: ({ store }) => {
    const open = store.get().document.tracks.filter((track) => !track.hidden && !track.locked);
    store.session({ tool: "select", selection: open.map((track) => ({ track: track.id, knots: null })) });
  } },
  { label: "Duplicate", keys: ["mod+d"], run: ({ store }) => {
    const { document, session } = store.get();
    addCopies(store, selectedTracks(document, session.selection));
  } },
  { label: "Nudge", keys: ["ArrowLeft"], run: nudge(-NUDGE_PX, 0) },
  { label: "", keys: ["ArrowRight"], run: nudge(NUDGE_PX, 0) },
  { label: "", keys: ["ArrowUp"], run: nudge(0, -NUDGE_PX) },
  { label: "", keys: ["ArrowDown"], run: nudge(0, NUDGE_PX) },
  { label: "Nudge by 10", keys: ["shift+ArrowLeft"], run: nudge(-BIG_NUDGE_PX, 0) },
  { label: "", keys: ["shift+ArrowRight"], run: nudge(BIG_NUDGE_PX, 0) },
  { label: "", keys: ["shift+ArrowUp"], run: nudge(0, -BIG_NUDGE_PX) },
  { label: "", keys: ["shift+ArrowDown"], run: nudge(0, BIG_NUDGE_PX) },
  { label: "Reverse", keys: ["shift+r"], run: ({ store }) =>
    store.act([{ type: "reverse", ids: selectedIds(store.get().session.selection) }]) },
  { label: "Mirror left-right", keys: ["m"], run: mirror(true) },
  { label: "Mirror up-down", keys: ["shift+m"], run: mirror(false) },
  { label: "Bring forward", keys: ["]"], run: reorder(1) },
  { label: "Send backward", keys: ["["], run: reorder(-1) },
  { label: "Locked", keys: ["l"], run: toggleField("locked") },
  { label: "Hidden", keys: ["h"], run: toggleField("hidden") },
  { label: "Play", keys: [" "], run: (host) => host.play() },
  { label: "Previous frame", keys: [","], run: step(-1) },
  { label: "Next frame", keys: ["."], run: step(1) },
  { label: "First frame", keys: ["Home"], run: step(-Infinity) },
  { label: "Last frame", keys: ["End"], run: step(Infinity) },
  { label: "Start here", keys: ["i"], run: ({ store }) => edge(store, "start") },
  { label: "End here", keys: ["o"], run: ({ store }) => edge(store, "end") },
  { label: "Latent cells", keys: ["c"], run: ({ store }) => store.session({ cells: !store.get().session.cells }) },
  { label: "Fit to view", keys: ["f"], run: (host) => host.fit() },
  { label: "Full screen", keys: ["shift+f"], run: (host) => host.full() },
  { label: "Help", keys: ["?", "shift+?"], run: (host) => host.help() },
];

/** @param {Store} store @param {"start" | "end"} side */
function edge(store, side) {
  const { document, session } = store.get();
  const tracks = selectedTracks(document, session.selection).filter((track) => {
    const { start, end } = motionRange(track.timing, document.frames);
    return side === "start" ? session.frame < end : session.frame > start;
  });
  store.act([{ type: "patch-timing", ids: tracks.map((track) => track.id), patch: { [side]: session.frame } }]);
}

/** @param {KeyboardEvent} event @returns {Command | undefined} */
export function commandFor(event) {
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push("mod");
  if (event.shiftKey) parts.push("shift");
  if (event.altKey) return undefined;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const name = [...parts, key].join("+");
  return COMMANDS.find((command) => command.keys.includes(name));
}
