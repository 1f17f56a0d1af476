"""Run the tests that need no torch on every Python of this machine, with the extension in C and without it.

`make test-pythons` does so. An interpreter is looked for on PATH, below pyenv's root and in `$CODEREASONER_PYTHONS`, a
list separated by colons. Each gets a copy of the checkout and an environment in `.venv-pythons/VERSION`, which one run
at a time may use. The exit status is 1 when a test fails, an environment cannot be made or the extension cannot be
built anywhere.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
HOME = ROOT / ".venv-pythons"
WANTED = ("3.11", "3.12", "3.13", "3.14")
EXTRAS = "eval,data,inspect,dev"
SAYS = "import platform, sys; print(platform.python_version(), sys.implementation.name)"
COUNTS = ("passed", "failed", "errors", "skipped")


def main() -> int:
    """Test every interpreter in both states; print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("versions", nargs="*", help="versions such as 3.13 (default: all that this machine has)")
    parser.add_argument("--only", choices=["built", "plain"], help="the extension built, or not built (default: both)")
    parser.add_argument("--tests", default="-n 2 --dist loadfile", help="arguments of pytest (default: %(default)s)")
    options = parser.parse_args()
    found = interpreters()
    wanted = options.versions or [version for version in WANTED if version in found]
    states = [options.only] if options.only else ["built", "plain"]
    rows = []
    for version in wanted:
        if version in found:
            rows += list(tested(version, found[version], states, options.tests))
        else:
            rows.append((version, "", "there is no such interpreter here", False))
    for version in sorted(set(WANTED) - set(found) - set(wanted)):
        print(f"Python {version}: there is no such interpreter here; name one in $CODEREASONER_PYTHONS")
    print("\n| Python | extension | tests |\n| --- | --- | --- |")
    for version, state, text, _ in rows:
        print(f"| {version} | {state} | {text} |")
    return 0 if rows and all(good for *_, good in rows) else 1


def interpreters() -> dict[str, tuple[str, str]]:
    """Find the newest interpreter of each minor version: its full version and its path."""
    named = [word for word in os.environ.get("CODEREASONER_PYTHONS", "").split(os.pathsep) if word]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    places = [*named, *map(str, pyenv.glob("versions/*/bin/python"))]
    places += [place for version in WANTED if (place := shutil.which(f"python{version}"))]
    found: dict[str, tuple[str, str]] = {}
    for place in places:
        version = version_of(place)
        if not version and place in named:
            raise SystemExit(f"$CODEREASONER_PYTHONS: {place} does not start, or is no CPython {', '.join(WANTED)}")
        minor = ".".join(version.split(".")[:2])
        if version and (
            minor not in found or (found[minor][1] not in named and release(version) > release(found[minor][0]))
        ):
            found[minor] = (version, place)
    return found


def version_of(place: str) -> str:
    """Return the full version of an interpreter; "" if it does not start or is none of those wanted."""
    try:
        done = subprocess.run([place, "-I", "-c", SAYS], capture_output=True, text=True, timeout=60)
    except OSError:
        return ""
    version, _, implementation = done.stdout.strip().partition(" ")
    wanted = implementation == "cpython" and version.startswith(tuple(f"{minor}." for minor in WANTED))
    return version if wanted else ""


def release(version: str) -> tuple[int, ...]:
    """Compare versions as numbers: 3.13.10 is newer than 3.13.9."""
    return tuple(map(int, re.findall(r"\d+", version)))


def tested(
    minor: str, python: tuple[str, str], states: Sequence[str], arguments: str
) -> Iterator[tuple[str, str, str, bool]]:
    """Test one interpreter in these states: its version, the state, the counts and whether all is well."""
    (HOME / minor).mkdir(parents=True, exist_ok=True)
    with open(HOME / minor / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield python[0], "", f"another run is using {HOME / minor}", False
            return
        yield from tested_alone(minor, python, states, arguments)


def tested_alone(
    minor: str, python: tuple[str, str], states: Sequence[str], arguments: str
) -> Iterator[tuple[str, str, str, bool]]:
    """Do the same in a folder that no other run uses."""
    version, place = python
    tree, environment = HOME / minor / "tree", HOME / minor / "env"
    inside = environment / "bin" / "python"
    print(f"\n== Python {version}: {place}", flush=True)
    copy(tree)
    pip = [sys.executable, "-m", "pip", "--python", str(inside), "install", "--quiet", "--quiet"]
    pip += ["--constraint", str(ROOT / "constraints.txt"), "--editable", f"{tree}[{EXTRAS}]", "pip"]
    steps = [[place, "-m", "venv", "--without-pip", "--clear", str(environment)], pip]
    if any(subprocess.run(step).returncode for step in steps):
        yield version, "", "its environment cannot be made", False
        return
    for state in states:
        extensions = list(tree.glob("src/codereasoner/execution/_trace.*.so"))
        if state == "built" and not extensions:
            yield version, state, "the extension cannot be built", False
            continue
        for extension in extensions if state == "plain" else []:
            extension.unlink()
        text, good = run(inside, tree, arguments)
        yield version, state, text, good


def copy(tree: Path) -> None:
    """Copy what git would commit, or all of an unpacked sdist, so that no build of another Python is in the way."""
    shutil.rmtree(tree, ignore_errors=True)
    words = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(words, capture_output=True, text=True) if (ROOT / ".git").exists() else None
    if listed is None:
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".*", "build", "dist", "*.so", "__pycache__"))
        return
    for name in listed.stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)


def run(python: Path, tree: Path, arguments: str) -> tuple[str, bool]:
    """Run the tests in the copy; return the counts of its last line and whether nothing failed."""
    data = os.environ.get("CODEREASONER_DATA") or str(ROOT.parent / "shared" / "data")
    environment = {**os.environ, "CODEREASONER_DATA": data} if Path(data).is_dir() else dict(os.environ)
    words = [str(python), "-m", "pytest", "-p", "no:cacheprovider", "--tb=short", *shlex.split(arguments)]
    last = ""
    with subprocess.Popen(words, cwd=tree, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            last = line if re.search(r"\d+ (passed|failed|error)", line) else last
    counts = ", ".join(
        f"{number} {name}" for name in COUNTS for number in re.findall(rf"(\d+) {name.rstrip('s')}s?\b", last)
    )
    return counts or f"pytest ended with status {process.returncode}", process.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
