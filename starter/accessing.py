"""A subject-access request answered: prepared for whoever decides, then released by their decisions; both on record.

What is handed out is never logged; the audit holds by whom, how much of it, and the fingerprint of what was released.
"""

import asyncio
import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from starter.access_files import write_whole
from starter.access_gathering import Held, held_on
from starter.access_page import Answer, Workflows, as_data, as_page
from starter.access_review import Decision, Review, as_list, decided, undecided
from starter.connections import Connection
from starter.data_subjects import DataSubject, data_subject
from starter.record import append_audit
from starter.reports import ReportRefusedError
from workflows.contract.directory import Directory
from workflows.contract.messages import CaseClock
from workflows.contract.vocabulary import EnquiryKind, Role
from workflows.policy.authority import holds
from workflows.policy.clock import case_time
from workflows.policy.due import on_in_london

MAY = (Role.NATIONAL_TEAM, Role.OPERATIONS)
_LISTED = 20  # numbers of undecided passages that one refusal names

Say = Callable[[str], None]


class NothingHeldError(ReportRefusedError):
    """Nothing is held on anybody by these handles, so there is nothing to hand out."""


def require_may(directory: Directory, by: str) -> None:
    """Refuse whoever is neither of the national team nor of operations. Raises ReportRefusedError."""
    if not holds(by, MAY, directory, "", ""):
        raise ReportRefusedError(
            "only the national SFO team or operations, or a recorded deputy, answers a subject-access request; "
            "give their address"
        )


async def gathered(
    connection: Connection, directory: Directory, handles: Sequence[str], by: str, say: Say = lambda _: None
) -> Held:
    """All that is held on one person, for somebody who may see it. Raises ReportRefusedError, NothingHeldError."""
    require_may(directory, by)
    person = await data_subject(connection, directory, handles)
    if person.listed and person.listed.shared:
        raise ReportRefusedError(
            f"{person.listed.key} is an address that a team shares, and no person's; name the person by a key or "
            "address of their own"
        )
    if by.strip().lower() in person.emails:
        raise ReportRefusedError("nobody decides on what is held about themselves; somebody else must do it")
    held = await held_on(connection, person, directory, say)
    if held.is_empty:
        raise NothingHeldError(
            "Nothing is held on anybody by that. Nothing was written. Answer the request so: the service holds nothing "
            "on them. If you know more of the person, look once more with `sfo subject-access find`."
        )
    return held


async def check_request(connection: Connection, request: str | None) -> None:
    """The request must be a subject-access enquiry of the record. Raises ReportRefusedError."""
    if request is None:
        return
    reference, _, number = request.replace("/enquiry/", "/").partition("/")
    kind = await connection.fetchval(
        "SELECT kind FROM sfo.enquiries WHERE reference = $1 AND number::text = $2", reference, number
    )
    if kind != EnquiryKind.SUBJECT_ACCESS:
        what = "no enquiry of the record" if kind is None else f"an enquiry of the kind {kind}"
        raise ReportRefusedError(
            f"{request} is {what}; log the request with `sfo enquiry REF --kind subject_access`, and give it as REF/1"
        )


async def prepare(
    connection: Connection,
    held: Held,
    workflows: Workflows,
    by: str,
    target: Path,
    request: str | None = None,
    before: Mapping[str, Decision] | None = None,
) -> None:
    """The review list and a draft of the page stand at the target, and that is on the record.

    Raises OSError where it cannot be written; then nothing is recorded.
    """
    answer = Answer(held, workflows, on_in_london(datetime.now(UTC)), request)
    listed = as_list(held, request, before).encode()
    files = {"review.txt": listed, "draft.html": as_page(answer).encode()}
    detail = {"entries": len(held.items), "passages": len(held.passages), "sha256": hashlib.sha256(listed).hexdigest()}
    await _recorded(connection, held.person, "subject_access_prepared", by, target, files, detail, request)


async def release(
    connection: Connection, held: Held, workflows: Workflows, by: str, target: Path, review: Review
) -> bool:
    """The final export stands at the target, and that is on the record; False: the same one was recorded before.

    Raises ReportRefusedError while a passage is undecided, ReviewError, and OSError where it cannot be written.
    """
    if open_ := undecided(held.passages, review.decisions):
        more = f" and {len(open_) - _LISTED} more" if len(open_) > _LISTED else ""
        listed = ", ".join(map(str, open_[:_LISTED]))
        raise ReportRefusedError(
            f"{len(open_)} of {len(held.passages)} passages are not decided: {listed}{more}. Tick each in the list. A "
            "passage that is new or has changed since stands in a list of today: `sfo subject-access export --review` "
            "with the old list keeps what was decided"
        )
    found = decided(held.passages, review.decisions)
    answer = Answer(held, workflows, on_in_london(datetime.now(UTC)), review.request, found)
    data = as_data(answer)
    files = {"index.html": as_page(answer).encode(), "data.json": data}
    withheld = sum(one.text is None for one in found)
    detail = {
        "entries": len(held.items),
        "passages": len(found),
        "withheld": withheld,
        "shortened": sum(one.text is not None and one.ground is not None for one in found),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    return await _recorded(
        connection, held.person, "subject_access_released", by, target, files, detail, review.request
    )


def called(person: DataSubject) -> str:
    """How the audit names the person: by number before key, and by address only where there is neither."""
    return next(iter([*sorted(person.cases), *sorted(person.numbers), *sorted(person.keys), *sorted(person.emails)]))


async def _recorded(
    connection: Connection,
    person: DataSubject,
    action: str,
    by: str,
    target: Path,
    files: Mapping[str, bytes],
    detail: Mapping[str, object],
    request: str | None,
) -> bool:
    """Write the files and the row of the audit, both or neither; a release that is on the record already adds none."""
    subject = called(person)
    is_written = False
    try:
        async with connection.transaction():
            is_known = action == "subject_access_released" and await connection.fetchval(
                "SELECT EXISTS (SELECT FROM sfo.audit WHERE action = $1 AND subject = $2 AND detail ->> 'sha256' = $3)",
                action,
                subject,
                detail["sha256"],
            )
            await asyncio.to_thread(write_whole, target, files)
            is_written = True
            if not is_known:
                reference, at = await _case_of(connection, request or subject)
                told = {**detail, "request": request} if request else detail
                await append_audit(connection, at, reference, by.strip().lower(), action, subject, told)
    except BaseException:
        if is_written:  # what is not on the record is not handed out
            await asyncio.to_thread(_take_away, target)
        raise
    return not is_known


def _take_away(target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    else:
        target.unlink()


async def _case_of(connection: Connection, name: str) -> tuple[str | None, datetime]:
    """The case that a request or a handle belongs to with its time; none and now for no case."""
    reference, now = name.partition("/")[0], datetime.now(UTC)
    clock = await connection.fetchval("SELECT clock FROM sfo.cases WHERE reference = $1", reference)
    return (reference, case_time(CaseClock.model_validate(clock), now)) if clock else (None, now)
