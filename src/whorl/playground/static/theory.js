/** Links to the pages where the mathematics is derived. */

import { h } from "./dom.js";

const THEORY = "https://github.com/whorl/whorl/blob/main/docs/theory/";

/** Return a link to a page of the theory. */
export const theoryLink = (page, text = "Theory") => h("a", { href: THEORY + page, target: "_blank", rel: "noopener", text });

/** Return a line of links, from [page, text] each. */
export function theoryLinks(pages) {
  const links = pages.flatMap(([page, text]) => [", ", theoryLink(page, text)]).slice(1);
  return h("p", { class: "note wide" }, "Theory: ", ...links);
}
