"""The system calls that a worker and its programs may make, as two filters of seccomp(2); all others fail with EPERM.

The first filter is an allowlist, installed before a worker starts. Left out on purpose: sockets that reach anything,
ptrace, mount, namespaces, keys, bpf, io_uring, performance counters, module loading, clocks to set, personality, and
writing to the file system in any way.

The last filter is installed in every process that runs programs, after the worker's own fork: such a process makes no
process and no thread, becomes no other program, and sends signals to nobody but itself. The numbers are those of the
kernel's tables for the two kinds of machine.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

_X86_64 = """
    read=0 write=1 open=2 close=3 stat=4 fstat=5 lstat=6 poll=7 lseek=8 mmap=9 mprotect=10 munmap=11 brk=12
    rt_sigaction=13 rt_sigprocmask=14 rt_sigreturn=15 pread64=17 readv=19 writev=20 access=21 pipe=22 select=23
    sched_yield=24 mremap=25 madvise=28 dup=32 dup2=33 pause=34 nanosleep=35 getitimer=36 alarm=37 setitimer=38
    getpid=39 recvfrom=45 shutdown=48 getsockname=51 getsockopt=55 fork=57 vfork=58 execve=59 exit=60
    wait4=61 kill=62 uname=63 getcwd=79 chdir=80 readlink=89 umask=95 gettimeofday=96 getrlimit=97
    getrusage=98 sysinfo=99 times=100 getuid=102 getgid=104 geteuid=107 getegid=108 setpgid=109 getppid=110
    getpgrp=111 setsid=112 getgroups=115 getresuid=118 getresgid=120 getpgid=121 getsid=124 rt_sigpending=127
    rt_sigtimedwait=128 rt_sigsuspend=130 sigaltstack=131 statfs=137 fstatfs=138 arch_prctl=158 setrlimit=160
    gettid=186 tkill=200 time=201 futex=202 sched_getaffinity=204 epoll_create=213 getdents64=217
    set_tid_address=218 restart_syscall=219 clock_gettime=228 clock_getres=229 clock_nanosleep=230 exit_group=231
    epoll_wait=232 epoll_ctl=233 tgkill=234 waitid=247 openat=257 newfstatat=262 readlinkat=267 faccessat=269
    pselect6=270 ppoll=271 set_robust_list=273 epoll_pwait=281 eventfd2=290 epoll_create1=291 dup3=292 pipe2=293
    getrandom=318 membarrier=324 statx=332 rseq=334 close_range=436 faccessat2=439
"""
_AARCH64 = """
    getcwd=17 eventfd2=19 epoll_create1=20 epoll_ctl=21 epoll_pwait=22 dup=23 dup3=24 statfs=43 fstatfs=44
    faccessat=48 chdir=49 openat=56 close=57 pipe2=59 getdents64=61 lseek=62 read=63 write=64 readv=65 writev=66
    pread64=67 pselect6=72 ppoll=73 readlinkat=78 newfstatat=79 fstat=80 exit=93 exit_group=94 waitid=95
    set_tid_address=96 futex=98 set_robust_list=99 nanosleep=101 getitimer=102 setitimer=103 clock_gettime=113
    clock_getres=114 clock_nanosleep=115 sched_getaffinity=123 sched_yield=124 restart_syscall=128 kill=129
    tkill=130 tgkill=131 sigaltstack=132 rt_sigsuspend=133 rt_sigaction=134 rt_sigprocmask=135 rt_sigpending=136
    rt_sigtimedwait=137 rt_sigreturn=139 getresuid=148 getresgid=150 times=153 setpgid=154 getpgid=155 getsid=156
    setsid=157 getgroups=158 uname=160 getrlimit=163 setrlimit=164 getrusage=165 umask=166 gettimeofday=169
    getpid=172 getppid=173 getuid=174 geteuid=175 getgid=176 getegid=177 gettid=178 sysinfo=179 getsockname=204
    recvfrom=207 getsockopt=209 shutdown=210 brk=214 munmap=215 mremap=216 execve=221 mmap=222
    mprotect=226 madvise=233 wait4=260 getrandom=278 membarrier=283 statx=291 rseq=293 close_range=436
    faccessat2=439
"""

_SPECIAL = {  # allowed with some arguments only
    "x86_64": "clone=56 clone3=435 fcntl=72 ioctl=16 prctl=157 prlimit64=302 sendto=44 socketpair=53",
    "aarch64": "clone=220 clone3=435 fcntl=25 ioctl=29 prctl=167 prlimit64=261 sendto=206 socketpair=199",
}
_STARTERS = ("clone", "fork", "vfork", "execve", "setsid", "setpgid", "prctl")  # what the last filter forbids
_SIGNALS = ("kill", "tkill", "tgkill")  # what it allows with the own process id only
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06  # bpf(4) opcodes: ld abs, jeq, jset, ret
_NUMBER, _ARCH, _FIRST, _SECOND, _FIFTH = 0, 4, 16, 24, 48  # offsets in struct seccomp_data
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS = 1, 38
_NEW_NAMESPACE_BITS = 0x7E020000  # every CLONE_NEW* flag of clone(2)
_DESCRIPTOR_IOCTLS = (0x5450, 0x5451, 0x5421, 0x5401, 0x541B)  # FIONCLEX, FIOCLEX, FIONBIO, TCGETS, FIONREAD
_FCNTLS = (*range(8), *range(36, 39), 1030, 1031, 1032)  # duplicates, flags, locks, sizes of pipes: fcntl(2). Not
# F_SETOWN, F_SETSIG, F_NOTIFY and F_SETLEASE, by which the kernel sends any signal to any process of the user
_PRCTLS = (1, 22)  # PR_SET_PDEATHSIG, PR_SET_SECCOMP: what the last filter is installed with
OWN_ID = 0x7FFFFFFE  # stands in the last filter for the id of the process that installs it; no process has it


def numbers(machine: str) -> dict[str, int]:
    """Return the calls that are allowed with any arguments, by name."""
    return _read({"x86_64": _X86_64, "aarch64": _AARCH64}[machine])


def _read(table: str) -> dict[str, int]:
    return {name: int(number) for name, number in (word.split("=") for word in table.split())}


def program(machine: str) -> bytes:
    """Return the filter as an array of struct sock_filter."""
    special = _read(_SPECIAL[machine])
    one = _instruction
    denied, absent, allowed = (one(_RETURN, _ERROR | _EPERM), one(_RETURN, _ERROR | _ENOSYS), one(_RETURN, _ALLOW))
    words = [one(_LOAD, _ARCH), one(_EQUAL, _AUDIT_ARCH[machine], 1, 0), one(_RETURN, _KILL), one(_LOAD, _NUMBER)]
    words += [one(_EQUAL, special["clone3"], 0, 1), absent]  # the C library then uses clone, whose flags can be seen
    words += [one(_EQUAL, special["clone"], 0, 4), one(_LOAD, _FIRST), one(_ANY_BIT, _NEW_NAMESPACE_BITS, 0, 1)]
    words += [denied, allowed]
    words += [one(_EQUAL, special["prlimit64"], 0, 4), one(_LOAD, _FIRST), one(_EQUAL, 0, 1, 0), denied, allowed]
    words += [one(_EQUAL, special["socketpair"], 0, 4), one(_LOAD, _FIRST), one(_EQUAL, 1, 1, 0), denied, allowed]
    # sendto without an address: a datagram socket of a pair could send to any socket file, which Landlock lets pass
    words += [one(_EQUAL, special["sendto"], 0, 6), one(_LOAD, _FIFTH), one(_EQUAL, 0, 0, 3)]
    words += [one(_LOAD, _FIFTH + 4), one(_EQUAL, 0, 0, 1), allowed, denied]
    for name, place, commands in (
        ("ioctl", _SECOND, _DESCRIPTOR_IOCTLS),
        ("fcntl", _SECOND, _FCNTLS),
        ("prctl", _FIRST, _PRCTLS),
    ):
        words += [one(_EQUAL, special[name], 0, len(commands) * 2 + 2), one(_LOAD, place)]
        words += [word for command in commands for word in (one(_EQUAL, command, 0, 1), allowed)]
        words += [denied]
    plain = sorted(numbers(machine).values())
    words += [one(_EQUAL, number, len(plain) - place) for place, number in enumerate(plain)]
    return b"".join([*words, denied, allowed])


def last_program(machine: str) -> bytes:
    """Return the last filter as an array of struct sock_filter, with OWN_ID for the id of the process that installs it.

    b"" for a machine of another type, on which the first filter is refused.
    """
    if machine not in _AUDIT_ARCH:
        return b""
    known = numbers(machine) | _read(_SPECIAL[machine])
    one = _instruction
    starters = [known[name] for name in _STARTERS if name in known]
    signals = [known[name] for name in _SIGNALS if name in known]
    words = [one(_LOAD, _NUMBER)]
    words += [one(_EQUAL, number, len(starters) + len(signals) - place) for place, number in enumerate(starters)]
    words += [one(_EQUAL, number, len(signals) - place + 1) for place, number in enumerate(signals)]
    words += [one(_RETURN, _ALLOW), one(_RETURN, _ERROR | _EPERM)]
    words += [one(_LOAD, _FIRST), one(_EQUAL, OWN_ID, 0, 1), one(_RETURN, _ALLOW), one(_RETURN, _ERROR | _EPERM)]
    return b"".join(words)


def _instruction(code: int, value: int, jump_true: int = 0, jump_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, jump_true, jump_false, value)


def allow_only(libc: ctypes.CDLL, machine: str) -> None:
    """Allow this process and its descendants the listed calls only, for good.

    Raises:
        OSError: the kernel has no such filter, or there is no list for this kind of machine.
    """
    _check_machine(machine)
    _install(libc, program(machine))


def forbid_processes(libc: ctypes.CDLL, machine: str) -> None:
    """Forbid this process to make a process or to signal another, for good; workers have final_filter.py for it.

    Raises:
        OSError: as with allow_only.
    """
    _check_machine(machine)
    own = os.getpid().to_bytes(4, sys.byteorder)
    _install(libc, last_program(machine).replace(OWN_ID.to_bytes(4, sys.byteorder), own))


def _check_machine(machine: str) -> None:
    if machine not in _AUDIT_ARCH:
        raise OSError(_ENOSYS, f"seccomp: there is no list of calls for a machine of type {machine}")


def _install(libc: ctypes.CDLL, code: bytes) -> None:
    """PR_SET_SECCOMP of prctl(2)."""
    body = ctypes.create_string_buffer(code)
    header = struct.pack("@HP", (len(body) - 1) // 8, ctypes.addressof(body))
    if libc.prctl(22, ctypes.c_ulong(2), header, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp: prctl(PR_SET_SECCOMP): {os.strerror(number)}")
