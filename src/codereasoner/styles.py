"""How a question is put to a model, and in which form its answer is expected.

A Style is the frame around a task: the words before the question, whether reasoning is asked for, and the answer
form that is rendered and parsed. A model keeps the style it was trained with; `STYLES` lists them by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from codereasoner.errors import UnknownName

Form = Literal["tag", "bare"]


@dataclass(frozen=True)
class Style:
    """One way of asking and answering."""

    name: str
    form: Form
    instructs: bool  # False: the prompt is the statement alone, for models that were trained on nothing else
    reasons: bool  # is reasoning asked for before the answer?

    def messages(self, task: str, request: str, statement: str) -> list[dict[str, str]]:
        """The chat messages for one question."""
        if not self.instructs:
            return [{"role": "user", "content": f"{task}\n{statement}"}]
        lines = [request, "", "```python", statement, "```", "", _HOW[self.form, self.reasons]]
        return [{"role": "user", "content": "\n".join(lines)}]

    def render(self, statement: str, answer: str, chain: str = "") -> str:
        """The completion of a perfect model: the chain, where there is one, and the answer in its form."""
        reasoning = f"<reasoning>{chain}</reasoning>" if chain else ""
        return reasoning + _RENDER[self.form](answer)

    def parse(self, completion: str) -> str | None:
        """The last complete answer of a completion, or None."""
        return _PARSE[self.form](completion)


_HOW: dict[tuple[Form, bool], str] = {
    ("tag", True): "Reason step by step inside <reasoning>...</reasoning>, "
    "then give the answer alone inside <answer>...</answer>.",
    ("tag", False): "Give the answer alone inside <answer>...</answer>, and nothing else.",
    ("bare", True): "Reason step by step, then give the answer alone on the last line.",
    ("bare", False): "Give the answer alone, and nothing else.",
}

_TAG = re.compile(r"<answer>((?:(?!<answer>).)*?)</answer>", re.DOTALL)


def _last_tag(completion: str) -> str | None:
    answers = _TAG.findall(completion)
    return answers[-1].strip() if answers and answers[-1].strip() else None


_RENDER: dict[Form, Callable[[str], str]] = {
    "tag": lambda answer: f"<answer>{answer}</answer>",
    "bare": lambda answer: answer,
}
_PARSE: dict[Form, Callable[[str], str | None]] = {
    "tag": _last_tag,
    "bare": lambda completion: completion.strip() or None,
}

STYLES = {
    style.name: style
    for style in (
        Style("reasoning", "tag", instructs=True, reasons=True),
        Style("direct", "tag", instructs=True, reasons=False),
        Style("terse", "tag", instructs=False, reasons=True),
        Style("bare", "bare", instructs=True, reasons=False),
    )
}


def find_style(name: str) -> Style:
    """The style of that name.

    Raises:
        UnknownName: there is none; the message lists them.
    """
    if name not in STYLES:
        raise UnknownName("style", name, STYLES)
    return STYLES[name]
