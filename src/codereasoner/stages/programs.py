"""programs.jsonl: the programs of every part, from their sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from codereasoner.extend import Progress, Source, silent
from codereasoner.ledger import Ledger
from codereasoner.stages.progress import tell

Part: TypeAlias = tuple[str, int, Source]
"""So many programs of this split, from this source."""


def write_programs(out: Path, parts: Sequence[Part], config: Mapping[str, Any], progress: Progress = silent) -> None:
    """programs.jsonl: the programs of every part, each program once."""
    ledger = Ledger(out, {**config, "parts": [[split, count] for split, count, _ in parts]})
    if ledger.done:
        return
    total = sum(count for _, count, _ in parts)
    with ledger:
        for split, count, source in parts:
            for program in source.programs(split, count):
                ledger.append(program)
                tell(progress, len(ledger), total, "programs written")
        ledger.finish()
