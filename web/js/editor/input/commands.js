/** What keys and buttons do. One table: the toolbar and the help page are made from it. */

import { createTrack } from "../drawing/schema.js";
import { centerOf, clamp, scaling } from "../curve/geometry.js";
import { motionRange } from "../drawing/sample.js";
import { findTrack, selectedIds, selectedTracks, selectionBox, wholly } from "../drawing/selection.js";
import { enlarge, nudge, press, takeRegion, turn } from "./crosshair.js";
import { pinsAround } from "./strokes.js";
import { LARGEST_RING } from "./ring.js";
import { TOOLS } from "./tools.js";

const BIG_NUDGE_PX = 10;
const BIG_STEP_FRAMES = 10;
const PASTE_SHIFT_PX = 12;
/** Of the timeline, at least. */
const CLOSEST_FRAMES = 12;
/** Of the screen: twice what freehand keeps to. */
const SIMPLIFIED_PX = 4;
const TURN_DEGREES = 15;
const LARGER = 1.1;
const ZOOM = 1.5;
const [LEAST_TOLERANCE, TOLERANCE_STEP, MOST_TOLERANCE] = [4, 8, 252];

/** @type {(run: (store: Store, state: State) => void) => Command["run"]} */
const on = (run) => ({ store }) => run(store, store.get());

/** A path of one click moves nothing and would hardly be seen: pins come from the Anchor tool.
 * @type {(state: State) => Action[]} */
const withoutLoneKnot = ({ drawing, session }) => {
  const track = findTrack(drawing, session.unfinished);
  return track && track.knots.length === 1 && (!track.spread || track.spread.ring) ? [{ type: "remove-tracks", ids: [track.id] }] : [];
};

/** @type {(patch: Partial<Session>) => Command["run"]} */
const finish = (patch) => on((store, state) => store.act(withoutLoneKnot(state), { unfinished: null, ...patch }));

/** @type {(tool: Tool) => Command["run"]} */
const useTool = (tool) => finish({ tool, hover: null });

/** @type {(frames: number) => Command["run"]} */
const step = (frames) => on((store, { drawing, session }) =>
  store.session({ frame: clamp(session.frame + frames, 0, drawing.frames - 1) }));

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

/** The ring of the Draw tool grows or shrinks, and the tolerance of the Wand; with other tools the selected tracks change places.
 * @type {(by: 1 | -1) => Command["run"]} */
const moreOr = (by) => (host) => {
  const { tool, ring, tolerance } = host.store.get().session;
  if (tool === "draw") host.store.session({ ring: clamp(ring + by, 0, LARGEST_RING) });
  else if (tool === "wand") host.store.session({ tolerance: clamp(tolerance + by * TOLERANCE_STEP, LEAST_TOLERANCE, MOST_TOLERANCE) });
  else reorder(by)(host);
};

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
  if (!key || !track?.timing.keys[key.index]) {
    store.act([{ type: "remove-selected", selection }]);
    // Nothing is left to select: the next drag draws.
    if (store.get().drawing.tracks.length === 0) store.session({ tool: "draw" });
    return;
  }
  store.patchTiming([track], { keys: track.timing.keys.toSpliced(key.index, 1) }, { key: null });
});

/** @type {Command["run"]} */
const cancel = (host) => {
  const { drag, unfinished } = host.store.get().session;
  if (unfinished && !drag) return finish({})(host);
  host.store.session(drag ? { drag: null } : { selection: [], key: null });
};

/** What keys chose or moved is brought into the view. @type {(run: Command["run"]) => Command["run"]} */
const inView = (run) => (host) => {
  run(host);
  host.reveal();
};

/** The track after or before the selected one, in the order of the rows. @type {(by: 1 | -1) => Command["run"]} */
const chooseTrack = (by) => on((store, { drawing, session }) => {
  const open = drawing.tracks.filter(({ hidden }) => !hidden).reverse();
  if (open.length === 0) return;
  const now = open.findIndex(({ id }) => id === session.selection[0]?.track);
  const next = now < 0 ? (by > 0 ? 0 : open.length - 1) : (now + by + open.length) % open.length;
  store.session({ selection: wholly([open[next]]), tool: "select", unfinished: null, key: null });
});

/** The knot after or before the chosen one of the selected track. @type {(by: 1 | -1) => Command["run"]} */
const chooseKnot = (by) => on((store, { drawing, session }) => {
  const track = findTrack(drawing, session.selection[0]?.track);
  if (!track) return;
  const many = track.knots.length;
  const now = session.selection[0].knots?.[0];
  const next = now === undefined ? (by > 0 ? 0 : many - 1) : (now + by + many) % many;
  store.session({ selection: [{ track: track.id, knots: [next] }], tool: "select", unfinished: null });
});

/** The selected tracks become a group, with a name of its own. */
const group = on((store, state) => {
  const tracks = selectedTracks(state);
  const names = new Set(state.drawing.tracks.map((track) => track.group));
  let number = 1;
  while (names.has(`Group ${number}`)) number += 1;
  if (tracks.length > 1) store.patchTracks(tracks, { group: `Group ${number}` });
});
const ungroup = on((store, state) => store.patchTracks(selectedTracks(state), { group: null }));

/** All but the one that was selected last move with that one; where they do already, they are let go. */
const link = on((store, { drawing, session: { selection } }) => {
  const ids = selectedIds(selection);
  const parent = ids.length > 1 ? /** @type {string} */ (ids.pop()) : null;
  const linked = ids.every((id) => findTrack(drawing, id)?.parent === parent);
  store.act([{ type: "link", ids, parent: linked ? null : parent }]);
});

/** The timeline around the current frame. @type {(factor: number) => Command["run"]} */
const zoomTimeline = (factor) => on((store, { drawing: { frames }, session: { time, frame } }) => {
  const zoom = clamp(time.zoom * factor, 1, Math.max((frames - 1) / CLOSEST_FRAMES, 1));
  const from = frame - ((frame - time.from) * time.zoom) / zoom;
  store.session({ time: { zoom, from: clamp(from, 0, (frames - 1) * (1 - 1 / zoom)) } });
});

/** One row of pins everywhere but near what moves. */
const pinRest = on((store, { drawing }) => {
  const track = pinsAround(drawing);
  if (track) store.act([{ type: "add-tracks", tracks: [track] }], { selection: wholly([track]), unfinished: null });
});

/** Copies with fresh ids, shifted a little so that they are seen, with names, colours and groups of their own.
 * `before`: what else the same step of undo does; `own`: the tracks are of this drawing.
 * @type {(store: Store, tracks: readonly Track[], options?: {shift?: number, before?: readonly Action[], own?: boolean}) => void} */
export function addCopies(store, tracks, { shift = PASTE_SHIFT_PX, before = [], own = false } = {}) {
  const { drawing } = store.get();
  const all = [...drawing.tracks];
  /** @type {Map<string, string>} */
  const ids = new Map();
  const groups = freshGroups(drawing, tracks);
  const copies = tracks.map((track) => {
    const knots = track.knots.map((knot) => ({ ...knot, x: knot.x + shift, y: knot.y + shift }));
    const fresh = createTrack({ ...drawing, tracks: all }, { knots });
    const taken = (/** @type {keyof Track} */ field) => all.some((other) => other[field] === track[field]);
    const name = taken("name") && /^Track \d+$/.test(track.name) ? fresh.name : freeName(new Set(all.map((other) => other.name)), track.name);
    const color = taken("color") ? fresh.color : track.color;
    const copy = { ...track, id: fresh.id, name, color, knots, locked: false, group: groups.get(track.group) ?? null };
    ids.set(track.id, copy.id);
    all.push(copy);
    return copy;
  });
  // A copy moves with the copy of its parent, or else, in its own drawing, with the parent itself.
  const parentOf = (/** @type {string | null} */ id) => (id === null ? null : ids.get(id) ?? (own && findTrack(drawing, id) ? id : null));
  const linked = copies.map((copy) => ({ ...copy, parent: parentOf(copy.parent) }));
  store.act([...before, { type: "add-tracks", tracks: linked }], { selection: wholly(copies), unfinished: null, tool: "select" });
}

/** A name as it is where it is free, or else with the first number that is. @type {(taken: Set<string | null>, name: string) => string} */
function freeName(taken, name) {
  if (!taken.has(name)) return name;
  const stem = name.replace(/ \d+$/, "");
  let number = 2;
  while (taken.has(`${stem} ${number}`)) number += 1;
  return `${stem} ${number}`;
}

/** The groups of tracks that come into a drawing: names that it does not have. @type {(drawing: Drawing, tracks: readonly Track[]) => Map<string | null, string>} */
function freshGroups(drawing, tracks) {
  const taken = new Set(drawing.tracks.map(({ group }) => group));
  /** @type {Map<string | null, string>} */
  const fresh = new Map();
  for (const { group } of tracks) {
    if (group === null || fresh.has(group)) continue;
    fresh.set(group, freeName(taken, group));
    taken.add(freeName(taken, group));
  }
  return fresh;
}

/** Id, label, keys, effect. `mod` is Ctrl, and Cmd on a Mac. One without a label goes with the one above it.
 * @type {[string, string, string, Command["run"]][]} */
const TABLE = [
  ...TOOLS.map(({ id, label, keys }) => /** @type {[string, string, string, Command["run"]]} */ ([id, label, keys, useTool(id)])),
  ["undo", "Undo", "mod+z", ({ undo }) => undo()],
  ["redo", "Redo", "mod+y mod+shift+z", ({ redo }) => redo()],
  ["finish", "Finish path", "Enter", finish({})],
  ["cancel", "Cancel or deselect", "Escape", cancel],
  ["delete", "Delete", "Delete Backspace", remove],
  ["select-all", "Select all", "mod+a", on((store, { drawing }) =>
    store.session({ tool: "select", selection: wholly(drawing.tracks.filter(({ hidden, locked }) => !hidden && !locked)), key: null }))],
  ["next-track", "Next track", "n", inView(chooseTrack(1))],
  ["previous-track", "Previous track", "shift+n", inView(chooseTrack(-1))],
  ["next-knot", "Next knot", "k", inView(chooseKnot(1))],
  ["previous-knot", "Previous knot", "shift+k", inView(chooseKnot(-1))],
  ["add-knot", "New path at the crosshair, or one more knot; with Wand the region there", "e Insert", inView(press)],
  ["add-region", "Wand at the crosshair: add to the region", "shift+e", inView(takeRegion({ shift: true }))],
  ["remove-region", "Wand at the crosshair: take away from the region", "shift+w", inView(takeRegion({ alt: true }))],
  ["pin-rest", "Pin everything else", "shift+a", pinRest],
  ["group", "Group", "mod+g", group],
  ["ungroup", "Ungroup", "mod+shift+g", ungroup],
  ["link", "Move with the track that was selected last", "shift+p", link],
  ["duplicate", "Duplicate", "mod+d", on((store, state) => addCopies(store, selectedTracks(state), { own: true }))],
  ["nudge-left", "Nudge, or with nothing selected the crosshair", "ArrowLeft", inView(nudge(-1, 0))],
  ["nudge-right", "", "ArrowRight", inView(nudge(1, 0))],
  ["nudge-up", "", "ArrowUp", inView(nudge(0, -1))],
  ["nudge-down", "", "ArrowDown", inView(nudge(0, 1))],
  ["nudge-left-10", "Nudge by 10", "shift+ArrowLeft", inView(nudge(-BIG_NUDGE_PX, 0))],
  ["nudge-right-10", "", "shift+ArrowRight", inView(nudge(BIG_NUDGE_PX, 0))],
  ["nudge-up-10", "", "shift+ArrowUp", inView(nudge(0, -BIG_NUDGE_PX))],
  ["nudge-down-10", "", "shift+ArrowDown", inView(nudge(0, BIG_NUDGE_PX))],
  ["turn-left", "Turn by 15°", "mod+ArrowLeft", turn(-TURN_DEGREES)],
  ["turn-right", "", "mod+ArrowRight", turn(TURN_DEGREES)],
  ["larger", "Larger or smaller by a tenth", "mod+ArrowUp", enlarge(LARGER)],
  ["smaller", "", "mod+ArrowDown", enlarge(1 / LARGER)],
  ["reverse", "Reverse", "shift+r", on((store, { session }) => store.act([{ type: "reverse", ids: selectedIds(session.selection) }]))],
  ["simplify", "Simplify", "shift+s", on((store, { session }) =>
    store.act([{ type: "simplify", ids: selectedIds(session.selection), tolerance: SIMPLIFIED_PX / session.view.scale }]))],
  ["smooth", "Smooth", "s", on((store, { session }) => store.act([{ type: "smooth", ids: selectedIds(session.selection) }]))],
  ["mirror-x", "Mirror left-right", "m", mirror(-1, 1)],
  ["mirror-y", "Mirror up-down", "shift+m", mirror(1, -1)],
  ["up", "Bring forward", "]", moreOr(1)],
  ["down", "Send backward", "[", moreOr(-1)],
  ["lock", "Locked", "l", toggleField("locked")],
  ["hide", "Hidden", "h", toggleField("hidden")],
  ["play", "Play", "Space", ({ play }) => play()],
  ["previous-frame", "Previous frame", ",", step(-1)],
  ["next-frame", "Next frame", ".", step(1)],
  ["back-10", "Back by 10 frames", "PageUp", step(-BIG_STEP_FRAMES)],
  ["on-10", "On by 10 frames", "PageDown", step(BIG_STEP_FRAMES)],
  ["first", "First frame", "Home", step(-Infinity)],
  ["last", "Last frame", "End", step(Infinity)],
  ["start-here", "Start here", "i", edge("start")],
  ["end-here", "End here", "o", edge("end")],
  ["time-in", "Timeline larger", "z", zoomTimeline(1.5)],
  ["time-out", "Timeline smaller", "shift+z", zoomTimeline(1 / 1.5)],
  ["motion", "Move the picture", "b", on((store, { session }) => store.session({ motion: !session.motion }))],
  ["cells", "Latent cells", "c", on((store, { session }) => store.session({ cells: !session.cells }))],
  ["labels", "Names and frames", "t", on((store, { session }) => store.session({ labels: !session.labels }))],
  ["maps", "Boxes and masks", "x", on((store, { session }) => store.session({ maps: !session.maps }))],
  ["zoom-in", "Zoom in, about what is selected", "+ = shift++ shift+=", ({ zoom }) => zoom(ZOOM)],
  ["zoom-out", "Zoom out", "- shift+_", ({ zoom }) => zoom(1 / ZOOM)],
  ["fit", "Fit to view", "f 0", ({ fit }) => fit()],
  ["panel", "To the panel; Escape goes back", "d", ({ show }) => show("")],
  ["import", "Import", "shift+i", ({ importTracks }) => importTracks()],
  ["export", "Export", "shift+o", ({ show }) => show("export")],
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
