"""The repr of values of the standard library that have no literal, found without calling the program's code.

    Decimal('1.5'), datetime.date(2024, 1, 2), Fraction(3, 4), PosixPath('/a/b'), <Color.RED: 1>

Arrays and numbers of numpy are shown by what they hold, as its own repr can be changed by a program:

    <ndarray [[0, 1], [2, 3]]>, <ndarray [0.5], dtype=float32>, <ndarray shape=(9, 99), dtype=int64>, <int64 3>

A type written in C, which no program can change, writes its own repr. What a class written in Python would write is put
together from the attributes of the instance. This file also runs inside the workers.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

MAX_BYTES = 10_000  # of a value whose type writes its repr, which it does at any length

MOST_ELEMENTS = 200  # of an array of numpy, which is written anew at each step

_type, _str, _int, _all, _repr, _id, _flags = type, str, int, all, repr, id, type.__dict__["__flags__"].__get__
_KeyError, _TypeError, _slice, _list, _complex = KeyError, TypeError, slice, list, complex
_own_name = type.__dict__["__name__"].__get__
_own_module = type.__dict__["__module__"].__get__
_IMMUTABLE = 1 << 8  # Py_TPFLAGS_IMMUTABLETYPE: no program can change the type

# Types written in C, each with the parts of a value that its repr asks for theirs: these have to be plain.
_IN_C: dict[str, Callable[[Any], tuple[object, ...]]] = {
    "array.array": lambda value: (),
    "builtins.slice": lambda value: (value.start, value.stop, value.step),
    "datetime.date": lambda value: (),
    "datetime.datetime": lambda value: (value.tzinfo,),
    "datetime.time": lambda value: (value.tzinfo,),
    "datetime.timedelta": lambda value: (),
    "datetime.timezone": lambda value: (value.tzname(None), value.utcoffset(None)),
    "decimal.Decimal": lambda value: (),
    "re.Match": lambda value: (),
    "re.Pattern": lambda value: (value.pattern,),
}
_NUMBERS = {"i": "int", "u": "uint", "f": "float", "c": "complex"}  # kinds of numpy's numbers, and their names
_USUAL = (", dtype=int64", ", dtype=float64", ", dtype=complex128")  # of what Python's own numbers become
_SCALARS = {f"{name}{bits}" for name in _NUMBERS.values() for bits in (8, 16, 32, 64, 128)} | {"bool", "bool_"}
_PLAIN = frozenset(map(id, (int, float, bool, str, bytes, type(None))))


def known_repr(value: Any, read: Callable[[], Mapping[str, Any]], write: Callable[[object], str]) -> str:
    """Return the repr of a value of such a type, "" for any other.

    read: return the attributes of the instance. write: write one of them.
    """
    kind = _type(value)
    module, name = _module(kind), _str.__str__(_own_name(kind))
    if _flags(kind) & _IMMUTABLE:
        if module == "numpy":
            if name == "ndarray":
                return _array(value, write)
            return _number(value, name, write) if name in _SCALARS else ""
        return _repr(value) if _writes_itself(value) else ""
    try:
        if _module(_type(kind)) == "enum":
            return f"<{name}.{_str.__str__(read()['_name_'])}: {write(read()['_value_'])}>"
        if module == "fractions" and name == "Fraction":
            return f"Fraction({write(read()['_numerator'])}, {write(read()['_denominator'])})"
        if module == "uuid" and name == "UUID":
            digits = f"{_int.__index__(read()['int']):032x}"
            return f"UUID('{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}')"
        if module[:7] == "pathlib" and name in ("PosixPath", "PurePosixPath"):
            return f"{name}({_path(read())!r})"
    except (_KeyError, _TypeError):  # a class of the program has this name, or an attribute is not what it was
        pass
    return ""


def _array(value: Any, write: Callable[[object], str]) -> str:
    """Write an array by its elements, or by its shape where they are many; with the type of unusual numbers."""
    name = _NUMBERS.get(value.dtype.kind, "")
    dtype = f", dtype={name}{8 * value.itemsize}" if name else ""
    if 0 < value.size <= MOST_ELEMENTS and value.nbytes <= MAX_BYTES:
        inner = write(_type(value).tolist(value))
        if inner[:9] != "<list of ":  # their text is too long
            return f"ndarray {inner}{'' if dtype in _USUAL else dtype}"
    return f"ndarray shape={_repr(value.shape)}{dtype}"


def _number(value: Any, name: str, write: Callable[[object], str]) -> str:
    """Write a number of numpy; "" for one that is none of Python's, as a `longdouble`."""
    plain = _type(value).item(value)
    return f"{name} {write(plain)}" if _id(_type(plain)) in _PLAIN or _type(plain) is _complex else ""


def _module(kind: type) -> str:
    module = _own_module(kind)
    return module if _type(module) is _str else ""


def _writes_itself(value: Any) -> bool:
    kind: Any = _type(value)
    parts = _IN_C.get(f"{_module(kind)}.{_own_name(kind)}")
    if parts is None or not _flags(kind) & _IMMUTABLE or kind.__sizeof__(value) > MAX_BYTES:
        return False
    nests = kind is not _slice  # the parts of a slice may be slices, as deep as a program likes
    return _all([_id(_type(part)) in _PLAIN or (nests and _writes_itself(part)) for part in parts(value)])


def _path(own: Mapping[str, Any]) -> str:
    """Join the parts of a path as pathlib does: as they were given, or (in Python 3.11) as they were read."""
    text = ""
    parts = own["_raw_paths"] if "_raw_paths" in own else own["_parts"]
    if _type(parts) is not _list:
        raise _TypeError
    for part in parts:
        part = _str.__str__(part)
        text = part if part[:1] == "/" else f"{text}/{part}" if text and text[-1] != "/" else text + part
    root = "" if text[:1] != "/" else "//" if text[1:2] == "/" != text[2:3] else "/"
    return root + "/".join([part for part in text.split("/") if part not in ("", ".")]) or "."
