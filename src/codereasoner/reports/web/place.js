// The place in the page lives in the URL's hash: #questions?task=input&outcome=wrong&model=grpo&id=...&step=12,
// #summary?benchmark=cruxeval-o&mode=direct&size=3 for a leaderboard

const NOWHERE = { view: "summary", q: "", task: "", split: "", model: "", outcome: "", mistake: "", than: "", id: "", step: "", benchmark: "", mode: "", size: "", from: "" };
const followers = [];
let here = readPlace();

function readPlace() {
  const [view, query] = location.hash.slice(1).split("?", 2);
  const found = { ...NOWHERE, view: view === "questions" ? "questions" : "summary" };
  for (const [name, value] of new URLSearchParams(query ?? "")) if (name in NOWHERE && name !== "view") found[name] = value;
  return found;
}

function hashOf(place) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(place)) if (name !== "view" && value !== "") query.set(name, value);
  return `#${[place.view, String(query)].filter(Boolean).join("?")}`;
}

// Go to a place; `push` makes a step that the browser's Back button undoes.
function go(change, push = false) {
  const before = here;
  here = { ...here, ...change };
  if (hashOf(here) !== location.hash) history[push ? "pushState" : "replaceState"](null, "", hashOf(here));
  for (const follow of followers) follow(here, before);
}

function onPlace(follow) {
  followers.push(follow);
}

window.addEventListener("popstate", () => {
  const before = here;
  here = readPlace();
  for (const follow of followers) follow(here, before);
});
