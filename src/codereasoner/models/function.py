"""A function of one's own as a model."""

from __future__ import annotations

import inspect
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence

from codereasoner.errors import ConfigError
from codereasoner.extend import Completion, Model, Prompt, Sampling

Answering = Callable[[Sequence[Mapping[str, str]]], str]
"""The messages of a prompt to the text of a completion."""


class FunctionModel(Model):
    """Calls a function for each prompt, one after the other. It is known by its name and its source.

    It has no `name`, so `--model` does not find it.
    """

    def __init__(self, answer: Answering) -> None:
        super().__init__(getattr(answer, "__name__", type(answer).__name__).strip("<>"))
        self.answer = answer

    @property
    def identity(self) -> str:
        """Functions of one name that are written differently are different models."""
        try:
            source = inspect.getsource(self.answer)
        except (OSError, TypeError):
            source = ""
        return f"function:{self.target}:{zlib.crc32(source.encode()):08x}"

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[tuple[int, Completion]]:
        """One completion for each prompt, in order.

        Raises:
            ConfigError: the function returned no text.
        """
        for index, prompt in enumerate(prompts):
            text = self.answer(prompt.messages)
            if not isinstance(text, str):
                raise ConfigError(f"{self.target} returned {type(text).__name__}, and must return a text")
            yield index, Completion(text)
