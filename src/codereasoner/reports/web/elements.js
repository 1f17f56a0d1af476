// Every text reaches the page through these functions, as text and never as HTML.

const OUTCOMES = {
  correct: { code: "c", name: "correct", glyph: "✓" },
  wrong: { code: "w", name: "wrong", glyph: "✗" },
  no_answer: { code: "n", name: "no answer", glyph: "∅" },
  truncated: { code: "t", name: "truncated", glyph: "…" },
  error: { code: "e", name: "error", glyph: "!" },
};
const MISTAKES = {
  wrong_branch: { code: "b", name: "wrong branch", note: "what the other side of an if would have given" },
  loop_count: { code: "l", name: "loop count off", note: "what one pass more, or passes fewer, would have given" },
  stale_value: { code: "s", name: "stale value", note: "an earlier value of a variable, or what follows from one" },
  string_index: { code: "i", name: "string index", note: "made by a subscript, a slice or a position in a string" },
  type_confusion: { code: "t", name: "type confusion", note: "the value, or its parts, have another type" },
  format: { code: "f", name: "format", note: "no answer could be read" },
  other: { code: "o", name: "other", note: "no rule explains it" },
};
const OUTCOME_OF = Object.fromEntries(Object.entries(OUTCOMES).map(([key, value]) => [value.code, key]));
const taskLabels = {}; // by name; filled from the page's data

function fill(node, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, item] of Object.entries(value)) node.style.setProperty(key, item);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

function el(tag, props, ...children) {
  return fill(document.createElement(tag), props, children);
}

function svg(tag, props, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), props, children);
}

// Characters that a reader would not see, or that reorder what they see, are shown by their number.
const UNSEEN = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

function visible(text) {
  const nodes = [];
  let end = 0;
  for (const match of String(text).matchAll(UNSEEN)) {
    const code = match[0].codePointAt(0).toString(16).padStart(4, "0");
    nodes.push(text.slice(end, match.index), el("span", { class: "odd", title: `U+${code.toUpperCase()}` }, `\\u${code}`));
    end = match.index + match[0].length;
  }
  return [...nodes, String(text).slice(end)];
}

// A name of at most `limit` letters that keeps what tells it from the other long names: the parts that they share go first.
function shortName(name, names, limit) {
  if (name.length <= limit) return name;
  const starts = names.filter((other) => other.length > limit && other !== name).map((other) => wordAfterShared(name, other));
  const [first, last] = [Math.min(...starts), Math.max(...starts)];
  if (starts.length && first > 3 && name.length - first < limit) return `…${name.slice(first)}`;
  if (last > 3) {
    const shown = `${first > 3 ? "" : name.slice(0, 6)}…${name.slice(last)}`;
    return shown.length <= limit ? shown : `${shown.slice(0, limit - 1)}…`;
  }
  const tail = Math.floor((limit - 1) / 2);
  return `${name.slice(0, limit - 1 - tail)}…${name.slice(-tail)}`;
}

// Where the first word begins in which a name differs from another.
function wordAfterShared(name, other) {
  let same = 0;
  while (same < name.length && other[same] === name[same]) same += 1;
  return name.slice(0, same).search(/[\p{L}\p{N}]*$/u);
}

const allModels = []; // filled from the page's data
const MODEL_LETTERS = 34;

// A model's name, shortened, with the whole name on hover.
function modelText(model) {
  const shown = shortName(model, allModels, MODEL_LETTERS);
  return shown === model ? visible(model) : el("span", { title: model }, visible(shown));
}

// A table that scrolls in a box of its own. The first cell of a row is its heading; a row is [...cells] or { kind, cells }.
function dataTable(label, head, rows, { kind = null, foot = null, numbers = false } = {}) {
  const place = (index) => (numbers && index ? { class: "number" } : {});
  const line = ({ kind: rowKind = null, cells }) => el("tr", { class: rowKind }, cells.map((cell, index) => el(index ? "td" : "th", { scope: index ? null : "row", ...place(index) }, cell)));
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, el("table", { class: kind },
    el("thead", {}, el("tr", {}, head.map((cell, index) => el("th", { scope: "col", ...place(index) }, cell)))),
    el("tbody", {}, rows.map((row) => line(Array.isArray(row) ? { cells: row } : row))),
    foot?.length ? el("tfoot", {}, foot.map((cells) => line({ cells }))) : null));
}

// Buttons of which one is pressed.
function pressOne(values, nameOf, act, label) {
  const buttons = values.map((value, index) => el("button", { type: "button", "aria-pressed": String(index === 0), onclick: () => press(value) }, nameOf(value)));
  const press = (value) => {
    buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(values[index] === value)));
    act(value);
  };
  return el("div", { class: "choice", role: "group", "aria-label": label }, buttons);
}

function badge(outcome) {
  const { name, glyph } = OUTCOMES[outcome] ?? OUTCOMES.error;
  return el("span", { class: `badge o-${outcome}` }, el("span", { "aria-hidden": "true" }, glyph), name);
}

function mark(code, model) {
  const outcome = OUTCOME_OF[code];
  if (!outcome) return el("span", { class: "mark none", title: `${model}: not asked` }, "·");
  return el("span", { class: `mark o-${outcome}`, title: `${model}: ${OUTCOMES[outcome].name}` }, OUTCOMES[outcome].glyph);
}

function series(number) {
  return { "--series": `var(--series-${number % 8})` };
}

const TENTHS = new Intl.NumberFormat("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1, roundingMode: "halfEven" }); // as Python rounds
const tenths = (value) => TENTHS.format(value);
const percent = (value) => (typeof value === "number" ? `${tenths(value)} %` : "–");
const whole = (value) => (typeof value === "number" ? value.toLocaleString("en-US") : "–");
const counted = (count, noun) => `${whole(count)} ${noun}${count === 1 ? "" : "s"}`;
const seconds = (value) => (value < 10 ? `${value.toFixed(2)} s` : value < 120 ? `${value.toFixed(0)} s` : `${(value / 60).toFixed(1)} min`);
const taskName = (task) => taskLabels[task] ?? task;

async function unpack(name) {
  const node = document.getElementById(`data-${name}`);
  if (!node) return null;
  const bytes = Uint8Array.from(atob(node.textContent), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

const unpacked = new Map();

// A block of data, unpacked once; the last few are kept.
function block(name) {
  if (!unpacked.has(name)) unpacked.set(name, unpack(name));
  if (unpacked.size > 24) unpacked.delete(unpacked.keys().next().value);
  return unpacked.get(name);
}
