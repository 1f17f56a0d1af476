// The completions of all models side by side, each with its grade.

function answersSection(detail, models) {
  const chains = detail.chains.map(chainCard);
  const given = models.map((model) => [model, detail.answers.filter((answer) => answer.model === model)]).filter(([, answers]) => answers.length);
  if (!given.length && !chains.length) return null;
  const title = given.length ? "Chain and answers" : "Chain";
  return el("section", { "aria-labelledby": "answers-title" }, el("h3", { id: "answers-title" }, title),
    el("div", { class: "answers" }, chains, given.map(([model, answers]) => answerCard(model, answers))));
}

function chainCard({ by, text }) {
  return el("article", { class: "card answer" }, el("h4", {}, visible(`chain by ${by}`)),
    el("pre", { tabindex: "0", role: "region", "aria-label": `Chain by ${by}` }, visible(text)));
}

function answerCard(model, answers) {
  const body = el("div", { class: "stack" });
  const buttons = answers.map((answer, index) => el("button", { type: "button", "aria-label": `sample ${answer.sample + 1}`, onclick: () => show(index) }, mark(OUTCOMES[answer.outcome]?.code, `sample ${answer.sample + 1}`)));
  const show = (index) => {
    buttons.forEach((button, number) => button.setAttribute("aria-pressed", String(number === index)));
    body.replaceChildren(...answerBody(model, answers[index]));
  };
  show(0);
  return el("article", { class: "card answer" }, answers.length > 1 ? el("div", { class: "samples", role: "group", "aria-label": "Samples" }, buttons) : null, body);
}

function answerBody(model, answer) {
  return [
    el("h4", {}, el("span", {}, el("span", { class: "dot", style: series(seriesOf(model)) }), visible(model)), badge(answer.outcome)),
    el("div", { class: "given" },
      el("span", { class: "soft" }, "answer"), answer.answer === null ? el("span", { class: "soft" }, "none") : el("code", {}, visible(answer.answer)),
      answer.reason ? [el("span", { class: "soft" }, "reason"), el("span", {}, visible(answer.reason))] : null,
      Object.entries(answer.parts).map(([name, share]) => [el("span", { class: "soft" }, visible(name)), el("span", {}, percent(100 * share))]),
      el("span", { class: "soft" }, "tokens"), el("span", {}, `${whole(answer.tokens)}${answer.finish === "stop" ? "" : `, finish: ${answer.finish}`}`)),
    answer.false ? el("p", { class: "small o-wrong" }, el("b", {}, "First false claim: "), visible(answer.false.why)) : null,
    el("pre", { tabindex: "0", role: "region", "aria-label": `Completion of ${model}` }, completionNodes(answer)),
  ].filter(Boolean);
}

function completionNodes({ text, false: claim }) {
  if (!text) return el("span", { class: "soft" }, "(empty)");
  if (!claim) return visible(text);
  return [visible(text.slice(0, claim.start)), el("mark", { title: claim.why }, visible(text.slice(claim.start, claim.end))), visible(text.slice(claim.end))];
}
