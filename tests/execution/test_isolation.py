"""What a program finds when it looks around, at each level."""

from __future__ import annotations

import os
import platform
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from codereasoner.execution import syscalls
from codereasoner.execution.pool import Level, Pool
from codereasoner.literals import read
from codereasoner.records import Job

DESCRIPTORS = """
        found = []
        for number in range(64):
            try:
                found.append(os.fstat(number).st_mode & 0o170000)
            except OSError:
                pass
"""
LIBC = "__import__('ctypes').CDLL(None, use_errno=True)"


@pytest.fixture(scope="module")
def best(level_a: None) -> Iterator[Pool]:
    with Pool(workers=1) as pool:
        yield pool


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A folder that others may read: at level B the programs of root run as nobody."""
    with TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.mark.parametrize("level", ["A", "B"])
def test_a_given_file_and_folder_are_read_and_nothing_is_written_there(
    level: Level, level_a: None, level_b: None, open_path: Path
) -> None:
    (open_path / "folder").mkdir()
    (open_path / "secret").write_text("x")
    (open_path / "file").write_text("3")
    (open_path / "folder/inside").write_text("4")
    files = [f"{open_path}/file", f"{open_path}/folder"]
    with Pool(workers=1, level=level, allow_weak_isolation=True, files=files) as pool:
        found = [look(pool, f"open('{open_path}/{name}').read()") for name in ("file", "folder/inside", "secret")]
        assert found[:2] == ["3", "4"]
        assert found[2] in ("FileNotFoundError", "PermissionError")
        for wrong in ("open('{}/file', 'w')", "open('{}/folder/new', 'w')", "os.unlink('{}/file')"):
            assert str(look(pool, "1", wrong.format(open_path))).endswith("Error")


@pytest.fixture(scope="module")
def landlocked(level_b: None) -> Iterator[Pool]:
    with Pool(workers=1, level="B", allow_weak_isolation=True) as pool:
        yield pool


def look(pool: Pool, expression: str, statements: str = "pass") -> object:
    """The value of an expression in a program; the exception's name where it has none."""
    lines = ["import os", "def f():", "    try:", f"        {statements}", f"        return {expression}"]
    source = "\n".join([*lines, "    except Exception as e:", "        return type(e).__name__"])
    run = pool.run([Job(source, "f", "")])[0]
    assert run.outcome == "ok", run
    assert run.value is not None, run
    return read(run.value)


def inside(pool: Pool) -> str:
    """What /proc says of the worker, seen from outside."""
    outside = pool._supervisor._workers[0].process.pid
    child = Path(f"/proc/{outside}/task/{outside}/children").read_text().split()[0]
    return Path(f"/proc/{child}/status").read_text()


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "/proc/self/maps", "/proc/1/environ", "/dev/mem", "/sys/kernel", "/home", "/var", "/tmp"]
)
def test_the_rest_of_the_machine_is_not_there(best: Pool, path: str) -> None:
    if any(Path(shown).is_relative_to(path) for shown in (sys.prefix, sys.base_prefix, __file__)):
        pytest.skip(f"{path} leads to the interpreter or to this package, which programs may see")
    assert look(best, f"os.stat({path!r}).st_size") == "FileNotFoundError"


def test_nothing_of_ours_is_there(best: Pool) -> None:
    assert look(best, f"os.path.exists({str(Path(__file__).parents[2] / 'src')!r})") is False


def test_no_installed_package_is_there(best: Pool) -> None:
    assert look(best, "numpy.__name__", "import numpy") == "ModuleNotFoundError"


def test_the_standard_library_is_there(best: Pool) -> None:
    modules = "decimal, json, sqlite3, zlib, lzma, bz2, ssl, ctypes, asyncio, zoneinfo, unittest"
    assert look(best, "1", f"import {modules}") == 1


def test_an_event_loop_works(best: Pool) -> None:
    assert look(best, "asyncio.run(asyncio.sleep(0, 3))", "import asyncio") == 3


@pytest.mark.parametrize(
    "path", ["/x", "/tmp/written", "/usr/lib/x", os.path.join(os.path.dirname(os.__file__), "x.py")]
)
def test_nothing_can_be_written(best: Pool, landlocked: Pool, path: str) -> None:
    for pool in (best, landlocked):
        assert look(pool, f"open({path!r}, 'w')") in ("PermissionError", "FileNotFoundError", "OSError")
        assert look(pool, f"os.mkdir({path!r})") in ("PermissionError", "FileNotFoundError", "OSError")
    assert not os.path.exists(path)


@pytest.mark.parametrize("path", ["/etc/passwd", "/proc/self/environ", "/proc/1/cmdline", __file__])
def test_level_b_reads_nothing_but_the_interpreter(landlocked: Pool, path: str) -> None:
    assert look(landlocked, f"len(open({path!r}).read())") == "PermissionError"


def test_the_environment_is_empty(best: Pool) -> None:
    assert look(best, "dict(os.environ)") == {}
    assert look(best, "os.environb.get(b'PATH')") is None


def test_the_program_is_nobody_and_has_no_privilege(best: Pool) -> None:
    assert look(best, "os.getuid() != 0 and os.geteuid() != 0 and 0 not in os.getgroups()") is True
    assert look(best, f"{LIBC}.setuid(0)") == -1
    status = inside(best)
    for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb"):
        assert f"Cap{kind}:\t{0:016x}" in status


@pytest.mark.parametrize(
    "call",
    [
        "unshare(0x10000000)",
        "ptrace(0, 0, 0, 0)",
        "mount(b'none', b'/', b'tmpfs', 0, 0)",
        "chroot(b'/')",
        "umount2(b'/', 2)",
        "syscall(321, 0, 0, 0)",
        "syscall(425, 1, 0)",
        "syscall(298, 0, 0, 0, 0, 0)",
        "personality(0)",
        "prctl(15, b'x')",
        "sethostname(b'x', 1)",
        "memfd_create(b'x', 0)",
        "socket(2, 1, 0)",
        "socket(16, 3, 0)",
        "setns(0, 0)",
        "syscall(250, 0, 0)",
    ],
)
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers are those of x86_64")
def test_calls_that_are_not_listed_are_refused(best: Pool, landlocked: Pool, call: str) -> None:
    for pool in (best, landlocked):
        assert look(pool, f"{LIBC}.{call}") == -1


def test_no_process_outside_can_be_reached(best: Pool, landlocked: Pool) -> None:
    with subprocess.Popen(["sleep", "60"]) as other:
        for pid in (other.pid, os.getpid(), os.getppid()):
            for pool in (best, landlocked):
                assert look(pool, f"os.kill({pid}, 9)") in ("ProcessLookupError", "PermissionError")
        assert other.poll() is None
        other.kill()


def test_loopback_can_not_be_reached(best: Pool) -> None:
    assert look(best, "socket.create_connection(('127.0.0.1', 80))", "import socket") == "PermissionError"


def test_the_host_has_another_name(best: Pool) -> None:
    assert look(best, "os.uname().nodename") == "worker"


def test_no_descriptor_is_inherited(best: Pool) -> None:
    reader, writer = os.pipe()
    os.set_inheritable(reader, True)
    try:
        with Pool(workers=1) as pool:
            value = look(pool, "found", DESCRIPTORS)
    finally:
        os.close(reader)
        os.close(writer)
    assert isinstance(value, list)
    assert set(value) <= {0o010000, 0o020000}  # pipes of the worker, and /dev/null
    assert len(value) <= 12


def test_addresses_hashes_and_time_zone_are_the_same_in_every_worker(best: Pool) -> None:
    expression = "(id(int), id(len), hash('a'), hash(b'b'), time.tzname)"
    with Pool(workers=1) as other:
        assert look(best, expression, "import time") == look(other, expression, "import time")


def test_a_worker_holds_less_than_6_5_mb_of_its_own(best: Pool) -> None:
    """A fork copies the memory of its own (5.9 MB on 3.11, 6.2 on 3.14); pages of the interpreter's files it shares."""
    status = inside(best)
    assert int(status.partition("RssAnon:")[2].split()[0]) < 6.5 * 1024
    assert "Seccomp:\t2" in status
    assert "NoNewPrivs:\t1" in status


def test_a_user_who_keeps_files_private_has_the_same_level(level_a: None) -> None:
    before = os.umask(0o077)
    try:
        with Pool(workers=1, allow_weak_isolation=True) as pool:
            assert pool.level == "A"
    finally:
        os.umask(before)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_has_the_same_level(level_a: None, tmp_path: Path) -> None:
    package = Path(__file__).parents[2] / "src"
    code = "from codereasoner.execution.pool import Pool\nwith Pool(workers=1) as pool: print(pool.level)"
    for python in ("/usr/bin/python3.11", "/usr/bin/python3.12", "/usr/bin/python3.13", sys.executable):
        done = (
            subprocess.run(
                [python, "-B", "-c", code],
                env={"PYTHONPATH": str(package)},
                user=1000,
                group=1000,
                extra_groups=[],
                capture_output=True,
                text=True,
                check=False,
                cwd="/",
            )
            if os.path.exists(python)
            else None
        )
        if done is not None and "Permission denied" not in done.stderr and "No module named" not in done.stderr:
            assert done.stdout == "A\n", done.stderr
            return
    pytest.skip("an ordinary user can read no interpreter, or not this package")


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_ends_every_path_in_a_verdict(machine: str) -> None:
    program = syscalls.program(machine)
    words = [struct.unpack_from("=HBBI", program, place) for place in range(0, len(program), 8)]
    assert len(words) < 4096
    for place, (code, true, false, _) in enumerate(words):
        assert code in (0x20, 0x15, 0x45, 0x06)
        if code != 0x06:
            assert place + 1 + max(true, false) < len(words)


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_no_call_that_reaches_outside_is_listed(machine: str) -> None:
    forbidden = {
        "socket",
        "connect",
        "ptrace",
        "mount",
        "unshare",
        "setns",
        "bpf",
        "prctl",
        "unlink",
        "rename",
        "chroot",
    }
    assert not forbidden & set(syscalls.numbers(machine))
