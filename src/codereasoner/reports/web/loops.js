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
