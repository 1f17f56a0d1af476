"""Runs as text of a trace language, for training a model that predicts whole traces.

cwm            Code World Model's format: the context as the prompt, the frames as the completion
compact-trace  our compact format, after the program with line numbers and the call
"""

from collections.abc import Callable, Mapping

from codereasoner.records import Run


def _cwm(run: Run) -> tuple[str, str]:
    from codereasoner.steps.trace_languages import END, cwm_context, cwm_frames, cwm_prompt, write_cwm

    context = cwm_context(run)
    return cwm_prompt(context), write_cwm(cwm_frames(run, context), context) + END


def _compact(run: Run) -> tuple[str, str]:
    from codereasoner.steps.source import numbered
    from codereasoner.steps.trace_languages import frames, write_compact

    return f"{numbered(run.source)}\n{run.expression}\n", write_compact(frames(run))


TRACES: Mapping[str, Callable[[Run], tuple[str, str]]] = {"cwm": _cwm, "compact-trace": _compact}
"""The prompt and the completion of a run, by format."""


def trace_row(run: Run, to: str) -> tuple[dict[str, object], str]:
    """Return the row of a run in that format, and why it is dropped; "" if it is not."""
    if not run.steps or run.cut:
        return {"id": run.id}, "the run has no whole trace"
    if "\n" in run.expression:
        return {"id": run.id}, "the call has several lines"
    prompt, completion = TRACES[to](run)
    return {"id": run.id, "program": run.program, "prompt": prompt, "completion": completion}, ""
