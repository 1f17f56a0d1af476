"""Facts about names: whether a program looks at its own, and which may get another."""

import ast
import re
from collections.abc import Iterable

from codereasoner.rewrites.rewrite_draft import RESERVED, SCOPES, Function, Unfit, bindings
from codereasoner.steps.source import own_nodes

_LOOKING_CALLS = frozenset(
    {"locals", "globals", "vars", "dir", "eval", "exec", "compile", "__import__", "__builtins__", "breakpoint"}
)
_LOOKING_MODULES = frozenset({"inspect", "traceback", "dis", "gc", "builtins", "importlib", "__main__"})
_LOOKING_ATTRIBUTES = re.compile(
    r"__(name|qualname|code|annotations|kwdefaults|closure|globals|traceback|type_params|signature)__|"
    r"co_(name|names|varnames|firstlineno|code|consts|filename|lines|positions|cellvars|freevars)|"
    r"(f|gi|cr|tb)_(locals|globals|code|lineno|back|builtins|lasti|trace|frame|next)|"
    r"_getframe|exc_info|settrace|setprofile|_current_frames"
)
_MANGLED = re.compile(r"__|_[^_].*__")


def looks_at_itself(tree: ast.AST) -> str:
    """Return what in a program may see its own names, lines or code (`locals`, a star-import), or ""."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) if name in _LOOKING_CALLS:
                return name
            case ast.Attribute(value=ast.Name(id="sys"), attr="modules" as name):
                return name
            case ast.Attribute(value=ast.Call(func=ast.Name(id="type")) | ast.Attribute(attr="__class__")):
                continue  # the name of a class, and classes keep theirs
            case ast.Attribute(attr=name) | ast.Constant(value=str(name)) if _LOOKING_ATTRIBUTES.fullmatch(name):
                return name
            case ast.ImportFrom(names=[ast.alias(name="*")]):
                return "import *"
            case ast.Import(names=names):
                modules = [each.name.partition(".")[0] for each in names]
            case ast.ImportFrom(module=str(module)):
                modules = [module.partition(".")[0]]
            case _:
                continue
        if found := sorted(_LOOKING_MODULES.intersection(modules)):
            return found[0]
    return ""


def renamable(tree: ast.Module, entry: str, calls: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the functions' names and the variables' names that may change, each in the order of the tree.

    A name is changed everywhere or nowhere, so a name stays if one of its places is visible from outside of the code:
    a keyword, an attribute's name in a class body, an import, a mangled or built-in name, a name of a call.
    """
    kept = {entry, *RESERVED}
    calls_read = _parsed_calls(calls)
    kept.update(node.id for each in calls_read for node in ast.walk(each) if isinstance(node, ast.Name))
    parameters: set[str] = set()
    functions: set[str] = set()
    splat = False
    for node in (node for each in (tree, *calls_read) for node in ast.walk(each)):
        match node:
            case ast.ClassDef(name=name):
                kept.add(name)
                kept.update(each for part in own_nodes(node) for each in _bound_here(part))
            case ast.Import() | ast.ImportFrom():
                kept.update(bindings(node))
            case ast.keyword(arg=str(name)):
                kept.add(name)
            case ast.keyword():
                splat = True  # the keys of a mapping may name any parameter
            case ast.arg(arg=name):
                parameters.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                functions.add(name)
    if splat:
        kept |= parameters
    own = [each for each in dict.fromkeys(bindings(tree)) if each not in kept and not _MANGLED.match(each)]
    return [each for each in own if each in functions], [each for each in own if each not in functions]


def _parsed_calls(calls: Iterable[str]) -> list[ast.expr]:
    """Return the calls that are given as argument source."""
    try:
        return [ast.parse(f"_({call}\n)", mode="eval").body for call in calls]
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise Unfit("the call is not Python") from None


def _bound_here(node: ast.AST) -> Iterable[str]:
    """Return the names that one node binds, without those of its parts."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Name(id=name, ctx=ast.Store()):
            return [name]
    return []


def locals_of(function: Function) -> set[str]:
    """Return the names that are local to a function and that no scope in it can see."""
    names = {each.arg for each in ast.walk(function.args) if isinstance(each, ast.arg)}
    loops = [node for node in own_nodes(function) if isinstance(node, ast.comprehension)]
    theirs = {id(part) for each in loops for part in ast.walk(each.target)}  # a comprehension has its own variables
    shared: set[str] = set()
    for node in own_nodes(function):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) if id(node) not in theirs:
                names.add(name)
            case ast.Global(names=several) | ast.Nonlocal(names=several):
                shared.update(several)
        if isinstance(node, (*SCOPES, ast.GeneratorExp)):
            for part in ast.walk(node):
                shared.update(_bound_here(part) if not isinstance(part, ast.Name) else [part.id])
                shared.update(part.names if isinstance(part, ast.Nonlocal) else ())
    return names - shared
