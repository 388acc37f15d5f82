/** What keys and buttons do. One table: the toolbar and the help page are made from it. */

import { freeId } from "../drawing/schema.js";
import { centerOf, clamp, scaling, translation } from "../curve/geometry.js";
import { motionRange } from "../drawing/sample.js";
import { findTrack, selectedIds, selectedTracks, selectionBox, wholly } from "../drawing/selection.js";
import { TOOLS } from "./tools.js";

const BIG_NUDGE_PX = 10;
const PASTE_SHIFT_PX = 12;

/** @type {(run: (store: Store, state: State) => void) => Command["run"]} */
const on = (run) => ({ store }) => run(store, store.get());

/** @type {(tool: Tool) => Command["run"]} */
const useTool = (tool) => on((store) => store.session({ tool, unfinished: null, hover: null }));

/** @type {(frames: number) => Command["run"]} */
const step = (frames) => on((store, { drawing, session }) =>
  store.session({ frame: clamp(session.frame + frames, 0, drawing.frames - 1) }));

/** @type {(dx: number, dy: number) => Command["run"]} */
const nudge = (dx, dy) => on((store, { session }) =>
  store.act([{ type: "transform", selection: session.selection, matrix: translation(dx, dy) }]));

/** @type {(sx: number, sy: number) => Command["run"]} */
const mirror = (sx, sy) => on((store, { drawing, session: { selection } }) => {
  const box = selectionBox(drawing, selection);
  if (box) store.act([{ type: "transform", selection, matrix: scaling(centerOf(box), sx, sy) }]);
});

/** @type {(field: "locked" | "hidden") => Command["run"]} */
const toggleField = (field) => on((store, state) => {
  const tracks = selectedTracks(state);
  store.patchTracks(tracks, { [field]: !tracks.every((track) => track[field]) });
});

/** @type {(by: 1 | -1) => Command["run"]} */
const reorder = (by) => on((store, state) => {
  const places = selectedTracks(state).map(({ id }) => ({ id, to: state.drawing.tracks.findIndex((track) => track.id === id) + by }));
  store.act((by > 0 ? places.reverse() : places).map((place) => ({ type: "reorder", ...place })));
});

/** The motion of the selected tracks starts or ends at the current frame.
 * @type {(side: "start" | "end") => Command["run"]} */
const edge = (side) => on((store, state) => {
  const { drawing, session: { frame } } = state;
  const tracks = selectedTracks(state).filter(({ timing }) => {
    const { start, end } = motionRange(timing, drawing.frames);
    return side === "start" ? frame < end : frame > start;
  });
  store.patchTiming(tracks, { [side]: frame });
});

/** The chosen timing key, or else what is selected. */
const remove = on((store, { drawing, session: { key, selection } }) => {
  const track = findTrack(drawing, key?.track);
  if (!key || !track?.timing.keys[key.index]) return store.act([{ type: "remove-selected", selection }]);
  store.patchTiming([track], { keys: track.timing.keys.toSpliced(key.index, 1) }, { key: null });
});

const cancel = on((store, { session: { drag, unfinished } }) =>
  store.session(drag ? { drag: null } : unfinished ? { unfinished: null } : { selection: [], key: null }));

/** Copies with fresh ids, shifted a little so that they are seen.
 * @type {(store: Store, tracks: readonly Track[], shift?: number) => void} */
export function addCopies(store, tracks, shift = PASTE_SHIFT_PX) {
  const all = [...store.get().drawing.tracks];
  const copies = tracks.map((track) => {
    const knots = track.knots.map((knot) => ({ ...knot, x: knot.x + shift, y: knot.y + shift }));
    const copy = { ...track, id: freeId(all), knots, locked: false };
    all.push(copy);
    return copy;
  });
  store.act([{ type: "add-tracks", tracks: copies }], { selection: wholly(copies), unfinished: null, tool: "select" });
}

/** Id, label, keys, effect. `mod` is Ctrl, and Cmd on a Mac. One without a label goes with the one above it.
 * @type {[string, string, string, Command["run"]][]} */
const TABLE = [
  ...TOOLS.map(({ id, label, keys }) => /** @type {[string, string, string, Command["run"]]} */ ([id, label, keys, useTool(id)])),
  ["undo", "Undo", "mod+z", ({ undo }) => undo()],
  ["redo", "Redo", "mod+y mod+shift+z", ({ redo }) => redo()],
  ["finish", "Finish path", "Enter", on((store) => store.session({ unfinished: null }))],
  ["cancel", "Cancel or deselect", "Escape", cancel],
  ["delete", "Delete", "Delete Backspace", remove],
  ["select-all", "Select all", "mod+a", on((store, { drawing }) =>
    store.session({ tool: "select", selection: wholly(drawing.tracks.filter(({ hidden, locked }) => !hidden && !locked)) }))],
  ["duplicate", "Duplicate", "mod+d", on((store, state) => addCopies(store, selectedTracks(state)))],
  ["nudge-left", "Nudge", "ArrowLeft", nudge(-1, 0)],
  ["nudge-right", "", "ArrowRight", nudge(1, 0)],
  ["nudge-up", "", "ArrowUp", nudge(0, -1)],
  ["nudge-down", "", "ArrowDown", nudge(0, 1)],
  ["nudge-left-10", "Nudge by 10", "shift+ArrowLeft", nudge(-BIG_NUDGE_PX, 0)],
  ["nudge-right-10", "", "shift+ArrowRight", nudge(BIG_NUDGE_PX, 0)],
  ["nudge-up-10", "", "shift+ArrowUp", nudge(0, -BIG_NUDGE_PX)],
  ["nudge-down-10", "", "shift+ArrowDown", nudge(0, BIG_NUDGE_PX)],
  ["reverse", "Reverse", "shift+r", on((store, { session }) => store.act([{ type: "reverse", ids: selectedIds(session.selection) }]))],
  ["mirror-x", "Mirror left-right", "m", mirror(-1, 1)],
  ["mirror-y", "Mirror up-down", "shift+m", mirror(1, -1)],
  ["up", "Bring forward", "]", reorder(1)],
  ["down", "Send backward", "[", reorder(-1)],
  ["lock", "Locked", "l", toggleField("locked")],
  ["hide", "Hidden", "h", toggleField("hidden")],
  ["play", "Play", "Space", ({ play }) => play()],
  ["previous-frame", "Previous frame", ",", step(-1)],
  ["next-frame", "Next frame", ".", step(1)],
  ["first", "First frame", "Home", step(-Infinity)],
  ["last", "Last frame", "End", step(Infinity)],
  ["start-here", "Start here", "i", edge("start")],
  ["end-here", "End here", "o", edge("end")],
  ["cells", "Latent cells", "c", on((store, { session }) => store.session({ cells: !session.cells }))],
  ["fit", "Fit to view", "f", ({ fit }) => fit()],
  ["full", "Full screen", "shift+f", ({ full }) => full()],
  ["help", "Help", "? shift+?", ({ help }) => help()],
];

/** @type {Command[]} */
export const COMMANDS = TABLE.map(([id, label, keys, run]) => ({ id, label, keys: keys.split(" "), run }));

/** @type {(id: string) => Command} */
export function commandOf(id) {
  const found = COMMANDS.find((command) => command.id === id);
  if (!found) throw new RangeError(`unknown command ${id}`);
  return found;
}

/** The first key of a command, as on a keyboard. @type {(command: Command) => string} */
export const keyOf = ({ keys: [key] }) =>
  key.replace("mod", "Ctrl").replace("shift", "Shift").replace(/Arrow.*/, "Arrow").replace(/\b[a-z]$/, (letter) => letter.toUpperCase());

/** @type {(event: KeyboardEvent) => Command | undefined} */
export function commandFor({ key, ctrlKey, metaKey, shiftKey, altKey }) {
  if (altKey) return undefined;
  const plain = key === " " ? "Space" : key.length === 1 ? key.toLowerCase() : key;
  const name = `${ctrlKey || metaKey ? "mod+" : ""}${shiftKey ? "shift+" : ""}${plain}`;
  return COMMANDS.find(({ keys }) => keys.includes(name));
}
