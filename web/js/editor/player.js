/** Playback: the only animation loop, and only while playing. */

/**
 * @param {import("./store.js").Store} store
 * @param {() => void} onToggle
 */
export function createPlayer(store, onToggle) {
  let request = 0;
  let loop = true;
  let origin = { time: 0, frame: 0 };

  /** @param {number} now */
  const tick = (now) => {
    const { frames, fps } = store.get().document;
    if (origin.time === 0) origin = { ...origin, time: now };
    const passed = origin.frame + Math.floor(((now - origin.time) / 1000) * fps);
    if (!loop && passed >= frames) {
      store.session({ frame: frames - 1 });
      return stop();
    }
    const frame = passed % frames;
    if (frame !== store.get().session.frame) store.session({ frame });
    request = requestAnimationFrame(tick);
  };
  const stop = () => {
    cancelAnimationFrame(request);
    request = 0;
    onToggle();
  };

  return {
    playing: () => request !== 0,
    loop: () => loop,
    /** @param {boolean} value */
    setLoop(value) {
      loop = value;
    },
    stop,
    toggle() {
      if (request) return stop();
      const { document, session } = store.get();
      const atEnd = session.frame >= document.frames - 1;
      origin = { time: 0, frame: atEnd ? 0 : session.frame };
      request = requestAnimationFrame(tick);
      onToggle();
    },
  };
}
