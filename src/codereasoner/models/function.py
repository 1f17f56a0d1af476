"""A function of one's own as a model."""

import functools
import inspect
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FunctionType, MethodType

from codereasoner.errors import ConfigError
from codereasoner.extend import Completion, Model, Prompt, Sampling

Answering = Callable[[Sequence[Mapping[str, str]]], str]
"""The messages of a prompt to the text of a completion."""


class FunctionModel(Model):
    """Calls a function for each prompt, one after the other.

    It is known by its name, its source and what it is bound to. It has no `name`, so `--model` does not find it.

    Raises:
        ConfigError: it is no function.
    """

    def __init__(self, answer: Answering) -> None:
        if not callable(answer):
            raise ConfigError(f"a model is a name, a Model, or a function of messages, not {answer!r:.60}")
        super().__init__(getattr(answer, "__name__", type(answer).__name__).strip("<>"))
        self.answer = answer

    @property
    def identity(self) -> str:
        """Functions of one name that are written differently, or bound to other values, are different models."""
        return f"function:{self.target}:{zlib.crc32(_known_by(self.answer).encode()):08x}"

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[tuple[int, Completion]]:
        """One completion for each prompt, in order.

        Raises:
            ConfigError: the function takes no messages, is async, or returned no text.
        """
        if inspect.iscoroutinefunction(self.answer):
            raise ConfigError(
                f"{self.target} is async, and must return a text: lambda messages: asyncio.run({self.target}(messages))"
            )
        try:
            inspect.signature(self.answer).bind([])
        except TypeError as error:
            raise ConfigError(f"{self.target} must take the messages of a prompt: {error}") from None
        except ValueError:  # a callable of C that does not tell its parameters
            pass
        for index, prompt in enumerate(prompts):
            text = self.answer(prompt.messages)
            if not isinstance(text, str):
                raise ConfigError(f"{self.target} returned {type(text).__name__}, and must return a text")
            yield index, Completion(text)


def _known_by(value: object, within: tuple[object, ...] = ()) -> str:
    """Return what tells a function or a value that it is bound to from others; an object is known by its place.

    within: the functions whose closures lead here, which may lead back.
    """
    match value:
        case functools.partial(func=func, args=args, keywords=keywords):
            return f"partial({_known_by((func, args, *keywords.items()), within)})"
        case MethodType(__func__=func, __self__=owner):
            return f"method({_known_by((func, owner), within)})"
        case FunctionType() if value not in within:
            try:
                source = inspect.getsource(value)
            except (OSError, TypeError):
                source = repr(value.__code__.co_code)
            bound = (
                value.__defaults__,
                *(value.__kwdefaults__ or {}).items(),
                *inspect.getclosurevars(value).nonlocals.items(),
            )
            return f"{source}({_known_by(bound, (*within, value))})"
        case tuple():
            return ", ".join(_known_by(each, within) for each in value)
        case str() | bytes() | int() | float() | None:
            return repr(value)
    return f"{type(value).__qualname__} at {id(value)}"
