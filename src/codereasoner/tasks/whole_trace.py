"""trace and trace-compact: the whole trace of a call, in Code World Model's format or in the compact one."""

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import ClassVar

from codereasoner.records import Run
from codereasoner.steps.source import numbered
from codereasoner.steps.trace_languages import Frame, Trace, frames, read_compact, read_cwm, write_compact, write_cwm
from codereasoner.styles import STYLES
from codereasoner.task import CallFacts, Grade, Misreading, Question, Skip, Task, Wrong
from codereasoner.tasks.calls import are_equal, call_facts, graded, invocation, refuse_long, says_nothing, unfit_order

MAX_VALUE = 200  # characters of a value that is worth writing at every line


class CwmTrace(Task):
    """Write the whole trace of a call in Code World Model's format (arXiv:2510.02387), graded frame by frame.

    Correct if every frame is. The parts are `frames`, the share of right ones, the share before the first wrong one,
    and `final`, whether the last frame has the value or the exception of the call. Of an exception only the class
    counts.
    """

    name = "trace"
    facts = CallFacts
    outcomes = ("ok", "raised")
    request = (
        "Write the trace of this call as a list of frames. A frame is "
        "`<|call_sep|>LOCALS<|action_sep|>LINE<|frame_sep|>` where a function is entered, "
        "`<|line_sep|>LOCALS<|action_sep|>LINE<|frame_sep|>` where a line is about to run, "
        "`<|return_sep|><|action_sep|>LINE<|arg_sep|>VALUE<|frame_sep|>` where a function returns, or "
        "`<|exception_sep|><|action_sep|>LINE<|arg_sep|>VALUE<|frame_sep|>` where an exception is raised. LINE is the "
        "text of the line, LOCALS a JSON object of the local variables before it, each a literal in a JSON string, or "
        "`..` if it has not changed since the last frame of its function; VALUE is what is returned, or the exception, "
        "in a JSON string."
    )
    longest: ClassVar[int] = 8_000  # characters of a trace that is asked for
    conclude = staticmethod(says_nothing)

    def unfit(self, run: Run) -> str:
        """Take whole traces whose lines have one order and whose values have literals."""
        if reason := unfit_order(run, self.outcomes):
            return reason
        values = [*(step.value for step in run.steps if step.event in ("return", "yield")), run.value or ""]
        values += [text for step in run.steps for text in step.changes.values()]
        if any(text.startswith("<") or len(text) > MAX_VALUE for text in values):
            return "a value has no literal, or a long one"
        return ""

    def ask(self, run: Run) -> Iterator[Question | Skip]:
        """Ask one question about a run whose trace is short enough and can be an answer in every style."""
        gold = self.write(frames(run), run.source).rstrip()
        if len(gold) > self.longest:
            yield Skip(f"the trace is longer than {self.longest} characters")
        elif any(style.parse(style.render("", gold)) != gold for style in STYLES.values()):
            yield Skip("the trace holds a mark of an answer format")
        else:
            yield self.question(run, call_facts(run), [gold], {"frames": len(self.read(gold))})

    def write(self, trace: Iterable[Frame], source: str) -> str:
        """Return frames as text, which ends soon after it is too long."""
        return write_cwm(trace, source, self.longest)

    def read(self, text: str) -> Trace:
        return read_cwm(text)

    def statement(self, question: Question) -> str:
        return f"{question.facts['source'].rstrip()}\n{invocation(question.facts)}  # trace?"

    def verify(self, question: Question, answer: str, run: Run | None = None) -> Grade:
        """Compare the frames place by place."""
        given, wanted = self._read_both(question, answer)
        grade = graded(answer, "frames", [_same(*pair) for pair in zip_longest(given, wanted)])
        last, true = given[-1], wanted[-1]
        final = last is not None and true is not None and last.kind == true.kind and _same_value(last, true)
        return Grade(grade.outcome, answer, grade.reason, {**grade.parts, "final": float(final)})

    def _read_both(self, question: Question, answer: str) -> tuple[Trace, Trace]:
        refuse_long(question, answer)
        given = self.read(answer)
        if not any(given):
            raise Wrong("no frame of a trace")
        return given, self.read(question.gold[0])

    def locate_error(self, question: Question, answer: str, run: Run | None) -> Misreading | None:
        """Name what the first wrong frame claims: a value of a variable or of the call, or the line that is next."""
        try:
            given, wanted = self._read_both(question, answer)
        except Wrong:
            return None
        pairs = enumerate(zip(given, wanted, strict=False))
        place, said, true = next(((n, *pair) for n, pair in pairs if not _same(*pair)), (0, None, None))
        known = list(frames(run)) if run is not None else []
        if said is None or true is None or len(known) != len(wanted):
            return None
        before = [frame for frame in known[:place] if frame.kind == "line"]
        if said.kind != true.kind or said.place != true.place or not before:
            return Misreading("next line", line=int(before[-1].place)) if before else None
        if true.kind == "return":
            return Misreading("result", said.value, true.value) if place == len(known) - 1 else None
        named = [name for name, text in true.seen.items() if name in said.seen and said.seen[name] != text]
        if not named:
            return None
        line, time = before[-1].place, sum(frame.place == before[-1].place for frame in before)
        return Misreading("variable", said.seen[named[0]], true.seen[named[0]], int(line), time, named[0])


class CompactTrace(CwmTrace):
    """Write the whole trace of a call in the compact format: one frame on each line, graded in the same way."""

    name = "trace-compact"
    request = (
        "Each line has its number in front. Write the trace of this call, one frame on each line: `call 1 x=3` where "
        "the function in line 1 is entered with its arguments, `2 y=4` where line 2 is about to run, with the local "
        "variables that changed since the last frame of its function, `return 5 [4]` where a function returns in line "
        "5, or `raise 5 KeyError` where an exception is raised."
    )
    longest = 4_000

    def write(self, trace: Iterable[Frame], source: str) -> str:
        return write_compact(trace, self.longest)

    def read(self, text: str) -> Trace:
        return read_compact(text)

    def statement(self, question: Question) -> str:
        return f"{numbered(question.facts['source'])}\n{invocation(question.facts)}  # trace?"


def _same(given: Frame | None, wanted: Frame | None) -> bool:
    """Return whether two frames are of one kind and line, and show the same values."""
    if given is None or wanted is None or (given.kind, given.place) != (wanted.kind, wanted.place):
        return False
    if given.seen.keys() != wanted.seen.keys() or not _same_value(given, wanted):
        return False
    return all(are_equal(given.seen[name], text) for name, text in wanted.seen.items())


def _same_value(given: Frame, wanted: Frame) -> bool:
    if wanted.kind == "exception":
        return given.value.partition(":")[0] == wanted.value.partition(":")[0]
    return are_equal(given.value, wanted.value)
