// What the editor exports, made by dev/make_format_lists.py from the table in
// wanmove_core/formats/registry.py. A pair of .npy files comes as a zip.
/** @type {readonly { name: string, title: string, suffix: string }[]} */
export const FORMATS = [
  {"name": "npy", "title": "official pair", "suffix": ".zip"},
  {"name": "json", "title": "coordinates of KJNodes, core, ATI", "suffix": ".json"},
  {"name": "csv", "title": "CSV: frame, track, x, y, visible", "suffix": ".csv"},
  {"name": "svg", "title": "SVG", "suffix": ".svg"},
  {"name": "after-effects", "title": "After Effects keyframes", "suffix": ".ae.txt"},
  {"name": "nuke", "title": "Nuke Tracker4 (Tracker3: read)", "suffix": ".nk"},
  {"name": "blender", "title": "Blender markers", "suffix": ".blender.json"},
  {"name": "kling", "title": "Kling motion brush", "suffix": ".kling.json"},
];
