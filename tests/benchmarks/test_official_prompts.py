"""Prompts are taken from a checkout's f-strings, and nothing of the checkout runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from codereasoner import extend
from codereasoner.benchmarks.official_prompts import cruxeval_style, read_template
from codereasoner.errors import DataError, UnknownName
from codereasoner.task import Question

PROMPTS = '''
raise SystemExit("a checkout is never executed")

def make_direct_output_prompt(s):
    code, input = s
    return f"""Complete.\\n{code}
assert f({input}) == ?? {{}}
[ANSWER]
"""

def make_cot_output_prompt(s):
    code, input = s
    return f"""{code.upper()}"""
'''


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "prompts.py").write_text(PROMPTS)
    return tmp_path


def test_the_f_string_is_filled_with_the_program_and_its_call(checkout: Path) -> None:
    style = cruxeval_style(checkout, "cruxeval-direct-output")
    question = Question("output", {"source": "def f(x): ...", "entry": "f", "call": "1"}, ("2",))
    prompt = extend.task("output").prompt(question, style)
    assert prompt[0]["content"] == "Complete.\ndef f(x): ...\nassert f(1) == ?? {}\n[ANSWER]\n"
    assert style.parse("2\n[/ANSWER]") == "2"


def test_what_is_missing_or_more_than_names_is_told(checkout: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="more than plain names"):
        cruxeval_style(checkout, "cruxeval-cot-output")
    with pytest.raises(DataError, match="has no function make_cot_input_prompt"):
        cruxeval_style(checkout, "cruxeval-cot-input")
    with pytest.raises(DataError, match="give the folder of a checkout"):
        read_template(tmp_path / "none" / "prompts.py", "x")
    with pytest.raises(UnknownName, match="cruxeval-direct-output"):
        cruxeval_style(checkout, "cruxeval-direct")
