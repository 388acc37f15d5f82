/** How far text stands out from what is behind it (WCAG's contrast), measured in a page as it is shown.
 * Both functions run inside of the page: no imports. */

/* eslint-env browser */

/** Before the page's scripts: canvases tell what they write, in which colour, over what. */
export function recordCanvasTexts() {
  const { fillText, strokeText } = CanvasRenderingContext2D.prototype;
  const outlines = new WeakMap();
  window.wanMoveWritten = [];
  CanvasRenderingContext2D.prototype.strokeText = function (text, x, y) {
    outlines.set(this, { text, x, y, colour: this.strokeStyle });
    strokeText.call(this, text, x, y);
  };
  /** The pixel that most of the text lies on. */
  const under = (ctx, text, x, y) => {
    const { width } = ctx.measureText(text);
    const { a, e, f } = ctx.getTransform();
    const left = x - { left: 0, start: 0, center: width / 2, right: width, end: width }[ctx.textAlign];
    const { data } = ctx.getImageData(Math.round(left * a + e), Math.round((y - 4) * a + f), Math.max(Math.round(width * a), 1), Math.round(8 * a));
    const many = new Map();
    for (let i = 0; i < data.length; i += 4) {
      const pixel = data.slice(i, i + 4).join();
      many.set(pixel, (many.get(pixel) ?? 0) + 1);
    }
    const [[pixel]] = [...many].sort(([, p], [, q]) => q - p);
    const [red, green, blue, alpha] = pixel.split(",").map(Number);
    return `rgb(${red} ${green} ${blue} / ${alpha / 255})`;
  };
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
    const outline = outlines.get(this);
    const outlined = outline?.text === text && outline.x === x && outline.y === y;
    window.wanMoveWritten.push({ canvas: this.canvas, text, colour: this.fillStyle, alpha: this.globalAlpha,
      ...(outlined ? { outline: outline.colour } : { under: under(this, text, x, y) }) });
    fillText.call(this, text, x, y);
  };
}

/** Every text that is to be seen, with its contrast at worst; [what, ratio] each. */
export function measureTexts() {
  const PICTURES = ".wm-stage, figure";  // what is behind may have any colour
  const ctx = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (css) => {
    ctx.clearRect(0, 0, 1, 1);
    ctx.fillStyle = css;
    ctx.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = ctx.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  };
  const over = ([r, g, b, alpha], [R, G, B]) => [r * alpha + R * (1 - alpha), g * alpha + G * (1 - alpha), b * alpha + B * (1 - alpha)];
  const luminance = (rgb) => rgb.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const contrast = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  /** The opaque colours that may be behind an element's content, and how opaque that content is. */
  const behind = (element) => {
    const layers = [];
    let opacity = 1;
    let bases = [rgba("Canvas").slice(0, 3)];
    for (let one = element; one; one = one.parentElement) {
      if (one.matches(PICTURES)) {
        bases = [[0, 0, 0], [255, 255, 255]];
        break;
      }
      const style = getComputedStyle(one);
      layers.unshift(rgba(style.backgroundColor));
      if (layers[0][3] === 1) break;
      opacity *= Number(style.opacity);
    }
    return [bases.map((base) => layers.reduce((under, layer) => over(layer, under), base)), opacity];
  };
  const ratio = ([r, g, b, alpha], backs, opacity) => Math.min(...backs.map((back) => contrast(over([r, g, b, alpha * opacity], back), back)));
  const found = [];
  const measure = (what, element, colour) => found.push([what.trim().slice(0, 60), ratio(rgba(colour), ...behind(element))]);
  const seen = (element) => element.getClientRects().length > 0 && element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !element.closest(":disabled");

  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.matches("script, style, option") || !seen(element)) continue;
    measure(walker.currentNode.data, element, getComputedStyle(element).color);
  }
  for (const field of document.querySelectorAll("input:not([type=range], [type=checkbox], [type=color], [type=file]), textarea, select")) {
    if (!seen(field)) continue;
    const text = field.matches("select") ? field.selectedOptions[0]?.text : field.value;
    if (text) measure(`${field.ariaLabel ?? field.id}: ${text}`, field, getComputedStyle(field).color);
    else if (field.placeholder) measure(`${field.id}: ${field.placeholder}`, field, getComputedStyle(field, "::placeholder").color);
  }
  for (const { canvas, text, colour, alpha, outline, under } of window.wanMoveWritten) {
    if (!canvas.isConnected) continue;
    const [bases] = outline ? [[[0, 0, 0], [255, 255, 255]]] : behind(canvas.parentElement);
    const backs = bases.map((base) => over(rgba(outline ?? under), base));
    found.push([`on the canvas: ${text}`, ratio(rgba(colour), backs, alpha)]);
  }
  // The ring of the focus is no text: 3 is enough. That of a canvas lies at its edge, beside the picture.
  const focused = document.activeElement;
  const around = (focused.closest(PICTURES) ?? focused).parentElement;
  if (focused.matches("body *:focus-visible")) found.push(["ring of the focus", 1.5 * ratio(rgba(getComputedStyle(focused).outlineColor), ...behind(around))]);
  return found;
}
