import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { knotsAt, lengthAt } from "../../web/js/editor/curve/curves.js";
import {
  createDrawing, createTrack, parseDrawing, serialiseDrawing,
} from "../../web/js/editor/drawing/schema.js";
import { fitBoxes, placeOf } from "../../web/js/editor/drawing/fit.js";
import { idleTracks } from "../../web/js/editor/drawing/idle.js";
import { latentCells } from "../../web/js/editor/drawing/cells.js";
import { fillPolygon } from "../../web/js/editor/drawing/region.js";
import { reduce } from "../../web/js/editor/drawing/reducer.js";
import { findFamily } from "../../web/js/host/video_frame.js";
import { DrawingError } from "../../web/js/editor/drawing/fields.js";
import { pathOf, sampledIn, sampledTrack, sentTracks } from "../../web/js/editor/drawing/sample.js";

const read = (name) => JSON.parse(readFileSync(new URL(`../fixtures/${name}`, import.meta.url)));
const HEAD = { version: 1, width: 832, height: 480, fps: 16, frames: 11 };

for (const golden of read("curves.json")) {
  test(`golden: ${golden.name}`, () => {
    const drawing = parseDrawing(JSON.stringify(golden.document));
    const tracks = sentTracks(drawing).map((track) => sampledIn(drawing, track));
    const points = tracks.reduce((sum, track) => sum + track.points, 0);
    assert.equal(points, golden.points);
    for (let frame = 0; frame < drawing.frames; frame += 1) {
      let index = frame * points;
      for (const track of tracks) {
        for (let point = 0; point < track.points; point += 1, index += 1) {
          const at = 2 * (frame * track.points + point);
          const [x, y] = golden.positions[index];
          assert.ok(Math.abs(track.positions[at] - x) <= 1e-4, `frame ${frame} x ${track.positions[at]} ${x}`);
          assert.ok(Math.abs(track.positions[at + 1] - y) <= 1e-4, `frame ${frame} y`);
          assert.equal(track.visible[frame], golden.visibility[index]);
        }
      }
    }
  });
}

for (const golden of read("stretched.json")) {
  test(`stretched: ${golden.name}`, () => {
    const { width, height, frames } = golden.to;
    const drawing = reduce(parseDrawing(JSON.stringify(golden.document)), { type: "batch", actions: [
      { type: "set-canvas", width, height, fit: "stretch" }, { type: "set-clip", frames, fps: 16, fit: "retime" },
    ] });
    const tracks = sentTracks(drawing).map((track) => sampledTrack(track, frames));
    const places = Array.from({ length: frames }, (_, frame) => tracks.flatMap(({ points, positions }) =>
      [...positions.subarray(2 * frame * points, 2 * (frame + 1) * points)])).flat();
    golden.positions.flat().forEach((value, i) => assert.ok(Math.abs(value - places[i]) <= 1e-3, `${i}: ${places[i]} is not ${value}`));
    assert.equal(places.length, 2 * golden.positions.length);
  });
}

for (const { name, document, positions } of read("regions.json")) {
  test(`filled region: ${name}`, () => {
    const [track] = sentTracks(parseDrawing(JSON.stringify(document)));
    const { polygon, fill, spacing, offsets } = track.spread;
    const near = (found, wanted, limit) => {
      assert.equal(found.length, wanted.length);
      wanted.forEach((value, i) => assert.ok(Math.abs(value - found[i]) <= limit, `${i}: ${found[i]} is not ${value}`));
    };
    near(fillPolygon(polygon, fill, spacing).flat(), offsets.flat(), 1e-6);
    near([...sampledTrack(track, document.frames).positions], positions.flat(), 1e-3);
  });
}

for (const golden of read("cells.json")) {
  test(`cells: ${golden.name}`, () => {
    const found = latentCells(parseDrawing(JSON.stringify(golden.document)), golden.frame, golden.family);
    assert.deepEqual(Object.fromEntries([...found.cells].map(([cell, { tracks }]) => [cell, tracks])), golden.cells);
    assert.equal(found.moved, golden.moved);
  });
}

/** A text that has `count` of something. */
function limited(shape, count) {
  const many = (item, wanted) => Array(wanted ? count : 1).fill(item);
  const point = { x: 1, y: 1 };
  if (shape === "flat") return JSON.stringify(many(point, true));
  if (shape === "lists") return JSON.stringify(many([point], true));
  const track = { knots: many(point, shape === "knots"), ...(shape === "spread" && { spread: { shape: "disc", count, size: 9 } }) };
  return JSON.stringify({ ...HEAD, ...(shape in HEAD && { [shape]: count }), tracks: many(track, shape === "tracks") });
}

test("limits are those of wanmove_core", () => {
  for (const { name, shape, count, accepted } of read("limits.json")) {
    const parse = () => parseDrawing(limited(shape, count));
    if (accepted) assert.doesNotThrow(parse, name);
    else assert.throws(parse, DrawingError, name);
  }
});

for (const hostile of read("hostile_documents.json")) {
  test(`hostile: ${hostile.name}`, () => {
    const text = hostile.text ?? JSON.stringify({ ...HEAD, tracks: hostile.tracks });
    assert.throws(
      () => parseDrawing(text),
      (error) => error instanceof DrawingError && error.message.startsWith(hostile.place),
    );
  });
}

test("a document survives the round trip with fields this version does not know", () => {
  const text = JSON.stringify({
    ...HEAD, someday: [1], tracks: [{
      id: "x", name: "n", color: "#123456", curve: "bezier", note: "keep", windows: [[1, 2]],
      knots: [{ x: 1, y: 2, tag: 7, out: [1, 0] }, { x: 5, y: 2 }],
      timing: { start: 2, keys: [{ frame: 4, at: 0.5, why: "x" }], later: 1 },
      spread: { shape: "disc", count: 3, size: 9, extra: {} },
    }],
  });
  const once = parseDrawing(text);
  const again = parseDrawing(serialiseDrawing(once));
  assert.deepEqual(again, once);
  const raw = JSON.parse(serialiseDrawing(once));
  assert.deepEqual(raw.someday, [1]);
  assert.equal(raw.tracks[0].note, "keep");
  assert.equal(raw.tracks[0].knots[0].tag, 7);
  assert.equal(raw.tracks[0].timing.later, 1);
  assert.equal(raw.tracks[0].timing.keys[0].why, "x");
  assert.deepEqual(raw.tracks[0].spread.extra, {});
});

test("doubled and missing ids are made unique", () => {
  const knots = [{ x: 1, y: 1 }];
  const { tracks } = parseDrawing(JSON.stringify({
    ...HEAD, tracks: [{ id: "t2", knots }, { id: "t2", knots }, { knots }],
  }));
  assert.equal(new Set(tracks.map((track) => track.id)).size, 3);
  assert.equal(tracks[0].id, "t2");
});

test("blank text is an empty drawing; bare coordinates are version 0", () => {
  assert.deepEqual(parseDrawing(" \n"), createDrawing());
  const one = parseDrawing('[{"x":0,"y":3},{"x":8,"y":3},{"x":80,"y":3}]');
  const { own } = sampledTrack(one.tracks[0], one.frames);
  assert.equal(own[2 * 80], 80);
  assert.ok(Math.abs(own[2 * 40] - 8) < 1e-9);
  assert.equal(parseDrawing('[[{"x":0,"y":3}],[{"x":1,"y":1}]]').tracks.length, 2);
});

test("1024 anchors stay under 200 kB and 1024 knots under 40 kB", () => {
  let drawing = createDrawing();
  for (let i = 0; i < 1024; i += 1) {
    const knots = [{ x: 100.125 + i / 3, y: 200.625 + i / 7 }];
    drawing = { ...drawing, tracks: [...drawing.tracks, createTrack(drawing, { knots })] };
  }
  assert.ok(serialiseDrawing(drawing).length < 200_000, `${serialiseDrawing(drawing).length}`);
  const knots = drawing.tracks.map((track) => track.knots[0]);
  const path = { ...createDrawing(), tracks: [createTrack(createDrawing(), { knots })] };
  assert.ok(serialiseDrawing(path).length < 40_000);
});

test("colours repeat only when all are used", () => {
  let drawing = createDrawing();
  for (let i = 0; i < 8; i += 1) {
    drawing = { ...drawing, tracks: [...drawing.tracks, createTrack(drawing, { knots: [{ x: 1, y: 1 }] })] };
  }
  assert.equal(new Set(drawing.tracks.map((track) => track.color)).size, 8);
});

test("knotsAt is the inverse of lengthAt", () => {
  const track = createTrack(createDrawing(), {
    knots: [{ x: 0, y: 0 }, { x: 10, y: 40 }, { x: 90, y: 10 }, { x: 95, y: 95 }],
  });
  const path = pathOf(track);
  for (const at of [0, 0.3, 1, 1.75, 2.5, 3]) {
    assert.ok(Math.abs(knotsAt(path, lengthAt(path, at)) - at) < 1e-9, `${at}`);
  }
});

test("pictures go into frames as in wanmove_core", () => {
  for (const { from, to, mode, source, target } of read("fits.json")) {
    assert.deepEqual(fitBoxes(from, to, mode), { source, target }, `${from} to ${to}, ${mode}`);
  }
});

test("a canvas belongs to the video, its picture or neither, as in wanmove_core", () => {
  for (const { canvas, video, image, place } of read("places.json")) {
    assert.equal(placeOf(canvas, video, image), place, `${canvas} for ${video} of ${image}`);
  }
});

test("tracks that guide nothing are those of wanmove_core, for its reasons", () => {
  for (const { name, document, idle } of read("idle.json")) {
    const drawing = parseDrawing(JSON.stringify(document));
    const found = idleTracks(drawing);
    assert.deepEqual(drawing.tracks.map(({ id }) => found.get(id) ?? null), idle, name);
  }
});

test("the cells are those of the model that the tracks reach", () => {
  const family = (links, classes) => {
    const graph = { _links: new Map(), getNodeById: (id) => nodes[id] };
    const nodes = ["WanMoveSplineEditor", ...classes].map((comfyClass, id) => ({ id, comfyClass, type: comfyClass, graph, outputs: [{ type: "TRACKS" }] }));
    links.forEach(([from, to], id) => graph._links.set(id, { id, origin_id: from, origin_slot: 0, target_id: to, target_slot: 0 }));
    return findFamily({ rootGraph: graph }, nodes[0]);
  };
  const [edit, maps, guide] = ["WanMoveSmoothTracks", "WanMoveTrajectoryMaps", "WanMoveTrajectoryGuidance"];
  assert.equal(family([], []), "wan2.1-i2v");
  assert.equal(family([[0, 1], [1, 2]], [edit, maps]), "wan2.2-ti2v-5b");
  assert.equal(family([[0, 1], [1, 2]], [edit, guide]), "wan2.1-i2v");
  assert.equal(family([[1, 2]], [edit, maps]), "wan2.1-i2v", "not reached");
  assert.equal(family([[0, 2], [0, 1], [1, 3]], [edit, guide, maps]), "wan2.1-i2v", "the nearest");
  assert.equal(family([[0, 1], [1, 0], [1, 2]], [edit, maps]), "wan2.2-ti2v-5b", "a loop ends");
});
