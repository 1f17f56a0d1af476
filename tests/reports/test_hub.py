"""A finished data set goes to the Hub whole, and nothing else does."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from codereasoner.errors import ConfigError, DataError
from codereasoner.reports.hub import files_to_push, push

pytest.importorskip("huggingface_hub")


class FakeHub:
    """The two calls of HfApi that are made, remembered."""

    def __init__(self, refuses: Exception | None = None) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.refuses = refuses

    def create_repo(self, repo_id: str, **options: Any) -> None:
        if self.refuses:
            raise self.refuses
        self.calls.append((repo_id, options))

    def upload_folder(self, **options: Any) -> SimpleNamespace:
        self.calls.append(("upload", options))
        return SimpleNamespace(commit_url="https://hub/commit/1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plots").mkdir()
    for name in ("README.md", "sft.parquet", "grpo.parquet", "sft.parquet.manifest.json", "plots/balance-train.png"):
        (tmp_path / name).write_text("x")
    for name in ("runs.parquet.part", "secret.txt"):
        (tmp_path / name).write_text("x")
    return tmp_path


def test_rows_card_plots_and_manifests_are_uploaded_and_nothing_else(folder: Path) -> None:
    hub = FakeHub()
    assert push(folder, "someone/set", api=hub) == "https://hub/commit/1"
    (name, made), (_, sent) = hub.calls
    assert (name, made) == ("someone/set", {"repo_type": "dataset", "private": True, "exist_ok": True})
    assert sent["allow_patterns"] == [
        "README.md",
        "grpo.parquet",
        "plots/balance-train.png",
        "sft.parquet",
        "sft.parquet.manifest.json",
    ]
    assert (sent["repo_id"], sent["repo_type"], sent["folder_path"]) == ("someone/set", "dataset", str(folder))


def test_a_public_set_is_asked_for(folder: Path) -> None:
    hub = FakeHub()
    push(folder, "someone/set", public=True, api=hub)
    assert hub.calls[0][1]["private"] is False


def test_an_unfinished_set_or_a_name_that_is_none_is_refused_before_the_hub_is_asked(folder: Path) -> None:
    hub = FakeHub()
    with pytest.raises(ConfigError, match="OWNER/NAME, not 'set'"):
        push(folder, "set", api=hub)
    (folder / "sft.parquet").unlink()
    with pytest.raises(DataError, match=r"has no sft\.parquet: build the data set first"):
        push(folder, "someone/set", api=hub)
    assert hub.calls == []


def test_what_the_hub_refuses_is_one_sentence(folder: Path) -> None:
    with pytest.raises(DataError, match="the Hub did not take someone/set: no network"):
        push(folder, "someone/set", api=FakeHub(OSError("no\nnetwork")))


def test_the_files_are_listed_without_asking_the_hub(folder: Path) -> None:
    assert [path.name for path in files_to_push(folder)][:2] == ["README.md", "grpo.parquet"]
