import assert from "node:assert/strict";
import { test } from "node:test";

import { bezierSegments, evaluateSegment } from "../../web/js/editor/curve/curves.js";
import { fitStroke } from "../../web/js/editor/curve/freehand.js";

const TOLERANCE = 2;
const STROKES = Number(process.env.STROKES ?? 1000);

function randomNumbers(seed) {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}
/** A smooth S through the picture, of 150 moves, of any size and turn. */
function smoothStroke(random) {
  const [turn, size, bend] = [random() * 2 * Math.PI, 250 + random() * 350, 60 + random() * 120];
  return Array.from({ length: 150 }, (_, i) => {
    const t = i / 149;
    const [u, v] = [(t - 0.5) * size, Math.sin(2 * Math.PI * t) * bend];
    return { x: 400 + u * Math.cos(turn) - v * Math.sin(turn), y: 240 + u * Math.sin(turn) + v * Math.cos(turn) };
  });
}
const shaken = (stroke, by) => stroke.map(({ x, y }, i) => ({ x: x + by(i, 0), y: y + by(i, 1) }));
/** How hands and devices tremble, px. */
const TREMORS = {
  none: () => () => 0,
  "whole pixels": () => null,
  jitter: (random) => () => (random() - 0.5) * 2,
  "strong jitter": (random) => () => (random() - 0.5) * 4,
  "8 to 12 times a second": (random) => {
    const [rate, ...phase] = [8 + random() * 4, random() * 6.28, random() * 6.28];
    return (i, axis) => 1.5 * Math.sin((i / 60) * rate * 6.28 + phase[axis]);
  },
  "hooks at the ends": (random) => (i) => (i < 3 || i > 146 ? (random() - 0.5) * 5 : 0),
};
const away = (p, [a, b]) => {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const share = Math.min(Math.max(((p.x - a.x) * dx + (p.y - a.y) * dy) / (dx * dx + dy * dy || 1), 0), 1);
  return Math.hypot(p.x - a.x - share * dx, p.y - a.y - share * dy);
};
/** The farthest that the curve goes from what was drawn. */
function spike(knots, stroke) {
  let worst = 0;
  const chords = stroke.slice(1).map((b, i) => [stroke[i], b]);
  let near = 0;  // the curve goes along the stroke, so the nearest chord is not far from the last one
  for (const segment of bezierSegments(knots, "bezier")) {
    for (let t = 0; t <= 1; t += 1 / 12) {
      const [x, y] = evaluateSegment(segment, t);
      let [least, from] = [Infinity, Math.max(near - 12, 0)];
      for (let i = from; i < Math.min(from + 45, chords.length); i += 1) {
        const far = away({ x, y }, chords[i]);
        if (far < least) [least, near] = [far, i];
      }
      worst = Math.max(worst, least);
    }
  }
  return worst;
}

for (const [name, make] of Object.entries(TREMORS)) {
  test(`${STROKES} strokes, tremor ${name}: at most 8 knots in the middle, no spike over 3 px`, () => {
    const random = randomNumbers(11);
    const counts = [];
    for (let i = 0; i < STROKES; i += 1) {
      const smooth = smoothStroke(random);
      const by = make(random);
      const stroke = by ? shaken(smooth, by) : smooth.map(({ x, y }) => ({ x: Math.round(x), y: Math.round(y) }));
      const knots = fitStroke(stroke, TOLERANCE);
      counts.push(knots.length);
      const far = spike(knots, stroke);
      assert.ok(far <= 3, `stroke ${i}: ${far.toFixed(2)} px with ${knots.length} knots`);
    }
    const median = counts.sort((a, b) => a - b)[STROKES >> 1];
    assert.ok(median <= 8, `${median} knots`);
  });
}

test("corners stay corners", () => {
  const stroke = [];
  for (let i = 0; i <= 60; i += 1) stroke.push({ x: i * 3, y: 0 });
  for (let i = 1; i <= 60; i += 1) stroke.push({ x: 180, y: i * 3 });
  const knots = fitStroke(stroke, TOLERANCE);
  const corner = knots.find(({ broken }) => broken);
  assert.ok(Math.hypot(corner.x - 180, corner.y) < 3, JSON.stringify(corner));
  assert.equal(knots.length, 3);
});
