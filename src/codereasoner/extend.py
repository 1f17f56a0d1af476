"""The registry of plugins: tasks, sources, models and benchmarks.

A plugin is one file. It is found by its name if it is in the package's own folder for its kind or if an entry point of
the group `codereasoner.<kind>s` names it, and as `file.py:ClassName` anywhere else.

The first use of `file.py:ClassName`, or `register`, makes a task known by its name. Its questions carry its reference,
so that a later command, or a trainer in another process, finds it, too.
"""

import contextlib
import importlib
import importlib.metadata
import importlib.util
import inspect
import logging
import os
import pkgutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from codereasoner.errors import CodeReasonerError, ConfigError, DataError, UnknownName, UserError, did_you_mean
from codereasoner.interfaces import (
    Benchmark,
    Completion,
    Generations,
    Model,
    OfficialVerdicts,
    Progress,
    Prompt,
    Published,
    Questions,
    Rejected,
    Sampling,
    Source,
    TruthComparison,
    Unjudged,
    silent,
)
from codereasoner.ledger import read_rows
from codereasoner.own_plugins import OwnBenchmark, OwnModel, OwnSource, OwnTask, check_class
from codereasoner.plugin_files import (
    VARIABLE,
    call,
    is_reference,
    load_file,
    named_files,
    remember,
    split_reference,
    was_named,
)
from codereasoner.records import Program, Run
from codereasoner.renamed import current_name
from codereasoner.task import Grade, Question, Task

_LOG = logging.getLogger("codereasoner")

Kind = Literal["task", "source", "model", "benchmark"]

_BASES: dict[Kind, type] = {"task": Task, "source": Source, "model": Model, "benchmark": Benchmark}
_OWN: dict[Kind, type] = {"task": OwnTask, "source": OwnSource, "model": OwnModel, "benchmark": OwnBenchmark}
_PACKAGES: dict[Kind, str] = {"task": "tasks", "source": "sources", "model": "models", "benchmark": "benchmarks"}


def find(kind: Kind, name: str, **options: object) -> Any:
    """Make the plugin of that kind and name: "output", "file.py:MyTask", for models also "scheme:target".

    Raises:
        UnknownName: there is none; the message lists those there are.
        DataError: `file.py` is missing or has no such class.
    """
    if is_reference(name):
        path, own = split_reference(name)
        found = _from_file(kind, path, own)
        made = partial(found, "", **options) if kind == "model" else partial(_make, kind, name, found, options)
        return call(made, path=path.resolve(), words=name)
    if kind == "model":
        return _find_model(name, options)
    known = available(kind)
    if name not in known:
        meant = (each for each, plugin in known.items() if name.lower() in (plugin.__doc__ or "").lower().split())
        raise UnknownName(kind, name, known, next(meant, ""))
    return _make(kind, name, known[name], options)


def _make(kind: Kind, name: str, plugin: Any, options: dict[str, object]) -> Any:
    """Make an instance of a plugin class."""
    taken = inspect.signature(plugin).parameters
    if not any(each.kind is each.VAR_KEYWORD for each in taken.values()):
        there_are = f"; it has: {', '.join(_word(each) for each in taken)}" if taken else "; it has none"
        for option in options:
            if option not in taken:
                near = did_you_mean(option, taken)
                raise ConfigError(f"{kind} '{name}' has no option '{_word(option)}'{near}{there_are}")
    needed = [
        each.name for each in taken.values() if each.default is each.empty and each.kind is each.POSITIONAL_OR_KEYWORD
    ]
    if missing := [each for each in needed if each not in options]:
        raise ConfigError(
            f"{kind} '{name}' needs the option '{_word(missing[0])}': give --set {_word(missing[0])}=VALUE"
        )
    return plugin(**options)


def _word(option: str) -> str:
    """Write an option as it is given after --set."""
    return option.replace("_", "-")


_registered: dict[str, Task] = {}
"""Tasks by name that are not the package's own: from files, and from callers who pass a class."""


def task(name: str) -> Task:
    """Return the task of that name, made once; `file.py:ClassName` registers the task of a file.

    Raises:
        UnknownName: there is none; the message lists those there are.
        DataError: the file is missing or has no such class. ConfigError: its name is taken by another task.
    """
    if name in _registered:
        return _registered[name]
    return (
        register(find("task", name)) if is_reference(name) else _built_in(current_name("task", name, available("task")))
    )


def task_label(name: str) -> str:
    """Return a task's name as tables show it, `forward (output)`; also that of a task that is not at hand."""
    known = _registered.get(name) or available("task").get(name)
    return f"{known.short} ({name})" if known is not None and known.short else name


def task_order(name: str) -> tuple[bool, bool, str]:
    """Sort the names of tasks for tables: those with a short name first, forward before backward, then by name."""
    known = _registered.get(name) or available("task").get(name)
    return known is None or not known.short, known is not None and known.direction == "backward", name


def task_of(question: Question) -> Task:
    """Return the task that a question belongs to, also where it comes from a file that this process has not seen.

    Raises:
        UnknownName: there is no such task.
        DataError: the file of its task is missing, has no such class, or was never named by the user on this machine.
    """
    if is_reference(question.task):  # it would be executed as if the user had named it
        raise DataError(f"question '{question.id}' names no task but a file: '{question.task}'")
    known = _registered.get(question.task)
    if not question.plugin or (known is not None and known.reference == question.plugin):
        return task(question.task)
    path, name = split_reference(question.plugin)
    if known is not None and not path.is_file():
        return known  # its file has moved, and the user named where it is now
    if path.is_file() and not was_named(path):
        advice = f"if it is yours, set {VARIABLE}={path}"
        raise DataError(f"question '{question.id}' needs {path}, which was never named here; {advice}")
    errors = []
    for place in dict.fromkeys([path, *named_files(path.name)]):
        try:
            return task(f"{place}:{name}")
        except DataError as error:
            errors.append(str(error))
    advice = f"put it back, or set {VARIABLE} to its new place"
    raise DataError(f"the task of question '{question.id}' is not at hand: {'; '.join(errors)}; {advice}")


def known_task(question: Question) -> Task | None:
    """Return the task of a question, or None if it is not at hand: an evaluation can be read without it."""
    try:
        return task_of(question)
    except UserError:
        return None


def checked(question: Question) -> Question:
    """Return the question if its task is at hand and can ask it.

    Raises:
        UnknownName: there is no such task.
        DataError: the question lacks a fact, or the file of its task is not at hand.
    """
    task_of(question).check(question)
    return question


def read_questions(path: Path, places: Sequence[int] | None = None) -> Iterator[Question]:
    """Read the questions of a file, each with the facts that its task needs.

    places: those of the questions that are read, from 0, in ascending order (default: all).

    Raises:
        DataError: the file or a question is not what it should be; the message names the file and the row.
    """
    rows = read_rows(path, wanted=None if places is None else frozenset(places))
    for number, row in zip(count(1) if places is None else (place + 1 for place in places), rows, strict=False):
        try:
            yield checked(Question.from_json(row))
        except DataError as error:
            raise DataError(f"{path}, row {number}: {error}") from None


def register(made: Task | type[Task]) -> Task:
    """Make a task known by its name, so that every stage of this process finds it; give the class or an instance.

    Returns the registered task. A class of a notebook takes the place of an earlier one of the same name.

    Raises:
        ConfigError: it has no name, or another task has the same.
    """
    found = made() if isinstance(made, type) else made
    name = getattr(found, "name", "")
    if not name or not isinstance(name, str):
        raise ConfigError(f"the task {type(found).__name__} has no name: set `name = ...` in its class")
    if not isinstance(getattr(found, "request", None), str):
        raise ConfigError(f"the task {name} has no request: set `request = ...` in its class, a sentence for the model")
    for method, others in (("statement", ()), ("verify", ("examine", "score"))):
        own = [each for each in (method, *others) if getattr(type(found), each, None) is not getattr(Task, each, None)]
        if not own:
            raise ConfigError(f"the task {name} has no {method}: write it as docs/tasks.md shows")
    if name in available("task"):
        if type(found) is type(_built_in(name)):
            return _built_in(name)
        raise ConfigError(
            f"the task {type(found).__name__} is named '{name}', as a built-in one is: give it another name"
        )
    known = _registered.get(name)
    if known is not None and known.reference != found.reference:
        raise ConfigError(
            f"two tasks are named '{name}': {known.reference or 'a class of this process'} and "
            f"{found.reference or 'a class of this process'}: give one of them another name"
        )
    _registered[name] = found
    return found


def commonest(reasons: Mapping[str, int]) -> str:
    """Write reasons by how common they are: `3 x 400: Server is pinned to ...; 1 x no connection: ...`."""
    listed = [f"{count:,} x {reason or 'no reason given'}" for reason, count in Counter(reasons).most_common(3)]
    rest = len(reasons) - 3
    return "; ".join(listed) + (f"; and {rest:,} other reasons" if rest > 0 else "")


@cache
def _built_in(name: str) -> Task:
    found: Task = find("task", name)
    return found


@cache
def available(kind: Kind) -> dict[str, Any]:
    """Return every plugin class of a kind by name: the package's own, and those of entry points."""
    found: dict[str, object] = {}
    package = importlib.import_module(f"codereasoner.{_PACKAGES[kind]}")
    for module in pkgutil.iter_modules(package.__path__):
        found |= _classes(kind, importlib.import_module(f"{package.__name__}.{module.name}"))
    for entry in _entry_points(f"codereasoner.{kind}s"):
        try:  # a package that is broken must not end the commands of all others
            plugin = call(entry.load, path=Path(entry.value), words=entry.value)
            wrong = "" if inspect.isclass(plugin) and issubclass(plugin, _BASES[kind]) else f"it is no {kind} class"
        except CodeReasonerError as error:
            wrong = str(error)
        if wrong:
            _LOG.warning("codereasoner: the %s '%s' is left out: %s", kind, entry.name, wrong)
        else:
            found[entry.name] = plugin
    return dict(sorted(found.items()))


_UNREADABLE = (TypeError, ValueError, LookupError, AttributeError, OSError)
"""What reading entry points raises where a file is not as it should be: a line without `=` is a TypeError."""


def _entry_points(group: str) -> Iterator[importlib.metadata.EntryPoint]:
    """Yield the entry points of a group; a package whose entry_points.txt cannot be read is left out with a warning."""
    with contextlib.suppress(*_UNREADABLE):
        yield from importlib.metadata.entry_points(group=group)
        return
    for package in importlib.metadata.distributions():
        try:
            yield from package.entry_points.select(group=group)
        except _UNREADABLE as error:
            name = package.metadata["Name"]
            _LOG.warning("codereasoner: the entry_points.txt of %s is left out: %s", name, error)


FEW_FOLDERS = 20  # models in the current folder that a message names


def check_model_folder(name: str, also: Sequence[str] = ()) -> None:
    """Refuse what is neither a local model nor a name on the Hub, which would be asked for it.

    Raises:
        DataError: the name is a path, and no model is there. UnknownName: it is not a name of the Hub, OWNER/NAME.
    """
    path = Path(name)
    if path.is_dir() and name and not any((path / each).is_file() for each in ("config.json", "adapter_config.json")):
        raise DataError(f"the folder '{name}' holds no model: it has no config.json")
    if path.exists() and name:
        return
    if name.startswith((".", "/", "~")):
        raise DataError(f"there is no model folder {name}")
    if ":" in name or name.count("/") != 1:
        named = [scheme if kind.alone else f"{scheme}:NAME" for scheme, kind in available("model").items()]
        folders = sorted(each.name for each in Path().iterdir() if (each / "config.json").is_file())
        raise UnknownName("model", name, [*named, *also, "a path", "a Hub name", *folders[:FEW_FOLDERS]])


def _find_model(name: str, options: dict[str, object]) -> Model:
    """Make the model of `scheme:target`, or the local model of a path or Hub name."""
    scheme, colon, target = name.partition(":")
    known = available("model")
    if name in known and known[name].alone:
        return known[name]("", **options)  # type: ignore[no-any-return]
    if colon and scheme in known:
        found: Model = known[scheme](target, **options)
        return found
    name = os.path.expanduser(name)
    if scheme.lower() in ("http", "https"):
        raise ConfigError(f"'{name}' is the address of a server: give --base-url with it, and a model as openai:NAME")
    check_model_folder(name)
    known["local"].check(name)  # before it is loaded
    local: Model = known["local"](name, **options)
    return local


def _from_file(kind: Kind, path: Path, name: str) -> Any:
    """Return the plugin class of that name in a file, which is executed once in a process."""
    module = load_file(path)
    remember(path)
    found: object = getattr(module, name, None) if name else None
    if not (inspect.isclass(found) and issubclass(found, _BASES[kind])):
        classes = [each.__name__ for each in _classes(kind, module).values()]
        wrong = f"has no {kind} class '{name}'" if name else f"names no {kind} class: write {path}:CLASS"
        raise DataError(f"{path} {wrong}; it has: {', '.join(classes) or 'none'}")
    check_class(found, _BASES[kind], path)
    return type(name, (_OWN[kind], found), {"__doc__": found.__doc__, "reference": f"{path.resolve()}:{name}"})


def _classes(kind: Kind, module: ModuleType) -> dict[str, Any]:
    base = _BASES[kind]
    return {
        each.name: each
        for each in vars(module).values()
        if inspect.isclass(each)
        and issubclass(each, base)
        and each.__module__ == module.__name__
        and hasattr(each, "name")
    }


__all__ = [
    "Benchmark",
    "Completion",
    "Generations",
    "Grade",
    "Kind",
    "Model",
    "OfficialVerdicts",
    "Program",
    "Progress",
    "Prompt",
    "Published",
    "Question",
    "Questions",
    "Rejected",
    "Run",
    "Sampling",
    "Source",
    "Task",
    "TruthComparison",
    "Unjudged",
    "available",
    "check_model_folder",
    "checked",
    "commonest",
    "find",
    "known_task",
    "read_questions",
    "register",
    "silent",
    "task",
    "task_label",
    "task_of",
    "task_order",
]
