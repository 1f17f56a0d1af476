"""Answer formats: the instruction that asks for an answer, the marks around it, and how it is read back.

Your own AnswerFormat sets `name`, the two instructions, `opening` and `closing`, and needs no code:

    class Result(AnswerFormat):
        name = "result"
        instruction = "Give the result alone inside <result>...</result>, and nothing else."
        instruction_after_reasoning = "Reason step by step, then give the result alone inside <result>...</result>."
        opening, closing = "<result>", "</result>"
        escapes = (("</result>", "<\\x2fresult>"),)

`codereasoner check QUESTIONS --style FILE.py:Result` proves that it reads back every right answer.
"""

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

BLANK = " \t\r\n\f"  # str.strip() also removes twenty characters that Python does not take for blanks
MAX_MARKS = 20_000  # braces and quotes read in search of the end of a box: about 10 ms


@dataclass(frozen=True)
class AnswerFormat:
    """A format of answers. Two instances of one class are equal.

    Parsing must take time linear in the completion, and must never raise.
    """

    name: ClassVar[str]
    instruction: ClassVar[str]  # the last sentence of a prompt that asks for the answer alone
    instruction_after_reasoning: ClassVar[str]  # the same where the prompt asks for reasoning before the answer
    opening: ClassVar[str] = ""
    closing: ClassVar[str] = ""  # "": the answer ends where the completion ends
    escapes: ClassVar[Sequence[tuple[str, str]]] = ()  # marks, with their spelling inside a string literal
    around_chain: ClassVar[tuple[str, str]] = ("", "\n")
    is_whole: ClassVar[bool] = False  # the answer is the whole completion or, after reasoning, its last line

    def render(self, statement: str, answer: str) -> str:
        """Write an answer; `statement` is the question that it answers."""
        return f"{self.opening}{self.escape(answer)}{self.closing}"

    def escape(self, answer: str) -> str:
        """Respell the marks in an answer, which only its string literals can hold."""
        for mark, spelling in self.escapes:
            answer = answer.replace(mark, spelling)
        return answer

    def parse(self, completion: str) -> str | None:
        """Return the last complete answer of a completion, or None.

        That is the text between the last closing mark with an opening one before it and the opening mark nearest to
        it, without a code fence around it.
        """
        found: str | None = None
        start: int | None = None
        for match in _marks(self.opening, self.closing).finditer(completion):
            if start is not None and match[0] == self.closing:
                found, start = completion[start : match.start()], None
            elif match[0] == self.opening:
                start = match.end()
        return None if found is None else unwrapped(found)

    def ends_inside(self, completion: str) -> bool:
        """Return whether a completion ends inside an answer: opened and not closed, or closed only by its end."""
        return not self.closing or completion.rfind(self.opening) > completion.rfind(self.closing)


@cache
def _marks(opening: str, closing: str) -> re.Pattern[str]:
    return re.compile(f"{re.escape(closing)}|{re.escape(opening)}")


_REASON = "Reason step by step inside <reasoning>...</reasoning>, "


class Tag(AnswerFormat):
    """<answer>...</answer>"""

    name = "tag"
    instruction = "Give the answer alone inside <answer>...</answer>, and nothing else."
    instruction_after_reasoning = _REASON + "then give the answer alone inside <answer>...</answer>."
    opening, closing = "<answer>", "</answer>"
    escapes = (("</answer>", "<\\x2fanswer>"), ("<answer>", "\\x3canswer>"))
    around_chain = ("<reasoning>", "</reasoning>")


class Block(AnswerFormat):
    """[ANSWER]...[/ANSWER]"""

    name = "block"
    instruction = "Give the answer alone between [ANSWER] and [/ANSWER], and nothing else."
    instruction_after_reasoning = _REASON + "then give the answer alone between [ANSWER] and [/ANSWER]."
    opening, closing = "[ANSWER]", "[/ANSWER]"
    escapes = (("[/ANSWER]", "\\x5b/ANSWER]"), ("[ANSWER]", "\\x5bANSWER]"))
    around_chain = ("<reasoning>", "</reasoning>")


class Fenced(AnswerFormat):
    """A fenced code block; where the statement ends with an assertion, the completed assertion."""

    name = "fenced"
    instruction = "Give the answer in a fenced code block, and nothing else; an assertion is written out whole."
    instruction_after_reasoning = (
        "Reason step by step, then end with the answer in a fenced code block; an assertion is written out whole."
    )
    opening, closing = "```\n", "```"
    escapes = (("```", "``\\x60"),)

    def render(self, statement: str, answer: str) -> str:
        """Write the answer in a block of its own; it completes the assertion that ends the statement."""
        question = statement.rpartition("\n")[2]
        if question.startswith("assert ") and question.count("??") == 1 and not answer.startswith("assert "):
            answer = question.replace("??", answer)
        return f"```python\n{self.escape(answer)}\n```"

    def parse(self, completion: str) -> str | None:
        """Return the last block from its last assertion on, because models repeat the program above it."""
        block = last_fence(completion)
        if block is None:
            return None
        block = "\n" + block
        start = max(block.rfind("\nassert "), block.rfind("\nassert("))
        return block[max(0, start) :]

    def ends_inside(self, completion: str) -> bool:
        """Return whether a fence behind the last whole block was not closed."""
        blocks = [match.end() for match in _FENCE.finditer(completion)]
        return any(fence in completion[blocks[-1] if blocks else 0 :] for fence in ("```", "~~~"))


class Boxed(AnswerFormat):
    """\\boxed{...}"""

    name = "boxed"
    instruction = "Give the answer alone inside \\boxed{...}, and nothing else."
    instruction_after_reasoning = "Reason step by step, then give the answer alone inside \\boxed{...}."
    opening, closing = "\\boxed{", "}"
    escapes = (("boxed{", "boxed\\x7b"),)

    def parse(self, completion: str) -> str | None:
        """Return the last box that is closed, among the last eight."""
        patience = MAX_MARKS
        for match in reversed(deque(_BOX.finditer(completion), maxlen=8)):
            end, read = _end_of_box(completion, match.end(), patience)
            if end is not None:
                found = completion[match.end() : end].strip(BLANK)
                text = _BOX_TEXT.fullmatch(found)
                return text[1] if text else found
            patience -= read
        return None

    def ends_inside(self, completion: str) -> bool:
        """Return whether the last box was not closed."""
        last = deque(_BOX.finditer(completion), maxlen=1)
        return bool(last) and _end_of_box(completion, last[0].end(), MAX_MARKS)[0] is None


class Bare(AnswerFormat):
    """The whole completion, or its last line after reasoning."""

    name = "bare"
    instruction = "Give the answer alone, and nothing else."
    instruction_after_reasoning = "Reason step by step, then give the answer alone on the last line."
    is_whole = True

    def parse(self, completion: str) -> str | None:
        """Return the completion as it is."""
        return completion


class Line(AnswerFormat):
    """The text from the last line that begins with = to the end: the shortest format, for small models."""

    name = "line"
    instruction = "Give the answer alone on a line that begins with =, and nothing else."
    instruction_after_reasoning = "Reason step by step, then give the answer alone on a last line that begins with =."
    opening = "="

    def parse(self, completion: str) -> str | None:
        """Return what follows the last = at the start of a line."""
        if completion.startswith("=") and "\n=" not in completion:
            return completion[1:]
        _, mark, answer = completion.rpartition("\n=")
        return answer if mark else None


def unwrapped(answer: str) -> str:
    """Return an answer without the code fence that models like to put around it."""
    found = _WRAPPED.match(answer.strip(BLANK))
    return found[1] if found else answer


def last_fence(completion: str) -> str | None:
    """Return what the last fenced block holds, or None."""
    if "```" not in completion and "~~~" not in completion:
        return None
    last = None
    for last in _FENCE.finditer(completion):  # noqa: B007
        pass
    return last[3] if last is not None else None


def _end_of_box(completion: str, start: int, patience: int) -> tuple[int | None, int]:
    """Find where the brace closes that was opened before `start`, and count the marks read to find it.

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


_WRAPPED = re.compile(r"```[^`\n]*\n((?:(?!```).)*+)```\Z", re.DOTALL)
# A fence at the start of a line may have any words behind it; elsewhere, as in "use ``` for code", a language alone.
_FENCE = re.compile(
    r"(?:(?m:^)[ \t]*(?P<fence>```|~~~)[^`\n]*|(?P<inline>```)[\w+#.-]*[ \t\r]*)\n(.*?)(?:(?P=fence)|(?P=inline))",
    re.DOTALL,
)
_BOX = re.compile(r"\\boxed\s*\{")
_BOX_TOKEN = re.compile(r"""\\.|[{}'"]""", re.DOTALL)
_BOX_TEXT = re.compile(r"\\(?:text|texttt|mathrm|mathtt)\{(.*)\}", re.DOTALL)
