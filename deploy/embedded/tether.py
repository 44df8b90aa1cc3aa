"""Becomes a command that cannot outlive the process that started it. Linux only; runs as a script of its own.

A script and not a fork hook: a fork hook runs Python between fork and exec, where the threads of a Temporal
client may hold a lock for ever. The standard library is all it may import, because it starts with `-I -S`.
"""

import ctypes
import os
import sys
from pathlib import Path

# 65534 is `nobody` on every distribution that matters; initdb insists that its user has an entry in passwd.
NOBODY = 65534
_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1


def _refused(call: str) -> OSError:
    return OSError(ctypes.get_errno(), f"{call} was refused: {os.strerror(ctypes.get_errno())}")


def _map_to_nobody(libc: ctypes.CDLL) -> None:
    """Enter a user namespace in which this user is called nobody. On disk it stays the user it was."""
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(_CLONE_NEWUSER) != 0:
        raise _refused("unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{NOBODY} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{NOBODY} {group} 1")


def _drop_to_nobody() -> None:
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def main() -> None:
    """Run `tether.py PARENT SIGNAL IDENTITY COMMAND...`; SIGNAL ends it when process PARENT is gone."""
    parent, signal, identity, *command = sys.argv[1:]
    libc = ctypes.CDLL(None, use_errno=True)
    if identity == "mapped":
        _map_to_nobody(libc)
    elif identity == "nobody":
        _drop_to_nobody()
    # After the change of identity, which would clear it.
    if libc.prctl(_PR_SET_PDEATHSIG, int(signal), 0, 0, 0) != 0:
        raise _refused("prctl")
    # A parent that was gone before the line above sends nothing any more.
    if os.getppid() != int(parent):
        sys.exit("the process that wanted this command is gone")
    os.execv(command[0], command)  # noqa: S606  # nosec B606  # (the caller names the command, as with subprocess)


if __name__ == "__main__":
    main()
