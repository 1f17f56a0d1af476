"""Write conditions in longer words: `if x` as `if not not x`, `x or False`, `True if x else False`."""

import ast

from codereasoner.rewrites.rewrite_draft import Draft, Unfit, name


def reformat_conditions(draft: Draft) -> None:
    """Change each condition; its truth is still asked for once, at the same time."""
    changed = 0
    for node in ast.walk(draft.tree):
        match node:
            # A loop or branch on a constant is compiled away, so that other lines would be visited.
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) if not isinstance(test, ast.Constant):
                node.test = _longer(draft, test)
                changed += 1
    if not changed:
        raise Unfit("no condition")


def _longer(draft: Draft, test: ast.expr) -> ast.expr:
    ways = ["not not", "or False", "and True", "if"] + ["bool"] * draft.uses("bool")
    match draft.random.choice(ways):
        case "not not":
            return ast.UnaryOp(ast.Not(), ast.UnaryOp(ast.Not(), test))
        case "or False":
            return ast.BoolOp(ast.Or(), [test, ast.Constant(False)])
        case "and True":
            return ast.BoolOp(ast.And(), [test, ast.Constant(True)])
        case "bool":
            return ast.Call(name("bool"), [test], [])
    return ast.IfExp(test, ast.Constant(True), ast.Constant(False))
