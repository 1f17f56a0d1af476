"""Modules for programs that share a process: each program gets module objects of its own.

A program's modules hold what the allowlist names, and nothing else. Functions written in Python are copied, so that
whatever a program stores in one of them goes when the program goes. Classes and the objects of `typing` cannot be
copied: a seal keeps what they look like, and shows whether a program has changed them. Where a program asks for
anything else, it must run alone after all. This file also runs inside the workers.
"""

from __future__ import annotations

import builtins
import sys
from _operator import is_ as _is

from codereasoner.execution.allowed_names import MODULES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType
    from typing import Any

_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE: one that is immutable still gets annotations where one asks for them
_SHOWN = ("__doc__", "__file__", "__loader__", "__package__", "__spec__")  # what the text of a module is made of
_type, _tuple, _list, _all, _any, _map, _len, _getattr = type, tuple, list, all, any, map, len, getattr
_Module = type(sys)
_Function: Any = type(lambda: 0)


class Original:
    """A module of the allowlist: what every program may have as it is, and what must be copied or sealed."""

    def __init__(self, name: str) -> None:
        module = __import__(name, None, None, ["*"])
        found = {word: _getattr(module, word) for word in MODULES[name].split() if hasattr(module, word)}
        self.shown = {word: _getattr(module, word) for word in _SHOWN if hasattr(module, word)}
        self.plain = {word: member for word, member in found.items() if _is_immutable(member)}
        self.functions = {word: member for word, member in found.items() if _type(member) is _Function}
        others = found.keys() - self.plain.keys() - self.functions.keys()
        self.sealed = {word: (found[word], Seal(found[word])) for word in others}
        self.seals: dict[str, Seal] = {}
        if name == "functools":  # the class behind every cache_info() hands out its __new__, a function
            self.seals |= dict.fromkeys(("cache", "lru_cache"), Seal(module._CacheInfo))
        self.given = Seal(*_given(module))
        self.clear: tuple[Callable[[], object], ...] = ()
        caches: list[Any] = []
        if name == "re":
            self.clear = (module.purge,)
            caches = [each for word, each in module.__dict__.items() if word.startswith("_cache") or _is_cache(each)]
        elif name == "typing":
            self.clear = _tuple(module._cleanups)
            caches = [clear.__self__ for clear in module._cleanups]
        self.dicts = [each for each in caches if _type(each) is dict]
        self.infos = [each.cache_info for each in caches if _is_cache(each)]
        self.contents = Contents(module, self.dicts)


_originals: dict[str, Original] = {}


def prepare() -> bool:
    """Import the modules of the allowlist; False if they have been imported already."""
    if _originals:
        return False
    _originals.update({name: Original(name) for name in MODULES})
    return True


def _given(module: ModuleType) -> list[object]:
    """Return what a module gives a program that has not imported it.

    `__exit__` is given the class of an error, an operator of a program's own flags the flags of `re`, and `__eq__` of
    what is made part of a type the special forms of `typing`, Any, Generic and Protocol.
    """
    members = list(module.__dict__.values())
    errors = [each for each in members if isinstance(each, _type) and issubclass(each, Exception)]
    kinds = ("RegexFlag", "_SpecialForm", "_TypedCacheSpecialForm", "_LiteralSpecialForm")
    others = [each for each in members if _type(each).__name__ in kinds]
    bases = [module.__dict__[name] for name in ("Any", "Generic", "Protocol")] if module.__name__ == "typing" else []
    return [*errors, *others, *bases]


def _is_immutable(member: object) -> bool:
    """Return whether nothing can be stored in an object: a function or type written in C, a number, a string."""
    kind = _type(member)
    if kind is _type:
        return not member.__flags__ & _HEAP_TYPE  # type: ignore[attr-defined]
    return kind in (str, int, float, _type(len))


def _is_cache(member: object) -> bool:
    """Return whether a member is a function behind `lru_cache`."""
    return hasattr(member, "cache_info")


class Contents:
    """The containers that a module's functions may hand to methods of the program, with what they hold.

    These are the module's own (`re.escape` calls `translate` with one), but for its caches.
    """

    def __init__(self, module: ModuleType, caches: list[Any]) -> None:
        values = [each for name, each in module.__dict__.items() if name[:2] != "__"]
        found = [
            each for each in values if _type(each) in (list, dict, set) and not _any([each is one for one in caches])
        ]
        self.containers = [(each, _held(each)) for each in found]

    def whole(self) -> bool:
        """Return whether they hold what they held."""
        return _all(
            [_len(now := _held(each)) == _len(held) and _all(_map(_is, now, held)) for each, held in self.containers]
        )


def _held(container: Any) -> tuple[object, ...]:
    return (*container, *container.values()) if _type(container) is dict else _tuple(container)


class Seal:
    """The state of objects, their classes and their functions before any program could use them."""

    def __init__(self, *owners: object) -> None:
        self.dicts: list[tuple[Mapping[str, object], tuple[str, ...], tuple[object, ...]]] = []
        self.states: list[tuple[Callable[[object], tuple[object, ...]], object, tuple[object, ...]]] = []
        seen: set[int] = set()
        for owner in owners:
            self._add(owner, seen)

    def whole(self) -> bool:
        """Return whether all of it looks as it did."""
        for now, names, values in self.dicts:
            if _tuple(now) != names or not _all(_map(_is, now.values(), values)):
                return False
        return _all(_all(_map(_is, look(owner), state)) for look, owner, state in self.states)

    def _add(self, owner: object, seen: set[int]) -> None:
        own: Any = _getattr(owner, "__dict__", None)
        if id(owner) in seen or (isinstance(owner, _type) and _is_immutable(owner)):
            return
        seen.add(id(owner))
        if _type(own) in (dict, _type(_type.__dict__)):
            self.dicts.append((own, _tuple(own), _tuple(own.values())))
        if _type(own) is not dict or _type(owner) is _Function or _slots(owner):  # else a dict is all that it has
            look = _state_of_function if _type(owner) is _Function else _state
            if not isinstance(owner, (_type, _Function)):
                look = _state_of_object
            self.states.append((look, owner, look(owner)))
        if isinstance(owner, _type):
            for kind in (_type(owner), *owner.__mro__[1:]):
                self._add(kind, seen)
        for name, item in list(own.items()) if own else []:
            if name == "__objclass__":  # the class of a flag, which no program comes by
                continue
            inner = _getattr(item, "__func__", item)
            if _type(inner) is _Function or isinstance(inner, _type):
                self._add(inner, seen)


def _slots(owner: object) -> list[str]:
    return [name for kind in _type(owner).__mro__ for name in kind.__dict__.get("__slots__", ())]


def _state(owner: object) -> tuple[object, ...]:
    names = _getattr(owner, "__name__", None), _getattr(owner, "__qualname__", None)
    return (*names, *_state_of_object(owner))


def _state_of_object(owner: object) -> tuple[object, ...]:
    return (owner.__doc__, *[_getattr(owner, name, None) for name in _slots(owner)])


def _state_of_function(owner: Any) -> tuple[object, ...]:
    return (
        owner.__code__, owner.__defaults__, owner.__kwdefaults__, owner.__name__, owner.__qualname__, owner.__doc__,
        owner.__module__,
    )  # fmt: skip


class Modules:
    """The modules of one program. `leave` is called where it asks for what is not allowed, and does not return."""

    __slots__ = ("found", "leave", "seals")

    def __init__(self, leave: Callable[[], None]) -> None:
        self.leave = leave
        self.found: dict[str, ModuleType] = {}
        self.seals: list[Seal | Contents] = []  # of what the program can reach

    def built_ins(self) -> dict[str, object]:
        """Return the built-ins of the program, which import through this object."""
        found = _BUILT_INS.copy()
        found["__import__"] = self._import
        return found

    def clear(self) -> None:
        """Empty the modules that the program has imported, and the caches that belong to them."""
        for name, module in _list(self.found.items()):  # a finalizer may import another one
            module.__dict__.clear()
            for clear in _originals[name].clear:
                clear()

    def cleared(self) -> bool:
        """Return whether they are empty still: whatever is cleared may have a finalizer, which fills them again."""
        for name, module in self.found.items():
            original = _originals[name]
            if module.__dict__ or _any(original.dicts) or _any([info().currsize for info in original.infos]):
                return False
        return True

    def whole(self) -> bool:
        """Return whether the library is as it was."""
        return _all([seal.whole() for seal in self.seals])

    def _import(
        self, name: str, names: object = None, local: object = None, members: Any = (), level: int = 0
    ) -> ModuleType:
        module = self.found.get(name)
        if module is None:
            original = _originals.get(name)
            if original is None or level:
                self.leave()
            module = self.found[name] = self._make(name, original)  # type: ignore[arg-type]
        for member in members or ():
            if member not in module.__dict__:
                _getattr(module, member)
        return module

    def _make(self, name: str, original: Original) -> ModuleType:
        module = _Module(name)
        inside = module.__dict__
        inside.update(original.shown)
        inside.update(original.plain)
        if original.given.dicts:
            self.seals.append(original.given)
        if original.contents.containers:
            self.seals.append(original.contents)

        def find(word: str) -> object:
            function = original.functions.get(word)
            if function is not None:
                inside[word] = _copy(function)
                if word in original.seals:
                    self.seals.append(original.seals[word])
            elif word in original.sealed:
                inside[word], seal = original.sealed[word]
                self.seals.append(seal)
            else:
                self.leave()
            return inside[word]

        inside["__getattr__"] = find
        return module


_BUILT_INS = dict(builtins.__dict__)


def _copy(function: Any) -> object:
    """Return the same function as an object of its own."""
    copied = _Function(
        function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    if function.__kwdefaults__:
        copied.__kwdefaults__ = dict(function.__kwdefaults__)
    return copied
