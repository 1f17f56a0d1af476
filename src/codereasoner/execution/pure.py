"""The pure modules that programs in a shared process may import, and the seals that show whether one was changed.

A seal holds a copy of every dict that belongs to a module: its own, and those of its classes and functions. A
program that stored an attribute anywhere in it breaks the seal, and the process is given up before anyone else
runs in it. This file also runs inside the workers.
"""

from __future__ import annotations

import sys
from _operator import is_ as _is

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_ABSTRACT = (
    "Awaitable AsyncIterable AsyncIterator Hashable Iterable Iterator Generator Reversible Sized Container Callable"
    " Collection Set MutableSet Mapping MutableMapping MappingView KeysView ItemsView ValuesView Sequence"
    " MutableSequence"
)
_MEMBERS = {
    "math": "*",
    "itertools": "*",
    "bisect": "*",
    "collections": "ChainMap Counter OrderedDict UserDict UserList UserString defaultdict deque namedtuple abc",
    "collections.abc": _ABSTRACT,
    "copy": "copy deepcopy",
    "functools": "cache cached_property cmp_to_key lru_cache partial reduce total_ordering",
    "heapq": "heapify heappop heappush heappushpop heapreplace merge nlargest nsmallest",
    "operator": "abs add and_ concat contains countOf delitem eq floordiv ge getitem gt iadd iand iconcat ifloordiv"
    " ilshift imatmul imod imul index indexOf inv invert ior ipow irshift is_ is_not isub itemgetter itruediv ixor le"
    " length_hint lshift lt matmul mod mul ne neg not_ or_ pos pow rshift setitem sub truediv truth xor",
    "re": "compile escape findall finditer fullmatch match search split sub subn error A ASCII DOTALL I IGNORECASE M"
    " MULTILINE S VERBOSE X",
    "string": "ascii_letters ascii_lowercase ascii_uppercase capwords digits hexdigits octdigits printable punctuation"
    " whitespace",
    "typing": "Any Callable Collection Counter DefaultDict Deque Dict FrozenSet Generator Generic Hashable Iterable"
    " Iterator List Literal Mapping MutableMapping MutableSequence MutableSet Optional OrderedDict Sequence Set Sized"
    " Tuple Type TypeVar Union cast",
}

_type, _dict, _tuple, _all, _map = type, dict, tuple, all, map
_modules: dict[str, Any] = {name: __import__(name, None, None, ["*"]) for name in _MEMBERS}
ALLOWED_MEMBERS = {
    name: frozenset(
        [member for member in dir(_modules[name]) if member[0] != "_"] if members == "*" else members.split()
    )
    for name, members in _MEMBERS.items()
}


def _refused(name: str) -> frozenset[str]:
    """Names that lead from a module to something that is not meant for programs."""
    module = _modules[name]
    found = {member for member in dir(module) if member[:2] != "__"} - ALLOWED_MEMBERS[name]
    for member in ALLOWED_MEMBERS[name]:
        found.update([inner for inner in dir(getattr(module, member, None)) if inner[0] == "_" and inner[:2] != "__"])
    return frozenset(found)


REFUSED_MEMBERS = {name: _refused(name) for name in _MEMBERS}


class Seal:
    """Copies of the dicts of a module, as they were when the worker started."""

    def __init__(self, module: object) -> None:
        self.parts: list[tuple[Mapping[str, object], tuple[str, ...], tuple[object, ...]]] = []
        self._add(module, set())

    def whole(self) -> bool:
        """Whether every dict is as it was."""
        for now, names, values in self.parts:
            if _tuple(now) != names or not _all(_map(_is, now.values(), values)):
                return False
        return True

    def _add(self, owner: object, seen: set[int]) -> None:
        own = getattr(owner, "__dict__", None)
        if own is None or id(owner) in seen or _type(own) not in (_dict, _type(_type.__dict__)):
            return
        if _type(owner) is _type and not owner.__flags__ & 1 << 9:  # type: ignore[attr-defined]
            return  # a type made in C cannot be changed
        seen.add(id(owner))
        self.parts.append((own, _tuple(own), _tuple(own.values())))
        for item in list(own.values()):
            if _type(item) is not _type(sys):
                self._add(item, seen)


_seals: dict[str, Seal] = {}


def make_seals() -> None:
    """Seal the modules, once, before any program has run."""
    for name, module in _modules.items():
        _seals[name] = Seal(module)


def untouched(names: tuple[str, ...]) -> bool:
    """Whether these modules are as they were when the worker started."""
    return all(_seals[name].whole() for name in names)
