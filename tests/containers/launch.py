"""Run a command in a container made by hand, as Docker would make it: `python launch.py '{"user": 1000}' COMMAND ...`.

The container has a root of its own with the interpreter and this checkout, no network, its own processes, Docker's
default capabilities, and the calls that Docker's default seccomp profile forbids without further capabilities. Needs
root, and util-linux's unshare and mount. Whatever happens inside, no more than MOST_PROCESSES exist and no more than
MOST_MEMORY is used: a control group says so where one can be made, and else a watchdog that ends the container.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

MOST_PROCESSES, MOST_MEMORY = 200, 3 << 30
ROOT = Path(__file__).parents[2]
CGROUPS = Path("/sys/fs/cgroup")
FILES = {  # of versions 2 and 1
    "pids": ("pids.max", "pids.max"),
    "memory": ("memory.max", "memory.limit_in_bytes"),
    "cpu": ("cpu.max", "cpu.cfs_quota_us"),
}
PERIOD = 100_000  # microseconds of which a quota of CPU time is part, unless one says otherwise
DOCKER = (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31)  # capabilities(7): CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL,
# SETGID, SETUID, SETPCAP, NET_BIND_SERVICE, NET_RAW, SYS_CHROOT, MKNOD, AUDIT_WRITE, SETFCAP
DEVICES = ("null", "zero", "full", "random", "urandom")
CALLS = {  # what Docker's default profile forbids to a container without CAP_SYS_ADMIN and its like
    "x86_64": {
        "clone": 56, "clone3": 435, "unshare": 272, "setns": 308, "mount": 165, "umount2": 166, "pivot_root": 155,
        "add_key": 248, "request_key": 249, "keyctl": 250, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323,
        "io_uring_setup": 425, "open_tree": 428, "move_mount": 429, "fsopen": 430, "mount_setattr": 442,
        "init_module": 175, "reboot": 169, "sethostname": 170, "settimeofday": 164, "swapon": 167, "acct": 163,
    },
    "aarch64": {
        "clone": 220, "clone3": 435, "unshare": 97, "setns": 268, "mount": 40, "umount2": 39, "pivot_root": 41,
        "add_key": 217, "request_key": 218, "keyctl": 219, "bpf": 280, "perf_event_open": 241, "userfaultfd": 282,
        "io_uring_setup": 425, "open_tree": 428, "move_mount": 429, "fsopen": 430, "mount_setattr": 442,
        "init_module": 105, "reboot": 142, "sethostname": 161, "settimeofday": 170, "swapon": 224, "acct": 89,
    },
}  # fmt: skip
NESTING = ("unshare", "mount", "umount2", "pivot_root", "open_tree", "move_mount", "fsopen", "mount_setattr", "keyctl")
NO_CALL = 0xFFFF
LOAD, EQUAL, ANY_BIT, RETURN, ALLOW, EPERM, ENOSYS = 0x20, 0x15, 0x45, 0x06, 0x7FFF0000, 0x50001, 0x50026


@dataclass(frozen=True)
class Profile:
    """One kind of container; the defaults are Docker's."""

    user: int = 0
    capabilities: tuple[int, ...] = DOCKER
    seccomp: str = "docker"  # whose default profile: docker's, podman's, or "" for none
    new_privileges: bool = True
    read_only: bool = False  # with no /tmp either
    nofile: int = 1024
    nproc: int = 0  # 0: no limit
    pids: int = 0
    memory: int = 0  # bytes
    cpus: float = 0  # as of `docker --cpus`


def launch(profile: Profile, command: list[str], seconds: float) -> subprocess.CompletedProcess[str]:
    """Run a command in such a container; it is ended after these seconds.

    Raises:
        OSError: this machine does not let us make one; the message says why.
    """
    if os.geteuid() != 0:
        raise OSError("only root can make a container by hand")
    if missing := [name for name in ("unshare", "mount") if shutil.which(name) is None]:
        raise OSError(f"there is no {' and no '.join(missing)} here")
    groups = _groups(profile)
    words = ["unshare", "--mount", "--pid", "--fork", "--ipc", "--uts", "--net", "--cgroup", "--kill-child"]
    words += [sys.executable, "-B", __file__, json.dumps(asdict(profile)), ":".join(map(str, groups)), *command]
    try:
        with tempfile.TemporaryDirectory() as place:
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=place,
                preexec_fn=lambda: _enter(groups),
            )  # fmt: skip
            threading.Thread(target=_watch, args=(process,), daemon=True).start()
            try:
                out, errors = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                out, errors = process.communicate()
        if process.returncode == 99 or errors.startswith("unshare:"):
            raise OSError(f"a container cannot be made by hand here: {errors.strip()[-300:]}")
        return subprocess.CompletedProcess(words, process.returncode, out, errors)
    finally:
        for group in groups:
            _remove(group)


# ---- outside


def _groups(profile: Profile) -> list[Path]:
    """Control groups with the limits of the profile, or with ours where it has none."""
    found = []
    wanted = {"pids": profile.pids, "memory": profile.memory, "cpu": int(profile.cpus * PERIOD)}
    guards = {"pids": MOST_PROCESSES, "memory": MOST_MEMORY}
    for controller, most in (guards | {name: limit for name, limit in wanted.items() if limit}).items():
        newer, older = FILES[controller]
        second = (CGROUPS / "cgroup.controllers").exists()
        parent = CGROUPS if second else CGROUPS / controller
        group = parent / f"codereasoner-test-{os.getpid()}-{threading.get_ident()}"
        try:
            if second:
                (parent / "cgroup.subtree_control").write_text(f"+{controller}")
            group.mkdir(exist_ok=True)
            (group / (newer if second else older)).write_text(str(most))
            found.append(group)
        except OSError as error:
            if wanted[controller]:
                raise OSError(f"no control group for {controller} can be made here: {error}") from error
    return list(dict.fromkeys(found))


def _enter(groups: list[Path]) -> None:
    """Join the groups, and end with whoever waits for the container: PR_SET_PDEATHSIG of prctl(2)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
    for group in groups:
        (group / "cgroup.procs").write_text("0")


def _remove(group: Path) -> None:
    for _ in range(100):  # the last process may take a moment to go
        with suppress(OSError):
            group.rmdir()
            return
        time.sleep(0.02)


def _watch(process: subprocess.Popen[str]) -> None:
    """End the container where it has more processes than it may."""
    while process.poll() is None:
        with suppress(OSError, IndexError):
            first = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0]
            space = os.readlink(f"/proc/{first}/ns/pid")
            inside = [name for name in os.listdir("/proc") if name.isdigit() and _space(name) == space]
            if len(inside) > MOST_PROCESSES + 50:
                os.kill(int(first), signal.SIGKILL)
        time.sleep(0.2)


def _space(process: str) -> str:
    try:
        return os.readlink(f"/proc/{process}/ns/pid")
    except OSError:
        return ""


# ---- inside


def become(profile: Profile, groups: list[str], command: list[str]) -> NoReturn:
    """Turn this process, which has namespaces of its own already, into the first of the container."""
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        _build_root(profile, groups)
        if profile.nproc:
            resource.setrlimit(resource.RLIMIT_NPROC, (profile.nproc, profile.nproc))
        resource.setrlimit(resource.RLIMIT_NOFILE, (profile.nofile, profile.nofile))
        for number in range(64):
            if number not in profile.capabilities:
                libc.prctl(24, number, 0, 0, 0)
        if profile.user:
            os.setgroups([])
            os.setresgid(profile.user, profile.user, profile.user)
            os.setresuid(profile.user, profile.user, profile.user)
        if profile.seccomp:
            _filter(libc, profile.seccomp)  # before no new privileges, as runc does it for root
        if not profile.new_privileges:
            libc.prctl(38, 1, 0, 0, 0)
        environment = {"PATH": "/usr/bin:/bin", "HOME": "/", "PYTHONDONTWRITEBYTECODE": "1"}
        os.execve(command[0], command, environment)
    except (OSError, subprocess.CalledProcessError) as error:
        os.write(2, str(error).encode())
    os._exit(99)


def _build_root(profile: Profile, groups: list[str]) -> None:
    """A root with the system's programs, the interpreter, this checkout; /tmp unless it is read-only."""
    root = Path("root").absolute()
    root.mkdir()
    _mount("--make-rprivate", "/")
    _mount("-t", "tmpfs", "-o", "mode=755,size=64m", "tmpfs", str(root))
    shown = ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", sys.base_prefix, sys.prefix, str(ROOT)]
    shown += [path for path in sys.path if os.path.isdir(path)]
    for path in dict.fromkeys(map(os.path.abspath, shown)):
        _show(root, path)
    for name in ("proc", "sys", "dev"):
        (root / name).mkdir()
    for group in groups:  # as Docker shows a container its own
        place = root / os.path.dirname(group).lstrip("/")
        place.mkdir(parents=True)
        _mount("--bind", group, str(place))
        _mount("-o", "remount,bind,ro", str(place))
    _mount("-t", "proc", "proc", str(root / "proc"))
    _mount("-t", "tmpfs", "-o", "mode=755,size=64k", "tmpfs", str(root / "dev"))
    for name in DEVICES:
        (root / "dev" / name).touch()
        _mount("--bind", f"/dev/{name}", str(root / "dev" / name))
    if not profile.read_only:
        (root / "tmp").mkdir(mode=0o1777)
        _mount("-t", "tmpfs", "-o", "mode=1777,size=64m", "tmpfs", str(root / "tmp"))
    else:
        _mount("-o", "remount,bind,ro", str(root))
    os.chdir(root)
    old = ctypes.CDLL(None, use_errno=True)
    if old.syscall(ctypes.c_long({"x86_64": 155, "aarch64": 41}[platform.machine()]), b".", b".") != 0:
        raise OSError(ctypes.get_errno(), "pivot_root")
    subprocess.run(["umount", "-l", "."], check=True, capture_output=True)
    os.chdir("/")


def _show(root: Path, path: str) -> None:
    place = root / path.lstrip("/")
    if os.path.islink(path) and not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(os.readlink(path))
    elif os.path.isdir(path) and not place.exists():
        place.mkdir(parents=True, mode=0o755)
        _mount("--rbind", path, str(place))
        _mount("-o", "remount,bind,ro", str(place))


def _mount(*words: str) -> None:
    done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(f"mount {' '.join(words)}: {done.stderr.strip()}")


def _filter(libc: ctypes.CDLL, whose: str) -> None:
    """Install a filter with the effect of a default profile on what this project asks the kernel for."""
    calls = dict(CALLS[platform.machine()])
    clone, clone3 = calls.pop("clone"), calls.pop("clone3")
    if whose == "podman":  # which lets containers make containers
        calls = {name: number for name, number in calls.items() if name not in NESTING}
        clone = clone3 = NO_CALL
    words = [(LOAD, 0, 0, 0), (EQUAL, 0, 1, clone3), (RETURN, 0, 0, ENOSYS)]
    words += [(EQUAL, 0, 4, clone), (LOAD, 0, 0, 16), (ANY_BIT, 0, 1, 0x7E020000), (RETURN, 0, 0, EPERM)]
    words += [(RETURN, 0, 0, ALLOW)]
    for number in calls.values():
        words += [(EQUAL, 0, 1, number), (RETURN, 0, 0, EPERM)]
    words += [(RETURN, 0, 0, ALLOW)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", code, t, f, k) for code, t, f, k in words))
    header = struct.pack("@HP", len(words), ctypes.addressof(code))
    if libc.prctl(22, 2, header, 0, 0) != 0:
        libc.prctl(38, 1, 0, 0, 0)  # for those who lack CAP_SYS_ADMIN
        if libc.prctl(22, 2, header, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "seccomp")


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    profile = Profile(**{**asked, "capabilities": tuple(asked["capabilities"])})
    become(profile, [group for group in sys.argv[2].split(":") if group], sys.argv[3:])
