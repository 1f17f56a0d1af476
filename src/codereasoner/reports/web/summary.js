// The first view: what the run is, its results, its training, its data.

function showSummary(data) {
  document.getElementById("run-name").textContent = data.name;
  document.getElementById("summary").append(...[
    titleSection(data), warningBox(data.warnings), resultsSection(data), unfinishedNote(data.unfinished),
    trainingSection(data.curves), flowSection(data.flow, data.links), timeSection(data.stages), configSection(data.config),
  ].filter(Boolean));
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
