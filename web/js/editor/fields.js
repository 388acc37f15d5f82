/** Typed access to untrusted JSON, with the place of a fault in every message. */

const MAX_NUMBER = 1e6;

/** A document that cannot be read; the message names the place. */
export class DocumentError extends Error {}

/**
 * @typedef {{path: string, value: unknown}} Place
 *   path: as in `tracks[2].knots[5].x`; value: undefined when missing
 */

/** @param {Place} place @param {string} expected @param {string} [advice] */
export function fault(place, expected, advice = "Undo the last edit of this text") {
  const text = place.value === undefined ? "nothing" : JSON.stringify(place.value);
  const got = text.length <= 40 ? text : `${text.slice(0, 37)}...`;
  const subject = place.path || "The document";
  return new DocumentError(`${subject} must be ${expected}; got ${got}. ${advice}.`);
}

/** @param {Place} place @returns {Record<string, unknown>} */
export function record(place) {
  const { value } = place;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw fault(place, "an object");
  }
  return /** @type {Record<string, unknown>} */ (value);
}

/** @param {Place} place @param {string} key @returns {Place} */
export const field = (place, key) => ({
  path: place.path ? `${place.path}.${key}` : key,
  value: record(place)[key],
});

/** @param {Place} place */
export const absent = (place) => place.value === undefined || place.value === null;

/** @param {Place} place @param {number} [low] @param {number} [high] */
export function number(place, low = -MAX_NUMBER, high = MAX_NUMBER) {
  const { value } = place;
  if (typeof value !== "number" || !Number.isFinite(value)) throw fault(place, "a finite number");
  if (value < low || value > high) throw fault(place, `a number from ${low} to ${high}`);
  return value;
}

/** @param {Place} place @param {number} low @param {number} high */
export function integer(place, low, high) {
  const value = number(place, -1e15, 1e15);
  if (!Number.isInteger(value) || value < low || value > high) {
    throw fault(place, `a whole number from ${low} to ${high}`);
  }
  return value;
}

/** @param {Place} place @param {string} preset */
export function text(place, preset) {
  if (absent(place)) return preset;
  if (typeof place.value !== "string") throw fault(place, "a text");
  return place.value;
}

/** @param {Place} place @param {boolean} preset */
export function flag(place, preset) {
  if (absent(place)) return preset;
  if (typeof place.value !== "boolean") throw fault(place, "true or false");
  return place.value;
}

/**
 * @template {string} T
 * @param {Place} place @param {readonly T[]} options @param {T} [preset] @returns {T}
 */
export function choice(place, options, preset) {
  if (absent(place) && preset !== undefined) return preset;
  const found = options.find((option) => option === place.value);
  if (found === undefined) throw fault(place, `one of ${options.join(", ")}`);
  return found;
}

/** @param {Place} place @param {number} least @param {number} most @param {boolean} [optional]
 * @returns {Place[]} */
export function items(place, least, most, optional = false) {
  if (optional && absent(place)) return [];
  if (!Array.isArray(place.value)) throw fault(place, "a list");
  const { length } = place.value;
  if (length < least || length > most) {
    throw fault(place, `a list of ${least === most ? least : `${least} to ${most}`} entries`);
  }
  return place.value.map((value, index) => ({ path: `${place.path}[${index}]`, value }));
}

/** Entries whose `frame` ascends. @param {Place} place @param {number} most */
export function keyed(place, most) {
  const entries = items(place, 0, most, true);
  let before = -Infinity;
  for (const entry of entries) {
    const frame = number(field(entry, "frame"));
    if (frame <= before) {
      const limit = `above ${before}, the entry before`;
      throw fault(field(entry, "frame"), limit, "Sort the entries by frame");
    }
    before = frame;
  }
  return entries;
}

/** @param {Place} place @returns {[number, number]} */
export function pair(place) {
  const [first, second] = items(place, 2, 2);
  if (!first || !second) throw fault(place, "a list of 2 entries");
  return [number(first), number(second)];
}
