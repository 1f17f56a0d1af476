"""The Inspect tasks `codereasoner/NAME`. Inspect imports this module by its entry point and runs what it registers."""

from codereasoner.exports.inspect_tasks import graded, questions, registered_tasks

__all__ = ["graded", "questions"]
globals().update(registered_tasks())
