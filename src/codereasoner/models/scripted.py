"""Models that follow a script: they measure the pipeline, the baselines and the graders, not reasoning."""

import ast
from collections.abc import Callable, Iterator, Sequence

from codereasoner import extend, literals
from codereasoner.errors import UnknownName
from codereasoner.extend import Completion, Model, Prompt, Sampling
from codereasoner.styles import Style, find_style, is_style
from codereasoner.task import Question


class Scripted(Model):
    """`scripted:gold` is always right, `wrong` never, `silent` says nothing, `copy` copies from the prompt, `hostile`
    answers with an object that claims to equal everything.
    """

    name = "scripted"

    def __init__(self, target: str, **options: object) -> None:
        super().__init__(target, **options)
        if target not in _SCRIPTS:
            raise UnknownName("script", target, _SCRIPTS)

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[tuple[int, Completion]]:
        """Yield one completion for each prompt, at once and in order."""
        write = _SCRIPTS[self.target]
        for index, prompt in enumerate(prompts):
            yield index, Completion(write(prompt))


def _answered_by(answer: Callable[[Question], str]) -> Callable[[Prompt], str]:
    def write(prompt: Prompt) -> str:
        task = extend.task_of(prompt.question)
        return _style(prompt.style).render(task.statement(prompt.question), answer(prompt.question))

    return write


def _copied(question: Question) -> str:
    """Return the first argument for `output`, the asked-for value as the only argument for `input`."""
    facts = question.facts
    if "value" in facts:
        return f"{facts['entry']}({facts['value']})"
    positional = [value for name, value in literals.parse_arguments(facts.get("call", "")) if name is None]
    return ast.unparse(positional[0]) if positional else "None"


_SCRIPTS: dict[str, Callable[[Prompt], str]] = {
    "gold": lambda prompt: extend.task_of(prompt.question).render(prompt.question, _style(prompt.style)),
    "silent": lambda prompt: "",
    "wrong": _answered_by(lambda question: f"('wrong', {question.gold[0]})"),
    "copy": _answered_by(_copied),
    "hostile": _answered_by(lambda question: "type('E', (), {'__eq__': lambda s, o: True})()"),
}


def _style(name: str) -> Style:
    """Return the style of that name; a benchmark's own prompts, which have names of their own, all want a block."""
    return find_style(name if is_style(name) else "block")
