"""Progress of a stage while it works, and its counts at the end."""

from pathlib import Path

from codereasoner.extend import Progress
from codereasoner.ledger import read_manifest
from codereasoner.parquet_files import Row


def counts(out: Path) -> Row:
    """Return the counts in the manifest of an output: kept, dropped, and `drops` by reason."""
    manifest = read_manifest(out) or {}
    return {**manifest.get("counts", {}), "drops": manifest.get("drops", {})}


def tell(progress: Progress, done: int, total: int, what: str, every: int = 50) -> None:
    """Report progress, every 50 rows and at the end."""
    if done % every == 0 or done == total:
        of_all = f" of {total:,}" if total else ""
        progress(min(1.0, done / total) if total else 0.0, f"{done:,}{of_all} {what}")
