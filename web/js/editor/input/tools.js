/** The tools, in the order of the toolbar. Buttons, keys, hints and the help page are made from it. */

/** `hint`: what to do with it on an empty drawing. @type {{id: Tool, label: string, keys: string, hint: string}[]} */
export const TOOLS = [
  { id: "select", label: "Select", keys: "v", hint: "Choose Draw (P), then drag from what should move to where it goes." },
  { id: "draw", label: "Draw", keys: "p", hint: "Click or drag from what should move to where it goes. ? shows all keys." },
  { id: "anchor", label: "Anchor", keys: "a", hint: "Click what should stay where it is." },
  { id: "region", label: "Region", keys: "r", hint: "Drag around what should move. Shift: a box." },
  { id: "wand", label: "Wand", keys: "w", hint: "Click an object to take its region; drag to the right for more of it." },
];
