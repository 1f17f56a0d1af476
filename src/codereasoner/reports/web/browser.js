// The second view: search and filters, the list of questions, the open question, and the keyboard.

const FILTERS = ["task", "split", "model", "outcome", "mistake", "than"];

async function showBrowser(index) {
  const root = document.getElementById("questions");
  if (!index.id.length) {
    root.append(el("p", { class: "empty" }, "This run has no questions yet."));
    return null;
  }
  const list = questionList(index, (number) => go({ id: index.id[number], step: "" }, true));
  const counter = el("span", { role: "status", class: "small soft" });
  const filters = filterBar(index, counter);
  const detail = el("div", { class: "detail", "aria-label": "The open question", role: "region" });
  root.append(el("div", { class: "side" }, filters.node, list.node), detail);
  const numbers = new Map(index.id.map((id, number) => [id, number]));
  const browser = { index, list, counter, filters, detail, numbers, root, open: -1, trace: null };
  onPlace((place, before) => followPlace(browser, place, before));
  await applyFilters(browser, here);
  await openQuestion(browser, here.id);
  openFirst(browser);
  return browser;
}

const isWide = () => window.matchMedia("(min-width: 861px)").matches;

// Where list and question stand side by side, a question is always open: the first mistake of the best model that made one.
function openFirst(browser) {
  const rows = browser.list.rows();
  const isMistake = (codes) => codes && !codes.includes(OUTCOMES.correct.code);
  const mistakes = bestFirst(browser.index).map((outcomes) => rows.find((number) => isMistake(outcomes[number])));
  const first = mistakes.find((number) => number !== undefined) ?? rows[0];
  if (here.view === "questions" && !here.id && isWide() && first !== undefined) go({ id: browser.index.id[first] });
}

// The outcomes of each model, in the order of their shares of right answers.
function bestFirst({ models, outcomes }) {
  const share = (model) => {
    const codes = outcomes[model].join("");
    return codes ? codes.split(OUTCOMES.correct.code).length / codes.length : 0;
  };
  return models.toSorted((one, other) => share(other) - share(one)).map((model) => outcomes[model]);
}

function filterBar(index, counter) {
  const search = el("input", { type: "search", placeholder: "Search code, call, answer, id   ( / )", "aria-label": "Search questions", autocomplete: "off", spellcheck: "false", oninput: () => go({ q: search.value }) });
  const options = {
    task: [...new Set(index.task)].map((name) => [name, taskName(name)]),
    split: [...new Set(index.split)].filter(Boolean).map((name) => [name, name]),
    model: index.models.map((name) => [name, name]),
    outcome: [...Object.entries(OUTCOMES).map(([key, { name }]) => [key, name]), ...(index.models.length > 1 ? CHANGES_OF_OUTCOME : [])],
    mistake: Object.entries(MISTAKES).filter(([, { code }]) => index.models.some((name) => index.mistakes[name].some((codes) => codes.includes(code)))).map(([key, { name }]) => [key, name]),
    than: index.models.map((name) => [name, `than ${name}`]),
  };
  const selects = Object.fromEntries(FILTERS.map((name) => [name, select(name, options[name])]));
  const clear = el("button", { type: "button", class: "small", onclick: () => go({ q: "", ...Object.fromEntries(FILTERS.map((name) => [name, ""])) }) }, "clear filters");
  const show = (place) => {
    if (search.value !== place.q) search.value = place.q;
    for (const name of FILTERS) selects[name].value = place[name];
    selects.mistake.hidden = !options.mistake.length;
    selects.than.hidden = !isChange(place.outcome);
    clear.hidden = !place.q && FILTERS.every((name) => !place[name]);
  };
  const node = el("div", { class: "filters", role: "search" }, search, FILTERS.map((name) => selects[name]), el("p", {}, counter, clear));
  return { node, show, search };
}

const ANY = { task: "every task", split: "every split", model: "any model", outcome: "any outcome", mistake: "any mistake", than: "than the first model" };
const CHANGES_OF_OUTCOME = [["gained", "better than another"], ["lost", "worse than another"], ["differ", "models differ"]];
const isChange = (outcome) => outcome === "gained" || outcome === "lost";

function select(name, options) {
  return el("select", { "aria-label": name, onchange: (event) => go({ [name]: event.target.value }) },
    el("option", { value: "" }, ANY[name]), options.map(([value, text]) => el("option", { value }, text)));
}

async function followPlace(browser, place, before) {
  if (["q", ...FILTERS].some((name) => place[name] !== before[name])) await applyFilters(browser, place);
  if (place.id !== before.id) await openQuestion(browser, place.id);
  else openFirst(browser);
}

async function applyFilters(browser, place) {
  const { index, list, counter, filters } = browser;
  filters.show(place);
  const words = place.q.toLowerCase().trim();
  const sources = words ? await lowered() : [];
  if (place.q !== here.q) return;
  const found = [];
  for (let number = 0; number < index.id.length; number += 1) {
    if (fits(index, number, place) && (!words || contains(index, number, sources, words))) found.push(number);
  }
  list.show(found);
  list.choose(browser.open);
  const all = found.length === index.id.length;
  const shown = index.total > index.id.length ? `the first ${whole(index.id.length)} of ${counted(index.total, "question")}` : counted(index.id.length, "question");
  counter.textContent = all ? shown : `${whole(found.length)} of ${shown}`;
}

let loweredSources = null;

async function lowered() {
  loweredSources ??= (await block("programs")).map((source) => source.toLowerCase());
  return loweredSources;
}

function contains(index, number, sources, words) {
  return index.label[number].toLowerCase().includes(words) || index.id[number].startsWith(words) || index.gold[number].toLowerCase().includes(words)
    || sources[index.program[number]].includes(words);
}

function fits(index, number, { task, split, model, outcome, mistake, than }) {
  if ((task && index.task[number] !== task) || (split && index.split[number] !== split)) return false;
  if (mistake && !(model ? [model] : index.models).some((name) => index.mistakes[name]?.[number].includes(MISTAKES[mistake]?.code))) return false;
  if (isChange(outcome)) return changed(index, number, model, than || index.models[0], outcome === "gained" ? 1 : -1);
  if (!model && !outcome) return true;
  const given = (model ? [model] : index.models).map((name) => index.outcomes[name]?.[number] ?? "").filter(Boolean);
  if (outcome === "differ") return new Set(index.models.map((name) => index.outcomes[name][number]).filter(Boolean)).size > 1;
  return outcome ? given.some((codes) => codes.includes(OUTCOMES[outcome]?.code)) : given.length > 0;
}

// Did a model answer a larger (or smaller) share of its samples right than another did?
function changed(index, number, model, than, sign) {
  const share = (name) => {
    const codes = index.outcomes[name]?.[number];
    return codes ? codes.replaceAll(/[^c]/g, "").length / codes.length : NaN;
  };
  return (model ? [model] : index.models).some((name) => sign * (share(name) - share(than)) > 0);
}

async function openQuestion(browser, id) {
  const { index, list, detail, numbers, root } = browser;
  const number = numbers.get(id) ?? -1;
  browser.open = number;
  browser.trace = null;
  root.classList.toggle("open", number >= 0);
  list.choose(number);
  if (number < 0) {
    detail.replaceChildren(el("p", { class: "empty" }, id ? `There is no question ${id} in this report.` : "Choose a question, or press j."));
    return;
  }
  const made = await questionDetail(index, number);
  if (browser.open !== number) return;
  browser.trace = made.trace;
  browser.answers = made.answers;
  const head = detailHead(index, number, made.detail, (by) => moveBy(browser, by), () => go({ id: "", step: "" }, true));
  detail.replaceChildren(head, ...made.nodes);
  detail.scrollTop = 0;
}

function moveBy(browser, by) {
  const rows = browser.list.rows();
  const at = rows.indexOf(browser.open);
  const to = at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(0, at + by), rows.length - 1);
  if (rows.length && rows[to] !== browser.open) go({ id: browser.index.id[rows[to]], step: "" });
}

// The list of questions: only the rows in sight are in the page.
const ROW_HEIGHT = 56;
const MARKS = 9; // of models, in one row

function questionList(index, onChoose) {
  const runway = el("div", { style: { position: "relative" } });
  const node = el("div", { class: "list", role: "listbox", tabindex: "0", "aria-label": "Questions" }, runway);
  let rows = [];
  let chosen = -1;
  const draw = () => {
    const first = Math.max(0, Math.floor(node.scrollTop / ROW_HEIGHT) - 6);
    const last = Math.min(rows.length, Math.ceil((node.scrollTop + node.clientHeight) / ROW_HEIGHT) + 6);
    const shown = [];
    for (let at = first; at < last; at += 1) shown.push(questionRow(index, rows[at], at, rows.length, rows[at] === chosen, onChoose));
    runway.replaceChildren(...shown);
    node.setAttribute("aria-activedescendant", rows.includes(chosen) ? `row-${chosen}` : "");
  };
  node.addEventListener("scroll", draw, { passive: true });
  new ResizeObserver(draw).observe(node);
  const show = (found) => {
    rows = found;
    runway.style.height = `${rows.length * ROW_HEIGHT}px`;
    node.scrollTop = 0;
    draw();
  };
  const choose = (number) => {
    chosen = number;
    reveal(node, rows.indexOf(number));
    draw();
  };
  return { node, show, choose, rows: () => rows };
}

function reveal(node, at) {
  if (at < 0) return;
  const top = at * ROW_HEIGHT;
  if (top < node.scrollTop) node.scrollTop = top;
  else if (top + ROW_HEIGHT > node.scrollTop + node.clientHeight) node.scrollTop = top + ROW_HEIGHT - node.clientHeight;
}

function questionRow(index, number, at, total, selected, onChoose) {
  const marks = index.models.slice(0, MARKS).map((model) => mark(index.outcomes[model][number][0], model));
  const said = index.models.filter((model) => index.outcomes[model][number]).map((model) => `${model} ${OUTCOMES[OUTCOME_OF[index.outcomes[model][number][0]]].name}`);
  return el("div", {
    class: "row", id: `row-${number}`, role: "option", "aria-selected": String(selected), "aria-posinset": at + 1, "aria-setsize": total,
    "aria-label": `${index.label[number]}, ${index.task[number]}, ${said.join(", ")}`, style: { top: `${at * ROW_HEIGHT}px` }, onclick: () => onChoose(number),
  }, el("div", { class: "label" }, visible(index.label[number])),
  el("div", { class: "under" }, el("span", {}, visible([taskName(index.task[number]), index.split[number]].filter(Boolean).join(" · "))), said.length ? marks : null));
}

// The keyboard: j and k through the questions, arrows through the trace, / to search, Esc to leave.
const SHORTCUTS = [
  [["j", "k"], "next and previous question; ↓ and ↑ in the list"],
  [["→", "←"], "one step forward or back in the trace; with Shift to its end or start"],
  [["m"], "the next model's chain"],
  [["/"], "search"],
  [["Esc"], "leave the search; back to the list"],
  [["s", "q"], "summary, questions"],
  [["?"], "this help"],
];

function listenToKeys(browser) {
  const help = document.getElementById("help");
  help.append(el("h2", {}, "Keyboard"), el("dl", {}, SHORTCUTS.map(([keys, text]) => [el("dt", {}, keys.map((key) => [el("kbd", {}, key), " "])), el("dd", {}, text)])),
    el("button", { type: "button", onclick: () => help.close() }, "Close"));
  document.getElementById("help-button").addEventListener("click", () => help.showModal());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    const act = actionOf(event, browser, help);
    if (act) {
      event.preventDefault();
      act();
    }
  });
}

function actionOf(event, browser, help) {
  const { key, target } = event;
  const typing = target.matches("input[type=search], select, textarea");
  if (key === "Escape") return () => escape(browser, typing);
  if (typing) return null;
  if (key === "?") return () => help.showModal();
  if (key === "s") return () => go({ view: "summary" }, true);
  if (key === "q") return () => go({ view: "questions" }, true);
  return here.view === "questions" && browser ? browserAction(event, browser) : null;
}

function browserAction({ key, target, shiftKey }, browser) {
  const inList = target.closest(".list") !== null;
  if (key === "/") return () => browser.filters.search.focus();
  if (key === "j" || (key === "ArrowDown" && inList)) return () => moveBy(browser, 1);
  if (key === "k" || (key === "ArrowUp" && inList)) return () => moveBy(browser, -1);
  if (key === "m" && browser.answers) return () => browser.answers.next();
  if (target.matches("input[type=range]") || !browser.trace?.move) return null;
  if (key === "ArrowRight") return () => browser.trace.move(shiftKey ? Infinity : 1);
  if (key === "ArrowLeft") return () => browser.trace.move(shiftKey ? -Infinity : -1);
  return null;
}

function escape(browser, typing) {
  if (here.view !== "questions" || !browser) return;
  const { search } = browser.filters;
  if (typing && document.activeElement === search && search.value) go({ q: "" });
  else if (typing) browser.list.node.focus();
  else if (!isWide()) go({ id: "", step: "" }, true);
}
