"""What a worker learns once, at its start, learnt again in a process of tests."""

from __future__ import annotations

from codereasoner.execution import safe_modules
from codereasoner.execution.allowlist import learn_modules


def learn_again() -> None:
    """Take the modules of the allowlist as they are now: libraries that other tests import add to them."""
    safe_modules._originals.clear()
    learn_modules()
