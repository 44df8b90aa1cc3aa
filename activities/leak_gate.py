"""The gate before a rendition is released: what its file gives away. It fails closed.

Nothing leaves while this finds anything that a person has not settled, and what cannot be read is found.
Rule: design.md 3, invariant 3; Annex J (victims): fully anonymised, and redacted where necessary.
"""

from activities.unpacking import unpack
from workflows.contract.rendition import FileFormat
from workflows.policy.leaks import Known, Leak, LeakKind, leaks_in, permitted

_PERMISSIBLE = frozenset({LeakKind.METADATA, LeakKind.EXTERNAL_LINK})


def search_file(format: FileFormat, data: bytes, known: Known) -> tuple[Leak, ...]:
    """Every finding in the file, each once by its key; empty: the file is clean. Never an error, whatever the bytes.

    The findings hold words of the case: they are for the record and the page behind sign-in, never for a log.
    """
    try:
        unpacked = unpack(format, data)
        made = [leak for leak in unpacked.structure if not _may_stand(leak, known)]
        found = [*made, *leaks_in(unpacked.extracts, known)]
    except Exception as failed:  # a file that cannot be searched is held, and says so without a word of it
        return (Leak(LeakKind.UNREADABLE, "file", f"it cannot be searched ({type(failed).__name__})"),)
    return tuple({leak.key: leak for leak in reversed(found)}.values())[::-1]


def _may_stand(leak: Leak, known: Known) -> bool:
    """The owner of a file, or the target of a link, may be a text of the frame."""
    return leak.kind in _PERMISSIBLE and permitted(leak.matched, known)
