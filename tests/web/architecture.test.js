import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { test } from "node:test";

import ts from "typescript";

const WEB = resolve(import.meta.dirname, "../../web/js");
const files = readdirSync(WEB, { recursive: true }).map(String).filter((name) => name.endsWith(".js"));
const sources = new Map(files.map((name) => [name, readFileSync(join(WEB, name), "utf8")]));

/** Imported files as paths below web/js; those outside keep their specifier. */
function importsOf(name, source) {
  return [...source.matchAll(/^\s*(?:import|export)\s[^;]*?from\s+"([^"]+)"/gm)].map(([, target]) => {
    const path = relative(WEB, resolve(join(WEB, name), "..", target));
    return path.startsWith("..") ? target : path;
  });
}

/** The rooms of the editor: each imports only from itself and from those before it. */
const ROOMS = ["curve", "drawing", "input", "page", "draw", "timeline", "panel"];
/** Those at the root of the editor wire the rooms together. */
const ROOT = ["editor/editor.js", "editor/stage.js"];
const roomOf = (name) => ROOMS.indexOf(name.match(/^editor\/(\w+)\/\w+\.js$/)?.[1]);

/** What breaks the order of the rooms between two files of the editor. */
function misplaced(name, target) {
  if (!name.startsWith("editor/") || ROOT.includes(name)) return [];
  if (roomOf(name) < 0) return [`${name} is in no room`];
  return roomOf(target) < 0 || roomOf(target) > roomOf(name) ? [`${name} imports a later room: ${target}`] : [];
}

/** What breaks the rules in a set of sources. */
function violations(all) {
  const found = [];
  const edges = new Map([...all].map(([name, source]) => [name, importsOf(name, source)]));
  for (const [name, targets] of edges) {
    for (const target of targets) {
      const host = target.startsWith("..");
      if (host && name !== "wanmove.js") found.push(`${name} imports the host: ${target}`);
      if (name.startsWith("editor/") && !target.startsWith("editor/")) found.push(`${name} leaves the editor: ${target}`);
      if (name.startsWith("host/") && target === "wanmove.js") found.push(`${name} imports the door`);
      if (target.startsWith("editor/")) found.push(...misplaced(name, target));
    }
  }
  const state = new Map();
  const visit = (name, trail) => {
    if (state.get(name) === "open") found.push(`cycle: ${[...trail, name].join(" -> ")}`);
    if (state.has(name)) return;
    state.set(name, "open");
    for (const target of edges.get(name) ?? []) visit(target, [...trail, name]);
    state.set(name, "done");
  };
  for (const name of edges.keys()) visit(name, []);
  return found;
}

test("imports go wanmove.js -> host -> editor, and through its rooms in their order, without cycles", () => {
  assert.ok(files.length > 20);
  for (const room of ROOMS) assert.ok(files.some((name) => name.startsWith(`editor/${room}/`)), room);
  assert.deepEqual(files.filter((name) => /^editor\/\w+\.js$/.test(name)).sort(), ROOT);
  assert.deepEqual(violations(sources), []);
});

test("the rules catch what they forbid", () => {
  const planted = new Map(sources);
  planted.set("editor/drawing/selection.js", 'import { app } from "../../../../scripts/app.js";\nimport { reduce } from "./reducer.js";');
  planted.set("editor/curve/curves.js", 'import { store } from "../drawing/store.js";');
  planted.set("editor/loose.js", 'import { clamp } from "./curve/geometry.js";');
  const found = violations(planted).join("\n");
  assert.match(found, /editor\/drawing\/selection.js imports the host/);
  assert.match(found, /cycle: .*editor\/drawing\/selection.js/);
  assert.match(found, /editor\/curve\/curves.js imports a later room: editor\/drawing\/store.js/);
  assert.match(found, /editor\/loose.js is in no room/);
});

test("no file is over 300 lines, none but the door acts on import, none uses a global", () => {
  for (const [name, source] of sources) {
    assert.ok(source.split("\n").length <= 301, `${name} has ${source.split("\n").length} lines`);
    if (name === "wanmove.js") continue;
    assert.doesNotMatch(source, /^(?:window|document|app)\./m, `${name} acts on import`);
    assert.doesNotMatch(source, /window\.\w+\s*=[^=]/, `${name} sets a global`);
    assert.doesNotMatch(source, /\beval\(|new Function|innerHTML/, name);
  }
});

/** Functions with more lines than `limit`. */
function longFunctions(name, source, limit) {
  const file = ts.createSourceFile(name, source, ts.ScriptTarget.Latest, true);
  const found = [];
  const visit = (node) => {
    const [first, last] = [node.getStart(), node.end].map((place) => file.getLineAndCharacterOfPosition(place).line);
    if (ts.isFunctionLike(node) && last - first + 1 > limit) found.push(`${name}: ${node.name?.text ?? "a function"} has ${last - first + 1} lines`);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

test("no function is over 60 lines", () => {
  assert.deepEqual([...sources].flatMap(([name, source]) => longFunctions(name, source, 60)), []);
  assert.deepEqual(longFunctions("planted", `function long() {${"\n".repeat(60)}}`, 60), ["planted: long has 61 lines"]);
});

/** Sources of the pure rooms that see the page. Comments and texts do not count. */
function seesPage(all) {
  const pure = /^editor\/(?:(?:curve|drawing|input)\/\w+|timeline\/layout)\.js$/;
  const code = (source) => source.replace(/\/\*[^]*?\*\/|\/\/.*|"(?:[^"\\\n]|\\.)*"/g, "");
  return [...all].filter(([name, source]) => pure.test(name) &&
    /\b(?:window|document|HTMLElement|Path2D|requestAnimationFrame|addEventListener|setTimeout|fetch)\b[.(]/.test(code(source))).map(([name]) => name);
}

test("pure rooms see no page", () => {
  assert.deepEqual(seesPage(sources), []);
  const planted = new Map([...sources.keys()].map((name) => [name, "document.createElement('p');"]));
  const pure = [...sources.keys()].filter((name) => /^editor\/(curve|drawing|input)\//.test(name));
  assert.ok(pure.length > 15);
  assert.deepEqual(seesPage(planted).sort(), [...pure, "editor/timeline/layout.js"].sort());
});

test("nothing in the editor hides the page's document", () => {
  const hides = (source) => /(?:[{(,]|const|let)\s*document\s*[,:)}=]/.test(source);
  assert.deepEqual([...sources].filter(([name, source]) => name.startsWith("editor/") && hides(source)).map(([name]) => name), []);
  for (const planted of ["const { document, session } = state;", "(document) => 1", "let document = 1", "f({ document: { tracks } })"]) assert.ok(hides(planted), planted);
});
