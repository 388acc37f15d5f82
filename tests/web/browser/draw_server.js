/** `wanmove draw` for tests and for the README's picture. */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const PYTHON = process.env.PYTHON ?? resolve(import.meta.dirname, "../../../.venv/bin/python");

/** @param {string} image @returns {Promise<{url: string, close: () => void}>} */
export async function startDrawing(image) {
  const folder = mkdtempSync(join(tmpdir(), "wan-move-draw-"));
  const server = spawn(PYTHON, ["-m", "wanmove_core", "draw", resolve(image), "--no-browser", "-o", join(folder, "tracks.npy"), "--results", folder],
    { cwd: resolve(import.meta.dirname, "../../.."), stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, OMP_NUM_THREADS: "1" } });
  const close = () => {
    server.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  const said = [];
  for await (const line of createInterface({ input: server.stderr })) {
    const [url] = /http:\/\/\S+/.exec(line) ?? [];
    if (url) return { url, close };
    said.push(line);
  }
  close();
  throw new Error(`wanmove draw gave no address: ${said.join("\n")}`);
}
