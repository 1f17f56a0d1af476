"""Which call returns this value?"""

from __future__ import annotations

import ast

from codereasoner import literals
from codereasoner.records import Job, Run
from codereasoner.task import Question, Task, Wrong


class Input(Task):
    """Find a call that returns a given value. Any call that does is right; it is verified by running it.

    The arguments must be literals, and they are written anew from their values before they are run, so an answer
    can neither redefine the function nor smuggle in a call or an object of its own.
    """

    name = "input"
    request = "Complete the assertion with a call of the function, all arguments literals, that makes it true."

    def ask(self, run: Run) -> list[Question]:
        """One question for a run that returned a value with a literal, if its own call is made of literals."""
        if run.outcome != "ok" or run.value is None:
            return []
        try:
            call = literals.read_arguments(run.call)
        except literals.LiteralError:
            return []
        facts = {"source": run.source, "entry": run.entry, "value": run.value}
        return [self.question(run, facts, [f"{run.entry}({call})"])]

    def statement(self, question: Question) -> str:
        """The program, and an assertion that lacks its left side."""
        return f"{question.facts['source'].rstrip()}\nassert ?? == {question.facts['value']}"

    def job(self, question: Question, answer: str) -> Job:
        """The call, rebuilt from the values of its arguments."""
        call = literals.parse(answer)
        entry = question.facts["entry"]
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == entry):
            raise Wrong(f"not a call of {entry}")
        return Job(question.facts["source"], entry, literals.call_arguments(call))

    def verify(self, question: Question, answer: str, run: Run | None = None) -> bool:
        """The call returned, and what it returned is the value that was asked for."""
        if run is None or run.outcome != "ok":
            raise Wrong("the call did not return" if run is None else f"the call {run.outcome}: {run.reason}")
        if run.value is None:
            raise Wrong("the call returned a value without a literal")
        return literals.equal(literals.read(run.value), literals.read(question.facts["value"]))
