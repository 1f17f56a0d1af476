// Line charts, and dots with intervals, as SVG that is drawn anew when its width changes.

const CHART = { height: 210, left: 46, right: 12, top: 10, bottom: 40 };

function responsive(draw) {
  const holder = el("div", {});
  let width = 0;
  new ResizeObserver(([entry]) => {
    const now = Math.floor(entry.contentRect.width);
    if (now && now !== width) holder.replaceChildren(draw((width = now)));
  }).observe(holder);
  return holder;
}

function ticks(low, high, count) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const found = [];
  for (let value = Math.ceil(low / step - 1e-9) * step; value <= high + step * 1e-9; value += step) found.push(Number(value.toPrecision(12)));
  return found;
}

// Ticks that begin at or below `low` and end at or above `high`.
function outerTicks(low, high, count) {
  const found = ticks(low, high, count);
  const step = found.length > 1 ? found[1] - found[0] : high - low || 1;
  if (found[0] > low) found.unshift(Number((found[0] - step).toPrecision(12)));
  if (found.at(-1) < high) found.push(Number((found.at(-1) + step).toPrecision(12)));
  return found;
}

function scale(low, high, from, to) {
  return (value) => from + ((value - low) / (high - low || 1)) * (to - from);
}

function short(value) {
  const size = Math.abs(value);
  if (size >= 1e9) return `${Number((value / 1e9).toPrecision(3))}G`;
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (size >= 1e4) return `${Number((value / 1e3).toPrecision(3))}k`;
  return size && size < 1e-3 ? value.toExponential(0) : String(Number(value.toPrecision(3)));
}

// The mean of a window around each value: it follows without lagging behind.
function smoothed(values) {
  const reach = Math.ceil(values.length / 40);
  return values.map((_, index) => {
    const window = values.slice(Math.max(0, index - reach), index + reach + 1);
    return window.reduce((sum, value) => sum + value, 0) / window.length;
  });
}

function pathOf(xs, ys, x, y) {
  return xs.map((value, index) => `${index ? "L" : "M"}${x(value).toFixed(1)} ${y(ys[index]).toFixed(1)}`).join("");
}

// lines: [{ name, number, xs, ys }]; options: { title, unit, xLabel, note }
function lineChart(lines, options) {
  const readout = el("ul", { class: "legend" });
  const say = (text) => readout.replaceChildren(...lines.map((line) => legendItem(line, text(line))));
  say(() => "");
  const caption = el("figcaption", {}, el("b", {}, options.title), readout);
  const note = options.note ? el("p", { class: "small soft" }, options.note) : null;
  return el("figure", {}, caption, responsive((width) => drawLines(lines, options, width, say)), note);
}

function legendItem(line, text) {
  return el("li", {}, el("span", { class: "dot", style: series(line.number) }), modelText(line.name), " ", el("b", {}, text));
}

function drawLines(lines, options, width, say) {
  const xs = lines.flatMap((line) => line.xs);
  const ys = lines.flatMap((line) => line.ys);
  const [xLow, xHigh] = [Math.min(0, ...xs), Math.max(...xs)];
  const yTicks = outerTicks(Math.min(0, ...ys), Math.max(...ys) || 1, 4);
  const x = scale(xLow, xHigh, CHART.left, width - CHART.right);
  const y = scale(yTicks[0], yTicks.at(-1), CHART.height - CHART.bottom, CHART.top);
  const rule = svg("line", { class: "rule", y1: CHART.top, y2: CHART.height - CHART.bottom, visibility: "hidden" });
  const picture = svg("svg", { width, height: CHART.height, role: "img", "aria-label": describe(lines, options) },
    yAxis(yTicks, y, width, options.unit), xAxis(ticks(xLow, xHigh, width > 500 ? 8 : 4), x, options.xLabel, width),
    lines.map((line) => drawLine(line, x, y)), rule);
  followPointer(picture, lines, scale(CHART.left, width - CHART.right, xLow, xHigh), x, rule, say, options.unit);
  return picture;
}

function drawLine(line, x, y) {
  const noisy = line.ys.length > 40;
  return svg("g", { style: series(line.number) },
    noisy ? svg("path", { class: "raw", d: pathOf(line.xs, line.ys, x, y) }) : null,
    svg("path", { class: "smooth", d: pathOf(line.xs, noisy ? smoothed(line.ys) : line.ys, x, y) }));
}

function yAxis(marks, y, width, unit) {
  return marks.map((value) => svg("g", {},
    svg("line", { class: "grid", x1: CHART.left, x2: width - CHART.right, y1: y(value), y2: y(value) }),
    svg("text", { x: CHART.left - 8, y: y(value) + 4, "text-anchor": "end" }, short(value) + (unit === "%" ? " %" : ""))));
}

function xAxis(marks, x, label, width) {
  const bottom = CHART.height - CHART.bottom;
  return [
    svg("line", { class: "axis", x1: CHART.left, x2: width - CHART.right, y1: bottom, y2: bottom }),
    marks.map((value) => svg("text", { x: x(value), y: bottom + 17, "text-anchor": "middle" }, short(value))),
    svg("text", { x: (CHART.left + width - CHART.right) / 2, y: CHART.height - 4, "text-anchor": "middle" }, label),
  ];
}

function followPointer(picture, lines, valueAt, x, rule, say, unit) {
  picture.addEventListener("pointermove", (event) => {
    const wanted = valueAt(event.clientX - picture.getBoundingClientRect().left);
    const at = (line) => line.xs.reduce((best, value, index) => (Math.abs(value - wanted) < Math.abs(line.xs[best] - wanted) ? index : best), 0);
    rule.setAttribute("visibility", "visible");
    const shown = x(lines[0].xs[at(lines[0])]);
    rule.setAttribute("x1", shown);
    rule.setAttribute("x2", shown);
    say((line) => `${short(line.ys[at(line)])}${unit === "%" ? " %" : ""}`);
  });
  picture.addEventListener("pointerleave", () => {
    rule.setAttribute("visibility", "hidden");
    say(() => "");
  });
}

function describe(lines, options) {
  const parts = lines.map((line) => `${line.name} from ${short(line.ys[0])} to ${short(line.ys.at(-1))}`);
  return `${options.title} against ${options.xLabel}: ${parts.join("; ")}`;
}

const DOTS = { line: 9, gap: 12, least: 25, top: 6, bottom: 34, side: 16, label: 36 }; // pixels

// A row for each label, in it a dot with its interval for each model.
// rows: [{ name, right, dots: [{ number, value, low, high, title }] }]; options: { ticks, text, lines: [[name, value]], label }
function dotPlot(rows, options) {
  return responsive((width) => drawDots(rows, options, width));
}

function drawDots(rows, { ticks: marks, text, lines = [], label }, width) {
  const names = rows.map(({ name }) => shortName(name, rows.map((row) => row.name), Math.max(9, Math.min(22, Math.floor(width / 20)))));
  const left = 16 + 7 * Math.max(...names.map((name) => name.length));
  const side = Math.max(DOTS.side, ...rows.map(({ right = "" }) => 10 + 7 * right.length));
  const x = scale(marks[0], marks.at(-1), left, width - side);
  const inside = (value) => x(Math.min(marks.at(-1), Math.max(marks[0], value)));
  const every = Math.max(1, Math.ceil((DOTS.label * (marks.length - 1)) / (width - left - side))); // labels that do not touch
  const heights = rows.map(({ dots }) => Math.max(DOTS.least, dots.length * DOTS.line + DOTS.gap));
  const tops = heights.map((_, index) => DOTS.top + heights.slice(0, index).reduce((sum, value) => sum + value, 0));
  const foot = tops.at(-1) + heights.at(-1);
  return svg("svg", { width, height: foot + DOTS.bottom, role: "img", "aria-label": label },
    marks.map((value, index) => svg("g", {},
      svg("line", { class: "grid", x1: x(value), x2: x(value), y1: DOTS.top, y2: foot }),
      index % every ? null : svg("text", { x: x(value), y: foot + 16, "text-anchor": "middle" }, text(value)))),
    lines.map(([name, value]) => svg("line", { class: "baseline", x1: inside(value), x2: inside(value), y1: DOTS.top, y2: foot }, svg("title", {}, name))),
    rows.map((row, index) => drawRow(row, names[index], inside, left, tops[index], heights[index], width)));
}

function drawRow({ name, right, dots }, shown, x, left, top, height, width) {
  const middle = top + height / 2;
  const first = middle - ((dots.length - 1) * DOTS.line) / 2;
  return svg("g", {},
    svg("text", { class: "name", x: left - 10, y: middle + 4, "text-anchor": "end" }, shown, svg("title", {}, name)),
    dots.map((dot, index) => drawDot(dot, x, first + index * DOTS.line, dots.length === 1)),
    right ? svg("text", { x: width, y: middle + 4, "text-anchor": "end" }, right) : null);
}

function drawDot({ number, value, low, high, title }, x, y, alone) {
  return svg("g", { style: series(number) },
    svg("title", {}, title),
    svg("line", { class: `whisker${alone ? "" : " thin"}`, x1: x(low), x2: x(high), y1: y, y2: y }),
    alone ? [low, high].map((end) => svg("line", { class: "whisker", x1: x(end), x2: x(end), y1: y - 4, y2: y + 4 })) : null,
    svg("circle", { class: "point", cx: x(value), cy: y, r: alone ? 5 : 3.5 }));
}
