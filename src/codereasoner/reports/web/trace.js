// The true trace, step by step: the code with the current line, the locals, and all steps with their loops folded.

const [EVENT, FRAME, LINE, CHANGES, REMOVED, VALUE] = [0, 1, 2, 3, 4, 5];

// The state after step `last`: the stack of frames, each with its function and locals.
function stateAt(steps, last) {
  const frames = new Map();
  const stack = [];
  let was = {};
  for (let index = 0; index <= last; index += 1) {
    const step = steps[index];
    if (!frames.has(step[FRAME])) frames.set(step[FRAME], { name: step[EVENT] === "call" ? step[VALUE] : "", locals: {} });
    const depth = stack.indexOf(step[FRAME]);
    if (depth < 0) stack.push(step[FRAME]);
    else stack.length = depth + 1;
    const { locals } = frames.get(step[FRAME]);
    if (index === last) was = { ...locals };
    Object.assign(locals, step[CHANGES]);
    for (const name of step[REMOVED]) delete locals[name];
  }
  const step = steps[last];
  return { step, was, locals: frames.get(step[FRAME]).locals, stack: stack.map((frame) => frames.get(frame).name || `frame ${frame}`) };
}

function traceSection(source, run) {
  const steps = run?.steps ?? [];
  const code = codePane(source, steps, (line) => jump(nextVisit(steps, line, position)));
  if (!steps.length) {
    const why = run ? "This run was not traced." : "No run of this question is in the folder, so there is no trace.";
    return el("section", { "aria-label": "Code" }, code.node, el("p", { class: "small soft" }, why), run ? endOfRun(run) : null);
  }
  let position = Math.min(Math.max(0, Math.floor(Number(here.step)) || 0), steps.length - 1);
  const state = el("div", { class: "state", "aria-live": "polite" });
  const stepper = stepControls(steps, (to) => jump(to));
  const list = stepList(steps, source, (to) => jump(to));
  const jump = (to, quiet = false) => {
    position = Math.min(Math.max(0, to), steps.length - 1);
    code.show(steps[position]);
    stepper.show(position);
    list.show(position);
    state.replaceChildren(...statePane(stateAt(steps, position)));
    if (!quiet) go({ step: position ? String(position) : "" });
  };
  jump(position, true);
  const section = el("section", { "aria-label": "Trace" }, stepper.node, el("div", { class: "tracer" }, code.node, state),
    cutNote(run), list.node);
  section.toLine = (line) => jump(nextVisit(steps, line, position));
  section.move = (by) => jump(by === Infinity ? steps.length - 1 : by === -Infinity ? 0 : position + by);
  return section;
}

function nextVisit(steps, line, position) {
  for (let offset = 1; offset <= steps.length; offset += 1) {
    const index = (position + offset) % steps.length;
    if (steps[index][LINE] === line) return index;
  }
  return position;
}

function codePane(source, steps, onLine) {
  const visits = new Map();
  for (const step of steps) if (step[EVENT] === "line") visits.set(step[LINE], (visits.get(step[LINE]) ?? 0) + 1);
  const traced = new Set(steps.map((step) => step[LINE]));
  const rows = highlighted(source.replace(/\n+$/, "")).map((nodes, index) => codeRow(nodes, index + 1, visits.get(index + 1), steps.length, traced, onLine));
  const node = el("div", { class: "code", tabindex: "0", role: "region", "aria-label": "Program" }, el("ol", {}, rows));
  const show = (step) => {
    rows.forEach((row, index) => row.classList.toggle("now", index + 1 === step[LINE]));
    rows[step[LINE] - 1]?.scrollIntoView?.({ block: "nearest", inline: "nearest" });
  };
  return { node, show: (step) => keepScroll(() => show(step)) };
}

// Bringing a line into view must move its own pane only, not the page under the reader's hands.
function keepScroll(act) {
  const pane = document.querySelector(".detail");
  const top = pane?.scrollTop;
  act();
  if (pane) pane.scrollTop = top;
}

function codeRow(nodes, number, visits, traced, lines, onLine) {
  const label = `${number}`;
  const gutter = lines.has(number)
    ? el("button", { type: "button", class: "line-number", tabindex: "-1", title: "to the next step on this line", onclick: () => onLine(number) }, label)
    : el("span", { class: "line-number" }, label);
  const count = traced ? el("span", { class: "visits", title: visits ? `ran ${visits} times` : "" }, visits ? `×${visits}` : "") : null;
  return el("li", {}, gutter, count, el("span", {}, nodes));
}

function stepControls(steps, onMove) {
  const slider = el("input", { type: "range", min: 0, max: steps.length - 1, "aria-label": "Step of the trace", oninput: () => onMove(Number(slider.value)) });
  const text = el("output", {});
  const button = (glyph, label, target) => el("button", { type: "button", "aria-label": label, title: label, onclick: () => onMove(target()) }, glyph);
  const at = () => Number(slider.value);
  const show = (position) => {
    slider.value = position;
    text.textContent = `step ${position + 1} of ${steps.length}, line ${steps[position][LINE]}`;
    slider.setAttribute("aria-valuetext", text.textContent);
  };
  const node = el("div", { class: "stepper" },
    button("«", "first step", () => 0), button("‹", "step back (←)", () => at() - 1),
    button("›", "step forward (→)", () => at() + 1), button("»", "last step", () => steps.length - 1), slider, text);
  return { node, show };
}

function statePane({ step, was, locals, stack }) {
  const where = stack.length > 1 ? stack.join(" › ") : stack[0];
  const names = Object.keys(locals);
  const rows = names.map((name) => localRow(name, locals[name], step[CHANGES], was));
  return [
    el("h4", {}, step[EVENT] === "call" ? "call of " : "locals of ", el("code", {}, visible(where)), step[EVENT] === "line" ? ` after line ${step[LINE]}` : ""),
    names.length ? el("dl", { class: "locals" }, rows) : el("p", { class: "small soft" }, "no locals yet"),
    step[REMOVED].length ? el("p", { class: "event" }, "deleted: ", el("code", {}, step[REMOVED].join(", "))) : null,
    eventText(step),
  ].filter(Boolean);
}

function localRow(name, value, changes, was) {
  if (!(name in changes)) return [el("dt", {}, visible(name)), el("dd", { tabindex: value.length > 300 ? "0" : null }, visible(value))];
  const old = name in was ? el("span", { class: "was" }, el("span", { class: "soft" }, visible(was[name]))) : null;
  return [el("dt", { class: "changed" }, visible(name)), el("dd", { class: "changed" }, old, visible(value))];
}

function eventText(step) {
  const silent = { wait: "waits", resume: "goes on", done: "what it waited for, or went over, has ended", closed: "is closed" };
  if (silent[step[EVENT]]) return el("p", { class: "event" }, silent[step[EVENT]]);
  const words = { return: "returns ", yield: "yields ", exception: "raises " };
  return words[step[EVENT]] ? el("p", { class: "event" }, words[step[EVENT]], el("code", {}, visible(step[VALUE]))) : null;
}

function cutNote(run) {
  if (run.cut) return el("p", { class: "small soft" }, `The trace ends here: its budget of ${run.cut} was used up.`);
  return run.outcome === "ok" ? null : endOfRun(run);
}

function endOfRun(run) {
  const text = { ok: `returned ${run.value ?? "a value without a literal"}`, raised: `raised ${run.exception}` }[run.outcome] ?? `ended: ${run.outcome}`;
  return el("p", { class: "small" }, el("code", {}, visible(run.call)), " ", visible(text));
}

// All steps as a list in which every loop, and every iteration of it, can be folded.
function stepList(steps, source, onStep) {
  const lines = source.split("\n");
  const buttons = new Map();
  const box = el("div", { class: "steps", tabindex: "0", role: "region", "aria-label": "All steps" });
  const node = el("details", { class: "all-steps" }, el("summary", {}, `All ${steps.length} steps, loops folded`), box);
  let current = 0;
  const show = (position) => {
    buttons.get(current)?.removeAttribute("aria-current");
    buttons.get((current = position))?.setAttribute("aria-current", "step");
  };
  node.addEventListener("toggle", () => {
    if (!node.open || box.childElementCount) return;
    box.append(...foldLoops(steps, lines, 0, steps.length).map((item) => stepNode(item, steps, lines, buttons, onStep)));
    show(current);
  });
  return { node, show };
}

const indent = (line) => line.length - line.trimStart().length;

// The last line of the block that a loop's header opens.
function blockEnd(lines, header) {
  let end = header;
  for (let number = header + 1; number <= lines.length; number += 1) {
    if (!lines[number - 1].trim()) continue;
    if (indent(lines[number - 1]) <= indent(lines[header - 1])) break;
    end = number;
  }
  return end;
}

// Steps from `start` to `stop` as a tree: a number is a step, { header, iterations } a loop.
function foldLoops(steps, lines, start, stop) {
  const items = [];
  for (let index = start; index < stop; index += 1) {
    const [event, frame, line] = steps[index];
    if (event !== "line" || !/^\s*(async\s+for|for|while)\b/.test(lines[line - 1] ?? "")) {
      items.push(index);
      continue;
    }
    const end = loopEnd(steps, index, stop, frame, line, blockEnd(lines, line));
    items.push(loopOf(steps, lines, index, end, frame, line));
    index = end - 1;
  }
  return items;
}

function loopEnd(steps, start, stop, frame, first, last) {
  let index = start + 1;
  for (; index < stop; index += 1) {
    const [event, itsFrame, line] = steps[index];
    if (itsFrame === frame && (event === "return" || line < first || line > last)) break;
  }
  return index;
}

function loopOf(steps, lines, start, end, frame, header) {
  const starts = [];
  for (let index = start; index < end; index += 1) {
    const [event, itsFrame, line] = steps[index];
    if (event === "line" && itsFrame === frame && line === header) starts.push(index);
  }
  const iterations = starts.map((from, number) => ({ from, items: foldLoops(steps, lines, from + 1, starts[number + 1] ?? end) }));
  return { header, iterations };
}

function stepNode(item, steps, lines, buttons, onStep) {
  if (typeof item === "number") return stepButton(item, steps, lines, buttons, onStep);
  const ran = item.iterations.filter(({ items }) => items.length).length;
  return el("details", {}, el("summary", {}, el("code", {}, visible(lines[item.header - 1].trim())), ` ${ran} ${ran === 1 ? "iteration" : "iterations"}`),
    item.iterations.map(({ from, items }) => (items.length
      ? el("details", {}, el("summary", {}, stepText(steps[from])), [from, ...items].map((each) => stepNode(each, steps, lines, buttons, onStep)))
      : stepNode(from, steps, lines, buttons, onStep))));
}

function stepButton(index, steps, lines, buttons, onStep) {
  const step = steps[index];
  const button = el("button", { type: "button", onclick: () => onStep(index) }, el("span", {}, `${index + 1}`.padStart(4)), el("code", {}, stepText(step), " "));
  buttons.set(index, button);
  return button;
}

function stepText(step) {
  const changes = Object.entries(step[CHANGES]).map(([name, value]) => `${name} = ${value.length > 120 ? `${value.slice(0, 120)}…` : value}`);
  const what = step[EVENT] === "line" ? "" : `${step[EVENT]} ${step[VALUE]} `;
  return visible(`line ${step[LINE]}  ${what}${changes.join(", ")}`);
}

// Colour a line by just enough of Python's grammar; a string over several lines keeps its state in `open`.
const WORDS = "False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda match nonlocal not or pass raise return try while with yield";
const KEYWORDS = new Set(WORDS.split(" "));
const TOKEN = /("""|''')|([rbfuRBFU]{0,2}"(?:\\.|[^"\\])*"?|[rbfuRBFU]{0,2}'(?:\\.|[^'\\])*'?)|(#.*)|(\b\d[\w.]*)|([^\W\d]\w*)/gu;

function highlighted(source) {
  let open = "";
  return source.split("\n").map((line) => {
    const nodes = [];
    let at = 0;
    if (open) {
      const end = line.indexOf(open);
      at = end < 0 ? line.length : end + 3;
      nodes.push(el("span", { class: "s" }, visible(line.slice(0, at))));
      if (end >= 0) open = "";
    }
    if (!open) [open, at] = colour(line, at, nodes);
    return [...nodes, ...visible(line.slice(at))];
  });
}

function colour(line, at, nodes) {
  TOKEN.lastIndex = at;
  for (let match = TOKEN.exec(line); match; match = TOKEN.exec(line)) {
    nodes.push(...visible(line.slice(at, match.index)));
    if (match[1]) {
      const end = line.indexOf(match[1], match.index + 3);
      at = end < 0 ? line.length : end + 3;
      nodes.push(el("span", { class: "s" }, visible(line.slice(match.index, at))));
      if (end < 0) return [match[1], at];
      TOKEN.lastIndex = at;
      continue;
    }
    const kind = match[2] ? "s" : match[3] ? "c" : match[4] ? "n" : KEYWORDS.has(match[0]) ? "k" : "";
    nodes.push(kind ? el("span", { class: kind }, visible(match[0])) : match[0]);
    at = match.index + match[0].length;
  }
  return ["", at];
}
