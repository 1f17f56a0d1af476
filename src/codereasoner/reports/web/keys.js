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
