// Start: the summary at once, the browser as soon as its index is unpacked.

function showView({ view }) {
  for (const name of ["summary", "questions"]) document.getElementById(name).hidden = name !== view;
  for (const link of document.querySelectorAll("[data-view]")) {
    if (link.dataset.view === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

// The links of the bar keep the filters and the question that were there.
function keepPlaceInLinks() {
  for (const link of document.querySelectorAll(".bar a")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      go({ view: link.dataset.view ?? "summary" }, true);
    });
  }
}

async function start() {
  onPlace(showView);
  keepPlaceInLinks();
  showView(here);
  const [summary, index] = await Promise.all([block("summary"), block("index")]);
  Object.assign(taskLabels, index?.labels);
  allModels.push(...(index?.models ?? []));
  showSummary({ ...summary, lists: index?.lists });
  if (index) {
    document.getElementById("question-count").textContent = whole(index.total);
    listenToKeys(await showBrowser(index));
  } else for (const node of document.querySelectorAll(".bar nav, #help-button")) node.remove();
  document.documentElement.dataset.ready = String(Math.round(performance.now()));
}

start();
