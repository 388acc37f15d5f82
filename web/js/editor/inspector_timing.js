/** The timing part of the panel. */

import { NAMED_EASES, lengthAt } from "./curves.js";
import { button, checkbox, group, numberInput, pair, row, section, selectInput } from "./dom.js";
import { motionRange, pathOf, sampledTrack } from "./sample.js";
import { placeNear } from "./edit_track.js";
import { keysWithHold, keysWithPlace, timingWithEase, timingWithoutKey } from "./timing.js";

/**
 * @typedef {import("./types.js").Track} Track
 * @typedef {import("./types.js").Ease} Ease
 * @typedef {import("./types.js").Timing} Timing
 * @typedef {{store: import("./store.js").Store, t: (text: string) => string}} Context
 */

const HOLD_FRAMES = 8;

/** @param {Context} context @param {Ease} ease @param {(ease: Ease) => void} commit */
function easeControls({ t }, ease, commit) {
  const named = typeof ease === "string";
  const options = /** @type {[string, string][]} */ ([
    ["linear", t("Linear")], ["in", t("Ease in")], ["out", t("Ease out")],
    ["in-out", t("Ease in-out")], ["custom", t("Custom")],
  ]);
  const choose = (/** @type {string} */ name) =>
    commit(name === "custom" ? (NAMED_EASES[named ? ease : "in-out"] ?? [0, 0, 1, 1]) : /** @type {Ease} */ (name));
  const controls = [row(t("Easing"), selectInput("ease", options, named ? ease : "custom", choose))];
  if (!named) {
    const inputs = ease.map((value, index) => {
      const limits = index % 2 === 0 ? { min: 0, max: 1, step: 0.05 } : { min: -3, max: 4, step: 0.05 };
      return numberInput(`ease${index}`, value, (next) => {
        const points = /** @type {[number, number, number, number]} */ ([...ease]);
        points[index] = next ?? value;
        commit(points);
      }, limits);
    });
    controls.push(/** @type {HTMLLabelElement} */ (/** @type {unknown} */ (group(...inputs))));
  }
  return controls;
}

/** When a knot is reached, as a number that may be typed. @param {Context} context
 * @param {Track} track @param {number} knot */
function arrival({ store, t }, track, knot) {
  const { frames } = store.get().document;
  const { start, end } = motionRange(track.timing, frames);
  const last = track.knots.length - 1;
  const key = track.timing.keys.findIndex((candidate) => candidate.at === knot);
  const frame = knot === 0 ? start : knot === last ? end : (track.timing.keys[key]?.frame ?? null);
  const commit = (/** @type {number | null} */ value) => {
    const patch = value === null ? (key >= 0 ? timingWithoutKey(track, key) : {})
      : knot === 0 ? { start: Math.min(value, end - 1) }
      : knot === last ? { end: Math.max(value, start + 1) }
      : keysWithPlace({ ...track, timing: { ...track.timing, keys: track.timing.keys.filter((_, i) => i !== key) } }, frames, value, knot);
    if (patch) store.act([{ type: "patch-timing", ids: [track.id], patch }]);
  };
  return row(t("Frame"), numberInput("arrival", frame, commit, { hint: "auto" }));
}

/** @param {Context} context @param {Track[]} tracks @param {number | undefined} knot */
export function timingSection(context, tracks, knot) {
  const { store, t } = context;
  const track = /** @type {Track} */ (tracks[0]);
  const ids = tracks.map(({ id }) => id);
  const { document, session } = store.get();
  const { timing } = track;
  const { start, end } = motionRange(timing, document.frames);
  const patch = (/** @type {Partial<Timing>} */ change) => store.act([{ type: "patch-timing", ids, patch: change }]);
  const own = (/** @type {Partial<Timing> | null} */ change) =>
    change && store.act([{ type: "patch-timing", ids: [track.id], patch: change }]);
  const key = session.key?.track === track.id ? session.key.index : -1;
  const ease = key >= 0 ? (timing.keys[key]?.ease ?? "linear") : timing.ease;
  const here = () => {
    const { own: place } = sampledTrack(track, document.frames);
    return placeNear(track, place[2 * session.frame] ?? 0, place[2 * session.frame + 1] ?? 0).at;
  };
  const inside = session.frame > start && session.frame < end && lengthAt(pathOf(track), 1) >= 0;
  const keyTools = [
    button(t("Key here"), () => own(keysWithPlace(track, document.frames, session.frame, here()))),
    button(t("Hold here"), () => own(keysWithHold(track, document.frames, session.frame, here(), HOLD_FRAMES))),
  ];
  if (!inside) keyTools.forEach((tool) => (tool.disabled = true));
  if (key >= 0 && timing.keys[key]) {
    keyTools.push(button(t("Remove key"), () => {
      store.act([{ type: "patch-timing", ids: [track.id], patch: timingWithoutKey(track, key) }], { key: null });
    }));
  }
  const easing = easeControls(context, ease, (next) => own(timingWithEase(track, key, next)));
  if (tracks.length > 1) easing.push(/** @type {HTMLLabelElement} */ (/** @type {unknown} */ (button(t("Copy easing"), () => patch({ ease: timing.ease })))));
  return section(
    t("Timing"),
    pair(
      row(t("Start"), numberInput("start", start, (value) => patch({ start: value === null ? null : Math.min(Math.round(value), end - 1) }))),
      row(t("End"), numberInput("end", end, (value) => patch({ end: value === null ? null : Math.max(Math.round(value), start + 1) }))),
    ),
    knot === undefined ? null : arrival(context, track, knot),
    ...easing,
    group(...keyTools),
    ...[
      row(t("Repeat"), selectInput("repeat", [["once", t("Once")], ["loop", t("Loop")], ["ping-pong", t("Ping-pong")]], timing.repeat, (value) =>
        patch({ repeat: /** @type {Timing["repeat"]} */ (value), times: value === "once" ? 1 : Math.max(timing.times, 2) }))),
      ...(timing.repeat === "once" ? [] : [row(t("Times"), numberInput("times", timing.times, (value) => patch({ times: Math.round(value ?? 1) }), { min: 1, max: 1000 }))]),
    ],
    checkbox("reverse", t("Backwards"), timing.reverse, (reverse) => patch({ reverse })),
  );
}
