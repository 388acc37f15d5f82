/** What a video did with a drawing's tracks: the path that each row followed, and how far off it was. */

import { sampledIn, sentTracks } from "./sample.js";

const SAME_PX = 1.5;

/** Which of the measured points belongs to each point of the drawing, in their order: all of them, or
 * those that begin and end alike where other tracks were measured too.
 * @type {(drawing: Drawing, report: FollowReport) => (FollowReport["tracks"][number] | undefined)[]} */
function measuredPoints(drawing, { points, width, height, tracks }) {
  const samples = sentTracks(drawing).map((track) => sampledIn(drawing, track));
  const total = samples.reduce((sum, sample) => sum + sample.points, 0);
  const byPoint = new Map(tracks.map((track) => [track.point, track]));
  if (total === points) return Array.from({ length: total }, (_, point) => byPoint.get(point));
  const [sx, sy] = [width / drawing.width, height / drawing.height];
  const open = new Set(tracks);
  return samples.flatMap(({ points: many, positions }) => Array.from({ length: many }, (_, i) => {
    const last = positions.length - 2 * many + 2 * i;
    const ends = [positions[2 * i] * sx, positions[2 * i + 1] * sy, positions[last] * sx, positions[last + 1] * sy];
    const found = [...open].find(({ asked }) => asked.every((value, at) => Math.abs(value - ends[at]) <= SAME_PX));
    if (found) open.delete(found);
    return found;
  }));
}

/** Untrusted: it comes from a node's output. @type {(value: unknown) => FollowReport | null} */
export function readReport(value) {
  const report = /** @type {FollowReport} */ (value);
  const numbers = (/** @type {unknown} */ list) => Array.isArray(list) && list.every(Number.isFinite);
  const known = typeof report === "object" && report !== null && Array.isArray(report.tracks)
    && [report.width, report.height, report.frames, report.points, report.step].every((size) => size >= 1)
    && report.tracks.every((track) => Number.isFinite(track?.error) && numbers(track.asked) && numbers(track.got) && track.got.length >= 2);
  return known ? report : null;
}

/** Rows of the drawing with what the video did, the worst first.
 * @type {(drawing: Drawing, report: FollowReport) => Followed} */
export function followedRows(drawing, report) {
  const measured = measuredPoints(drawing, report);
  const [sx, sy] = [drawing.width / report.width, drawing.height / report.height];
  let from = 0;
  const rows = sentTracks(drawing).flatMap((track) => {
    const all = measured.slice(from, from += sampledIn(drawing, track).points).filter((found) => found !== undefined);
    if (all.length === 0) return [];
    const mean = (/** @type {(found: FollowReport["tracks"][number]) => number} */ get) => all.reduce((sum, found) => sum + get(found), 0) / all.length;
    const path = all[0].got.map((_, i) => mean(({ got }) => got[i]) * (i % 2 ? sy : sx));
    return [{ track: track.id, error: mean(({ error }) => error), lost: Math.max(...all.map(({ lost }) => lost)), path }];
  });
  return { step: report.step * (drawing.frames - 1) / Math.max(report.frames - 1, 1), rows: rows.sort((a, b) => b.error - a.error) };
}

/** Where a row's object was at a frame of the drawing. @type {(followed: Followed, row: Followed["rows"][number], frame: number) => XY} */
export function gotAt({ step }, { path }, frame) {
  const last = path.length / 2 - 1;
  const time = Math.min(frame / (step || 1), last);
  const [before, share] = [Math.floor(time), time % 1];
  const at = (/** @type {number} */ axis) => path[2 * before + axis] + share * (path[2 * Math.min(before + 1, last) + axis] - path[2 * before + axis]);
  return { x: at(0), y: at(1) };
}

/** How many pixels a track was off, where that was measured. @type {(session: Session, id: string) => number | undefined} */
export const errorOf = ({ followed }, id) => followed?.rows.find(({ track }) => track === id)?.error;
