/** The page of `wanmove draw`: the editor, and what the program does for it. */

import { mount } from "../editor/editor.js";
import { element } from "../editor/page/dom.js";
import { FORMATS } from "../editor/page/formats.js";
import { GoneError, call, createKeeping } from "./keeping.js";
import { createResults } from "./results.js";

const GONE_AFTER_MS = 1500;
const AGAIN_AFTER_MS = 2000;
const byId = (id) => document.getElementById(id);
const [message, progress, plan, prompt, seed] = ["message", "progress", "plan", "prompt", "seed"].map(byId);
const seedOf = () => (Number.isInteger(seed.valueAsNumber) ? seed.valueAsNumber : null);

function say(text, bad = false) {
  message.textContent = message.title = text;
  message.classList.toggle("bad", bad);
}
async function picture(source) {
  const image = new Image();
  image.src = source;
  await image.decode();
  return image;
}
function download(blob, name) {
  const link = element("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
const downloadDrawing = () => download(new Blob([editor.getValue()], { type: "application/json" }), start.name);

/** The program has ended: nothing can be saved, but what is drawn can be taken along. */
function showGone(gone) {
  const bar = byId("gone");
  if (bar.hidden === !gone) return;
  bar.hidden = !gone;
  byId("generate").disabled = gone;
  bar.replaceChildren("The program has ended or cannot be reached. Your drawing is still here.",
    element("button", { type: "button", textContent: "Download the drawing", onclick: downloadDrawing }));
}
function failed(error) {
  if (error instanceof GoneError) return showGone(true);
  say(error.message, true);
}

const start = await (await call("start")).json();
const background = await picture("image");
let keeping = null;
let running = false;

const editor = mount(byId("editor"), {
  value: start.earlier[0] ?? start.document,
  locale: navigator.language,
  wholePage: true,
  formats: [...FORMATS.map(({ name }) => name), "gif"],
  onChange: () => edited(),
  notify: (text) => say(text, true),
  importFile: async (file, { width, height, frames }) =>
    (await call(`tracks?${new URLSearchParams({ name: file.name, width, height, frames })}`, file)).text(),
  exportFile: async (format, text) => {
    if (format === "gif") return download(await (await call("gif", JSON.stringify({ document: text }))).blob(), "wanmove_tracks.gif");
    const { suffix } = FORMATS.find(({ name }) => name === format);
    download(await (await call(`tracks?format=${format}`, text)).blob(), `wanmove_tracks${suffix}`);
  },
  onBackground: (file) => void (file?.type.startsWith("video/") ? recall(file) : show(file)).catch(failed),
});
/** A picture of the person's own, or the start image again. */
async function show(file) {
  editor.setBackground(file ? await picture(URL.createObjectURL(file)) : background, Boolean(file));
}
/** One of our videos gives back its drawing, prompt and seed. */
async function recall(file) {
  const work = await (await call(`video?${new URLSearchParams({ name: file.name })}`, file)).json();
  editor.replaceValue(work.document);
  [prompt.value, seed.value] = [work.prompt, work.seed ?? ""];
  edited();
}
editor.setBackground(background);
for (const text of [...start.earlier.slice(1), start.document]) if (start.earlier.length) editor.replaceValue(text);
[prompt.value, seed.value] = [start.prompt, start.seed ?? ""];
prompt.disabled = !start.plan.prompts;
if (prompt.disabled) prompt.placeholder = "The small model takes no prompt";
seed.placeholder = start.plan.seed === null ? "New seed" : `Seed ${start.plan.seed}`;

function edited() {
  if (!keeping) return;
  keeping.changed();
  if (!running) say(keeping.isSaved() ? "" : "Not saved");
}
keeping = createKeeping(start, {
  work: () => ({ document: editor.getValue(), prompt: prompt.value, seed: seedOf() }),
  show(work) {
    editor.replaceValue(work.document);
    [prompt.value, seed.value] = [work.prompt, work.seed ?? ""];
  },
  kept() {
    showGone(false);
    if (!running && !message.classList.contains("bad")) say("Not saved, kept as autosave");
  },
  failed,
});
prompt.oninput = seed.oninput = edited;
const left = keeping.leftBehind();
if (left) {
  editor.replaceValue(left.document);
  [prompt.value, seed.value] = [left.prompt, left.seed ?? ""];
  edited();
}
if (!keeping.isSaved()) say("Not saved, from the autosave");

const results = createResults({
  image: () => background,
  failed,
  back: () => editor.focus(),
  async edit(entry) {
    editor.replaceValue(await (await call(`result/${entry.drawing}`)).text());
  },
  async repeat(entry) {
    await this.edit(entry);
    [prompt.value, seed.value] = [entry.prompt ?? "", entry.seed ?? ""];
    await generate();
  },
});

async function save() {
  try {
    const { files } = await keeping.send("save");
    const saved = `Saved ${files.map((file) => file.split(/[\\/]/).pop()).join(", ")}`;
    const { lines, all } = editor.idle();
    say([saved, ...(all ? ["nothing that is drawn moves anything"] : []), ...lines.slice(0, 2)].join(" · "), all);
  } catch (error) {
    failed(error);
  }
}
async function generate() {
  try {
    await keeping.send("generate");
  } catch (error) {
    failed(error);
  }
}

/** What the button will make, before it is pressed. */
function showPlan({ model, size, frames, steps }, seconds, guidance) {
  const { width, height, frames: drawn } = JSON.parse(editor.getValue() || start.document);
  const [w, h] = size ?? [width, height];
  const time = seconds ? `, about ${Math.max(Math.round(seconds), 1)} s` : "";
  const other = w !== width || h !== height || frames !== drawn ? ` (the drawing: ${width} x ${height}, ${drawn})` : "";
  plan.textContent = plan.title = [`With ${model}: ${w} x ${h}, ${frames} frames${other}, ${steps} steps${time}`, guidance].filter(Boolean).join(". ");
}

let shownState = "";
function tell(news) {
  const { state, step, steps, message: text, results: made, seconds, guidance } = news;
  running = state === "loading" || state === "running";
  byId("generate").disabled = running || !byId("gone").hidden;
  byId("cancel").hidden = progress.hidden = !running;
  if (state === "loading") progress.removeAttribute("value");
  else progress.value = steps ? step / steps : 0;
  if (running) say(state === "loading" ? "Loading the model" : `Step ${step} of ${steps}`);
  const ended = shownState && state !== shownState && !running;
  shownState = state;
  results.update(made);
  showPlan(start.plan, seconds, guidance);
  if (!ended) return;
  say(state === "done" ? `Done in ${text}` : text, state === "failed");
  if (state === "done") results.show(made[0]).catch(failed);
}

/** The program's news. A page that a browser's Back brings out of its cache connects anew. */
let live = null;
let lost = 0;
function connect() {
  live = new WebSocket(new URL("live", location.href).href.replace("http", "ws"));
  live.onopen = () => {
    clearTimeout(lost);
    lost = 0;
    showGone(false);
  };
  live.onclose = () => {
    lost ||= setTimeout(() => showGone(true), GONE_AFTER_MS);
    setTimeout(connect, AGAIN_AFTER_MS);
  };
  live.onmessage = ({ data }) => {
    const news = JSON.parse(data);
    tell(news);
    keeping.heard(news).catch(failed);
  };
}
function disconnect() {
  live.onclose = null;
  live.close();
}
connect();

byId("save").onclick = save;
byId("generate").onclick = generate;
byId("cancel").onclick = () => call("cancel", "").then(() => say("Cancelling"), failed);
/** Enter ends typing; it starts nothing. */
for (const field of [prompt, seed]) field.addEventListener("keydown", ({ key }) => key === "Enter" && editor.focus());
for (const id of ["save", "generate", "cancel", "videos"]) byId(id).addEventListener("click", (event) => event.detail && editor.focus());
/** With Ctrl, in fields too; those of Generate are ComfyUI's. */
const KEYS = { s: "save", enter: "generate", "alt+enter": "cancel" };
window.addEventListener("keydown", (event) => {
  const name = KEYS[`${event.altKey ? "alt+" : ""}${event.key.toLowerCase()}`];
  if (!name || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  if (!byId(name).hidden) byId(name).click();
}, { capture: true });
/** G goes to the shelf, Escape from there back to the drawing. */
window.addEventListener("keydown", (event) => {
  if (event.key !== "g" || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input,textarea,select,#viewer,.wm-help")) return;
  results.enter();
});
byId("shelf").addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  event.preventDefault();
  editor.focus();
});
window.addEventListener("beforeunload", (event) => {
  if (!running && keeping.isSaved() && byId("gone").hidden) return;
  event.preventDefault();
  event.returnValue = "Not saved";  // Chromium before 119 asks only then
});
window.addEventListener("pagehide", () => {
  keeping.leave();
  disconnect();
});
window.addEventListener("pageshow", ({ persisted }) => persisted && connect());
editor.focus();
window.wanmove = { editor, keeping };
