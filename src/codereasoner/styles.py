"""How a question is put to a model, and in which form its answer is expected.

A Style is the frame around a task: the words before the question, whether reasoning is asked for, how many worked
examples are shown, and the answer form that is rendered and parsed. A model keeps the style it was trained with;
`STYLES` lists them by name. Official prompts are other people's text and stand in no style here: `official_style`
makes one from prompts that the caller has loaded.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from codereasoner.errors import UnknownName
from codereasoner.thoughts import shield_tags

Form = Literal["tag", "fenced", "block", "boxed", "bare", "line"]
"""Where the answer stands in a completion:
tag     <answer>...</answer>
fenced  a code block between lines of three backticks; where the task states an assertion, the whole of it
block   [ANSWER]...[/ANSWER]
boxed   \\boxed{...}
bare    the whole completion; the last line of it where reasoning comes first
line    from the last line that begins with = to the end: the shortest, for models that pay for each character
"""

Message: TypeAlias = dict[str, str]
OfficialPrompt: TypeAlias = Callable[[Any], str | Sequence[Mapping[str, str]]]  # Question -> text or chat messages


@dataclass(frozen=True)
class Example:
    """A worked example for few-shot prompts: what is shown, the answer, and the reasoning that leads to it."""

    statement: str
    answer: str
    chain: str


@dataclass(frozen=True)
class Style:
    """One way of asking and answering."""

    name: str
    form: Form
    instructs: bool  # False: the prompt is the statement alone, for models that were trained on nothing else
    reasons: bool  # is reasoning asked for before the answer?
    shots: int = 0  # worked examples in front of the question
    opened: bool = False  # the prompt ends inside the answer, so that a completion need not open it
    official: OfficialPrompt | None = None  # makes the prompt in place of our own words
    direct: frozenset[str] = frozenset()  # tasks that are answered without reasoning all the same

    def with_direct(self, tasks: Iterable[str]) -> Style:
        """Return the style in which these tasks are asked without reasoning; its name says so for `find_style`.

        A style that never asks for reasoning, or that gives no instructions, stays what it is.
        """
        names = sorted({*tasks})
        if not names or not self.reasons or not self.instructs:
            return self
        return replace(self, name=f"{self.name}{_DIRECT}{'+'.join(names)}", direct=frozenset(names))

    def messages(self, task: str, request: str, statement: str, examples: Sequence[Example] = ()) -> list[Message]:
        """The chat messages for one question, after up to `shots` examples."""
        turns: list[Message] = []
        reasons = self.reasons and task not in self.direct
        for example in examples[: self.shots]:
            turns.append({"role": "user", "content": self._content(request, example.statement, reasons)})
            chain = example.chain if reasons else ""
            turns.append({"role": "assistant", "content": self.render(example.statement, example.answer, chain)})
        return [*turns, {"role": "user", "content": self._content(request, statement, reasons)}]

    def _content(self, request: str, statement: str, reasons: bool) -> str:
        if not self.instructs:
            return statement
        return "\n".join([request, "", "```python", statement, "```", "", _HOW[self.form, reasons]])

    def render(self, statement: str, answer: str, chain: str = "") -> str:
        """The completion of a perfect model: the chain, where there is one, and the answer in its form."""
        answer = shield_tags(answer)
        if not chain or (self.form == "bare" and not self.reasons):
            return _RENDER[self.form](statement, answer)
        if self.form in ("tag", "block"):
            return f"<reasoning>{chain}</reasoning>" + _RENDER[self.form](statement, answer)
        return f"{chain}\n{_RENDER[self.form](statement, answer)}"

    def parse(self, completion: str) -> str | None:
        """The last complete answer of a completion, or None."""
        if self.form == "bare" and self.reasons:
            return completion.rstrip(_BLANK).rpartition("\n")[2].strip(_BLANK) or None
        if self.opened:  # what follows the first closing mark is a question that the model made up
            closing = _CLOSING[self.form]
            completion = _OPENING[self.form] + (completion.partition(closing)[0] if closing else completion) + closing
        answer = _PARSE[self.form](completion)
        if answer is not None and self.form in ("tag", "block"):
            answer = unwrapped(answer)
        return answer.strip(_BLANK) or None if answer is not None else None

    def open_ended(self, completion: str) -> bool:
        """Does the answer end only where the completion ends? Then one that was cut off has no complete answer."""
        closing = _CLOSING[self.form]
        return not closing or (self.opened and closing not in completion)


def unwrapped(answer: str) -> str:
    """Return an answer without the code fence that models like to put around it."""
    found = _WRAPPED.match(answer.strip(_BLANK))
    return found[1] if found else answer


_WRAPPED = re.compile(r"```[^`\n]*\n((?:(?!```).)*+)```\Z", re.DOTALL)
_BLANK = " \t\r\n\f"  # str.strip() takes twenty other characters, that no Python program could hold

_OPENING: dict[Form, str] = {
    "tag": "<answer>",
    "fenced": "```\n",
    "block": "[ANSWER]",
    "boxed": "\\boxed{",
    "bare": "",
    "line": "=",
}
_CLOSING: dict[Form, str] = {
    "tag": "</answer>",
    "fenced": "```",
    "block": "[/ANSWER]",
    "boxed": "}",
    "bare": "",
    "line": "",
}

_REASON = "Reason step by step inside <reasoning>...</reasoning>, "
_HOW: dict[tuple[Form, bool], str] = {
    ("tag", True): _REASON + "then give the answer alone inside <answer>...</answer>.",
    ("tag", False): "Give the answer alone inside <answer>...</answer>, and nothing else.",
    ("fenced", True): "Reason step by step, then end with the answer in a fenced code block; an assertion is "
    "written out whole.",
    ("fenced", False): "Give the answer in a fenced code block, and nothing else; an assertion is written out whole.",
    ("block", True): _REASON + "then give the answer alone between [ANSWER] and [/ANSWER].",
    ("block", False): "Give the answer alone between [ANSWER] and [/ANSWER], and nothing else.",
    ("boxed", True): "Reason step by step, then give the answer alone inside \\boxed{...}.",
    ("boxed", False): "Give the answer alone inside \\boxed{...}, and nothing else.",
    ("bare", True): "Reason step by step, then give the answer alone on the last line.",
    ("bare", False): "Give the answer alone, and nothing else.",
    ("line", True): "Reason step by step, then give the answer alone on a last line that begins with =.",
    ("line", False): "Give the answer alone on a line that begins with =, and nothing else.",
}

# ---- rendering

_ESCAPES: dict[Form, tuple[tuple[str, str], ...]] = {
    "tag": (("</answer>", "<\\x2fanswer>"), ("<answer>", "\\x3canswer>")),
    "fenced": (("```", "``\\x60"),),
    "block": (("[/ANSWER]", "\\x5b/ANSWER]"), ("[ANSWER]", "\\x5bANSWER]")),
    "boxed": (("boxed{", "boxed\\x7b"),),
    "bare": (),
    "line": (),
}


def _escaped(form: Form, answer: str) -> str:
    """A mark of the form can stand inside a string literal of an answer only, and there it has a second spelling."""
    for mark, spelling in _ESCAPES[form]:
        answer = answer.replace(mark, spelling)
    return answer


def _render_fenced(statement: str, answer: str) -> str:
    question = statement.rpartition("\n")[2]
    if question.startswith("assert ") and question.count("??") == 1 and not answer.startswith("assert "):
        answer = question.replace("??", answer)
    return f"```python\n{_escaped('fenced', answer)}\n```"


_RENDER: dict[Form, Callable[[str, str], str]] = {
    "tag": lambda statement, answer: f"<answer>{_escaped('tag', answer)}</answer>",
    "fenced": _render_fenced,
    "block": lambda statement, answer: f"[ANSWER]{_escaped('block', answer)}[/ANSWER]",
    "boxed": lambda statement, answer: f"\\boxed{{{_escaped('boxed', answer)}}}",
    "bare": lambda statement, answer: answer,
    "line": lambda statement, answer: f"={answer}",
}

# ---- parsing, each in time linear in the completion

MAX_MARKS = 20_000  # braces and quotes that are read in search of the end of a box: about 10 ms
_TAG = re.compile(r"<(/?)answer>")
_BLOCK = re.compile(r"\[(/?)ANSWER\]")
# A fence at the start of a line may have any words behind it; elsewhere, as in "use ``` for code", a language alone.
_FENCE = re.compile(
    r"(?:(?m:^)[ \t]*(?P<fence>```|~~~)[^`\n]*|(?P<inline>```)[\w+#.-]*[ \t\r]*)\n(.*?)(?:(?P=fence)|(?P=inline))",
    re.DOTALL,
)
_BOX = re.compile(r"\\boxed\s*\{")
_BOX_TOKEN = re.compile(r"""\\.|[{}'"]""", re.DOTALL)
_BOX_TEXT = re.compile(r"\\(?:text|texttt|mathrm|mathtt)\{(.*)\}", re.DOTALL)


def _last_between(mark: re.Pattern[str]) -> Callable[[str], str | None]:
    """Between the last closing mark that has an opening one and the opening mark nearest before it."""

    def parse(completion: str) -> str | None:
        found: str | None = None
        opened: int | None = None
        for match in mark.finditer(completion):
            if not match[1]:
                opened = match.end()
            elif opened is not None:
                found, opened = completion[opened : match.start()], None
        return found

    return parse


def last_fence(completion: str) -> str | None:
    """What the last fenced block holds."""
    if "```" not in completion and "~~~" not in completion:
        return None
    last = None
    for last in _FENCE.finditer(completion):  # noqa: B007
        pass
    return last[3] if last is not None else None


def _last_assertion(completion: str) -> str | None:
    """The last block; from the last line in it that begins an assertion, as models like to repeat the program."""
    block = last_fence(completion)
    if block is None:
        return None
    block = "\n" + block
    start = max(block.rfind("\nassert "), block.rfind("\nassert("))
    return block[max(0, start) :]


def _last_box(completion: str) -> str | None:
    """The last box that is closed; boxes and marks beyond what any answer needs are not looked at."""
    patience = MAX_MARKS
    for match in reversed(deque(_BOX.finditer(completion), maxlen=8)):
        end, read = _end_of_box(completion, match.end(), patience)
        if end is not None:
            found = completion[match.end() : end].strip(_BLANK)
            text = _BOX_TEXT.fullmatch(found)
            return text[1] if text else found
        patience -= read
    return None


def _end_of_box(completion: str, start: int, patience: int) -> tuple[int | None, int]:
    """Where the brace closes that was opened before `start`, and how many marks were read to find it.

    Braces inside quotes do not count, if the quotes are closed.
    """
    read = 0
    for quotes in (True, False):
        depth, quote = 1, ""
        for token in _BOX_TOKEN.finditer(completion, start):
            mark, read = token[0], read + 1
            if read > patience:
                return None, read
            if quote:
                quote = "" if mark == quote else quote
            elif quotes and mark in "'\"":
                quote = mark
            elif mark in "{}":
                depth += 1 if mark == "{" else -1
                if depth == 0:
                    return token.start(), read
    return None, read


def _last_line(completion: str) -> str | None:
    if completion.startswith("=") and "\n=" not in completion:
        return completion[1:]
    _, mark, answer = completion.rpartition("\n=")
    return answer if mark else None


_PARSE: dict[Form, Callable[[str], str | None]] = {
    "tag": _last_between(_TAG),
    "fenced": _last_assertion,
    "block": _last_between(_BLOCK),
    "boxed": _last_box,
    "bare": lambda completion: completion,
    "line": _last_line,
}

# ---- the styles there are

STYLES = {
    style.name: style
    for style in (
        Style("reasoning", "tag", instructs=True, reasons=True),
        Style("direct", "tag", instructs=True, reasons=False),
        Style("reasoning-2shot", "tag", instructs=True, reasons=True, shots=2),
        Style("direct-2shot", "tag", instructs=True, reasons=False, shots=2),
        Style("terse", "line", instructs=False, reasons=True),
        Style("assertion", "fenced", instructs=True, reasons=True),
        Style("assertion-direct", "fenced", instructs=True, reasons=False),
        Style("block", "block", instructs=True, reasons=True),
        Style("block-direct", "block", instructs=True, reasons=False),
        Style("boxed", "boxed", instructs=True, reasons=True),
        Style("bare", "bare", instructs=True, reasons=False),
    )
}


_DIRECT = "/direct="


def find_style(name: str) -> Style:
    """The style of that name: `reasoning`, or `reasoning/direct=input+state` where some tasks are asked without it.

    Raises:
        UnknownName: there is none; the message lists them.
    """
    plain, _, direct = name.partition(_DIRECT)
    if plain not in STYLES:
        raise UnknownName("style", plain, STYLES)
    return STYLES[plain].with_direct(filter(None, direct.split("+")))


def is_style(name: str) -> bool:
    """Is there a style of that name?"""
    return name.partition(_DIRECT)[0] in STYLES


def official_style(name: str, prompt: OfficialPrompt, form: Form, *, reasons: bool, opened: bool) -> Style:
    """A style around a benchmark's own prompts, which the caller loads from a checkout of the benchmark.

    `prompt` makes the text (or the chat messages) for a question; `opened` says that the text ends inside the
    answer, as prompts that end with `[ANSWER]` do.
    """
    style = Style(name, form, instructs=True, reasons=reasons, opened=opened)
    return replace(style, official=prompt)
