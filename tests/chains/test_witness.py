"""Events and the narrator's words against a second witness: the program that reports itself."""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.chains.layouts import compact, spread
from tests.chains.nested import program
from tests.chains.witness import Reports, reports, rewritten

from codereasoner import extend, literals
from codereasoner.chains.claim_audit import audit
from codereasoner.chains.events import Event, read_events
from codereasoner.chains.narrator import DETAILS, Detail, narrate
from codereasoner.execution.pool import Pool
from codereasoner.records import Job, Run
from codereasoner.sources.procedural import Procedural

LAYOUTS = {"plain": lambda source: source, "compact": compact, "spread": spread}


def constructs() -> Iterator[tuple[str, str]]:
    """Each program of the corpus: the arguments of its call, and its source."""
    text = Path(__file__).with_name("constructs.txt").read_text()
    for block in text.partition("\n")[2].split("---\n"):
        if block.strip():
            call, _, source = block.partition("\n")
            yield call[2:-1], source


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
    elif event.kind == "yield" and isinstance(event.scope, ast.FunctionDef):
        yield ["yield", event.line, canonical(event.value)]
    elif event.kind == "resume" and isinstance(event.scope, ast.FunctionDef):
        yield ["resume", event.function]
    if event.kind != "line" or event.raised:
        return
    match node, event.taken:
        case (ast.If() | ast.While(), bool(taken)):
            yield ["test", event.line, taken]
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
    if isinstance(node, ast.Assign | ast.AugAssign) or (isinstance(node, ast.For | ast.AsyncFor) and event.taken):
        yield from (["set", event.line, name, canonical(value)] for name, value in event.values.items())


def canonical(text: str) -> str:
    """A value as a literal; "?" where there is none."""
    try:
        return literals.write(literals.read(text))
    except (literals.LiteralError, literals.NotWritable):
        return "?"


def witnessed(run: Run) -> Reports:
    """The reports of the witness, without those that are no events: functions that are no generators resume nothing."""
    assert run.outcome in ("ok", "raised"), run
    found = reports(run.stdout)
    nodes = list(ast.walk(ast.parse(run.source)))
    coroutines = {node.name for node in nodes if isinstance(node, ast.AsyncFunctionDef)}
    globals_ = {name for node in nodes if isinstance(node, ast.Global) for name in node.names}
    found["call"] = [[name] for _, name in found["call"]]
    found["resume"] = [[name] for _, name in found["resume"] if name not in coroutines]
    for kind in ("return", "yield"):
        found[kind] = [[line, canonical(str(value))] for line, value in found[kind]]
    found["set"] = [[line, name, canonical(str(value))] for line, name, value in found["set"] if name not in globals_]
    return found


def disagreements(source: str, events: Reports, witness: Reports) -> Iterator[str]:
    """Where the two differ; of a line with several statements, events may be left out."""
    shared = several(source)
    delegates = "yield from" in source or "async def" in source
    for kind in (
        "test",
        "pass",
        "end",
        "call",
        "return",
        "yield",
        "resume",
        "except",
        "case",
        "Break",
        "Continue",
        "Pass",
    ):
        said, seen = events.get(kind, []), witness.get(kind, [])
        if kind in ("yield", "resume") and delegates:
            continue
        if kind not in ("call", "resume"):
            said_here = [each for each in said if each[0] not in shared]
            if said_here != [each for each in seen if each[0] not in shared]:
                yield f"{kind}: the events say {said}, the witness {seen}"
            if not is_part(said, seen):
                yield f"{kind}: of shared lines the events say {said}, the witness {seen}"
        elif said != seen:
            yield f"{kind}: the events say {said}, the witness {seen}"
    names = {(line, name) for line, name, _ in witness.get("set", [])}
    said = [each for each in events.get("set", []) if (each[0], each[1]) in names and each[2] != "?"]
    seen = [each for each in witness.get("set", []) if each[2] != "?"]
    if [each for each in said if each[0] not in shared] != [each for each in seen if each[0] not in shared]:
        yield f"set: the events say {said}, the witness {seen}"


def is_part(some: Sequence[object], whole: Sequence[object]) -> bool:
    """Do the items stand in the whole in this order?"""
    rest = iter(whole)
    return all(any(each == other for other in rest) for each in some)


def several(source: str) -> set[int]:
    """The lines on which more than one statement stands."""
    lines: dict[int, int] = defaultdict(int)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case):
            body = getattr(node, "body", None)
            first = node.pattern.lineno if isinstance(node, ast.match_case) else node.lineno
            last = body[0].lineno if isinstance(body, list) else getattr(node, "end_lineno", first)
            for line in {first, *range(first, last + (body is None))}:
                lines[line] += 1
    return {line for line, count in lines.items() if count > 1}


CORPUS = list(constructs())


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "place", range(len(CORPUS)), ids=[source.split("(")[0][4:] + str(n) for n, (_, source) in enumerate(CORPUS)]
)
def test_story_and_witness_agree_on_every_construct_in_every_layout(pool: Pool, place: int, layout: str) -> None:
    call, plain = CORPUS[place]
    source = LAYOUTS[layout](plain)
    run, witness = pool.run([Job(source, "f", call, record="trace"), Job(rewritten(source, "f"), "_watched", call)])
    assert (run.outcome, run.value) == (witness.outcome, witness.value)
    assert not list(disagreements(source, reported(read_events(run)), witnessed(witness))), source


SENTENCE = re.compile(r"Line (\d+), `.*`: (.*)\.")
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
        number, said = int(sentence[1]), sentence[2]
        if test := re.search(r"(?:true|false), (the body runs|the body is skipped|the loop ends)$", said):
            found["test"].append([number, TESTS[test[1]]])
        elif begins := re.match(r"pass (\d+)", said):
            found["pass"].append([number, int(begins[1])])
        elif said == "nothing is left, the loop ends":
            found["end"].append([number])
        elif said.startswith("it handles the exception"):
            found["except"].append([number])
        elif said.startswith("it matches"):
            found["case"].append([number])
        elif said in JUMPS:
            found[JUMPS[said]].append([number])
        elif value := re.search(r"(\w+) (returns|yields) (.*)$", said):
            found[value[2].rstrip("s")].append([number, canonical(value[3])])
    return found


JUMPS = {"the loop is left": "Break", "the next pass of the loop begins": "Continue", "nothing happens": "Pass"}


def terse_tests(text: str, source: str) -> list[bool]:
    """The outcomes of tests in a terse detail, in order; the code of a loop without a test is none."""
    lines = [line for line in text.split("\n") if f"{line}:" not in ("while True:", "while 1:") or line not in source]
    found = (re.fullmatch(r"(?:.* -> )?(?:if|elif|while) (?:.*: )?(True|False)(?:, .*)?", line) for line in lines)
    return [match[1] == "True" for match in found if match]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("place", range(len(CORPUS)))
def test_the_sentences_say_what_the_witness_says(pool: Pool, place: int, layout: str) -> None:
    call, plain = CORPUS[place]
    source = LAYOUTS[layout](plain)
    run, witness = pool.run([Job(source, "f", call, record="trace"), Job(rewritten(source, "f"), "_watched", call)])
    text = narrate(extend.task("output").collect(run).questions[0], run, "steps").text
    assert not list(disagreements(source, in_sentences(text) | {"set": []}, witnessed(witness) | {"set": []})), text


@pytest.mark.parametrize("detail", [detail for detail in DETAILS if detail != "steps"])
@pytest.mark.parametrize("place", range(len(CORPUS)))
def test_the_terse_details_tell_the_tests_that_the_witness_saw(pool: Pool, place: int, detail: Detail) -> None:
    call, source = CORPUS[place]
    run, witness = pool.run([Job(source, "f", call, record="trace"), Job(rewritten(source, "f"), "_watched", call)])
    text = narrate(extend.task("output").collect(run).questions[0], run, detail).text
    assert terse_tests(text, source) == [taken for _, taken in witnessed(witness)["test"]], text


@pytest.mark.parametrize("difficulty", [1, 3, 5])
def test_story_and_witness_agree_on_programs_of_the_grammar(pool: Pool, difficulty: int) -> None:
    programs = list(Procedural("full", difficulty).programs("train", 60))
    jobs = [(program.source, program.entry, program.calls[0]) for program in programs]
    runs = pool.run([Job(source, entry, call, record="trace") for source, entry, call in jobs])
    seen = pool.run([Job(rewritten(source, entry), "_watched", call) for source, entry, call in jobs])
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
    runs = pool.run([Job(source, "f", call, record="trace") for source, call in jobs])
    seen = pool.run([Job(rewritten(source, "f"), "_watched", call) for source, call in jobs])
    for run, witness in zip(runs, seen, strict=True):
        assert not list(disagreements(run.source, reported(read_events(run)), witnessed(witness))), run.source
        question = extend.task("output").collect(run).questions
        for detail in DETAILS if question else ():
            assert audit(narrate(question[0], run, detail).text, run).first_false is None, (run.source, detail)


@pytest.mark.parametrize("layout", LAYOUTS)
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
    job = Job(source, "f", str(argument), record="trace")
    run, witness = pool.run([job, Job(rewritten(source, "f"), "_watched", job.call)])
    assume(run.outcome in ("ok", "raised") and witness.outcome in ("ok", "raised") and not run.cut)
    assert (run.outcome, run.value) == (witness.outcome, witness.value)
    assert not list(disagreements(source, reported(read_events(run)), witnessed(witness))), source
