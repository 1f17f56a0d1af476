"""Compare training programs with those of benchmarks: as text, as syntax, and by the tokens they share.

exact       the same text, but for blank lines, comments and trailing spaces
structure   the same when its own names are numbered, and layout, comments, annotations and docstrings are dropped
n-grams     most of the program's runs of tokens are in one benchmark program
"""

import hashlib
import io
import json
import os
import re
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypedDict

from codereasoner import extend
from codereasoner.benchmarks.loading import VARIABLE, locate
from codereasoner.curation.canonical import canonical_form
from codereasoner.errors import DataError, MissingExtra
from codereasoner.extend import Benchmark
from codereasoner.records import Program
from codereasoner.steps.source import parse_any

RUN = 10  # tokens in an n-gram
SHARE = 0.6  # of a program's n-grams in one benchmark program, from which on it counts as a copy
MIN_RUNS = 8  # n-grams that a program must have for its share to mean anything
_SKIPPED = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)

_PLAIN_TOKEN = re.compile(  # of a program without comments, prefixes, escapes and decimals, as `tokenize` splits it
    r"[A-Za-z_]\w*+(?!['\"])|\d++(?![\w.])|'(?!'')[^'\\\r\n]*+'|\"(?!\"\")[^\"\\\r\n]*+\"|"
    r"(?:\*\*|//|>>|<<|[-+*/%@&|^=<>!:])=|->|\*\*|//|>>|<<|\.(?![\d.])|[-+*/%@&|^=<>:()\[\]{},;~]",
    re.ASCII,
)
_PLAIN = re.compile(rf"(?:[ \n]|{_PLAIN_TOKEN.pattern})*+", re.ASCII)


@dataclass(frozen=True)
class Overlap:
    """The benchmark program that a program copies, and how that shows."""

    benchmark: str
    id: str
    how: str  # exact, structure, n-grams
    share: float = 1.0

    @property
    def reason(self) -> str:
        """One countable sentence."""
        return f"in {self.benchmark} ({self.how})"


class KnownPrograms:
    """The programs of benchmarks, ready to be compared with."""

    def __init__(self, sources: Mapping[str, Mapping[str, str]]) -> None:
        """Index the program texts, given by benchmark and question id."""
        self.sources = sources
        self.names = [(benchmark, name) for benchmark, programs in sources.items() for name in programs]
        self._texts: dict[str, int] = {}
        self._trees: dict[str, int] = {}
        self._runs: dict[int, list[int]] = defaultdict(list)
        seen: set[str] = set()
        for place, (benchmark, name) in enumerate(self.names):
            source = sources[benchmark][name]
            if source in seen:  # the same program in another benchmark: the first one is reported
                continue
            seen.add(source)
            self._texts.setdefault(_digest(normal_text(source)), place)
            if tree := normal_tree(source):
                self._trees.setdefault(_digest(tree), place)
            for run in set(token_runs(source)):
                self._runs[run].append(place)

    def __reduce__(self) -> tuple[object, ...]:
        key = _digest(json.dumps([*self.sources.items()], default=dict))
        return _in_this_process, (key, self.sources)

    def overlap(self, source: str) -> Overlap | None:
        """Return the strongest overlap of a program with a benchmark's, or None."""
        tree = normal_tree(source)
        place = self._trees.get(_digest(tree)) if tree else None
        if place is not None or not tree:  # the same text has the same tree
            exact = self._texts.get(_digest(normal_text(source)))
            if exact is not None:
                return Overlap(*self.names[exact], "exact")
        if place is not None:
            return Overlap(*self.names[place], "structure")
        runs = set(token_runs(source))
        if len(runs) < MIN_RUNS:
            return None
        shared = Counter(place for run in runs for place in self._runs.get(run, ()))
        for place, count in shared.most_common(1):
            if count >= SHARE * len(runs):
                return Overlap(*self.names[place], "n-grams", count / len(runs))
        return None

    def reason(self, source: str) -> str | None:
        """Return the benchmark that a program comes from, and how it was found; None if from none."""
        found = self.overlap(source)
        return found.reason if found is not None else None

    def counts(self) -> dict[str, int]:
        """Count the programs of each benchmark."""
        return dict(Counter(benchmark for benchmark, _ in self.names))


_KNOWN: dict[str, KnownPrograms] = {}


def _in_this_process(key: str, sources: Mapping[str, Mapping[str, str]]) -> KnownPrograms:
    """Return what another process sent, indexed once: hashes of tokens differ from process to process."""
    if key not in _KNOWN:
        _KNOWN[key] = KnownPrograms(sources)
    return _KNOWN[key]


def known_benchmarks(data: Path | None = None) -> tuple[KnownPrograms, dict[str, str]]:
    """Return the programs of every registered benchmark whose data is at hand, and why the others are left out.

    Nothing is fetched: the data is in the folder `data`, or below $CODEREASONER_DATA.
    """
    sources: dict[str, Mapping[str, str]] = {}
    missing: dict[str, str] = {}
    for name, kind in extend.available("benchmark").items():
        benchmark: Benchmark = kind()
        if data is None and not os.environ.get(VARIABLE):
            missing[name] = f"no folder of benchmark data: name one, as in all=FOLDER, or set ${VARIABLE}"
            continue
        try:
            sources[name] = benchmark.sources(locate(benchmark, data))
        except (DataError, MissingExtra) as error:
            missing[name] = str(error)
            continue
        if not sources[name]:
            missing[name] = "its data here holds no programs"
    return KnownPrograms(sources), missing


Copy: TypeAlias = dict[str, str | float]
"""The id of a program that is in a benchmark, as `program`, and the fields of its Overlap."""


class ContaminationReport(TypedDict):
    """Counts of programs that are in benchmarks, for the card of a data set."""

    programs: int
    compared_with: dict[str, int]  # programs of each benchmark
    not_compared: dict[str, str]  # benchmarks without data here, with the reason
    reasons: dict[str, int]
    overlaps: list[Copy]


def contamination_report(programs: Iterable[Program], data: Path | None = None) -> ContaminationReport:
    """Compare programs with every registered benchmark whose data is at hand."""
    known, missing = known_benchmarks(data)
    overlaps: list[Copy] = []
    reasons: Counter[str] = Counter()
    count = 0
    for program in programs:
        count += 1
        if (found := known.overlap(program.source)) is not None:
            reasons[found.reason] += 1
            overlaps.append({"program": program.id, **vars(found)})
    return {
        "programs": count,
        "compared_with": known.counts(),
        "not_compared": missing,
        "reasons": dict(reasons.most_common()),
        "overlaps": overlaps,
    }


def normal_text(source: str) -> str:
    """Drop comments, blank lines and trailing spaces; a source that is not Python only loses the last two."""
    tokens = _tokens(source)
    if tokens is None:
        return "\n".join(line.rstrip() for line in source.split("\n") if line.strip())
    rows: dict[int, list[str]] = defaultdict(list)
    for token in tokens:
        if token.type not in _SKIPPED:
            rows[token.start[0]].append(token.string)
    indents = {number: len(line) - len(line.lstrip()) for number, line in enumerate(source.split("\n"), start=1)}
    return "\n".join(" " * indents.get(number, 0) + " ".join(row) for number, row in sorted(rows.items()))


def normal_tree(source: str) -> str:
    """Number a program's own names and drop its layout; "" where it does not parse."""
    try:
        return canonical_form(source)
    except (SyntaxError, MemoryError, RecursionError):
        return ""


def token_runs(source: str) -> list[int]:
    """Return a hash of every run of tokens; names of variables stay."""
    if _PLAIN.fullmatch(source) and parse_any(source) is not None:
        words = _PLAIN_TOKEN.findall(source)
    else:
        words = [token.string for token in _tokens(source) or () if token.type not in _SKIPPED]
    return [hash(tuple(words[start : start + RUN])) for start in range(len(words) - RUN + 1)]


def _tokens(source: str) -> list[tokenize.TokenInfo] | None:
    try:
        return list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
