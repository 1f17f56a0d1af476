"""A second witness of what a program does, which shares no code with the tracer and the narrator.

The program is rewritten so that its tests, loops, calls, returns, yields, handlers, cases, jumps, blocks of `with` and
assignments report themselves, and is run plainly. A report is [kind, line, ...]; all are printed when the call ends.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

REPORTER = """
class _Witness:
    def __init__(self):
        self.reports = []
        self.silent = False
    def say(self, *report):
        if not self.silent:
            self.reports.append(report)
    def text(self, value):
        if isinstance(value, (dict, list, tuple, set)) and type(value) not in (dict, list, tuple, set):
            return "?"  # it may be written as a literal, and is none
        before, self.silent = self.silent, True  # a `__repr__` of the program is no part of the run
        try:
            return repr(value)
        finally:
            self.silent = before
    def test(self, line, value):
        truth = bool(value)
        self.say("test", line, truth)
        return truth
    def value(self, kind, line, value):
        self.say(kind, line, self.text(value))
        return value
    def reached(self, kind, line, value):
        self.say(kind, line)
        return value
    def left(self, returned):
        if returned:
            self.say("return", returned[0], self.text(returned[1]))
    def yielded(self, line, name, value):
        self.value("yield", line, value)
        try:
            sent = yield value
        except GeneratorExit:
            raise
        except BaseException:
            self.say("resume", line, name)
            raise
        self.say("resume", line, name)
        return sent
"""

DELEGATED = """
    def delegated(self, line, name, inner):  # what is thrown reaches the inner generator unseen by the outer one
        inner = iter(inner)
        send, throw = (getattr(type(inner), each, None) for each in ("send", "throw"))
        step, sent = next, ()
        while True:
            try:
                value = step(inner, *sent)
            except StopIteration as end:
                if step is throw:
                    self.say("resume", line, name)
                return end.value
            if step is not throw:
                self.value("yield", line, value)
            try:
                got = yield value
            except GeneratorExit:
                getattr(inner, "close", int)()
                raise
            except BaseException as error:
                if throw is None:
                    self.say("resume", line, name)
                    raise
                step, sent = throw, (error,)
                continue
            self.say("resume", line, name)
            step, sent = (next, ()) if got is None else (send, (got,))
"""

WATCHED = """
_w = _Witness()
def _watched(*arguments, **named):
    _w.reports.clear()
    try:
        return ENTRY(*arguments, **named)
    finally:
        print(_w.reports)
"""

WHOLE = """
_returned = None
try:
    pass
    _returned = None
except BaseException:
    _returned = None
    raise
finally:
    _w.left(_returned)
"""

Reports = dict[str, list[list[object]]]
"""By kind, in order: what follows the kind in each report."""


def rewritten(source: str, entry: str) -> str:
    """The program that reports itself; its entry is `_watched`.

    The reporter uses nothing that keeps an ordinary program from sharing a process, which is ten times as fast.
    """
    reporter = REPORTER + DELEGATED * ("yield from" in source) + WATCHED.replace("ENTRY", entry)
    tree = ast.parse(source)
    first = [each for each in tree.body if isinstance(each, ast.ImportFrom) and each.module == "__future__"]
    tree.body = [each for each in tree.body if each not in first]
    rest = ast.fix_missing_locations(_Rewriter().visit(tree))
    return "\n".join([*map(ast.unparse, first), reporter, ast.unparse(rest)])


def reports(stdout: str) -> Reports:
    """The reports that a rewritten program printed last."""
    found: Reports = defaultdict(list)
    for kind, *rest in ast.literal_eval(stdout.rstrip("\n").rpartition("\n")[2]):
        found[kind].append(rest)
    return found


class _Rewriter(ast.NodeTransformer):
    def __init__(self) -> None:
        self.functions: list[ast.FunctionDef | ast.AsyncFunctionDef] = []
        self.loops = 0

    # ---- functions

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.functions.append(node)
        begins, whole = ast.parse(WHOLE).body
        whole.body[:1] = self._block(node.body)  # type: ignore[attr-defined]
        self.functions.pop()
        node.body = [*_report("call", node.lineno, node.name), begins, whole]
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self.visit_FunctionDef(node)  # type: ignore[arg-type]

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.body = self._block(node.body)
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node

    def visit_Return(self, node: ast.Return) -> list[ast.stmt]:
        value = self.visit(node.value) if node.value else ast.Constant(None)
        line = ast.Constant(node.lineno)
        found = ast.Tuple([line, _call("reached", ast.Constant("reach"), line, value)], ast.Load())
        return [ast.Assign([ast.Name("_returned", ast.Store())], found), *ast.parse("return _returned[1]").body]

    def visit_Yield(self, node: ast.Yield) -> ast.AST:
        value = self.visit(node.value) if node.value else ast.Constant(None)
        line = ast.Constant(node.lineno)
        if isinstance(self.functions[-1], ast.AsyncFunctionDef):
            return ast.Yield(_call("value", ast.Constant("yield"), line, value))
        return ast.YieldFrom(_call("yielded", line, ast.Constant(self.functions[-1].name), value))

    def visit_YieldFrom(self, node: ast.YieldFrom) -> ast.AST:
        line, name = ast.Constant(node.lineno), ast.Constant(self.functions[-1].name)
        return ast.YieldFrom(_call("delegated", line, name, self.visit(node.value)))

    # ---- tests and loops

    def visit_If(self, node: ast.If) -> ast.AST:
        node.test = _call("test", ast.Constant(node.lineno), self.visit(node.test))
        node.body, node.orelse = self._block(node.body), self._block(node.orelse)
        return node

    def visit_While(self, node: ast.While) -> ast.AST:
        if not isinstance(node.test, ast.Constant) or not node.test.value:
            node.test = _call("test", ast.Constant(node.lineno), self.visit(node.test))
        node.body, node.orelse = self._block(node.body), self._block(node.orelse)
        return node

    def visit_For(self, node: ast.For) -> list[ast.stmt]:
        self.loops += 1
        count, line = f"_n{self.loops}", node.lineno
        node.iter = self.visit(node.iter)
        begins = ast.parse(f"{count} += 1\n_w.say('pass', {line}, {count})").body
        values = [report for name in dict.fromkeys(names_in(node.target)) for report in _report_value(line, name)]
        node.body = [*begins, *values, *self._block(node.body)]
        node.orelse = [*_report("end", line), *self._block(node.orelse)]
        return [*ast.parse(f"{count} = 0").body, node]

    def visit_AsyncFor(self, node: ast.AsyncFor) -> list[ast.stmt]:
        return self.visit_For(node)  # type: ignore[arg-type]

    def visit_With(self, node: ast.With) -> ast.AST:
        node.items = [self.visit(item) for item in node.items]
        node.body = [*_report("with", node.lineno), *self._block(node.body)]
        return node

    def visit_AsyncWith(self, node: ast.AsyncWith) -> ast.AST:
        return self.visit_With(node)  # type: ignore[arg-type]

    # ---- handlers, cases, jumps, values

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        node.body = [*_report("except", node.lineno), *self._block(node.body)]
        return node

    def visit_Match(self, node: ast.Match) -> ast.AST:
        node.subject = self.visit(node.subject)
        for case in node.cases:
            case.body = [*_report("case", case.pattern.lineno), *self._block(case.body)]
            case.guard = self.visit(case.guard) if case.guard else None
        return node

    def visit_Break(self, node: ast.Break) -> list[ast.stmt]:
        return [*_report("Break", node.lineno), node]

    def visit_Continue(self, node: ast.Continue) -> list[ast.stmt]:
        return [*_report("Continue", node.lineno), node]

    def visit_Pass(self, node: ast.Pass) -> list[ast.stmt]:
        return [*_report("Pass", node.lineno), node]

    def visit_Assign(self, node: ast.Assign) -> list[ast.stmt]:
        line = node.lineno
        node.value = self.visit(node.value)
        names = dict.fromkeys(name for target in node.targets for name in names_in(target))
        return [node, *(report for name in names for report in _report_value(line, name))]

    def visit_AnnAssign(self, node: ast.AnnAssign) -> list[ast.stmt]:
        if node.value is None:
            return [node]
        node.value = self.visit(node.value)
        return [node, *(report for name in names_in(node.target) for report in _report_value(node.lineno, name))]

    def visit_Assert(self, node: ast.Assert) -> list[ast.stmt]:
        node.test = self.visit(node.test)
        return [node, *_report("assert", node.lineno)]

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        if node.exc is None:
            return node
        (whole,) = ast.parse(
            f"try:\n    pass\nexcept BaseException:\n    _w.say('raise', {node.lineno})\n    raise"
        ).body
        whole.body = [self.generic_visit(node)]  # type: ignore[attr-defined]
        return whole

    def visit_AugAssign(self, node: ast.AugAssign) -> list[ast.stmt]:
        line = node.lineno
        node.value = self.visit(node.value)
        return [node, *(report for name in names_in(node.target) for report in _report_value(line, name))]

    def _block(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        for statement in statements:
            new = self.visit(statement)
            found += new if isinstance(new, list) else [new]
        return found


def _call(method: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Attribute(ast.Name("_w", ast.Load()), method, ast.Load()), list(arguments), [])


def _report(kind: str, *rest: object) -> list[ast.stmt]:
    return ast.parse(f"_w.say({kind!r}, {', '.join(map(repr, rest))})").body


def _report_value(line: int, name: str) -> list[ast.stmt]:
    return ast.parse(f"_w.say('set', {line}, {name!r}, _w.text({name}))").body


def names_in(target: ast.expr) -> Iterator[str]:
    """The names that a target binds, or whose object it changes."""
    match target:
        case ast.Name(id=name):
            yield name
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            for part in parts:
                yield from names_in(part)
        case ast.Starred(value=value) | ast.Subscript(value=value) | ast.Attribute(value=value):
            yield from names_in(value)
