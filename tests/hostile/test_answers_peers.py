"""A peer's scorer is run in a sandbox, answer by answer, whatever an answer does to it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.hostile import answers_peers
from tests.hostile.sandbox import run_shut_in

SCORER = """
import os
def evaluate_score(arguments):
    [text], (source, call, wanted), mode = arguments
    if text == "end":
        os._exit(3)
    return [eval(text) == eval(wanted)]
"""


@pytest.fixture(scope="module", autouse=True)
def _sandbox() -> None:
    try:
        done = run_shut_in(["/bin/true"], "", 30)
    except (OSError, RuntimeError) as error:
        pytest.skip(str(error))
    assert done.returncode == 0


@pytest.fixture
def peer(tmp_path: Path) -> Path:
    (tmp_path / "evaluation").mkdir()
    (tmp_path / "evaluation" / "utils_general.py").write_text(SCORER)
    return tmp_path


def test_each_answer_has_a_verdict_even_where_one_ends_the_scorer(peer: Path) -> None:
    texts = ["[2, 1]", "[3, 2]", "end", "1 +", "print('true') or [2, 1]", "end", "[2, 1]"]
    found = answers_peers.verdicts("cruxeval", peer, "output", texts)
    assert found == [True, False, "ended", "failed", True, "ended", True]


def test_a_scorer_that_does_not_start_is_said_so(peer: Path) -> None:
    (peer / "evaluation" / "utils_general.py").write_text("import none_of_that_name")
    with pytest.raises(SystemExit, match=r"(?s)the scorer of cruxeval in .* does not start: .*none_of_that_name"):
        answers_peers.verdicts("cruxeval", peer, "output", ["1"])


def test_inside_there_is_nothing_to_write_to_and_nobody_to_talk_to(tmp_path: Path) -> None:
    code = (
        "import os, socket, sys\n"
        "found = []\n"
        "for path in (sys.argv[1], '/etc/x', '/tmp/x'):\n"
        "    try:\n        open(path, 'w'); found.append(path)\n"
        "    except OSError: pass\n"
        "try:\n    socket.create_connection(('127.0.0.1', 22), 1); found.append('net')\n"
        "except OSError: pass\n"
        "print(found, os.getpid(), sorted(set(os.environ) - {'LC_CTYPE', 'PWD', 'OLDPWD', 'SHLVL', '_'}))\n"
    )
    done = run_shut_in([sys.executable, "-I", "-c", code, str(tmp_path / "x")], "", 30)
    assert done.stdout.strip() == "[] 1 ['HOME', 'PATH', 'TMPDIR']", done.stderr


def test_it_ends_with_its_time() -> None:
    assert run_shut_in([sys.executable, "-c", "import time; time.sleep(60)"], "", 1.0).returncode != 0


def test_ours_accepts_what_is_right_and_no_attack() -> None:
    for mode in ("output", "input"):
        texts = answers_peers.attacks(mode)
        assert len(texts) >= 150
        assert answers_peers.ours(mode, [*answers_peers.RIGHT[mode], *texts]) == [True, *[False] * len(texts)]
