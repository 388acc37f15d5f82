/** Playback: the only animation loop, and only while playing. */

/** @param {Store} store @param {() => void} onToggle */
export function createPlayer(store, onToggle) {
  let request = 0;
  let loop = true;
  let origin = { time: 0, frame: 0 };

  const tick = (/** @type {number} */ now) => {
    const { drawing: { frames, fps }, session } = store.get();
    origin.time ||= now;
    const passed = origin.frame + Math.floor(((now - origin.time) / 1000) * fps);
    const over = !loop && passed >= frames;
    const frame = over ? frames - 1 : passed % frames;
    if (frame !== session.frame) store.session({ frame });
    if (over) stop();
    else request = requestAnimationFrame(tick);
  };
  const stop = () => {
    cancelAnimationFrame(request);
    request = 0;
    onToggle();
  };

  return {
    stop,
    playing: () => request !== 0,
    loop: () => loop,
    toggleLoop() {
      loop = !loop;
      onToggle();
    },
    toggle() {
      if (request) return stop();
      const { drawing, session } = store.get();
      origin = { time: 0, frame: session.frame >= drawing.frames - 1 ? 0 : session.frame };
      request = requestAnimationFrame(tick);
      onToggle();
    },
  };
}
