"""Teach language models to predict how programs behave when they run, and measure how well they do.

    import codereasoner as cr

    run = cr.trace("def f(x): return x[::-1]", "f([1, 2])")
    question = cr.ask(run, "output")[0]
    cr.grade(question, "<answer>[2, 1]</answer>").outcome

`codereasoner.api` documents these functions; `codereasoner.task` is the centre of the code: one Task serves data,
training, reward and evaluation.
"""

__version__ = "0.2.0.dev0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codereasoner.api import (
        ask,
        dataset,
        evaluate,
        explain,
        grade,
        grade_many,
        load,
        pool,
        programs,
        prompt,
        reward,
        trace,
    )

__all__ = [
    "ask",
    "dataset",
    "evaluate",
    "explain",
    "grade",
    "grade_many",
    "load",
    "pool",
    "programs",
    "prompt",
    "reward",
    "trace",
]


def __getattr__(name: "str") -> "object":
    """Import the interface when its first name is used: `import codereasoner` alone stays quick."""
    if name not in __all__:
        raise AttributeError(f"module 'codereasoner' has no attribute '{name}'; it has: {', '.join(__all__)}")
    from codereasoner import api

    return getattr(api, name)


def __dir__() -> "list[str]":
    return sorted([*globals(), *__all__])
