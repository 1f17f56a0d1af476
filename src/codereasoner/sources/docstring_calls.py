"""Read the calls in a docstring: of the function itself, or of an expression around it."""

import ast
import builtins
import doctest
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from codereasoner import literals
from codereasoner.literals import LiteralError
from codereasoner.steps.source import names_in, parse_or_say_why

_PARSER = doctest.DocTestParser()
_PLAIN = frozenset(name for name in dir(builtins) if name[0].islower()) - {"print", "input", "open", "eval", "exec"}


@dataclass(frozen=True)
class Example:
    """One example: the call of the function alone, or a wrapper around it with the arguments lifted out."""

    call: str  # argument source
    wrapper: str = ""  # the source of a function that has the call in it; "" where the function itself is called
    needs: frozenset[str] = field(default_factory=frozenset)  # other names of the module that the wrapper uses


def examples(function: ast.FunctionDef) -> Iterator[Example | str]:
    """Yield each example of a function's docstring, or the short reason why it is none.

    Variables that earlier lines of the docstring set to literals are replaced by their values.
    """
    try:
        found = _PARSER.get_examples(ast.get_docstring(function) or "")
    except ValueError:
        yield "a docstring that doctest cannot read"
        return
    values: dict[str, ast.expr] = {}
    for each in found:
        try:
            tree = parse_or_say_why(each.source.strip())
        except SyntaxError:
            yield "an example that does not parse"
            continue
        match tree.body:
            case [ast.Assign(targets=[ast.Name(id=name)], value=value)]:
                values.pop(name, None)
                if _literal(value) is not None:
                    values[name] = value
            case [ast.Import() | ast.ImportFrom()]:
                continue
            case [
                ast.Expr(value=ast.Call(func=ast.Name(id="print"), args=[value], keywords=[])) | ast.Expr(value=value)
            ]:
                if isinstance(value, ast.Starred):  # print(*f(3))
                    value = ast.Call(ast.Name("list", ast.Load()), [value.value], [])
                if function.name in names_in(value):
                    yield _example(function, _inlined(value, values))
            case _:
                continue


def _inlined(value: ast.expr, values: Mapping[str, ast.expr]) -> ast.expr:
    """Return an expression with values in the place of variables; a name that it binds itself is another variable."""
    own = _bound(value)
    return _Inlined({name: each for name, each in values.items() if name not in own}).visit(value)  # type: ignore[no-any-return]


def _bound(value: ast.expr) -> set[str]:
    bound = {node.id for node in ast.walk(value) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return bound | {node.arg for node in ast.walk(value) if isinstance(node, ast.arg)}


class _Inlined(ast.NodeTransformer):
    def __init__(self, values: Mapping[str, ast.expr]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.values.get(node.id, node)


def _example(function: ast.FunctionDef, value: ast.expr) -> Example | str:
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == function.name:
        try:
            return Example(literals.call_arguments(value))
        except LiteralError:
            pass  # an argument that is made by a call: the wrapper makes it
    lifting = _Lifting(function)
    body = lifting.visit(value)
    if not lifting.arguments:
        return "an example without a literal argument"
    used = names_in(body) - set(lifting.arguments)
    bound = _bound(body)
    names = ", ".join(lifting.arguments)
    wrapper = f"def {function.name}_example({names}):\n    return {ast.unparse(body)}\n"
    return Example(", ".join(lifting.arguments.values()), wrapper, frozenset(used - bound - _PLAIN - {function.name}))


class _Lifting(ast.NodeTransformer):
    """Takes the literal arguments of calls out of an expression; each becomes a parameter of the wrapper."""

    def __init__(self, function: ast.FunctionDef) -> None:
        self.function = function
        self.arguments: dict[str, str] = {}

    def visit_Call(self, node: ast.Call) -> ast.Call:
        own = isinstance(node.func, ast.Name) and node.func.id == self.function.name
        parameters = [each.arg for each in [*self.function.args.posonlyargs, *self.function.args.args]] if own else []
        for place, argument in enumerate(node.args):
            node.args[place] = self._lifted(argument, parameters[place] if place < len(parameters) else "value")
        for keyword in node.keywords:
            keyword.value = self._lifted(keyword.value, keyword.arg or "options")
        return node

    def _lifted(self, argument: ast.expr, wanted: str) -> ast.expr:
        text = _literal(argument)
        if text is None:
            return self.visit(argument)  # type: ignore[no-any-return]
        name, number = wanted, 1
        while name in self.arguments:
            number += 1
            name = f"{wanted}{number}"
        self.arguments[name] = text
        return ast.Name(name, ast.Load())


def _literal(node: ast.expr) -> str | None:
    """Return the text of an expression that is a literal; None where it is none."""
    text = ast.unparse(node)
    try:
        literals.read(text)
    except LiteralError:
        return None
    return text
