"""All objects that a program in a shared process can reach by names of the allowlist: none can be changed unnoticed."""

from __future__ import annotations

import builtins
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.hostile.learning import learn_again

from codereasoner.execution.allowed_names import MODULES
from codereasoner.execution.allowlist import _ANNOTATIONS, _UNSEALED, _VERDICTS, learn_modules
from codereasoner.execution.safe_modules import Contents, Modules

ROOT = Path(__file__).parents[2]
CONTAINERS = (list, dict, set, bytearray)


def leave() -> None:
    raise AttributeError("the program runs alone")


learn_modules()
ALLOWED = {word for word, verdict in _VERDICTS.items() if verdict and word not in _ANNOTATIONS}
DESCRIBING = {"__doc__", "__name__", "__qualname__", "__module__", "__type_params__", "__slots__", "__match_args__"}
DENIED = {word for word, verdict in _VERDICTS.items() if verdict is False}


def reached() -> tuple[dict[str, object], Modules]:
    """What one program finds, by the expression that leads there, and its modules."""
    learn_again()
    modules = Modules(leave)
    found: dict[str, object] = {name: value for name, value in vars(builtins).items() if _VERDICTS.get(name)}
    samples = (1, "a", b"a", 1.5, [1], {1: 2}, {1}, range(2), (i for i in [1]), lambda: 0, ValueError(1))
    found |= {f"a {type(sample).__name__}": sample for sample in samples}
    for name in MODULES:
        module = modules._import(name)
        found |= {f"{name}.{word}": getattr(module, word) for word in MODULES[name].split() if hasattr(module, word)}
    found["lru_cache.cache_info"] = modules._import("functools").lru_cache(None)(lambda: 0).cache_info()
    found["re.Pattern"] = modules._import("re").compile("(a)")
    found["re.Match"] = modules._import("re").match("(a)", "a")
    found |= {f"class({path})": kind for path, kind in subclasses(found)}
    for name in MODULES:  # what __exit__ is given, and an operator of a program's own flags
        for word, value in vars(sys.modules[name]).items():
            if (isinstance(value, type) and issubclass(value, Exception)) or type(value).__name__ == "RegexFlag":
                found[f"given by {name}: {word}"] = value
    waiting, seen = list(found), {of_a_kind(value) for value in found.values()}
    for path in waiting:
        owner = found[path]
        kinds = (owner, type(owner), getattr(owner, "__origin__", owner))  # an alias of typing hands attributes on
        words = {word for kind in kinds for word in type.__dir__(kind if isinstance(kind, type) else type(kind))}
        for word in sorted(word for word in words if word in ALLOWED or (word[:2] != "__" and word not in DENIED)):
            try:
                value = getattr(owner, word)
            except (AttributeError, TypeError):
                continue
            if of_a_kind(value) not in seen:
                seen.add(of_a_kind(value))
                found[f"{path}.{word}"] = value
                waiting.append(f"{path}.{word}")
    return found, modules


def of_a_kind(value: object) -> object:
    """One of many objects that are alike is looked at: methods of one name, numbers, texts."""
    kind = type(value)
    return id(value) if kind in (type, type(leave)) else (kind, getattr(value, "__qualname__", ""))


def subclasses(found: dict[str, object]) -> Iterator[tuple[str, object]]:
    """What a class statement makes of each of these as a base: it has the attributes of the base's own bases too."""
    for path, base in list(found.items()):
        try:
            exec("class A(base): pass", names := {"base": base})
        except TypeError:
            continue
        yield path, names["A"]


def changed(value: object, modules: Modules) -> Iterator[str]:
    """Yield the attributes that can be set and are not missed, among one of no object's and those that describe it."""
    for word in ("marked", *sorted(DESCRIBING - _UNSEALED)):
        own = getattr(value, "__dict__", {})
        before, old = dict(own), getattr(value, word, None)
        try:
            setattr(value, word, "marked")
        except (AttributeError, TypeError):
            continue
        if modules.whole():
            yield word
        if word in before:
            setattr(value, word, before[word])
        elif word in own:
            delattr(value, word)
        elif word == "marked":
            del value.__origin__.marked  # type: ignore[attr-defined] # an alias of typing hands it on
        else:
            setattr(value, word, old)
        assert modules.whole(), (value, word)


def unnoticed() -> Iterator[str]:
    """Yield where an object lies that two programs share, and that one of them can change unnoticed."""
    (first, modules), (second, _) = reached(), reached()
    common = {path: value for path, value in first.items() if second.get(path) is value}
    assert len(common) > 500
    assert modules.whole()
    for path, value in common.items():
        if isinstance(value, CONTAINERS):
            contents = [seal for seal in modules.seals if isinstance(seal, Contents)]
            if not any(value is held for seal in contents for held, _ in seal.containers):
                yield path
        else:
            yield from [f"{path}.{word}" for word in changed(value, modules)]


def test_what_two_programs_reach_can_not_be_changed_or_the_change_is_noticed() -> None:
    """In a process of its own, as a worker is: other tests change the classes that are sealed."""
    code = "from tests.hostile.test_reachable import unnoticed; print(*unnoticed())"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (told.stdout.split(), told.stderr) == ([], "")
