/**
 * The versioned document: create, parse (untrusted), serialise.
 *
 * wanmove_core/document.py reads the same text. Fields unknown to this version are kept.
 */

import {
  DocumentError, absent, choice, fault, field, flag, integer, items, keyed, number, pair, record,
  text,
} from "./fields.js";

/**
 * @typedef {import("./types.js").MotionDocument} MotionDocument
 * @typedef {import("./types.js").Track} Track
 * @typedef {import("./types.js").Knot} Knot
 * @typedef {import("./types.js").Timing} Timing
 * @typedef {import("./types.js").Ease} Ease
 * @typedef {import("./types.js").Spread} Spread
 * @typedef {import("./fields.js").Place} Place
 */

export const DOCUMENT_VERSION = 1;
const MAX_CHARACTERS = 8_000_000;
const MAX_TRACKS = 4096;
const MAX_KNOTS = 10_000;
const MAX_SPREAD_POINTS = 4096;
const MAX_FRAMES = 10_000;

/** Okabe and Ito's colours, told apart by the colour-blind, without black. */
export const COLORS = [
  "#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#d55e00", "#0072b2", "#b8a9e3",
];

/** @type {Timing} */
export const DEFAULT_TIMING = {
  start: null, end: null, ease: "linear", keys: [], repeat: "once", times: 1, reverse: false,
};

/** @returns {MotionDocument} */
export const createDocument = () => ({
  version: DOCUMENT_VERSION, width: 832, height: 480, fps: 16, frames: 81, tracks: [],
});

/** An id that `tracks` do not have. @param {readonly {id: string}[]} tracks */
export function freeId(tracks) {
  const taken = new Set(tracks.map((track) => track.id));
  let number_ = tracks.length + 1;
  while (taken.has(`t${number_}`)) number_ += 1;
  return `t${number_}`;
}

/** A new track for this document, with a free id, name and colour.
 * @param {MotionDocument} document @param {Partial<Track> & {knots: readonly Knot[]}} given
 * @returns {Track} */
export function createTrack(document, given) {
  const id = freeId(document.tracks);
  const used = document.tracks.map((track) => track.color);
  const count = (/** @type {string} */ color) => used.filter((other) => other === color).length;
  const color = COLORS.reduce((best, next) => (count(next) < count(best) ? next : best));
  return {
    id, name: `Track ${id.slice(1)}`, color, curve: "catmull-rom", timing: DEFAULT_TIMING,
    windows: null, spread: null, locked: false, hidden: false, ...given,
  };
}

/**
 * @param {string} source JSON; blank text is a document without tracks
 * @returns {MotionDocument}
 * @throws {DocumentError} names the place of the fault
 */
export function parseDocument(source) {
  if (source.length > MAX_CHARACTERS) {
    throw new DocumentError(
      `The document must be at most ${MAX_CHARACTERS} characters; got ${source.length}. ` +
        "Import dense tracks from a file instead.",
    );
  }
  if (!source.trim()) return createDocument();
  /** @type {unknown} */
  let value;
  try {
    value = JSON.parse(source);
  } catch (error) {
    const start = JSON.stringify(source.trim().slice(0, 40));
    throw new DocumentError(
      `The document must be JSON; got ${start} (${/** @type {Error} */ (error).message}). ` +
        "Undo the last edit of its text, or clear it.",
    );
  }
  const place = { path: "", value };
  return Array.isArray(value) ? migrateCoordinates(place) : parseVersion1(place);
}

/** @param {Place} place @returns {MotionDocument} */
function parseVersion1(place) {
  const version = integer(field(place, "version"), 1, 1e9);
  if (version > DOCUMENT_VERSION) {
    const advice = "It was drawn with a newer version; update this one";
    throw fault(field(place, "version"), `at most ${DOCUMENT_VERSION}`, advice);
  }
  const tracks = items(field(place, "tracks"), 0, MAX_TRACKS).map(parseTrack);
  return {
    ...record(place),
    version: DOCUMENT_VERSION,
    width: integer(field(place, "width"), 1, 16_384),
    height: integer(field(place, "height"), 1, 16_384),
    fps: number(field(place, "fps"), 0.01, 1000),
    frames: integer(field(place, "frames"), 1, MAX_FRAMES),
    tracks: withUniqueIds(tracks),
  };
}

/** @param {readonly Track[]} tracks @returns {readonly Track[]} */
function withUniqueIds(tracks) {
  const seen = new Set();
  /** @type {Track[]} */
  const unique = [];
  for (const track of tracks) {
    const id = track.id && !seen.has(track.id) ? track.id : freeId([...tracks, ...unique]);
    seen.add(id);
    unique.push(id === track.id ? track : { ...track, id });
  }
  return unique;
}

/** @param {Place} place @param {number} index @returns {Track} */
function parseTrack(place, index) {
  const windows = field(place, "windows");
  const spread = field(place, "spread");
  const color = text(field(place, "color"), COLORS[index % COLORS.length] ?? "#56b4e9");
  if (!/^#[0-9a-f]{6}$/i.test(color)) {
    throw fault(field(place, "color"), "a colour as in #56b4e9");
  }
  const knots = items(field(place, "knots"), 1, MAX_KNOTS).map(parseKnot);
  return {
    ...record(place),
    id: text(field(place, "id"), ""),
    name: text(field(place, "name"), `Track ${index + 1}`),
    color,
    curve: choice(field(place, "curve"), ["polyline", "catmull-rom", "bezier"], "catmull-rom"),
    knots,
    timing: parseTiming(field(place, "timing"), knots.length),
    windows: absent(windows) ? null : items(windows, 0, MAX_FRAMES).map(pair),
    spread: absent(spread) ? null : parseSpread(spread),
    locked: flag(field(place, "locked"), false),
    hidden: flag(field(place, "hidden"), false),
  };
}

/** @param {Place} place @returns {Knot} */
function parseKnot(place) {
  /** @type {Knot} */
  const knot = { ...record(place), x: number(field(place, "x")), y: number(field(place, "y")) };
  if (!absent(field(place, "in"))) pair(field(place, "in"));
  if (!absent(field(place, "out"))) pair(field(place, "out"));
  flag(field(place, "broken"), false);
  return knot;
}

/** @param {Place} place @param {number} knots @returns {Timing} */
function parseTiming(place, knots) {
  if (absent(place)) return DEFAULT_TIMING;
  const start = field(place, "start");
  const end = field(place, "end");
  const times = field(place, "times");
  return {
    ...record(place),
    start: absent(start) ? null : number(start),
    end: absent(end) ? null : number(end),
    ease: parseEase(field(place, "ease")),
    keys: keyed(field(place, "keys"), MAX_FRAMES).map((key) => ({
      ...record(key),
      frame: number(field(key, "frame")),
      at: number(field(key, "at"), 0, knots - 1),
      ease: parseEase(field(key, "ease")),
    })),
    repeat: choice(field(place, "repeat"), ["once", "loop", "ping-pong"], "once"),
    times: absent(times) ? 1 : integer(times, 1, 1000),
    reverse: flag(field(place, "reverse"), false),
  };
}

/** @param {Place} place @returns {Ease} */
function parseEase(place) {
  if (absent(place) || typeof place.value === "string") {
    return choice(place, /** @type {const} */ (["linear", "in", "out", "in-out"]), "linear");
  }
  const places = items(place, 4, 4);
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = places.map((item) => number(item));
  for (const [index, x] of [[0, x1], [2, x2]]) {
    const item = places[index ?? 0];
    if (item && x !== undefined && (x < 0 || x > 1)) {
      throw fault(item, "0 to 1", "Time cannot run backwards");
    }
  }
  return [x1, y1, x2, y2];
}

/** @param {Place} place @returns {Spread} */
function parseSpread(place) {
  const keys = keyed(field(place, "keys"), MAX_FRAMES).map((key) => ({
    ...record(key),
    frame: number(field(key, "frame")),
    scale: number(field(key, "scale")),
    angle: number(field(key, "angle")),
  }));
  const shape = choice(field(place, "shape"), ["line", "disc", "region"]);
  if (shape === "region") {
    const spacing = field(place, "spacing");
    return {
      ...record(place),
      shape,
      polygon: items(field(place, "polygon"), 0, MAX_KNOTS, true).map(pair),
      offsets: items(field(place, "offsets"), 0, MAX_SPREAD_POINTS).map(pair),
      fill: choice(field(place, "fill"), ["grid", "poisson"], "grid"),
      spacing: absent(spacing) ? 16 : number(spacing, 0.1),
      keys,
    };
  }
  const angle = field(place, "angle");
  return {
    ...record(place),
    shape,
    count: integer(field(place, "count"), 1, MAX_SPREAD_POINTS),
    size: number(field(place, "size"), 0),
    angle: absent(angle) ? 0 : number(angle),
    keys,
  };
}

/** Version 0: [{x, y}, ...] or a list of such lists, spaced evenly over the clip.
 * @param {Place} place @returns {MotionDocument} */
function migrateCoordinates(place) {
  const first = items(place, 0, MAX_KNOTS)[0];
  const single = first && typeof first.value === "object" && !Array.isArray(first.value);
  const document = createDocument();
  const last = document.frames - 1;
  const lists = single ? [place] : items(place, 0, MAX_TRACKS);
  const tracks = lists.map((list, index) => {
    const knots = items(list, 1, MAX_KNOTS).map(parseKnot);
    const inner = knots.slice(1, -1).map((_, i) => i + 1);
    const keys = inner.map((at) => ({ frame: (last * at) / (knots.length - 1), at }));
    return createTrack(document, {
      id: `t${index + 1}`, name: `Track ${index + 1}`, color: COLORS[index % COLORS.length] ?? "",
      curve: /** @type {const} */ ("polyline"), knots, timing: { ...DEFAULT_TIMING, keys },
    });
  });
  return { ...document, tracks };
}

/** Leaves out what parse would put back, and rounds to a thousandth of a pixel.
 * @param {MotionDocument} document @returns {string} */
export function serialiseDocument(document) {
  const tracks = document.tracks.map((track) => {
    const timing = without(track.timing, DEFAULT_TIMING);
    const kept = without(track, { windows: null, spread: null, locked: false, hidden: false });
    return { ...kept, timing: Object.keys(timing).length ? timing : undefined };
  });
  return JSON.stringify({ ...document, tracks }, (_, value) =>
    typeof value === "number" ? Math.round(value * 1000) / 1000 : value,
  );
}

/** @param {object} value @param {Record<string, unknown>} presets */
function without(value, presets) {
  const entries = Object.entries(value).filter(
    ([key, item]) => !(key in presets && JSON.stringify(item) === JSON.stringify(presets[key])),
  );
  return Object.fromEntries(entries);
}
