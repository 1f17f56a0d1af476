"""Draw the image files of a data set's card with matplotlib: balance, lengths, and drops.

The Hub shows a card without scripts, so its charts must be image files. The browser draws every HTML page instead;
page.py says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from codereasoner.errors import MissingExtra, import_extra
from codereasoner.reports.set_facts import SetFacts, quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 24  # bars of one plot: more cannot be read
BEFORE, AFTER, MEDIAN = "#c9d3e4", "#2b5cb0", "#b3541e"


def draw_plots(facts: SetFacts, folder: Path) -> dict[str, str]:
    """Write PNG files under `folder`/plots; return their titles by path below the folder, none without matplotlib."""
    try:
        import_extra("matplotlib", "data").use("Agg")
    except MissingExtra:
        return {}
    (folder / "plots").mkdir(parents=True, exist_ok=True)
    drawn: dict[str, str] = {}
    for split, margins in facts.manifests.get("chosen.jsonl", {}).get("balance", {}).items():
        name = f"plots/balance-{split or 'all'}.png"
        _draw_balance(margins, folder / name)
        words = "" if margins["before"] == margins["after"] else ", before balancing and after"
        drawn[name] = f"Questions of the split {split or 'without a name'}{words}"
    if any(facts.lengths.values()):
        _draw_lengths({name: counts for name, counts in facts.lengths.items() if counts}, folder / "plots/lengths.png")
        drawn["plots/lengths.png"] = "How long programs, chains and rows are"
    drops = [(f"{reason} ({name})", n) for name, each in facts.stages for reason, n in each.get("drops", {}).items()]
    if drops:
        _draw_drops(sorted(drops, key=lambda pair: -pair[1])[:MOST], folder / "plots/drops.png")
        drawn["plots/drops.png"] = "What was dropped, by reason and file"
    return drawn


def _draw_balance(margins: Mapping[str, Mapping[str, Mapping[str, int]]], path: Path) -> None:
    """Draw a panel for each axis: a pale bar for all questions, a dark one for those that were taken, if not all."""
    axes, is_balanced = margins["before"], margins["before"] != margins["after"]
    figure, panels = _figure([max(2, min(MOST, len(before))) for before in axes.values()])
    for panel, (axis, before) in zip(panels, axes.items(), strict=True):
        names = (sorted(before) if axis == "difficulty" else list(before))[:MOST]
        left = len(before) - len(names)
        panel.barh(names, [before[name] for name in names], color=BEFORE if is_balanced else AFTER, label="before")
        if is_balanced:
            panel.barh(names, [margins["after"][axis].get(name, 0) for name in names], 0.5, color=AFTER, label="after")
        panel.invert_yaxis()
        panel.set_title(f"by {axis}" + (f" ({left} more)" if left else ""), loc="left", fontsize=10)
        panel.margins(y=0.02)
    if is_balanced:
        handles = panels[0].get_legend_handles_labels()
        figure.legend(*handles, loc="outside upper right", ncols=2, fontsize=9, frameon=False)
    panels[-1].set_xlabel("questions")
    _save(figure, path)


def _draw_lengths(lengths: Mapping[str, Mapping[int, int]], path: Path) -> None:
    """Draw a histogram for each length, up to its 99th percentile."""
    figure, panels = _figure([4] * len(lengths))
    for panel, (name, counts) in zip(panels, lengths.items(), strict=True):
        low, most = min(counts), quantile(counts, 0.99)
        bins = [edge - 0.5 for edge in range(low, most + 2)] if most - low < 40 else 40
        values = [value for value in counts if value <= most]
        panel.hist(values, bins=bins, weights=[counts[value] for value in values], color=AFTER, rwidth=0.92)
        median = quantile(counts, 0.5)
        panel.axvline(median, color=MEDIAN, linewidth=1.2)
        beyond = f"; 1 % longer, up to {max(counts):,}, not shown" if max(counts) > most else ""
        panel.set_title(f"{name}: median {median:,}{beyond}", loc="left", fontsize=10)
    _save(figure, path)


def _draw_drops(drops: Sequence[tuple[str, int]], path: Path) -> None:
    figure, panels = _figure([max(2, len(drops))])
    panels[0].barh([name for name, _ in drops], [count for _, count in drops], color=AFTER)
    panels[0].invert_yaxis()
    panels[0].set_xscale("log")
    panels[0].set_xlabel("rows (logarithmic)")
    _save(figure, path)


def _figure(heights: Sequence[int]) -> tuple[Figure, list[Axes]]:
    """Return a figure with a panel for each height, one above the other; a height is about that of one bar."""
    figures = import_extra("matplotlib.figure", "data")
    figure = figures.Figure(figsize=(8, 0.24 * sum(heights) + 0.7 * len(heights)), layout="constrained")
    panels = figure.subplots(len(heights), 1, squeeze=False, gridspec_kw={"height_ratios": list(heights)})[:, 0]
    for panel in panels:
        panel.spines[["top", "right"]].set_visible(False)
        panel.tick_params(labelsize=8)
    return figure, list(panels)


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=110, metadata={"Software": None})
