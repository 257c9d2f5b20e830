"""What the worker process takes from itself before it opens a version: the network, new programs, files to write.

Each layer is a thing the kernel does for us and says whether it did. Where a layer is not to be had (another
system, a container that forbids it) the others stand, and the run's report names those that were applied.

This module imports nothing of ours and is meant for a process of its own: nothing here can be undone.
"""

import ctypes
import errno
import os
import platform
import resource
import struct
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2
_SIGKILL = 9
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000

# Linux system call numbers, from the kernel's tables for each machine.
_FORBIDDEN = {
    "x86_64": {
        "network": (41, 42, 43, 44, 46, 49, 50, 53, 288, 307),
        "programs": (57, 58, 59, 101, 310, 311, 322),
        "files": (76, 77, 82, 83, 84, 85, 86, 87, 88, 90, 92, 258, 260, 263, 264, 265, 266, 268, 316),
        "kernel": (165, 166, 175, 246, 250, 298, 313, 321, 323, 425, 437, 438),
    },
    "aarch64": {
        "network": (198, 199, 200, 201, 202, 203, 206, 211, 242, 269),
        "programs": (117, 221, 270, 271, 281),
        "files": (34, 35, 36, 37, 38, 45, 46, 52, 53, 54, 276),
        "kernel": (39, 40, 104, 105, 217, 241, 273, 280, 282, 425, 437, 438),
    },
}
_OPENING = {"x86_64": ((2, 1), (257, 2)), "aarch64": ((56, 2),)}
"""Calls that open a file, with the place of their flags among the arguments."""
_CLONE = {"x86_64": 56, "aarch64": 220}
"""Makes a thread or a process, by its first argument. clone3 hides that in memory a filter cannot read."""
_CLONE3 = 435
_CLONE_THREAD = 0x00010000
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
_UNKNOWN = 0x00050000 | errno.ENOSYS  # the C library then makes its threads with clone
_NUMBER_AT, _MACHINE_AT, _ARGUMENTS_AT = 0, 4, 16


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def limit(*, cpu_seconds: int, address_space_bytes: int) -> list[str]:
    """Bound processor time and memory, leave no core file, and be gone with the parent."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (address_space_bytes, address_space_bytes))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    layers = ["resource_limits"]
    if sys.platform == "linux":
        _control(_PR_SET_PDEATHSIG, _SIGKILL)
        _control(_PR_SET_DUMPABLE, 0)
        if _control(_PR_SET_NO_NEW_PRIVS, 1):
            layers.append("no_new_privileges")
    return layers


def leave_network() -> list[str]:
    """Move into a network of our own in which there is nothing, not even loopback."""
    if sys.platform != "linux":
        return []
    kernel = ctypes.CDLL(None, use_errno=True)
    if kernel.unshare(_CLONE_NEWNET) == 0 or kernel.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0:
        return ["network_namespace"]
    return []


def drop_privileges() -> list[str]:
    """Become nobody, if we are root."""
    if os.geteuid() != 0:
        return []
    try:
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
    except OSError:
        return []
    if sys.platform == "linux":
        _control(_PR_SET_PDEATHSIG, _SIGKILL)  # changing the user clears it
    return ["unprivileged_user"]


def refuse_writing_and_talking() -> list[str]:
    """From here on the kernel refuses sockets, new programs, and every file opened for writing."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    layers = ["no_file_growth"]
    machine = platform.machine()
    if sys.platform != "linux" or machine not in _FORBIDDEN:
        return layers
    filtered = _system_call_filter(machine)
    program = _Program(len(filtered) // 8, filtered)
    if _control(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(program)):
        layers.append("system_call_filter")
    return layers


def _control(option: int, *arguments: int) -> bool:
    kernel = ctypes.CDLL(None, use_errno=True)
    padded = [*arguments, 0, 0, 0, 0][:4]
    return kernel.prctl(option, *[ctypes.c_ulong(argument) for argument in padded]) == 0


def _system_call_filter(machine: str) -> bytes:
    """A classic BPF program: refuse the listed calls, new processes, and opening to write; allow the rest."""
    forbidden = [number for group in _FORBIDDEN[machine].values() for number in group]
    program = [
        _step(_LOAD, _MACHINE_AT),
        _step(_JUMP_EQUAL, _AUDIT_ARCH[machine], then=1),
        _step(_RETURN, _REFUSE),
        _step(_LOAD, _NUMBER_AT),
        # Numbers from 2^30 on are the x32 spelling of the same calls.
        _step(_JUMP_AT_LEAST, 0x40000000, otherwise=1),
        _step(_RETURN, _REFUSE),
    ]
    for number in forbidden:
        program += [_step(_JUMP_EQUAL, number, otherwise=1), _step(_RETURN, _REFUSE)]
    for number, flags in _OPENING[machine]:
        program += [
            _step(_JUMP_EQUAL, number, otherwise=4),
            _step(_LOAD, _ARGUMENTS_AT + 8 * flags),
            _step(_JUMP_SET, _WRITING, otherwise=1),
            _step(_RETURN, _REFUSE),
            _step(_RETURN, _ALLOW),
        ]
    program += [
        _step(_JUMP_EQUAL, _CLONE3, otherwise=1),
        _step(_RETURN, _UNKNOWN),
        _step(_JUMP_EQUAL, _CLONE[machine], otherwise=3),
        _step(_LOAD, _ARGUMENTS_AT),
        _step(_JUMP_SET, _CLONE_THREAD, then=1),
        _step(_RETURN, _REFUSE),
    ]
    return b"".join([*program, _step(_RETURN, _ALLOW)])


def _step(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("=HBBI", code, then, otherwise, value)
