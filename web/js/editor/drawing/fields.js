/** Readers of untrusted JSON. Every message names the place of the fault. */

const MAX_NUMBER = 1e6;

/** A drawing that cannot be read; the message names the place. */
export class DrawingError extends Error {}

/** @type {(place: Place, expected: string, advice?: string) => DrawingError} */
export function fault({ path, value }, expected, advice = "Undo the last edit of this text") {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  const got = text.length <= 40 ? text : `${text.slice(0, 37)}...`;
  return new DrawingError(`${path || "The document"} must be ${expected}; got ${got}. ${advice}.`);
}

/** @type {Reader<Record<string, unknown>>} */
function record(place) {
  const { value } = place;
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw fault(place, "an object");
  return /** @type {Record<string, unknown>} */ (value);
}

/** @type {(place: Place, key: string) => Place} */
export const field = (place, key) => ({ path: place.path ? `${place.path}.${key}` : key, value: record(place)[key] });

/** @type {(place: Place) => boolean} */
const absent = ({ value }) => value === undefined || value === null;

/** @template T @template const P @param {Reader<T>} read @param {P} preset what missing and null give @returns {Reader<T | P>} */
export const optional = (read, preset) => (place, index) => (absent(place) ? preset : read(place, index));

/** @type {(low?: number, high?: number) => Reader<number>} */
export const number = (low = -MAX_NUMBER, high = MAX_NUMBER) => (place) => {
  const { value } = place;
  if (typeof value !== "number" || !Number.isFinite(value)) throw fault(place, "a finite number");
  if (value < low || value > high) throw fault(place, `a number from ${low} to ${high}`);
  return value;
};

/** @type {(low: number, high: number) => Reader<number>} */
export const integer = (low, high) => (place) => {
  const value = number(-1e15, 1e15)(place);
  if (Number.isInteger(value) && value >= low && value <= high) return value;
  throw fault(place, `an integer from ${low} to ${high}`);
};

/** @type {Reader<string>} */
export function text(place) {
  if (typeof place.value !== "string") throw fault(place, "a text");
  return place.value;
}

/** @type {Reader<boolean>} */
export function flag(place) {
  if (typeof place.value !== "boolean") throw fault(place, "true or false");
  return place.value;
}

/** @template {string} const T @param {...T} options @returns {Reader<T>} */
export const choice = (...options) => (place) => {
  const found = options.find((option) => option === place.value);
  if (found === undefined) throw fault(place, `one of ${options.join(", ")}`);
  return found;
};

/** @template T @param {number} least @param {number} most @param {Reader<T>} read @returns {Reader<T[]>} */
export const list = (least, most, read) => (place) => {
  if (!Array.isArray(place.value)) throw fault(place, "a list");
  const { length } = place.value;
  if (length < least || length > most) throw fault(place, `a list of ${least === most ? least : `${least} to ${most}`} entries`);
  return place.value.map((value, index) => read({ path: `${place.path}[${index}]`, value }, index));
};

/** @type {Reader<[number, number]>} */
export const pair = (place) => /** @type {[number, number]} */ (list(2, 2, number())(place));

/** An object with these fields; unknown ones are kept, and a field read as undefined stays as it was.
 * @template {Record<string, Reader<unknown>>} F @param {F} readers
 * @returns {Reader<{[K in keyof F]: ReturnType<F[K]>}>} */
export const object = (readers) => (place, index) => {
  const made = { ...record(place) };
  for (const [key, read] of Object.entries(readers)) {
    const value = read(field(place, key), index);
    if (value !== undefined) made[key] = value;
  }
  return /** @type {{[K in keyof typeof readers]: ReturnType<(typeof readers)[K]>}} */ (made);
};

/** Entries whose `frame` ascends. @template {{frame: number}} T @param {number} most @param {Reader<T>} read @returns {Reader<T[]>} */
export const keyed = (most, read) => (place) => {
  let before = -Infinity;
  return list(0, most, (entry) => {
    const key = read(entry);
    if (key.frame <= before) throw fault(field(entry, "frame"), `above ${before}, the entry before`, "Sort the entries by frame");
    before = key.frame;
    return key;
  })(place);
};
