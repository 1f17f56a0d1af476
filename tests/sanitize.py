"""Build the extension in C with AddressSanitizer and UndefinedBehaviorSanitizer, and run its tests or the fuzzer.

`make sanitize` and `make fuzz SECONDS=600` do so. The extension is built in `build/sanitized`; gcc's runtime library is
loaded before Python, and Python takes its memory from malloc, where the sanitizer sees it. The exit status is 1 when
anything is reported. As a plugin of pytest, this module makes the tests use that build.
"""

from __future__ import annotations

import _imp
import argparse
import os
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

ROOT = Path(__file__).parents[1]
NATIVE = ROOT / "src/codereasoner/execution/native"
PLACE = ROOT / "build/sanitized/_trace.so"
NAME = "codereasoner.execution._trace"
MARK = "CODEREASONER_SANITIZED"
TESTS = ("test_arguments.py", "test_decode.py", "test_fork_job.py", "test_run_job.py")
FLAGS = [
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
    "-fno-omit-frame-pointer",
    "-g",
    "-O1",
    "-fPIC",
    "-shared",
]
OPTIONS = {
    "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1",  # Python itself does not free what it has at its end
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "PYTHONMALLOC": "malloc",
}


def main() -> int:
    """Build, then run what was asked for under the sanitizers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fuzz", type=int, metavar="SECONDS", help="run the fuzzer instead of the tests")
    options = parser.parse_args()
    build()
    if options.fuzz is not None:
        return run("-m", "tests.sanitize", str(options.fuzz))
    status = run(
        "-m", "pytest", "-q", "-p", "tests.sanitize", *[str(ROOT / "tests/execution" / name) for name in TESTS]
    )
    # a script: `-m` calls it from C, which costs the programs of the reference tracer a level of recursion
    return status or run("-W", "ignore", str(ROOT / "tests/execution/both_tracers.py"), str(PLACE))


def build() -> None:
    """Compile the extension with both sanitizers."""
    include = subprocess.run(
        [sys.executable, "-c", "import sysconfig; print(sysconfig.get_path('include'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    PLACE.parent.mkdir(parents=True, exist_ok=True)
    sources = [str(path) for path in sorted(NATIVE.glob("*.c"))]
    subprocess.run(["gcc", *FLAGS, f"-I{include}", "-o", str(PLACE), *sources], check=True)


def run(*words: str) -> int:
    """Run this Python with the sanitizers' library; give its exit status."""
    library = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True).stdout
    environment = {**os.environ, **OPTIONS, "LD_PRELOAD": library.strip(), MARK: str(PLACE)}
    environment["PYTHONPATH"] = f"{ROOT / 'src'}:{ROOT}"
    return subprocess.run([sys.executable, *words], env=environment, cwd=ROOT, check=False).returncode


def use_it() -> None:
    """Make the sanitized build the extension of this process, before anything imports the ordinary one."""
    assert NAME not in sys.modules
    sys.modules[NAME] = _imp.create_dynamic(ModuleSpec(NAME, None, origin=os.environ[MARK]))


def fuzz_readers(seconds: float) -> int:
    """Fuzz for so long; say how much was tried."""
    from tests.fuzz import fuzz

    count, size = fuzz(seconds)
    print(f"{count} inputs, {size} bytes in {seconds:g} s: the readers of answers in C and in Python agree on all")
    return 0


if MARK in os.environ:
    use_it()
if __name__ == "__main__":
    if MARK not in os.environ:
        raise SystemExit(main())
    raise SystemExit(fuzz_readers(float(sys.argv[1])))
