/** Icons as 16x16 SVG paths, drawn with the text's colour. */

export const PATHS = {
  select: "M4 2l8.5 6.2-3.9.6 2 4-1.6.8-2-4L4 12.4z",
  draw: "M2.5 13.5c3-.2 2-5 5-5s2 4 5 3M10 4.5l1.5-1.5 2 2L12 6.5 8.5 10l-2.5.5.5-2.5z",
  anchor: "M8 2v12M2 8h12M8 5.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5z",
  region: "M3.5 9.5C1 5 5.5 2 9 3s6 4.5 3.5 7.5-6.5 2-9-1zM6 7h.01M9 6h.01M7.5 9.2h.01M10.5 8.5h.01",
  wand: "M2.5 13.5L10 6M8.5 4.5l3 3M12.5 2v2.5M11.2 3.2h2.6M5 2.5v2M4 3.5h2M13.5 9.5v2M12.5 10.5h2",
  simplify: "M2 12C5 3 11 3 14 12M2 12h.01M8 5.2h.01M14 12h.01M5 13.5h6",
  smooth: "M2 11l3-6 3 6M8 11c2 0 2-6 6-6",
  labels: "M3 3.5h10M8 3.5v9M5.5 12.5h5",
  undo: "M6 3L2.5 6.5 6 10M3 6.5h6.5a3.5 3.5 0 0 1 0 7H6",
  redo: "M10 3l3.5 3.5L10 10M13 6.5H6.5a3.5 3.5 0 0 0 0 7H10",
  fit: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
  cells: "M2.5 2.5h11v11h-11zM2.5 6.2h11M2.5 9.8h11M6.2 2.5v11M9.8 2.5v11",
  maps: "M2.5 4.5h7v6h-7zM6.5 7.5h7v6h-7z",
  snap: "M3 3v5a5 5 0 0 0 10 0V3h-3v5a2 2 0 0 1-4 0V3zM3 5.5h3M10 5.5h3",
  panel: "M2.5 3h11v10h-11zM10 3v10M11.6 5.5h.01M11.6 8h.01",
  help: "M6 6a2 2 0 1 1 2.8 1.8c-.6.3-.8.7-.8 1.4M8 11.5h.01M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8z",
  full: "M9.5 2.5h4v4M13.5 2.5l-4.5 4.5M6.5 13.5h-4v-4M2.5 13.5L7 9",
  motion: "M2.5 4.5h11v8h-11zM2.5 10.5l3-3 3 3 2-2 3 3M10.5 2.5h3M8.5 6.5h.01",
  "time-in": "M2.5 8h11M5 5L2 8l3 3M11 5l3 3-3 3M8 5v6",
  "time-out": "M1.5 8h4M10.5 8h4M3.5 5.5L6 8l-2.5 2.5M12.5 5.5L10 8l2.5 2.5M8 3v10",
  play: "M5 3l8 5-8 5z",
  pause: "M5 3v10M11 3v10",
  first: "M4 3v10M12.5 3.5L6.5 8l6 4.5z",
  last: "M12 3v10M3.5 3.5l6 4.5-6 4.5z",
  loop: "M3 8V6.5A2.5 2.5 0 0 1 5.5 4H12M10 2l2 2-2 2M13 8v1.5A2.5 2.5 0 0 1 10.5 12H4M6 14l-2-2 2-2",
  reverse: "M13 5H4M6.5 2.5L4 5l2.5 2.5M3 11h9M9.5 8.5L12 11l-2.5 2.5",
  "mirror-x": "M8 2v12M5.5 4.5v7L2 11.5zM10.5 4.5v7l3.5 0z",
  "mirror-y": "M2 8h12M4.5 5.5h7L11.5 2zM4.5 10.5h7l0 3.5z",
  duplicate: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  delete: "M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.7 9h5.6l.7-9M6.7 7v4M9.3 7v4",
  up: "M8 13V3.5M4 7l4-4 4 4",
  down: "M8 3v9.5M4 9l4 4 4-4",
  left: "M2.5 2v12M5 4.5h8v2.5H5zM5 9h5v2.5H5z",
  center: "M8 2v12M3.5 4.5h9v2.5h-9zM5 9h6v2.5H5z",
  right: "M13.5 2v12M3 4.5h8v2.5H3zM6 9h5v2.5H6z",
  top: "M2 2.5h12M4.5 5v8H7V5zM9 5v5h2.5V5z",
  middle: "M2 8h12M4.5 3.5v9H7v-9zM9 5v6h2.5V5z",
  bottom: "M2 13.5h12M4.5 3v8H7V3zM9 6v5h2.5V6z",
  "distribute-x": "M2.5 2.5v11M13.5 2.5v11M6.5 5h3v6h-3z",
  "distribute-y": "M2.5 2.5h11M2.5 13.5h11M5 6.5v3h6v-3z",
};

/** @type {(name: IconName) => SVGSVGElement} */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
