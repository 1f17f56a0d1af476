// Accuracy with its intervals, differences, outcomes in full, classes of mistakes, and accuracy by feature.

const MISTAKES_NOTE = "of wrong and unreadable answers; decided by the first false claim of the chain, else by the answer";
const sampleNote = ({ answers, audited }) => (audited < answers ? `; of a sample of ${whole(audited)} of ${whole(answers)} answers of each model` : "");

function resultsSection({ results = [], features, differences, mistakes, lists }) {
  if (!results.length) return null;
  const groups = new Map();
  for (const row of results) groups.set(row.questions, [...(groups.get(row.questions) ?? []), row]);
  const cards = [...groups].map(([name, rows]) => {
    const [own, theirs, wrong] = [features, differences, mistakes].map((found) => found.filter(({ list }) => list === name));
    return resultCard(rows, own, theirs, wrong, lists[name] ?? []);
  });
  return el("section", { "aria-labelledby": "results" }, el("h2", { id: "results" }, "Results"), el("div", { class: "stack" }, cards));
}

function resultCard(rows, features, differences, mistakes, splits) {
  const tasks = [...new Set(rows.flatMap((row) => row.tasks.map(({ task }) => task)))];
  const columns = tasks.length > 1 ? [...tasks, null] : tasks.length ? tasks : [null];
  const ways = [...new Set(rows.map((row) => [row.style && `style ${row.style}`, row.grader && `${row.grader} grader`].filter(Boolean).join(", ")))];
  return el("div", { class: "card" },
    el("div", { class: "headline" }, el("h3", {}, visible(rows[0].questions)),
      el("span", { class: "small soft" }, `pass@1 with 95 % intervals, ${counted(rows[0].n_questions, "question")}; ${ways.join("; ")}`)),
    accuracyTable(rows, columns),
    ownNumbers(rows),
    el("div", { class: "panels" }, columns.map((task) => accuracyPlot(rows, task, columns))),
    differenceTable(differences, columns, splits),
    subsection("Outcomes of all answers", "", outcomeBars(rows, columns.filter((task) => task !== null || !tasks.length), splits)),
    mistakeTable(mistakes, splits),
    featurePlots(features));
}

const subsection = (title, note, ...body) => [el("h3", { class: "part" }, title), note ? el("p", { class: "small soft" }, note) : null, ...body];
const part = (row, task) => (task === null ? row : row.tasks.find((each) => each.task === task));
const columnName = (task) => (task === null ? "all" : taskName(task));

function accuracyTable(rows, columns) {
  const steps = rows.some((row) => row.steps); // right steps, not only right answers
  const head = ["model", ...columns.map(columnName), steps ? el("span", { title: "the mean share of claims of a chain that are true in the real trace" }, "true claims") : null];
  const baselines = baselineRows(rows, columns).map((cells) => [...cells, steps ? "" : null]);
  const body = rows.map((row) => [[modelName(row), row.identity === row.model ? null : el("div", { class: "identity" }, visible(row.identity))],
    ...columns.map((task) => figure(part(row, task))), steps ? stepsFigure(row.steps) : null]);
  const kept = (cells) => cells.filter((cell) => cell !== null);
  return dataTable("Table of accuracies", kept(head), body.map(kept), { kind: "accuracies", foot: baselines.map(kept) });
}

function stepsFigure(steps) {
  if (!steps) return "–";
  return [el("b", {}, percent(steps.share)), " ", intervalText(steps.interval), el("div", { class: "interval" }, `${whole(steps.answers)} answers with claims`)];
}

// The numbers that a benchmark measures beyond pass@1, such as REval's consistency.
function ownNumbers(rows) {
  const names = [...new Set(rows.flatMap(({ metrics }) => metrics.map(([name]) => name)))];
  if (!names.length) return null;
  const number = (value) => (typeof value === "number" ? tenths(value) : "–");
  const body = rows.filter(({ metrics }) => metrics.length).map((row) => [modelName(row), ...names.map((name) => number(new Map(row.metrics).get(name)))]);
  return dataTable("Numbers of the benchmark's own", ["also measured", ...names.map((name) => name.replaceAll("_", " "))], body, { kind: "own-numbers", numbers: true });
}

function modelName({ model }) {
  return el("span", { class: "model" }, el("span", { class: "dot", style: series(seriesOf(model)) }), modelText(model));
}

function figure(numbers) {
  if (!numbers || typeof numbers["pass@1"] !== "number") return "–";
  return [el("b", {}, percent(numbers["pass@1"])), " ", intervalText(numbers.interval),
    numbers.more.map(([name, value]) => el("div", { class: "interval" }, `${name} ${percent(value)}`))];
}

function intervalText(interval) {
  return interval ? el("span", { class: "interval" }, `${tenths(interval[0])}–${tenths(interval[1])}`) : null;
}

function baselinesOf(rows) {
  return Object.entries(Object.assign({}, ...rows.map((row) => row.baselines)));
}

// As few rows as hold the baselines of every column, each with its name below it.
function baselineRows(rows, columns) {
  const found = columns.map((task) => baselinesOf(rows).filter(([name]) => baselineColumn(name, columns) === task));
  const cell = (baseline, task) => baseline ? [percent(baseline[1]), el("div", { class: "guess" }, baseline[0].replace(`${task}: `, ""))] : "";
  return Array.from({ length: Math.max(...found.map(({ length }) => length)) },
    (_, place) => ["without a model", ...found.map((each, column) => cell(each[place], columns[column]))]);
}

// A baseline named "input: always 0" belongs to the column of that task, any other to the last column.
function baselineColumn(name, columns) {
  return columns.find((task) => task && name.startsWith(`${task}: `)) ?? columns[columns.length - 1];
}

function accuracyPlot(rows, task, columns) {
  const shown = rows.filter((row) => typeof part(row, task)?.["pass@1"] === "number");
  if (!shown.length) return null;
  const baselines = baselinesOf(rows).filter(([name]) => baselineColumn(name, columns) === task);
  const dots = shown.map((row) => {
    const { "pass@1": value, interval } = part(row, task);
    const [low, high] = interval ?? [value, value];
    return { number: seriesOf(row.model), value, low, high, title: dotTitle(row.model, value, low, high) };
  });
  const high = Math.max(5, ...dots.map((dot) => dot.high), ...baselines.map(([, value]) => value));
  const plot = dotPlot(shown.map(({ model }, index) => ({ name: model, dots: [dots[index]] })), {
    ticks: outerTicks(0, high, 5), text: (value) => `${value} %`,
    lines: baselines.map(([name, value]) => [`without a model: ${name}`, value]),
    label: `Accuracy, ${columnName(task)}: ${shown.map(({ model }, index) => `${model} ${percent(dots[index].value)}`).join(", ")}` });
  return el("figure", {}, el("figcaption", {}, el("b", {}, columnName(task)), el("span", { class: "small soft" }, counted(part(shown[0], task).n_questions, "question"))), plot);
}

const dotTitle = (name, value, low, high) => `${name}: ${percent(value)}, 95 % interval ${tenths(low)} to ${tenths(high)}`;

// Each model against the one before it, and GRPO against its start, on the same questions.
function differenceTable(differences, columns, splits) {
  if (!differences.length) return null;
  const shown = columns.map((task) => task ?? "all");
  const tested = differences.some(({ tasks }) => Object.values(tasks).some(({ p }) => typeof p === "number"));
  const rows = differences.map(({ first, second, tasks }) => [[modelText(second), el("span", { class: "soft" }, " − "), modelText(first)],
    ...shown.map((task) => (tasks[task] ? differenceText(tasks[task], { first, second, task: task === "all" ? "" : task, splits }) : "–"))]);
  return subsection("Differences on the same questions",
    "percentage points, with 95 % intervals; bold where the interval excludes zero; ↑ questions gained, ↓ lost" + (tested ? "; p of McNemar's exact test" : ""),
    dataTable("Differences between models", ["models", ...columns.map(columnName)], rows, { kind: "differences" }));
}

function differenceText({ difference, interval, gained, lost, p }, place) {
  const sure = interval && (interval[0] > 0 || interval[1] < 0);
  const signed = (value) => (value > 0 ? "+" : "") + tenths(value).replace("-", "−");
  return [el(sure ? "b" : "span", {}, signed(difference)), " ",
    interval ? el("span", { class: "interval" }, `${signed(interval[0])} to ${signed(interval[1])}`) : null,
    " ", flipLink("↑", "gained", gained, place), " ", flipLink("↓", "lost", lost, place),
    typeof p === "number" ? el("div", { class: "interval" }, `p ${pText(p)}`) : null];
}

const pText = (p) => (p < 0.001 ? p.toExponential(0) : p.toFixed(3));

// A link to the questions behind a count. A list of questions in one split is that split.
function questionsHash(place, splits) {
  return hashOf({ ...NOWHERE, view: "questions", split: splits.length === 1 ? splits[0] : "", ...place });
}

function flipLink(arrow, outcome, count, { first, second, task, splits }) {
  const text = `${arrow}${whole(count)}`;
  if (!count) return el("span", { class: "interval" }, text);
  const href = questionsHash({ model: second, than: first, outcome, task }, splits);
  return el("a", { class: "interval", href, title: `questions ${outcome} by ${second} against ${first}` }, text);
}

function outcomeBars(rows, tasks, splits) {
  const bars = (shown) => el("div", { class: "outcomes" }, shown.map((task) => [
    tasks.length > 1 ? el("h4", { class: "small soft" }, columnName(task)) : null,
    rows.filter((row) => part(row, task)).map((row) => outcomeRow(row, task, splits)),
  ]));
  if (tasks.length <= 2) return bars(tasks);
  return [bars([null]), el("details", { class: "features" }, el("summary", {}, "Outcomes by task"), bars(tasks))];
}

function outcomeRow(row, task, splits) {
  const outcomes = Object.entries(part(row, task).outcomes);
  const total = outcomes.reduce((sum, [, count]) => sum + count, 0);
  const bar = outcomes.filter(([, count]) => count).map(([outcome, count]) => el("span", { class: `o-${outcome}`, style: { flex: `${count} 0 0` }, title: `${OUTCOMES[outcome].name}: ${whole(count)}` }));
  return el("div", { class: "outcome-row" },
    modelName(row),
    el("div", { class: "stacked", "aria-hidden": "true" }, bar),
    el("ul", { class: "tally" }, outcomes.map(([outcome, count]) => el("li", { class: `o-${outcome}` }, tallyItem(row, task, splits, outcome, count, total)))));
}

function tallyItem(row, task, splits, outcome, count, total) {
  const text = `${OUTCOMES[outcome].name} ${whole(count)}`;
  if (!count) return el("span", { class: "none" }, text);
  return el("a", { href: questionsHash({ model: row.model, task: task ?? "", outcome }, splits) }, text, el("span", { class: "soft" }, ` (${percent((100 * count) / total)})`));
}

// A bar for each class of mistakes and model, each a link to its questions.
function mistakeTable(mistakes, splits) {
  const wrong = mistakes.filter(({ counts }) => Object.values(counts).some(Boolean));
  if (!wrong.length) return null;
  const most = Math.max(...wrong.flatMap(({ counts }) => Object.values(counts)));
  const rows = Object.entries(MISTAKES).filter(([kind]) => wrong.some(({ counts }) => counts[kind]))
    .map(([kind, { name, note }]) => [[name, el("div", { class: "identity" }, note)], ...wrong.map((each) => mistakeBar(each, kind, most, splits))]);
  return subsection("Classes of mistakes", MISTAKES_NOTE + sampleNote(wrong[0]), dataTable("Classes of mistakes", ["class", ...wrong.map(modelName)], rows, { kind: "mistakes" }));
}

function mistakeBar({ model, counts }, mistake, most, splits) {
  const count = counts[mistake];
  const total = Object.values(counts).reduce((sum, value) => sum + value, 0);
  if (!count) return el("span", { class: "soft small" }, "0");
  return [el("a", { class: "small", href: questionsHash({ model, mistake }, splits) }, `${whole(count)} `, el("span", { class: "soft" }, `(${percent((100 * count) / total)})`)),
    el("i", { class: "bar-of", "aria-hidden": "true", style: { width: `${(100 * count) / most}%`, ...series(seriesOf(model)) } })];
}

function featurePlots(features) {
  if (!features.length) return null;
  const tasks = [...new Set(features.map(({ task }) => task))];
  const models = [...new Set(features.flatMap(({ bins }) => bins.flatMap((bin) => Object.keys(bin.models))))];
  const plots = el("div", { class: "panels" });
  const draw = (task) => plots.replaceChildren(...features.filter((each) => each.task === task).map(featurePlot));
  const choice = tasks.length > 1 ? pressOne(tasks, taskName, draw, "Task") : null;
  draw(tasks[0]);
  return el("details", { class: "features" }, el("summary", {}, "Accuracy by feature"),
    el("div", { class: "headline" }, choice, el("ul", { class: "legend" }, models.map((model) => el("li", {}, modelName({ model }))))), plots);
}

function featurePlot({ feature, bins }) {
  const rows = bins.map(({ label, questions, models }) => ({ name: label, right: whole(questions),
    dots: Object.entries(models).map(([model, [value, low, high]]) => ({ number: seriesOf(model), value, low, high, title: dotTitle(`${model}, ${label}`, value, low, high) })) }));
  const text = bins.map(({ label, models }) => `${label}: ${Object.entries(models).map(([model, [share]]) => `${model} ${percent(share)}`).join(", ")}`);
  return plotFigure(feature, "questions", dotPlot(rows, { ticks: [0, 25, 50, 75, 100], text: (value) => `${value} %`, label: `Accuracy by ${feature}: ${text.join("; ")}` }));
}

function plotFigure(title, right, plot) {
  return el("figure", {}, el("figcaption", {}, el("b", {}, visible(title)), el("span", { class: "small soft" }, right)), plot);
}
