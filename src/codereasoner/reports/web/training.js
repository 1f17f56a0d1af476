// The training curves of every trained model.

const AXES = { seconds: "seconds of training", tokens: "tokens seen", step: "step" };
const HELD_OUT = "Held-out questions";
const PLOTS = [
  { column: "loss", title: "Loss", only: (model) => model !== "grpo" },
  { column: "held_out", title: HELD_OUT, unit: "%",
    note: "Programs that no training sees, asked during training and graded as in every evaluation." },
  { column: "token_accuracy", title: "Token accuracy", unit: "%", factor: 100 },
  { column: "reward", title: "Reward" },
  { column: "pass_rate", title: "Pass rate", unit: "%", factor: 100 },
  { column: "zero_variance", title: "Groups without reward variance", unit: "%", factor: 100,
    note: "All completions of such a group have the same reward, so its advantages are zero and it teaches nothing." },
  { column: "truncated", title: "Truncated completions", unit: "%", factor: 100 },
  { column: "completion_tokens", title: "Completion length in tokens" },
  { column: "entropy", title: "Entropy" },
  { column: "step_seconds", title: "Seconds per step" },
  { column: "reward_seconds", title: "Seconds per step on rewards" },
  { column: "learning_rate", title: "Learning rate" },
];

// The plots, with one for each task that held-out questions were counted by: its column is "held_out TASK".
function plotsOf(curves) {
  const columns = [...new Set(curves.flatMap((curve) => Object.keys(curve.columns)))].filter((name) => name.startsWith("held_out "));
  const byTask = columns.map((column) => ({ column, title: `${HELD_OUT}: ${taskName(column.slice("held_out ".length))}`, unit: "%" }));
  return PLOTS.flatMap((plot) => (plot.column === "held_out" ? [plot, ...byTask] : [plot]));
}

function trainingSection(curves) {
  if (!curves.length) return null;
  const axes = Object.keys(AXES).filter((axis) => curves.every(({ columns }) => columns[axis]));
  const charts = el("div", { class: "panels" });
  const draw = (axis) => charts.replaceChildren(...plotsOf(curves).map((plot) => chartOf(plot, curves, axis)).filter(Boolean));
  const choice = pressOne(axes, String, draw, "Horizontal axis");
  draw(axes[0]);
  return el("section", { "aria-labelledby": "training" },
    el("div", { class: "headline" }, el("h2", { id: "training" }, "Training"), choice),
    el("div", { class: "card" }, spentTable(curves), charts));
}

const SPENT = ["step", "seconds", "tokens"];

function endOf({ reward, loss }) {
  if (reward !== undefined) return `reward ${short(reward)}`;
  return loss === undefined ? "" : `loss ${short(loss)}`;
}

// The steps, seconds and tokens of each training, and its last reward or loss.
function spentTable(curves) {
  const columns = SPENT.filter((name) => curves.some((curve) => curve.last[name] !== undefined));
  const rows = curves.map(({ model, last }) => [modelName({ model }), ...columns.map((name) => (last[name] === undefined ? "" : short(last[name]))), endOf(last)]);
  return dataTable("Cost of each training", ["model", ...columns.map((name) => (name === "step" ? "steps" : name)), "last value"], rows, { numbers: true });
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
