/** The visibility and spread parts of the panel. */

import { button, group, numberInput, pair, row, section, selectInput } from "./dom.js";
import { fillPolygon, spacingFor } from "./region.js";
import { spreadPose } from "./sample.js";

/**
 * @typedef {import("./types.js").Track} Track
 * @typedef {import("./types.js").Spread} Spread
 * @typedef {{store: import("./store.js").Store, t: (text: string) => string}} Context
 */

/** @param {Context} context @param {Track[]} tracks */
export function visibilitySection({ store, t }, tracks) {
  const { document, session } = store.get();
  const ids = tracks.map(({ id }) => id);
  const windows = tracks[0]?.windows ?? null;
  const patch = (/** @type {Track["windows"]} */ next) => store.act([{ type: "patch-tracks", ids, patch: { windows: next } }]);
  const mode = selectInput("windows", [["always", t("Always")], ["windows", t("In windows")]], windows ? "windows" : "always", (value) =>
    patch(value === "always" ? null : [[0, document.frames - 1]]));
  const edit = (/** @type {number} */ index, /** @type {[number, number]} */ next) =>
    patch((windows ?? []).map((window, i) => (i === index ? next : window)));
  const rows = (windows ?? []).map(([from, to], index) => {
    const line = pair(
      row(t("From"), numberInput(`from${index}`, from, (value) => edit(index, [Math.min(value ?? from, to), to]))),
      row(t("To"), numberInput(`to${index}`, to, (value) => edit(index, [from, Math.max(value ?? to, from)]))),
    );
    line.append(button("×", () => patch((windows ?? []).filter((_, i) => i !== index))));
    return line;
  });
  const add = button("+", () => patch([...(windows ?? []), [session.frame, document.frames - 1]]));
  return section(t("Visibility"), mode, ...rows, windows ? group(add) : null);
}

/** @param {string} shape @returns {Spread | null} */
function newSpread(shape) {
  if (shape === "line") return { shape, count: 8, size: 64, angle: 0, keys: [] };
  return shape === "disc" ? { shape, count: 16, size: 48, angle: 0, keys: [] } : null;
}

/** @param {Context} context @param {Track} track @param {readonly string[]} ids */
export function spreadSection(context, track, ids) {
  const { store, t } = context;
  const { spread } = track;
  const set = (/** @type {Spread | null} */ next) => store.act([{ type: "patch-tracks", ids, patch: { spread: next } }]);
  const shapes = /** @type {[string, string][]} */ ([["none", t("None")], ["line", t("Line")], ["disc", t("Disc")]]);
  if (spread?.shape === "region") shapes.push(["region", t("Region")]);
  const shape = selectInput("spread", shapes, spread?.shape ?? "none", (value) => set(newSpread(value)));
  if (!spread) return section(t("Spread"), shape);
  const fields = spread.shape === "region" ? regionFields(context, spread, set) : shapeFields(context, spread, set);
  return section(t("Spread"), shape, ...fields, ...poseFields(context, spread, set));
}

/** @param {Context} context @param {Extract<Spread, {shape: "line" | "disc"}>} spread
 * @param {(next: Spread) => void} set */
function shapeFields({ t }, spread, set) {
  return [
    pair(
      row(t("Points"), numberInput("count", spread.count, (count) => set({ ...spread, count: Math.round(count ?? 1) }), { min: 1, max: 4096 })),
      row(t("Size"), numberInput("size", spread.size, (size) => set({ ...spread, size: size ?? 0 }), { min: 0, max: 20000 })),
    ),
    row(t("Angle"), numberInput("angle", spread.angle, (angle) => set({ ...spread, angle: angle ?? 0 }))),
  ];
}

/** @param {Context} context @param {Extract<Spread, {shape: "region"}>} spread
 * @param {(next: Spread) => void} set */
function regionFields({ t }, spread, set) {
  const refill = (/** @type {"grid" | "poisson"} */ fill, /** @type {number} */ spacing) =>
    set({ ...spread, fill, spacing, offsets: fillPolygon(spread.polygon, fill, spacing) });
  return [
    row(t("Fill"), selectInput("fill", [["grid", t("Grid")], ["poisson", "Poisson"]], spread.fill, (fill) =>
      refill(fill === "grid" ? "grid" : "poisson", spread.spacing))),
    pair(
      row(t("Points"), numberInput("count", spread.offsets.length, (count) => refill(spread.fill, spacingFor(spread.polygon, count ?? 1)), { min: 1, max: 4096 })),
      row(t("Spacing"), numberInput("spacing", spread.spacing, (spacing) => refill(spread.fill, spacing ?? spread.spacing), { min: 1, max: 2000 })),
    ),
  ];
}

/** Scale and angle at the current frame; typing sets a key there. @param {Context} context
 * @param {Spread} spread @param {(next: Spread) => void} set */
function poseFields({ store, t }, spread, set) {
  const { frame } = store.get().session;
  const pose = spreadPose(spread, frame);
  const key = (/** @type {{scale?: number, angle?: number}} */ change) => {
    const others = spread.keys.filter((other) => other.frame !== frame);
    const anchored = others.length === 0 && frame > 0 ? [{ frame: 0, scale: 1, angle: 0 }] : others;
    const keys = [...anchored, { frame, ...pose, ...change }].sort((a, b) => a.frame - b.frame);
    set({ ...spread, keys });
  };
  const has = spread.keys.some((other) => other.frame === frame);
  const remove = button(t("Remove key"), () => set({ ...spread, keys: spread.keys.filter((other) => other.frame !== frame) }));
  remove.disabled = !has;
  return [
    pair(
      row(t("Scale"), numberInput("pose-scale", pose.scale, (scale) => key({ scale: scale ?? 1 }), { step: 0.05 })),
      row(t("Angle"), numberInput("pose-angle", pose.angle, (angle) => key({ angle: angle ?? 0 }), { step: 5 })),
    ),
    group(remove),
  ];
}
