"""programs.jsonl: programs from their sources, without those that a static filter drops."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from codereasoner import extend
from codereasoner.curation.static_filters import Examined, StaticFilters, TextFilters
from codereasoner.errors import ConfigError
from codereasoner.evaluation.contamination import KnownPrograms
from codereasoner.extend import Progress, Rejected, Source, silent
from codereasoner.ledger import Ledger
from codereasoner.parquet_files import Row
from codereasoner.records import Program, content_id
from codereasoner.rewrites.input_mutation import with_faults, with_more_calls
from codereasoner.stages.distribute import DistributedSource, distributed
from codereasoner.stages.engine import Engine, map_each
from codereasoner.stages.progress import tell
from codereasoner.stages.stage_options import ProgramOptions, parse_setting

Part: TypeAlias = tuple[str, int, Source]
"""Split, number of programs, source."""

BATCH = 64  # programs in one batch
SPARE = 10  # one in ten programs more than wanted is drafted, as some will be dropped


def make_programs(
    out: Path, options: ProgramOptions, known: KnownPrograms, engine: Engine, progress: Progress = silent
) -> None:
    """Write programs.jsonl as the options say, without the `known` programs of benchmarks."""
    settings = dict(map(parse_setting, options.set))
    names = options.source
    sources = [distributed(each, engine) for each in sources_of(out, options)]
    sizes = {"train": options.train, "rl": options.rl, "test": options.test}
    shares = _shares(names, options.mix)
    parts = [
        (split, size, source)
        for split, count in sizes.items()
        for size, source in zip(_sizes(count, shares), sources, strict=True)
        if size
    ]
    mixed = {"source": list(names), "mix": list(options.mix)} if options.mix else {"source": names[0]}
    facts = {**mixed, **settings, **sizes, "near": options.near, "against": known.counts()}
    screen = partial(StaticFilters, options.near, known.reason if known.names else None)
    write_programs(out, parts, facts, progress, screen, options.mutations, options.faults, engine)


def sources_of(out: Path, options: ProgramOptions) -> list[Source]:
    """Return the sources that the options name."""
    settings = dict(map(parse_setting, options.set))
    found = [source_for(out, name, settings_of(name, options.source, settings)) for name in options.source]
    _shares(options.source, options.mix)
    if not options.train + options.rl + options.test:
        raise ConfigError("--train, --rl and --test are 0, so no program is asked for: give one of them a number")
    return found


def settings_of(name: str, names: Sequence[str], settings: Mapping[str, object]) -> Mapping[str, object]:
    """Return the settings of one of these sources: with several, those whose key begins with its name and a dot."""
    if len(names) == 1:
        return settings
    for key in settings:
        if not any(key.startswith(f"{each}.") for each in names):
            raise ConfigError(f"--set {key}: with several sources the key begins with one, such as {names[0]}.{key}")
    return {key.removeprefix(f"{name}."): value for key, value in settings.items() if key.startswith(f"{name}.")}


def _shares(names: Sequence[str], mix: Sequence[float]) -> list[float]:
    """Return the share of each source."""
    if len(set(names)) < len(names):
        raise ConfigError(f"--source names '{next(each for each in names if names.count(each) > 1)}' twice")
    if len(mix) != len(names) - 1:
        raise ConfigError(
            f"{len(names)} --source and {len(mix)} --mix: each source but the last needs its share (--mix 0.3), and "
            "the last one gets the rest"
        )
    if not all(0 < share < 1 for share in mix) or sum(mix) >= 1:
        raise ConfigError(f"--mix {', '.join(map(str, mix))}: shares are above 0, and together below 1")
    return [*mix, 1 - sum(mix)]


def _sizes(count: int, shares: Sequence[float]) -> list[int]:
    sizes = [round(count * share) for share in shares[:-1]]
    return [*sizes, count - sum(sizes)]


def write_programs(
    out: Path,
    parts: Sequence[Part],
    config: Mapping[str, object],
    progress: Progress = silent,
    screen: Callable[[], StaticFilters] = StaticFilters,
    mutations: int = 0,
    faults: int = 0,
    engine: Engine | None = None,
) -> None:
    """Write the programs of every part, each program once, with `mutations` more calls, and `faults` that may raise.

    A part ends up with the number it names after the screen has dropped some, unless its source runs dry. The config
    must name everything that the sources and the screen depend on.
    """
    counts = [(split, count) for split, count, _ in parts]
    sizes = dict(counts) if len(dict(counts)) == len(counts) else {"parts": counts}
    ledger = Ledger(out, {**config, **sizes, "mutations": mutations} | ({"faults": faults} if faults else {}))
    if ledger.is_complete():
        return
    total = sum(count for _, count, _ in parts)
    done = 0
    checks = screen()  # before there is a file: it may need a library that is missing
    with ledger:
        origins: Counter[str] = Counter()
        for split, count, source in parts:
            for found, reason in screened(source, split, count, checks, engine):
                if isinstance(found, Program) and reason is None:
                    ledger.append(with_faults(with_more_calls(found, mutations), faults))
                    done += 1
                    origins[found.origin.partition("/")[0]] += 1
                    tell(progress, done, total, "programs written")
                else:
                    ledger.drop(_dropped(found), reason or "rejected")
            ledger.extra |= source.facts()
        ledger.extra["sources"] = dict(origins)
        ledger.finish()


def source_for(out: Path, name: str, options: Mapping[str, object]) -> Source:
    """Return the source of that name; an author keeps its completions next to the programs made from them."""
    kept = {"ledger": out.with_name(f"{out.name}.author.jsonl")} if name == "author" else {}
    found: Source = extend.find("source", name, **(kept | dict(options)))
    return found


def screened(
    source: Source, split: str, count: int, checks: StaticFilters, engine: Engine | None = None
) -> Iterator[tuple[Program | Rejected, str | None]]:
    """Yield programs of a split, with the reason of each that is dropped, until `count` are kept.

    An engine examines the programs of a distributed source; of all others none is taken before it is needed.
    """
    engine = engine if isinstance(source, DistributedSource) else None
    kept = programs = drawn = 0
    wanted = count + count // SPARE
    while kept < count:
        taken = islice(source.programs(split, wanted), drawn, None)
        for found, examined in map_each(engine, partial(_examined, checks.texts), taken, BATCH):
            drawn += 1
            if isinstance(found, Rejected):
                yield found, found.reason
                continue
            programs += 1
            reason = checks.reason(found, examined)
            yield found, reason
            kept += reason is None
            if kept == count:
                return
        if programs < wanted:
            return
        wanted += 2 * (count - kept)


def _examined(
    filters: TextFilters, programs: Iterable[Program | Rejected]
) -> Iterator[tuple[Program | Rejected, Examined | None]]:
    for found in programs:
        yield found, filters.examine(found) if isinstance(found, Program) else None


def _dropped(found: Program | Rejected) -> Row:
    """Return a row with an id of its own, as the same program may have been kept before."""
    row = found.to_json()
    if isinstance(found, Program):
        return row | {"id": content_id(found.id, found.origin, "dropped")}
    return row | {"id": content_id(found.text, found.origin, "rejected")}
