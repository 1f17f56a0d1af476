"""Extra context in a prompt: CodeGlance's augmentations (arXiv:2602.13962, section 3.4), and ways to reason.

none         the question alone
cot          the same, with reasoning before the answer
api-docs     documents of the APIs that the program calls: from a file of CodeGlance, else found in the documentation
             of the installed libraries
code-search  code that is like the program, found in a folder
think-and-execute   pseudocode for the task, written once by the model and simulated for each question
program-of-thought  the model writes a program instead of an answer, and running it gives the answer

Which augmentation, and from what, is part of every answer's key.
"""

import ast
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from codereasoner import literals
from codereasoner.errors import ConfigError, DataError
from codereasoner.evaluation.contamination import normal_tree
from codereasoner.evaluation.program_features import api_calls, dotted_name, imported_modules
from codereasoner.evaluation.program_of_thought import ProgramOfThought, program_prompt
from codereasoner.evaluation.retrieval import Document, Index
from codereasoner.evaluation.think_and_execute import TITLE, Thinker, pseudocode
from codereasoner.extend import Benchmark, Model
from codereasoner.records import Job, content_id
from codereasoner.steps.source import parse_any
from codereasoner.styles import Style
from codereasoner.task import Question, Runner

Name = Literal["none", "cot", "api-docs", "code-search", "think-and-execute", "program-of-thought"]
NAMES: tuple[Name, ...] = get_args(Name)
_REASONING = ("cot", "think-and-execute")

DOCUMENTS = 5  # in one prompt
SNIPPETS = 3
DOCUMENT_CHARS, SNIPPET_LINES = 1200, 60
_BATCH = 60  # documents of one job: their text must fit in one result
_FIELDS = ("api_signature", "api_description", "api_doc", "api_parameters", "api_returns", "api_examples")

Finder = Callable[[Question], Sequence[Document]]


@dataclass(frozen=True)
class Augmentation:
    """A way to augment prompts: `find` returns the documents that are put before a question."""

    name: Name
    origin: str = ""  # what the documents are: names this augmentation in the key of an answer
    title: str = ""
    find: Finder | None = None
    ask: Callable[[Question], str] | None = None  # replaces the whole prompt
    runner: Runner | None = None  # runs the programs that are written instead of answers

    def facts(self) -> dict[str, str]:
        """Return what changes an answer, for its key; nothing where nothing is changed."""
        return {} if self.name == "none" else {"augment": self.name, "documents": self.origin}

    def style(self, style: Style) -> Style:
        """Return the style to ask in."""
        if self.name not in _REASONING or style.reasons:
            return style
        if style.official is not None or not style.instructs:
            raise ConfigError(f"the prompt of the style '{style.name}' is fixed: choose one that asks for reasoning")
        return replace(style, reasons=True)

    def messages(self, question: Question, messages: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
        """Return the messages with the documents at the head of the last one; unchanged where none are found."""
        if self.ask is not None:
            return [{"role": "user", "content": self.ask(question)}]
        turns = [dict(turn) for turn in messages]
        found = self.find(question) if self.find else ()
        if found:
            listed = "\n\n".join(f"### {each.name}\n{each.text.strip()}" for each in found)
            turns[-1]["content"] = f"{self.title}\n\n{listed}\n\n---\n\n{turns[-1]['content']}"
        return turns

    def answering(self, model: Model, style: Style) -> Model:
        """Return the model that answers: the one given, or one whose programs are run."""
        return ProgramOfThought(model, style, self.runner) if self.runner is not None else model


def make_augmentation(
    name: Name,
    origin: Path | None,
    questions: Sequence[Question],
    runner: Runner,
    benchmark: Benchmark | None = None,
    thinker: Thinker | None = None,
) -> Augmentation:
    """Make the augmentation of that name; `origin`: CodeGlance's file of documents, a folder of code, or pseudocode.

    thinker: the author of the pseudocode that think-and-execute needs.
    """
    if name in ("none", "cot", "program-of-thought"):
        if origin is not None:
            raise ConfigError(f"--augment {name} takes no documents, but --augment-from is {origin}")
        if name == "program-of-thought":
            return Augmentation(name, ask=program_prompt, runner=runner)
        return Augmentation(name)
    if name == "think-and-execute":
        if thinker is None:
            raise ConfigError("think-and-execute needs a model that writes its pseudocode")
        written = pseudocode(questions, thinker, origin)
        return Augmentation(name, _identity(list(written.values())), TITLE, lambda question: [written[question.task]])
    if name == "code-search":
        if origin is None or not origin.is_dir():
            raise ConfigError(f"--augment code-search needs a folder of Python files: --augment-from is {origin}")
        snippets = list(read_snippets(origin))
        if not snippets:
            raise ConfigError(f"{origin} has no Python file with a function or a class")
        return Augmentation(name, _identity(snippets), "Code that is like the program:", _code_finder(Index(snippets)))
    if origin is not None:
        documents = read_documents(origin)
        whole = [each for found in documents.values() for each in found]
        return Augmentation(name, _identity(whole), _API_TITLE, lambda question: documents.get(_record(question), ()))
    packages = benchmark.preload() if benchmark is not None else _libraries(questions)
    installed = installed_documents(packages, runner)
    if not installed:
        raise ConfigError(
            "no library that these programs import is installed here, so there are no documents: "
            "give CodeGlance's file of API documents as --augment-from"
        )
    return Augmentation(name, _identity(installed), _API_TITLE, _api_finder(Index(installed)))


PLAIN = Augmentation("none")

_API_TITLE = "Documentation of APIs that the program calls, or of similar ones:"


# ---- CodeGlance's files


def read_documents(path: Path) -> dict[str, list[Document]]:
    """Return the API documents of each record by its ID, from a `*_RAG_result_total.jsonl` of CodeGlance."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        is_whole = text.lstrip().startswith("[")
        rows = json.loads(text) if is_whole else [json.loads(row) for row in text.split("\n") if row.strip()]
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path} cannot be read as JSON: {error}") from None
    found: dict[str, list[Document]] = {}
    for number, row in enumerate(rows, start=1):
        try:
            results = [each for match in row["matches"] for each in match["results"]]
            found[str(row["ID"])] = list(dict.fromkeys(_document(each) for each in results))[:DOCUMENTS]
        except (TypeError, KeyError, AttributeError):
            raise DataError(
                f"{path}, record {number}: not of the shape "
                '{"ID": ..., "matches": [{"query": ..., "results": [{"api_path": ..., ...}]}]}'
            ) from None
    return found


def _document(result: Mapping[str, object]) -> Document:
    """Return the document of one API; a field that is missing is NaN in these files."""
    text = "\n".join(part for field in _FIELDS if isinstance(part := result.get(field), str))
    return Document(str(result["api_path"]), text[:DOCUMENT_CHARS])


def _record(question: Question) -> str:
    return str(question.features.get("ID", question.id))


# ---- the documentation of installed libraries


def installed_documents(packages: Sequence[str], runner: Runner) -> list[Document]:
    """Return the documentation of installed libraries, function by function, read in the pool."""
    found: list[Document] = []
    for package in packages:
        (counted,) = runner([Job(_probe(), "count", repr(package))])
        if counted.outcome != "ok" or counted.value is None:
            continue
        starts = range(0, int(counted.value), _BATCH)
        jobs = [Job(_probe(), "describe", f"{package!r}, {at}, {at + _BATCH}, {DOCUMENT_CHARS}") for at in starts]
        for run in runner(jobs):
            if run.outcome == "ok" and run.value is not None:
                found += [Document(name, text) for name, text in literals.read(run.value)]
    return found


@cache
def _probe() -> str:
    return Path(__file__).with_name("docs_probe.py").read_text(encoding="utf-8")


def _libraries(questions: Sequence[Question]) -> list[str]:
    """Return the modules that the programs import, in the order of their names."""
    trees = [_parse(source) for source in dict.fromkeys(_code(question) for question in questions)]
    return sorted({name for tree in trees for name in imported_modules(tree)})


def _api_finder(index: Index) -> Finder:
    """Find the APIs that a program names first, then those similar to its calls."""
    by_name = {each.name: each for each in index.documents}

    def find(question: Question) -> list[Document]:
        tree = _parse(_code(question))
        called = list(dict.fromkeys(called_names(tree)))
        exact = [by_name[name] for name in called if name in by_name]
        similar = index.best(" ".join(name for name in called if name not in by_name), DOCUMENTS)
        return list(dict.fromkeys([*exact, *similar]))[:DOCUMENTS]

    return find


def called_names(tree: ast.AST) -> Iterator[str]:
    """Yield the dotted names that a program calls, import names in full: `numpy.mean` for `np.mean`."""
    full: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            full |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            full |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    for call in api_calls(tree):
        first, dot, rest = dotted_name(call.func).partition(".")
        yield f"{full.get(first, first)}{dot}{rest}"


def _code(question: Question) -> str:
    """Return the program and its test: both may call APIs."""
    facts = question.facts
    return f"{facts.get('source', '')}\n{facts.get('test', '').replace(facts.get('blank', '??'), 'None')}"


def _parse(source: str) -> ast.AST:
    return parse_any(source) or ast.Module([], [])


# ---- code search


def read_snippets(folder: Path) -> Iterator[Document]:
    """Yield each top-level function and class of the Python files in a folder; files that do not parse are skipped."""
    for path in sorted(folder.rglob("*.py")):
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            continue
        lines = text.split("\n")
        for node in ast.iter_child_nodes(_parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                last = min(node.end_lineno or node.lineno, node.lineno - 1 + SNIPPET_LINES)
                name = f"{path.relative_to(folder).as_posix()}: {node.name}"
                yield Document(name, "\n".join(lines[node.lineno - 1 : last]))


def _code_finder(index: Index) -> Finder:
    """Find the snippets most similar to a program, except copies of it, which would add nothing."""

    def find(question: Question) -> list[Document]:
        source = question.facts.get("source", "")
        tree = normal_tree(source)
        found = index.best(_code(question), SNIPPETS, lambda each: not tree or normal_tree(each.text) != tree)
        return [replace(each, text=f"```python\n{each.text}\n```") for each in found]

    return find


def _identity(documents: Sequence[Document]) -> str:
    return content_id(*(f"{each.name}\n{each.text}" for each in documents))
