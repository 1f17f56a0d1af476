"""The system calls that a worker may make, by name and number (syscalls(2)); all others are refused.

What is not here: sockets, ptrace, mounts, namespaces, keys, BPF, io_uring, changes of files, modules, clocks, users.
"""

from __future__ import annotations

_X86_64 = """
    0 read 1 write 3 close 4 stat 5 fstat 6 lstat 7 poll 8 lseek 9 mmap 10 mprotect 11 munmap 12 brk 13 rt_sigaction
    14 rt_sigprocmask 15 rt_sigreturn 16 ioctl 17 pread64 19 readv 20 writev 21 access 22 pipe 23 select
    24 sched_yield 25 mremap 27 mincore 28 madvise 32 dup 33 dup2 34 pause 35 nanosleep 36 getitimer 37 alarm
    38 setitimer 39 getpid 56 clone 57 fork 58 vfork 59 execve 60 exit 61 wait4 62 kill 63 uname 72 fcntl 79 getcwd
    80 chdir 81 fchdir 89 readlink 96 gettimeofday 97 getrlimit 98 getrusage 99 sysinfo 100 times 102 getuid 104 getgid
    107 geteuid 108 getegid 109 setpgid 110 getppid 111 getpgrp 112 setsid 118 getresuid 120 getresgid 121 getpgid
    124 getsid 127 rt_sigpending 128 rt_sigtimedwait 130 rt_sigsuspend 131 sigaltstack 137 statfs 138 fstatfs
    140 getpriority 157 prctl 158 arch_prctl 160 setrlimit 186 gettid 200 tkill 201 time 202 futex
    203 sched_setaffinity 204 sched_getaffinity 217 getdents64 218 set_tid_address 222 timer_create 223 timer_settime
    224 timer_gettime 226 timer_delete 228 clock_gettime 229 clock_getres 230 clock_nanosleep 231 exit_group
    232 epoll_wait 233 epoll_ctl 234 tgkill 247 waitid 257 openat 262 newfstatat 267 readlinkat 269 faccessat
    270 pselect6 271 ppoll 273 set_robust_list 274 get_robust_list 281 epoll_pwait 284 eventfd 290 eventfd2
    291 epoll_create1 292 dup3 293 pipe2 302 prlimit64 309 getcpu 318 getrandom 2 open 332 statx 334 rseq
    439 faccessat2 436 close_range
"""
_AARCH64 = """
    63 read 64 write 57 close 80 fstat 79 newfstatat 73 ppoll 62 lseek 222 mmap 226 mprotect 215 munmap 214 brk
    134 rt_sigaction 135 rt_sigprocmask 139 rt_sigreturn 29 ioctl 67 pread64 65 readv 66 writev 48 faccessat 59 pipe2
    72 pselect6 124 sched_yield 216 mremap 232 mincore 233 madvise 23 dup 24 dup3 101 nanosleep 102 getitimer
    103 setitimer 172 getpid 220 clone 221 execve 93 exit 94 exit_group 260 wait4 129 kill 130 tkill 131 tgkill
    160 uname 25 fcntl 17 getcwd 49 chdir 50 fchdir 78 readlinkat 169 gettimeofday 163 getrlimit 165 getrusage
    179 sysinfo 153 times 174 getuid 176 getgid 175 geteuid 177 getegid 154 setpgid 173 getppid 157 setsid
    148 getresuid 150 getresgid 155 getpgid 156 getsid 136 rt_sigpending 137 rt_sigtimedwait 133 rt_sigsuspend
    132 sigaltstack 43 statfs 44 fstatfs 141 getpriority 167 prctl 164 setrlimit 178 gettid 98 futex
    122 sched_setaffinity 123 sched_getaffinity 61 getdents64 96 set_tid_address 107 timer_create 110 timer_settime
    108 timer_gettime 111 timer_delete 113 clock_gettime 114 clock_getres 115 clock_nanosleep 95 waitid 56 openat
    99 set_robust_list 100 get_robust_list 22 epoll_pwait 21 epoll_ctl 20 epoll_create1 19 eventfd2 261 prlimit64
    168 getcpu 278 getrandom 291 statx 293 rseq 439 faccessat2 436 close_range
"""

ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # audit.h: AUDIT_ARCH_*
ALLOWED = {
    "x86_64": [int(word) for word in _X86_64.split() if word.isdigit()],
    "aarch64": [int(word) for word in _AARCH64.split() if word.isdigit()],
}
PRETEND_ABSENT = {"x86_64": [435], "aarch64": [435]}  # clone3, for which the C library falls back to clone
