/** The tools, in the order of the toolbar. Buttons, keys, hints and the help page are made from it. */

/** `hint`: what to do with it on an empty drawing; `help`: what it is for.
 * @type {{id: Tool, label: string, keys: string, hint: string, help: string}[]} */
export const TOOLS = [
  { id: "select", label: "Select", keys: "v", hint: "Choose Draw (P), then drag from what should move to where it goes.", help: "Selects, moves, turns and scales tracks and knots" },
  { id: "draw", label: "Draw", keys: "p", hint: "Click or drag from what should move to where it goes. ? shows all keys.", help: "Draws the way that an object goes" },
  { id: "anchor", label: "Anchor", keys: "a", hint: "Click what should stay where it is.", help: "Pins what must stay; a drag pins a box" },
  { id: "region", label: "Region", keys: "r", hint: "Drag around what should move. Shift: a box.", help: "Takes all points inside an outline" },
  { id: "wand", label: "Wand", keys: "w", hint: "Click an object to take its region; drag to the right for more of it.", help: "Takes the object under the pointer by its colour" },
];
