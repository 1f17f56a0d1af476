// Accuracy by feature: for each value of a feature a row, in it a dot with its interval for each model.

const FEATURE = { line: 9, gap: 9, right: 44, bottom: 30 };

function featurePlots(features) {
  if (!features.length) return null;
  const tasks = [...new Set(features.map(({ task }) => task))];
  const plots = el("div", { class: "panels" });
  const draw = (task) => plots.replaceChildren(...features.filter((each) => each.task === task).map(featurePlot));
  const choice = tasks.length > 1 ? pressOne(tasks, taskName, draw, "Which task") : null;
  draw(tasks[0]);
  return el("details", { class: "features" }, el("summary", {}, "Accuracy by feature"),
    el("div", { class: "headline" }, choice, modelLegend(features)), plots);
}

function modelLegend(features) {
  const models = [...new Set(features.flatMap(({ bins }) => bins.flatMap((bin) => Object.keys(bin.models))))];
  return el("ul", { class: "legend" }, models.map((model) => el("li", {}, modelName({ model }))));
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

function featurePlot({ feature, bins }) {
  return el("figure", {}, el("figcaption", {}, el("b", {}, visible(feature)), el("span", { class: "small soft" }, "questions")),
    responsive((width) => drawFeature(feature, bins, width)));
}

function drawFeature(feature, bins, width) {
  const left = 16 + 7 * Math.max(...bins.map(({ label }) => Math.min(16, label.length)));
  const x = scale(0, 100, left, width - FEATURE.right);
  const heights = bins.map((bin) => Math.max(18, Object.keys(bin.models).length * FEATURE.line + FEATURE.gap));
  const height = heights.reduce((sum, value) => sum + value, 0) + FEATURE.bottom;
  const tops = heights.map((_, index) => heights.slice(0, index).reduce((sum, value) => sum + value, 0));
  return svg("svg", { width, height, role: "img", "aria-label": `Accuracy by ${feature}: ${bins.map(binText).join("; ")}` },
    ticks(0, 100, 4).map((value) => svg("g", {},
      svg("line", { class: "grid", x1: x(value), x2: x(value), y1: 0, y2: height - FEATURE.bottom }),
      svg("text", { x: x(value), y: height - FEATURE.bottom + 16, "text-anchor": "middle" }, `${value} %`))),
    bins.map((bin, index) => drawBin(bin, x, left, tops[index], heights[index], width)));
}

function binText({ label, models }) {
  return `${label}: ${Object.entries(models).map(([model, [share]]) => `${model} ${percent(share)}`).join(", ")}`;
}

function drawBin(bin, x, left, top, height, width) {
  const middle = top + height / 2 + 4;
  const name = bin.label.length > 16 ? `${bin.label.slice(0, 15)}…` : bin.label;
  const models = Object.entries(bin.models);
  const first = top + (height - (models.length - 1) * FEATURE.line) / 2;
  return svg("g", {},
    svg("text", { class: "name", x: left - 10, y: middle, "text-anchor": "end" }, name, svg("title", {}, bin.label)),
    models.map(([model, [share, low, high]], index) => svg("g", { style: series(seriesOf(model)) },
      svg("title", {}, `${model}, ${bin.label}: ${percent(share)}, 95 % interval ${tenths(low)} to ${tenths(high)}`),
      svg("line", { class: "whisker thin", x1: x(low), x2: x(high), y1: first + index * FEATURE.line, y2: first + index * FEATURE.line }),
      svg("circle", { class: "point", cx: x(share), cy: first + index * FEATURE.line, r: 3.5 }))),
    svg("text", { x: width, y: middle, "text-anchor": "end" }, whole(bin.questions)));
}
