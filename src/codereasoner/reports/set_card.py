"""The card of a data set: counts, drops, balance, distributions, contamination, audit, licences, command, commit."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from codereasoner.reports.markdown import document, origin, section, table
from codereasoner.reports.question_records import clip
from codereasoner.reports.run_folder import check_run_folder
from codereasoner.reports.set_facts import SetFacts, TrainingRow, count_set, quantile
from codereasoner.reports.set_plots import draw_plots

SIZES = {1_000: "n<1K", 10_000: "1K<n<10K", 100_000: "10K<n<100K", 1_000_000: "100K<n<1M"}
EXAMPLE = 1_500  # characters of an example's turn: a whole question and the beginning of a long chain
CONSTRUCTS = 12  # the most frequent ones that the balance table shows; the plot has more
QUANTILES = {"smallest": 0.0, "10 %": 0.1, "median": 0.5, "90 %": 0.9, "largest": 1.0}


def dataset_card(run_folder: Path) -> str:
    """Return the card of a run's data; its plots are drawn into `run_folder`/plots where matplotlib is installed."""
    check_run_folder(run_folder)
    facts = count_set(run_folder)
    plots = draw_plots(facts, run_folder)
    return document(
        _head(facts),
        f"# {run_folder.resolve().name}",
        "Questions about how Python programs behave when run, with answers and reasoning that were checked by running "
        "them. Made by codereasoner.",
        _load(facts),
        section("Counts", _stage_table(facts)),
        section("The sets", _set_table(facts)),
        section("Dropped, by reason", _drop_table(facts)),
        section("Questions by task and split", _split_table(facts.questions)),
        *_balance(facts),
        section("Distributions", _distributions(facts.lengths)),
        section("Who wrote the chains", _count_table("author", facts.authors, "chains")),
        section("Are the steps true?", _audit(facts)),
        section("How often a teacher was right", _acceptance(facts)),
        section("Overlap with benchmarks", _contamination(facts)),
        section("Origin", _origins(facts)),
        section("Licences of the programs", _count_table("licence", facts.licenses, "programs")),
        section("Examples", "\n\n".join(map(_example, facts.examples))),
        section("Plots", "\n\n".join(f"![{title}]({path})" for path, title in plots.items())),
        origin(run_folder),
    )


def _head(facts: SetFacts) -> dict[str, object]:
    size = next((name for limit, name in SIZES.items() if sum(facts.questions.values()) < limit), "n>1M")
    head: dict[str, object] = {
        "license": next(iter(facts.licenses)).lower() if len(facts.licenses) == 1 else "other",
        "task_categories": ["text-generation"],
        "tags": ["code", "code-reasoning", "execution-prediction"],
        "size_categories": [size],
    }
    if facts.sets:
        head["configs"] = [
            {"config_name": name, "data_files": [{"split": "train", "path": f"{name}.parquet"}]} for name in facts.sets
        ]
    return head


def _load(facts: SetFacts) -> str:
    if not facts.sets:
        return ""
    name = next(iter(facts.sets))
    return (
        "```python\nfrom datasets import load_dataset\n\n"
        f'rows = load_dataset("OWNER/NAME", "{name}", split="train")  # or a folder in place of OWNER/NAME\n```'
    )


def _stage_table(facts: SetFacts) -> str:
    counts = [(name, each.get("counts", {})) for name, each in facts.stages]
    rows = [[name, f"{each.get('kept', 0):,}", f"{each.get('dropped', 0):,}"] for name, each in counts]
    return table([["file", "kept", "dropped"], *rows])


def _set_table(facts: SetFacts) -> str:
    tasks = sorted({task for counts in facts.sets.values() for task in counts})
    rows = [[task, *(f"{counts[task]:,}" for counts in facts.sets.values())] for task in tasks]
    if rows:
        rows.append(["all", *(f"{counts.total():,}" for counts in facts.sets.values())])
    shared = facts.shared_programs
    words = "" if shared is None else f"\n\nPrograms that are in both sets: {shared:,}."
    return table([["rows of", *facts.sets], *rows]) + words


def _drop_table(facts: SetFacts) -> str:
    rows = []
    for name, each in facts.stages:
        rows += [[reason, name, f"{count:,}"] for reason, count in each.get("drops", {}).items()]
        rows += [[f"not asked: {reason}", name, f"{count:,}"] for reason, count in each.get("left_out", {}).items()]
    return table([["reason", "file", "rows"], *rows])


def _split_table(questions: Mapping[tuple[str, str], int]) -> str:
    splits = sorted({split for _, split in questions})
    tasks = sorted({task for task, _ in questions})
    rows = [[task, *(f"{questions.get((task, split), 0):,}" for split in splits)] for task in tasks]
    return table([["task", *(split or "no split" for split in splits)], *rows])


def _balance(facts: SetFacts) -> Iterator[str]:
    """Yield the counts before and after balancing by axis, for each split that lost something."""
    for split, margins in facts.manifests.get("chosen.jsonl", {}).get("balance", {}).items():
        if margins["before"] == margins["after"]:
            continue
        rows = []
        for axis, before in margins["before"].items():
            names = sorted(before) if axis == "difficulty" else list(before)
            after = margins["after"][axis]
            rows += [[axis, name, f"{before[name]:,}", f"{after.get(name, 0):,}"] for name in names[:CONSTRUCTS]]
            if rest := names[CONSTRUCTS:]:
                sums = [sum(counts.get(name, 0) for name in rest) for counts in (before, after)]
                rows.append([axis, f"{len(rest)} rarer ones", *(f"{count:,}" for count in sums)])
        yield section(f"Balance of the split {split}", table([["by", "", "before", "after"], *rows]))


def _distributions(lengths: Mapping[str, Mapping[int, int]]) -> str:
    rows = [
        [name, *(f"{quantile(counts, share):,}" for share in QUANTILES.values())]
        for name, counts in lengths.items()
        if counts
    ]
    return table([["", *QUANTILES], *rows])


def _audit(facts: SetFacts) -> str:
    checked, true = facts.claims["checked"], facts.claims["true"]
    if not checked:
        return ""
    share = f"{true:,} ({100 * true / checked:.2f} %)"
    return f"Of {checked:,} claims of the chains, {share} are true of a new trace of the call."


def _acceptance(facts: SetFacts) -> str:
    accepted = facts.manifests.get("chains.jsonl", {}).get("accepted", {})
    rows = [
        [name, f"{each['asked']:,}", f"{each['accepted']:,}", f"{100 * each['share']:.1f} %"]
        for name, each in accepted.items()
    ]
    return table([["task, @ difficulty", "asked", "accepted", ""], *rows])


def _contamination(facts: SetFacts) -> str:
    programs = facts.manifests.get("programs.jsonl", {})
    against = programs.get("config", {}).get("against") or {}
    if not against:
        return ""
    found = [(reason, count) for reason, count in programs.get("drops", {}).items() if reason.startswith("in ")]
    rows = [[name, f"{count:,}"] for name, count in against.items()]
    words = "; ".join(f"{count:,} dropped: {reason}" for reason, count in found) or "no program was one of theirs"
    return f"{table([['benchmark', 'programs compared with'], *rows])}\n\n{words.capitalize()}."


def _count_table(name: str, counts: Counter[str], unit: str) -> str:
    return table([[name, unit], *([key, f"{count:,}"] for key, count in counts.most_common())])


def _origins(facts: SetFacts) -> str:
    """Return the programs of each source, their share, and the share that a mix asked for."""
    total = facts.origins.total()
    rows = [[name, f"{count:,}", f"{100 * count / total:.1f} %"] for name, count in facts.origins.most_common()]
    config = facts.manifests.get("programs.jsonl", {}).get("config", {})
    mix = config.get("mix", ())
    asked = [f"{100 * share:g} % from {name}" for share, name in zip(mix, config.get("source", ()), strict=False)]
    words = f"\n\nAsked for: {', '.join(asked)}, the rest from {config['source'][-1]}." if mix else ""
    return table([["source", "programs", "share"], *rows]) + words


def _example(row: TrainingRow) -> str:
    """Return one row as a reader sees it: the prompt, and the completion to be learnt."""
    turns = [turn for text in (row["prompt"], row["completion"]) if not isinstance(text, str) for turn in text]
    return "\n\n".join(f"**{turn['role']}**\n\n{_fenced(turn['content'])}" for turn in turns)


def _fenced(text: str) -> str:
    """Return a text in a fence that is longer than any in it."""
    shown = clip(text, EXAMPLE)
    longest = max(map(len, re.findall("`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{shown}\n{fence}"
