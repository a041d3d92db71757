"""Taking away a process's rights for good, through Linux's own filter of system calls (seccomp, with all its threads).

What is left is what computing on memory and reading files that are already open need. Nothing may be opened, made,
renamed or removed; no program or process may be started, no address reached; bytes may be written to the process's own
standard output and error alone. Every other call fails with EPERM.
"""

from __future__ import annotations

import ctypes
import platform
import struct
import sys

_X86_64 = {
    "read": 0, "write": 1, "close": 3, "fstat": 5, "poll": 7, "lseek": 8, "mmap": 9, "mprotect": 10, "munmap": 11,
    "brk": 12, "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "pread64": 17, "readv": 19,
    "sched_yield": 24, "mremap": 25, "madvise": 28, "nanosleep": 35, "getpid": 39, "clone": 56, "exit": 60,
    "getrusage": 98, "sysinfo": 99, "sigaltstack": 131, "gettid": 186, "futex": 202, "sched_getaffinity": 204,
    "restart_syscall": 219, "clock_gettime": 228, "clock_getres": 229, "clock_nanosleep": 230, "exit_group": 231,
    "tgkill": 234, "ppoll": 271, "set_robust_list": 273, "preadv": 295, "getcpu": 309, "getrandom": 318,
    "membarrier": 324, "rseq": 334, "clone3": 435,
}  # fmt: skip
_AARCH64 = {
    "read": 63, "write": 64, "close": 57, "fstat": 80, "ppoll": 73, "lseek": 62, "mmap": 222, "mprotect": 226,
    "munmap": 215, "brk": 214, "rt_sigaction": 134, "rt_sigprocmask": 135, "rt_sigreturn": 139, "pread64": 67,
    "readv": 65, "sched_yield": 124, "mremap": 216, "madvise": 233, "nanosleep": 101, "getpid": 172, "clone": 220,
    "exit": 93, "getrusage": 165, "sysinfo": 179, "sigaltstack": 132, "gettid": 178, "futex": 98,
    "sched_getaffinity": 123, "restart_syscall": 128, "clock_gettime": 113, "clock_getres": 114,
    "clock_nanosleep": 115, "exit_group": 94, "tgkill": 131, "set_robust_list": 99, "preadv": 69, "getcpu": 168,
    "getrandom": 278, "membarrier": 283, "rseq": 293, "clone3": 435,
}  # fmt: skip
_MACHINES = {"x86_64": (0xC000003E, _X86_64), "aarch64": (0xC00000B7, _AARCH64)}
"""Machine -> how the kernel names it in a filter, and the numbers of the calls that stay allowed."""

_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS = 1, 38
_LOAD, _EQUAL, _ABOVE, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
_AT_NUMBER, _AT_MACHINE, _AT_FIRST_ARGUMENT = 0, 4, 16
_CLONE_THREAD = 0x00010000
_X32_BIT = 0x40000000
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_SET_MODE_FILTER, _ALL_THREADS = 1, 1
_PR_SET_NO_NEW_PRIVS = 38


def is_available() -> bool:
    """Whether this machine is one whose rights can be taken away."""
    return sys.platform == "linux" and platform.machine() in _MACHINES


def confine() -> None:
    """Takes the rights away from this process and all its threads; raises OSError where the kernel does not do it."""
    machine = platform.machine()
    program = b"".join(_filter(*_MACHINES[machine]))
    held = ctypes.create_string_buffer(program, len(program))
    described = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(held))
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel gives no promise of no new privileges")
    if library.syscall(_SECCOMP[machine], _SET_MODE_FILTER, _ALL_THREADS, described) != 0:
        raise OSError(ctypes.get_errno(), "the kernel takes no filter of system calls")


def _filter(machine: int, calls: dict[str, int]) -> list[bytes]:
    """The filter's instructions: the machine, then one comparison a call, the first that fits decides."""
    program = [
        _step(_LOAD, _AT_MACHINE),
        _step(_EQUAL, machine, 1, 0),
        _step(_RETURN, _KILL),
        _step(_LOAD, _AT_NUMBER),
        _step(_ABOVE, _X32_BIT - 1, 0, 1),
        _step(_RETURN, _KILL),
    ]
    for name, number in calls.items():
        if name == "write":
            decision = [
                _step(_LOAD, _AT_FIRST_ARGUMENT),
                _step(_ABOVE, 2, 1, 0),
                _step(_RETURN, _ALLOW),
                _step(_RETURN, _ERRNO | _EPERM),
            ]
        elif name == "clone":
            decision = [
                _step(_LOAD, _AT_FIRST_ARGUMENT),
                _step(_ANY_BIT, _CLONE_THREAD, 0, 1),
                _step(_RETURN, _ALLOW),
                _step(_RETURN, _ERRNO | _EPERM),
            ]
        elif name == "clone3":
            # What it is asked for cannot be looked at: without it, the C library falls back to clone.
            decision = [_step(_RETURN, _ERRNO | _ENOSYS)]
        else:
            decision = [_step(_RETURN, _ALLOW)]
        program += [_step(_EQUAL, number, 0, len(decision)), *decision]
    return [*program, _step(_RETURN, _ERRNO | _EPERM)]


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)
