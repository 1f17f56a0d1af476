// The first view: the run, its results, its training, its data.

// A page shows the sections that it has data for: a run has all, a comparison has no training, a leaderboard has boards only.
function showSummary(data) {
  document.getElementById("run-name").textContent = data.name;
  document.getElementById("summary").append(...[
    data.facts ? titleSection(data) : null, warningBox(data.warnings ?? []), resultsSection(data), unfinishedNote(data.unfinished ?? []),
    trainingSection(data.curves ?? []), flowSection(data.flow ?? [], data.links), timeSection(data.stages ?? []), configSection(data.config),
    boardSections(data.boards ?? [], data.files ?? []), scoreSections(data.scores ?? [], data.name),
  ].flat().filter(Boolean));
}

function titleSection({ name, facts }) {
  const command = facts.find(([label]) => label === "command");
  const rest = facts.filter(([label]) => label !== "command");
  return el("section", { class: "title" },
    el("h1", {}, visible(name)),
    command ? el("code", { class: "command" }, visible(command[1])) : null,
    el("dl", { class: "facts" }, rest.map(([label, value]) => el("div", {}, el("dt", {}, label), el("dd", {}, visible(value))))));
}

function warningBox(warnings) {
  if (!warnings.length) return null;
  return el("div", { class: "loud", role: "alert" }, el("strong", {}, "Read these accuracies with care"),
    el("ul", {}, warnings.map((text) => el("li", {}, visible(text)))));
}

function unfinishedNote(names) {
  return names.length ? el("p", { class: "soft" }, visible(`Not finished, so not in the table: ${names.join(", ")}.`)) : null;
}

function timeSection(stages) {
  if (!stages.length) return null;
  const longest = Math.max(...stages.map((stage) => stage.seconds), 1e-9);
  const rows = stages.map((stage) => [
    el("span", { class: "small" }, visible(stage.stage)),
    el("i", { style: { width: `${(100 * stage.seconds) / longest}%` }, "aria-hidden": "true" }),
    el("span", { class: "small number" }, seconds(stage.seconds)),
  ]);
  return el("section", { "aria-labelledby": "times" }, el("h2", { id: "times" }, "Seconds per stage"), el("div", { class: "card times" }, rows));
}

function configSection(text) {
  if (!text) return null;
  return el("section", {}, el("details", { class: "card" }, el("summary", {}, "The resolved configuration, config.yaml"), el("pre", {}, visible(text))));
}

// The data flow as a picture: a card for each stage, and curves between them that follow the layout.
const AREAS = {
  "programs.jsonl": "programs", "runs.parquet": "runs", "questions.jsonl": "questions", "chains.jsonl": "chains",
  "sft.parquet": "sft", "grpo.parquet": "grpo", answers: "answers",
};
const DROPS_SHOWN = 5;

function flowSection(every, links) {
  const nodes = every.filter(({ state }) => state !== "missing");
  if (nodes.every(({ id }) => ["questions.jsonl", "answers"].includes(id))) return null; // an evaluation, or a comparison: no data was made here
  const cards = Object.fromEntries(nodes.map((node) => [node.id, stageCard(node)]));
  const lines = svg("svg", { "aria-hidden": "true" });
  const picture = el("div", { class: "flow" }, lines, Object.values(cards));
  new ResizeObserver(() => lines.replaceChildren(...links.filter((ends) => ends.every((id) => cards[id])).flatMap(([from, to]) => connect(picture, cards[from], cards[to])))).observe(picture);
  return el("section", { "aria-labelledby": "flow" },
    el("div", { class: "headline" }, el("h2", { id: "flow" }, "Data"),
      el("span", { class: "small soft" }, "what each stage kept, and why rows were dropped")),
    picture);
}

function stageCard(node) {
  const branch = ["grpo.parquet", "answers"].includes(node.id) ? " side-branch" : "";
  const card = el("article", { class: `stage ${node.state}${branch}`, style: { "grid-area": AREAS[node.id] } },
    el("h3", {}, node.title), el("p", { class: "count" }, whole(node.kept)));
  if (node.state === "running") card.append(el("p", { class: "small soft" }, "so far; the stage has not finished"));
  if (node.state === "done") card.append(...stageFacts(node));
  return card;
}

function stageFacts(node) {
  const total = (node.kept ?? 0) + (node.dropped ?? 0);
  const found = [];
  if (node.dropped) {
    const bar = el("div", { class: "share", "aria-hidden": "true" }, el("div", { style: { width: `${(100 * node.kept) / total}%` } }));
    found.push(bar, el("p", { class: "small" }, `${whole(node.dropped)} dropped of ${whole(total)}`), dropList(node.drops));
  } else if (node.id !== "answers") found.push(el("p", { class: "small soft" }, "nothing dropped"));
  if (node.counts?.length) found.push(countList(node.counts));
  if (typeof node.seconds === "number") found.push(el("p", { class: "small soft" }, seconds(node.seconds)));
  return found;
}

function countList(rows) {
  return el("ul", { class: "drops" }, rows.map(([name, count]) => el("li", {}, el("span", {}, visible(name)), el("span", {}, whole(count)))));
}

function dropList(drops) {
  const first = countList(drops.slice(0, DROPS_SHOWN));
  if (drops.length <= DROPS_SHOWN) return first;
  const rest = drops.slice(DROPS_SHOWN);
  return [first, el("details", { class: "small" }, el("summary", {}, `${rest.length} more reasons`), countList(rest))];
}

function connect(picture, from, to) {
  const [whole, a, b] = [picture, from, to].map((node) => node.getBoundingClientRect());
  const across = b.left > a.right;
  const start = across ? [a.right, (a.top + a.bottom) / 2] : [a.left + 20, a.bottom];
  const end = across ? [b.left, (b.top + b.bottom) / 2] : [b.left + 20, b.top];
  if (to.classList.contains("side-branch") && !across) return bracket(whole, a, b);
  const [x1, y1, x2, y2] = [start[0] - whole.left, start[1] - whole.top, end[0] - whole.left, end[1] - whole.top];
  const middle = (x1 + x2) / 2;
  const curve = across ? `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2 - 6} ${y2}` : `M${x1} ${y1}L${x2} ${y2 - 6}`;
  const tip = across ? `${x2},${y2} ${x2 - 8},${y2 - 4} ${x2 - 8},${y2 + 4}` : `${x2},${y2} ${x2 - 4},${y2 - 8} ${x2 + 4},${y2 - 8}`;
  return [svg("path", { d: curve }), svg("polygon", { points: tip })];
}

// In the narrow layout a branch leaves its stage at the left edge and enters the card from the side.
function bracket(whole, a, b) {
  const [x, y1, x2, y2] = [a.left - whole.left + 8, a.bottom - whole.top, b.left - whole.left, b.top - whole.top + 28];
  return [svg("path", { d: `M${x} ${y1}L${x} ${y2}L${x2 - 6} ${y2}` }), svg("polygon", { points: `${x2},${y2} ${x2 - 8},${y2 - 4} ${x2 - 8},${y2 + 4}` })];
}
