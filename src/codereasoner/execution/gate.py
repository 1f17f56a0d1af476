"""Decide whether a compiled program can leave anything behind for the next one in the same process.

Only programs that pass may share a fork. Isolation is the boundary of security; the gate guards neighbours from
one another, and refuses whatever it does not know: a program that fails it runs all the same, in a fork of its own.

What a clean program cannot do: import anything but the listed names of the listed modules; name an attribute that
leads to frames, code, globals or a type's insides; store into an attribute; make a class; match on attributes;
reach a built-in that reflects, evaluates or opens; leave a generator behind whose end runs later.
This file also runs inside the workers.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import CodeType

_UNSAFE = frozenset(
    """eval exec compile open input breakpoint getattr setattr delattr hasattr globals locals vars dir type object
    super memoryview help exit quit copyright credits license classmethod staticmethod property id
    mro register with_traceback add_note""".split()
)
_PREFIXES = ("_", "gi_", "f_", "tb_", "co_", "cr_", "ag_", "func_")
_MODULES = frozenset({"math", "itertools", "bisect", "heapq"})  # may be bound whole: nothing in them changes anything
_MEMBERS = {
    "math": None,
    "itertools": None,
    "bisect": None,
    "heapq": None,
    "typing": frozenset("Any Callable Dict FrozenSet Iterable Iterator List Optional Sequence Set Tuple Union".split()),
    "collections": frozenset("Counter OrderedDict defaultdict deque".split()),
}
PURE = frozenset({*_MEMBERS, "functools", "re", "string", "random", "copy", "operator", "datetime", "json", "dataclasses"})
"""Modules that a worker imports itself when a program asks for them, so that they are at hand in every fork."""

_GENERATORS = 0x20 | 0x80 | 0x200  # CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR
_REFUSED_NAMES = ("LOAD_BUILD_CLASS", "STORE_ATTR", "DELETE_ATTR", "MATCH_CLASS", "IMPORT_STAR", "SETUP_ANNOTATIONS")


def _numbers() -> dict[str, int]:
    """The numbers of the instructions we look for, in this version of Python."""
    import opcode

    found = {name: opcode.opmap[name] for name in (*_REFUSED_NAMES, "IMPORT_NAME", "IMPORT_FROM", "EXTENDED_ARG") if name in opcode.opmap}
    for name in ("opcode", "_opcode_metadata"):
        sys.modules.pop(name, None)
    return found


_NUMBERS = _numbers()
_REFUSED = frozenset(_NUMBERS[name] for name in _REFUSED_NAMES if name in _NUMBERS)
_IMPORT_NAME, _IMPORT_FROM, _EXTENDED = (_NUMBERS[name] for name in ("IMPORT_NAME", "IMPORT_FROM", "EXTENDED_ARG"))
_set = set


def is_clean(codes: Iterable[CodeType]) -> bool:
    """Can these programs share a process with others without leaving a trace in it?"""
    return all([_is_clean(code) for code in codes])


def imported(code: CodeType) -> set[str]:
    """The pure modules that a program may import, to be imported beforehand."""
    found = _set(code.co_names) & PURE
    for constant in code.co_consts:
        if type(constant) is type(code):
            found |= imported(constant)
    return found


def _is_clean(code: CodeType) -> bool:
    for name in code.co_names:
        if name in _UNSAFE or (name.startswith(_PREFIXES) and name != "_"):
            return False
    if code.co_flags & _GENERATORS and code.co_name != "<genexpr>":
        return False
    operations = _set(code.co_code[::2])
    if operations & _REFUSED:
        return False
    if _IMPORT_NAME in operations and not _imports_are_pure(code):
        return False
    for constant in code.co_consts:
        if type(constant) is type(code) and not _is_clean(constant):
            return False
    return True


def _imports_are_pure(code: CodeType) -> bool:
    """Each IMPORT_NAME must bind a harmless module whole, or be followed by IMPORT_FROM of harmless members."""
    module = ""
    members = 0
    extended = 0
    instructions = code.co_code
    for place in range(0, len(instructions), 2):
        operation, argument = instructions[place], instructions[place + 1] | extended
        extended = argument << 8 if operation == _EXTENDED else 0
        if operation == _IMPORT_NAME:
            if module and not members and module not in _MODULES:
                return False
            module, members = code.co_names[argument], 0
            if module not in _MEMBERS:
                return False
        elif operation == _IMPORT_FROM:
            members += 1
            allowed = _MEMBERS.get(module, frozenset())
            if allowed is not None and code.co_names[argument] not in allowed:
                return False
    return bool(members) or module in _MODULES
