"""The gate: may this program share a process with others, or could it leave something behind for them?

It looks at code objects only. Every name that a program reads, calls or stores is checked: what reaches the
interpreter, its frames or the insides of objects is refused, so are imports beyond a list of pure modules. Names
that exist nowhere in the shared interpreter are harmless. A program that is refused runs in a process of its own;
the gate keeps neighbours apart, security is the business of isolation. This file also runs inside the workers.
"""

from __future__ import annotations

import builtins
import opcode
import sys

from codereasoner.execution.pure import find_pure, seal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from types import CodeType
    from typing import Any

    from codereasoner.execution.pure import Pure

    Seals = tuple[tuple[str, str], ...]

_BUILT_INS = (
    "abs all any ascii bin bool bytearray bytes callable chr classmethod complex dict divmod enumerate filter float"
    " format frozenset hasattr hash hex input int isinstance issubclass iter len list map max min next object oct ord"
    " pow print property range repr reversed round set slice sorted staticmethod str sum super tuple type zip"
    " Ellipsis NotImplemented __name__ __build_class__ __debug__"
)
_DUNDERS = (
    "init new repr str eq ne lt le gt ge hash bool len iter next reversed contains getitem setitem delitem missing call"
    " add radd iadd sub rsub isub mul rmul imul truediv rtruediv itruediv floordiv rfloordiv ifloordiv mod rmod imod"
    " divmod rdivmod pow rpow ipow matmul rmatmul and rand iand or ror ior xor rxor ixor lshift rlshift ilshift rshift"
    " rrshift irshift neg pos abs invert int float complex index round trunc floor ceil enter exit format bytes sizeof"
    " name qualname module doc class slots match_args annotations class_getitem length_hint static_attributes"
    " firstlineno classcell classdictcell type_params"
)
_REFUSED = (
    "breakpoint compile copyright credits delattr dir eval exec exit getattr globals help id license locals memoryview"
    " open quit setattr vars reload register with_traceback mro tb set_name"
)


def _types_of_insides() -> list[type]:
    """The types of frames, code, tracebacks, generators and coroutines."""

    async def wait() -> None:
        pass

    async def each() -> AsyncIterator[int]:
        yield 0

    def count() -> Iterator[int]:
        yield 0

    waiting = wait()
    waiting.close()
    try:
        raise ValueError
    except ValueError as error:
        kinds = [type(error.__traceback__), type(waiting), type(each())]
    frame = sys._getframe()
    return [*kinds, type(frame), type(frame.f_code), type(count())]


_METHODS_OF: tuple[type, ...] = (
    int, float, complex, bool, str, bytes, bytearray, list, tuple, dict, set, frozenset, range, slice, object,
    BaseException, StopIteration, property, enumerate, zip, type({}.keys()),
)  # fmt: skip
_INSIDES_OF = _types_of_insides()
_WORKING = {"send", "throw", "close", "clear", "replace"}
_ASYNCHRONOUS = 0x80 | 0x100 | 0x200  # coroutines complain, when they are thrown away, in a neighbour's output
_MATCH_CLASS = opcode.opmap["MATCH_CLASS"]  # reads attributes whose names stand among the constants
_IMPORT_NAME, _IMPORT_FROM = opcode.opmap["IMPORT_NAME"], opcode.opmap["IMPORT_FROM"]
_LOAD_CONST, _EXTENDED = opcode.opmap["LOAD_CONST"], opcode.opmap["EXTENDED_ARG"]
_STORES = (opcode.opmap["STORE_ATTR"], opcode.opmap["DELETE_ATTR"])

_STORING = frozenset({"__init__", "total_ordering"})  # they store attributes without an instruction that does

_len, _type, _range = len, type, range


def _first_verdicts() -> dict[str, bool]:
    """What is known of every name that exists in a fresh interpreter."""
    exceptions = [name for name in dir(builtins) if name.endswith(("Error", "Exception", "Warning", "Exit", "Stop"))]
    verdicts = dict.fromkeys(dir(builtins), False)
    for kind in _METHODS_OF:
        verdicts.update(dict.fromkeys([name for name in dir(kind) if name[0] != "_"], True))
    verdicts.update(dict.fromkeys(_BUILT_INS.split() + exceptions, True))
    verdicts.update(dict.fromkeys(["StopIteration", "StopAsyncIteration", "KeyboardInterrupt", "GeneratorExit"], True))
    verdicts.update({f"__{word}__": True for word in _DUNDERS.split()})
    insides = [name for kind in _INSIDES_OF for name in dir(kind) if name[0] != "_" and name not in _WORKING]
    verdicts.update(dict.fromkeys([*_REFUSED.split(), *insides], False))
    return verdicts


_VERDICTS = _first_verdicts()
_MAX_VERDICTS = 50_000


def may_share(*codes: CodeType | None) -> Seals | None:
    """None where the program must run alone; else the seals that it could break, which are to be looked at after it."""
    imported: list[tuple[Pure, str]] = []
    private = False
    waiting = [code for code in codes if code is not None]
    while waiting:
        code = waiting.pop()
        for name in code.co_names:
            verdict = _VERDICTS.get(name)
            if verdict is None:
                verdict = _judge(name)
            if not verdict:
                return None
            if name[:1] == "_":
                private = True
        if code.co_flags & _ASYNCHRONOUS:
            return None
        operations = code.co_code[::2]
        if _MATCH_CLASS in operations:
            return None
        if _IMPORT_NAME in operations and not _read_imports(code, imported):
            return None
        for constant in code.co_consts:
            if _type(constant) is _type(code):
                waiting.append(constant)
    if not imported:
        return ()
    return _with_imports(codes, imported, private)


def _judge(name: str) -> bool:
    """The verdict on a name that no fresh interpreter knows."""
    verdict = not (name[:2] == "__" and name[-2:] == "__")
    if _len(_VERDICTS) < _MAX_VERDICTS:
        _VERDICTS[name] = verdict
    return verdict


def _instructions(code: CodeType) -> list[tuple[int, int]]:
    """Each instruction of the code as (operation, argument)."""
    found = []
    text = code.co_code
    extended = 0
    for place in _range(0, _len(text), 2):
        argument = text[place + 1] | extended
        if text[place] == _EXTENDED:
            extended = argument << 8
            continue
        extended = 0
        found.append((text[place], argument))
    return found


def _read_imports(code: CodeType, imported: list[tuple[Pure, str]]) -> bool:
    """Add what the code imports; False where that is something else than pure modules and members that are allowed."""
    constants: list[object] = [None, None]
    for operation, argument in _instructions(code):
        if operation == _LOAD_CONST:
            constants = [constants[-1], code.co_consts[argument]]
        elif operation == _IMPORT_NAME:
            name = code.co_names[argument]
            pure = find_pure(name)
            if pure is None or constants[0] != 0:
                return False
            members: Any = constants[1]
            if members is None:
                imported.append((pure, ""))
                if name == "collections.abc":  # this statement binds the module that it is in
                    imported.append((find_pure("collections") or pure, ""))
            elif not pure.allowed.issuperset(members):
                return False
            else:
                imported += [(pure, member) for member in members]
    return True


def _with_imports(codes: tuple[CodeType | None, ...], imported: list[tuple[Pure, str]], private: bool) -> Seals | None:
    """With modules at hand, their own insides are refused, and stores that a seal would not notice."""
    refused = frozenset().union(*[pure.refused for pure, _ in imported])
    stores = False
    waiting = [code for code in codes if code is not None]
    while waiting:
        code = waiting.pop()
        if not refused.isdisjoint(code.co_names):
            return None
        if private and "__annotations__" in code.co_names:
            return None
        if not _STORING.isdisjoint(code.co_names):
            stores = True
        operations = code.co_code[::2]
        if _STORES[0] in operations or _STORES[1] in operations:
            stores = True
            for operation, argument in _instructions(code) if private else ():
                if operation in _STORES and code.co_names[argument][:2] == "__":
                    return None
        waiting += [constant for constant in code.co_consts if _type(constant) is _type(code)]
    return tuple([seal(pure, member) for pure, member in imported]) if stores else ()
