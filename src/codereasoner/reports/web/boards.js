// Pages of their own: a leaderboard, and CodeGlance's analysis of a score by feature.

const SIZES = { 3: ["up to 3B", 0, 3], 10: ["3B to 10B", 3, 10], 40: ["10B to 40B", 10, 40], more: ["over 40B", 40, Infinity] };
const CHOICES = {
  benchmark: { name: "benchmark", values: (boards) => boards.map(({ benchmark, title }) => [benchmark, title]) },
  mode: { name: "setting", values: () => [["direct", "direct"], ["reasoning", "reasoning first"], ["unknown", "not stated"]] },
  size: { name: "size", values: () => [...Object.entries(SIZES).map(([key, [name]]) => [key, name]), ["none", "not stated"]] },
  from: { name: "results", values: () => [["own", "yours"], ["published", "published"]] },
};

function boardSections(boards, files) {
  if (!boards.length) return [];
  const shown = el("div", { class: "boards" });
  const draw = () => {
    const sections = boards.map(boardSection).filter(Boolean);
    shown.replaceChildren(...(sections.length ? sections : [el("p", { class: "soft" }, "No result fits these choices.")]));
  };
  onPlace(draw);
  draw();
  const note = el("p", { class: "small soft" }, "Published numbers were obtained with other prompts and parsers than yours: read them side by side, but compare two models with ",
    el("code", {}, "codereasoner compare"), ", on the same questions. Recomputed: from published verdicts on every answer. Stated: read in the source. ",
    "Quoted: others reproduce the source's table, which could not be opened. Unconfirmed: hearsay.");
  const links = files.map((file) => [el("a", { href: file }, file), " "]);
  return [el("section", { class: "title" }, el("h1", {}, "Leaderboard"), boardFilters(boards), files.length ? el("p", { class: "small soft" }, "The same as ", links) : null), shown, note];
}

function boardFilters(boards) {
  const choose = ([key, { name, values }]) => {
    const options = [["", "all"], ...values(boards)].map(([value, text]) => el("option", { value, selected: here[key] === value }, visible(text)));
    return el("label", {}, el("span", { class: "small soft" }, name), el("select", { "data-filter": key, onchange: ({ target }) => go({ [key]: target.value }) }, options));
  };
  const chosen = Object.entries(CHOICES).filter(([key]) => key !== "benchmark" || boards.length > 1);
  return el("div", { class: "board-filters" }, chosen.map(choose));
}

function isShown({ kind, mode, size }) {
  if (kind === "baseline") return here.from !== "published" && !here.mode && !here.size;
  const [, low, high] = SIZES[here.size] ?? [];
  const fits = !here.size || (here.size === "none" ? size === null : size !== null && size > low && size <= high);
  return fits && (!here.mode || mode === here.mode) && (!here.from || kind === here.from);
}

function boardSection({ benchmark, title, entries }) {
  const found = entries.filter(isShown);
  if ((here.benchmark && here.benchmark !== benchmark) || !found.length) return null;
  const costs = found.filter(({ tokens }) => tokens !== null);
  const soft = (text, kind = "") => el("div", { class: `small soft ${kind}` }, visible(text));
  const rows = found.map(({ model, value, interval, settings, source, kind, evidence, tokens }) => ({ kind, cells: [
    visible(model), [el("b", {}, percent(value)), " ", interval ? el("span", { class: "interval" }, `${tenths(interval[0])} to ${tenths(interval[1])}`) : null],
    boardBar(value, interval), costs.length ? [tokens === null ? "" : whole(Math.round(tokens))] : null,
    soft(settings, "wide"), soft(source, "wide"), soft(evidence, kind === "published" ? evidence : "")].filter(Boolean) }));
  const head = ["model", "pass@1, 95 % interval", "", costs.length ? "tokens per answer" : null, "settings", "source", "evidence, or grader"];
  return el("section", { class: "leaderboard", "aria-label": title }, el("h2", {}, visible(title)), el("div", { class: "card" },
    costs.length > 1 ? paretoFigure(costs) : null, dataTable(`Table of ${title}`, head.filter((name) => name !== null), rows)));
}

// Accuracy against tokens per answer: a result is on the line if none is at least as accurate with fewer tokens.
function paretoFigure(entries) {
  const sorted = entries.toSorted((one, other) => one.tokens - other.tokens || other.value - one.value);
  const best = sorted.filter(({ value }, index) => sorted.slice(0, index).every((other) => other.value < value));
  const legend = el("ul", { class: "legend" }, sorted.map((entry, index) => el("li", {}, el("span", { class: "dot", style: series(index) }),
    visible(entry.model), " ", el("b", {}, `${percent(entry.value)}, ${whole(Math.round(entry.tokens))} tokens`), isDominated(entry, sorted) ? " (dominated)" : "")));
  return el("figure", { class: "pareto" }, el("figcaption", {}, el("b", {}, "Accuracy against tokens per answer")), responsive((width) => drawPareto(sorted, best, width)), legend);
}

function isDominated({ value, tokens }, entries) {
  return entries.some((other) => other.value >= value && other.tokens <= tokens && (other.value > value || other.tokens < tokens));
}

function drawPareto(entries, best, width) {
  const values = entries.map(({ value }) => value);
  const yTicks = outerTicks(Math.max(0, Math.min(...values) - 2), Math.min(100, Math.max(...values) + 2), 4);
  const [low, high] = [Math.log10(entries[0].tokens / 1.5), Math.log10(entries.at(-1).tokens * 1.5)];
  const marks = [-1, 0, 1, 2, 3, 4, 5].flatMap((power) => (width > 500 ? [1, 2, 5] : [1, 3]).map((digit) => digit * 10 ** power)).filter((mark) => Math.log10(mark) >= low && Math.log10(mark) <= high);
  const position = scale(low, high, CHART.left, width - CHART.right);
  const x = (tokens) => position(Math.log10(tokens));
  const y = scale(yTicks[0], yTicks.at(-1), CHART.height - CHART.bottom, CHART.top);
  const steps = best.map(({ tokens, value }, index) => `${index ? `H${x(tokens)}` : `M${x(tokens)} ${y(value)}`}V${y(value)}`).join("");
  return svg("svg", { width, height: CHART.height, role: "img", "aria-label": `Accuracy against tokens: ${best.map(({ model, value, tokens }) => `${model} ${percent(value)} with ${Math.round(tokens)}`).join("; ")}` },
    yAxis(yTicks, y, width, "%"), xAxis(marks, x, "tokens per answer, logarithmic", width),
    svg("path", { class: "frontier", d: `${steps}H${width - CHART.right}` }),
    entries.map(({ model, value, tokens }, index) => svg("circle", { class: "point", style: series(index), cx: x(tokens), cy: y(value), r: 5 }, svg("title", {}, `${model}: ${percent(value)}, ${Math.round(tokens)} tokens`))));
}

function boardBar(value, interval) {
  const width = 140;
  const x = scale(0, 100, 0, width);
  return svg("svg", { width, height: 14, "aria-hidden": "true" },
    svg("rect", { class: "rest", width, height: 14, rx: 3 }), svg("rect", { class: "value", width: x(value), height: 14, rx: 3 }),
    interval ? svg("line", { class: "axis", x1: x(interval[0]), x2: x(interval[1]), y1: 7, y2: 7, "stroke-width": 1.5 }) : null);
}

function scoreSections(scores, title) {
  return scores.length ? [el("section", { class: "title" }, el("h1", {}, visible(title))), ...scores.map(scoreSection)] : [];
}

function scoreSection({ model, accuracy, logistic }) {
  const groups = new Map();
  for (const row of accuracy) groups.set(row.feature, [...(groups.get(row.feature) ?? []), row]);
  const cells = accuracy.map((row) => [words(row.feature), valueRange(row), whole(row.questions), percent(row.accuracy), `${tenths(row.interval[0])} to ${tenths(row.interval[1])}`]);
  return el("section", { class: "score" }, model ? el("h2", {}, visible(model)) : null, el("div", { class: "card" },
    subsection("Accuracy by feature, 95 % intervals", "", el("div", { class: "panels" }, [...groups].map(scorePlot))),
    logistic.length ? logisticPart(logistic) : null,
    subsection("Table", "", dataTable("Accuracy by feature", ["feature", "values", "questions", "accuracy", "95 % interval"], cells, { numbers: true }))));
}

const words = (feature) => visible(feature.replaceAll("_", " "));
const valueRange = ({ low, high }) => (low === high ? whole(low) : `${whole(low)} to ${whole(high)}`);

function scorePlot([feature, rows]) {
  const points = rows.map((row) => ({ name: valueRange(row), right: whole(row.questions),
    dots: [{ number: 1, value: row.accuracy, low: row.interval[0], high: row.interval[1], title: dotTitle(valueRange(row), row.accuracy, ...row.interval) }] }));
  return plotFigure(feature.replaceAll("_", " "), "questions", dotPlot(points, { ticks: [0, 25, 50, 75, 100], text: (value) => `${value} %`, label: `Accuracy by ${feature}` }));
}

// The odds on a logarithmic scale: 1 is no effect, and 256 is the most that is drawn.
function logisticPart(effects) {
  const log = (odds) => Math.log2(Math.max(odds, 1e-6));
  const title = "Odds of a right answer for each standard deviation more, the other features held";
  const bounds = effects.flatMap(({ interval }) => interval.map(log));
  const reach = Math.min(8, Math.max(1, Math.ceil(Math.max(...bounds.map(Math.abs)))));
  const step = Math.ceil(reach / 4);
  const powers = Array.from({ length: 2 * Math.floor(reach / step) + 1 }, (_, index) => (index - Math.floor(reach / step)) * step);
  const rows = effects.map(({ feature, odds, interval, p_value }) => ({ name: feature.replaceAll("_", " "), right: pText(p_value),
    dots: [{ number: 1, value: log(odds), low: log(interval[0]), high: log(interval[1]), title: `odds ${odds.toFixed(3)}, 95 % interval ${interval[0].toFixed(3)} to ${interval[1].toFixed(3)}` }] }));
  const cells = effects.map(({ feature, odds, interval, p_value, deviation }) => [words(feature), odds.toFixed(3), `${interval[0].toFixed(3)} to ${interval[1].toFixed(3)}`, pText(p_value), short(deviation)]);
  return subsection("Logistic model of all features", "",
    plotFigure(title, "p", dotPlot(rows, { ticks: powers, text: (power) => String(Number((2 ** power).toPrecision(3))), label: title })),
    dataTable("Logistic model", ["feature", "odds", "95 % interval", "p", "standard deviation"], cells, { numbers: true }));
}
