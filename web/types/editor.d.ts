/**
 * The words of the motion editor (web/js/editor), as types. Nothing here reaches a browser.
 *
 * Spaces: an ImagePoint is in pixels of the output frame, a CanvasPoint in CSS pixels of the
 * editor's canvas. They differ by a phantom property, so one is never taken for the other;
 * only geometry.js converts.
 */

type XY = { readonly x: number; readonly y: number };
type ImagePoint = XY & { readonly space?: "image" };
type CanvasPoint = XY & { readonly space?: "canvas" };
type Pair = readonly [x: number, y: number];
type Box = { x: number; y: number; width: number; height: number };

/** image = (canvas - (x, y)) / scale */
type View = { readonly scale: number; readonly x: number; readonly y: number };

/** [a, b, c, d, e, f]: x' = a x + c y + e, y' = b x + d y + f, as in canvas and SVG. */
type Matrix = readonly [number, number, number, number, number, number];

// ---- the drawing: plain JSON, never changed in place ----

/** A control point. `in` and `out` are Bezier handles, relative to the knot; they stay aligned
 * when one is dragged unless `broken`. */
type Knot = XY & { readonly in?: Pair; readonly out?: Pair; readonly broken?: boolean };
type CurveKind = "polyline" | "catmull-rom" | "bezier";
type Ease = "linear" | "in" | "out" | "in-out" | readonly [number, number, number, number];

/** Where on the path the point is at a frame. `at` counts knots: 1.5 is half way (by arc length)
 * between knots 1 and 2. `ease` shapes the motion from this key to the next. */
type TimingKey = { readonly frame: number; readonly at: number; readonly ease?: Ease };

/** The point leaves knot 0 at `start` and reaches the last knot at `end` (inclusive frames; null:
 * the clip's first and last), passing `keys` in between. */
type Timing = {
  readonly start: number | null;
  readonly end: number | null;
  readonly ease: Ease;
  readonly keys: readonly TimingKey[];
  readonly repeat: "once" | "loop" | "ping-pong";
  readonly times: number;
  readonly reverse: boolean;
};

/** A spread turns one point into a cluster that moves with it. Offsets are in image pixels,
 * angles in degrees, clockwise on screen. */
type SpreadKey = { readonly frame: number; readonly scale: number; readonly angle: number };
type ShapeSpread = {
  readonly shape: "line" | "disc";
  readonly count: number;
  readonly size: number;
  readonly angle: number;
  readonly keys: readonly SpreadKey[];
  /** as the Draw tool made it: text for other programs keeps one list a path */
  readonly ring?: boolean;
};
type RegionSpread = {
  readonly shape: "region";
  readonly polygon: readonly Pair[];
  readonly offsets: readonly Pair[];
  readonly fill: "grid" | "poisson";
  readonly spacing: number;
  readonly keys: readonly SpreadKey[];
  readonly ring?: boolean;
  /** points that hold still: not an object in trajectory maps */
  readonly pins?: boolean;
};
type Spread = ShapeSpread | RegionSpread;

/** `windows`: inclusive frame ranges in which the points guide; null means always. A hidden track
 * is neither shown nor sent. Later tracks lie on top. */
type Track = {
  readonly id: string;
  readonly name: string;
  readonly color: string;
  readonly curve: CurveKind;
  readonly knots: readonly Knot[];
  readonly timing: Timing;
  readonly windows: readonly Pair[] | null;
  readonly spread: Spread | null;
  readonly locked: boolean;
  readonly hidden: boolean;
  /** the track that carries this one along: drawn as if it stood still where it is in frame 0 */
  readonly parent: string | null;
  /** a name; a click on one of a group selects all */
  readonly group: string | null;
};
type Drawing = {
  readonly version: number;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly frames: number;
  readonly tracks: readonly Track[];
};

/** A value of untrusted JSON and where it was found, as in `tracks[2].knots[5].x`; undefined when
 * missing. A reader gives it a type or throws a DrawingError that names the place. */
type Place = { path: string; value: unknown };
type Reader<T> = (place: Place, index?: number) => T;

// ---- actions ----

/** Selected parts: a track, whole (`knots` null) or some of its knots. */
type Selected = { readonly track: string; readonly knots: readonly number[] | null };
type SelectedParts = readonly Selected[];
type Arrangement =
  | "left" | "center" | "right" | "top" | "middle" | "bottom" | "distribute-x" | "distribute-y";

type Action =
  | { type: "add-tracks"; tracks: readonly Track[]; index?: number }
  | { type: "remove-tracks"; ids: readonly string[] }
  | { type: "patch-tracks"; ids: readonly string[]; patch: Partial<Track> }
  | { type: "patch-timing"; ids: readonly string[]; patch: Partial<Timing> }
  | { type: "transform"; selection: SelectedParts; matrix: Matrix }
  | { type: "append-knot"; id: string; knot: Knot }
  | { type: "insert-knot"; id: string; at: number }
  | { type: "patch-knot"; id: string; knot: number; patch: Partial<Knot> }
  | { type: "remove-selected"; selection: SelectedParts }
  | { type: "reverse"; ids: readonly string[] }
  | { type: "reorder"; id: string; to: number }
  | { type: "arrange"; selection: SelectedParts; how: Arrangement }
  | { type: "retime-tracks"; ids: readonly string[]; shift: number; stagger: number }
  | { type: "set-canvas"; width: number; height: number; fit: "stretch" | "keep" }
  | { type: "set-clip"; frames: number; fps: number; fit: "retime" | "keep" }
  | { type: "pose"; id: string; frame: number; at: XY }
  | { type: "pose-spread"; id: string; frame: number; scale: number; angle: number }
  | { type: "simplify"; ids: readonly string[]; tolerance: number }
  /** carried along by a track, or by none */
  | { type: "link"; ids: readonly string[]; parent: string | null }
  | { type: "smooth"; ids: readonly string[] }
  | { type: "replace"; drawing: Drawing }
  | { type: "batch"; actions: readonly Action[] };
type Reducers = {
  [K in Action["type"]]: (drawing: Drawing, action: Extract<Action, { type: K }>) => Drawing;
};

type DrawingHistory = {
  readonly past: readonly Drawing[];
  readonly present: Drawing;
  readonly future: readonly Drawing[];
};

// ---- the session: what is not saved ----

type Tool = "select" | "draw" | "anchor" | "region" | "wand";
type Snap = "none" | "pixels" | "cells" | "knots";
type BoxHandle = "nw" | "n" | "ne" | "e" | "se" | "s" | "sw" | "w" | "rotate";

/** What lies under the pointer. */
type KnotTarget = { kind: "knot"; track: string; knot: number };
type HandleTarget = { kind: "handle"; track: string; knot: number; side: "in" | "out" };
type Target =
  | KnotTarget
  | HandleTarget
  | { kind: "path"; track: string; at: number }
  | { kind: "area" | "dot"; track: string }
  | { kind: "box"; handle: BoxHandle };

/** A gesture under way. `action` is what it will do on release; until then it is only shown. */
type Drag = {
  readonly kind: "pan" | "box-select" | "move" | "handle" | "transform" | "stroke" | "dot" | "wand";
  readonly from: CanvasPoint;
  readonly start: ImagePoint;
  readonly moved: boolean;
  readonly target: Target | null;
  readonly view: View;
  readonly selection: SelectedParts;
  readonly points: readonly ImagePoint[];
  /** Of a stroke around a region: a rectangle from its start to the pointer. */
  readonly square: boolean;
  readonly action: Action | null;
};

/** What a node measured in a video: pixels of that video, x and y one after the other; every `step`-th frame. */
type FollowReport = {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly points: number;
  readonly step: number;
  readonly tracks: readonly { point: number; error: number; lost: number; asked: readonly number[]; got: readonly number[] }[];
};
/** The same for rows of the drawing, in its pixels and frames, the worst first. */
type Followed = {
  readonly step: number;
  readonly rows: readonly { track: string; error: number; lost: number; path: readonly number[] }[];
};

/** `unfinished`: the track that clicks append to. `follow`: the view fits the canvas until someone
 * zooms or pans. `key`: the timing key that easing edits; -1 is the start. */
type Family = keyof typeof import("../js/editor/drawing/families.js").FAMILY_STRIDES;
type Session = {
  readonly tool: Tool;
  readonly selection: SelectedParts;
  readonly view: View;
  readonly hover: Target | null;
  readonly drag: Drag | null;
  readonly unfinished: string | null;
  readonly cursor: ImagePoint | null;
  /** the crosshair of those who draw with keys */
  readonly aim: ImagePoint | null;
  readonly frame: number;
  readonly snap: Snap;
  readonly cells: boolean;
  /** names of tracks and numbers of frames beside paths */
  readonly labels: boolean;
  /** playback moves the picture itself */
  readonly motion: boolean;
  readonly maps: boolean;
  /** cells from the middle of the Draw tool's ring to its rim; 0: one point */
  readonly ring: number;
  /** of the Wand: how far colours may be away from the one under the press, 0 to 255 */
  readonly tolerance: number;
  readonly follow: boolean;
  readonly key: { readonly track: string; readonly index: number } | null;
  /** of the model that the drawing guides: its cells */
  readonly family: Family;
  /** of the timeline: how many times as wide as its room, and the first frame that is shown */
  readonly time: { readonly zoom: number; readonly from: number };
  /** what the last video did with the tracks */
  readonly followed: Followed | null;
};
type PointerInput = {
  canvas: CanvasPoint;
  button: number;
  shift: boolean;
  ctrl: boolean;
  alt: boolean;
  touch: boolean;
  clicks: number;
  pan: boolean;
  /** of the picture behind the drawing; null without one */
  pixels?: () => Pixels | null;
};
type Pixels = { data: Uint8ClampedArray; width: number; height: number };
type Outcome = [Session, Action[]];
type State = { readonly drawing: Drawing; readonly session: Session };
type Store = ReturnType<typeof import("../js/editor/drawing/store.js").createStore>;
type Player = ReturnType<typeof import("../js/editor/page/player.js").createPlayer>;

// ---- curves and samples ----

/** x and y of start, two controls, end */
type Segment = readonly [number, number, number, number, number, number, number, number];

/** x, y of every vertex, arc length up to it, chords per segment, total length */
type Path = { vertices: Float64Array; reached: Float64Array; chords: number; length: number };

/** x, y of the track's own point per frame, and of every point [frames, points, 2] */
type Sampled = {
  frames: number;
  points: number;
  own: Float64Array;
  positions: Float64Array;
  visible: Uint8Array;
  /** radians since frame 0; `carried`: those of its parent */
  turn: Float64Array;
  carried: Float64Array | null;
};

/** Cell index = row * cols + col; `tracks` counts the points that write it. */
type LatentCells = {
  cells: Map<number, { color: string; tracks: number }>;
  cols: number;
  rows: number;
  shared: number;
  moved: number;
  hiddenStarts: string[];
  latentFrame: number;
  latentFrames: number;
};

/** An object of the trajectory maps; `box` is null outside of the frame. */
type MapShape = { color: string; outline: readonly XY[]; box: Box | null };

// ---- drawing ----

type Context = CanvasRenderingContext2D;
type ColorName =
  | "canvas" | "frame" | "line" | "faint" | "text" | "dim" | "accent" | "mark" | "ink" | "warn" | "row" | "edge" | "head";
type Theme = Record<ColorName, string>;
type FitMode = "crop" | "stretch" | "pad";
type Quad = readonly [x: number, y: number, width: number, height: number];
/** The video that a drawing is for. `wired`: the host stretches the drawing to it; `lastRun`: its
 * values were those of the last run; `image`: the size of its start image, where that is known. */
type ClipFrame = {
  readonly width: number;
  readonly height: number;
  /** null: the drawing's own */
  readonly frames: number | null;
  readonly resize: FitMode;
  readonly wired: boolean;
  readonly lastRun: boolean;
  readonly image: Pair | null;
};
/** Why a track guides nothing. */
type IdleReason = "hidden" | "outside" | "start" | "never";
type Backdrop = { image: CanvasImageSource; opacity: number };
type Scene = {
  drawing: Drawing;
  session: Session;
  theme: Theme;
  width: number;
  height: number;
  ratio: number;
  playing: boolean;
  background: Backdrop | null;
};
type Draw = (ctx: Context, scene: Scene) => void;
type DrawTracks = (ctx: Context, scene: Scene, tracks: readonly Track[]) => void;
type DrawTrack = (ctx: Context, scene: Scene, track: Track) => void;

type Layout = { width: number; height: number; scroll: number; overflow: number; frames: number; left: number; zoom: number; from: number };
type TimelineTarget =
  | { kind: "ruler" | "empty" }
  | { kind: "eye" | "lock" | "name" | "bar"; track: string }
  | { kind: "key"; track: string; index: number }
  | { kind: "window"; track: string; index: number; side: 0 | 1 };
/** What the pointer holds: `from` a frame, `top` a height on the canvas. */
type SheetDrag = { readonly target: TimelineTarget; readonly from: number; readonly top: number };
type TimelineScene = Scene & { layout: Layout };
type DrawRow = (ctx: Context, scene: TimelineScene, track: Track, top: number) => void;

// ---- the page around the canvas ----

type Translate = (text: string) => string;

/** What commands act on. */
type Host = {
  store: Store;
  fit: () => void;
  zoom: (factor: number) => void;
  /** moves the view by so much that what is selected, or else the crosshair, is in it */
  reveal: () => void;
  play: () => void;
  help: () => void;
  /** the panel, with the focus in a field of it; "": the first */
  show: (field: string) => void;
  importTracks: () => void;
  pixels: () => Pixels | null;
  full: () => void;
  undo: () => void;
  redo: () => void;
};
type Command = { id: string; label: string; keys: string[]; run: (host: Host) => void };
/** `snap`: only sizes and lengths that the model takes. */
type Choices = { fit: "stretch" | "keep"; retime: "retime" | "keep"; snap: boolean };
type Panel = {
  store: Store;
  ui: Controls;
  choices: Choices;
  background: { opacity: number; chosen: boolean };
  setOpacity: (value: number) => void;
  chooseBackground: () => void;
  clearBackground: () => void;
  importTracks: () => void;
  pinRest: () => void;
  exportTracks: (format: string) => void;
  canExport: readonly string[];
};
type NumberLimits = {
  min?: number;
  max?: number;
  step?: number;
  whole?: boolean;
  hint?: string;
  blank?: () => void;
};

/** What both canvases need. */
type CanvasParts = {
  store: Store;
  scene: () => Omit<Scene, "width" | "height" | "ratio">;
  pixels: () => Pixels | null;
  wheelIsOurs: (event: WheelEvent) => boolean;
  forward: ((event: Event) => void) | null;
  signal: AbortSignal;
  t: Translate;
};

/** undo, redo: when the host keeps the history; importFile gives the text of a drawing; wholePage: keys
 * work wherever on the page no text is typed. */
type EditorOptions = {
  value: string;
  onChange: (text: string) => void;
  locale?: string;
  session?: Partial<Session> | undefined;
  onSession?: (session: Session) => void;
  undo?: () => void;
  redo?: () => void;
  forward?: ((event: Event) => void) | null;
  wholePage?: boolean;
  importFile?: (file: File, drawing: Drawing) => Promise<string>;
  exportFile?: (format: string, text: string) => Promise<void>;
  formats?: readonly string[];
  onBackground?: (file: File | null) => void;
  notify?: (message: string) => void;
};
type Editor = {
  setValue: (text: string) => void;
  /** As one step of undo. Throws a DrawingError. */
  replaceValue: (text: string) => void;
  getValue: () => string;
  setBackground: (image: CanvasImageSource | null, chosen?: boolean) => void;
  setFrame: (frame: ClipFrame | null) => void;
  /** Offers masks, white where they are, as regions. */
  setMasks: (masks: readonly CanvasImageSource[]) => void;
  /** Shows what a video did with the tracks, as WanMoveTrajectoryError measured it. */
  setFollowed: (report: unknown) => void;
  fit: () => void;
  focus: () => void;
  destroy: () => void;
  /** Which tracks guide nothing, and why, a line each; and whether these are all. */
  idle: () => { lines: string[], all: boolean };
  getSession: () => Session;
  setSession: (session: Partial<Session>) => void;
};
type IconName = keyof typeof import("../js/editor/page/icons.js").PATHS;
type Controls = ReturnType<typeof import("../js/editor/page/dom.js").controls>;
type Handlers = { [K in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[K]) => unknown };
