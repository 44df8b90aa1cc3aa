"""Files for one pair of eyes: a folder or a zip that is there as a whole or not at all, readable by its owner alone."""

import os
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

_WHEN = (1980, 1, 1, 0, 0, 0)  # the same contents are the same bytes


class ThereAlreadyError(OSError):
    """Something stands at that place, and is left as it is."""


def write_whole(target: Path, files: Mapping[str, bytes]) -> None:
    """The folder, or the zip where the name ends so, holds these files from now on; otherwise nothing is left.

    Raises ThereAlreadyError where it exists, and OSError where it cannot be written.
    """
    if target.exists() or target.is_symlink():
        raise ThereAlreadyError(f"{target} is there already; name another place")
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))  # 0700
    try:
        if target.suffix.lower() == ".zip":
            _write(draft / "whole", _zipped(files))
            os.link(draft / "whole", target)  # refuses to write over what came there meanwhile
            shutil.rmtree(draft)
        else:
            for name, data in files.items():
                _write(draft / name, data)
            draft.rename(target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _zipped(files: Mapping[str, bytes]) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _WHEN)
            entry.external_attr = 0o600 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, data)
    return made.getvalue()


def _write(path: Path, data: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
