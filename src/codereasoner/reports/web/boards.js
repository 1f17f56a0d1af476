// Pages of their own: a leaderboard, and CodeGlance's analysis of a score by feature.

function boardSections(boards) {
  if (!boards.length) return [];
  const note = el("p", { class: "small soft" }, "Published numbers were obtained with other prompts and parsers than yours: read them side by side, but compare two models with ",
    el("code", {}, "codereasoner compare"), ", on the same questions.");
  return [...boards.map(boardSection), note];
}

function boardSection({ title, entries }) {
  const rows = entries.map(({ model, value, interval, settings, source, kind }) => ({ kind, cells: [
    visible(model), [el("b", {}, percent(value)), " ", interval ? el("span", { class: "interval" }, `${tenths(interval[0])} to ${tenths(interval[1])}`) : null],
    boardBar(value, interval), el("span", { class: "small soft" }, visible(settings)), el("span", { class: "small soft" }, visible(source))] }));
  const head = ["model", "pass@1 with its 95 % interval", "", "settings", "source"];
  return el("section", { class: "leaderboard", "aria-label": title }, el("h2", {}, visible(title)), el("div", { class: "card" }, dataTable(`Table of ${title}`, head, rows)));
}

function boardBar(value, interval) {
  const width = 220;
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
