"""The Inspect tasks `codereasoner/NAME`. Inspect imports this module by its entry point and runs what it registers."""

from codereasoner.exports.inspect_tasks import benchmark_tasks, graded, questions

__all__ = ["graded", "questions"]
globals().update(benchmark_tasks())
