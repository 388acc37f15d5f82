/** What keys and buttons do. One table: the toolbar and the help page are made from it. */

import { freeId } from "./document.js";
import { centerOf, clamp, scaling, translation } from "./geometry.js";
import { motionRange } from "./sample.js";
import { findTrack, selectedIds, selectedTracks, selectionBox, wholly } from "./selection.js";

const BIG_NUDGE_PX = 10;
const PASTE_SHIFT_PX = 12;

/** @type {(run: (store: Store, state: State) => void) => Command["run"]} */
const on = (run) => ({ store }) => run(store, store.get());

/** @type {(tool: Tool) => Command["run"]} */
const useTool = (tool) => on((store) => store.session({ tool, drawing: null, hover: null }));

/** @type {(frames: number) => Command["run"]} */
const step = (frames) => on((store, { document, session }) =>
  store.session({ frame: clamp(session.frame + frames, 0, document.frames - 1) }));

/** @type {(dx: number, dy: number) => Command["run"]} */
const nudge = (dx, dy) => on((store, { session }) =>
  store.act([{ type: "transform", selection: session.selection, matrix: translation(dx, dy) }]));

/** @type {(sx: number, sy: number) => Command["run"]} */
const mirror = (sx, sy) => on((store, { document, session: { selection } }) => {
  const box = selectionBox(document, selection);
  if (box) store.act([{ type: "transform", selection, matrix: scaling(centerOf(box), sx, sy) }]);
});

/** @type {(field: "locked" | "hidden") => Command["run"]} */
const toggleField = (field) => on((store, state) => {
  const tracks = selectedTracks(state);
  store.patchTracks(tracks, { [field]: !tracks.every((track) => track[field]) });
});

/** @type {(by: 1 | -1) => Command["run"]} */
const reorder = (by) => on((store, state) => {
  const places = selectedTracks(state).map(({ id }) => ({ id, to: state.document.tracks.findIndex((track) => track.id === id) + by }));
  store.act((by > 0 ? places.reverse() : places).map((place) => ({ type: "reorder", ...place })));
});

/** The motion of the selected tracks starts or ends at the current frame.
 * @type {(side: "start" | "end") => Command["run"]} */
const edge = (side) => on((store, state) => {
  const { document, session: { frame } } = state;
  const tracks = selectedTracks(state).filter(({ timing }) => {
    const { start, end } = motionRange(timing, document.frames);
    return side === "start" ? frame < end : frame > start;
  });
  store.patchTiming(tracks, { [side]: frame });
});

/** The chosen timing key, or else what is selected. */
const remove = on((store, { document, session: { key, selection } }) => {
  const track = findTrack(document, key?.track);
  if (!key || !track?.timing.keys[key.index]) return store.act([{ type: "remove-selected", selection }]);
  store.patchTiming([track], { keys: track.timing.keys.toSpliced(key.index, 1) }, { key: null });
});

const cancel = on((store, { session: { drag, drawing } }) =>
  store.session(drag ? { drag: null } : drawing ? { drawing: null } : { selection: [], key: null }));

/** Copies with fresh ids, shifted a little so that they are seen.
 * @type {(store: Store, tracks: readonly Track[], shift?: number) => void} */
export function addCopies(store, tracks, shift = PASTE_SHIFT_PX) {
  const all = [...store.get().document.tracks];
  const copies = tracks.map((track) => {
    const knots = track.knots.map((knot) => ({ ...knot, x: knot.x + shift, y: knot.y + shift }));
    const copy = { ...track, id: freeId(all), knots, locked: false };
    all.push(copy);
    return copy;
  });
  store.act([{ type: "add-tracks", tracks: copies }], { selection: wholly(copies), drawing: null, tool: "select" });
}

/** Label, keys, effect. `mod` is Ctrl, and Cmd on a Mac.
 * @type {[string, string, Command["run"]][]} */
const TABLE = [
  ["Select", "v", useTool("select")],
  ["Draw", "p", useTool("draw")],
  ["Anchor", "a", useTool("anchor")],
  ["Region", "r", useTool("region")],
  ["Undo", "mod+z", ({ undo }) => undo()],
  ["Redo", "mod+y mod+shift+z", ({ redo }) => redo()],
  ["Finish path", "Enter", on((store) => store.session({ drawing: null }))],
  ["Cancel or deselect", "Escape", cancel],
  ["Delete", "Delete Backspace", remove],
  ["Select all", "mod+a", on((store, { document }) =>
    store.session({ tool: "select", selection: wholly(document.tracks.filter(({ hidden, locked }) => !hidden && !locked)) }))],
  ["Duplicate", "mod+d", on((store, state) => addCopies(store, selectedTracks(state)))],
  ["Nudge", "ArrowLeft", nudge(-1, 0)],
  ["", "ArrowRight", nudge(1, 0)],
  ["", "ArrowUp", nudge(0, -1)],
  ["", "ArrowDown", nudge(0, 1)],
  ["Nudge by 10", "shift+ArrowLeft", nudge(-BIG_NUDGE_PX, 0)],
  ["", "shift+ArrowRight", nudge(BIG_NUDGE_PX, 0)],
  ["", "shift+ArrowUp", nudge(0, -BIG_NUDGE_PX)],
  ["", "shift+ArrowDown", nudge(0, BIG_NUDGE_PX)],
  ["Reverse", "shift+r", on((store, { session }) => store.act([{ type: "reverse", ids: selectedIds(session.selection) }]))],
  ["Mirror left-right", "m", mirror(-1, 1)],
  ["Mirror up-down", "shift+m", mirror(1, -1)],
  ["Bring forward", "]", reorder(1)],
  ["Send backward", "[", reorder(-1)],
  ["Locked", "l", toggleField("locked")],
  ["Hidden", "h", toggleField("hidden")],
  ["Play", "Space", ({ play }) => play()],
  ["Previous frame", ",", step(-1)],
  ["Next frame", ".", step(1)],
  ["First frame", "Home", step(-Infinity)],
  ["Last frame", "End", step(Infinity)],
  ["Start here", "i", edge("start")],
  ["End here", "o", edge("end")],
  ["Latent cells", "c", on((store, { session }) => store.session({ cells: !session.cells }))],
  ["Fit to view", "f", ({ fit }) => fit()],
  ["Full screen", "shift+f", ({ full }) => full()],
  ["Help", "? shift+?", ({ help }) => help()],
];

/** @type {Command[]} */
export const COMMANDS = TABLE.map(([label, keys, run]) => ({ label, keys: keys.split(" "), run }));

/** @type {(label: string) => Command} */
export const commandNamed = (label) => /** @type {Command} */ (COMMANDS.find((command) => command.label === label));

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
