"""A trace as a list of visits: each execution of a line, with the locals before and after it."""

from collections import ChainMap, Counter
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass

from codereasoner.records import Run, Step

FEW = 64  # locals; a state with this number is copied in two microseconds


@dataclass(frozen=True)
class Visit:
    """One execution of one line.

    "After" means: when the line has finished, in its own frame. Where a reader could mean something else, because
    other lines run in between or the frame ends, `unclear` says why; everything else is then not to be asked about.
    """

    index: int  # its place in run.steps
    line: int
    nth: int  # 1 when the line runs for the first time in this run, in any frame
    frame: int
    before: Mapping[str, str]  # the locals, as literals or marks
    after: Mapping[str, str]
    changes: Mapping[str, str]  # what the line bound or mutated
    following: int | None  # the line that runs next, anywhere; None: the run ends
    unclear: str  # "" or why there are two readings of "after this line"
    raised: bool  # an exception was raised in the line, and may have been handled


def visits(run: Run) -> list[Visit]:
    """Return the executions of lines, in the order in which they began.

    The frames of comprehensions and lambdas that stay on their caller's line count as a part of that line: Python
    3.12 has no frame for most of them.
    """
    steps = run.steps
    is_visible = _visible(steps)
    later = next_of_frame(steps, is_visible)
    lines = _next_lines(steps, is_visible)
    counts: Counter[int] = Counter()
    known: dict[int, MutableMapping[str, str]] = {}
    found: list[Visit] = []
    for index, step in enumerate(steps):
        before = known.get(step.frame, {})
        after = before
        if step.changes or step.removed:
            known[step.frame] = after = _changed(before, step)
        if step.event != "line" or not is_visible[index]:
            continue
        counts[step.line] += 1
        unclear, raised = _reading(steps, is_visible, index, later[index])
        found.append(
            Visit(
                index,
                step.line,
                counts[step.line],
                step.frame,
                before,
                after,
                step.changes,
                lines[index],
                unclear,
                raised,
            )
        )
    return found


def _changed(before: MutableMapping[str, str], step: Step) -> MutableMapping[str, str]:
    """Return the locals after a step. Of many, only those that changed lately are copied: all states are kept."""
    base, lately = (before.maps[1], before.maps[0]) if isinstance(before, ChainMap) else (before, {})
    if len(base) > FEW and not step.removed and len(lately) < FEW:
        return ChainMap({**lately, **step.changes}, base)
    return {name: text for name, text in before.items() if name not in step.removed} | dict(step.changes)


def visible_steps(run: Run) -> list[Step]:
    """Return the steps without those of comprehensions and lambdas that stay on their caller's line."""
    return [step for step, audible in zip(run.steps, _visible(run.steps), strict=True) if audible]


def _visible(steps: Sequence[Step]) -> list[bool]:
    """Return False for steps of an inner frame, such as a comprehension's, that never leaves its caller's line."""
    names = {step.frame: step.value for step in steps if step.event == "call"}
    lines: dict[int, set[int]] = {}
    caller: dict[int, int] = {}
    last = 0
    for step in steps:
        lines.setdefault(step.frame, set()).add(step.line)
        if step.event == "call" and step.frame not in caller:
            caller[step.frame] = last
        last = step.line
    quiet = {
        frame
        for frame, name in names.items()
        if name.startswith("<") and frame != 0 and lines[frame] <= {caller[frame]}
    }
    return [step.frame not in quiet for step in steps]


def next_of_frame(steps: Sequence[Step], is_visible: Sequence[bool] = ()) -> list[int | None]:
    """Return for each visible step (default: all) the place of the next step of its own frame."""
    following: dict[int, int] = {}
    found: list[int | None] = [None] * len(steps)
    for index in range(len(steps) - 1, -1, -1):
        if not is_visible or is_visible[index]:
            found[index] = following.get(steps[index].frame)
            following[steps[index].frame] = index
    return found


def _next_lines(steps: Sequence[Step], is_visible: Sequence[bool]) -> list[int | None]:
    """Return for each step the line that runs next in the whole program."""
    following: int | None = None
    found: list[int | None] = [None] * len(steps)
    for index in range(len(steps) - 1, -1, -1):
        found[index] = following
        if is_visible[index] and steps[index].event == "line":
            following = steps[index].line
    return found


def _reading(steps: Sequence[Step], is_visible: Sequence[bool], index: int, later: int | None) -> tuple[str, bool]:
    """Return why "after this line" is ambiguous, or "", and whether an exception was raised in it."""
    step = steps[index]
    if later is None:
        return "the trace ends in the line", False
    if any(is_visible[index + 1 : later]):
        return "the line calls another function", steps[later].event == "exception"
    after = steps[later]
    if after.event == "exception":
        return _after_exception(steps, is_visible, later), True
    if after.event == "yield":
        return "the line yields", False
    if after.event == "return":
        return ("" if step.frame == 0 else "the function returns there"), False
    if after.event == "line" and after.line == step.line:
        return "the line runs again within itself", False
    return "", False


def _after_exception(steps: Sequence[Step], is_visible: Sequence[bool], place: int) -> str:
    """Return why no one line follows an exception, "" where the same frame handles it."""
    for step, audible in zip(steps[place + 1 :], is_visible[place + 1 :], strict=True):
        if audible and not (step.frame == steps[place].frame and step.event == "exception"):
            stays = step.frame == steps[place].frame and step.event == "line"
            return "" if stays else "an exception leaves the function there"
    return "an exception leaves the function there"
