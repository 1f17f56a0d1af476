"""Read programs, calls and recorded values off the rows of public data sets, one function for each schema.

Each function returns what a row holds, or the short reason why it holds no program with a call. Nothing is executed:
what a row records is compared later with a run (`curation/filters.py`).
"""

import ast
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from codereasoner import literals
from codereasoner.steps.source import parse_source

Row: TypeAlias = Mapping[str, object]

NO_PROGRAM, NO_CALL, NO_ENTRY = "no program in the row", "no call in the row", "no function in the program"


@dataclass(frozen=True)
class Found:
    """A program of a row, its calls as argument source, and what the row says that each returns."""

    source: str
    entry: str
    recorded: Mapping[str, str | None]  # call -> literal; None: the row does not say
    as_json: bool = False  # the values were written as JSON, which has no tuples


Map: TypeAlias = Callable[[Row], "Found | str"]


@dataclass(frozen=True)
class Ready:
    """A data set whose schema is known: where it is on the Hub, its files there, and how a row is read."""

    read: Map
    hub: str
    files: str
    license: str = ""


def by_columns(program: str, entry: str, call: str, value: str) -> Map:
    """Return a map for a table whose columns the user names; `entry` and `value` may be "".

    A call is argument source, or the whole call as text; a mapping of keyword arguments; or a list of either, with as
    many values.
    """

    def read(row: Row) -> Found | str:
        source = row.get(program)
        if not isinstance(source, str) or not source.strip():
            return NO_PROGRAM
        called = str(row.get(entry) or "") if entry else last_function(source)
        if not called:
            return NO_ENTRY if parse_source(source) else "does not parse"
        calls, values = row.get(call), row.get(value) if value else None
        if not isinstance(calls, list):
            calls, values = [calls], [values]
        texts = [_call_text(each, called) for each in calls]
        known = values if isinstance(values, list) and len(values) == len(texts) else [None] * len(texts)
        recorded = {text: _value_text(given) for text, given in zip(texts, known, strict=True) if text is not None}
        return Found(source, called, recorded) if recorded else NO_CALL

    return read


def _call_text(given: object, entry: str) -> str | None:
    """Return a call as argument source; None where there is none."""
    if isinstance(given, str):
        text = given.strip()
        whole = text.startswith(f"{entry}(") and text.endswith(")")
        return text[len(entry) + 1 : -1].strip() if whole else text
    if isinstance(given, Mapping):
        try:
            return ", ".join(f"{name}={literals.write(value)}" for name, value in given.items())
        except literals.NotWritable:
            return None
    return None


def _value_text(given: object) -> str | None:
    if given is None or isinstance(given, str):
        return given
    try:
        return literals.write(given)
    except literals.NotWritable:
        return None


def last_function(source: str) -> str:
    """Return the last function that a program defines at top level; "" where there is none."""
    tree = parse_source(source)
    found = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)] if tree else []
    return found[-1] if found else ""


# ---- programs with an assertion at their end


def _asserted(program: str, assertion: str) -> Found | str:
    """Return the program, with the call and the value of `assert CALL == VALUE`."""
    tree = parse_source(assertion.strip())
    match tree.body[-1] if tree and tree.body else None:
        case ast.Assert(
            test=ast.Compare(left=ast.Call(func=ast.Name(id=entry)) as call, ops=[ast.Eq()], comparators=[value])
        ):
            text = ast.get_source_segment(assertion.strip(), call) or ""
            recorded = ast.get_source_segment(assertion.strip(), value)
            return Found(program, entry, {text[len(entry) + 1 : -1].strip(): recorded}) if program else NO_PROGRAM
    return NO_CALL


def _before_assertion(text: str) -> tuple[str, str]:
    """Split a program from the assertion at its end."""
    start = re.search(r"^assert\b", text, re.MULTILINE)
    return (text[: start.start()].rstrip(), text[start.start() :].strip()) if start else (text, "")


def execverify_sft(row: Row) -> Found | str:
    """Read the last block of the answer in `conversations`: the program and its completed assertion."""
    turns = row.get("conversations")
    turns = turns if isinstance(turns, list) else []
    said = [str(turn.get("value", "")) for turn in turns if isinstance(turn, Mapping)]
    blocks = re.findall(r"```python\n(.*?)\n```", said[-1], re.DOTALL) if said else []
    return _asserted(*_before_assertion(blocks[-1])) if blocks else NO_PROGRAM


_LABEL = re.compile(r"[ \t]*# \[L[0-9]+\][ \t]*$", re.MULTILINE)


def pyx(row: Row) -> Found | str:
    """Read the program in a monologue's prompt (`[PYTHON]`), and the assertion in the response (`[ANSWER]`)."""
    prompt = str(row.get("fwd_mnl") or row.get("bwd_mnl") or "")
    program = re.search(r"\[?PYTHON\]\n?(.*?)\[/PYTHON\]", prompt, re.DOTALL)
    response = str(row.get("response") or "")
    answer = response[response.rfind("[ANSWER]") + len("[ANSWER]") : response.rfind("[/ANSWER]")]
    if program is None or "[ANSWER]" not in response:
        return NO_PROGRAM
    return _asserted(_LABEL.sub("", _before_assertion(program[1])[0]).strip(), answer)


# ---- CodeI/O


def codeio_raw(row: Row) -> Found | str:
    """Read `refcode`, `funcname` and `ios`: keyword arguments and values as JSON."""
    source, entry, pairs = row.get("refcode"), row.get("funcname"), row.get("ios")
    if not isinstance(source, str) or not isinstance(entry, str):
        return NO_PROGRAM
    calls: dict[str, str | None] = {}
    for pair in pairs if isinstance(pairs, list) else ():
        if isinstance(pair, Mapping) and (call := _call_text(pair.get("input"), entry)) is not None:
            calls[call] = literals.write(pair.get("output"))
    return Found(source, entry, calls, as_json=True) if calls else NO_CALL


_CODEIO_PROGRAM = re.compile(r"Tip: Here is a reference code snippet[^\n]*\n+(.*)", re.DOTALL)
_CODEIO_GIVEN = re.compile(r"Given the following (input|output):\s*\n(.*?)\n\s*Can you predict", re.DOTALL)
_CODEIO_ENTRY = "main_solution"
_MOST_BRACES = 500  # of a text in which the last JSON object is looked for


def codeio_text(row: Row) -> Found | str:
    """Read the texts of a row that holds one of CodeI/O's prompts and, after it, an answer that ends in JSON."""
    texts = list(_texts(row))
    index = next((index for index, text in enumerate(texts) if _CODEIO_PROGRAM.search(text)), None)
    if index is None or (given := _CODEIO_GIVEN.search(texts[index])) is None:
        return NO_PROGRAM
    program = _CODEIO_PROGRAM.search(texts[index])
    assert program is not None
    source, answer = program[1], _last_object("\n".join(texts[index + 1 :]))
    if fenced := re.search(r"```(?:python)?\n(.*?)\n```", source, re.DOTALL):
        source = fenced[1]
    try:
        known = literals.read(given[2].strip())
    except literals.LiteralError:
        return NO_CALL
    arguments, value = (known, answer.get("output")) if given[1] == "input" else (answer.get("input"), known)
    call = _call_text(arguments, _CODEIO_ENTRY)
    if call is None:
        return NO_CALL
    said = given[1] == "output" or "output" in answer
    return Found(source.strip(), _CODEIO_ENTRY, {call: literals.write(value) if said else None}, as_json=True)


def _texts(value: object) -> Iterator[str]:
    """Yield all text in a row, in order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(each)


def _last_object(text: str) -> dict[str, object]:
    """Return the last JSON object in a text that is about an input or an output; {} where there is none."""
    decoder = json.JSONDecoder()
    for brace in [found.start() for found in re.finditer(r"\{", text)][: -_MOST_BRACES - 1 : -1]:
        try:
            found, _ = decoder.raw_decode(text, brace)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict) and {"input", "output"} & found.keys():
            return found
    return {}


READY: Mapping[str, Ready] = {
    "execverify-rl": Ready(
        by_columns("func_str", "func_name", "func_args", "result"), "justForAnonymous/rl_dataset", "*"
    ),
    "execverify-sft": Ready(execverify_sft, "justForAnonymous/sft_dataset", "*"),
    "codeio": Ready(codeio_text, "hkust-nlp/CodeIO-PyEdu-Reasoning", "*.jsonl", "ODC-By-1.0"),
    "codeio-raw": Ready(codeio_raw, "hkust-nlp/CodeIO-PyEdu-Reasoning-Raw", "*.jsonl", "ODC-By-1.0"),
    "ifm-code-reasoning": Ready(codeio_text, "IFM/Code-Reasoning", "codeio/*-00000.parquet", "Apache-2.0"),
    "pyx": Ready(pyx, "semcoder/PyX", "*.jsonl", "MIT"),
}
"""Data sets by the name of their map; docs/data.md says which schemas were read from the real files."""
