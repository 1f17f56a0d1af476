// One question: what was asked, the trace, the chains and answers.

async function questionDetail(index, number) {
  const chunk = Math.floor(number / index.chunk);
  const run = index.run[number];
  const [details, programs, runs] = await Promise.all([
    block(`details-${chunk}`), block("programs"), run < 0 ? null : block(`runs-${Math.floor(run / index.chunk)}`),
  ]);
  const detail = details[number % index.chunk];
  const trace = traceSection(programs[index.program[number]], runs?.[run % index.chunk] ?? null);
  const answers = answersSection(detail, index.models, (line) => trace.toLine?.(line));
  return { detail, trace, answers, nodes: [askedBox(detail), el("div", { class: "work" }, trace, answers)] };
}

function detailHead(index, number, detail, move, back) {
  const features = Object.entries(detail.features).map(([name, value]) => el("span", { class: "chip" }, visible(`${name} ${typeof value === "object" ? JSON.stringify(value) : value}`)));
  return el("div", { class: "detail-head" },
    el("button", { type: "button", class: "back", onclick: back }, "← all questions"),
    el("h2", { style: { margin: "0" } }, taskName(index.task[number])),
    index.split[number] ? el("span", { class: "chip" }, `split ${index.split[number]}`) : null,
    el("span", { class: "chip mono" }, visible(index.id[number])), features,
    el("span", { class: "push" },
      el("button", { type: "button", title: "previous question (k)", "aria-label": "previous question", onclick: () => move(-1) }, "↑"),
      el("button", { type: "button", title: "next question (j)", "aria-label": "next question", onclick: () => move(1) }, "↓")));
}

function askedBox(detail) {
  return el("div", { class: "asked" },
    el("span", {}, "question"), el("pre", {}, visible(detail.asked)),
    el("span", {}, "gold"), el("pre", {}, visible(detail.gold.join("\n"))));
}
