// One question: its prompt, its trace, and the chains and completions, one at a time or all of them in a row.

async function questionDetail(index, number) {
  const chunk = Math.floor(number / index.chunk);
  const run = index.run[number];
  const [details, programs, runs] = await Promise.all([
    block(`details-${chunk}`), block("programs"), run < 0 ? null : block(`runs-${Math.floor(run / index.chunk)}`),
  ]);
  const detail = details[number % index.chunk];
  const trace = traceSection(programs[index.program[number]], runs?.[run % index.chunk] ?? null);
  const answers = answersSection(index, number, detail, (line) => trace.toLine?.(line));
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

const EVERY = "all";

function answersSection(index, number, detail, toLine) {
  const cards = new Map(index.models.map((model) => [model, detail.answers.filter((answer) => answer.model === model)]).filter(([, answers]) => answers.length)
    .map(([model, answers]) => [model, () => answerCard(model, answers, index.outcomes[model][number].length, toLine)]));
  const outcomes = new Map([...cards.keys()].map((model) => [model, detail.answers.find((answer) => answer.model === model).outcome]));
  detail.chains.forEach((chain) => cards.set(`true chain (${chain.by})`, () => chainCard(chain)));
  if (!cards.size) return null;
  const names = [...cards.keys(), ...(cards.size > 1 ? [EVERY] : [])];
  const body = el("div", { class: "answers" });
  const section = el("section", { class: "given-answers", "aria-label": "Chain and answers" });
  const show = (name) => {
    section.classList.toggle("every", name === EVERY);
    body.replaceChildren(...(name === EVERY ? [...cards.values()] : [cards.get(name)]).map((make) => make()));
    body.querySelectorAll("mark").forEach(revealMark);
  };
  const tabs = pressOne(names, (name) => (outcomes.has(name) ? [mark(OUTCOMES[outcomes.get(name)].code, name), " ", modelText(name)] : visible(name)), show, "Whose chain");
  const buttons = [...tabs.children];
  section.append(buttons.length > 1 ? tabs : "", body);
  const first = cards.has(here.model) ? here.model : [...outcomes.keys()].find((model) => outcomes.get(model) !== "correct") ?? names[0];
  buttons[names.indexOf(first)].click();
  section.next = () => buttons[(buttons.findIndex((button) => button.getAttribute("aria-pressed") === "true") + 1) % buttons.length].click();
  return section;
}

// Scroll the first false claim to the middle of its own box, without moving the page.
function revealMark(node) {
  requestAnimationFrame(() => {
    const box = node.closest("pre");
    if (box) box.scrollTop = node.offsetTop - box.offsetTop - box.clientHeight / 2;
  });
}

function chainCard({ by, text }) {
  return el("article", { class: "card answer" }, el("h4", {}, visible(`chain by ${by}`)),
    el("pre", { tabindex: "0", role: "region", "aria-label": `Chain by ${by}` }, visible(text)));
}

function answerCard(model, answers, given, toLine) {
  const body = el("div", { class: "stack" });
  const buttons = answers.map((answer, index) => el("button", { type: "button", "aria-label": `sample ${answer.sample + 1}`, onclick: () => show(index) }, mark(OUTCOMES[answer.outcome]?.code, `sample ${answer.sample + 1}`)));
  const show = (index) => {
    buttons.forEach((button, number) => button.setAttribute("aria-pressed", String(number === index)));
    body.replaceChildren(...answerBody(model, answers[index], toLine));
  };
  show(0);
  return el("article", { class: "card answer" }, answers.length > 1 ? el("div", { class: "samples", role: "group", "aria-label": "Samples" }, buttons,
    given > answers.length ? el("span", { class: "small soft" }, `${answers.length} of ${given} samples`) : null) : null, body);
}

function answerBody(model, answer, toLine) {
  return [
    el("h4", {}, el("span", {}, el("span", { class: "dot", style: series(seriesOf(model)) }), modelText(model)), badge(answer.outcome)),
    el("div", { class: "given" },
      el("span", { class: "soft" }, "answer"), answer.answer === null ? el("span", { class: "soft" }, "none") : el("code", {}, visible(answer.answer)),
      answer.reason ? [el("span", { class: "soft" }, "reason"), el("span", {}, visible(answer.reason))] : null,
      Object.entries(answer.parts).map(([name, share]) => [el("span", { class: "soft" }, visible(name)), el("span", {}, percent(100 * share))]),
      answer.claims[1] ? [el("span", { class: "soft" }, "claims"), el("span", {}, `${whole(answer.claims[0])} of ${whole(answer.claims[1])} true`)] : null,
      el("span", { class: "soft" }, "tokens"), el("span", {}, `${whole(answer.tokens)}${answer.finish === "stop" ? "" : `, finish: ${answer.finish}`}`)),
    mistakeNote(answer.mistake, toLine),
    answer.false ? el("p", { class: "small o-wrong" }, el("b", {}, "First false claim: "), visible(answer.false.why)) : null,
    el("pre", { tabindex: "0", role: "region", "aria-label": `Completion of ${model}` }, completionNodes(answer)),
  ].filter(Boolean);
}

function mistakeNote(mistake, toLine) {
  if (!mistake) return null;
  const [kind, why, line] = mistake;
  return el("p", { class: "small" }, el("b", { title: MISTAKES[kind].note }, MISTAKES[kind].name), ": ", visible(why), " ",
    line ? el("button", { type: "button", class: "to-line", onclick: () => toLine(line) }, `show line ${line}`) : null);
}

function completionNodes({ text, false: claim }) {
  if (!text) return el("span", { class: "soft" }, "(empty)");
  if (!claim) return visible(text);
  return [visible(text.slice(0, claim.start)), el("mark", { title: claim.why }, visible(text.slice(claim.start, claim.end))), visible(text.slice(claim.end))];
}
