"""Add what changes nothing: code that never runs, comments and prints that say something wrong."""

import ast
from collections.abc import Iterator

from codereasoner import literals
from codereasoner.rewrites.rewrite_draft import Draft, Function, Unfit, assign, blocks, head, name, statement
from codereasoner.rewrites.scopes import locals_of
from codereasoner.steps.source import function_named, split_lines

_MOST = 4  # insertions in one function: more of them drown the program
_FALSE = ("3 > 7", "not 1", "None is not None", "'a' == 'b'", "0 * 5 > 1", "[] == [0]")


def add_dead_code(draft: Draft) -> None:
    """Add branches and loops that never run, unread variables, and a function that is never called."""
    functions = draft.functions()
    if not functions:
        raise Unfit("no function")
    for function in functions:
        own = sorted(locals_of(function))
        for body, place in _places(draft, function):
            body.insert(place, _dead(draft, own))
    draft.tree.body.insert(head(draft.tree.body), _unused_function(draft))


def _places(draft: Draft, function: Function) -> list[tuple[list[ast.stmt], int]]:
    """Return lists of statements, each with the place where something is put; later places of a list first."""
    found = [(body, place) for body in blocks(function) for place in range(head(body), len(body))]
    chosen = draft.random.sample(range(len(found)), min(len(found), draft.random.randint(2, _MOST)))
    return [found[index] for index in sorted(chosen, reverse=True)]


def _dead(draft: Draft, own: list[str]) -> ast.stmt:
    """Return a statement that does nothing; what it would do names variables that are the function's own already."""
    condition = ast.parse(draft.random.choice(_FALSE), mode="eval").body
    target = draft.random.choice(own) if own else draft.fresh("spare")
    other = draft.random.choice(own) if own else target
    doing: list[ast.stmt] = [
        assign(target, ast.Constant(draft.random.choice([None, 0, 1, "", True]))),
        assign(target, name(other)),
        ast.AugAssign(ast.Name(target, ast.Store()), ast.Add(), ast.Constant(1)),
    ]
    match draft.random.choice(["if", "if", "while", "for", "variable"]):
        case "while":
            return ast.While(condition, [draft.random.choice(doing)], [])
        case "for":
            return ast.For(ast.Name(draft.fresh("item"), ast.Store()), ast.Tuple([], ast.Load()), doing[:1], [])
        case "variable":
            return assign(draft.fresh("extra"), ast.Constant(draft.random.randint(2, 99)))
    return ast.If(condition, [draft.random.choice(doing)], [])


def _unused_function(draft: Draft) -> ast.stmt:
    word, value = draft.fresh("helper"), draft.fresh("value")
    step = draft.random.randint(2, 9)
    return statement(
        f"def {word}({value}):\n    while {value} != {step}:\n        {value} -= {step}\n    return {value}"
    )


# ---- comments


def add_misleading_comments(draft: Draft) -> None:
    """Add a comment that is wrong above statements of each kind."""
    notes = [(node, _claim(node)) for node in ast.walk(draft.tree) if isinstance(node, ast.stmt)]
    notes = [(node, text) for node, text in notes if text]
    if not notes:
        raise Unfit("no statement to say something about")
    draft.random.shuffle(notes)
    most = max(3, _MOST * len(draft.functions()))
    _write_comments(draft, dict(notes[:most]))


def _claim(node: ast.stmt) -> str:
    match node:
        case ast.For() | ast.While():
            return "This loop never runs."
        case ast.If(test=test) if not isinstance(test, ast.Constant):
            return "This condition is always false."
        case ast.Return(value=ast.expr()):
            return "The argument is returned unchanged."
        case ast.AugAssign(target=ast.Name(id=own)):
            return f"{own} keeps its value here."
        case ast.Assign(targets=[ast.Name(id=own)]):
            return f"{own} is not used below."
        case ast.Expr(value=ast.Call()):
            return "This call has no effect."
    return ""


def add_misleading_hint(draft: Draft) -> None:
    """Add a comment that gives a wrong result of the first call."""
    function = function_named(draft.tree, draft.entry)
    if function is None or not draft.calls:
        raise Unfit("no function of that name at top level" if draft.calls else "no call")
    call = f"{draft.entry}({draft.calls[0]})"
    if not draft.value or "\n" in call:
        raise Unfit("no value to be wrong about")
    _write_comments(draft, {function: f"{call} returns {other_value(draft.value)}"})


def other_value(text: str) -> str:
    """Return a literal of the same type as another one, and near to it, that is not equal.

    Raises:
        Unfit: the text is not a literal.
    """
    try:
        value = literals.read(text)
    except literals.LiteralError:
        raise Unfit("the value has no literal") from None
    match value:
        case bool():
            other: object = not value
        case int() | float() | complex():
            other = 0.0 if value + 1 == value or value != value else value + 1  # infinite, huge, or nan
        case str():
            other = value[:-1] if value else "a"
        case bytes():
            other = value[:-1] if value else b"a"
        case list() | tuple():
            other = value[:-1] if value else type(value)([0])
        case dict():
            other = dict(list(value.items())[:-1]) if value else {0: 0}
        case set() | frozenset():
            other = type(value)(sorted(value, key=literals.write)[:-1]) if value else type(value)({0})
        case _:
            other = 0
    return literals.write(other)


def _write_comments(draft: Draft, notes: dict[ast.stmt, str]) -> None:
    """Write a comment above each of these statements of the tree, when its text is there."""
    nodes = enumerate(ast.walk(draft.tree))
    texts = {index: notes[node] for index, node in nodes if isinstance(node, ast.stmt) and node in notes}

    def written(text: str) -> str:
        lines = split_lines(text)
        above: dict[int, str] = {}
        for index, node in enumerate(ast.walk(ast.parse(text))):
            if index in texts and isinstance(node, ast.stmt):
                first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])
                above.setdefault(first, texts[index])
        return "\n".join(_with_comments(lines, above))

    draft.keeps_text = True
    draft.on_text.append(written)


def _with_comments(lines: list[str], above: dict[int, str]) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        if number in above:
            yield f"{line[: len(line) - len(line.lstrip())]}# {above[number]}"
        yield line


# ---- prints


def add_misleading_prints(draft: Draft) -> None:
    """Add prints that run and say something wrong; they go to a buffer, so that the output stays the same."""
    if not draft.uses("print") or "StringIO" in draft.taken:
        raise Unfit("print has another meaning here")
    log, added = draft.fresh("log"), 0
    for function in draft.functions():
        for body, place in _places(draft, function):
            if text := _claim(body[place]):
                call = ast.Call(name("print"), [ast.Constant(text)], [ast.keyword("file", name(log))])
                body.insert(place, ast.Expr(call))
                added += 1
    if not added:
        raise Unfit("no statement to say something about")
    start = head(draft.tree.body)
    draft.tree.body[start:start] = [statement("from io import StringIO"), statement(f"{log} = StringIO()")]
