"""The same program in other layouts: bodies on the line of their header, and expressions over many lines."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator, Sequence

_BREAK_BEFORE = {"and", "or", "if", "else", "for", "==", "<", ">", "+", "in", "not", "is"}


def compact(source: str) -> str:
    """Blocks of simple statements behind their colon, simple statements of a block joined by semicolons."""
    return "\n".join(line for node in ast.parse(source).body for line in _compact(node, "")) + "\n"


def spread(source: str) -> str:
    """Every expression of a statement in brackets, and a line end wherever brackets allow one."""
    tree = ast.parse(source)
    lines = source.encode().split(b"\n")
    places: list[tuple[int, int, int, bytes]] = []
    for node in ast.walk(tree):
        for part in _expressions(node):
            places.append((part.lineno, part.col_offset, 1, b"("))
            places.append((part.end_lineno or 0, part.end_col_offset or 0, 0, b")"))
    for line, column, _, sign in sorted(places, reverse=True):
        text = lines[line - 1]
        lines[line - 1] = text[:column] + sign + text[column:]
    return _broken(b"\n".join(lines).decode())


def continued(source: str) -> str:
    """A backslash and a line end before every operator and word that is no part of a bracket, as nobody writes it."""
    found: list[str] = []
    lines = source.split("\n")
    depth, last, is_first = 0, (1, 0), True
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER):
            continue
        between = lines[token.start[0] - 1][last[1] if token.start[0] == last[0] else 0 : token.start[1]]
        is_word = token.string in _BREAK_BEFORE | {"=", "+=", "-=", "*=", "as", "in"}
        if is_word and not depth and not is_first and token.start[0] == last[0]:
            between = " \\\n        "
        found += [between, token.string]
        last = token.end
        depth += _depth(token)
        is_first = token.type in (tokenize.NEWLINE, tokenize.NL)
        if is_first and token.string:
            last = (token.end[0] + 1, 0)
    return "".join(found)


def _depth(token: tokenize.TokenInfo) -> int:
    """How far a token leads into brackets and f-strings, which have tokens of their own from Python 3.12 on."""
    kind = tokenize.tok_name[token.type]
    opens = kind in ("FSTRING_START", "TSTRING_START") or (kind == "OP" and token.string in "([{")
    closes = kind in ("FSTRING_END", "TSTRING_END") or (kind == "OP" and token.string in ")]}")
    return opens - closes


def _expressions(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.If(test=value) | ast.While(test=value) | ast.Assert(test=value) | ast.For(iter=value):
            yield value
        case ast.Assign(value=value) | ast.AugAssign(value=value) | ast.Return(value=ast.expr() as value):
            yield value
        case ast.Match(subject=value) if not isinstance(value, ast.Tuple):
            yield value


def _broken(source: str) -> str:
    depth = 0
    found: list[str] = []
    last = (1, 0)
    lines = source.split("\n")
    strings = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.NEWLINE, tokenize.NL):
            found.append("\n")
            last = token.end
            continue
        if token.type in (tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER):
            continue
        between = lines[token.start[0] - 1][last[1] if token.start[0] == last[0] else 0 : token.start[1]]
        if depth and (token.string in _BREAK_BEFORE or token.string in ")]}") and not strings:
            between = "\n" + " " * (4 * depth + 9)
        found += [between, token.string]
        last = token.end
        kind = tokenize.tok_name[token.type]
        strings += (kind in ("FSTRING_START", "TSTRING_START")) - (kind in ("FSTRING_END", "TSTRING_END"))
        if token.string in "([{" and token.type == tokenize.OP:
            depth += 1
        elif token.string in ")]}" and token.type == tokenize.OP:
            depth -= 1
        if depth and token.type == tokenize.OP and token.string in "([{," and not strings:
            found.append("\n" + " " * (4 * depth + 8))
    return "".join(found)


def _compact(node: ast.AST, indent: str) -> Iterator[str]:
    if not hasattr(node, "body") or isinstance(node, ast.Lambda):
        yield f"{indent}{ast.unparse(node)}"
        return
    whole = ast.unparse(node).strip().split("\n")
    if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
        heads = whole[: len(node.decorator_list) + 1]
        yield from (f"{indent}{head}" for head in heads)
        yield from _lines(node.body, indent + "    ")
        return
    yield from _block(whole[0], node.body, indent)
    for handler in getattr(node, "handlers", ()):
        yield from _compact(handler, indent)
    if orelse := getattr(node, "orelse", ()):
        yield from _block("else:", orelse, indent)
    if final := getattr(node, "finalbody", ()):
        yield from _block("finally:", final, indent)


def _block(head: str, body: Sequence[ast.stmt], indent: str) -> Iterator[str]:
    if all(_is_simple(each) for each in body):
        yield f"{indent}{head} {'; '.join(map(ast.unparse, body))}"
    else:
        yield f"{indent}{head}"
        yield from _lines(body, indent + "    ")


def _lines(body: Sequence[ast.stmt], indent: str) -> Iterator[str]:
    simple: list[str] = []
    for each in body:
        if _is_simple(each):
            simple.append(ast.unparse(each))
            continue
        if simple:
            yield indent + "; ".join(simple)
            simple = []
        if isinstance(each, ast.Match):
            yield f"{indent}{ast.unparse(each).split(chr(10))[0]}"
            for case in each.cases:
                yield from _block(ast.unparse(case).strip().split("\n")[0], case.body, indent + "    ")
        else:
            yield from _compact(each, indent)
    if simple:
        yield indent + "; ".join(simple)


def _is_simple(node: ast.stmt) -> bool:
    return not hasattr(node, "body") and not isinstance(node, ast.Match)
