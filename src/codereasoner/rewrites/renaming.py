"""Give the names of a program others: random ones, or ones that say something wrong."""

import ast
import string
from collections.abc import Mapping
from importlib.resources import files

from codereasoner.rewrites.rewrite_draft import Draft, Unfit
from codereasoner.rewrites.scopes import renamable

_LENGTH = 5  # letters of a random name: long enough not to be a word, short enough to be distinguished


def rename_randomly(draft: Draft) -> None:
    """Name functions and variables with random letters; the entry, classes and attributes keep their names."""
    functions, variables = renamable(draft.tree, draft.entry, draft.calls)
    _rename(draft, {each: draft.fresh(_letters(draft)) for each in (*functions, *variables)})


def rename_misleadingly(draft: Draft) -> None:
    """Name functions and variables after what they are not."""
    functions, variables = renamable(draft.tree, draft.entry, draft.calls)
    names: dict[str, str] = {}
    for own, words in ((functions, _words("functions")), (variables, _words("variables"))):
        draft.random.shuffle(words)
        names |= {each: draft.fresh(words[index % len(words)]) for index, each in enumerate(own)}
    _rename(draft, names)


def _rename(draft: Draft, names: Mapping[str, str]) -> None:
    if not names:
        raise Unfit("no name may change")
    _Renaming(names).visit(draft.tree)
    draft.names.update(names)


def _letters(draft: Draft) -> str:
    return "".join(draft.random.choice(string.ascii_lowercase) for _ in range(_LENGTH))


def _words(kind: str) -> list[str]:
    """Return the misleading names of a kind, one a line in a file."""
    return files("codereasoner.rewrites").joinpath(f"misleading_{kind}.txt").read_text(encoding="utf-8").split()


class _Renaming(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Rename the field that holds the node's name: id, arg, name or rest."""
        match node:
            case ast.Attribute() | ast.keyword() | ast.alias() | ast.ClassDef() | ast.Constant():
                pass
            case ast.Global() | ast.Nonlocal():
                node.names = [self.names.get(each, each) for each in node.names]
            case _:
                for field in ("id", "arg", "name", "rest"):
                    if isinstance(old := getattr(node, field, None), str):
                        setattr(node, field, self.names.get(old, old))
        return super().generic_visit(node)
