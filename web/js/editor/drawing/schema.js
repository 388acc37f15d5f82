/**
 * The versioned drawing: create, parse (untrusted), serialise.
 *
 * wanmove_core/document/schema.py reads the same text. Fields unknown to this version are kept.
 */

import {
  DrawingError, choice, fault, field, flag, integer, keyed, list, number, object, optional, pair, text,
} from "./fields.js";

const VERSION = 1;
const MAX_CHARACTERS = 8_000_000;
const MAX_TRACKS = 4096;
const MAX_KNOTS = 10_000;
const MAX_SPREAD_POINTS = 4096;
const MAX_FRAMES = 10_000;

/** Okabe and Ito's colours, told apart by the colour-blind, without black. */
const COLORS = ["#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#d55e00", "#0072b2", "#b8a9e3"];

/** @type {Timing} */
const DEFAULT_TIMING = { start: null, end: null, ease: "linear", keys: [], repeat: "once", times: 1, reverse: false };

/** @type {() => Drawing} */
export const createDrawing = () => ({ version: VERSION, width: 832, height: 480, fps: 16, frames: 81, tracks: [] });

/** An id that `tracks` do not have. @type {(tracks: readonly {id: string}[]) => string} */
export function freeId(tracks) {
  const taken = new Set(tracks.map(({ id }) => id));
  let next = tracks.length + 1;
  while (taken.has(`t${next}`)) next += 1;
  return `t${next}`;
}

/** A new track for this drawing, with a free id, name and colour.
 * @type {(drawing: Drawing, given: Partial<Track> & {knots: readonly Knot[]}) => Track} */
export function createTrack({ tracks }, given) {
  const id = freeId(tracks);
  const uses = COLORS.map((color) => tracks.filter((track) => track.color === color).length);
  return {
    id, name: `Track ${id.slice(1)}`, color: COLORS[uses.indexOf(Math.min(...uses))], curve: "catmull-rom",
    timing: DEFAULT_TIMING, windows: null, spread: null, locked: false, hidden: false, parent: null, group: null, ...given,
  };
}

/** Blank text is a drawing without tracks. @type {(source: string) => Drawing} throws DrawingError */
export function parseDrawing(source) {
  if (source.length > MAX_CHARACTERS) {
    throw new DrawingError(`The document must be at most ${MAX_CHARACTERS} characters; got ${source.length}. ` +
      "Import dense tracks from a file instead.");
  }
  if (!source.trim()) return createDrawing();
  try {
    const place = { path: "", value: JSON.parse(source) };
    return Array.isArray(place.value) ? migrateCoordinates(place) : parseVersion1(place);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const start = JSON.stringify(source.trim().slice(0, 40));
    throw new DrawingError(`The document must be JSON; got ${start} (${error.message}). ` +
      "Undo the last edit of its text, or clear it.");
  }
}

/** @type {Reader<Drawing>} */
function parseVersion1(place) {
  const version = field(place, "version");
  if (integer(1, 1e9)(version) > VERSION) throw fault(version, `at most ${VERSION}`, "It was drawn with a newer version; update this one");
  const drawing = readDrawing(place);
  const circle = carriedInCircle(drawing.tracks);
  if (circle >= 0) throw fault({ path: `tracks[${circle}].parent`, value: drawing.tracks[circle].parent }, "a track that it does not carry itself");
  return { ...drawing, tracks: withUniqueIds(drawing.tracks) };
}

/** The first track that carries itself; -1: none. @type {(tracks: readonly Track[]) => number} */
export function carriedInCircle(tracks) {
  const parents = new Map(tracks.toReversed().map(({ id, parent }) => [id, parent]));
  const free = new Set();
  return tracks.findIndex(({ id, parent }) => {
    const way = new Set([id]);
    for (let at = parent; at && parents.has(at) && !free.has(at); at = parents.get(at) ?? null) {
      if (way.has(at)) return true;
      way.add(at);
    }
    way.forEach((each) => free.add(each));
    return false;
  });
}

/** @type {(tracks: readonly Track[]) => Track[]} */
function withUniqueIds(tracks) {
  /** @type {Map<string, Track>} */
  const unique = new Map();
  for (const track of tracks) {
    const id = track.id && !unique.has(track.id) ? track.id : freeId([...tracks, ...unique.values()]);
    unique.set(id, id === track.id ? track : { ...track, id });
  }
  return [...unique.values()];
}

const readKnot = object({
  x: number(), y: number(), in: optional(pair, undefined), out: optional(pair, undefined), broken: optional(flag, undefined),
});

/** @type {Reader<Ease>} */
function readEase(place) {
  if (typeof place.value === "string") return choice("linear", "in", "out", "in-out")(place);
  const [x1, y1, x2, y2] = list(4, 4, (item, index = 0) => {
    const value = number()(item);
    if (index % 2 === 0 && (value < 0 || value > 1)) throw fault(item, "0 to 1", "Time cannot run backwards");
    return value;
  })(place);
  return [x1, y1, x2, y2];
}

/** @type {(knots: number) => Reader<Timing>} */
const readTiming = (knots) => object({
  start: optional(number(), null), end: optional(number(), null), ease: optional(readEase, "linear"),
  keys: optional(keyed(MAX_FRAMES, object({
    frame: number(), at: number(0, knots - 1), ease: optional(readEase, "linear"),
  })), []),
  repeat: optional(choice("once", "loop", "ping-pong"), "once"),
  times: optional(integer(1, 1000), 1), reverse: optional(flag, false),
});

const poseKeys = { keys: optional(keyed(MAX_FRAMES, object({ frame: number(), scale: number(), angle: number() })), []) };
const readShape = object({
  shape: choice("line", "disc"), count: integer(1, MAX_SPREAD_POINTS), size: number(0), angle: optional(number(), 0), ...poseKeys,
});
const readRegion = object({
  shape: choice("region"), polygon: optional(list(0, MAX_KNOTS, pair), []), offsets: list(0, MAX_SPREAD_POINTS, pair),
  fill: optional(choice("grid", "poisson"), "grid"), spacing: optional(number(0.1), 16), ...poseKeys,
});

/** @type {Reader<Spread>} */
function readSpread(place) {
  const region = choice("line", "disc", "region")(field(place, "shape")) === "region";
  return (region ? readRegion : readShape)(place);
}

/** @type {Reader<string>} */
function readColor(place) {
  if (!/^#[0-9a-f]{6}$/i.test(text(place))) throw fault(place, "a colour as in #56b4e9");
  return text(place);
}

/** @type {Reader<Track>} */
function readTrack(place, index = 0) {
  const knots = list(1, MAX_KNOTS, readKnot)(field(place, "knots"));
  return object({
    id: optional(text, ""), name: optional(text, `Track ${index + 1}`), color: optional(readColor, COLORS[index % COLORS.length]),
    curve: optional(choice("polyline", "catmull-rom", "bezier"), "catmull-rom"), knots: () => knots,
    timing: optional(readTiming(knots.length), DEFAULT_TIMING),
    windows: optional(list(0, MAX_FRAMES, pair), null), spread: optional(readSpread, null),
    locked: optional(flag, false), hidden: optional(flag, false), parent: optional(text, null), group: optional(text, null),
  })(place);
}

const readDrawing = object({
  version: () => VERSION, tracks: list(0, MAX_TRACKS, readTrack), width: integer(1, 16_384), height: integer(1, 16_384),
  fps: number(0.01, 1000), frames: integer(1, MAX_FRAMES),
});

/** Version 0: [{x, y}, ...] or a list of such lists, spaced evenly over the clip. @type {Reader<Drawing>} */
function migrateCoordinates(place) {
  const lists = list(0, MAX_KNOTS, (item) => item)(place);
  const single = lists[0] && typeof lists[0].value === "object" && !Array.isArray(lists[0].value);
  const drawing = createDrawing();
  const tracks = (single ? [place] : list(0, MAX_TRACKS, (item) => item)(place)).map((points, index) => {
    const knots = list(1, MAX_KNOTS, readKnot)(points);
    const keys = knots.slice(1, -1).map((_, i) => ({ frame: ((drawing.frames - 1) * (i + 1)) / (knots.length - 1), at: i + 1 }));
    return createTrack(drawing, {
      id: `t${index + 1}`, name: `Track ${index + 1}`, color: COLORS[index % COLORS.length],
      curve: "polyline", knots, timing: { ...DEFAULT_TIMING, keys },
    });
  });
  return { ...drawing, tracks };
}

/** Leaves out what parse would put back, and rounds to a thousandth of a pixel.
 * @type {(drawing: Drawing) => string} */
export function serialiseDrawing(drawing) {
  const tracks = drawing.tracks.map((track) => {
    const timing = without(track.timing, DEFAULT_TIMING);
    const kept = without(track, { windows: null, spread: null, locked: false, hidden: false, parent: null, group: null });
    return { ...kept, timing: Object.keys(timing).length ? timing : undefined };
  });
  return JSON.stringify({ ...drawing, tracks }, (_, value) =>
    typeof value === "number" ? Math.round(value * 1000) / 1000 : value);
}

/** @type {(value: object, presets: Record<string, unknown>) => Record<string, unknown>} */
const without = (value, presets) =>
  Object.fromEntries(Object.entries(value).filter(([key, item]) => JSON.stringify(item) !== JSON.stringify(presets[key])));
