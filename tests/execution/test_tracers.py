"""The tracer in C and the reference tracer in Python say the same of every program, and no program can tell them."""

from __future__ import annotations

import builtins
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.execution import both_tracers
from tests.execution.test_property import ARGUMENTS, BLOCKS, PRELUDE, indented, seen_outside
from tests.pythons import WANTED, interpreters

from codereasoner.errors import InfrastructureError
from codereasoner.execution import decode, tracer_choice, worker_handle
from codereasoner.execution.exception_text import exception_text, thrown_text
from codereasoner.execution.hostile_programs import LIMITS, attacks
from codereasoner.execution.pool import Limits, Pool, Tracing
from codereasoner.execution.safe_repr import describe
from codereasoner.literals.write import NotWritable, write
from codereasoner.records import Job, Record, Run

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
NATIVE = Path(tracer_choice.__file__).with_name("native")
EXTENSION = NATIVE.with_name(f"_trace{sysconfig.get_config_var('EXT_SUFFIX')}")
NOT_BUILT = "the extension in C is not built: pip install -e ."
RECORDS: tuple[Record, ...] = get_args(Record)
ASK = "import sysconfig as s; print(s.get_path('include'), s.get_config_var('EXT_SUFFIX'))"


@cache
def interpreter(version: str) -> str:
    """The Python of this version; the test is skipped where there is none."""
    if version == HERE:
        return sys.executable
    found = interpreters().get(version) or pytest.skip(f"there is no Python {version} here")
    return found[1]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of extensions that were built, by version."""
    return {"folder": tmp_path_factory.mktemp("built")}


STACK = """
import sys, time
def depth(n=0):
    try:
        return depth(n + 1)
    except RecursionError:
        return n
def f(seconds):
    while time.process_time() < seconds:
        pass
    frame, names = sys._getframe(), []
    while frame:
        names.append(frame.f_code.co_filename)
        frame = frame.f_back
    return names, sys.getrecursionlimit(), depth(), sorted(name for name in sys.modules if "codereasoner" in name)
"""


@pytest.mark.parametrize("record", RECORDS)
@pytest.mark.parametrize("seconds", [0, 0.6], ids=["first try", "slow lane"])
def test_a_program_finds_nothing_below_it_on_the_stack(record: Record, seconds: float) -> None:
    if not EXTENSION.is_file():
        pytest.skip(NOT_BUILT)
    with Pool(workers=1, limits=Limits(cpu_seconds=5.0), allow_weak_isolation=True) as pool:
        (run,) = pool.run([Job(STACK, "f", str(seconds), record=record)])
    assert run.value == "(['<program>', '<call>'], 1000, 997, [])", run.reason


HOOKED = """
import gc, signal, sys
told = set()
def tell(*_):
    frame = sys._getframe()
    while frame:
        if frame.f_code.co_filename not in told:
            told.add(frame.f_code.co_filename)
            sys.stdout.write(frame.f_code.co_filename + "\\n")
        frame = frame.f_back
def f(raises):
    set_trace()
    if raises:
        raise KeyError([[str(each)] for each in range(300)])
    return [[each] for each in range(9000)]
"""
HOOKS = {
    "trace function": "sys.settrace(tell)",
    "profile function": "sys.setprofile(tell)",
    "garbage collector": "gc.callbacks.append(tell); gc.set_threshold(1)",
    "signals": "signal.signal(14, tell); signal.setitimer(0, 0.002, 0.002)",
    "monitoring": "m = sys.monitoring; m.use_tool_id(2, 'mine'); m.register_callback(2, 1, tell); m.set_events(2, 1)",
}


@pytest.mark.parametrize("record", ["value", "coverage"])
@pytest.mark.parametrize("raises", [False, True], ids=["returns", "raises"])
@pytest.mark.parametrize("hook", HOOKS)
def test_what_a_program_has_left_is_not_called_while_its_answer_is_written(
    hook: str, raises: bool, record: Record
) -> None:
    if not EXTENSION.is_file():
        pytest.skip(NOT_BUILT)
    setting = HOOKS[hook] if hook != "monitoring" or sys.version_info >= (3, 12) else "tell()"
    with Pool(workers=1, allow_weak_isolation=True) as pool:
        (run,) = pool.run([Job(HOOKED.replace("set_trace()", setting), "f", str(raises), record=record)])
    assert run.outcome == ("raised" if raises else "ok"), run.reason
    assert set(run.stdout.split()) <= {"<program>", "<call>"}


def test_a_hook_that_the_body_of_a_program_sets_hears_its_call() -> None:
    source = "import sys\nheard = []\nsys.setprofile(lambda frame, *_: heard.append(frame.f_code.co_name))\n"
    with Pool(workers=1, allow_weak_isolation=True) as pool:
        (run,) = pool.run([Job(f"{source}def f():\n    sys.setprofile(None)\n    return heard\n", "f", "")])
    assert run.value is not None
    assert "'f'" in run.value, run.value


def test_a_program_recurses_as_deep_beside_others_as_alone() -> None:
    if not EXTENSION.is_file():
        pytest.skip(NOT_BUILT)
    deep = STACK.partition("import sys, time")[2].partition("def f")[0]
    with Pool(workers=1, allow_weak_isolation=True) as pool:
        jobs = [Job(f"{deep}# {number}", "depth", "", origin="deep" if number else "") for number in range(4)]
        assert {run.value for run in pool.run(jobs)} == {"998"}


def build(version: str, built: dict[str, Path]) -> Path:
    """Build the extension for this version, with every warning an error."""
    if version not in built:
        python = interpreter(version)
        include, suffix = subprocess.run([python, "-c", ASK], capture_output=True, text=True, check=True).stdout.split()
        compiler = shutil.which("cc") or pytest.skip("there is no C compiler here")
        if not Path(include, "Python.h").is_file():
            pytest.skip(f"there are no headers of Python {version} here")
        place = built["folder"] / f"_trace{suffix}"
        words = [compiler, "-O1", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", f"-I{include}", "-o", str(place)]
        words += ["-undefined", "dynamic_lookup"] if sys.platform == "darwin" else []
        subprocess.run([*words, *map(str, sorted(NATIVE.glob("*.c")))], check=True)
        built[version] = place
    return built[version]


@pytest.mark.slow
# Other versions are for the slow tests and for `make test-pythons`, which runs this one on each of them.
@pytest.mark.parametrize("version", WANTED)
def test_golden_and_awkward_programs_end_as_untraced_and_both_say_the_same_of_them(
    version: str, built: dict[str, Path]
) -> None:
    place = build(version, built)
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{root / 'src'}:{root}"}
    words = [interpreter(version), "-W", "ignore", both_tracers.__file__, str(place)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "[]", done.stdout + done.stderr


def test_a_list_that_holds_another_twice_and_so_on_is_described_in_a_few_milliseconds() -> None:
    value: list[object] = []
    for _ in range(300):
        value = [value, value]
    seconds = []
    for _ in range(3):
        began = time.process_time()
        assert describe(value, 4_000) == "<list of 2 items>"
        seconds.append(time.process_time() - began)
    assert min(seconds) < 0.03


def seconds_of(work: Callable[[], object]) -> float:
    """The least CPU time of a call among many."""
    seconds = []
    for _ in range(30):
        began = time.process_time()
        with suppress(NotWritable):
            work()
        seconds.append(time.process_time() - began)
    return min(seconds)


@pytest.mark.parametrize("link", [lambda x: [x], lambda x: (x, 1), lambda x: {"next": x, "value": 1}])
def test_a_chain_deeper_than_a_literal_is_not_written_again_at_each_link(link: Callable[[object], object]) -> None:
    """A program that builds one is traced at each of its steps: at 3 ms a step it ended by the limit of time."""
    value: object = ()
    for _ in range(100):
        value = link(value)
    assert seconds_of(lambda: describe(value, 4_000)) < 8 * seconds_of(lambda: write(value))


@pytest.mark.slow
def test_what_was_built_for_another_version_is_refused(built: dict[str, Path]) -> None:
    others = [version for version in ("3.12", "3.13") if version != HERE]
    place = build(others[0], built)
    with pytest.raises(ImportError):
        both_tracers.load(str(place))


@pytest.mark.skipif(not EXTENSION.is_file(), reason=NOT_BUILT)
def test_an_extension_of_other_sources_is_refused_with_a_sentence_that_says_rebuild(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, decode.NATIVE, ModuleType(decode.NATIVE))  # it has no number of an interface
    found = decode.load_extension()
    assert found is None
    monkeypatch.setattr(worker_handle, "EXTENSION", found)
    with pytest.raises(InfrastructureError, match="built from other sources or for another Python: rebuild it with"):
        Pool(workers=1, allow_weak_isolation=True)


@pytest.mark.skipif(not EXTENSION.is_file(), reason=NOT_BUILT)
def test_the_extension_holds_nothing_twice_when_it_is_set_up_again() -> None:
    extension = import_module("codereasoner.execution._trace")
    tracer_choice.use(extension)
    before = sys.getrefcount(describe), sys.getrefcount(thrown_text)
    for _ in range(20):
        assert tracer_choice.use(extension) == "C"
    assert (sys.getrefcount(describe), sys.getrefcount(thrown_text)) == before
    tracer_choice.use(None)


# ---- in pools


@pytest.fixture(scope="module")
def pools() -> Iterator[tuple[Pool, Pool]]:
    """One with the tracer in C, one with that in Python."""
    if not EXTENSION.is_file():
        pytest.skip(NOT_BUILT)
    with (
        Pool(workers=1, allow_weak_isolation=True) as ours,
        Pool(workers=1, allow_weak_isolation=True, tracer="python") as reference,
    ):
        assert (ours.tracer, reference.tracer) == ("C", "Python")
        yield ours, reference


def told(run: Run) -> tuple[object, ...]:
    """All of a run but its time."""
    return run.outcome, run.value, run.exception, run.stdout, run.steps, run.lines, run.cut


def test_an_extension_that_is_built_is_used() -> None:
    with Pool(workers=1, allow_weak_isolation=True) as pool:
        assert pool.tracer == ("C" if EXTENSION.is_file() else "Python")


@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_no_program_of_cruxeval_can_tell_how_it_is_run(step: int, pools: tuple[Pool, Pool], shared_data: Path) -> None:
    lines = (shared_data / "cruxeval" / "cruxeval.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines[::step]]
    runs = {
        (pool.tracer, record): pool.run([Job(row["code"], "f", row["input"], record) for row in rows])
        for pool in pools
        for record in RECORDS
    }
    for record in RECORDS:
        assert list(map(told, runs["C", record])) == list(map(told, runs["Python", record]))
        assert list(map(seen_outside, runs["C", record])) == list(map(seen_outside, runs["C", "value"]))
    assert sum(len(run.steps) for run in runs["C", "trace"]) > 10_000 / step


@pytest.mark.parametrize("record", RECORDS)
def test_a_program_that_replaces_every_built_in_ends_as_a_program_that_replaces_none(
    pools: tuple[Pool, Pool], record: Record
) -> None:
    names = [name for name in dir(builtins) if name[:1] != "_" and name not in ("None", "True", "False")]
    source = (
        "import builtins\ndef evil(*given, **named):\n    raise KeyboardInterrupt\n"
        f"def f(n):\n    for name in {names}:\n        builtins.__dict__[name] = evil\n"
        "    text = [n, {'a': (2.5, {n})}, None]\n    class A:\n        pass\n    kept = A\n    return text\n"
    )
    for pool in pools:
        (run,) = pool.run([Job(source, "f", "3", record)])
        assert (run.outcome, run.value, run.cut) == ("ok", "[3, {'a': (2.5, {3})}, None]", ""), run.reason


def test_a_line_that_hands_on_what_is_thrown_into_it_is_told_of_once(pools: tuple[Pool, Pool]) -> None:
    inner = "def inner():\n    try:\n        yield 1\n    except ValueError:\n        yield 2\n"
    outer = "def outer():\n    yield from inner()\n"
    source = f"{inner}{outer}def f(error):\n    g = outer()\n    return next(g), g.throw(error), g.close()\n"
    for run in (pool.run([Job(source, "f", "ValueError", record="trace")])[0] for pool in pools):
        assert run.value == "(1, 2, None)", run.reason
        assert [step.line for step in run.steps if step.event == "line"].count(7) == 1


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(BLOCKS, ARGUMENTS, st.sampled_from(["trace", "coverage"]))
def test_both_say_the_same_of_any_program(
    pools: tuple[Pool, Pool], block: list[str], arguments: tuple[object, ...], record: str
) -> None:
    source = PRELUDE + "\n".join(["def f(a, b, items, text, table):", *indented(block), "    return a, seen, table"])
    job = Job(source, "f", repr(arguments)[1:-1], record)  # type: ignore[arg-type]
    ours, reference = (pool.run([job])[0] for pool in pools)
    assert told(ours) == told(reference)


@pytest.mark.skipif(not EXTENSION.is_file(), reason=NOT_BUILT)
def test_both_say_the_same_of_hostile_programs() -> None:
    seen = ("look for the expected answer", "read the memory of the parent")  # they find the tracer, or a number
    chosen = [attack for attack in attacks() if "timeout" not in attack.outcomes and not attack.name.startswith(seen)]
    jobs = [Job(each.job.source, each.job.entry, each.job.call, "trace") for each in chosen]
    limits = Limits(**{**vars(LIMITS), "cpu_seconds": 5.0, "wall_seconds": 30.0, "steps": 300})
    found = []
    kinds: tuple[Tracing, ...] = ("auto", "python")
    for kind in kinds:
        with Pool(workers=1, limits=limits, allow_weak_isolation=True, tracer=kind) as pool:
            if pool.level != "A":
                pytest.skip("this machine has no isolation level A, without which no attack is run")
            assert pool.tracer == ("C" if kind == "auto" else "Python")
            found.append(pool.run(jobs))
    different = [
        attack.name
        for attack, ours, reference in zip(chosen, *found, strict=True)
        if (ours.outcome, ours.steps, ours.cut) != (reference.outcome, reference.steps, reference.cut)
    ]
    assert different == []


GIVEN: dict[type[BaseException], tuple[object, ...]] = {
    UnicodeDecodeError: ("utf-8", b"ab", 0, 1, "no such thing"),
    UnicodeEncodeError: ("utf-8", "ab", 0, 1, "no such thing"),
    UnicodeTranslateError: ("ab", 0, 1, "no such thing"),
    BaseExceptionGroup: ("no such thing", [KeyboardInterrupt()]),
    ExceptionGroup: ("no such thing", [ValueError()]),
}
KINDS = [kind for kind in vars(builtins).values() if isinstance(kind, type) and issubclass(kind, BaseException)]


@pytest.mark.parametrize("kind", dict.fromkeys(KINDS), ids=lambda kind: kind.__name__)
def test_the_message_of_every_exception_is_kept(kind: type[BaseException]) -> None:
    error = kind(*GIVEN.get(kind, ("no such thing",)))
    assert exception_text(error, 100) == f"{kind.__name__}: {error}"
