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

test("imports go wanmove.js -> host -> editor, without cycles", () => {
  assert.ok(files.length > 20);
  assert.deepEqual(violations(sources), []);
});

test("the rules catch what they forbid", () => {
  const planted = new Map(sources);
  planted.set("editor/geometry.js", 'import { app } from "../../../scripts/app.js";\nimport { reduce } from "./reducer.js";');
  const found = violations(planted).join("\n");
  assert.match(found, /editor\/geometry.js imports the host/);
  assert.match(found, /cycle: .*editor\/geometry.js/);
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

test("pure modules see no page", () => {
  const pages = ["editor", "stage", "timeline_view", "dom", "icons", "inspector", "inspector_motion", "overlays", "theme", "player", "painter", "render", "render_parts", "render_marks", "render_timeline", "toolbar", "transfer"];
  for (const [name, source] of sources) {
    const [, own] = name.match(/^editor\/(\w+)\.js$/) ?? [];
    if (!own || pages.includes(own)) continue;
    assert.doesNotMatch(source, /\b(?:window|HTMLElement|requestAnimationFrame|addEventListener)\b[.(]/, name);
  }
});
