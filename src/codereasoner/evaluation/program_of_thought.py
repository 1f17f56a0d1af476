"""Program of thought (arXiv:2211.12588) as a baseline: the model writes a program, and running it gives the answer.

For questions about a program the easy way is to write that program down again and call it, which measures nothing but
an interpreter. A program that repeats the question's, or runs text as code, is not run and gives no answer. The rest
measures how far a model can work an answer out in its own code: a score with a tool, to be read next to chain of
thought and never subtracted from it. The program runs in the pool like any text of a model, without network or files.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import ClassVar

from codereasoner import extend, literals
from codereasoner.errors import ConfigError
from codereasoner.extend import Completion, Model, Prompt, Sampling
from codereasoner.records import Job, Run
from codereasoner.steps.source import parse_source, runs_text
from codereasoner.styles import Style
from codereasoner.task import Question, Runner

ENTRY = "solution"
COPIED = 0.5  # share of the statements of the question's functions from which on a program repeats them
_ASK = """{request}

```python
{statement}
```

Do not answer directly. Write a Python program that works the answer out, in one ```python block: a function \
`{entry}()` without parameters that returns {result}. Do not repeat the program above and do not call it; a program \
that does is not run."""


def program_prompt(question: Question) -> str:
    """Return the message that asks for a program instead of an answer."""
    task = extend.task_of(question)
    exact = task.answers == "literal"
    result = "the value itself" if exact else "the answer as a string, in the very form that is asked for"
    return _ASK.format(request=task.request, statement=task.statement(question), entry=ENTRY, result=result)


class ProgramOfThought(Model):
    """A model whose programs are run, and whose answers are what they return."""

    name: ClassVar[str] = "program-of-thought"

    def __init__(self, model: Model, style: Style, runner: Runner) -> None:
        if style.official is not None or not style.instructs:
            raise ConfigError(f"the prompt of the style '{style.name}' is fixed: choose one that gives instructions")
        self.model, self.answers, self.runner = model, style, runner

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[tuple[int, Completion]]:
        """Yield each completion with the answer that its program returned, and the model's own text as thoughts."""
        for index, completion in self.model.complete(prompts, sampling):
            yield index, self._answered(prompts[index].question, completion)

    def _answered(self, question: Question, completion: Completion) -> Completion:
        if completion.finish == "error":
            return completion
        completion = completion.split()
        blocks = re.findall(r"```python\n(.*?)```", completion.text, re.DOTALL)
        program, task = blocks[-1] if blocks else "", extend.task_of(question)
        answer, said = None, refusal(program, question)
        if not said:
            [run] = self.runner([Job(program, ENTRY, "", model_text=True)])
            answer, said = _answer(run, task.answers == "literal"), run.exception or run.reason or str(run.value)
        # An answer that the model wrote itself is none here, so its own text counts as thoughts.
        thoughts = "\n".join(filter(None, (completion.thoughts, completion.text, f"[the program: {said}]")))
        text = self.answers.render(task.statement(question), answer) if answer is not None else ""
        return replace(completion, text=text, thoughts=thoughts)


def refusal(program: str, question: Question) -> str:
    """Return why a program is not run; "" where it is."""
    tree = parse_source(program)
    if not program.strip() or tree is None:
        return "there is none"
    if name := runs_text(program):
        return f"not run, as it runs text as code ({name})"
    if not any(isinstance(node, ast.FunctionDef) and node.name == ENTRY for node in tree.body):
        return f"not run, as it defines no {ENTRY}()"
    own = _shapes(question.facts.get("source", ""))
    if own and len(own & _shapes(program)) >= COPIED * len(own):
        return "not run, as it repeats the program of the question"
    return ""


def _shapes(source: str) -> set[str]:
    """Return the statements of a program's functions, with every name made the same; headers without their bodies."""
    tree = parse_source(source)
    found = set()
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)) if tree else ():
        for node in ast.walk(function):
            if isinstance(node, ast.stmt) and node is not function:
                parts = [ast.dump(each) for name, each in ast.iter_fields(node) if isinstance(each, ast.expr)]
                parts += [ast.dump(each) for each in getattr(node, "targets", [])]
                names = re.sub(r"\b(id|arg)='\w+'", r"\1='_'", " ".join(parts))
                found.add(f"{type(node).__name__} {names}")
    return found


def _answer(run: Run, exact: bool) -> str | None:
    if run.outcome != "ok" or run.value is None:
        return None
    if exact:
        return run.value
    value = literals.read(run.value)
    return value if isinstance(value, str) else run.value
