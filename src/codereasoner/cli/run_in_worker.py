"""Make the function that a traced run calls: a script, an expression on a module, or a pytest test.

Its text is the harness of the job: it runs inside the worker, before the trace begins, and imports the standard library
only. The file that is traced has the name FILE, all other code another one. Of pytest it does what needs no collection:
marks, parameter sets, fixtures that are functions, setup functions; anything else is refused with one sentence.
"""

from __future__ import annotations

import ast
import contextlib
import enum
import inspect
import io
import itertools
import os
import sys
import types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

FILE, UNTRACED = "<program>", "<harness>"
NAMED = (int, float, complex, type(None))  # values that pytest names by their text


class CannotRun(Exception):
    """Raised for what cannot be run here; the message is for the user."""


def begin(folder: str, standard_input: bytes) -> None:
    """Go to the user's folder, which is there if a file in it may be read, and give standard input its bytes."""
    sys.stdin = io.TextIOWrapper(io.BytesIO(standard_input), "utf-8", "surrogateescape")
    if os.path.isdir(folder):
        os.chdir(folder)


def load(source: str, file: str, name: str, path: str) -> dict[str, object]:
    """Execute a file as the module of that name, and return its namespace."""
    module = sys.modules[name] = types.ModuleType(name)
    module.__file__ = path
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, module)
    return _execute(source, file, module)


def script(source: str, file: str, package: str, arguments: tuple[str, ...], path: str) -> Callable[[], object]:
    """Return what executes a file as `__main__`; an exit without an error is its end.

    An exit with a number, as argparse makes it, takes along the last line of what was written to standard error.
    """
    sys.argv[:] = arguments
    module = sys.modules["__main__"] = types.ModuleType("__main__")
    module.__file__ = path

    errors: Any = sys.stderr
    raw = errors.buffer.raw

    def run() -> None:
        try:
            _execute(source, file, module, package)
        except SystemExit as leaving:
            if not leaving.code:
                return
            with contextlib.suppress(ValueError):  # the program closed or detached it, which writes all
                errors.flush()
            last = b"".join(raw.parts).decode("utf-8", "replace").strip().rpartition("\n")[2]
            if not last or not isinstance(leaving.code, int):
                raise
            raise SystemExit(f"{leaving.code}: {last}") from None

    return run


def expression(text: str, names: dict[str, object]) -> Callable[[], object]:
    """Return what evaluates an expression with the names of a file; one that awaits runs in an event loop."""
    code = compile(text, UNTRACED, "eval", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)

    def evaluate() -> object:
        value = eval(code, names)  # noqa: S307 - the user's own call, inside the worker
        if not code.co_flags & inspect.CO_COROUTINE:
            return value
        import asyncio  # takes as long as a short run

        return asyncio.run(value)

    return evaluate


def _execute(source: str, file: str, module: types.ModuleType, package: str | None = None) -> dict[str, object]:
    names = module.__dict__
    names["__package__"] = module.__name__.rpartition(".")[0] if package is None else package
    exec(compile(source, file, "exec", dont_inherit=True), names)  # noqa: S102 - the user's own file, inside the worker
    return names


# ---- pytest


def pytest_test(names: dict[str, Any], path: str, chosen: str) -> Callable[[], object]:
    """Return what runs the test `Class::name` or `name` of a test file, with the parameter set of that id.

    Without an id it is the first set. Fixtures are set up here, so that only the test itself is traced.
    """
    *owners, name = path.split("::")
    owner: Any = None
    for each in owners:
        owner = getattr(owner, each, None) if owner else names.get(each)
        if not isinstance(owner, type):
            raise CannotRun(f"there is no class {each} in the test file")
    test: Any = getattr(owner, name, None) if owner else names.get(name)
    if not callable(test):
        found = sorted(each for each in (vars(owner) if owner else names) if each.startswith("test"))
        raise CannotRun(f"there is no test {path}; there are: {', '.join(found) or 'none'}")
    if owner and "unittest" in sys.modules and issubclass(owner, sys.modules["unittest"].TestCase):
        return owner(name).debug  # type: ignore[no-any-return]
    if inspect.iscoroutinefunction(test):
        raise CannotRun(f"{path} is a coroutine: it needs a plugin of pytest")
    marks = [mark for each in (test, owner, names) for mark in _marks(each)]
    for mark in marks:
        if mark.name == "skip" or (mark.name == "skipif" and any(_holds(each, names) for each in mark.args)):
            raise CannotRun(f"{path} is skipped: {mark.kwargs.get('reason', '') or 'no reason is given'}")
    instance = owner() if owner else None
    values = _parameter_set(path, [mark for mark in marks if mark.name == "parametrize"], chosen)
    fixtures = _Fixtures(names, owner, instance, values)
    for setup, argument in (("setup_module", None), ("setup_class", owner), ("setup_method", test)):
        function = names.get(setup) if argument is None else getattr(instance, setup, None)
        if function is not None:
            function(*[argument][: len(inspect.signature(function).parameters)])
    if owner is None and "setup_function" in names:
        names["setup_function"](*[test][: len(inspect.signature(names["setup_function"]).parameters)])
    fixtures.start()
    bound = getattr(instance, name) if owner else test
    arguments = {each: fixtures.value(each) for each in _needed(bound)}
    return lambda: bound(**arguments)


def _holds(condition: object, names: dict[str, object]) -> bool:
    return bool(expression(condition, names)() if isinstance(condition, str) else condition)


def _marks(owner: Any) -> list[Any]:
    found = owner.get("pytestmark", []) if isinstance(owner, dict) else getattr(owner, "pytestmark", [])
    return found if isinstance(found, list) else [found]


def _needed(function: Any) -> list[str]:
    """Return the parameters of a test or a fixture that pytest fills."""
    parameters = inspect.signature(function).parameters.values()
    return [each.name for each in parameters if each.default is each.empty and each.kind not in (2, 4)]


def _parameter_set(path: str, marks: list[object], chosen: str) -> dict[str, object]:
    """Return the parameters of the set with this id: the sets of several marks are combined as pytest does."""
    every: dict[str, dict[str, object]] = {}
    for combination in itertools.product(*map(_sets, marks)):
        found = "-".join(identity for identity, _ in combination)
        every.setdefault(found, {name: value for _, values in combination for name, value in values.items()})
    if not chosen:
        return next(iter(every.values()), {})
    if chosen not in every:
        known = ", ".join(list(every)[:10]) if marks else "none"
        raise CannotRun(f"{path} has no parameter set [{chosen}]; there are: {known}")
    return every[chosen]


def _sets(mark: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the id and the values of each set of one parametrize mark."""
    given = dict(zip(("argnames", "argvalues", "indirect", "ids"), mark.args, strict=False)) | mark.kwargs
    if given.get("indirect"):
        raise CannotRun("indirect parameters need pytest's own fixtures")
    names = given["argnames"]
    names = [each.strip() for each in names.split(",") if each.strip()] if isinstance(names, str) else list(names)
    ids = given.get("ids")
    for number, each in enumerate(given["argvalues"]):
        is_param = type(each).__name__ == "ParameterSet"
        values = tuple(each.values) if is_param else (each,) if len(names) == 1 else tuple(each)
        own = each.id if is_param and each.id is not None else None
        if own is None and ids is not None and not callable(ids):
            own = list(ids)[number]
        texts = [_identity(name, value, number, ids) for name, value in zip(names, values, strict=True)]
        yield "-".join(texts) if own is None else str(own), dict(zip(names, values, strict=True))


def _identity(name: str, value: object, number: int, ids: object) -> str:
    """Return how pytest names a value."""
    if callable(ids) and (text := ids(value)) is not None:
        return str(text)
    if isinstance(value, str):
        return value.encode("unicode_escape").decode("ascii")
    if isinstance(value, (*NAMED, enum.Enum)):
        return str(value)
    return str(getattr(value, "__name__", f"{name}{number}"))


class _Fixtures:
    """The fixtures of a test: functions of its class, its file, or a conftest that was brought in."""

    def __init__(self, names: dict[str, Any], owner: Any, instance: Any, values: Mapping[str, Any]) -> None:
        conftest = vars(sys.modules["conftest"]) if "conftest" in sys.modules else {}
        inherited = {name: getattr(owner, name) for name in dir(owner)} if owner else {}
        self.instance, self.values = instance, dict(values)
        self.known = {
            getattr(marker, "name", None) or name: (each, marker, place is inherited)
            for place in (conftest, names, inherited)
            for name, each in place.items()
            if (marker := getattr(each, "_fixture_function_marker", None) or _old_marker(each)) is not None
        }

    def start(self) -> None:
        """Set up those that every test uses."""
        for name, (_, marker, _) in self.known.items():
            if marker.autouse:
                self.value(name)

    def value(self, name: str) -> object:
        """Return the value of a fixture or a parameter, made once."""
        if name not in self.values:
            self.values[name] = self._made(name)
        return self.values[name]

    def _made(self, name: str) -> object:
        if name == "monkeypatch" and name not in self.known:
            return sys.modules["pytest"].MonkeyPatch()
        if name not in self.known:
            raise CannotRun(
                f"the fixture {name} is not a function of this file: --with ./conftest.py brings in those of a "
                "conftest, and of pytest's own only monkeypatch works without pytest"
            )
        fixture, marker, is_method = self.known[name]
        if marker.params:
            raise CannotRun(f"the fixture {name} has parameters of its own: only pytest can choose one")
        wrapped = getattr(fixture, "_get_wrapped_function", lambda: inspect.unwrap(fixture))()
        function = types.MethodType(wrapped, self.instance) if is_method else wrapped
        if inspect.iscoroutinefunction(wrapped) or inspect.isasyncgenfunction(wrapped):
            raise CannotRun(f"the fixture {name} is a coroutine: it needs a plugin of pytest")
        found = function(**{each: self.value(each) for each in _needed(function)})
        return next(found) if inspect.isgeneratorfunction(wrapped) else found


def _old_marker(each: Any) -> Any:
    """Return the mark of a fixture as pytest before 8.4 made it."""
    return getattr(each, "_pytestfixturefunction", None) if inspect.isfunction(each) else None
