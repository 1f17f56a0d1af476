"""The plots of a data set's card, drawn by matplotlib: the balance of the sets, lengths, and what was dropped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from codereasoner.errors import MissingExtra, import_extra
from codereasoner.reports.set_facts import SetFacts, quantile

MOST = 24  # bars of one plot
BEFORE, AFTER = "#c9d3e4", "#2b5cb0"


def draw_plots(facts: SetFacts, folder: Path) -> dict[str, str]:
    """PNG files under `folder`/plots: the title of each by its path below the folder; none without matplotlib."""
    try:
        matplotlib = import_extra("matplotlib", "data")
    except MissingExtra:
        return {}
    matplotlib.use("Agg")
    (folder / "plots").mkdir(parents=True, exist_ok=True)
    drawn: dict[str, str] = {}
    balance = facts.manifests.get("chosen.jsonl", {}).get("balance", {})
    for split, margins in balance.items():
        name = f"plots/balance-{split or 'all'}.png"
        _balance(margins, folder / name)
        drawn[name] = f"Questions of the split {split or 'without a name'}, before balancing and after"
    if any(facts.lengths.values()):
        _lengths(facts.lengths, folder / "plots/lengths.png")
        drawn["plots/lengths.png"] = "How long programs, chains and rows are"
    drops = [(f"{reason} ({name})", count) for name, each in facts.stages for reason, count in each["drops"].items()]
    if drops:
        _drops(sorted(drops, key=lambda pair: -pair[1])[:MOST], folder / "plots/drops.png")
        drawn["plots/drops.png"] = "What was dropped, by reason and file"
    return drawn


def _balance(margins: Mapping[str, Mapping[str, Mapping[str, int]]], path: Path) -> None:
    """One panel for each axis: a pale bar for all that there was, a dark one for what was taken."""
    axes_names = list(margins["before"])
    heights = [max(2, min(MOST, len(margins["before"][axis]))) for axis in axes_names]
    figure, panels = _figure(len(heights), heights)
    for panel, axis in zip(panels, axes_names, strict=True):
        before = margins["before"][axis]
        if axis == "difficulty":
            before = dict(sorted(before.items()))
        names = list(before)[:MOST]
        left = len(before) - len(names)
        panel.barh(names, [before[name] for name in names], color=BEFORE, label="before")
        panel.barh(names, [margins["after"][axis].get(name, 0) for name in names], 0.5, color=AFTER, label="after")
        panel.invert_yaxis()
        panel.set_title(f"by {axis}" + (f" ({left} more)" if left else ""), loc="left", fontsize=10)
        panel.margins(y=0.02)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=2, fontsize=9, frameon=False)
    panels[-1].set_xlabel("questions")
    _save(figure, path)


def _lengths(lengths: Mapping[str, Mapping[int, int]], path: Path) -> None:
    """One histogram for each length, up to its 99th percent."""
    shown = {name: counts for name, counts in lengths.items() if counts}
    figure, panels = _figure(len(shown), [4] * len(shown))
    for panel, (name, counts) in zip(panels, shown.items(), strict=True):
        most = quantile(counts, 0.99)
        low = min(counts)
        bins = [edge - 0.5 for edge in range(low, most + 2)] if most - low < 40 else 40
        values = [value for value in counts if value <= most]
        panel.hist(values, bins=bins, weights=[counts[value] for value in values], color=AFTER, rwidth=0.92)
        panel.axvline(quantile(counts, 0.5), color="#b3541e", linewidth=1.2)
        panel.set_title(f"{name}: median {quantile(counts, 0.5):,}, longest {max(counts):,}", loc="left", fontsize=10)
    _save(figure, path)


def _drops(drops: Sequence[tuple[str, int]], path: Path) -> None:
    figure, panels = _figure(1, [max(2, len(drops))])
    panels[0].barh([name for name, _ in drops], [count for _, count in drops], color=AFTER)
    panels[0].invert_yaxis()
    panels[0].set_xscale("log")
    panels[0].set_xlabel("rows (logarithmic)")
    _save(figure, path)


def _figure(count: int, heights: Sequence[int]) -> tuple[Any, list[Any]]:
    """A figure with so many panels, one above the other; a height is about that of one bar."""
    figures = import_extra("matplotlib.figure", "data")
    figure = figures.Figure(figsize=(8, 0.24 * sum(heights) + 0.7 * count), layout="constrained")
    panels = figure.subplots(count, 1, squeeze=False, gridspec_kw={"height_ratios": list(heights)})[:, 0]
    for panel in panels:
        panel.spines[["top", "right"]].set_visible(False)
        panel.tick_params(labelsize=8)
    return figure, list(panels)


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, dpi=110, metadata={"Software": None})
