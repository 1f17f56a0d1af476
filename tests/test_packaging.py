"""The package as an index would hold it: an sdist that can be tested, and a wheel that works on its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.pythons import ROOT, copy

from codereasoner import __version__, errors
from codereasoner.benchmarks.loading import load_benchmark
from codereasoner.cli import app
from codereasoner.errors import MissingExtra, check_extra, import_extra, install_hint

BUILD = "import sys, setuptools.build_meta as backend; print(getattr(backend, sys.argv[1])(sys.argv[2]))"
OWN = {".ci", ".github", ".gitignore"}
"""What is of use in a repository only."""


def build(kind: str, folder: Path) -> Path:
    """Build an sdist or a wheel from a copy of the checkout, where nothing else was built."""
    copy(folder / "tree")
    words = [sys.executable, "-W", "ignore", "-c", BUILD, f"build_{kind}", str(folder)]
    done = subprocess.run(words, cwd=folder / "tree", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder / done.stdout.splitlines()[-1]


def test_an_sdist_holds_all_that_the_tests_need(tmp_path: Path) -> None:
    with tarfile.open(build("sdist", tmp_path)) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    tree = tmp_path / "tree"
    wanted = {
        path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file() and "egg-info" not in str(path)
    }
    assert {name for name in wanted - held if name.split("/")[0] not in OWN} == set()


def test_a_missing_extra_is_installed_from_where_the_package_came_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = tmp_path / "checkout"
    module = checkout / "src" / "codereasoner" / "errors.py"
    monkeypatch.setattr(errors, "__file__", str(module))
    assert install_hint("train") == "pip install 'codereasoner[train]'"
    module.parent.mkdir(parents=True)
    (checkout / "pyproject.toml").write_text("")
    assert install_hint("train") == f"pip install -e '{checkout}[train]'"
    monkeypatch.chdir(checkout)
    with pytest.raises(MissingExtra, match=r"package 'nosuch', which is not installed: pip install -e '\.\[train\]'"):
        import_extra("nosuch", "train")
    with pytest.raises(MissingExtra, match=r"package 'nosuch', which is not installed: pip install -e '\.\[train\]'"):
        check_extra("nosuch", "train")


def test_without_the_client_of_the_hub_the_other_places_of_the_data_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CODEREASONER_DATA", raising=False)
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingExtra, match=r"cruxeval-o is on the Hub, and .*\[eval\].*; or give --data PATH, or set"):
        load_benchmark("cruxeval-o")


def test_the_command_says_the_one_version_there_is() -> None:
    assert CliRunner().invoke(app, ["--version"]).stdout == f"codereasoner, version {__version__}\n"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def empty(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of an environment in which nothing but the wheel was asked for."""
    place = tmp_path_factory.mktemp("empty")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(place / "bin" / "python"), "install", "-qq"]
    subprocess.run([*pip, "--constraint", str(ROOT / "constraints.txt"), str(wheel)], check=True)
    return place / "bin"


def said(bin_: Path, folder: Path, *words: str, code: int = 0) -> str:
    """What a command of the environment says in an empty folder."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    words = (str(bin_ / "codereasoner"), *words)
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_every_command_of_a_wheel_in_an_empty_environment_gives_its_help(empty: Path, tmp_path: Path) -> None:
    assert said(empty, tmp_path, "--version") == f"codereasoner, version {__version__}\n"
    for name in app.list_commands(app.make_context("codereasoner", ["list"], resilient_parsing=True)):
        assert "Usage: codereasoner" in said(empty, tmp_path, name, "--help"), name


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_wheel_traces_into_parquet_and_finds_its_presets(empty: Path, tmp_path: Path) -> None:
    config = said(empty, tmp_path, "list", "--path", "verl/grpo-7b").strip()
    assert Path(config).is_file()
    assert empty.parent in Path(config).parents
    said(empty, tmp_path, "programs", "--train", "5", "--workers", "1")
    said(
        empty, tmp_path, "trace", "programs.jsonl", "--out", "runs.parquet", "--allow-weak-isolation", "--workers", "1"
    )
    assert (tmp_path / "runs.parquet").read_bytes().startswith(b"PAR1")
    told = said(empty, tmp_path, "sft", "rows.jsonl", "--preset", "sft-scratch", "--model", "scratch:0.3m", code=2)
    assert "pip install 'codereasoner[train]'" in told


@pytest.mark.slow
def test_a_wheel_holds_the_extension_where_there_is_a_compiler(wheel: Path) -> None:
    built = any((ROOT / "src" / "codereasoner" / "execution").glob("_trace*.so"))
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert any(name.startswith("codereasoner/execution/_trace") for name in names) or not built
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/"))]
