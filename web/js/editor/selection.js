/** What is selected, as plain lists. */

import { boundingBox } from "./geometry.js";

/**
 * @typedef {import("./types.js").MotionDocument} MotionDocument
 * @typedef {import("./types.js").Track} Track
 * @typedef {import("./types.js").Selected} Selected
 * @typedef {import("./geometry.js").Box} Box
 */

/** @param {MotionDocument} document @param {string | null | undefined} id */
export const findTrack = (document, id) => document.tracks.find((track) => track.id === id);

/** @param {readonly Selected[]} selection */
export const selectedIds = (selection) => selection.map((part) => part.track);

/** @param {MotionDocument} document @param {readonly Selected[]} selection @returns {Track[]} */
export const selectedTracks = (document, selection) =>
  document.tracks.filter((track) => selection.some((part) => part.track === track.id));

/** Only what still exists. @param {MotionDocument} document @param {readonly Selected[]} selection
 * @returns {readonly Selected[]} */
export function prune(document, selection) {
  const kept = selection.flatMap((part) => {
    const track = findTrack(document, part.track);
    if (!track || track.hidden) return [];
    if (!part.knots) return [part];
    const knots = part.knots.filter((knot) => knot < track.knots.length);
    return [knots.length === part.knots.length ? part : { track: part.track, knots }];
  });
  return kept.length === selection.length && kept.every((part, i) => part === selection[i])
    ? selection
    : kept;
}

/** @param {readonly Selected[]} selection @param {string} track @param {number} knot */
export const isKnotSelected = (selection, track, knot) =>
  selection.some((part) => part.track === track && (!part.knots || part.knots.includes(knot)));

/** Whether a knot was chosen by itself, not with its whole track.
 * @param {readonly Selected[]} selection @param {string} track @param {number} knot */
export const isKnotChosen = (selection, track, knot) =>
  selection.some((part) => part.track === track && part.knots?.includes(knot) === true);

/** Add or take away a knot, or with `knot` null the whole track.
 * @param {readonly Selected[]} selection @param {string} track @param {number | null} knot
 * @returns {readonly Selected[]} */
export function toggle(selection, track, knot) {
  const others = selection.filter((part) => part.track !== track);
  const part = selection.find((candidate) => candidate.track === track);
  if (knot === null) return part ? others : [...others, { track, knots: null }];
  const knots = part?.knots ?? [];
  const next = knots.includes(knot) ? knots.filter((k) => k !== knot) : [...knots, knot];
  return next.length || !part ? [...others, { track, knots: next }] : others;
}

/** Everything whose knots lie in `box`: whole tracks, or knots when only some do.
 * @param {MotionDocument} document @param {Box} box @returns {Selected[]} */
export function insideOf(document, box) {
  return document.tracks.flatMap((track) => {
    if (track.hidden || track.locked) return [];
    const knots = track.knots.flatMap(({ x, y }, index) =>
      x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height ? [index] : [],
    );
    if (knots.length === 0) return [];
    return [{ track: track.id, knots: knots.length === track.knots.length ? null : knots }];
  });
}

/** The box around all selected knots, and around spreads of whole tracks.
 * @param {MotionDocument} document @param {readonly Selected[]} selection @returns {Box | null} */
export function selectionBox(document, selection) {
  const points = selection.flatMap((part) => {
    const track = findTrack(document, part.track);
    if (!track) return [];
    const knots = track.knots.filter((_, index) => !part.knots || part.knots.includes(index));
    const spread = part.knots ? null : track.spread;
    const first = track.knots[0];
    if (!spread || !first) return knots;
    const reach = spread.shape === "region" ? 0 : spread.size / 2;
    const around = spread.shape === "region" ? spread.polygon : [[-reach, -reach], [reach, reach]];
    return [...knots, ...around.map(([dx = 0, dy = 0]) => ({ x: first.x + dx, y: first.y + dy }))];
  });
  return boundingBox(points);
}

/** The box that scales and turns: only for two knots or more. @param {MotionDocument} document
 * @param {readonly Selected[]} selection @returns {Box | null} */
export function transformBox(document, selection) {
  const box = selectionBox(document, selection);
  return box && Math.max(box.width, box.height) > 0 ? box : null;
}
