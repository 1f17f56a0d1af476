"""The base of the tasks that are answered with yes or no."""

from collections.abc import Mapping

from codereasoner.records import Run
from codereasoner.task import Question, Task, Wrong


class YesNo(Task):
    """A question that is answered with yes or no. A subclass asks as often for the one as for the other."""

    def guesses(self, question: Question) -> Mapping[str, str]:
        return {"yes": "yes", "no": "no"}

    def verify(self, question: Question, answer: str, run: Run | None = None) -> bool:
        """Accept the same word, in upper or lower case."""
        word = answer.strip(" \t\r\n.").lower()
        if word not in ("yes", "no"):
            raise Wrong("neither yes nor no")
        return word == question.gold[0].lower()
