"""The worked examples of the built-in tasks, for few-shot prompts: tasks/worked_examples.yaml."""

from functools import cache
from importlib.resources import files

from codereasoner.records import Facts


@cache
def worked_examples() -> dict[str, list[tuple[Facts, str, str]]]:
    """Return the facts, the answer and the chain of each example, by task."""
    import yaml  # a few milliseconds that only few-shot styles need

    text = files("codereasoner.tasks").joinpath("worked_examples.yaml").read_text(encoding="utf-8")
    return {
        task: [(each, each.pop("answer"), each.pop("chain")) for each in examples]
        for task, examples in yaml.safe_load(text).items()
    }
