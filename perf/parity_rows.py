"""The table of docs/parity.md: what was compared with what, how many verdicts, and the differences.

perf/parity.py and perf/parity_answers.py fill it.
"""

from __future__ import annotations

import platform
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeAlias

from codereasoner import __version__, extend
from codereasoner.extend import Benchmark
from codereasoner.ledger import commit

SHOWN = 12  # differences that the page lists
OLDER = "the file is of an older scorer, which counts as wrong what that of today leaves out: an echo, or no call"
UNPADDED = "where no answer is right the file leaves some out, which the scorer of today counts as wrong: 0 either way"
Counts: TypeAlias = Callable[[Sequence[bool | None]], list[bool]]
"""The verdicts on the answers to a question that count for pass@k."""
EXPLAINED = {
    (
        "codemind-sr-mbpp",
        "123",
    ): "its tests take longer than the limit of our pool; the published scorer waits for 100 seconds",
    ("codeglance-ds1000", "sample_438"): "the published verdict is on an older result, which the data no longer has",
    ("codeglance-ds1000", "sample_440"): "the published verdict is on an older result, which the data no longer has",
}

PAGE = """# Parity of the official graders

`--grader official` gives the verdicts of the published scorers, quirks included. One command compares them, answer by
answer, and writes this page:

```
make parity DATA=FOLDER SCORED="cruxeval=FOLDER livecodebench=FOLDER codeglance=FOLDER" \\
    PEER="cruxeval=PATH codeglance=PATH livecodebench=PATH reval=PATH codesense=PATH semcoder=PATH codemind=PATH"
```

Made-up answers have each shape that the parser distinguishes, with right values, right ones with noise, wrong ones and
none; a fixed seed draws them. [Benchmarks](benchmarks.md) says what the scorers do.

| benchmark | answers | compared with | verdicts | differences | codereasoner |
| --- | --- | --- | ---: | --- | --- |
"""


@dataclass
class Comparison:
    """What was compared with what, how many verdicts, and those that differ."""

    benchmark: str
    answers: str
    against: str
    verdicts: int = 0
    unjudged: int = 0
    differences: list[str] = field(default_factory=list)
    explained: Counter[str] = field(default_factory=Counter)

    def add(
        self, name: str, question: str, theirs: Sequence[bool], ours: Sequence[bool | None], counts: Counts
    ) -> None:
        """Compare the verdicts on the answers to one question; None: the scorer of today leaves the answer out."""
        self.verdicts += len(theirs)
        judged = counts(ours)
        if len(theirs) == len(ours) != len(judged):
            self.explained[OLDER] += len(ours) - len(judged)
            judged = [bool(verdict) for verdict in ours]
        elif len(theirs) != len(judged) and len(theirs) == sum(verdict is not None for verdict in ours):
            self.explained[UNPADDED] += len(ours) - len(theirs)
            judged = [verdict for verdict in ours if verdict is not None]
        if len(theirs) != len(judged):
            self.differences.append(f"{name}, {question}: {len(theirs)} verdicts are published, here are {len(judged)}")
            return
        for place, (one, other) in enumerate(zip(theirs, judged, strict=True)):
            if one != other and (reason := EXPLAINED.get((self.benchmark, question))):
                self.explained[reason] += 1
            elif one != other:
                self.differences.append(f"{name}, {question}, answer {place}: published {one}, here {other}")


def benchmark_of(name: str) -> Benchmark:
    """The benchmark of that name."""
    found: Benchmark = extend.find("benchmark", name)
    return found


def commit_of(checkout: Path) -> str:
    """The commit of a checkout."""
    done = subprocess.run(["git", "-C", str(checkout), "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


@cache
def stamp() -> str:
    """The commit of codereasoner before the page is written, which is a change; "+": there were other changes."""
    found = commit()
    return f" ({found[:7]}{'+' if found.endswith('+') else ''})" if found else ""


def row_of(each: Comparison) -> str:
    """One row of the table."""
    explained = f" and {each.explained.total():,} explained" if each.explained else ""
    count = f"{len(each.differences):,}{explained}"
    run = f"{__version__}{stamp()}, Python {platform.python_version()}"
    return f"| {' | '.join([each.benchmark, each.answers, each.against, f'{each.verdicts:,}', count, run])} |"


def page(found: Sequence[Comparison], path: Path) -> str:
    """The page of the documentation; what an earlier run wrote about other benchmarks stays."""
    rows, notes = list(map(row_of, found)), []
    for each in found:
        notes += [f"- {each.benchmark}: {count:,} verdicts: {reason}." for reason, count in each.explained.items()]
        if each.unjudged:
            notes.append(f"- {each.benchmark}: {each.unjudged:,} answers call programs that are not at hand; left out.")
        notes += [f"- {each.benchmark}: {text}." for text in each.differences[:SHOWN]]
        if len(each.differences) > SHOWN:
            notes.append(f"- {each.benchmark}: and {len(each.differences) - SHOWN:,} more.")
    done = ("benchmark", "---", *(each.benchmark for each in found))
    before = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    others = [line for line in before if not line.startswith(tuple(f"| {name} |" for name in done))]
    rows += [line for line in others if line.startswith("| ")]
    notes += [
        line for line in others if line.startswith("- ") and not line.startswith(tuple(f"- {name}:" for name in done))
    ]
    return PAGE + "\n".join([*sorted(rows), "", *sorted(notes)]).rstrip() + "\n"
