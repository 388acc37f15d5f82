/**
 * As much of ComfyUI's server as its real frontend needs to boot, with this pack in it.
 *
 * The endpoints were found by leaving each out: users, settings, object_info and extensions are
 * needed, all others may be missing.
 */

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { extname, join, normalize, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../../..");
/** A video of the input folder: 4 frames of green. */
export const CLIP = join(import.meta.dirname, "clip.webm");
/** Pictures of the input folder. */
export const PICTURES = {
  "start.png": join(import.meta.dirname, "start.png"), "other.png": join(ROOT, "models/toy/demo/start.png"),
};
const PYTHON = process.env.PYTHON ?? join(ROOT, ".venv/bin/python");
/** What the pack's route does, for one line of JSON after the other. */
const EXCHANGE = `
import base64, json, sys
from wanmove_core.formats.exchange import exchange
from wanmove_core.errors import WanMoveError
for line in sys.stdin:
    query, body = json.loads(line)
    body = base64.b64decode(body)
    try:
        status, answer = 200, exchange(body, query)[1]
    except WanMoveError as error:
        status, answer = 400, json.dumps({"error": str(error)}).encode()
    print(json.dumps([status, base64.b64encode(answer).decode()]), flush=True)
`;
const TYPES = {
  ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json",
  ".svg": "image/svg+xml", ".png": "image/png", ".woff2": "font/woff2", ".md": "text/markdown",
};

const slot = (type, options = {}) => [type, options];
const node = (name, required, optional, output) => ({
  input: { required, optional }, input_order: { required: Object.keys(required), optional: Object.keys(optional) },
  output, output_is_list: output.map(() => false), output_name: output, name, display_name: name,
  description: "", python_module: "custom_nodes.wan-move", category: "video/wan-move",
  output_node: false,
});
const pixels = (value) => slot("INT", { default: value, min: 1, max: 16384 });
const frame = { width: pixels(832), height: pixels(480), length: pixels(81), resize: slot(["crop", "stretch", "pad"], { default: "crop" }) };
const picture = { image_upload: true, tooltip: "" };
export const OBJECT_INFO = {
  WanMoveSplineEditor: node("WanMoveSplineEditor",
    { splines: slot("STRING", { default: "", socketless: true, widgetType: "WANMOVE_SPLINES", multiline: false }),
      mask_radius: slot("FLOAT", { default: 8, min: 0.5, max: 1024, step: 0.5, advanced: true }) },
    { image: slot("IMAGE"), width: slot("INT", { forceInput: true }), height: slot("INT", { forceInput: true }), length: slot("INT", { forceInput: true }), mask: slot("MASK") },
    ["TRACKS", "STRING", "MASK", "IMAGE", "INT"]),
  WanMoveFitStartImage: { ...node("WanMoveFitStartImage", { image: slot("IMAGE"), ...frame }, {}, ["IMAGE", "INT", "INT", "INT"]),
    output_name: ["start_image", "width", "height", "length"] },
  WanMoveEncodeStartImage: node("WanMoveEncodeStartImage", { vae: slot("VAE"), start_image: slot("IMAGE"), ...frame }, {}, ["LATENT"]),
  WanMoveTrajectoryGuidance: node("WanMoveTrajectoryGuidance", { conditioning_latent: slot("LATENT") }, { tracks: slot("TRACKS") }, ["CONDITIONING"]),
  WanMoveTrajectoryError: node("WanMoveTrajectoryError", { images: slot("IMAGE"), tracks: slot("TRACKS") }, {}, ["STRING", "IMAGE", "FLOAT"]),
  LoadImage: node("LoadImage", { image: slot(Object.keys(PICTURES), picture) }, {}, ["IMAGE", "MASK"]),
  // As in ComfyUI's nodes_video.py, and as in a pack whose loader plays its file in a widget.
  LoadVideo: node("LoadVideo", { file: slot(["clip.webm"], {}) }, {}, ["VIDEO"]),
  GetVideoComponents: node("GetVideoComponents", { video: slot("VIDEO") }, {}, ["IMAGE", "AUDIO", "FLOAT"]),
  LoadFrames: node("LoadFrames", {}, {}, ["IMAGE"]),
  PrimitiveString: node("PrimitiveString", { value: slot("STRING", { default: "" }) }, {}, ["STRING"]),
  PreviewAny: { ...node("PreviewAny", { source: slot("*") }, {}, []), output_node: true },
};

const scripts = (folder) => readdirSync(folder, { recursive: true })
  .map(String).filter((name) => name.endsWith(".js"))
  .map((name) => `/extensions/wan-move/${name.replaceAll("\\", "/")}`);

/** As ComfyUI merges them. */
const translations = () => Object.fromEntries(readdirSync(join(ROOT, "locales")).map((language) =>
  [language, { nodeDefs: JSON.parse(readFileSync(join(ROOT, "locales", language, "nodeDefs.json"), "utf8")) }]));

const bodyOf = async (request) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
};

/** The pack's core, started once: it takes seconds. */
function startCore() {
  let python, lines;
  return {
    /** @param {URLSearchParams} query @param {Buffer} body @returns {Promise<[number, Buffer]>} */
    async exchange(query, body) {
      python ??= spawn(PYTHON, ["-c", EXCHANGE], { cwd: ROOT, stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, OMP_NUM_THREADS: "1" } });
      lines ??= createInterface({ input: python.stdout })[Symbol.asyncIterator]();
      python.stdin.write(`${JSON.stringify([Object.fromEntries(query), body.toString("base64")])}\n`);
      const [status, answer] = JSON.parse((await lines.next()).value);
      return [status, Buffer.from(answer, "base64")];
    },
    close: () => python?.kill(),
  };
}

/** @param {string} frontend the folder `static` of an unpacked comfyui-frontend-package
 * @param {Record<string, string>} pictures more of the input folder: name and path */
export async function startHost(frontend, port = 0, pictures = {}) {
  const prompts = [];
  const core = startCore();
  const web = join(ROOT, "web");
  const json = (response, value, status = 200) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(value));
  };
  const file = (response, folder, path) => {
    const full = normalize(join(folder, decodeURIComponent(path)));
    if (!full.startsWith(folder) || !existsSync(full) || !statSync(full).isFile()) return json(response, {}, 404);
    response.writeHead(200, { "content-type": TYPES[extname(full)] ?? "application/octet-stream" });
    return createReadStream(full).pipe(response);
  };
  const answers = {
    "/users": { storage: "server", migrated: true }, "/settings": {},
    "/object_info": OBJECT_INFO, "/extensions": scripts(web), "/i18n": translations(), "/userdata": [],
    "/system_stats": { system: { os: "posix", comfyui_version: "0.19.0", argv: [] }, devices: [] },
    "/embeddings": [], "/experiment/models": [], "/workflow_templates": {}, "/global_subgraphs": {},
    "/jobs": { jobs: [], pagination: { offset: 0, limit: 200, total: 0, has_more: false } },
    "/queue": { queue_running: [], queue_pending: [] }, "/history": {}, "/features": {},
    "/node_replacements": {},
  };
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://host");
    const path = url.pathname.replace(/^\/api(?=\/)/, "");
    if (request.method === "POST" && path === "/prompt") {
      prompts.push(JSON.parse(await bodyOf(request)));
      return json(response, { prompt_id: String(prompts.length), number: 1, node_errors: {} });
    }
    if (request.method === "POST" && path === "/wanmove/tracks") {
      const [status, answer] = await core.exchange(url.searchParams, await bodyOf(request));
      return response.writeHead(status).end(answer);
    }
    if (request.method === "POST") return json(response, {});
    if (path === "/view" && url.searchParams.get("filename") === "clip.webm") {
      return createReadStream(CLIP).pipe(response.writeHead(200, { "content-type": "video/webm" }));
    }
    if (path === "/view") {
      const all = { ...PICTURES, ...pictures };
      const picture = all[url.searchParams.get("filename")] ?? PICTURES["start.png"];
      return createReadStream(picture).pipe(response.writeHead(200, { "content-type": "image/png" }));
    }
    if (path in answers) return json(response, answers[path]);
    if (path.startsWith("/extensions/wan-move/")) return file(response, web, path.slice("/extensions/wan-move/".length));
    return file(response, frontend, path === "/" ? "index.html" : path);
  });
  const sockets = new Set();
  server.on("upgrade", (request, socket) => {
    const key = createHash("sha1").update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`);
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => {});
    send(socket, { type: "status", data: { status: { exec_info: { queue_remaining: 0 } }, sid: "test" } });
  });
  await new Promise((done) => server.listen(port, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    prompts,
    push: (message) => sockets.forEach((socket) => send(socket, message)),
    close: () => {
      core.close();
      sockets.forEach((socket) => socket.destroy());
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    },
  };
}

/** One unmasked text frame. */
function send(socket, message) {
  const body = Buffer.from(JSON.stringify(message));
  const head = body.length < 126 ? Buffer.from([0x81, body.length]) : Buffer.from([0x81, 126, body.length >> 8, body.length & 255]);
  socket.write(Buffer.concat([head, body]));
}

