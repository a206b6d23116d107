/** Elements, without a framework. */

/** Return a new element. Attributes named on… are listeners; `text` is its content, `class` its classes; null and false are left out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "text") element.textContent = value;
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Replace the children of an element; the focus stays on the child with the same data-key. */
export function replaceChildren(container, children) {
  const key = container.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  container.replaceChildren(...children);
  if (key) container.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

/** Set an element's text if it has changed. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Return a canvas's context with the size of its box, in CSS pixels; null while it has none. Resizing clears it. */
export function sized(canvas) {
  const scale = Math.min(window.devicePixelRatio || 1, 2);
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (!width || !height) return null;
  const [across, down] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== across || canvas.height !== down) {
    canvas.width = across;
    canvas.height = down;
  }
  const context = canvas.getContext("2d");
  context.setTransform(across / width, 0, 0, down / height, 0, 0);
  return { context, width, height };
}

/** Return a function that calls another at most every `milliseconds`, and once more after the last call. */
export function throttle(action, milliseconds) {
  let last = -Infinity;
  let timer = 0;
  return () => {
    if (timer) return;
    const wait = last + milliseconds - performance.now();
    const act = () => {
      timer = 0;
      last = performance.now();
      action();
    };
    if (wait <= 0) act();
    else timer = setTimeout(act, wait);
  };
}

/** Return the font of a canvas for text of so many CSS pixels; a projector's view has larger text. */
export function font(pixels, weight = "") {
  const scale = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
  return `${weight} ${pixels * scale}px system-ui, sans-serif`;
}

/** Return the theme's name. */
export const themeName = () => document.documentElement.dataset.theme;
