"""Fields of configuration dataclasses: each becomes an option, declared once for every command that has it."""

from dataclasses import Field, field
from typing import Any


def option(
    default: object, words: str, metavar: str | None = None, is_flag: bool = False, how: bool = False
) -> Any:  # what `field` returns, so that a field has the type it is annotated with
    """Declare a field with its default, the help text of its option, and the placeholder of its value.

    is_flag: a bool has no `--no-` form. how: it changes the way a training is done and nothing of what is learnt, so
    it may differ when the training is continued.
    """
    return field(default=default, metadata={"help": words, "metavar": metavar, "is_flag": is_flag, "how": how})


def redeclared(config: type, name: str, default: object, words: str = "") -> Any:
    """Declare the field of a base class again, with another default and, where it means something else, other help."""
    declared: Field[Any] = config.__dataclass_fields__[name]  # type: ignore[attr-defined]
    return field(default=default, metadata={**declared.metadata, "help": words or declared.metadata["help"]})
