"""Read the documentation of a library in the worker. Never imported: its text is a Job's source."""

from __future__ import annotations

import importlib
import inspect
from typing import Any


def count(package: str) -> int:
    """Count the documented names of a library."""
    return len(public(package))


def describe(package: str, start: int, stop: int, chars: int) -> list[list[str]]:
    """Return [dotted name, signature and the first `chars` characters of the documentation] of some of its names."""
    return [
        [name, f"{signature(value)}\n{documentation(value)[:chars]}"] for name, value in public(package)[start:stop]
    ]


def public(package: str) -> list[tuple[str, object]]:
    """Return the documented functions and classes in a library's own namespace, and the methods of these classes."""
    module = importlib.import_module(package)
    found: dict[str, object] = {}
    for name in sorted(names(module)):
        value = getattr(module, name, None)
        if not callable(value):
            continue
        found[f"{package}.{name}"] = value
        if inspect.isclass(value) and not issubclass(value, BaseException):
            for method in names(value):
                attribute = inspect.getattr_static(value, method, None)
                if callable(attribute) or isinstance(attribute, property | classmethod | staticmethod):
                    found[f"{package}.{name}.{method}"] = getattr(value, method, None)
    return [(name, value) for name, value in found.items() if documentation(value)]


def names(owner: object) -> list[str]:
    return [name for name in dir(owner) if not name.startswith("_")]


def documentation(value: object) -> str:
    text = getattr(value, "__doc__", None)
    return inspect.cleandoc(text) if isinstance(text, str) else ""


def signature(value: Any) -> str:
    try:
        return str(inspect.signature(value))
    except (TypeError, ValueError):
        return ""
