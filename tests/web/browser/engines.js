/**
 * The three browser engines behind one small interface: Chromium through playwright-core, Firefox
 * through puppeteer-core (WebDriver BiDi), WebKitGTK's MiniBrowser through its WebDriver, under Xvfb.
 */

import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";

import { findChromium } from "./frontends.js";
import { eventually, launch } from "./page.js";

const first = (...places) => places.find((place) => place && existsSync(place));
const FIREFOX = first(process.env.FIREFOX, "/usr/bin/firefox-esr", "/usr/bin/firefox");
const DRIVER = first(process.env.WEBKIT_DRIVER, "/usr/bin/WebKitWebDriver");
const MINI_BROWSER = first("/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser", "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.0/MiniBrowser",
  "/usr/lib/aarch64-linux-gnu/webkit2gtk-4.1/MiniBrowser");
const SIZE = { width: 1280, height: 800 };
const KEYS = { Control: "\uE009", Shift: "\uE008", Alt: "\uE00A", Enter: "\uE007", Escape: "\uE00C", Delete: "\uE017", Tab: "\uE004", Home: "\uE011", End: "\uE010",
  ArrowLeft: "\uE012", ArrowUp: "\uE013", ArrowRight: "\uE014", ArrowDown: "\uE015", Insert: "\uE016", Backspace: "\uE003", Space: " " };

/** Engines to test: those of ENGINES that are here. Names with why they are not. */
export const ENGINES = {
  chromium: { open: openChromium, missing: findChromium() ? "" : "NO CHROMIUM: apt-get install chromium, or set CHROMIUM" },
  firefox: { open: openFirefox, missing: FIREFOX ? "" : "NO FIREFOX: apt-get install firefox-esr, or set FIREFOX" },
  webkit: { open: openWebKit, missing: DRIVER && MINI_BROWSER && existsSync("/usr/bin/Xvfb") ? "" : "NO WEBKIT: apt-get install webkit2gtk-driver xvfb" },
};

/** What the cases do with a page, whatever drives it. */
function createPilot(page) {
  const keys = async (combo, act) => {
    const parts = combo.split("+");
    for (const part of parts.slice(0, -1)) await page.keyboard.down(part);
    await act(parts.at(-1));
    for (const part of parts.slice(0, -1).reverse()) await page.keyboard.up(part);
  };
  const pilot = {
    page,
    goto: (url) => page.goto(url),
    reload: () => page.reload(),
    evaluate: (action, value) => page.evaluate(action, value),
    /** Poll until it is true. */
    until: (action, value) => eventually(async () => {
      const found = await page.evaluate(action, value);
      if (!found) throw new Error(`never true: ${action}`);
      return found;
    }, 30_000),
    async drag(points) {
      await page.mouse.move(...points[0]);
      await page.mouse.down();
      for (const [x, y] of points.slice(1)) await page.mouse.move(x, y, { steps: 6 });
      await page.mouse.up();
    },
    async click([x, y]) {
      await page.mouse.move(x, y);
      await page.mouse.down();
      await page.mouse.up();
    },
    /** The middle of an element, as a person would. */
    async clickOn(selector) {
      await pilot.until((wanted) => document.querySelector(wanted)?.getClientRects().length > 0, selector);
      await pilot.click(await page.evaluate((wanted) => {
        const one = document.querySelector(wanted);
        one.scrollIntoView({ block: "nearest" });
        const box = one.getBoundingClientRect();
        return [box.x + box.width / 2, box.y + box.height / 2];
      }, selector));
    },
    press: (combo) => keys(combo, (key) => page.keyboard.press(key === "Space" ? " " : key)),
    type: (text) => page.keyboard.type(text),
    screenshot: (path) => page.screenshot({ path }),
    close: () => page.close({ runBeforeUnload: false }),
  };
  return pilot;
}

/** Dialogs are answered with yes, and remembered. */
function answering(page) {
  const dialogs = [];
  page.on("dialog", (dialog) => {
    dialogs.push(dialog.type());
    void dialog.accept().catch(() => {});
  });
  return dialogs;
}

async function openChromium() {
  const browser = await launch(findChromium());
  const context = await browser.newContext({ viewport: SIZE });
  return {
    name: "chromium",
    async newPage() {
      const page = await context.newPage();
      return { ...createPilot(page), dialogs: answering(page), leave: () => page.close({ runBeforeUnload: true }) };
    },
    close: () => browser.close(),
  };
}

async function openFirefox() {
  const { default: puppeteer } = await import("puppeteer-core");
  const browser = await puppeteer.launch({ browser: "firefox", executablePath: FIREFOX, headless: true, defaultViewport: SIZE, protocolTimeout: 180_000,
    extraPrefsFirefox: { "dom.disable_beforeunload": false, "dom.require_user_interaction_for_beforeunload": false } });
  return {
    name: "firefox",
    async newPage() {
      const page = await browser.newPage();
      await page.setViewport(SIZE);
      return { ...createPilot(page), dialogs: answering(page), leave: () => page.close({ runBeforeUnload: true }) };
    },
    close: () => browser.close(),
  };
}

const freePort = () => new Promise((done) => {
  const probe = createServer().listen(0, "127.0.0.1", () => {
    const { port } = probe.address();
    probe.close(() => done(port));
  });
});

async function openWebKit() {
  const display = `:${90 + (process.pid % 900)}`;
  const screen = spawn("Xvfb", [display, "-screen", "0", "1400x1000x24", "-nolisten", "tcp"], { stdio: "ignore" });
  const port = await freePort();
  const driver = spawn(DRIVER, [`--port=${port}`], { stdio: "ignore", env: { ...process.env, DISPLAY: display, WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1", LIBGL_ALWAYS_SOFTWARE: "1" } });
  const ask = async (method, path, body) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method, ...(body && { body: JSON.stringify(body) }) });
    const { value } = await answer.json();
    if (!answer.ok) throw new Error(`${path}: ${value.error} ${value.message}`);
    return value;
  };
  const options = { binary: MINI_BROWSER, args: ["--automation"] };
  const capabilities = { alwaysMatch: { "webkitgtk:browserOptions": options, unhandledPromptBehavior: "accept" } };
  const { sessionId } = await eventually(() => ask("POST", "/session", { capabilities }), 30_000);
  const session = `/session/${sessionId}`;
  await ask("POST", `${session}/window/rect`, SIZE).catch(() => {});
  let fresh = true;
  return {
    name: "webkit",
    async newPage() {
      const handle = fresh ? await ask("GET", `${session}/window`) : (await ask("POST", `${session}/window/new`, { type: "tab" })).handle;
      fresh = false;
      const pilot = createPilot(createWebDriverPage(ask, session, handle));
      /** Without a window the session would end. */
      const close = async () => {
        const handles = await ask("GET", `${session}/window/handles`);
        if (handles.length > 1) return pilot.close();
        fresh = true;
        return pilot.goto("about:blank");
      };
      return { ...pilot, close, dialogs: [] };
    },
    async close() {
      await ask("DELETE", session).catch(() => {});
      driver.kill();
      screen.kill();
    },
  };
}

/** A page of the W3C's WebDriver, with the few methods of playwright's page that a pilot needs. */
function createWebDriverPage(ask, session, handle) {
  let at = [0, 0];
  const here = async (method, path, body) => {
    await ask("POST", `${session}/window`, { handle });
    return ask(method, `${session}${path}`, body);
  };
  const pointer = (...actions) => here("POST", "/actions", { actions: [{ type: "pointer", id: "mouse", parameters: { pointerType: "mouse" }, actions }] });
  const key = (...actions) => here("POST", "/actions", { actions: [{ type: "key", id: "keys", actions }] });
  const move = ([x, y]) => ({ type: "pointerMove", x: Math.round(x), y: Math.round(y), duration: 0, origin: "viewport" });
  return {
    goto: (url) => here("POST", "/url", { url }),
    reload: () => here("POST", "/refresh", {}),
    evaluate: (action, value) => here("POST", "/execute/async", {
      script: `const done = arguments[arguments.length - 1]; Promise.resolve().then(() => (${typeof action === "string" ? `() => (${action})` : action})(arguments[0])).then(done, (error) => done({ wanmoveFault: String(error) }));`,
      args: [value ?? null],
    }).then((found) => {
      if (found?.wanmoveFault) throw new Error(found.wanmoveFault);
      return found;
    }),
    mouse: {
      async move(x, y, { steps = 1 } = {}) {
        const [from, to] = [at, [x, y]];
        at = to;
        await pointer(...Array.from({ length: steps }, (_, i) => move(from.map((value, axis) => value + ((to[axis] - value) * (i + 1)) / steps))));
      },
      down: () => pointer({ type: "pointerDown", button: 0 }),
      up: () => pointer({ type: "pointerUp", button: 0 }),
    },
    keyboard: {
      down: (name) => key({ type: "keyDown", value: KEYS[name] ?? name }),
      up: (name) => key({ type: "keyUp", value: KEYS[name] ?? name }),
      press: (name) => key({ type: "keyDown", value: KEYS[name] ?? name }, { type: "keyUp", value: KEYS[name] ?? name }),
      type: (text) => key(...[...text].flatMap((letter) => [{ type: "keyDown", value: letter }, { type: "keyUp", value: letter }])),
    },
    screenshot: async ({ path }) => writeFileSync(path, Buffer.from(await here("GET", "/screenshot"), "base64")),
    close: () => here("DELETE", "/window"),
  };
}
