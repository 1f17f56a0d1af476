"""Write any value of a program as text without calling the program's code: its literal, or a mark in angle brackets.

    [1, 2]                       a value with a literal
    <Point x=1, y=[2, 3]>        an instance: its type's name and its attributes, also those in slots
    <list [1, <Point x=1, y=2>]> a container that holds something without a literal
    <deque [1, 2]>, <Counter {'a': 1}>, <function f>, <generator g>, <list of 90000 items>
    <Decimal('1.5')>, <Color.RED: 1>  what is written by its repr (known_reprs.py)

No literal begins with `<`, so a mark is never taken for a value. This file also runs inside the workers.
"""

from __future__ import annotations

import builtins
from _operator import is_ as _is
from collections import OrderedDict, deque

from codereasoner.execution.known_reprs import known_repr
from codereasoner.literals.write import HEX_BITS, WRITERS, NotWritable, TooLong, write
from codereasoner.literals.write import MAX_DEPTH as MOST_LEVELS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

MAX_DEPTH = 12  # of a mark: deeper objects are written as their type's name only
MAX_ITEMS = 1_000  # of all containers and instances inside one mark
UNKNOWN = object()  # the shape of a value that cannot be compared at a glance

_type, _len, _id, _repr, _hex, _set, _map = type, len, id, repr, hex, set, map
_tuple, _all, _sorted, _min, _join = tuple, all, sorted, min, ", ".join
_list, _dict, _str, _int = list, dict, str, int
_TypeError, _AttributeError, _ValueError, _BaseException = TypeError, AttributeError, ValueError, BaseException
_NotWritable, _TooLong = NotWritable, TooLong
# The slots of types and descriptors, read past whatever a metaclass or a subclass of the program makes of their names.
_own_name = type.__dict__["__name__"].__get__
_mro = type.__dict__["__mro__"].__get__
_namespace = type.__dict__["__dict__"].__get__
_flags = type.__dict__["__flags__"].__get__
_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE: the classes that programs make have it
_function, _module = type(write), type(builtins)
_arguments: Any = BaseException.__dict__["args"].__get__
_module_dict: Any = _module.__dict__["__dict__"].__get__  # type: ignore[index]
_named: tuple[type, ...] = (_function, type(len), type((lambda: (yield))()), type([].__iter__), type(write.__get__))
_VIEWS: tuple[Any, ...] = (type({}.keys()), type({}.values()), type({}.items()))
_SIZED_BASES = (list, tuple, dict, set, frozenset, deque, *_VIEWS)
_SETS = (set, frozenset)
_OrderedDict, _KeyError, _RuntimeError = OrderedDict, KeyError, RuntimeError
_TEXT_BASES = (str, bytes, bytearray)
_built_in_bases = {id(base): base for base in (*_SIZED_BASES, str, bytes, int, float, BaseException)}
_GETSET, _MEMBER = type(_function.__dict__["__code__"]), type(_function.__dict__["__globals__"])
# Types are told apart by identity: to look for one in a set would call the `__hash__` of a program's metaclass.
_WRITTEN = frozenset(map(id, WRITERS))
_SIMPLE = frozenset(map(id, (int, str, bool, type(None))))  # whose repr is their literal, where it is not long
_ATOMS = _SIMPLE | frozenset(map(id, (float, bytes)))  # immutable, and changed only by being bound anew
_is_simple, _are_atoms = _SIMPLE.issuperset, _ATOMS.issuperset
_NESTING = frozenset(map(id, (list, tuple, dict, set, frozenset)))
_SHORT = 2_000  # characters; below, an int's repr is its literal
_LEAST, _MOST = -(1 << 99), 1 << 99
_FEW = 200  # items


class _Room:
    """The items and characters that a mark may still get, and the ids of what was found to have no literal."""

    def __init__(self, chars: int) -> None:
        self.items, self.chars = MAX_ITEMS, chars
        self.unwritable: set[int] = _set()

    def give_up(self, value: object) -> None:
        """Take note of a container without a literal, and of those in it that are known to have none either.

        Else each of the first links of a long chain (`[[[...]]]`) would be written down to where it fails.
        """
        links: list[list[int]] = []  # the containers at each level
        level: dict[int, Any] = {_id(value): value}
        while 0 < _len(level) <= MAX_ITEMS and _len(links) <= MOST_LEVELS + MAX_DEPTH:
            links.append(_list(level))
            inner: dict[int, Any] = {}
            for each in level.values():
                if _len(each) > MAX_ITEMS:
                    break
                for item in (*each, *each.values()) if _type(each) is _dict else each:
                    if _id(_type(item)) in _NESTING:
                        inner[_id(item)] = item
            level = inner
        deep = [link[0] for link in links[:-MOST_LEVELS] if _len(link) == 1]
        self.unwritable.update([_id(value), *deep])


def describe(value: object, max_chars: int) -> str:
    """Return the literal of a value, or its mark; neither is longer than max_chars, give or take a type's name."""
    room = _Room(max_chars)
    if _id(_type(value)) in _WRITTEN:
        try:
            return write(value, max_chars)
        except _TooLong:
            return f"<{_size(value)}>"
        except _NotWritable:
            room.give_up(value)
    try:
        text = _mark(value, MAX_DEPTH, [], room)
    except _TooLong:
        text = ""
    return text if 0 < _len(text) <= max_chars else f"<{_size(value)}>"


def show(value: Any, max_chars: int) -> tuple[str, object]:
    """Return the description, and a shape: None for what never changes, UNKNOWN, or what `unchanged` compares.

    What is made of short and simple values only is its repr, which is quicker to have than to write.
    """
    kind = _type(value)
    if kind is _str or kind is _int:
        if (_len(value) < _FEW) if kind is _str else (_LEAST < value < _MOST):
            text = _repr(value)
            if _len(text) <= max_chars:
                return text, None
        return describe(value, max_chars), None
    if kind is _list or kind is _tuple:
        items: Any = value
    elif kind is _dict:
        items = (*value, *value.values())
    else:
        return describe(value, max_chars), None if _id(kind) in _ATOMS else UNKNOWN
    if not _is_simple(_map(_id, _map(_type, items))):
        if not _are_atoms(_map(_id, _map(_type, items))):
            return (_nested(value, items, max_chars) or describe(value, max_chars)), UNKNOWN
        return describe(value, max_chars), _shape(kind, value)
    return (_short(value, items, max_chars) or describe(value, max_chars)), _shape(kind, value)


def _shape(kind: type, value: Any) -> object:
    if kind is _dict:
        return _tuple(value), _tuple(value.values())
    return _tuple(value) if kind is _list else None


def _short(value: object, items: Any, max_chars: int) -> str:
    """Return the repr of a container of simple values, where it is short; else ""."""
    if _len(items) > _FEW:
        return ""
    try:
        text = _repr(value)
    except _ValueError:  # an int longer than the interpreter's digit limit
        return ""
    return text if _len(text) <= _SHORT and _len(text) <= max_chars else ""


def _nested(value: object, items: Any, max_chars: int) -> str:
    """Return the same for a container that also has lists and tuples of simple values in it."""
    if _len(items) > _FEW:
        return ""
    size = 0
    for item in items:
        kind = _type(item)
        if kind is _list or kind is _tuple:
            size += _len(item)
            if size > _FEW or not _is_simple(_map(_id, _map(_type, item))):
                return ""
        elif _id(kind) not in _SIMPLE:
            return ""
    return _short(value, items, max_chars)


def unchanged(value: Any, shape: Any) -> bool:
    """Return whether the very same container still holds the very same atoms."""
    if _type(value) is _list:
        return _len(value) == _len(shape) and _all(_map(_is, value, shape))
    names, values = shape
    return _len(value) == _len(names) and _all(_map(_is, value, names)) and _all(_map(_is, value.values(), values))


def type_name(value: object) -> str:
    """Return the name of the value's type, read without asking the type."""
    return _str.__str__(_own_name(_type(value)))


def is_among(kind: type, kinds: Iterable[type]) -> bool:
    """Test for this very type, without the `__eq__` of a metaclass."""
    return _id(kind) in _map(_id, kinds)


def _size(value: Any) -> str:
    name = type_name(value)
    base: Any
    for base in _SIZED_BASES:
        if derives(value, base):
            return f"{name} of {base.__len__(value)} items"
    for base in _TEXT_BASES:
        if derives(value, base):
            return f"{name} of length {base.__len__(value)}"
    if _type(value) is _int:
        return f"int of {value.bit_length()} bits"
    return f"{name} too long to show"


def derives(value: object, base: type) -> bool:
    """Test like isinstance, without asking the value for its `__class__`, or a class for `__instancecheck__`."""
    return is_among(base, _mro(_type(value)))


def _item(value: object, depth: int, path: list[int], room: _Room) -> str:
    """Return one item of a mark."""
    if room.items <= 0:
        return "..."
    room.items -= 1
    if _id(_type(value)) not in _WRITTEN or _id(value) in room.unwritable:
        return _mark(value, depth, path, room)
    try:
        text = write(value, 1000)
        room.chars -= _len(text)
        return text
    except _TooLong:
        return f"<{_size(value)}>"
    except _NotWritable:
        room.give_up(value)
        return _mark(value, depth, path, room)


def _mark(value: Any, depth: int, path: list[int], room: _Room) -> str:
    name = type_name(value)
    kind = _type(value)
    left = room.chars
    room.chars -= _len(name)
    if room.chars < 0:
        raise _TooLong("the mark is longer than is allowed")
    if is_among(kind, _named):
        return f"<{name} {_str.__str__(value.__name__)}>"
    if depth == 0 or _id(value) in path:
        return f"<{name} ...>"
    path.append(_id(value))
    plain = _id(kind) in _NESTING  # has no attributes
    text = "" if plain else known_repr(value, lambda: _own(value), lambda part: _item(part, depth - 1, path, room))
    if not text:
        parts = _contents(value, depth, path, room)
        if not plain:
            parts += _attributes(value, depth, path, room)
        text = f"<{name} {_join(parts)}>" if parts else f"<{name}>"
    path.pop()
    room.chars = _min(room.chars, left - _len(text))
    return text if text[0] == "<" else f"<{text}>"


def _contents(value: Any, depth: int, path: list[int], room: _Room) -> list[str]:
    """Return what a built-in container, text or number holds, or an object of a type derived from one."""
    mro = _mro(_type(value))
    if is_among(_type, mro):
        return [_str.__str__(_own_name(value))]
    base: Any = None
    for kind in mro:
        base = base or _built_in_bases.get(_id(kind))
    if base is None:
        return []
    if base is _dict:
        pairs = [
            f"{_item(key, depth - 1, path, room)}: {_item(item, depth - 1, path, room)}"
            for key, item in _first(_pairs(value, mro), room)
        ]
        return ["{" + _join(pairs) + "}"]
    if base is _BaseException:
        return _items(_arguments(value), depth, path, room)
    if is_among(base, _SIZED_BASES):
        items = _items(base.__iter__(value), depth, path, room)
        if base is _tuple:
            return ["(" + _join(items) + (",)" if _len(items) == 1 else ")")]
        if is_among(base, _SETS):
            return ["{" + _join(_sorted(items)) + "}"]
        return ["[" + _join(items) + "]"]
    if base is _int and _int.bit_length(value) > HEX_BITS:
        return [_hex(_int.__index__(value))]
    if is_among(base, _TEXT_BASES) and base.__len__(value) > 1000:
        return []
    return [base.__repr__(value)]


def _pairs(value: Any, mro: tuple[type, ...]) -> Iterable[tuple[object, object]]:
    """Return the items of a dict; those of an OrderedDict in its own order, if no key has a hash of the program's."""
    if is_among(_OrderedDict, mro) and _dict.__len__(value) <= MAX_ITEMS and _all(_map(_is_plain, _dict.keys(value))):
        try:
            found = [(key, _dict.__getitem__(value, key)) for key in _OrderedDict.__iter__(value)]
        except (_KeyError, _RuntimeError):  # something was stored past it
            found = []
        if _len(found) == _dict.__len__(value):
            return found
    return _dict.items(value)


def _is_plain(key: Any) -> bool:
    return _id(_type(key)) in _ATOMS or (_type(key) is _tuple and _are_atoms(_map(_id, _map(_type, key))))


def _items(values: Iterable[object], depth: int, path: list[int], room: _Room) -> list[str]:
    return [_item(item, depth - 1, path, room) for item in _first(values, room)]


def _first(values: Iterable[object], room: _Room) -> list[Any]:
    """Return as many of the values as there is room for, and one more."""
    found: list[object] = []
    for value in values:
        found.append(value)
        if _len(found) > room.items:
            break
    return found


def _attributes(value: object, depth: int, path: list[int], room: _Room) -> list[str]:
    """`name=value` for everything in the instance's own dict and slots, found without asking the instance."""
    mro = _mro(_type(value))
    if is_among(_type, mro):
        return []
    if is_among(_module, mro):
        own = [item for name, item in _module_dict(value).items() if _type(name) is _str and name == "__name__"]
        return own if own and _type(own[0]) is _str else []
    found = _own(value)
    return [f"{name}={_item(found[name], depth - 1, path, room)}" for name in _first(found, room)]


def _own(value: object) -> dict[str, object]:
    found: dict[str, object] = {}
    for kind in _mro(_type(value)):
        own_slots = _static_slots.get(_id(kind))
        for name, descriptor in _slots(kind) if own_slots is None else own_slots:
            _read_own(value, name, descriptor, found)
    return found


def _slots(kind: type) -> list[tuple[str, object]]:
    """Return the descriptors of a type that give access to an instance's own attributes, by name."""
    found: list[tuple[str, object]] = []
    heap = _flags(kind) & _HEAP_TYPE
    for name, item in _namespace(kind).items():
        what = _type(item)
        if (what is not _GETSET and what is not _MEMBER) or _type(name) is not _str:
            continue
        if name == "__dict__" if what is _GETSET or not heap else name[:2] != "__":
            found.append((name, item))
    if not heap:  # it can not change
        _static_slots[_id(kind)] = found
    return found


_static_slots: dict[int, list[tuple[str, object]]] = {}


def _read_own(value: object, name: str, descriptor: Any, found: dict[str, object]) -> None:
    """Add the attributes that a descriptor made by the interpreter gives access to."""
    try:
        own = descriptor.__get__(value)
    except (_TypeError, _AttributeError):  # it belongs to another type, or the slot is empty
        return
    if name != "__dict__":
        found[name] = own
    elif _type(own) is _dict:
        found.update({key: item for key, item in own.items() if _type(key) is _str})
