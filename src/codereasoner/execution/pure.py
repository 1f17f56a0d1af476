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

_type, _tuple, _all, _map = type, tuple, all, map
_known: dict[str, Pure] = {}


def find_pure(name: str) -> Pure | None:
    """What is known of a module; None where it is none of the pure ones. It is imported and sealed the first time."""
    found = _known.get(name)
    if found is None and name in _MEMBERS:
        found = _known[name] = Pure(name)
    return found


class Pure:
    """A pure module: the members that programs may use, names that lead further than that, and its seal."""

    def __init__(self, name: str) -> None:
        self.name = name
        module = __import__(name, None, None, ["*"])
        members = _MEMBERS[name]
        self.allowed = frozenset([own for own in dir(module) if own[0] != "_"] if members == "*" else members.split())
        refused = {own for own in dir(module) if own[:2] != "__"} - self.allowed
        for own in self.allowed:
            inner = getattr(module, own, None)
            refused.update([word for word in dir(inner) if word[0] == "_" and word[:2] != "__"])
        self.refused = frozenset(refused)
        self.module = module


class Seal:
    """Copies of the dicts of a module, or of a member of it, as they were before any program could use it."""

    def __init__(self, owner: object) -> None:
        self.parts: list[tuple[Mapping[str, object], tuple[str, ...], tuple[object, ...]]] = []
        self._add(owner, set())

    def whole(self) -> bool:
        """Whether every dict is as it was."""
        for now, names, values in self.parts:
            if _tuple(now) != names or not _all(_map(_is, now.values(), values)):
                return False
        return True

    def _add(self, owner: object, seen: set[int]) -> None:
        own = getattr(owner, "__dict__", None)
        if own is None or id(owner) in seen or _type(own) not in (dict, _type(_type.__dict__)):
            return
        if _type(owner) is _type and not owner.__flags__ & 1 << 9:  # type: ignore[attr-defined]
            return  # a type made in C cannot be changed
        seen.add(id(owner))
        self.parts.append((own, _tuple(own), _tuple(own.values())))
        for item in list(own.values()):
            if _type(item) is not _type(sys) or item.__name__ in _MEMBERS:
                self._add(item, seen)


_seals: dict[tuple[str, str], Seal] = {}


def seal(pure: Pure, member: str) -> tuple[str, str]:
    """Seal a module, or one member of it where it has a name; gives what `untouched` takes."""
    key = (pure.name, member)
    if key not in _seals:
        _seals[key] = Seal(getattr(pure.module, member) if member else pure.module)
    return key


def untouched(keys: tuple[tuple[str, str], ...]) -> bool:
    """Whether all that is under these seals is as it was."""
    return all(_seals[key].whole() for key in keys)
