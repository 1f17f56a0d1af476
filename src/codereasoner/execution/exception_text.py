"""Write an exception as text without calling the program's code. This file also runs inside the workers.

The `__str__` of a built-in exception calls the `__str__` or `__repr__` of what it holds: the file name of an OSError,
the object of a UnicodeError, any argument. So it is called only where all that it reads is made of built-in values.
"""

from __future__ import annotations

from codereasoner.execution.safe_repr import derives, type_name
from codereasoner.literals.write import write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Fields = tuple[Callable[[object], object], ...]

_type, _len, _id, _any, _tuple, _str, _repr = type, len, id, any, tuple, str, repr
_is_identifier = str.isidentifier
_TypeError, _ValueError, _BaseException, _write = TypeError, ValueError, BaseException, write
_mro = type.__dict__["__mro__"].__get__
_namespace = type.__dict__["__dict__"].__get__


def _fields(kind: type[BaseException], names: str) -> Fields:
    return tuple([kind.__dict__[name].__get__ for name in names.split()])


_args: Any = _fields(BaseException, "args")
_reads: dict[int, Fields] = {
    **dict.fromkeys(map(id, (BaseException, KeyError, NameError, AttributeError)), _args),  # the last two until 3.13
    id(ImportError): _args + _fields(ImportError, "msg"),
    id(OSError): _args + _fields(OSError, "errno strerror filename filename2"),
    id(SyntaxError): _args + _fields(SyntaxError, "msg filename lineno"),
    id(BaseExceptionGroup): _fields(BaseExceptionGroup, "message"),
}
"""The attributes that the `__str__` of a built-in exception reads, by the id of the type that defines it."""
for _kind in (UnicodeEncodeError, UnicodeDecodeError, UnicodeTranslateError):
    _reads[id(_kind)] = _fields(_kind, "encoding object start end reason")
_spans = {id(UnicodeEncodeError): str, id(UnicodeDecodeError): bytes, id(UnicodeTranslateError): str}


def thrown_text(argument: Any, max_chars: int) -> str:
    """Return the text of what a trace function is given when there is an exception: its type, itself, its traceback."""
    if _type(argument) is _tuple and _len(argument) == 3 and derives(argument[1], _BaseException):
        return exception_text(argument[1], max_chars)
    return "no exception"  # a program has called the trace function itself


def exception_text(error: BaseException, max_chars: int) -> str:
    """`TypeName: message`, or `TypeName` where the message cannot be had without calling the program's code.

    A name that is no identifier is in quotes, so that nothing before the first colon is taken for another's name.
    """
    name = type_name(error)
    name = name if _is_identifier(name) else _repr(name)
    message = _message(error)
    return (f"{name}: {message}" if message else name)[:max_chars]


def _message(error: BaseException) -> str:
    kind: Any = _BaseException
    for kind in _mro(_type(error)):
        if _any([_type(name) is _str and name == "__str__" for name in _namespace(kind)]):
            break
    try:
        values = [read(error) for read in _reads.get(_id(kind), ())]
        _write(values)
        return kind.__str__(error) if values and _is_sound(_id(kind), values) else ""
    except (_TypeError, _ValueError):  # no exception by the order of its metaclass; no literals, or a huge number
        return ""


def _is_sound(kind: int, values: list[Any]) -> bool:
    """Return whether a UnicodeError's object has the type and the length that its `__str__` takes for granted."""
    span = _spans.get(kind)
    if span is None:
        return True
    _, content, start, end, _ = values
    return _type(content) is span and 0 <= start < end <= _len(content)
