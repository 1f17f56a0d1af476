"""programs.jsonl: the programs of every part, from their sources; what is wrong with a text is dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from codereasoner import extend
from codereasoner.curation.static_filters import Screen
from codereasoner.extend import Progress, Rejected, Source, silent
from codereasoner.ledger import Ledger
from codereasoner.records import Program, content_id
from codereasoner.sources.input_mutation import with_more_calls
from codereasoner.stages.progress import tell

Part: TypeAlias = tuple[str, int, Source]
"""So many programs of this split, from this source."""

SPARE = 10  # one program in so many is asked for beyond those wanted, as some will be dropped


def write_programs(
    out: Path,
    parts: Sequence[Part],
    config: Mapping[str, Any],
    progress: Progress = silent,
    screen: Callable[[], Screen] = Screen,
    mutations: int = 0,
) -> None:
    """programs.jsonl: the programs of every part, each program once, with `mutations` calls more than it came with.

    A part has as many programs as it asks for after those that the screen drops, unless its source has no more. The
    config must name everything that the sources and the screen depend on.
    """
    facts = {"parts": [[split, count] for split, count, _ in parts], "mutations": mutations}
    ledger = Ledger(out, {**config, **facts})
    if ledger.done:
        return
    total = sum(count for _, count, _ in parts)
    done = 0
    with ledger:
        checks = screen()
        for split, count, source in parts:
            for found, reason in screened(source, split, count, checks):
                if isinstance(found, Program) and reason is None:
                    ledger.append(with_more_calls(found, mutations) if mutations else found)
                    done += 1
                    tell(progress, done, total, "programs written")
                else:
                    ledger.drop(_dropped(found), reason or "rejected")
            ledger.extra |= source.facts()
        ledger.finish()


def source_for(out: Path, name: str, options: Mapping[str, Any]) -> Source:
    """The source of that name; the completions of an author lie beside the programs that are made of them."""
    beside = {"ledger": out.with_name(f"{out.name}.author.jsonl")} if name == "author" else {}
    found: Source = extend.find("source", name, **(beside | dict(options)))
    return found


def screened(source: Source, split: str, count: int, checks: Screen) -> Iterator[tuple[Program | Rejected, str | None]]:
    """What a source gives for a split, with the reasons of what is dropped, until `count` programs are kept."""
    kept = programs = drawn = 0
    wanted = count + count // SPARE
    while kept < count:
        for found in islice(source.programs(split, wanted), drawn, None):
            drawn += 1
            if isinstance(found, Rejected):
                yield found, found.reason
                continue
            programs += 1
            reason = checks.reason(found)
            yield found, reason
            kept += reason is None
            if kept == count:
                return
        if programs < wanted:
            return
        wanted += 2 * (count - kept)


def _dropped(found: Program | Rejected) -> dict[str, Any]:
    """A row whose id tells it from the same program that was kept."""
    row = found.to_json()
    if isinstance(found, Program):
        return row | {"id": content_id(found.id, found.origin, "dropped")}
    return row | {"id": content_id(found.text, found.origin, "rejected")}
