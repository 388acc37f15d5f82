/**
 * The words of the editor, as types. No code.
 *
 * Spaces: an ImagePoint is in pixels of the output frame, a CanvasPoint in CSS pixels of the
 * editor's canvas. They differ by a phantom property, so one is never taken for the other;
 * only geometry.js converts.
 *
 * @typedef {{readonly x: number, readonly y: number, readonly space?: "image"}} ImagePoint
 * @typedef {{readonly x: number, readonly y: number, readonly space?: "canvas"}} CanvasPoint
 *
 * A knot is a control point. `in` and `out` are Bezier handles, relative to the knot; they
 * stay aligned when one is dragged unless `broken`.
 * @typedef {{readonly x: number, readonly y: number, readonly in?: readonly [number, number],
 *   readonly out?: readonly [number, number], readonly broken?: boolean}} Knot
 *
 * @typedef {"polyline" | "catmull-rom" | "bezier"} CurveKind
 * @typedef {"linear" | "in" | "out" | "in-out" | readonly [number, number, number, number]} Ease
 *
 * A key says where on the path the point is at a frame. `at` counts knots: 1.5 is half way
 * (by arc length) between knots 1 and 2. `ease` shapes the motion from this key to the next.
 * @typedef {{readonly frame: number, readonly at: number, readonly ease?: Ease}} TimingKey
 *
 * The point leaves knot 0 at `start` and reaches the last knot at `end` (inclusive frames;
 * null: the clip's first and last), passing `keys` in between.
 * @typedef {{readonly start: number | null, readonly end: number | null, readonly ease: Ease,
 *   readonly keys: readonly TimingKey[], readonly repeat: "once" | "loop" | "ping-pong",
 *   readonly times: number, readonly reverse: boolean}} Timing
 *
 * A spread turns one point into a cluster that moves with it. Offsets are in image pixels,
 * angles in degrees, clockwise on screen.
 * @typedef {{readonly frame: number, readonly scale: number, readonly angle: number}} SpreadKey
 * @typedef {{readonly shape: "line", readonly count: number, readonly size: number,
 *     readonly angle: number, readonly keys: readonly SpreadKey[]}
 *   | {readonly shape: "disc", readonly count: number, readonly size: number,
 *     readonly angle: number, readonly keys: readonly SpreadKey[]}
 *   | {readonly shape: "region", readonly polygon: readonly (readonly [number, number])[],
 *     readonly offsets: readonly (readonly [number, number])[], readonly fill: "grid" | "poisson",
 *     readonly spacing: number, readonly keys: readonly SpreadKey[]}} Spread
 *
 * `windows`: inclusive frame ranges in which the points guide; null means always. A hidden
 * track is neither shown nor sent. Later tracks lie on top.
 * @typedef {{readonly id: string, readonly name: string, readonly color: string,
 *   readonly curve: CurveKind, readonly knots: readonly Knot[], readonly timing: Timing,
 *   readonly windows: readonly (readonly [number, number])[] | null,
 *   readonly spread: Spread | null, readonly locked: boolean, readonly hidden: boolean}} Track
 *
 * @typedef {{readonly version: number, readonly width: number, readonly height: number,
 *   readonly fps: number, readonly frames: number, readonly tracks: readonly Track[]}} MotionDocument
 *
 * Selected parts: a track, whole (`knots` null) or some of its knots.
 * @typedef {{readonly track: string, readonly knots: readonly number[] | null}} Selected
 *
 * image = (canvas - (x, y)) / scale
 * @typedef {{readonly scale: number, readonly x: number, readonly y: number}} View
 *
 * [a, b, c, d, e, f]: x' = a x + c y + e, y' = b x + d y + f, as in canvas and SVG.
 * @typedef {readonly [number, number, number, number, number, number]} Matrix
 *
 * @typedef {"select" | "draw" | "anchor" | "region"} Tool
 *
 * What lies under the pointer.
 * @typedef {{kind: "knot", track: string, knot: number}
 *   | {kind: "handle", track: string, knot: number, side: "in" | "out"}
 *   | {kind: "path", track: string, at: number}
 *   | {kind: "area", track: string}
 *   | {kind: "dot", track: string}
 *   | {kind: "box", handle: BoxHandle}} Target
 * @typedef {"nw" | "n" | "ne" | "e" | "se" | "s" | "sw" | "w" | "rotate"} BoxHandle
 *
 * A gesture under way. `action` is what it will do on release; until then it is only shown.
 * @typedef {{readonly kind: "pan" | "box-select" | "move" | "handle" | "transform" | "stroke" | "dot",
 *   readonly from: CanvasPoint, readonly start: ImagePoint, readonly moved: boolean,
 *   readonly target: Target | null, readonly view: View, readonly selection: readonly Selected[],
 *   readonly points: readonly ImagePoint[], readonly action: Action | null}} Drag
 *
 * What is not saved: `drawing` is the track that clicks append to, `cursor` the pointer.
 * @typedef {{readonly tool: Tool, readonly selection: readonly Selected[], readonly view: View,
 *   readonly hover: Target | null, readonly drag: Drag | null, readonly drawing: string | null,
 *   readonly cursor: ImagePoint | null, readonly frame: number, readonly snap: Snap,
 *   readonly cells: boolean, readonly follow: boolean, readonly key: {readonly track: string, readonly index: number} | null}}
 *   Session `follow`: the view fits the canvas until someone zooms or pans; `key`: the timing
 *   key that easing edits; -1 is the start
 * @typedef {"none" | "pixels" | "cells" | "knots"} Snap
 *
 * @typedef {{canvas: CanvasPoint, button: number, shift: boolean, ctrl: boolean, alt: boolean,
 *   touch: boolean, clicks: number, pan: boolean}} PointerInput
 *
 * @typedef {{type: "add-tracks", tracks: readonly Track[], index?: number}
 *   | {type: "remove-tracks", ids: readonly string[]}
 *   | {type: "patch-tracks", ids: readonly string[], patch: Partial<Track>}
 *   | {type: "patch-timing", ids: readonly string[], patch: Partial<Timing>}
 *   | {type: "transform", selection: readonly Selected[], matrix: Matrix}
 *   | {type: "append-knot", id: string, knot: Knot}
 *   | {type: "append-knots", id: string, knots: readonly Knot[]}
 *   | {type: "insert-knot", id: string, at: number}
 *   | {type: "patch-knot", id: string, knot: number, patch: Partial<Knot>}
 *   | {type: "remove-selected", selection: readonly Selected[]}
 *   | {type: "reverse", ids: readonly string[]}
 *   | {type: "reorder", id: string, to: number}
 *   | {type: "arrange", selection: readonly Selected[], how: Arrangement}
 *   | {type: "retime-tracks", ids: readonly string[], shift: number, stagger: number}
 *   | {type: "set-canvas", width: number, height: number, fit: "stretch" | "keep"}
 *   | {type: "set-clip", frames: number, fps: number, fit: "retime" | "keep"}
 *   | {type: "replace", document: MotionDocument}
 *   | {type: "batch", actions: readonly Action[]}} Action
 *
 * @typedef {"left" | "center" | "right" | "top" | "middle" | "bottom"
 *   | "distribute-x" | "distribute-y"} Arrangement
 */

export {};
