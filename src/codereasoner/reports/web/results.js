// Accuracy with its intervals, and the outcomes in full.

const PLOT = { row: 27, right: 16, top: 6, bottom: 34, name: 22 }; // pixels, and letters of a model's name

function resultsSection({ results, features, differences, mistakes, lists }) {
  if (!results.length) return null;
  const groups = Map.groupBy ? Map.groupBy(results, groupOf) : grouped(results);
  return el("section", { "aria-labelledby": "results" }, el("h2", { id: "results" }, "Results"),
    el("div", { class: "stack" }, [...groups.values()].map((rows) => resultCard(rows, features, differences, mistakes, lists))));
}

function groupOf(row) {
  return row.questions;
}

function grouped(rows) {
  const groups = new Map();
  for (const row of rows) groups.set(groupOf(row), [...(groups.get(groupOf(row)) ?? []), row]);
  return groups;
}

function resultCard(rows, features, differences, mistakes, lists) {
  const tasks = [...new Set(rows.flatMap((row) => row.tasks.map(({ task }) => task)))];
  const columns = tasks.length > 1 ? [...tasks, null] : tasks.length ? tasks : [null];
  const ways = [...new Set(rows.map((row) => [row.style && `style ${row.style}`, row.grader && `${row.grader} grader`].filter(Boolean).join(", ")))];
  return el("div", { class: "card" },
    el("div", { class: "headline" }, el("h3", {}, visible(rows[0].questions)),
      el("span", { class: "small soft" }, `pass@1 with 95 % intervals, ${whole(rows[0].n_questions)} questions; ${ways.join("; ")}`)),
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table of accuracies" }, resultTable(rows, columns)),
    ownNumbers(rows),
    el("div", { class: "panels" }, columns.map((task) => whiskerPlot(rows, task, columns))),
    differenceTable(differences.filter(({ list }) => list === rows[0].questions), columns, lists[rows[0].questions] ?? []),
    el("h3", { style: { "margin-top": "1.4rem" } }, "Outcomes of all answers"), outcomeBars(rows, columns.filter((task) => task !== null || !tasks.length), lists[rows[0].questions] ?? []),
    mistakeBars(mistakes.filter(({ list }) => list === rows[0].questions), lists[rows[0].questions] ?? []),
    featurePlots(features.filter(({ list }) => list === rows[0].questions)));
}

function part(row, task) {
  return task === null ? row : row.tasks.find((each) => each.task === task);
}

const columnName = (task) => (task === null ? "all" : taskName(task));

function resultTable(rows, columns) {
  const head = el("tr", {}, el("th", { scope: "col" }, "model"), columns.map((task) => el("th", { scope: "col" }, columnName(task))), stepsHead(rows));
  const body = rows.map((row) => el("tr", {},
    el("th", { scope: "row" }, modelName(row), identityNote(row)),
    columns.map((task) => el("td", {}, figure(part(row, task)))), stepsCell(row, rows)));
  return el("table", {}, el("thead", {}, head), el("tbody", {}, body), floorRows(rows, columns));
}

// The share of true claims in the chains: right steps, not only right answers.
function stepsHead(rows) {
  return rows.some((row) => row.steps) ? el("th", { scope: "col", title: "the mean share of claims of a chain that are true in the real trace" }, "true claims") : null;
}

function stepsCell({ steps }, rows) {
  if (!rows.some((row) => row.steps)) return null;
  return el("td", {}, steps ? [el("b", {}, percent(steps.share)), " ", intervalText(steps.interval), el("div", { class: "interval" }, `${whole(steps.answers)} answers with claims`)] : "–");
}

// What a benchmark measures beside pass@1, such as REval's consistency.
function ownNumbers(rows) {
  const names = [...new Set(rows.flatMap(({ metrics }) => metrics.map(([name]) => name)))];
  if (!names.length) return null;
  const cells = ({ metrics }) => names.map((name) => el("td", { class: "number" }, tenthsOrDash(new Map(metrics).get(name))));
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Numbers of the benchmark's own" }, el("table", { class: "own-numbers" },
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "also measured"), names.map((name) => el("th", { scope: "col", class: "number" }, name.replaceAll("_", " "))))),
    el("tbody", {}, rows.filter(({ metrics }) => metrics.length).map((row) => el("tr", {}, el("th", { scope: "row" }, modelName(row)), cells(row))))));
}

const tenthsOrDash = (value) => (typeof value === "number" ? tenths(value) : "–");

function modelName({ model }) {
  return el("span", { class: "model" }, el("span", { class: "dot", style: series(seriesOf(model)) }), visible(model));
}

function identityNote({ identity, model }) {
  return identity === model ? null : el("div", { class: "identity" }, visible(identity));
}

function figure(numbers) {
  if (!numbers || typeof numbers["pass@1"] !== "number") return "–";
  return [el("b", {}, percent(numbers["pass@1"])), " ", intervalText(numbers.interval),
    numbers.more.map(([name, value]) => el("div", { class: "interval" }, `${name} ${percent(value)}`))];
}

function intervalText(interval) {
  return interval ? el("span", { class: "interval" }, `${tenths(interval[0])}–${tenths(interval[1])}`) : null;
}

function floorRows(rows, columns) {
  const floors = floorsOf(rows);
  if (!floors.length) return null;
  return el("tfoot", {}, floors.map(([name, value]) => el("tr", {},
    el("th", { scope: "row" }, `without a model: ${name}`),
    columns.map((task) => el("td", {}, floorColumn(name, columns) === task ? percent(value) : "")),
    rows.some((row) => row.steps) ? el("td", {}) : null)));
}

function floorsOf(rows) {
  return Object.entries(Object.assign({}, ...rows.map((row) => row.floors)));
}

// A floor named "input: always 0" belongs to the column of that task, any other to the last column.
function floorColumn(name, columns) {
  return columns.find((task) => task && name.startsWith(`${task}: `)) ?? columns[columns.length - 1];
}

function whiskerPlot(rows, task, columns) {
  const shown = rows.filter((row) => typeof part(row, task)?.["pass@1"] === "number");
  if (!shown.length) return null;
  const floors = floorsOf(rows).filter(([name]) => floorColumn(name, columns) === task);
  return el("figure", {}, el("figcaption", {}, el("b", {}, columnName(task)), el("span", { class: "small soft" }, `${whole(part(shown[0], task).n_questions)} questions`)),
    responsive((width) => drawWhiskers(shown, task, floors, width)));
}

// Each model against the one before it, and GRPO against its start, on the same questions.
function differenceTable(differences, columns, splits) {
  if (!differences.length) return null;
  const shown = columns.map((task) => task ?? "all");
  const tested = differences.some(({ tasks }) => Object.values(tasks).some(({ p }) => typeof p === "number"));
  const rows = differences.map(({ first, second, tasks }) => el("tr", {},
    el("th", { scope: "row" }, visible(second), el("span", { class: "soft" }, " − "), visible(first)),
    shown.map((task) => el("td", {}, tasks[task] ? differenceText(tasks[task], { first, second, task: task === "all" ? "" : task, splits }) : "–"))));
  return [el("h3", { style: { "margin-top": "1.4rem" } }, "Differences on the same questions"),
    el("p", { class: "small soft" }, "points, with 95 % intervals; bold where the interval leaves out zero; ↑ questions gained, ↓ lost" + (tested ? "; p of McNemar's exact test" : "")),
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Differences between models" }, el("table", { class: "differences" },
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "models"), columns.map((task) => el("th", { scope: "col" }, columnName(task))))),
      el("tbody", {}, rows)))];
}

function differenceText({ difference, interval, gained, lost, p }, place) {
  const sure = interval && (interval[0] > 0 || interval[1] < 0);
  const signed = (value) => (value > 0 ? "+" : "") + tenths(value).replace("-", "−");
  return [el(sure ? "b" : "span", {}, signed(difference)), " ",
    interval ? el("span", { class: "interval" }, `${signed(interval[0])} to ${signed(interval[1])}`) : null,
    " ", flipLink("↑", "gained", gained, place), " ", flipLink("↓", "lost", lost, place),
    typeof p === "number" ? el("div", { class: "interval" }, `p ${p < 0.001 ? p.toExponential(0) : p.toFixed(3)}`) : null];
}

// A count of flipped questions leads to them.
function flipLink(arrow, outcome, count, { first, second, task, splits }) {
  const text = `${arrow}${whole(count)}`;
  if (!count) return el("span", { class: "interval" }, text);
  const hash = hashOf({ ...NOWHERE, view: "questions", model: second, than: first, outcome, task, split: splits.length === 1 ? splits[0] : "" });
  return el("a", { class: "interval", href: hash, title: `questions ${outcome} by ${second} against ${first}` }, text);
}

function drawWhiskers(rows, task, floors, width) {
  const values = rows.map((row) => part(row, task));
  const high = Math.max(...values.flatMap((value) => [value["pass@1"], value.interval?.[1] ?? 0]), ...floors.map(([, value]) => value), 5);
  const top = Math.min(100, Math.ceil(high / 10) * 10);
  const names = rows.map(({ model }) => shortName(model, rows.map((row) => row.model), PLOT.name));
  const left = 16 + 7 * Math.max(...names.map((name) => name.length));
  const x = scale(0, top, left, width - PLOT.right);
  const height = PLOT.top + rows.length * PLOT.row + PLOT.bottom;
  const label = rows.map((row, index) => `${row.model} ${percent(values[index]["pass@1"])}`).join(", ");
  return svg("svg", { width, height, role: "img", "aria-label": `Accuracy, ${columnName(task)}: ${label}` },
    whiskerAxis(x, top, height), floors.map(([name, value]) => floorLine(name, x(value), height)),
    rows.map((row, index) => whisker(row, names[index], values[index], x, left - 10, PLOT.top + (index + 0.5) * PLOT.row)));
}

function whiskerAxis(x, top, height) {
  const bottom = height - PLOT.bottom;
  return ticks(0, top, 5).map((value) => svg("g", {},
    svg("line", { class: "grid", x1: x(value), x2: x(value), y1: PLOT.top, y2: bottom }),
    svg("text", { x: x(value), y: bottom + 16, "text-anchor": "middle" }, `${value} %`)));
}

function floorLine(name, at, height) {
  return svg("line", { class: "floor", x1: at, x2: at, y1: PLOT.top, y2: height - PLOT.bottom }, svg("title", {}, `without a model: ${name}`));
}

function whisker(row, name, value, x, nameEnd, y) {
  const [low, high] = value.interval ?? [value["pass@1"], value["pass@1"]];
  return svg("g", { style: series(seriesOf(row.model)) },
    svg("title", {}, `${row.model}: ${percent(value["pass@1"])}, 95 % interval ${tenths(low)} to ${tenths(high)}`),
    svg("text", { class: "name", x: nameEnd, y: y + 4, "text-anchor": "end" }, name),
    svg("line", { class: "whisker", x1: x(low), x2: x(high), y1: y, y2: y }),
    [low, high].map((end) => svg("line", { class: "whisker", x1: x(end), x2: x(end), y1: y - 4, y2: y + 4 })),
    svg("circle", { class: "point", cx: x(value["pass@1"]), cy: y, r: 5 }));
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

// A count leads to its questions.
function tallyItem(row, task, splits, outcome, count, total) {
  const text = `${OUTCOMES[outcome].name} ${whole(count)}`;
  if (!count) return el("span", { class: "none" }, text);
  const share = ` (${percent((100 * count) / total)})`;
  return el("a", { href: hashOf({ ...NOWHERE, view: "questions", model: row.model, task: task ?? "", split: splits.length === 1 ? splits[0] : "", outcome }) }, text, el("span", { class: "soft" }, share));
}
