"""Events and the narrator's words against a second witness: the program that reports itself."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.chains.layouts import compact, continued, spread
from tests.chains.nested import program
from tests.chains.witness import Reports, names_in, reports, rewritten

from codereasoner import extend, literals
from codereasoner.chains.claim_audit import audit
from codereasoner.chains.events import Event, read_events
from codereasoner.chains.narrator import DETAILS, Detail, narrate
from codereasoner.execution.pool import Limits, Pool
from codereasoner.records import Job, Run
from codereasoner.sources.procedural import Procedural
from codereasoner.task import Question

LAYOUTS = {"plain": lambda source: source, "compact": compact, "spread": spread, "continued": continued}


HEADING = re.compile(r"f\(([^\n]*)\)(?: from (3\.\d+))?(?: until (3\.\d+))?\n(.+)", re.DOTALL)


def constructs() -> Iterator[tuple[str, str]]:
    """Each program that this Python can read and traces as it runs: the arguments of its call, and its source."""
    text = Path(__file__).with_name("constructs.txt").read_text(encoding="utf-8")
    for block in text.partition("\n")[2].split("---\n")[:-1]:
        call, first, last, source = HEADING.fullmatch(block).groups()  # type: ignore[union-attr]
        if version(first or "3.11") <= sys.version_info[:2] <= version(last or "3.99"):
            yield call, source


def version(text: str) -> tuple[int, ...]:
    """The numbers of a version, which can be compared."""
    return tuple(map(int, text.split(".")))


def reported(events: Sequence[Event]) -> Reports:
    """The events of a run, in the witness's kinds."""
    found: Reports = defaultdict(list)
    for event in events:
        for kind, *rest in _kinds(event):
            found[str(kind)].append(rest)
    return found


def _kinds(event: Event) -> Iterator[list[object]]:
    node = event.node
    if event.kind == "call" and not isinstance(event.scope, ast.ClassDef):
        yield ["call", event.function]
    elif event.kind == "return" and isinstance(node, ast.Return):
        yield ["return", event.line, canonical(event.value)]
    elif event.kind == "exception" and isinstance(node, ast.Raise) and node.exc:
        yield ["raise", event.line]
    elif event.kind == "yield" and isinstance(event.scope, ast.FunctionDef):
        yield ["yield", event.line, canonical(event.value)]
    elif event.kind == "resume" and isinstance(event.scope, ast.FunctionDef):
        yield ["resume", event.function]
    if event.kind != "line" or event.raised:
        return
    match node, event.taken:
        case (ast.If() | ast.While(), bool(taken)):
            yield ["test", event.line, taken]
        case (ast.With() | ast.AsyncWith(), True):
            yield ["with", event.line]
        case (ast.Return(), _):
            yield ["reach", event.line]
        case (ast.Assert(), _):
            yield ["assert", event.line]
        case (ast.For() | ast.AsyncFor(), True):
            yield ["pass", event.line, event.visit]
        case (ast.For() | ast.AsyncFor(), False):
            yield ["end", event.line]
        case (ast.ExceptHandler(), True):
            yield ["except", event.line]
        case (ast.match_case(), True):
            yield ["case", event.line]
        case (ast.Break() | ast.Continue() | ast.Pass(), _):
            yield [type(node).__name__, event.line]
    targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
    if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign) or event.taken:
        names = {name for each in targets if isinstance(each, ast.expr) for name in names_in(each)}
        found = ((name, value) for name, value in event.values.items() if name in names)
        yield from (["set", event.line, name, canonical(value)] for name, value in found)


def canonical(text: str) -> str:
    """A value as a literal; "?" where there is none."""
    try:
        return literals.write(literals.read(text))
    except (literals.LiteralError, literals.NotWritable):
        return "?"


def witnessed(run: Run) -> Reports:
    """The reports of the witness in the form of `reported`."""
    assert run.outcome in ("ok", "raised"), run
    found = reports(run.stdout)
    found["call"] = [[name] for _, name in found["call"]]
    found["resume"] = [[name] for _, name in found["resume"]]
    for kind in ("return", "yield"):
        found[kind] = [[line, canonical(str(value))] for line, value in found[kind]]
    recorded = Limits().value_chars  # of a longer value a trace has the type only
    found["set"] = [
        [line, name, canonical(str(value)) if len(str(value)) <= recorded else "?"]
        for line, name, value in found["set"]
    ]
    return found


def of_module(source: str) -> set[str]:
    """The names of module variables, whose values the events need not know."""
    tree = ast.parse(source)
    declared = {name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names}
    bound = (each for node in tree.body if isinstance(node, ast.Assign) for each in ast.walk(node.targets[0]))
    return declared | {each.id for each in bound if isinstance(each, ast.Name)}


IN_SENTENCES: tuple[str, ...] = ("test", "pass", "end", "call", "return", "yield", "resume", "except", "case", "raise")
IN_SENTENCES += ("Break", "Continue", "Pass", "assert")
KINDS = (*IN_SENTENCES, "with", "reach")


def disagreements(
    source: str, events: Reports, witness: Reports, kinds: Sequence[str] = (*KINDS, "set")
) -> Iterator[str]:
    """Where the two differ; of a line with several statements, events may be left out."""
    shared = several(source)
    for kind in [kind for kind in kinds if kind != "set"]:
        said, seen = events.get(kind, []), witness.get(kind, [])
        if kind in ("yield", "resume") and delegates(source):
            continue
        if kind not in ("call", "resume"):
            said_here = [each for each in said if each[0] not in shared]
            if said_here != [each for each in seen if each[0] not in shared]:
                yield f"{kind}: the events say {said}, the witness {seen}"
            if not is_part(said, seen):
                yield f"{kind}: of shared lines the events say {said}, the witness {seen}"
        elif said != seen:
            yield f"{kind}: the events say {said}, the witness {seen}"
    if "set" not in kinds:
        return
    names = {(line, name) for line, name, _ in witness.get("set", [])}
    said = [each for each in events.get("set", []) if (each[0], each[1]) in names and each[2] != "?"]
    seen = [each for each in witness.get("set", []) if each[2] != "?"]
    loose = of_module(source)
    told, known = ([each for each in some if each[0] not in shared and each[1] not in loose] for some in (said, seen))
    if told != known:
        yield f"set: the events say {told}, the witness {known}"
    for name in dict.fromkeys(each[1] for each in said if each[0] in shared or each[1] in loose):
        here, there = ([each for each in some if each[1] == name] for some in (said, seen))
        if not is_part(here, there):
            yield f"set: of shared lines the events say {here}, the witness {there}"


def delegates(source: str) -> bool:
    """Does a coroutine yield what the event loop awaits? The witness sees only what the program says."""
    return "async def" in source


def is_part(some: Sequence[object], whole: Sequence[object]) -> bool:
    """Do the items stand in the whole in this order?"""
    rest = iter(whole)
    return all(any(each == other for other in rest) for each in some)


def several(source: str) -> set[int]:
    """The lines of statements that share a line with another."""
    headers = [
        set(range(first, max([first, *_ends(node)]) + 1))
        for node in ast.walk(ast.parse(source))
        if isinstance(node, STATEMENTS)
        for first in [node.pattern.lineno if isinstance(node, ast.match_case) else node.lineno]
    ]
    counts = Counter(line for each in headers for line in each)
    shared = {line for line, count in counts.items() if count > 1}
    return shared.union(*(each for each in headers if each & shared))


STATEMENTS = ast.stmt | ast.ExceptHandler | ast.match_case


def _ends(node: ast.AST) -> Iterator[int]:
    """Where the parts of a statement end, without the statements in its blocks."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, STATEMENTS):
            yield from (getattr(each, "end_lineno", 0) for each in ast.walk(child))
    if not hasattr(node, "body") and not isinstance(node, ast.Match):
        yield node.end_lineno  # type: ignore[attr-defined]


CORPUS = list(constructs())


@cache
def both(pool: Pool, place: int, layout: str) -> tuple[Run, Run, Reports]:
    """The trace of a construct, the run of its witness and what that reports; many tests look at the same ones."""
    call, plain = CORPUS[place]
    source = LAYOUTS[layout](plain)
    run, witness = pool.run([job(source, "f", call, "trace"), job(rewritten(source, "f"), "_watched", call)])
    return run, witness, witnessed(witness)


job = partial(Job, origin="witness")  # most of its programs share a process, which costs a tenth of one for each


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "place", range(len(CORPUS)), ids=[source.split("(")[0][4:] + str(n) for n, (_, source) in enumerate(CORPUS)]
)
def test_story_and_witness_agree_on_every_construct_in_every_layout(pool: Pool, place: int, layout: str) -> None:
    run, witness, seen = both(pool, place, layout)
    assert (run.outcome, run.value) == (witness.outcome, witness.value)
    assert not list(disagreements(run.source, reported(read_events(run)), seen)), run.source


SENTENCE = re.compile(r"Line (\d+), `(.*)`: (.*)\.")
TESTS = {"the body runs": True, "the body is skipped": False, "the loop ends": False}


def in_sentences(text: str) -> Reports:
    """What the sentences of a chain say of tests, passes, ends of loops, handlers, cases, jumps and returns."""
    found: Reports = defaultdict(list)
    for line in text.split("\n"):
        if called := re.match(r"(\w+) is called", line):
            found["call"].append([called[1]])
        elif resumed := re.match(r"(\w+) resumes", line):
            found["resume"].append([resumed[1]])
        if not (sentence := SENTENCE.fullmatch(line)):
            continue
        number, code, said = int(sentence[1]), sentence[2], sentence[3]
        if test := re.search(r"(?:true|false), (the body runs|the body is skipped|the loop ends)$", said):
            found["test"].append([number, TESTS[test[1]]])
        elif begins := re.search(r"(?:^|, )pass (\d+)(?:, |$)", said):
            found["pass"].append([number, int(begins[1])])
        elif said.endswith("nothing is left, the loop ends"):
            found["end"].append([number])
        elif said.startswith("it handles the exception"):
            found["except"].append([number])
        elif said.startswith("it matches"):
            found["case"].append([number])
        elif said.endswith("the assertion holds"):
            found["assert"].append([number])
        elif said.startswith("raises ") and code.startswith("raise "):
            found["raise"].append([number])
        elif said in JUMPS:
            found[JUMPS[said]].append([number])
        elif value := re.search(r"(\w+) (returns|yields) (.*)$", said):
            found[value[2].rstrip("s")].append([number, canonical(value[3])])
    return found


JUMPS = {
    "the loop is left": "Break",
    "the loop is to be left": "Break",
    "the next pass of the loop begins": "Continue",
    "the next pass of the loop is to begin": "Continue",
    "nothing happens": "Pass",
}


TERSE = {"for end": "end", "except True": "except", "case True": "case"}
TERSE |= {"break": "Break", "continue": "Continue", "pass": "Pass"}


def in_terse(text: str, source: str) -> dict[str, list[object]]:
    """What a terse detail says, by kind and in order; the code of a loop without a test is no test."""
    code = set(re.findall(r"^ *(while (?:True|1|False)):", source, re.MULTILINE))
    found: dict[str, list[object]] = defaultdict(list)
    for line in text.split("\n"):
        if line in code:
            continue
        if test := re.fullmatch(r"(?:.* -> )?(?:if|elif|while) (?:.*: )?(True|False)(?:, .*)?", line):
            found["test"].append(test[1] == "True")
        elif decided := re.search(r"(?:^|: )(for end|except True|case True|break|continue|pass)(?=, |$)", line):
            found[TERSE[decided[1]]].append(True)
        elif resumed := re.fullmatch(r"(\w+) resumes", line):
            found["resume"].append(resumed[1])
    return found


def terse_faults(text: str, source: str, witness: Reports) -> Iterator[str]:
    """Where a terse detail and the witness differ; of lines with several statements, parts may be left out."""
    said = in_terse(text, source)
    shared = several(source)
    for kind in ("test", "end", "except", "case", "Break", "Continue", "Pass", "resume"):
        if kind == "resume" and delegates(source):
            continue
        seen = [each[-1] if kind in ("test", "resume") else True for each in witness.get(kind, [])]
        if not (is_part(said[kind], seen) if shared else said[kind] == seen):
            yield f"{kind}: the chain says {said[kind]}, the witness {seen}"


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("place", range(len(CORPUS)))
def test_the_sentences_say_what_the_witness_says(pool: Pool, place: int, layout: str) -> None:
    run, _, seen = both(pool, place, layout)
    text = narrate(question_of(run), run, "steps").text
    assert not list(disagreements(run.source, in_sentences(text), seen, IN_SENTENCES)), text


@pytest.mark.parametrize("detail", [detail for detail in DETAILS if detail != "steps"])
@pytest.mark.parametrize("place", range(len(CORPUS)))
def test_the_terse_details_say_what_the_witness_says(pool: Pool, place: int, detail: Detail) -> None:
    run, _, seen = both(pool, place, "plain")
    text = narrate(question_of(run), run, detail).text
    assert not list(terse_faults(text, run.source, seen)), text
    assert audit(text, run).first_false is None


def question_of(run: Run) -> Question:
    """A question that asks for the whole run: its value or, where there is none, whether it raises."""
    return [*extend.task("output").collect(run).questions, *extend.task("raises").collect(run).questions][0]


@pytest.mark.parametrize("difficulty", [1, 3, 5])
def test_story_and_witness_agree_on_programs_of_the_grammar(pool: Pool, difficulty: int) -> None:
    programs = list(Procedural("full", difficulty).programs("train", 60))
    jobs = [(program.source, program.entry, program.calls[0]) for program in programs]
    runs = pool.run([job(source, entry, call, "trace") for source, entry, call in jobs])
    seen = pool.run([job(rewritten(source, entry), "_watched", call) for source, entry, call in jobs])
    compared = 0
    for run, witness in zip(runs, seen, strict=True):
        if run.outcome == "ok" and not run.cut:
            compared += 1
            assert not list(disagreements(run.source, reported(read_events(run)), witnessed(witness))), run.source
    assert compared > 50


@pytest.mark.parametrize("layout", LAYOUTS)
def test_story_and_witness_agree_on_cruxeval(pool: Pool, shared_data: Path, layout: str) -> None:
    rows = [json.loads(line) for line in (shared_data / "cruxeval" / "cruxeval.jsonl").read_text().split("\n") if line]
    jobs = [(LAYOUTS[layout](row["code"]), row["input"]) for row in rows[::4]]
    runs = pool.run([job(source, "f", call, "trace") for source, call in jobs])
    seen = pool.run([job(rewritten(source, "f"), "_watched", call) for source, call in jobs])
    for run, witness in zip(runs, seen, strict=True):
        assert not list(disagreements(run.source, reported(read_events(run)), witnessed(witness))), run.source
        question = extend.task("output").collect(run).questions
        for detail in DETAILS if question else ():
            assert audit(narrate(question[0], run, detail).text, run).first_false is None, (run.source, detail)


@pytest.mark.parametrize(
    "layout", [pytest.param(each, marks=[pytest.mark.slow] * (each in ("spread", "continued"))) for each in LAYOUTS]
)
def test_story_and_witness_agree_on_random_nested_programs(pool: Pool, layout: str) -> None:
    sources = [LAYOUTS[layout](program(seed)) for seed in range(20)]
    runs = pool.run([Job(source, "f", "4", record="trace") for source in sources])
    seen = pool.run([Job(rewritten(source, "f"), "_watched", "4") for source in sources])
    whole = [(run, witness) for run, witness in zip(runs, seen, strict=True) if run.outcome in ("ok", "raised")]
    assert len(whole) > 15
    for run, witness in whole:
        if not run.cut:
            assert not list(disagreements(run.source, reported(read_events(run)), witnessed(witness))), run.source


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(random=st.randoms(use_true_random=False), layout=st.sampled_from(sorted(LAYOUTS)), argument=st.integers(0, 9))
def test_story_and_witness_agree_on_the_smallest_nested_program_too(
    pool: Pool, random: Random, layout: str, argument: int
) -> None:
    source = LAYOUTS[layout](program(random))
    call = str(argument)
    run, witness = pool.run([Job(source, "f", call, record="trace"), Job(rewritten(source, "f"), "_watched", call)])
    assume(run.outcome in ("ok", "raised") and witness.outcome in ("ok", "raised") and not run.cut)
    assert (run.outcome, run.value) == (witness.outcome, witness.value)
    assert not list(disagreements(source, reported(read_events(run)), witnessed(witness))), source
