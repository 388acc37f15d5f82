/** A drawing that has one of everything. */

const square = (half) => [[-half, -half], [half, -half], [half, half], [-half, half]];

export const RICH = {
  version: 1, width: 832, height: 480, fps: 16, frames: 81, tracks: [
    { id: "a", name: "Ball", color: "#e69f00", curve: "bezier", knots: [{ x: 222, y: 262, out: [70, -120] }, { x: 430, y: 150, in: [-70, 0], out: [70, 0] }, { x: 600, y: 330, in: [-30, -90] }],
      timing: { start: 8, end: 64, keys: [{ frame: 30, at: 1, ease: "in-out" }] } },
    { id: "b", name: "Square", color: "#56b4e9", knots: [{ x: 620, y: 190 }, { x: 700, y: 300 }, { x: 900, y: 380 }], timing: { start: 24, ease: [0.2, 0, 0.4, 1] }, windows: [[0, 60]] },
    { id: "c", name: "Locked", color: "#cc79a7", knots: [{ x: 90, y: 400 }, { x: 320, y: 430 }], locked: true },
    { id: "d", name: "Hidden", color: "#f0e442", knots: [{ x: 90, y: 60 }, { x: 320, y: 80 }], hidden: true },
    { id: "e", name: "Anchor", color: "#009e73", knots: [{ x: 760, y: 60 }] },
    { id: "f", name: "Disc", color: "#d55e00", knots: [{ x: 130, y: 150 }, { x: 260, y: 90 }], spread: { shape: "disc", count: 16, size: 40, angle: 0, keys: [] } },
    { id: "g", name: "Region", color: "#0072b2", group: "Group 1", knots: [{ x: 480, y: 380 }, { x: 560, y: 420 }],
      spread: { shape: "region", polygon: square(36), offsets: [[0, 0], [20, 0], [-20, 0]], fill: "grid", spacing: 16, keys: [{ frame: 80, scale: 1.1, angle: 25 }] } },
    { id: "h", name: "Rider", color: "#999933", group: "Group 1", parent: "g", knots: [{ x: 500, y: 340 }] },
    { id: "i", name: "From outside", color: "#aa4499", knots: [{ x: -60, y: 240 }, { x: 200, y: 240 }] },
  ],
};
