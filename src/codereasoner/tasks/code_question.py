"""code-question: a question in words about code."""

from collections.abc import Mapping
from typing import TypedDict

from codereasoner import literals
from codereasoner.records import Run
from codereasoner.task import Question, Task
from codereasoner.tasks.calls import longest


class WordsFacts(TypedDict):
    """The facts of a question in words."""

    source: str
    question: str


class CodeQuestion(Task):
    """Answer a question about code with a value, or with the right words. Nothing is executed.

    The code may be in any language, and from a project that is not here.
    """

    name = "code-question"
    facts = WordsFacts
    request = "Answer the question about the code."

    def guesses(self, question: Question) -> Mapping[str, str]:
        return {"yes": "Yes", "no": "No", "0": "0", "1": "1", "None": "None", "True": "True", "[]": "[]"}

    def statement(self, question: Question) -> str:
        return f"{question.facts['source'].rstrip()}\n\n{question.facts['question'].strip()}"

    def verify(self, question: Question, answer: str, run: Run | None = None) -> bool:
        """Compare the values and their types; where the right answer is not a literal, compare the words."""
        gold = question.gold[0]
        if answer == gold:
            return True
        try:
            wanted = literals.read(gold.strip())
        except literals.LiteralError:
            return _words(answer).casefold() == _words(gold).casefold()
        given = literals.read(answer, longest(gold))
        return literals.equal(given, wanted)


def _words(text: str) -> str:
    return " ".join(text.split())
