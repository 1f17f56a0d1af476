// Just enough of Python's grammar to colour a line; a string over several lines keeps its state in `open`.

const WORDS = "False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda match nonlocal not or pass raise return try while with yield";
const KEYWORDS = new Set(WORDS.split(" "));
const TOKEN = /("""|''')|([rbfuRBFU]{0,2}"(?:\\.|[^"\\])*"?|[rbfuRBFU]{0,2}'(?:\\.|[^'\\])*'?)|(#.*)|(\b\d[\w.]*)|([^\W\d]\w*)/gu;

function highlighted(source) {
  let open = "";
  return source.split("\n").map((line) => {
    const nodes = [];
    let at = 0;
    if (open) {
      const end = line.indexOf(open);
      at = end < 0 ? line.length : end + 3;
      nodes.push(el("span", { class: "s" }, visible(line.slice(0, at))));
      if (end >= 0) open = "";
    }
    if (!open) [open, at] = colour(line, at, nodes);
    return [...nodes, ...visible(line.slice(at))];
  });
}

function colour(line, at, nodes) {
  TOKEN.lastIndex = at;
  for (let match = TOKEN.exec(line); match; match = TOKEN.exec(line)) {
    nodes.push(...visible(line.slice(at, match.index)));
    if (match[1]) {
      const end = line.indexOf(match[1], match.index + 3);
      at = end < 0 ? line.length : end + 3;
      nodes.push(el("span", { class: "s" }, visible(line.slice(match.index, at))));
      if (end < 0) return [match[1], at];
      TOKEN.lastIndex = at;
      continue;
    }
    const kind = match[2] ? "s" : match[3] ? "c" : match[4] ? "n" : KEYWORDS.has(match[0]) ? "k" : "";
    nodes.push(kind ? el("span", { class: kind }, visible(match[0])) : match[0]);
    at = match.index + match[0].length;
  }
  return ["", at];
}
