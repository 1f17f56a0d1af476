"""What does the call return?"""

from __future__ import annotations

from codereasoner import literals
from codereasoner.records import Run
from codereasoner.task import Question, Task


class Output(Task):
    """Predict the value that a call returns. Nothing is executed: both values are literals."""

    name = "output"
    request = "Complete the assertion with the literal value that the call returns."

    def ask(self, run: Run) -> list[Question]:
        """One question for a run that returned a value with a literal."""
        if run.outcome != "ok" or run.value is None:
            return []
        facts = {"source": run.source, "entry": run.entry, "call": run.call}
        return [self.question(run, facts, [run.value])]

    def statement(self, question: Question) -> str:
        """The program, and an assertion that lacks its right side."""
        facts = question.facts
        return f"{facts['source'].rstrip()}\nassert {facts['entry']}({facts['call']}) == ??"

    def verify(self, question: Question, answer: str, run: Run | None = None) -> bool:
        """The same value of the same type, at every depth."""
        return literals.equal(literals.read(answer), literals.read(question.gold[0]))
