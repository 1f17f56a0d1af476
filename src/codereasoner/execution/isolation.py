"""The system calls that shut a worker in, each named by its man page; the filters are made in syscalls.py.

A layer is a function that either takes effect for this process and all it will start, or raises LayerError. The
file imports nothing of ours, because it runs in a process of its own before everything else (see launcher.py), and
it works as root and as an ordinary user. `python isolation.py LAYER` tries one layer and says what it found.
"""

from __future__ import annotations

import ctypes
import os
import resource
import stat
import struct
import sys
from collections.abc import Callable, Iterable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NOBODY = 65534
MACHINE = os.uname().machine

_libc = ctypes.CDLL(None, use_errno=True)
_PIVOT_ROOT, _CAPSET = {"x86_64": (155, 126), "aarch64": (41, 91)}.get(MACHINE, (-1, -1))
_MOUNT_SETATTR, _LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 442, 444, 445, 446

_NEW_NAMESPACES = {  # clone(2)
    "mount": 0x00020000,
    "uts": 0x04000000,
    "ipc": 0x08000000,
    "pid": 0x20000000,
    "network": 0x40000000,
}
_NEW_USER = 0x10000000
_RDONLY, _NOSUID, _NODEV, _NOEXEC = 1, 2, 4, 8  # mount(2); mount_setattr(2) has the same bits for these
_BIND, _REC, _PRIVATE, _DETACH = 0x1000, 0x4000, 0x40000, 2
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_SET_DEATH_SIGNAL, _CAPABILITY_DROP, _SET_SECUREBITS, _NO_NEW_PRIVILEGES, _SET_DUMPABLE = 1, 24, 28, 38, 4  # prctl(2)
_SET_SUBREAPER = 36
_ADDR_NO_RANDOMIZE = 0x0040000  # personality(2)


class LayerError(OSError):
    """The kernel refuses a layer; the message names the layer, the call and the kernel's answer."""


def _check(layer: str, call: str, result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise LayerError(number, f"{layer}: {call}: {os.strerror(number)}")
    return result


def _syscall(layer: str, call: str, number: int, *words: int | bytes | ctypes.Array[ctypes.c_char] | None) -> int:
    """syscall(2)."""
    if number < 0:
        raise LayerError(38, f"{layer}: {call}: unknown on a machine of type {MACHINE}")
    arguments = [ctypes.c_long(word) if isinstance(word, int) else word for word in words]
    return _check(layer, call, _libc.syscall(ctypes.c_long(number), *arguments))


def _prctl(layer: str, option: int, *words: int) -> int:
    """prctl(2)."""
    rest = [ctypes.c_ulong(word) for word in (*words, 0, 0, 0, 0)[:4]]
    return _check(layer, f"prctl({option})", _libc.prctl(option, *rest))


# --- Namespaces: namespaces(7), user_namespaces(7), unshare(2) -------------------------------------------------------


def enter_namespaces() -> None:
    """Enter new mount, uts, ipc, network and process namespaces, in a new user namespace without the privilege.

    An ordinary user lacks it, and root of a container without root's capabilities. The caller stays in its process
    namespace; its next child is process 1 of the new one.
    """
    _enter_namespaces(_NEW_NAMESPACES)


def _enter_namespaces(wanted: dict[str, int]) -> None:
    first, *others = wanted.items()
    if os.geteuid() == 0 and _libc.unshare(first[1]) == 0:
        wanted = dict(others)  # a second process namespace is refused before there is a first process in it
    else:
        new_user_namespace()
    for name, flag in wanted.items():
        _check(name + " namespace", "unshare", _libc.unshare(flag))


def new_user_namespace(process: int | None = None) -> None:
    """Enter a user namespace in which only this user exists: it has no privilege outside.

    Root is called `nobody` in it. `process` is a descriptor of the directory /proc/self, for a caller from whose root
    it is gone.
    """
    user, group = os.geteuid(), os.getegid()
    place = os.open("/proc/self", os.O_PATH) if process is None else process
    _check("user namespace", "unshare", _libc.unshare(_NEW_USER))
    maps = (("uid_map", user or NOBODY, user), ("gid_map", group or NOBODY, group))
    for name, text in (("setgroups", "deny"), *((name, f"{inside} {outside} 1") for name, inside, outside in maps)):
        try:
            file = os.open(name, os.O_WRONLY | os.O_CLOEXEC, dir_fd=place)
            os.write(file, text.encode())
            os.close(file)
        except OSError as error:
            raise LayerError(error.errno, f"user namespace: {name}: {error.strerror}") from None
    os.close(place)


def become_nobody(process: int) -> None:
    """Change from root to `nobody`, in a user namespace of its own, because limits do not bind root.

    Where there is no such user, in a container's user namespace, "root" is an ordinary user of the machine already.
    `process` is a descriptor of the directory /proc/self.
    """
    try:
        _change_user()
    except OSError as error:
        file = os.open("uid_map", os.O_RDONLY | os.O_CLOEXEC, dir_fd=process)
        users = os.read(file, 1000).split()
        os.close(file)
        if users == [b"0", b"0", b"4294967295"]:
            raise LayerError(error.errno, f"user namespace: setresuid: {error.strerror}") from None
    _prctl("user namespace", _SET_DUMPABLE, 1)  # or the maps in /proc would belong to root
    new_user_namespace(process)


def become_nobody_if_readable(paths: Iterable[str]) -> None:
    """Change from root to `nobody`, without a namespace, if that is allowed and `nobody` can read these paths."""
    _drop_bounds()
    try:
        os.seteuid(NOBODY)
        readable = all(os.access(path, os.R_OK, effective_ids=True) for path in paths)
        os.seteuid(0)
        if readable:
            _change_user()
    except OSError:
        return  # it goes on as who it is, without capabilities


def _change_user() -> None:
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def drop_privileges() -> None:
    """Drop all capabilities, for good: capabilities(7), capset(2)."""
    _drop_bounds()
    _libc.prctl(_SET_SECUREBITS, ctypes.c_ulong(0x2F), 0, 0, 0)  # refused to an ordinary user, who needs it not
    header = struct.pack("=Ii", 0x20080522, 0)
    _syscall("capabilities", "capset", _CAPSET, header, bytes(24))


def _drop_bounds() -> None:
    number = 0
    while _libc.prctl(_CAPABILITY_DROP, ctypes.c_ulong(number), 0, 0, 0) == 0:
        number += 1


# --- The root: mount_namespaces(7), mount(2), pivot_root(2), mount_setattr(2) ----------------------------------------


def _mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    words = [os.fsencode(word) for word in (source, target, kind)]
    result = _libc.mount(*words, ctypes.c_ulong(flags), data.encode())
    _check("empty root", f"mount({source}, {target})", result)


def _read_only(path: str) -> None:
    """mount_setattr(2), of the mount at this path and of all below it."""
    attributes = struct.pack("=QQQQ", _RDONLY | _NOSUID | _NODEV, 0, 0, 0)
    words = (_AT_FDCWD, os.fsencode(path), _AT_RECURSIVE, attributes, len(attributes))
    _syscall("empty root", f"mount_setattr({path})", _MOUNT_SETATTR, *words)


NULL, URANDOM = "/dev/null", "/dev/urandom"
_BYTES = bytes(range(256)) * 16


def enter_empty_root(
    paths: Iterable[str], hidden: Iterable[str] = (), extra: str = "", name: str = "", devices: bool = False
) -> None:
    """Enter a read-only root that holds these absolute paths and nothing else; directories in `hidden` seem empty.

    extra: one more path, which is shown under another name.
    devices: null(4) is there, and an ordinary file of fixed bytes in the place of urandom(4): there are libraries
    (torch, dill) that do not start without; so they start, and start the same every time.

    The new root is put together on one temporary file system on top of another, so that no path can lie
    underneath the place where it is made.
    """
    os.umask(0o022)  # nobody must be able to enter the folders that are made here
    _mount("none", "/", "none", _REC | _PRIVATE)
    first = next(place for place in ("/tmp", "/usr", "/lib") if os.path.isdir(place))  # any folder, for a moment only
    _mount("tmpfs", first, "tmpfs", _NOSUID | _NODEV, "size=64k,mode=755")
    os.mkdir(first + "/old")
    os.mkdir(first + "/new")
    _syscall("empty root", "pivot_root", _PIVOT_ROOT, first.encode(), first.encode() + b"/old")
    os.chdir("/")
    _mount("tmpfs", "/new", "tmpfs", _NOSUID | _NODEV, "size=1m,mode=755")
    for path in paths:
        _show(path)
    if extra:
        _show(extra, name)
    for path in hidden:
        if os.path.isdir("/new" + path):
            _mount("tmpfs", "/new" + path, "tmpfs", _NOSUID | _NODEV | _NOEXEC, "size=4k,mode=755")
    if devices:
        os.makedirs("/new/dev", 0o755, exist_ok=True)
        for place, content in ((NULL, b""), (URANDOM, _BYTES)):
            with open("/new" + place, "wb") as file:
                file.write(content)
    _read_only("/new")
    if devices:
        _mount("/old" + NULL, "/new" + NULL, "none", _BIND)
    os.chdir("/new")
    _syscall("empty root", "pivot_root", _PIVOT_ROOT, b".", b".")
    _check("empty root", "umount2", _libc.umount2(b".", _DETACH))
    os.chdir("/")


def _show(path: str, name: str = "") -> None:
    """Bind one path of the old root into the new one, perhaps under another name; a symbolic link is made again."""
    old, new = "/old" + path, "/new" + (name or path)
    if os.path.lexists(new) or not os.path.lexists(old):
        return
    os.makedirs(os.path.dirname(new), 0o755, exist_ok=True)
    mode = os.lstat(old).st_mode
    if stat.S_ISLNK(mode):
        os.symlink(os.readlink(old), new)
        return
    if stat.S_ISDIR(mode):
        os.mkdir(new, 0o755)
    else:
        os.close(os.open(new, os.O_CREAT | os.O_WRONLY, 0o644))
    _mount(old, new, "none", _BIND | _REC)


# --- Landlock: landlock(7) -------------------------------------------------------------------------------------------

_READ = 0b1101  # execute, read a file, read a directory
_READ_FILE = 0b0101
_WRITE_FILE = 0b0010
_PATH_BENEATH = 1


def landlock_version() -> int:
    """Return the version of the kernel's Landlock; 0 where it has none."""
    version: int = _libc.syscall(ctypes.c_long(_LANDLOCK_CREATE), None, ctypes.c_long(0), ctypes.c_long(1))
    return max(0, version)


def restrict_files(paths: Iterable[str]) -> None:
    """Allow to read these paths only, to write none; forbid TCP, signals and abstract sockets of the outside."""
    version = landlock_version()
    if version == 0:
        raise LayerError(38, "Landlock: landlock_create_ruleset: the kernel has none, or it is turned off")
    files = (1 << (13 + (version >= 2) + (version >= 3) + (version >= 5))) - 1
    words = [files, 3 if version >= 4 else 0, 3 if version >= 6 else 0]
    attributes = struct.pack("=QQQ", *words)[: 24 if version >= 6 else 16 if version >= 4 else 8]
    rules = _syscall("Landlock", "landlock_create_ruleset", _LANDLOCK_CREATE, attributes, len(attributes), 0)
    for path in paths:
        if not os.path.exists(path):
            continue
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        access = _READ if os.path.isdir(path) else _READ_FILE | (_WRITE_FILE if path == NULL else 0)
        rule = struct.pack("=Qi", access, place)
        _syscall("Landlock", f"landlock_add_rule({path})", _LANDLOCK_ADD, rules, _PATH_BENEATH, rule, 0)
        os.close(place)
    refuse_new_privileges()
    _syscall("Landlock", "landlock_restrict_self", _LANDLOCK_RESTRICT, rules, 0)
    os.close(rules)


# --- What binds every process ----------------------------------------------------------------------------------------


def die_with_parent() -> None:
    """SIGKILL when the parent ends: PR_SET_PDEATHSIG of prctl(2)."""
    _prctl("death with the parent", _SET_DEATH_SIGNAL, 9)


def inherit_orphans() -> None:
    """Become the parent of orphaned descendants: PR_SET_CHILD_SUBREAPER of prctl(2)."""
    _prctl("orphans", _SET_SUBREAPER, 1)


def refuse_new_privileges() -> None:
    """Let no set-user-id program give a privilege: PR_SET_NO_NEW_PRIVS of prctl(2)."""
    _prctl("no new privileges", _NO_NEW_PRIVILEGES, 1)


def fix_addresses() -> None:
    """Use the same addresses of memory in every worker, from the next execve on: personality(2)."""
    _libc.personality(ctypes.c_ulong(_ADDR_NO_RANDOMIZE))  # determinism, not protection: may be refused


def be_first_to_go() -> None:
    """Let the kernel kill workers first when memory runs out: /proc/self/oom_score_adj of proc(5)."""
    try:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write("1000")
    except OSError:
        return  # it goes on without: what is at stake is who is killed, not what programs can do


def limit_resources() -> None:
    """Forbid core dumps, growing files, many descriptors, locked memory: setrlimit(2)."""
    for name, most in (("CORE", 0), ("FSIZE", 0), ("NOFILE", 64), ("MEMLOCK", 0), ("MSGQUEUE", 0), ("RTPRIO", 0)):
        number = getattr(resource, "RLIMIT_" + name, None)
        if number is not None:
            hard = resource.getrlimit(number)[1]
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(number, (most, most))


def rename_host() -> None:
    """Name the host `worker`: sethostname(2). If podman's profile refuses, it keeps the container's name."""
    _libc.sethostname(b"worker", ctypes.c_size_t(6))


# --- Trying one layer ------------------------------------------------------------------------------------------------


def _try_seccomp() -> None:
    refuse_new_privileges()
    _syscalls()["allow_only"](_libc, MACHINE)


def _try_last_filter() -> None:
    refuse_new_privileges()
    _syscalls()["forbid_processes"](_libc, MACHINE)
    try:
        if os.fork() == 0:
            os._exit(0)
    except PermissionError:
        return
    raise LayerError(0, "last filter: a process behind it can still fork")


def _syscalls() -> dict[str, Any]:
    """Return the names of syscalls.py: this file runs as a script, and imports nothing of ours."""
    import runpy

    return runpy.run_path(os.path.join(os.path.dirname(os.path.abspath(__file__)), "syscalls.py"))


def _try_namespace(name: str) -> Callable[[], None]:
    return lambda: _enter_namespaces({name: _NEW_NAMESPACES[name]})


def _try_root() -> None:
    enter_namespaces()
    enter_empty_root(["/usr/lib"])


LAYERS: dict[str, Callable[[], None]] = {
    "user namespace": new_user_namespace,
    **{f"{name} namespace": _try_namespace(name) for name in _NEW_NAMESPACES},
    "empty root": _try_root,
    "no new privileges": refuse_new_privileges,
    "Landlock": lambda: restrict_files(["/usr/lib"]),
    "seccomp": _try_seccomp,
    "last filter": _try_last_filter,
    "resource limits": limit_resources,
    "death with the parent": die_with_parent,
}


def main(layer: str) -> int:
    """Try one layer in this process: exit status 0, or 1 and the reason on the standard output."""
    try:
        LAYERS[layer]()
    except OSError as error:
        os.write(1, (error.strerror or str(error)).encode())
        return 1
    return 0


if __name__ == "__main__":
    os._exit(main(sys.argv[1]))
