/** The panel's sections about time and cluster: timing, visibility, spread. */

import { NAMED_EASES } from "../curve/curves.js";
import { element, group, pair } from "../page/dom.js";
import { easeCurve } from "./ease_curve.js";
import { nearestOnTrack } from "../input/hit_test.js";
import { fillPolygon, spacingFor } from "../drawing/region.js";
import { motionRange, placeAt, spreadPose } from "../drawing/sample.js";
import { byFrame, keysWithHold, keysWithPlace, timingWithEase, timingWithoutKey } from "../drawing/timing.js";

const HOLD_FRAMES = 8;
const POINTS = { min: 1, max: 4096, whole: true };
/** @type {Record<"line" | "disc", ShapeSpread>} */
const NEW_SPREADS = {
  line: { shape: "line", count: 8, size: 64, angle: 0, keys: [] },
  disc: { shape: "disc", count: 16, size: 48, angle: 0, keys: [] },
};

/** @type {(panel: Panel, ease: Ease | null, preview: (ease: Ease | null) => void, commit: (ease: Ease) => void) => (HTMLElement | SVGElement)[]} */
function easeControls(panel, ease, preview, commit) {
  const { ui } = panel;
  const options = { linear: "Linear", in: "Ease in", out: "Ease out", "in-out": "Ease in-out", custom: "Custom" };
  if (ease === null) return [sharedChoice(panel, "Easing", "ease", options, null, (name) => commit(name === "custom" ? NAMED_EASES.linear : /** @type {Ease} */ (name)))];
  const named = typeof ease === "string";
  const points = named ? NAMED_EASES[ease] : ease;
  const choose = ui.select("Easing", "ease", options, named ? ease : "custom", (name) => commit(name === "custom" ? points : name));
  const curve = easeCurve(ease, preview, commit);
  if (named) return [choose, curve];
  const inputs = points.map((value, index) => ui.number("", `ease${index}`, value, (next) => {
    const [x1, y1, x2, y2] = points.with(index, next);
    commit([x1, y1, x2, y2]);
  }, { ...(index % 2 === 0 ? { min: 0, max: 1 } : { min: -3, max: 4 }), step: 0.05 }));
  return [choose, curve, group(...inputs)];
}

/** When a knot is reached, as a number that may be typed. @type {(panel: Panel, track: Track, knot: number) => HTMLElement} */
function arrival({ store, ui }, track, knot) {
  const { frames } = store.get().drawing;
  const { start, end } = motionRange(track.timing, frames);
  const last = track.knots.length - 1;
  const key = track.timing.keys.findIndex(({ at }) => at === knot);
  const act = (/** @type {Partial<Timing> | null} */ patch) => patch && store.patchTiming([track], patch);
  const without = timingWithoutKey(track, key);
  const frame = knot === 0 ? start : knot === last ? end : (track.timing.keys[key]?.frame ?? null);
  return ui.number("Frame", "arrival", frame, (value) => act(
    knot === 0 ? { start: Math.min(value, end - 1) }
    : knot === last ? { end: Math.max(value, start + 1) }
    : keysWithPlace({ ...track, timing: { ...track.timing, ...without } }, frames, value, knot),
  ), { hint: "auto", blank: () => act(key >= 0 ? without : null) });
}

/** What all tracks have, or null. @template T @param {readonly Track[]} tracks @param {(track: Track) => T} get @returns {T | null} */
const shared = ([first, ...others], get) => {
  const text = JSON.stringify(get(first));
  return others.every((track) => JSON.stringify(get(track)) === text) ? get(first) : null;
};
const MIXED = /** @type {const} */ ({ mixed: "Mixed" });

/** A choice that says where the tracks differ.
 * @template {string} K @param {Panel} panel @param {string} label @param {string} field @param {Partial<Record<K, string>>} options
 * @param {K | null} value @param {(value: K) => void} commit */
const sharedChoice = ({ ui }, label, field, options, value, commit) =>
  ui.select(label, field, /** @type {Partial<Record<K | "mixed", string>>} */ ({ ...(value === null && MIXED), ...options }), value ?? "mixed", (chosen) => chosen !== "mixed" && commit(/** @type {K} */ (chosen)));

/** @type {(panel: Panel, tracks: readonly Track[], knot: number | undefined) => HTMLElement} */
export function timingSection(panel, tracks, knot) {
  const { store, ui } = panel;
  const { drawing: { frames }, session } = store.get();
  const { frame } = session;
  const [track] = tracks;
  const { timing } = track;
  const { start, end } = motionRange(timing, frames);
  /** Each track by its own other end. @type {(patch: (range: {start: number, end: number}) => Partial<Timing>) => void} */
  const patchEach = (patch) => store.act(tracks.map((each) => ({ type: "patch-timing", ids: [each.id], patch: patch(motionRange(each.timing, frames)) })));
  const patchAll = (/** @type {Partial<Timing>} */ patch) => store.patchTiming(tracks, patch);
  /** @type {(patch: Partial<Timing> | null, then?: Partial<Session>) => void} */
  const patchFirst = (patch, then) => {
    if (patch) store.patchTiming([track], patch, then);
  };
  const key = session.key?.track === track.id ? session.key.index : -1;
  const chosen = timing.keys[key];
  const here = () => nearestOnTrack(track, placeAt(track, frames, frame))?.at ?? 0;
  // A key belongs to one track, the ease from the start on to all that are selected.
  const eased = key >= 0 ? [track] : tracks;
  const outside = frame <= start || frame >= end;
  return ui.section("Timing",
    pair(
      ui.number("Start", "start", shared(tracks, (each) => motionRange(each.timing, frames).start), (value) => patchEach((range) => ({ start: Math.min(value, range.end - 1) })), { whole: true, hint: "mixed" }),
      ui.number("End", "end", shared(tracks, (each) => motionRange(each.timing, frames).end), (value) => patchEach((range) => ({ end: Math.max(value, range.start + 1) })), { whole: true, hint: "mixed" }),
    ),
    knot === undefined ? null : arrival(panel, track, knot),
    ...easeControls(panel, key >= 0 ? (chosen?.ease ?? "linear") : shared(tracks, (each) => each.timing.ease),
      (ease) => store.preview(ease && { type: "patch-timing", ids: eased.map(({ id }) => id), patch: timingWithEase(track, key, ease) }),
      (ease) => store.patchTiming(eased, timingWithEase(track, key, ease))),
    group(
      ui.button("Key here", () => patchFirst(keysWithPlace(track, frames, frame, here())), outside),
      ui.button("Hold here", () => patchFirst(keysWithHold(track, frames, frame, here(), HOLD_FRAMES)), outside),
      ...(key >= 0 && chosen ? [ui.button("Remove key", () => patchFirst(timingWithoutKey(track, key), { key: null }))] : []),
    ),
    sharedChoice(panel, "Repeat", "repeat", { once: "Once", loop: "Loop", "ping-pong": "Ping-pong" }, shared(tracks, (each) => each.timing.repeat), (repeat) =>
      patchAll({ repeat, times: repeat === "once" ? 1 : Math.max(timing.times, 2) })),
    tracks.some((each) => each.timing.repeat === "once") ? null
      : ui.number("Passes in its time span", "times", shared(tracks, (each) => each.timing.times), (times) => patchAll({ times }), { min: 1, max: 1000, whole: true, hint: "mixed" }),
    ui.check("Backwards", "reverse", tracks.every((each) => each.timing.reverse), (reverse) => patchAll({ reverse })),
  );
}

/** @type {(panel: Panel, tracks: readonly Track[]) => HTMLElement} */
export function visibilitySection(panel, tracks) {
  const { store, ui } = panel;
  const { drawing, session } = store.get();
  const last = drawing.frames - 1;
  const windows = tracks[0].windows ?? [];
  const set = (/** @type {Track["windows"]} */ next) => store.patchTracks(tracks, { windows: next });
  const same = shared(tracks, (track) => track.windows ?? "always");
  const mode = same === null ? null : same === "always" ? "always" : "windows";
  return ui.section("Visibility",
    sharedChoice(panel, "", "windows", { always: "Always", windows: "In windows" }, mode, (value) => set(value === "always" ? null : [[0, last]])),
    ...(mode === "windows" ? windows : []).map(([from, to], index) => pair(
      ui.number("From", `from${index}`, from, (value) => set(windows.with(index, [Math.min(value, to), to]))),
      ui.number("To", `to${index}`, to, (value) => set(windows.with(index, [from, Math.max(value, from)]))),
      Object.assign(ui.button("×", () => set(windows.toSpliced(index, 1))), { ariaLabel: ui.t("Remove this window"), title: ui.t("Remove this window") }),
    )),
    mode === "windows" ? group(Object.assign(ui.button("+", () => set([...windows, [session.frame, last]])), { ariaLabel: ui.t("Add a window"), title: ui.t("Add a window") })) : null,
  );
}

/** @type {(panel: Panel, tracks: readonly Track[]) => HTMLElement} */
export function spreadSection(panel, tracks) {
  const { store, ui } = panel;
  const same = shared(tracks, (track) => track.spread);
  const spread = tracks.some((track) => track.spread) ? same : null;
  const mixed = spread !== same || (same === null && tracks.some((track) => track.spread));
  const set = (/** @type {Spread | null} */ next) => store.patchTracks(tracks, { spread: next });
  const region = spread?.shape === "region";
  const shapes = { none: "None", line: "Line", disc: "Disc", ...(region && { region: "Region" }) };
  return ui.section("Spread",
    sharedChoice(panel, "", "spread", shapes, mixed ? null : spread?.shape ?? "none", (shape) => set(shape === "line" || shape === "disc" ? NEW_SPREADS[shape] : null)),
    ...(region ? regionFields(panel, spread, set) : spread ? shapeFields(panel, spread, set) : []),
    ...(spread ? poseFields(panel, spread, set) : []),
  );
}

/** @type {(panel: Panel, spread: ShapeSpread, set: (next: Spread) => void) => HTMLElement[]} */
const shapeFields = ({ ui }, spread, set) => [
  pair(
    ui.number("Points", "count", spread.count, (count) => set({ ...spread, count }), POINTS),
    ui.number("Size", "size", spread.size, (size) => set({ ...spread, size }), { min: 0, max: 20000 }),
  ),
  ui.number("Angle", "angle", spread.angle, (angle) => set({ ...spread, angle })),
];

/** @type {(panel: Panel, spread: RegionSpread, set: (next: Spread) => void) => HTMLElement[]} */
function regionFields({ ui }, spread, set) {
  const { polygon } = spread;
  if (polygon.length < 3) return [element("p", { className: "wm-note" }, `${spread.offsets.length} ${ui.t("points")}`)];
  const refill = (fill = spread.fill, spacing = spread.spacing) =>
    set({ ...spread, fill, spacing, offsets: fillPolygon(polygon, fill, spacing) });
  return [
    ui.select("Fill", "fill", { grid: "Grid", poisson: "Poisson" }, spread.fill, (fill) => refill(fill)),
    pair(
      ui.number("Points", "count", spread.offsets.length, (count) => refill(spread.fill, spacingFor(polygon, count)), POINTS),
      ui.number("Spacing", "spacing", spread.spacing, (spacing) => refill(spread.fill, spacing), { min: 1, max: 2000 }),
    ),
  ];
}

/** Scale and angle at the current frame; typing sets a key there.
 * @type {(panel: Panel, spread: Spread, set: (next: Spread) => void) => HTMLElement[]} */
function poseFields({ store, ui }, spread, set) {
  const { frame } = store.get().session;
  const pose = spreadPose(spread, frame);
  const others = spread.keys.filter((key) => key.frame !== frame);
  const key = (/** @type {{scale?: number, angle?: number}} */ change) => {
    const anchored = others.length === 0 && frame > 0 ? [{ frame: 0, scale: 1, angle: 0 }] : others;
    set({ ...spread, keys: byFrame([...anchored, { frame, ...pose, ...change }]) });
  };
  return [
    pair(
      ui.number("Scale", "pose-scale", pose.scale, (scale) => key({ scale }), { step: 0.05 }),
      ui.number("Angle", "pose-angle", pose.angle, (angle) => key({ angle }), { step: 5 }),
    ),
    group(ui.button("Remove key", () => set({ ...spread, keys: others }), others.length === spread.keys.length)),
  ];
}
