"""Sentences that a user should read once, such as a parameter that a server refuses: they go to the package's log."""

import logging

_LOG = logging.getLogger("codereasoner")
_SAID: set[str] = set()


def say_once(sentence: str) -> None:
    """Log a warning, once in this process; without a handler, Python prints it on standard error."""
    if sentence not in _SAID:
        _SAID.add(sentence)
        _LOG.warning("codereasoner: %s", sentence)
