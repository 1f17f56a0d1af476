"""Names that were replaced: the old one is accepted for one version, with a note on standard error."""

import sys
from collections.abc import Collection
from functools import cache
from typing import Literal

Kind = Literal["command", "option", "task", "style", "benchmark", "source", "preset"]
CURRICULA = ("0-copy", "1-straight", "2-branches", "3-loops", "4-nested", "5-whole", "gpu", "pocket")

NEW_NAMES: dict[Kind, dict[str, str]] = {
    "task": {"asked": "code-question", "blanks": "assertion-completion", "specification": "code-generation"},
    "command": {"census": "profile"},
    "option": {
        "beside": "reference",
        "least": "min-share",
        "tries": "samples",
        "rollouts": "num-generations",
        "reuse": "updates-per-generation",
        "rungs": "levels",
        "forms": "questions",
    },
    "preset": {
        **{f"ladder/{name}": f"curriculum/{name}" for name in CURRICULA},
        "sft-7b-one-gpu": "sft-80gb",
        "grpo-7b-one-gpu": "grpo-80gb",
        "grpo-7b-8-gpus": "grpo-8x80gb",
        "sft-14b-two-nodes": "sft-two-nodes",
        "grpo-14b-two-nodes": "grpo-two-nodes",
    },
}
"""The names that 0.2.0 replaced, by kind; 0.3.0 removes them. An option's name is its word, without the dashes."""


def current_name(kind: Kind, name: str, known: Collection[str]) -> str:
    """Return the name that replaced `name`, and note it once; any other name is returned as it is.

    known: the names there are now. A name that is still one of them was not replaced here.
    """
    new = NEW_NAMES.get(kind, {}).get(name)
    if new is None or name in known or new not in known:
        return name
    dashes = "--" if kind == "option" else ""
    _note(f"the {kind} {dashes}{name} is now {dashes}{new}; the old name goes with the next version")
    return new


@cache
def _note(words: str) -> None:
    """Print a note the first time that it is wanted."""
    sys.stderr.write(f"codereasoner: {words}\n")
