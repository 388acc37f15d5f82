/** When to draw what. */

/** Draws when something changed, at most once a frame, and only the layers that did.
 * @param {Store} store @param {Player} player
 * @param {{canvas: (base: boolean) => void, sheet: () => void, panel: () => void}} layers */
export function createPainter(store, player, layers) {
  let pending = 0;
  let dirty = { base: true, sheet: true, panel: true };
  /** What the canvas and the panel showed last. @type {State & {shown: Drawing} | null} */
  let drawn = null;
  /** @type {State & {shown: Drawing} | null} */
  let panel = null;
  const paint = () => {
    pending = 0;
    const now = dirty;
    dirty = { base: false, sheet: false, panel: false };
    drawn = { ...store.get(), shown: store.shown() };
    // The canvas last: it writes the status line, and a size read after that costs a layout.
    if (now.sheet) layers.sheet();
    layers.canvas(now.base);
    if (!now.panel) return;
    panel = drawn;
    layers.panel();
  };
  const request = (/** @type {typeof dirty} */ { base, sheet, panel: inPanel }) => {
    dirty = { base: dirty.base || base, sheet: dirty.sheet || sheet, panel: dirty.panel || inPanel };
    pending ||= requestAnimationFrame(paint);
  };
  const all = () => request({ base: true, sheet: true, panel: true });
  return {
    all,
    /** What was chosen there may not be what was taken. */
    panel: () => request({ base: false, sheet: false, panel: true }),
    changed() {
      if (!drawn || !panel) return all();
      const { session } = store.get();
      const { shown, session: { view, selection, cells, labels, frame, key, followed, time } } = drawn;
      const inPanel = panel.session;
      const base = store.shown() !== shown || session.view !== view || session.selection !== selection ||
        session.cells !== cells || session.labels !== labels || session.followed !== followed || (cells && session.frame !== frame);
      request({
        base, sheet: base || session.frame !== frame || session.key !== key || session.time !== time,
        panel: !session.drag && (store.shown() !== panel.shown || session.selection !== inPanel.selection || session.followed !== inPanel.followed ||
          session.key !== inPanel.key || (session.frame !== inPanel.frame && !player.playing())),
      });
    },
    stop: () => cancelAnimationFrame(pending),
  };
}
