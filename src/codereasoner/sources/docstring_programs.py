"""The functions of a module whose docstrings show calls, each cut out with what it needs."""

import ast
from collections.abc import Iterator

from codereasoner.curation.canonical import canonical_form
from codereasoner.grammar.draft import split_of
from codereasoner.interfaces import Rejected
from codereasoner.records import Program
from codereasoner.sources.docstring_calls import Example, examples
from codereasoner.sources.extract_function import cut_out
from codereasoner.sources.package_modules import Module, Modules, NotCut


def docstring_programs(modules: Modules, module: Module, origin: str, license: str) -> Iterator[Program | Rejected]:
    """Yield the programs of a module, and between them what could not be cut out; docstrings are taken out.

    All programs of one function are in one split, which a hash of its source decides.
    """
    for bound, nodes in module.bound.items():
        for node in nodes:
            if isinstance(node, ast.FunctionDef) and ">>>" in (ast.get_docstring(node) or ""):
                yield from _of_function(modules, module, node, f"{origin}:{node.lineno}/{bound}", license)


def _of_function(
    modules: Modules, module: Module, function: ast.FunctionDef, origin: str, license: str
) -> Iterator[Program | Rejected]:
    """Yield the programs of one function: itself with the calls of it, and a wrapper for each other kind of example."""
    try:
        source = cut_out(modules, module, function.name)
        split = split_of(canonical_form(source))
    except (NotCut, SyntaxError) as error:
        yield Rejected(function.name, str(error), origin)
        return
    calls: dict[str, list[str]] = {}
    for each in examples(function):
        if isinstance(each, str):
            yield Rejected(function.name, each, origin)
            continue
        try:
            whole = source if not each.wrapper else _with_wrapper(modules, module, function.name, each)
        except NotCut as error:
            yield Rejected(each.wrapper, f"an example: {error}", origin)
            continue
        calls.setdefault(whole, []).append(each.call)
    for whole, its in calls.items():
        entry = function.name if whole == source else f"{function.name}_example"
        yield Program(whole, entry, tuple(dict.fromkeys(its)), origin, split, license, {"by_people": True})


def _with_wrapper(modules: Modules, module: Module, name: str, example: Example) -> str:
    if not example.needs <= module.bound.keys():
        raise NotCut("uses names that are not of the module")
    return f"{cut_out(modules, module, name, *sorted(example.needs))}\n{example.wrapper}"
