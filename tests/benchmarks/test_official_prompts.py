"""Prompts are taken from a checkout's f-strings, and nothing of the checkout runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from codereasoner import extend
from codereasoner.benchmarks.cruxeval import CruxevalInput, CruxevalOutput
from codereasoner.benchmarks.official_prompts import read_template
from codereasoner.benchmarks.reval_files import Pair, fill, read_templates
from codereasoner.benchmarks.semcoder import SemcoderOutput
from codereasoner.errors import ConfigError, DataError
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
    style = CruxevalOutput().official_style(checkout, reasons=False)
    question = Question("output", {"source": "def f(x): ...", "entry": "f", "call": "1"}, ("2",))
    prompt = extend.task("output").prompt(question, style)
    assert prompt[0]["content"] == "Complete.\ndef f(x): ...\nassert f(1) == ?? {}\n[ANSWER]\n"
    assert style.parse("2\n[/ANSWER]") == "2"


def test_what_is_missing_or_more_than_names_is_told(checkout: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="more than plain names"):
        CruxevalOutput().official_style(checkout, reasons=True)
    with pytest.raises(DataError, match="has no function make_cot_input_prompt"):
        CruxevalInput().official_style(checkout, reasons=True)
    with pytest.raises(DataError, match="give the folder of a checkout"):
        read_template(tmp_path / "none" / "prompts.py", "x")
    with pytest.raises(ConfigError, match="no official prompts"):
        extend.find("benchmark", "codesense-branch").official_style(checkout, reasons=False)


def test_a_monologue_has_double_quotes_labels_and_its_token(tmp_path: Path) -> None:
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "cruxeval_prompts.py").write_text(MONOLOGUE)
    style = SemcoderOutput().official_style(tmp_path, reasons=True)
    question = Question("output", {"source": "def f(x):\n\n    return 'a'", "entry": "f", "call": "'b'"}, ("'a'",))
    (message,) = extend.task("output").prompt(question, style)
    assert message["content"] == 'def f(x): # [L5]\n\n    return "a" # [L7]\nf("b")\n[MONOLOGUE]'


MONOLOGUE = '''
def make_forward_monologue_output_prompt(s):
    special_token = "[MONOLOGUE]" # a comment
    code, input = s
    code = code.split("\\n")
    return f"""{code}
f({input})
{special_token}"""
'''
TEMPLATE = "{code}\n{invocation}\nLine {line} ({codeline}) {invocation_abbr}\n[ANSWER]"


def test_the_templates_of_reval_are_filled_as_it_fills_them(tmp_path: Path) -> None:
    test = "class ATest(TestCase):\n    def setUp(self):\n        self.x = 1\n    def test_a(self):\n        pass\n"
    code = "class A:\n    y = 1"
    of_class = Pair(85, 0, code, "A", "assertEqual(1, 1)\n", test, "", ((2, "y"),), "assertEqual(1, ??)")
    of_function = Pair(0, 0, "def f(a):\n    return a", "f", "(1,)", "", "1", ((2, "a"),), "assert f(1) == ??")
    filled = fill(TEMPLATE, "coverage", of_class, 0)
    setup = "\n# setup code executed previously\n        self.x = 1\n# "
    assert filled == f"{code}\n{setup}\nassertEqual(1, 1)\nLine 2 (    y = 1) the above test code\n[ANSWER]"
    assert "previously\n#         self.x = 1\n# \n" in fill(TEMPLATE, "path", of_class, 0)
    assert fill(TEMPLATE, "path", of_function, 0).startswith("1\tdef f(a):\n2\t    return a\n\nf(1)\nLine 2 (")
    assert fill("{code}{invocation}", "output", of_function, None).endswith("return a\nassert f(1) == ??")
    with pytest.raises(DataError, match="unknown here"):
        fill("{other}", "path", of_function, 0)
    (tmp_path / "prompts").mkdir()
    with pytest.raises(DataError, match=r"direct_coverage\.txt"):
        read_templates(tmp_path, reasons=False)
