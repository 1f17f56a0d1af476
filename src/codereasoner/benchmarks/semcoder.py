"""SemCoder's monologues: CRUXEval, answered after a monologue that simulates the execution forward or backward.

The data is CRUXEval's. SemCoder has its own way to find an answer in a raw generation (`generations_raw.json`): behind
the last [ANSWER], with every double quote made a single one. CRUXEval's scorer judges the result.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

from codereasoner.benchmarks.cruxeval import CruxevalInput, CruxevalOutput
from codereasoner.benchmarks.official_prompts import OfficialPrompts, Texts
from codereasoner.extend import Benchmark, Generations, OfficialVerdicts
from codereasoner.task import Question, Runner

Wanted = Literal["i", "o"]  # the input, left of the first ==, or the output, right of it

_PROMPTS = "experiments/cruxeval_prompts.py"


def _double_quotes(facts: Texts) -> Texts:
    return tuple(fact.replace("'", '"') for fact in facts)


def _labelled(facts: Texts) -> Texts:
    """Label each line of the program that is not blank, as the forward monologue names them; the first is L5."""
    code, *rest = _double_quotes(facts)
    lines = enumerate(code.split("\n"), start=5)
    return "\n".join(f"{line} # [L{number}]" if line.strip() else line for number, line in lines), *rest


class _Semcoder(Benchmark):
    version = "commit edc4ad3 of github.com/ARiSE-Lab/SemCoder, on CRUXEval"
    paper = "arXiv:2406.01006"
    wanted: ClassVar[Wanted]

    def grade_officially(
        self, questions: Sequence[Question], generations: Generations, runner: Runner
    ) -> OfficialVerdicts:
        """Let CRUXEval's scorer judge the answer that SemCoder's script finds in each text."""
        found = {name: [answer_in(text, self.wanted) for text in texts] for name, texts in generations.items()}
        return super().grade_officially(questions, Generations(found), runner)


class SemcoderOutput(_Semcoder, CruxevalOutput):
    """CRUXEval-O after a forward monologue."""

    name = "semcoder-cruxeval-o"
    title = "SemCoder: forward monologues (CRUXEval-O)"
    wanted = "o"
    prompts = OfficialPrompts(
        _PROMPTS,
        "make_direct_output_prompt",
        "make_forward_monologue_output_prompt",
        ("source", "call"),
        _double_quotes,
        _labelled,
    )


class SemcoderInput(_Semcoder, CruxevalInput):
    """CRUXEval-I after a backward monologue."""

    name = "semcoder-cruxeval-i"
    title = "SemCoder: backward monologues (CRUXEval-I)"
    wanted = "i"
    prompts = OfficialPrompts(
        _PROMPTS,
        "make_direct_input_prompt",
        "make_backward_monologue_input_prompt",
        ("source", "value"),
        _double_quotes,
    )


def answer_in(raw: str, wanted: Wanted) -> str:
    """Return what SemCoder's script takes for the answer."""
    mark = "ANSWER]" if "\nANSWER]" in raw else "[ANSWER]"
    start, end = raw.rfind(mark) + len(mark), raw.rfind("[/ANS")
    # Where there is no mark, the script cuts off as many characters as the mark has, less one.
    answer = raw[start : end if end >= start else len(raw)]
    if "==" in answer:
        answer = answer.split("==")[1 if wanted == "o" else 0].strip()
    if "assert" in answer:
        answer = answer.split("assert")[1].strip()
    return answer.replace('"', "'")
