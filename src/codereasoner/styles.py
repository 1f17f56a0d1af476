"""Prompt styles: the system message, the instruction, the worked examples, and the answer format around a question.

A model keeps the style that it was trained with. `STYLES` lists the package's own by name; `file.py:NAME` is a Style or
an AnswerFormat of the user. `official_style` makes a style from published prompts, which the caller has loaded.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from codereasoner.answer_formats import BLANK, AnswerFormat, Bare, Block, Boxed, Fenced, Line, Tag
from codereasoner.errors import DataError, UnknownName
from codereasoner.plugin_files import call, is_reference, load_file, named_files, remember, split_reference, was_named
from codereasoner.records import content_id
from codereasoner.thoughts import shield_tags

Message: TypeAlias = dict[str, str]
OfficialPrompt: TypeAlias = Callable[[Any], str | Sequence[Mapping[str, str]]]  # Question -> text or chat messages


@dataclass(frozen=True)
class Example:
    """A worked example for few-shot prompts: the statement, the answer, and the chain that leads to it."""

    statement: str
    answer: str
    chain: str


@dataclass(frozen=True)
class Style:
    """A way to put a question to a model and to read its answer."""

    format: AnswerFormat
    reasons: bool  # ask for reasoning before the answer
    shots: int = 0  # worked examples in front of the question
    system: str | None = None  # the system message
    direct: frozenset[str] = frozenset()  # tasks that are answered without reasoning nevertheless
    instructs: bool = True  # False: the prompt is the statement alone, for models that were trained on nothing else
    opened: bool = False  # the prompt ends inside the answer, so that a completion need not open it
    official: OfficialPrompt | None = None  # makes the whole prompt
    base: str = ""  # the name it is found by, in STYLES or as file.py:NAME; the answer format's where there is none

    @property
    def name(self) -> str:
        """The name by which `find_style` finds it again: `reasoning/direct=input+state/system=You are careful.`

        Rows, answers and model cards hold it.
        """
        direct = f"{_DIRECT}{'+'.join(sorted(self.direct))}" if self.direct else ""
        system = f"{_SYSTEM}{self.system}" if self.system else ""
        return f"{self.base or self.format.name}{direct}{system}"

    def with_direct(self, tasks: Iterable[str]) -> Style:
        """Return the style in which these tasks are asked without reasoning.

        A style that never asks for reasoning, or that gives no instructions, stays what it is.
        """
        names = frozenset(tasks)
        return replace(self, direct=names) if names and self.reasons and self.instructs else self

    def with_system(self, message: str | None) -> Style:
        """Return the style with another system message; None keeps its own."""
        return self if message is None else replace(self, system=message)

    def messages(self, task: str, request: str, statement: str, examples: Sequence[Example] = ()) -> list[Message]:
        """Return the chat messages for one question: the system message, up to `shots` examples, the question."""
        turns: list[Message] = [{"role": "system", "content": self.system}] if self.system else []
        reasons = self.reasons and task not in self.direct
        for example in examples[: self.shots]:
            turns.append({"role": "user", "content": self._content(request, example.statement, reasons)})
            chain = example.chain if reasons else ""
            turns.append({"role": "assistant", "content": self.render(example.statement, example.answer, chain)})
        return [*turns, {"role": "user", "content": self._content(request, statement, reasons)}]

    def _content(self, request: str, statement: str, reasons: bool) -> str:
        if not self.instructs:
            return statement
        how = self.format.instruction_after_reasoning if reasons else self.format.instruction
        return "\n".join([request, "", "```python", statement, "```", "", how])

    def render(self, statement: str, answer: str, chain: str = "") -> str:
        """Return the completion of a perfect model: the chain, where there is one, and the answer in its format."""
        written = self.format.render(statement, shield_tags(answer))
        if not chain or (self.format.is_whole and not self.reasons):
            return written
        before, after = self.format.around_chain
        return f"{before}{chain}{after}{written}"

    def parse(self, completion: str) -> str | None:
        """Return the last complete answer of a completion, or None."""
        if self.format.is_whole and self.reasons:
            completion = completion.rstrip(BLANK).rpartition("\n")[2]
        elif self.opened:  # what follows the first closing mark is a question that the model made up
            closing = self.format.closing
            completion = self.format.opening + (completion.partition(closing)[0] if closing else completion) + closing
        answer = self.format.parse(completion)
        return answer.strip(BLANK) or None if answer is not None else None

    def open_ended(self, completion: str) -> bool:
        """Return whether the completion ends inside its answer, so that nothing in a cut-off one is its answer."""
        closing = self.format.closing
        return closing not in completion if self.opened and closing else self.format.ends_inside(completion)


SHOWN = 32  # characters of a system message in a table: about as wide as its other columns
_DIRECT = "/direct="
_SYSTEM = "/system="

STYLES = {
    name: replace(style, base=name)
    for name, style in {
        "reasoning": Style(Tag(), reasons=True),
        "direct": Style(Tag(), reasons=False),
        "reasoning-2shot": Style(Tag(), reasons=True, shots=2),
        "direct-2shot": Style(Tag(), reasons=False, shots=2),
        "terse": Style(Line(), reasons=True, instructs=False),
        "assertion": Style(Fenced(), reasons=True),
        "assertion-direct": Style(Fenced(), reasons=False),
        "block": Style(Block(), reasons=True),
        "block-direct": Style(Block(), reasons=False),
        "boxed": Style(Boxed(), reasons=True),
        "bare": Style(Bare(), reasons=False),
    }.items()
}


def find_style(name: str) -> Style:
    """Return the style of a name in data: `reasoning`, `/home/me/mine.py:TERSE`, each with what follows it.

    Raises:
        UnknownName: there is none; the message lists those of the package.
        DataError: it is in a file that is missing, has no such style, or was never named by the user on this machine.
    """
    plain, direct, system = _parts(name)
    if is_reference(plain):
        return _completed(_remembered(plain), direct, system)
    if plain not in STYLES:
        raise UnknownName("style", plain, STYLES)
    return _completed(STYLES[plain], direct, system)


def chosen_style(name: str) -> Style:
    """Return the style that a user names in an option or a call: as `find_style`, and a file may be a new one.

    Raises:
        UnknownName: there is none. DataError: the file is missing, or has no such style.
    """
    plain, direct, system = _parts(name)
    if not is_reference(plain):
        return find_style(name)
    found = _from_file(plain)
    remember(split_reference(plain)[0])
    return _completed(found, direct, system)


def is_style(name: str) -> bool:
    """Return whether this names a style of the package or refers to one in a file."""
    plain = _parts(name)[0]
    return plain in STYLES or is_reference(plain)


def short_name(name: str) -> str:
    """Return the name of a style as a table shows it: no folder of a file, and one line of a system message.

    A message that does not fit is cut and gets four digits of its digest, so that two messages stay different.
    """
    plain, direct, system = _parts(name)
    path, own = split_reference(plain)
    known = f"{path.name}:{own}" if own else plain
    line = " ".join(system.split())
    if line != system or len(line) > SHOWN:
        line = f"{line[:SHOWN]}… {content_id(system)[:4]}"
    return "".join([known, f"{_DIRECT}{direct}" if direct else "", f"{_SYSTEM}{line}" if system else ""])


def official_style(name: str, prompt: OfficialPrompt, format: AnswerFormat, *, reasons: bool, opened: bool) -> Style:
    """Make a style around a benchmark's own prompts, which the caller loads from a checkout of the benchmark.

    `prompt` makes the text (or the chat messages) for a question; `opened` says that the text ends inside the
    answer, as prompts that end with `[ANSWER]` do.
    """
    return Style(format, reasons, opened=opened, official=prompt, base=name)


def _parts(name: str) -> tuple[str, str, str]:
    """Split the name of a style into its base, its direct tasks, and its system message."""
    before, _, system = name.partition(_SYSTEM)
    plain, _, direct = before.partition(_DIRECT)
    return plain, direct, system


def _completed(style: Style, direct: str, system: str) -> Style:
    """Add to a style what follows the base of its name."""
    return style.with_direct(filter(None, direct.split("+"))).with_system(system or None)


def _remembered(reference: str) -> Style:
    """Return the style of a file that the user has named before, also where it has moved; no other file is executed."""
    path, name = split_reference(reference)
    if path.is_file() and not was_named(path):
        advice = f"if it is yours, name it with --style FILE.py:{name}"
        raise DataError(f"the style {reference} is in a file that was never named here; {advice}")
    errors = []
    for place in dict.fromkeys([path, *named_files(path.name)]):
        try:
            return replace(_from_file(f"{place}:{name}"), base=reference)  # under its old name, which the answers have
        except DataError as error:
            errors.append(str(error))
    advice = f"put it back, or name its new place once: any command takes --style FILE.py:{name}"
    raise DataError(f"the style {reference} is not at hand: {'; '.join(errors)}; {advice}")


def _from_file(reference: str) -> Style:
    """Return the style of that name in a file; an AnswerFormat becomes a style with reasoning."""
    path, name = split_reference(reference)
    module = load_file(path)
    own = {key: each for key, each in vars(module).items() if _is_own(each, module.__name__)}
    found = own.get(name)
    if found is None:
        wrong = f"has no style '{name}'" if name else f"names no style: write {path}:NAME"
        raise DataError(f"{path} {wrong}; its Styles and AnswerFormats are: {', '.join(own) or 'none'}")
    try:
        style = found if isinstance(found, Style) else Style(found(), reasons=True)
    except TypeError as error:
        raise DataError(f"{path}: the answer format {name} takes no arguments when it is made: {error}") from None
    _check(style.format, path)
    return replace(style, base=f"{path.resolve()}:{name}")


def _is_own(value: object, module: str) -> bool:
    """Return whether this is a Style, or an answer format that the module defines."""
    return isinstance(value, Style) or (
        inspect.isclass(value) and issubclass(value, AnswerFormat) and value.__module__ == module
    )


def _check(format: AnswerFormat, path: Path) -> None:
    """Refuse an answer format that lacks something, before it is asked for."""
    kind = type(format)
    for each in ("name", "instruction", "instruction_after_reasoning"):
        if not isinstance(getattr(kind, each, None), str):
            raise DataError(f"{path}: the answer format {kind.__name__} has no {each}: set `{each} = ...` in its class")
    if kind.parse is AnswerFormat.parse and not (format.opening and format.closing):
        raise DataError(
            f"{path}: the answer format {kind.__name__} lacks an opening or a closing mark: set both, or write parse"
        )
    for each, pairs in (("escapes", format.escapes), ("around_chain", [format.around_chain])):
        if not isinstance(pairs, Sequence) or not all(map(_is_pair, pairs)):
            wanted = "pairs of texts" if each == "escapes" else "a pair of texts"
            raise DataError(f"{path}: {kind.__name__}.{each} must be {wanted}, not {getattr(format, each)!r:.60}")
    words = f"{path.resolve()}:{kind.__name__}"
    rendered: Any = call(format.render, f"assert f(1) == {BLANK}", "2", path=path.resolve(), words=f"{words}.render")
    if not isinstance(rendered, str):
        raise DataError(f"{words}.render must return a text, not {rendered!r:.60}")
    read: Any = call(format.parse, rendered, path=path.resolve(), words=f"{words}.parse")
    if not isinstance(read, str | None):
        raise DataError(f"{words}.parse must return a text or None, not {read!r:.60}")


def _is_pair(value: object) -> bool:
    return isinstance(value, tuple | list) and len(value) == 2 and all(isinstance(each, str) for each in value)
