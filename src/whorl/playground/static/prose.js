/** The text of lessons: paragraphs, lists, `code` and *emphasis*, as text nodes. Nothing of it is read as HTML. */

/** Return a text as blocks: {kind: "p" | "ul", items}, each item a list of {kind: "text" | "code" | "em", text}. */
export function read(text) {
  const blocks = [];
  for (const part of text.trim().split(/\n\s*\n/)) {
    const lines = part.split("\n").map((line) => line.trim());
    if (lines.every((line) => line.startsWith("- "))) blocks.push({ kind: "ul", items: lines.map((line) => spans(line.slice(2))) });
    else blocks.push({ kind: "p", items: [spans(lines.join(" "))] });
  }
  return blocks;
}

/** Return a line as spans. */
export function spans(line) {
  return line
    .split(/(`[^`]+`|\*[^*\s][^*]*\*)/)
    .filter(Boolean)
    .map((part) => {
      if (part.length > 2 && part.startsWith("`") && part.endsWith("`")) return { kind: "code", text: part.slice(1, -1) };
      if (part.length > 2 && part.startsWith("*") && part.endsWith("*")) return { kind: "em", text: part.slice(1, -1) };
      return { kind: "text", text: part };
    });
}

/** Return a text as elements. */
export function render(text) {
  return read(text).map(({ kind, items }) => {
    const block = document.createElement(kind);
    for (const item of items) {
      const into = kind === "ul" ? block.appendChild(document.createElement("li")) : block;
      into.append(...line(item));
    }
    return block;
  });
}

/** Return spans as nodes. */
export function line(items) {
  return items.map(({ kind, text }) => {
    if (kind === "text") return document.createTextNode(text);
    const element = document.createElement(kind);
    element.textContent = text;
    return element;
  });
}
