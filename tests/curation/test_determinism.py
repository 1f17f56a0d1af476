from __future__ import annotations

import pytest

from codereasoner.curation.determinism import second_job, second_reason
from codereasoner.execution.pool import Pool
from codereasoner.records import Job


@pytest.fixture(scope="module")
def pools():  # type: ignore[no-untyped-def]
    with (
        Pool(workers=1, allow_weak_isolation=True) as pool,
        Pool(workers=1, allow_weak_isolation=True, hash_seed=1) as again,
    ):
        yield pool, again


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("return sorted(set(x))", None),
        ("return set(x)", None),
        ("return ''.join(set(x))", "not deterministic"),
        ("print(set(x))\n    return len(x)", "not deterministic"),
        ("n = 0\n    for c in set(x):\n        n += 1\n    return n", "steps not deterministic"),
        ("return [float('nan')]", "assertion fails"),
        ("return hash(x) > 0 or len({}[hash(x)])", "not deterministic"),
    ],
)
def test_what_another_hash_seed_changes_is_found(pools, body: str, why: str | None) -> None:  # type: ignore[no-untyped-def]
    pool, again = pools
    call = "'abcdefghij'"
    (run,) = pool.run([Job(f"def f(x):\n    {body}", "f", call, "trace")])
    if run.outcome == "ok":
        (second,) = again.run([second_job(run)])
        assert second_reason(run, second) == why
    else:
        assert why == "not deterministic"
