"""The stages of a run: each shows its progress, and its seconds are kept in stages.json."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from codereasoner.extend import Progress
from codereasoner.jsonl_files import numbers_in
from codereasoner.ledger import write_whole

Bar = Callable[[str], AbstractContextManager[Progress]]
"""Shows the progress of a stage with this title."""


class StageClock:
    """Times stages, also those that are stopped."""

    def __init__(self, folder: Path, bar: Bar) -> None:
        self.path = folder / "stages.json"
        self.bar = bar

    @contextmanager
    def __call__(self, name: str) -> Iterator[Progress]:
        """Show a stage and add its seconds."""
        began = time.monotonic()
        try:
            with self.bar(name) as progress:
                yield progress
        finally:
            self.add({name: time.monotonic() - began})

    def add(self, more: Mapping[str, float]) -> None:
        """Add seconds to those of stages."""
        seconds = self.seconds()
        seconds |= {name: round(seconds.get(name, 0.0) + value, 2) for name, value in more.items()}
        write_whole(self.path, json.dumps(seconds, indent=1) + "\n")

    def seconds(self) -> dict[str, float]:
        """Return the seconds that each stage has taken so far."""
        return numbers_in(self.path) if self.path.is_file() else {}
