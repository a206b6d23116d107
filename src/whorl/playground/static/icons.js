/** Icons, drawn on a grid of 24. */

const PATHS = {
  play: "M8 5.5v13l11-6.5z",
  pause: "M8 5.5h2.5v13H8zM13.5 5.5H16v13h-2.5z",
  reset: "M4.5 12a7.5 7.5 0 1 0 2.2-5.3M4.5 4.5v4h4",
  dice: "M5 5h14v14H5zM9 9h.01M15 15h.01M15 9h.01M9 15h.01M12 12h.01",
  back: "M18.5 6v12l-9-6zM6 6v12",
  batch: "M9 6.5l7 5.5-7 5.5z",
  epoch: "M5.5 6v12l9-6zM18 6v12",
  theme: "M12 4a8 8 0 1 0 8 8 6 6 0 0 1-8-8z",
  projector: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  help: "M9.2 9.2a2.8 2.8 0 1 1 4.3 2.4c-1 .6-1.5 1.2-1.5 2.2M12 17.5h.01",
  minus: "M6 12h12",
  plus: "M6 12h12M12 6v12",
  left: "M14 6l-6 6 6 6",
  right: "M10 6l6 6-6 6",
  more: "M5 8h6M15 8h4M5 16h2M11 16h8M13 6v4M9 14v4",
  remove: "M6.5 6.5l11 11M17.5 6.5l-11 11",
};

/** Draw an icon into a button, before its label. */
export function setIcon(button, name) {
  if (button.dataset.drawn === name) return;
  button.querySelector("svg")?.remove();
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  button.prepend(svg);
  button.dataset.drawn = name;
}

/** Draw the icons that the page's buttons name. */
export function setIcons(container) {
  for (const button of container.querySelectorAll("[data-icon]")) setIcon(button, button.dataset.icon);
}
