"""Decide whether a program may share a process with other programs, or could change what they compute.

It decides by what is allowed (see allowed_names.py). A name that no object in the interpreter has is allowed too: it
can only be the program's own. Two looks are taken:

1. All names in the code objects, whatever they are used for. This takes microseconds and decides for most programs.
2. Where a name is harmless in one use only (`self.type`, `"{}".format`), the syntax tree shows how it is used.

Modules are not decided here: a program imports through `safe_modules.Modules`, which ends the attempt to share where it
asks for something else. The allowlist keeps programs apart from one another; security is the task of isolation.
This file also runs inside the workers.
"""

from __future__ import annotations

import _string  # type: ignore[import-not-found]
import builtins
import opcode
import sys

from codereasoner.execution.allowed_names import ATTRIBUTES, BUILT_INS, EXCEPTIONS, MODULES, NOT_SHARED, SPECIAL_METHODS
from codereasoner.execution.safe_modules import prepare

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any

_ASYNCHRONOUS = 0x80 | 0x100 | 0x200  # coroutines complain, when they are thrown away, in a neighbour's output
_MATCH_CLASS = opcode.opmap["MATCH_CLASS"]  # reads attributes whose names are among the constants
_MATCH_GROUP = opcode.opmap["CHECK_EG_MATCH"]  # `except*` makes an ExceptionGroup, which is a type that can be changed
_IMPORT, _STORE, _DELETE = [opcode.opmap[name] for name in ("IMPORT_NAME", "STORE_ATTR", "DELETE_ATTR")]
_IS = opcode.opmap["IS_OP"]
_IDENTITY = frozenset(["is_", "is_not"])  # of `operator`
_OF_OBJECT = ("__eq__", "__ne__", "__hash__", "__repr__")
_TELLING = _IDENTITY.union(_OF_OBJECT, ["__get__", "MethodType", "attrgetter", "methodcaller"])
_ATTRIBUTES = [opcode.opmap[name] for name in ("LOAD_ATTR", "LOAD_SUPER_ATTR") if name in opcode.opmap]
_CALLED = 1 if sys.version_info >= (3, 12) else 0  # bit of their arguments: what is loaded is called at once
_ONLY_AST = 0x400  # PyCF_ONLY_AST
_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE
_MAX_VERDICTS = 50_000  # names that are remembered: some megabytes
_ANNOTATIONS = frozenset(["__annotations__", "__annotate__", "__annotate_func__", "__conditional_annotations__"])
_UNSEALED = frozenset(["__module__", "__type_params__"])  # who stores them could store them in `len`, which all share
_OTHER_MODULES = sys.stdlib_module_names - MODULES.keys() - {"code", "copy"}  # who imports these two leaves
_TYPES = frozenset(
    "bool bytearray bytes complex dict float frozenset int list object range set slice str tuple".split()  # noqa: SIM905
)

_compile, _type, _len, _range = compile, type, len, range
_formats: dict[str, bool | None] = {"format": None}  # verdicts on what reads the attributes that a text names


def _words(groups: dict[str, str]) -> list[str]:
    return [word for words in groups.values() for word in words.split()]


def _attributes_of_types() -> set[str]:
    """Return the attributes of all types whose instances a program could come by: the universe of the allowlist.

    Types of libraries outside the standard one are not among them, where such are loaded: a program that imports a
    library does not share, and no other object leads to one.
    """
    waiting: list[type] = [object]
    seen: dict[int, type] = {id(object): object}  # by id: a metaclass may compare
    while waiting:
        kinds: list[type] = type.__subclasses__(waiting.pop())
        fresh = {id(kind): kind for kind in kinds if id(kind) not in seen}
        seen |= fresh
        waiting += fresh.values()
    known = {
        "builtins",
        "types",
        "abc",
        "enum",
        "_thread",
        "annotationlib",
        *MODULES,
        *["_" + name for name in MODULES],
    }
    standard = [kind for kind in seen.values() if str(kind.__module__).partition(".")[0] in sys.stdlib_module_names]
    found = [kind for kind in standard if not kind.__flags__ & _HEAP_TYPE or kind.__module__ in known]
    hidden = {name for kind in found for name in _type.__dir__(kind) if name[:1] == "_"}  # by the `dir` of an enum
    return hidden | {name for kind in found for name in [*dir(kind), *dir(type(kind))]}


def _first_verdicts() -> dict[str, bool | None]:
    """Return what is known of names: allowed, not allowed, or (None) allowed in some uses."""
    attributes = {name for name in _attributes_of_types() if name[:2] != "__"}
    allowed = {*_words(ATTRIBUTES), *_words(BUILT_INS), *[f"__{word}__" for word in _words(SPECIAL_METHODS)]}
    allowed |= {*MODULES, *_words(MODULES)}
    built_in = {name for name in dir(builtins) if not name.endswith(EXCEPTIONS) and name not in _words(BUILT_INS)}
    verdicts: dict[str, bool | None] = dict.fromkeys(dir(builtins), True)
    verdicts.update(dict.fromkeys(attributes, False))
    verdicts.update(dict.fromkeys(allowed, True))
    verdicts.update(dict.fromkeys(built_in - attributes | built_in & allowed, None))
    verdicts.update(dict.fromkeys([name for name in built_in if name[:1] == "_"] + NOT_SHARED.split(), False))
    verdicts.update({"__class__": None, **_formats})
    return verdicts


_VERDICTS = _first_verdicts()


def may_share(text: str, code: CodeType) -> bool:
    """Return whether this code, compiled from this text, may run in a process that other programs use after it."""
    imports = deletes = closer = annotates = compares = False
    names: list[str] = []
    waiting = [code]
    while waiting:
        code = waiting.pop()
        for name in code.co_names:
            verdict = _VERDICTS.get(name, 0)
            if verdict == 0 and verdict is not False:
                verdict = _judge(name)
            if verdict is False:
                return False
            if verdict is None:
                closer = True
            elif name in _ANNOTATIONS:
                annotates = True
        if code.co_flags & _ASYNCHRONOUS:
            return False
        operations = code.co_code[::2]
        if _MATCH_CLASS in operations or _MATCH_GROUP in operations:
            return False
        if _IMPORT in operations:
            imports = True
        if _DELETE in operations:
            deletes = True
        if _IS in operations:
            compares = True
        if (_STORE in operations or _DELETE in operations) and not _UNSEALED.isdisjoint(code.co_names):
            return False
        names += code.co_names
        for constant in code.co_consts:
            if _type(constant) is _type(code):
                waiting.append(constant)
    if imports and (deletes or annotates or not _may_import(names)):
        return False
    interns = imports and "namedtuple" in names  # its strings may be objects that the process had before
    if interns and not _IDENTITY.isdisjoint(names):
        return False
    if not closer and not (interns and compares):
        return True
    return _look_closer(_compile(text, "<text>", "exec", _ONLY_AST, True), interns)


def compares_identity(code: CodeType) -> bool:
    """Return whether code that may share a process can tell apart two equal objects, such as strings.

    So does a method that is not called at once: those of two equal strings are two.
    """
    text = code.co_code
    operations = text[::2]
    if _IS in operations or _MATCH_CLASS in operations or not _TELLING.isdisjoint(code.co_names):
        return True
    for loads in _ATTRIBUTES:
        if loads in operations:
            for place in _range(0, _len(text), 2):
                if text[place] == loads and not text[place + 1] & _CALLED:
                    return True
    return any(compares_identity(constant) for constant in code.co_consts if _type(constant) is _type(code))


def allow_formats() -> None:
    """Allow any text to be formatted: the shared processes of this worker guard str.format (native/guard.c)."""
    _formats.update(format=True, format_map=True)
    _VERDICTS.update(_formats)


def _judge(name: str) -> bool:
    """Decide on a name that a fresh interpreter does not know."""
    verdict = not (name[:2] == "__" and name[-2:] == "__")
    if _len(_VERDICTS) < _MAX_VERDICTS:
        _VERDICTS[name] = verdict
    return verdict


def learn_modules() -> None:
    """Import the modules of the allowlist, and judge names as they are judged beside them."""
    if prepare():
        _VERDICTS.update(_first_verdicts())


def _may_import(names: list[str]) -> bool:
    """Return whether these names are still allowed when the modules of the allowlist are at hand."""
    if "hasattr" in names or not _OTHER_MODULES.isdisjoint(names):  # a text could name any attribute of the library's
        return False
    learn_modules()
    return not any(_VERDICTS.get(name) is False or "." in name for name in names)


# ---- the second look


def _look_closer(tree: Any, interns: bool) -> bool:
    """Decide on the uses of names that are harmless in some, and on `is` in a program that `interns` strings."""
    fine: set[int] = set()  # ids of nodes that a node above them makes harmless
    stored: set[str] = set()
    compares = False
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        kind = _type(node).__name__
        if kind == "Name":
            if _VERDICTS.get(node.id) is None and node.id in _VERDICTS and node.id != "format" and id(node) not in fine:
                return False
            if _type(node.ctx).__name__ != "Load":
                stored.add(node.id)
        elif kind == "Attribute":
            if node.attr == "format" and not _is_plain_format(node.value):
                return False
            if node.attr == "__class__" and id(node) not in fine:
                return False
            if node.attr == "__name__":
                _allow_type_of(node.value, fine)
        elif kind == "Compare":
            sides = [node.left, *node.comparators]
            if interns and not _is_plain_identity(node.ops, sides):
                return False
            if all(_is_type(side) for side in sides):
                compares = True
                for side in sides:
                    _allow_type_of(side, fine)
        else:
            stored.update([getattr(node, name) for name in ("name", "asname", "arg", "rest") if hasattr(node, name)])
        for name in node._fields:
            part = getattr(node, name)
            if _type(part) is list:
                waiting += [item for item in part if hasattr(item, "_fields")]
            elif hasattr(part, "_fields"):
                waiting.append(part)
    return "type" not in stored and not (compares and not _TYPES.isdisjoint(stored))


def _is_plain_identity(operators: list[Any], sides: list[Any]) -> bool:
    """Return whether each `is` of a comparison asks for a constant such as None: never for one of two strings."""
    constants = [_type(side).__name__ == "Constant" and _type(side.value) is not str for side in sides]
    pairs = zip(operators, constants, constants[1:])  # noqa: B905
    return all(left or right for each, left, right in pairs if _type(each).__name__ in ("Is", "IsNot"))


def _is_plain_format(receiver: object) -> bool:
    """Return whether `receiver.format` reads no attributes and no items: a constant text without such fields."""
    text = getattr(receiver, "value", None)
    if _type(receiver).__name__ != "Constant" or _type(text) is not str:
        return False
    waiting = [text]
    while waiting:
        try:
            for _, field, spec, _ in _string.formatter_parser(waiting.pop()):
                if field and ("." in field or "[" in field):
                    return False
                if spec:
                    waiting.append(spec)
        except ValueError:
            return False
    return True


def _is_type(node: Any) -> bool:
    """Return whether an expression is the type of something, or names built-in types: to compare them calls nothing."""
    kind = _type(node).__name__
    if kind in ("Tuple", "List", "Set"):
        return all(_is_type(item) for item in node.elts)
    return (
        (kind == "Name" and node.id in _TYPES)
        or _is_type_call(node)
        or (kind == "Attribute" and node.attr == "__class__")
    )


def _is_type_call(node: Any) -> bool:
    """Return whether a node is `type(x)`, with one argument."""
    if _type(node).__name__ != "Call" or node.keywords or _len(node.args) != 1:
        return False
    return getattr(node.func, "id", "") == "type" and _type(node.args[0]).__name__ != "Starred"


def _allow_type_of(node: Any, fine: set[int]) -> None:
    """Take note that the type which this node yields goes nowhere."""
    if _is_type_call(node):
        fine.add(id(node.func))
    elif getattr(node, "attr", "") == "__class__":
        fine.add(id(node))
    for item in getattr(node, "elts", ()):
        _allow_type_of(item, fine)
