/**
 * whorl's notation, such as `Adam(Cosine(0.1, epochs=50), beta1=0.95)`: reading and writing it.
 *
 * A call is {name, args, options}. Numbers, strings, true, false, null and arrays stand for Python's numbers, strings,
 * True, False, None and tuples.
 */

const TOKEN = /\s*(?:([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)|([A-Za-z_]\w*)|("[^"\\\n]*"|'[^'\\\n]*')|([()[\],=]))/y;
const WORDS = { True: true, False: false, None: null };

/** Return what a text describes; throw a SyntaxError if it is not notation. */
export function read(text) {
  const tokens = tokenize(text);
  let position = 0;
  const peek = (ahead = 0) => tokens[position + ahead]?.text;

  function expect(mark) {
    if (peek() !== mark) throw new SyntaxError(`expected ${mark} ${peek() ? `before ${peek()}` : "at the end"} in ${text}`);
    position += 1;
  }

  function value() {
    const token = tokens[position++];
    if (token?.kind === "number") return Number(token.text);
    if (token?.kind === "string") return token.text.slice(1, -1);
    if (token?.kind === "name") return Object.hasOwn(WORDS, token.text) ? WORDS[token.text] : rest(token.text);
    if (token?.text === "(" || token?.text === "[") return sequence(token.text === "(" ? ")" : "]");
    throw new SyntaxError(`cannot be read: ${text}`);
  }

  function sequence(end) {
    const values = [];
    while (peek() !== end) {
      values.push(value());
      if (peek() !== end) expect(",");
    }
    expect(end);
    return values;
  }

  function rest(name) {
    const result = call(name);
    if (peek() !== "(") return result; // a name alone is a call without arguments
    position += 1;
    while (peek() !== ")") {
      if (tokens[position]?.kind === "name" && peek(1) === "=") {
        const option = tokens[position].text;
        position += 2;
        result.options[option] = value();
      } else result.args.push(value());
      if (peek() !== ")") expect(",");
    }
    expect(")");
    return result;
  }

  const result = value();
  if (position < tokens.length) throw new SyntaxError(`unexpected ${peek()} in ${text}`);
  return result;
}

/** Return the text of a value. */
export function write(value) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return `"${value}"`;
  if (Array.isArray(value)) return `(${value.map(write).join(", ")}${value.length === 1 ? "," : ""})`;
  const options = Object.entries(value.options).map(([name, option]) => `${name}=${write(option)}`);
  return `${value.name}(${[...value.args.map(write), ...options].join(", ")})`;
}

/** Return a call. */
export function call(name, args = [], options = {}) {
  return { name, args, options };
}

/** Whether a value is a call. */
export const isCall = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

function tokenize(text) {
  const tokens = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const start = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw new SyntaxError(`cannot be read from ${text.slice(start).trim()}`);
    const kind = ["number", "name", "string", "mark"][match.slice(1).findIndex((group) => group !== undefined)];
    tokens.push({ kind, text: match[0].trim() });
  }
  return tokens;
}
