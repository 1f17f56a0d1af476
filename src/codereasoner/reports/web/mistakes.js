// What wrong answers have in common: a bar for each class and model, each leading to its questions.

function mistakeBars(mistakes, splits) {
  const wrong = mistakes.filter(({ counts }) => Object.values(counts).some(Boolean));
  if (!wrong.length) return null;
  const kinds = Object.keys(MISTAKES).filter((kind) => wrong.some(({ counts }) => counts[kind]));
  const most = Math.max(...wrong.flatMap(({ counts }) => Object.values(counts)));
  const head = el("tr", {}, el("th", { scope: "col" }, "class"), wrong.map(({ model }) => el("th", { scope: "col" }, modelName({ model }))));
  const rows = kinds.map((kind) => el("tr", {},
    el("th", { scope: "row" }, MISTAKES[kind].name, el("div", { class: "identity" }, MISTAKES[kind].note)),
    wrong.map((each) => el("td", {}, mistakeBar(each, kind, most, splits)))));
  return [el("h3", { style: { "margin-top": "1.4rem" } }, "Classes of mistakes"),
    el("p", { class: "small soft" }, "of wrong and unreadable answers; decided by the first false claim of the chain, else by the answer"),
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Classes of mistakes" }, el("table", { class: "mistakes" }, el("thead", {}, head), el("tbody", {}, rows)))];
}

function mistakeBar({ model, counts }, kind, most, splits) {
  const count = counts[kind];
  const total = Object.values(counts).reduce((sum, value) => sum + value, 0);
  if (!count) return el("span", { class: "soft small" }, "0");
  const href = hashOf({ ...NOWHERE, view: "questions", model, mistake: kind, split: splits.length === 1 ? splits[0] : "" });
  return [el("a", { class: "small", href }, `${whole(count)} `, el("span", { class: "soft" }, `(${percent((100 * count) / (total || 1))})`)),
    el("i", { class: "bar-of", "aria-hidden": "true", style: { width: `${(100 * count) / most}%`, ...series(seriesOf(model)) } })];
}
