"""CodeGlance's nine features of a program that make it hard to read (arXiv:2602.13962, section 4.1).

The published code lines, complexities and trace lengths of CRUXEval are reproduced. The published counts of APIs
are annotations whose rule is not published; ours are defined here:

common_api_count          calls of anything that the program neither defines nor finds among the built-ins
specified_api_parameters  arguments that these calls pass
total_api_parameters      parameters in the signatures of those that can be looked up by name
unseen_function_count     of these calls, distinct names that belong to modules that are not installed here
encapsulated_code_lines   lines of source of those that can be looked up by name
encapsulated_trace_length lines executed in libraries
"""

import ast
import builtins
import importlib.util
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TypeAlias

from codereasoner import literals
from codereasoner.benchmarks.codeglance import FEATURES
from codereasoner.benchmarks.probes import OWN_FRAMES, probe_text
from codereasoner.evaluation.metrics import clustered_interval, mean, percent
from codereasoner.evaluation.results import FeatureBin
from codereasoner.records import Job, Run
from codereasoner.steps.source import parse_any
from codereasoner.task import Runner

Features: TypeAlias = dict[str, int | None]
"""The nine features by name, None where one cannot be had."""

Valued: TypeAlias = tuple[float, str, float]  # a feature's value, the program, the share of right answers

_PROBE = Path(__file__).with_name("feature_probe.py")


def features(programs: Sequence[tuple[str, str]], runner: Runner | None = None) -> list[Features]:
    """Return the nine features of each (source, call expression); without a runner, the static ones alone.

    A call expression such as `f([1, 2])` is executed as the last line of the module.
    """
    found = [static_features(source) for source, _ in programs]
    if runner is None:
        return found
    jobs = [_job(source, call) for source, call in programs]
    for row, run in zip(found, runner(jobs), strict=True):
        row.update(_measured(run))
    return found


def static_features(source: str) -> Features:
    """Return the features that reading the source gives; the others are None."""
    row: Features = dict.fromkeys(FEATURES)
    row["code_lines"] = code_lines(source)
    tree = parse_any(source)
    if tree is None:
        return row
    calls = api_calls(tree)
    row["cyclomatic_complexity"] = complexity(tree)
    row["common_api_count"] = len(calls)
    row["specified_api_parameters"] = sum(len(call.args) + len(call.keywords) for call in calls)
    row["unseen_function_count"] = len(unseen_functions(tree, calls))
    return row


def code_lines(source: str) -> int:
    """Count the lines that are not blank; comments count."""
    return sum(bool(line.strip()) for line in source.split("\n"))


def complexity(tree: ast.AST) -> int:
    """Return 1 and one for each if, for, while, except and try.

    McCabe's number counts no `try`; CodeGlance's does.
    """
    branches = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.Try, ast.TryStar)
    return 1 + sum(isinstance(node, branches) for node in ast.walk(tree))


def api_calls(tree: ast.AST) -> list[ast.Call]:
    """Return the calls of methods, and of names that are neither defined in the program nor built in."""
    defined = {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    } | {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    known = defined | set(dir(builtins))
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (isinstance(node.func, ast.Attribute) or (isinstance(node.func, ast.Name) and node.func.id not in known))
    ]


def unseen_functions(tree: ast.AST, calls: Sequence[ast.Call]) -> set[str]:
    """Return the distinct names of API calls of a program that imports a module which is not installed here."""
    if all(map(_is_installed, imported_modules(tree))):
        return set()
    return {dotted_name(call.func).rpartition(".")[2] for call in calls}


def imported_modules(tree: ast.AST) -> set[str]:
    """Return the top-level modules that a program imports."""
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append(node.module)
    return {name.partition(".")[0] for name in found}


@cache
def _is_installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def dotted_name(node: ast.expr) -> str:
    """Return `a.b.c` for an attribute chain; where it begins with no name, its last part alone."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(node.id)
    elif parts:
        parts = parts[:1]
    return ".".join(reversed(parts))


def _job(source: str, call: str) -> Job:
    tree = parse_any(source)
    called = sorted({dotted_name(each.func) for each in api_calls(tree)} - {""}) if tree else []
    return Job(probe_text(OWN_FRAMES, _PROBE), "measure", ", ".join(map(repr, (source, call, called))))


def _measured(run: Run) -> Features:
    if run.outcome != "ok" or run.value is None:
        return {}
    own, library, described = literals.read(run.value)
    known = [each for each in described if each is not None]
    return {
        "execution_trace_length": own,
        "encapsulated_trace_length": library,
        "total_api_parameters": sum(count or 0 for count, _ in known),
        "encapsulated_code_lines": sum(lines or 0 for _, lines in known),
    }


def accuracy_table(
    rows: Sequence[tuple[str, Mapping[str, float | None], float]], names: Sequence[str] = FEATURES
) -> list[FeatureBin]:
    """Return the accuracy by feature of rows of (program, features, share of right answers), in percent.

    The four bins of a feature hold about equally many questions; equal values are never in two bins.
    """
    table: list[FeatureBin] = []
    for name in names:
        held = sorted(
            (value, program, share) for program, found, share in rows if (value := found.get(name)) is not None
        )
        for part in _bins(held):
            shares = [(program, share) for _, program, share in part]
            table.append(
                {
                    "feature": name,
                    "low": part[0][0],
                    "high": part[-1][0],
                    "questions": len(part),
                    "accuracy": percent(mean([share for _, share in shares])),
                    "interval": [percent(bound) for bound in clustered_interval(shares)],
                }
            )
    return table


def _bins(held: Sequence[Valued]) -> list[list[Valued]]:
    parts: list[list[Valued]] = []
    for place, item in enumerate(held):
        full = parts and place * 4 // len(held) >= len(parts)
        if not parts or (full and parts[-1][-1][0] != item[0]):
            parts.append([])
        parts[-1].append(item)
    return parts
