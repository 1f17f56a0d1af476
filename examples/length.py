from codereasoner import literals
from codereasoner.task import Skip, Task


class Length(Task):
    """How many elements does the returned list have?"""

    name = "length"
    request = "Give the length of the list that the call returns."
    observes = "value"
    answers = "literal"

    def ask(self, run):
        if not (run.value or "").startswith("["):
            yield Skip("the result is not a list")
            return
        facts = {"source": run.source, "entry": run.entry, "call": run.call}
        yield self.question(run, facts, [str(len(literals.read(run.value)))])

    def statement(self, question):
        facts = question.facts
        return f"{facts['source']}\nassert len({facts['entry']}({facts['call']})) == ??"

    def verify(self, question, answer, run=None):
        return literals.equal(literals.read(answer), literals.read(question.gold[0]))
