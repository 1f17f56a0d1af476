"""What a stage says while it works, and what it has counted in the end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from codereasoner.extend import Progress
from codereasoner.ledger import read_manifest


def counts(out: Path) -> dict[str, Any]:
    """What the manifest of an output counts: kept, dropped, and the reasons."""
    manifest = read_manifest(out) or {}
    return {**manifest.get("counts", {}), "drops": manifest.get("drops", {})}


def tell(progress: Progress, done: int, total: int, what: str, every: int = 50) -> None:
    """Report to whom it concerns, every so many rows and at the end."""
    if done % every == 0 or done == total:
        progress(done / max(total, 1), f"{done:,} of {total:,} {what}")
