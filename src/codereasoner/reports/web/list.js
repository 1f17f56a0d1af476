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
