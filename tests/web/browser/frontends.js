/** The real frontends: from PyPI, unpacked into a cache folder, never into the repository. */

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "wan-move", "frontends");
const PYTHON = process.env.PYTHON ?? resolve(import.meta.dirname, "../../../.venv/bin/python");
const UNPACK = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])";

/** The oldest that is supported, and the newest that was seen to work. */
export const VERSIONS = (process.env.FRONTENDS ?? "1.42.8,1.58.1").split(",");

/** The static files of a comfyui-frontend-package. @param {string} version */
export function frontendFolder(version) {
  const folder = join(CACHE, version);
  const found = join(folder, "comfyui_frontend_package", "static");
  if (existsSync(found)) return found;
  const partial = `${folder}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  try {
    execFileSync(PYTHON, ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
      "--dest", partial, `comfyui-frontend-package==${version}`], { stdio: ["ignore", "ignore", "pipe"] });
    const wheel = readdirSync(partial).find((name) => name.endsWith(".whl"));
    execFileSync(PYTHON, ["-c", UNPACK, join(partial, wheel), partial]);
    rmSync(join(partial, wheel));
    renameSync(partial, folder);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return found;
}

/** Chromium, by CHROMIUM or its usual names. @returns {string | undefined} */
export function findChromium() {
  const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
  return [process.env.CHROMIUM, ...places].find((place) => place && existsSync(place));
}
