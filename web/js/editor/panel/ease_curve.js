/** An easing as a curve: progress over time, with the two handles of its cubic Bezier to drag. */

import { NAMED_EASES } from "../curve/curves.js";
import { clamp } from "../curve/geometry.js";
import { HELD } from "../page/patch.js";

const WIDTH = 212;
const HEIGHT = 138;
const SIDE_PX = 12;
const ROOM_PX = 26; // above and below, for progress that overshoots
const SVG = "http://www.w3.org/2000/svg";

/** @type {(x: number) => number} */
const toX = (x) => SIDE_PX + x * (WIDTH - 2 * SIDE_PX);
/** @type {(y: number) => number} */
const toY = (y) => HEIGHT - ROOM_PX - y * (HEIGHT - 2 * ROOM_PX);
/** Of a handle that lies outside of the picture the edge is shown. @type {(x: number, y: number) => string} */
const spot = (x, y) => `${toX(x)} ${clamp(toY(y), 6, HEIGHT - 6)}`;

/** @type {(tag: string, attributes: Record<string, string | number>) => SVGElement} */
function shape(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return /** @type {SVGElement} */ (made);
}

/** `preview` gets the curve while a handle is dragged, null when that is called off.
 * @type {(ease: Ease, preview: (ease: Ease | null) => void, commit: (ease: Ease) => void) => SVGElement} */
export function easeCurve(ease, preview, commit) {
  let points = typeof ease === "string" ? NAMED_EASES[ease] : ease;
  const arms = shape("path", { class: "wm-arm" });
  const line = shape("path", {});
  const grips = [0, 2].map((at) => grip(at));
  const root = shape("svg", { class: "wm-ease", viewBox: `0 0 ${WIDTH} ${HEIGHT}` });
  root.append(shape("rect", { x: toX(0), y: toY(1), width: toX(1) - toX(0), height: toY(0) - toY(1) }), arms, line, ...grips);
  draw();
  return root;

  function draw() {
    const [x1, y1, x2, y2] = points;
    arms.setAttribute("d", `M${spot(0, 0)} L${spot(x1, y1)} M${spot(1, 1)} L${spot(x2, y2)}`);
    line.setAttribute("d", `M${spot(0, 0)} C${toX(x1)} ${toY(y1)} ${toX(x2)} ${toY(y2)} ${spot(1, 1)}`);
    grips.forEach((made, i) => made.setAttribute("transform", `translate(${spot(points[2 * i], points[2 * i + 1])})`));
  }

  /** @param {number} at of its x among the four numbers */
  function grip(at) {
    const made = shape("circle", { r: 5.5 });
    const before = points;
    made.onpointerdown = (event) => {
      made.setPointerCapture(event.pointerId);
      root.classList.add(HELD);
    };
    made.onpointermove = (event) => {
      if (!made.hasPointerCapture(event.pointerId)) return;
      const box = root.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * WIDTH;
      const y = ((event.clientY - box.top) / box.height) * HEIGHT;
      const time = clamp((x - toX(0)) / (toX(1) - toX(0)), 0, 1);
      const progress = clamp((y - toY(0)) / (toY(1) - toY(0)), -0.3, 1.3);
      const [x1, y1, x2, y2] = points.with(at, time).with(at + 1, progress);
      points = [x1, y1, x2, y2];
      draw();
      preview(points);
    };
    made.onpointerup = () => {
      root.classList.remove(HELD);
      if (points !== before) commit(points);
    };
    made.onpointercancel = () => {
      root.classList.remove(HELD);
      points = before;
      draw();
      preview(null);
    };
    return made;
  }
}
