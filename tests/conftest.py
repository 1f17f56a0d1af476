"""What every test may ask for, and what is said of tests that were skipped."""

from __future__ import annotations

import gc
import os
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from codereasoner.errors import IsolationError
from codereasoner.execution.pool import Pool

WHERE = (
    "the benchmark data is not here: set CODEREASONER_DATA to a folder with cruxeval/cruxeval.jsonl "
    "(github.com/facebookresearch/cruxeval), reval/ (github.com/r-eval/REval), codeglance/ "
    "(github.com/greenlight2000/CodeGlance) and livecodebench/ (github.com/minimario/cruxeval-lcb)"
)


# Both limits of hypothesis are by the clock, which other load makes slow.
settings.register_profile("codereasoner", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("codereasoner")

# Files that load torch, transformers or trl, which takes ten seconds: under pytest-xdist one worker runs all of them.
LEARN = (
    "exports/test_libraries.py",
    "training/",
    "cli/test_plugin_task.py",
    "cli/test_style_of_ones_own.py",
    "cli/test_every_command.py",
    "experiments/test_curriculum.py",
    "experiments/test_pace.py",
    "experiments/test_weights.py",
    "models/test_chat.py",
    "models/test_control_tokens.py",
    "models/test_device.py",
    "models/test_gguf.py",
    "models/test_local.py",
    "models/test_short_attention.py",
)

# Files of few tests and much work. pytest-xdist hands out files by the number of their tests, so these would come last,
# when the other core has nothing left to do.
FIRST = (
    *LEARN,
    "execution/test_allowlist.py",  # looks at all classes: ten times as many where torch is loaded
    "exports/test_inspect.py",
    "containers/test_containers.py",
    "execution/test_tracers.py",
    "chains/test_witness.py",
    "test_docs.py",
    "test_notebooks.py",
    "hostile/test_answers.py",
    "hostile/test_specification.py",
    "tasks/test_every_task.py",
    "benchmarks/test_reval.py",
    "experiments/test_side_by_side.py",
    "stages/test_build_dataset.py",
    "stages/test_whole_build.py",
    "exports/test_reasoning_gym.py",
    "exports/test_files.py",
    "execution/test_preload.py",
    "chains/test_audit_work.py",
    "curation/test_profiles.py",
    "sources/test_author.py",
    "grammar/test_templates.py",
    "benchmarks/test_livecodebench.py",
    "cli/test_servers.py",
)

gc.disable()  # until the tests are collected: nothing that they load is garbage

ALLOWED = Path(__file__).with_name("skips.txt")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-golden", action="store_true", help="write the golden traces anew")
    parser.addoption(
        "--strict-skips", action="store_true", help="fail if a test is skipped without a reason on the list"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Let pytest-xdist hand out files in the order of collection."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where pytest-xdist runs them, begin with the files that take longest, then those with most tests."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        tests = Counter(item.path for item in items)
        items.sort(key=lambda item: (_place(item.path), -tests[item.path]))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Let `--dist loadfile` take the files that load torch for one."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

    class Scheduling(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file: str = super()._split_scope(nodeid)
            return "learn" if _place(config.rootpath / file) < len(LEARN) else file

    return Scheduling(config, log)


@cache
def _place(path: Path) -> int:
    """Return where in FIRST a file or its folder is; the number of all for a file of no name there."""
    below = path.relative_to(ALLOWED.parent)
    names = (str(below), f"{below.parts[0]}/")
    return next((place for place, name in enumerate(FIRST) if name in names), len(FIRST))


def pytest_collection_finish() -> None:
    """Leave out of every later collection what is loaded by now: each training collects garbage, torch is large."""
    gc.freeze()
    gc.enable()


def allowed_skips(text: str) -> list[str]:
    """Return the beginnings of allowed reasons: the lines of tests/skips.txt without their comments."""
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return [line.partition("  #")[0].rstrip() for line in lines]


def skip_reasons(reports: list[pytest.TestReport]) -> Counter[str]:
    """Return the reasons of skipped tests and how many tests each kept from running."""
    found = (report.longrepr for report in reports)
    return Counter(str(each[2] if isinstance(each, tuple) else each).removeprefix("Skipped: ") for each in found)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run that skips a test for a reason that nobody has allowed, where that is asked for."""
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if terminal is None or not session.config.getoption("--strict-skips") or session.exitstatus != pytest.ExitCode.OK:
        return
    if unlisted(terminal.stats.get("skipped", [])):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def unlisted(reports: list[pytest.TestReport]) -> list[str]:
    """Return the reasons that tests/skips.txt does not have."""
    allowed = tuple(allowed_skips(ALLOWED.read_text(encoding="utf-8")))
    return [reason for reason in skip_reasons(reports) if not reason.startswith(allowed)]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which tests were skipped and why."""
    reports = terminalreporter.stats.get("skipped", [])
    if not reports:
        return
    terminalreporter.section("skipped tests")
    strange = unlisted(reports)
    for reason, count in skip_reasons(reports).most_common():
        mark = "NOT ON THE LIST (tests/skips.txt): " if reason in strange else ""
        terminalreporter.line(f"{count:4}  {mark}{reason}")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of public benchmark data; the test is skipped where there is none."""
    beside = Path(__file__).resolve().parents[1].parent / "shared" / "data"
    folder = Path(os.environ.get("CODEREASONER_DATA") or beside)
    if not folder.is_dir():
        pytest.skip(WHERE)
    return folder


@pytest.fixture(scope="session")
def pool() -> Iterator[Pool]:
    """One worker, for all tests that only need programs to be run."""
    with Pool(workers=1, allow_weak_isolation=True) as running:
        yield running


@pytest.fixture(scope="session", autouse=True)
def _lean_stages() -> Iterator[None]:
    """Stages work in the process of the tests, with one worker, and draw no plots: it takes longer than their few rows.

    A test that is about processes uses `two_processes`; one that is about plots, `draw_plots` itself.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("codereasoner.stages.engine.cores", lambda: 1)
        patch.setattr("codereasoner.execution.pool.default_workers", lambda: 1)
        patch.setattr("codereasoner.reports.set_card.draw_plots", lambda facts, folder: {})
        yield


@pytest.fixture
def two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stages use two processes of their own, as they do by themselves on two cores."""
    monkeypatch.setattr("codereasoner.stages.engine.cores", lambda: 2)


@pytest.fixture(scope="session")
def level_b() -> None:
    """Skips a test where the machine does not give isolation level B, and says why."""
    try:
        Pool(workers=1, level="B", allow_weak_isolation=True).close()
    except IsolationError as error:
        pytest.skip(f"this machine has no isolation level B: {error}")


@pytest.fixture(scope="session")
def level_a() -> None:
    """Skip a test where the machine does not give isolation level A, and say why."""
    try:
        Pool(workers=1, level="A").close()
    except IsolationError as error:
        pytest.skip(f"this machine has no isolation level A: {error}")
