"""Programs that import a large library have workers of their own."""

from __future__ import annotations

from codereasoner.execution.pool import Pool
from codereasoner.execution.routing import Router
from codereasoner.records import Job

PLAIN = "def f():\n    return 'import torch'\n"


def test_the_second_pool_is_opened_by_the_first_program_that_needs_it(pool: Pool) -> None:
    opened: list[Pool] = []

    def second() -> Pool:
        opened.append(Pool(workers=1, preload=["colorsys"], allow_weak_isolation=True))
        return opened[0]

    wanting = "import colorsys\n\ndef f():\n    return colorsys.rgb_to_hsv(0, 0, 0)\n"
    with Router(pool, ["colorsys"], second) as router:
        assert router.run([Job(PLAIN, "f", "")])[0].value == "'import torch'"
        assert not opened
        runs = router.run([Job(wanting, "f", ""), Job(PLAIN, "f", ""), Job(wanting, "f", "")])
    assert [run.value for run in runs] == ["(0.0, 0.0, 0)", "'import torch'", "(0.0, 0.0, 0)"]
    assert len(opened) == 1
