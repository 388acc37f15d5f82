/**
 * Random steps in the page, each compared with a model. Runs inside the page: no imports.
 *
 * The model knows the document before and after each step and keeps its own stacks for undo and
 * redo. Of ComfyUI's it asks only whether a step was added: moving nodes to the other renderer may
 * add one that changes nothing of ours.
 */

/* eslint-env browser */

/** @param {number} seed */
export function randomSession(seed) {
  const driver = window.wanMoveTest;
  const LIMIT = 50;  // steps that the host's undo remembers
  const MANY = 9;
  let state = seed;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  const pick = (values) => values[Math.floor(random() * values.length)];
  const widget = () => driver.widgetOf(driver.editors()[0]);
  const text = () => widget().value;
  const read = (value = text()) => (value ? JSON.parse(value) : { width: 832, height: 480, tracks: [] });
  const canvas = () => widget().element.querySelector(".wm-top");
  let [past, present, future] = [[], text(), []];
  let [last, fault] = [undefined, ""];
  const queue = () => driver.tracker().undoQueue;
  const expect = (value, message) => {
    if (!value && !fault) fault = message;
  };

  /** Image pixels to the page's, as long as the view fits the picture. */
  const toPage = ([x, y]) => {
    const { width, height } = read();
    const rect = canvas().getBoundingClientRect();
    const { clientWidth: w, clientHeight: h } = canvas();
    const scale = Math.min((w - 48) / width, (h - 48) / height);
    const zoom = rect.width / w;
    return { clientX: rect.left + ((x - width / 2) * scale + w / 2) * zoom, clientY: rect.top + ((y - height / 2) * scale + h / 2) * zoom };
  };
  const pointer = (type, point, buttons) => canvas().dispatchEvent(new PointerEvent(type, {
    pointerId: 1, pointerType: "mouse", button: type === "pointermove" ? -1 : 0, buttons, bubbles: true, cancelable: true, ...toPage(point),
  }));
  /** A press, a path, a release; the mouse event after it is what the host looks at. */
  const stroke = (points) => {
    pointer("pointermove", points[0], 0);
    pointer("pointerdown", points[0], 1);
    for (const point of points.slice(1)) pointer("pointermove", point, 1);
    pointer("pointerup", points.at(-1), 0);
    canvas().dispatchEvent(new MouseEvent("mouseup", { bubbles: true, ...toPage(points.at(-1)) }));
  };
  const key = (name, options = {}) => {
    canvas().focus();
    canvas().dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true, ...options }));
  };
  /** The host starts in the next frame; then the graph is loaded, and relinked in three frames more. */
  const restored = async () => {
    for (let i = 0; i < 2; i += 1) await driver.frame();
    while (driver.tracker()._restoringState) await driver.frame();
    for (let i = 0; i < 3; i += 1) await driver.frame();
  };
  const ctrl = { ctrlKey: true };
  const spot = () => [40 + random() * 640, 40 + random() * 360];
  const near = (knot, [x, y]) => Math.hypot(knot.x - x, knot.y - y) < 1.5;
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  const tool = (name) => {
    key("Escape");
    key("Escape");
    key(name);
  };
  const all = () => key("a", ctrl);

  /** A change of the document: one step for the model, one for the host. */
  function changed(check, message) {
    const before = read(present);
    const now = text();
    expect(now !== present, `${message}: nothing changed`);
    expect(queue().at(-1) !== last, `${message}: no step of undo`);
    expect(check(before.tracks, read(now).tracks), `${message}: ${now.slice(0, 300)}`);
    past = [...past, present].slice(-LIMIT);
    [present, future] = [now, []];
    last = queue().at(-1);
  }

  /** A step that the host took by itself since the last look. */
  const noticeHost = () => {
    if (queue().at(-1) === last) return;
    [past, future, last] = [[...past, present].slice(-LIMIT), [], queue().at(-1)];
  };

  /** Nothing of ours changed; the host may have added a step of its own. */
  function unchanged(message) {
    expect(text() === present, `${message}: the drawing changed`);
    noticeHost();
  }

  const forget = () => {
    [past, future] = [[], []];
    last = queue().at(-1);
  };
  const appended = (count) => (before, after) => after.length === before.length + count && same(after.slice(0, before.length), before);
  const shifted = (dx, dy) => (before, after) => after.length === before.length && after.every((track, i) =>
    track.knots.every((knot, j) => Math.abs(knot.x - before[i].knots[j].x - dx) < 1e-3 && Math.abs(knot.y - before[i].knots[j].y - dy) < 1e-3));

  const steps = {
    async stroke() {
      tool("p");
      const [x, y] = spot();
      const points = [[x, y], [x + 30, y + 20 * random()], [x + 60, y - 15], [x + 70 * random() + 20, y + 50]];
      stroke(points);
      changed((before, after) => appended(1)(before, after) && near(after.at(-1).knots[0], points[0]) && near(after.at(-1).knots.at(-1), points[3]), "stroke");
    },
    async anchor() {
      tool("a");
      const point = spot();
      stroke([point]);
      changed((before, after) => appended(1)(before, after) && after.at(-1).knots.length === 1 && near(after.at(-1).knots[0], point), "anchor");
    },
    async clicks() {
      tool("p");
      const [x, y] = spot();
      const points = [[x, y], [x + 40, y + 30], [x + 80, y - 20 * random()]];
      stroke([points[0]]);
      changed(appended(1), "first click");
      for (const count of [2, 3]) {
        stroke([points[count - 1]]);
        changed((before, after) => same(after.slice(0, -1), before.slice(0, -1)) && after.at(-1).knots.length === count && near(after.at(-1).knots.at(-1), points[count - 1]), `click ${count}`);
      }
      key("Enter");
      unchanged("Enter");
    },
    async region() {
      tool("r");
      const [x, y] = spot();
      stroke([0, 1, 2, 3, 4, 5, 6].map((i) => [x + 40 * Math.cos(i), y + 40 * Math.sin(i)]));
      changed((before, after) => appended(1)(before, after) && after.at(-1).spread.offsets.length > 4, "region");
    },
    async nudge() {
      all();
      const [name, dx, dy] = pick([["ArrowRight", 1, 0], ["ArrowUp", 0, -1], ["ArrowLeft", -1, 0]]);
      const far = random() < 0.3 ? 10 : 1;
      key(name, { shiftKey: far === 10 });
      changed(shifted(dx * far, dy * far), "nudge");
    },
    async duplicate() {
      all();
      key("d", ctrl);
      changed((before, after) => appended(before.length)(before, after) && shifted(12, 12)(before, after.slice(before.length)), "duplicate");
    },
    async paste() {
      all();
      const clipboardData = new DataTransfer();
      for (const type of ["copy", "paste"]) {
        key(type === "copy" ? "c" : "v", ctrl);
        canvas().dispatchEvent(new ClipboardEvent(type, { clipboardData, bubbles: true, cancelable: true }));
      }
      changed((before, after) => appended(before.length)(before, after) && shifted(12, 12)(before, after.slice(before.length)), "paste");
    },
    async reverse() {
      all();
      key("R", { shiftKey: true });
      changed((before, after) => after.every((track, i) => same([track.knots[0].x, track.knots.length], [before[i].knots.at(-1).x, before[i].knots.length])), "reverse");
    },
    async mirror() {
      all();
      key("m");
      const xs = ({ knots }) => knots.map(({ x }) => x);
      changed((before, after) => {
        const sums = after.flatMap((track, i) => xs(track).map((x, j) => x + xs(before[i])[j]));
        return after.length === before.length && sums.every((sum) => Math.abs(sum - sums[0]) < 0.01);
      }, "mirror");
    },
    async delete() {
      all();
      key("Delete");
      changed((_, after) => after.length === 0, "delete");
    },
    async look() {
      all();
      for (const name of [".", "c", ",", "c", "Home", "f"]) key(name);
      unchanged("looking around");
    },
    async undo() {
      key("z", ctrl);
      await restored();
      if (past.length > 0) [future, present, past] = [[present, ...future], past.at(-1), past.slice(0, -1)];
      last = queue().at(-1);
    },
    async redo() {
      key("y", ctrl);
      await restored();
      if (future.length > 0) [past, present, future] = [[...past, present], future[0], future.slice(1)];
      last = queue().at(-1);
    },
    async reload() {
      const saved = JSON.stringify(window.app.rootGraph.serialize());
      window.app.rootGraph.clear();
      await window.app.loadGraphData(JSON.parse(saved));
      await driver.settled();
      forget();
    },
    async renderer() {
      const on = !window.LiteGraph.vueNodesMode;
      await window.app.extensionManager.setting.set("Comfy.VueNodes.Enabled", on);
      while (Boolean(window.LiteGraph.vueNodesMode) !== on) await driver.frame();
      await driver.settled();
      window.dispatchEvent(new MouseEvent("mouseup"));
      unchanged("other renderer");
    },
    /** The copy lives on, its original goes. */
    async node() {
      const { app } = window;
      const [original] = driver.editors();
      app.canvas.selectItems([original]);
      app.canvas.copyToClipboard();
      [app.canvas.graph_mouse[0], app.canvas.graph_mouse[1]] = [original.pos[0], original.pos[1]];
      app.canvas.pasteFromClipboard();
      app.rootGraph.remove(original);
      const [copy] = driver.editors();
      copy.pos = [420, 40];
      app.canvas.deselectAll?.();
      await steps.reload();
    },
  };

  const chooses = (tracks) => {
    const edits = ["stroke", "stroke", "stroke", "anchor", "clicks", "region"];
    if (tracks.length > 0) edits.push("nudge", "nudge", "look");
    if (tracks.some(({ knots }) => knots.length > 1)) edits.push("reverse", "mirror");
    if (tracks.length > 0 && tracks.length <= MANY / 2) edits.push("duplicate", "paste");
    if (tracks.length > MANY) return "delete";
    const choice = random();
    if (choice < 0.5) return pick(edits);
    if (choice < 0.72) return "undo";
    if (choice < 0.88) return "redo";
    return pick(["reload", "renderer", "renderer", "node", "stroke"]);
  };

  async function ready() {
    while (!driver.ready()) await driver.frame();
    await driver.frame();
    const { app } = window;
    if (app.canvas.ds.scale === 1 && app.canvas.ds.offset[1] === 40) return;
    app.canvas.ds.scale = 1;
    app.canvas.ds.offset = [0, 40];
    app.canvas.setDirty(true, true);
    for (let i = 0; i < 4; i += 1) await driver.frame();
  }

  last = queue().at(-1);
  return {
    async run(count) {
      const log = [];
      for (let i = 0; i < count && !fault; i += 1) {
        await ready();
        noticeHost();
        const kind = chooses(read().tracks);
        await steps[kind]();
        log.push({ kind });
        expect(text() === present, `${kind}: ${text().slice(0, 200)} is not ${present.slice(0, 200)}`);
      }
      return { log, fault };
    },
  };
}
