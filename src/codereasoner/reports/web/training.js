// The training curves of every trained model.

const AXES = { seconds: "seconds of training", tokens: "tokens seen", step: "step" };
const PLOTS = [
  { column: "loss", title: "Loss", only: (model) => model !== "grpo" },
  { column: "held_out", title: "Held-out questions", unit: "%",
    note: "Programs that no training sees, asked during training and graded as in every evaluation." },
  { column: "held_out output", title: "Held out: predict the output", unit: "%" },
  { column: "held_out input", title: "Held out: find an input", unit: "%" },
  { column: "token_accuracy", title: "Tokens predicted", unit: "%", factor: 100 },
  { column: "reward", title: "Reward" },
  { column: "pass_rate", title: "Completions that were right", unit: "%", factor: 100 },
  { column: "zero_variance", title: "Groups without variance", unit: "%", factor: 100,
    note: "All completions of such a group got the same reward, so it teaches nothing." },
  { column: "truncated", title: "Truncated completions", unit: "%", factor: 100 },
  { column: "completion_tokens", title: "Completion length in tokens" },
  { column: "entropy", title: "Entropy" },
  { column: "step_seconds", title: "Seconds per step" },
  { column: "reward_seconds", title: "Seconds per step on rewards" },
  { column: "learning_rate", title: "Learning rate" },
];

function trainingSection(curves) {
  if (!curves.length) return null;
  const axes = Object.keys(AXES).filter((axis) => curves.every(({ columns }) => columns[axis]));
  const charts = el("div", { class: "panels" });
  const draw = (axis) => charts.replaceChildren(...PLOTS.map((plot) => chartOf(plot, curves, axis)).filter(Boolean));
  const choice = pressOne(axes, String, draw, "What the horizontal axis shows");
  draw(axes[0]);
  return el("section", { "aria-labelledby": "training" },
    el("div", { class: "headline" }, el("h2", { id: "training" }, "Training"), choice),
    el("div", { class: "card" }, spentTable(curves), charts));
}

const SPENT = { step: "steps", seconds: "seconds", tokens: "tokens" };

function endOf({ reward, loss }) {
  if (reward !== undefined) return `reward ${short(reward)}`;
  return loss === undefined ? "" : `loss ${short(loss)}`;
}

// What each training spent, and where it ended.
function spentTable(curves) {
  const columns = Object.keys(SPENT).filter((name) => curves.some((curve) => curve.last[name] !== undefined));
  const rows = curves.map(({ model, last }) => el("tr", {}, el("th", { scope: "row" }, modelName({ model })),
    columns.map((name) => el("td", { class: "number" }, last[name] === undefined ? "" : short(last[name]))),
    el("td", { class: "number" }, endOf(last))));
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "What each training spent" }, el("table", {},
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "model"), columns.map((name) => el("th", { scope: "col", class: "number" }, SPENT[name])),
      el("th", { scope: "col", class: "number" }, "ended at"))),
    el("tbody", {}, rows)));
}

function chartOf(plot, curves, axis) {
  const lines = curves.map((curve) => lineOf(plot, curve, axis)).filter(Boolean);
  return lines.length ? lineChart(lines, { ...plot, xLabel: AXES[axis] ?? "row" }) : null;
}

function lineOf(plot, { model, columns }, axis) {
  if (!columns[plot.column] || (plot.only && !plot.only(model))) return null;
  const points = columns[plot.column].map((value, index) => [columns[axis]?.[index] ?? index, value]).filter(([, value]) => value !== null);
  const [xs, ys] = [points.map(([x]) => x), points.map(([, value]) => value * (plot.factor ?? 1))];
  return points.length > 1 ? { name: model, number: seriesOf(model), xs, ys } : null;
}

const KNOWN = ["base", "sft", "control", "grpo"];
const others = [];

// One colour for a model everywhere in the page.
function seriesOf(model) {
  const name = model.replace(/ \(.*\)$/, "");
  if (KNOWN.includes(name)) return KNOWN.indexOf(name);
  if (!others.includes(model)) others.push(model);
  return 4 + others.indexOf(model);
}
