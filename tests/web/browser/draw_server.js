/** `wanmove draw` for tests and for the README's picture. */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const ROOT = resolve(import.meta.dirname, "../../..");
const PYTHON = process.env.PYTHON ?? join(ROOT, ".venv/bin/python");

/** @param {string} image @param {{folder?: string, options?: string[]}} [given] a folder is kept by `close` if it was given
 * @returns {Promise<{url: string, folder: string, server: import("node:child_process").ChildProcess, said: string[], ended: Promise<unknown>, close: () => void}>} */
export async function startDrawing(image, { folder, options = [] } = {}) {
  const own = folder ?? mkdtempSync(join(tmpdir(), "wan-move-draw-"));
  const server = spawn(PYTHON, ["-m", "wanmove_core", "draw", resolve(image), "--no-browser", "-o", join(own, "tracks.npy"), "--results", own, ...options],
    { cwd: ROOT, stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, OMP_NUM_THREADS: "1" } });
  const ended = new Promise((done) => server.on("exit", done));
  const close = () => {
    server.kill("SIGKILL");
    if (!folder) void ended.then(() => rmSync(own, { recursive: true, force: true, maxRetries: 5 }));
  };
  const said = [];
  const lines = createInterface({ input: server.stderr });
  const url = await new Promise((found) => {
    lines.on("line", (line) => {
      said.push(line);
      const [address] = /http:\/\/\S+/.exec(line) ?? [];
      if (address) found(address);
    });
    void ended.then(() => found(null));
  });
  if (url) return { url, folder: own, server, said, ended, close };
  close();
  throw new Error(`wanmove draw gave no address: ${said.join("\n")}`);
}
