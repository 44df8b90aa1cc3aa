"""The register: every reader of every version, on what ground, by whom and how; and internal readers put into it.

A review is read by a recorded list and published to nobody. Rule: Annex J (confidentiality), facts.md 3 and 4.2.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import asyncpg

from starter.columns import in_columns
from starter.connections import Connection
from starter.judging import Rules
from starter.record import append_audit
from starter.rendition_files import SHUT, FileRefusedError, Handed, hand_out_within
from starter.reports import LockedCase, ReportRefusedError, locked_case, require_not_erased
from starter.requests import require_role
from workflows.contract.choices import WAYS
from workflows.contract.rendition import FileFormat
from workflows.contract.vocabulary import Role
from workflows.policy.authority import holds
from workflows.policy.due import on_in_london

INTERNAL = {
    "regional_director": "Regional Probation Director",
    "chief_probation_officer": "Chief Probation Officer",
    "designated": "designated reader",
}
"""Who reads the review itself, inside HMPPS. Rule: Annex J: the two by name, and designated others."""

RECORDING = (Role.SFO_TEAM, Role.SENIOR_LEAD, Role.REGIONAL_DIRECTOR, Role.NATIONAL_TEAM)
KINDS = {
    "review": "the review itself",
    "internal_rendition": "the internal version",
    "victim_rendition": "the version for victims",
    "public_rendition": "the public version",
}
_LEG = re.compile(r"v[1-9][0-9]*")
_WAYS: dict[str, str] = {choice.value: choice.label for choice in WAYS}

View = dict[str, Any]


class GivingRefusedError(ReportRefusedError):
    """It cannot stand in the register, by its `code`; the text says why and what to do instead."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


@dataclass(frozen=True, slots=True)
class Giving:
    """That an internal reader was given a version of the review. `name` says who, for a designated reader."""

    to: str
    version: int
    how: str
    on: date
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """That it stands in the register. `is_new`: it did not before; `file`: what the reader is given, if asked for."""

    is_new: bool
    file: Handed | None = None


async def give(
    connection: Connection, rules: Rules, reference: str, giving: Giving, email: str, as_file: FileFormat | None = None
) -> Given:
    """It stands in the register; `as_file`: the internal version comes with it. Raises ReportRefusedError."""
    async with connection.transaction():
        case = await locked_case(connection, reference)
        require_not_erased(case)
        require_role(rules, case, RECORDING, email, "records who read the review")
        is_new = await _registered(connection, rules, case, giving, email)
        taken_by = next(
            role for role in RECORDING if holds(email, (role,), rules.directory, case.row["region"], case.row["pdu"])
        )
        return Given(is_new, await _file(connection, case, giving, as_file, taken_by) if as_file else None)


async def _file(
    connection: Connection, case: LockedCase, giving: Giving, as_file: FileFormat, taken_by: Role
) -> Handed:
    try:
        return await hand_out_within(connection, case, giving.version, as_file, taken_by, to=giving.to)
    except FileRefusedError as refused:
        words: str = SHUT[refused.code]
        if refused.code == "no_such_file":
            words = f"version {giving.version} was not made as {as_file}; name a file that ends in another way"
        raise GivingRefusedError(refused.code, words) from None


async def _registered(connection: Connection, rules: Rules, case: LockedCase, giving: Giving, email: str) -> bool:
    """Whether it is new in the register, where it stands from now on."""
    reference = case.reference
    document = await _accepted(connection, case, giving)
    reader, known = await _reader(connection, case, giving)
    if known is not None:
        return _again(known, giving)
    _check_date(case, giving, on_in_london(document["at"]))
    giver = rules.directory.person_by_email(email)
    await connection.execute(
        """INSERT INTO sfo.releases (reference, kind, rendition, sha256, reader, given_by, given_by_name,
               received_by, how, on_date, recorded_by, at)
           VALUES ($1, 'review', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)""",
        reference,
        giving.version,
        document["sha256"],
        reader,
        giver.key if giver else None,
        giver.name if giver else None,
        giving.name,
        giving.how,
        giving.on,
        email,
        case.now,
    )
    detail = {"version": giving.version, "sha256": document["sha256"], "how": giving.how, "on": str(giving.on)}
    await append_audit(connection, case.now, reference, email, "review_given", reader, detail)
    return True


async def _accepted(connection: Connection, case: LockedCase, giving: Giving) -> asyncpg.Record:
    """The document of the version, which must be the accepted one and free of correction."""
    accepted = case.row["accepted_version"]
    if accepted is None:
        raise GivingRefusedError("not_accepted", f"{case.reference} has no accepted review; a draft is given to nobody")
    if giving.version != accepted:
        words = f"version {giving.version} is not the accepted review of {case.reference}; give version {accepted}"
        raise GivingRefusedError("not_accepted", words)
    if case.row["corrected_since"] is not None:
        words = f"the review of {case.reference} is being corrected; give the corrected version once it is accepted"
        raise GivingRefusedError("being_corrected", words)
    document = await connection.fetchrow(
        "SELECT sha256, at FROM sfo.documents WHERE reference = $1 AND kind = 'review' AND version = $2",
        case.reference,
        accepted,
    )
    if document is None:
        raise GivingRefusedError("not_accepted", f"the record holds no text of version {accepted} of {case.reference}")
    return document


async def _reader(connection: Connection, case: LockedCase, giving: Giving) -> tuple[str, asyncpg.Record | None]:
    """How the reader is called in the register, `designated-2`, and the row of this version, if there is one."""
    rows = await connection.fetch(
        "SELECT * FROM sfo.releases WHERE reference = $1 AND kind = 'review' ORDER BY at", case.reference
    )
    if giving.to != "designated":
        reader = giving.to
    else:
        called = {row["reader"]: row["received_by"] for row in rows if row["reader"].startswith("designated-")}
        named = (giving.name or "").strip().casefold()
        same = (reader for reader, name in called.items() if (name or "").strip().casefold() == named)
        reader = next(same, f"designated-{len(called) + 1}")
    return reader, next((r for r in rows if r["reader"] == reader and r["rendition"] == giving.version), None)


def _again(known: asyncpg.Record, giving: Giving) -> bool:
    """The same once more changes nothing; something else about the same version would be a second truth."""
    if (known["how"], known["on_date"]) == (giving.how, giving.on):
        return False
    how = _WAYS.get(known["how"] or "", known["how"] or "given")
    words = f"this reader was given version {giving.version} on {known['on_date']} ({how.lower()}); nothing has changed"
    raise GivingRefusedError("given_already", words)


def _check_date(case: LockedCase, giving: Giving, written_on: date) -> None:
    today = on_in_london(case.now)
    if giving.on > today:
        raise GivingRefusedError("in_the_future", f"{giving.on} lies in the future; record it when it has happened")
    if giving.on < written_on:
        words = f"{giving.on} is before the review was written, {written_on}; correct the date"
        raise GivingRefusedError("before_the_review", words)


# --- Who has read what -------------------------------------------------------------------------------


async def readers(connection: Connection, reference: str) -> list[View] | None:
    """Every reader of every version as plain objects, the oldest first, downloads too; none: no such case.

    `what` is given or downloaded. Who a designated reader is stands there by name; a family by its number.
    """
    if not await connection.fetchval("SELECT EXISTS (SELECT FROM sfo.cases WHERE reference = $1)", reference):
        return None
    given = await connection.fetch("SELECT * FROM sfo.releases WHERE reference = $1 ORDER BY at, reader", reference)
    downloaded = await connection.fetch(
        "SELECT * FROM sfo.audit WHERE reference = $1 AND action = 'rendition_downloaded' ORDER BY seq", reference
    )
    found = [*((row["at"], _given(row)) for row in given), *((row["at"], _downloaded(row)) for row in downloaded)]
    return [view for _, view in sorted(found, key=lambda one: one[0])]


def _given(row: asyncpg.Record) -> View:
    return {
        "what": "given",
        "kind": row["kind"],
        "version": row["rendition"],
        "language": row["language"],
        "reader": row["reader"],
        "received_by": row["received_by"],
        "given_by": row["given_by"],
        "how": row["how"],
        "on": row["on_date"].isoformat() if row["on_date"] else on_in_london(row["at"]).isoformat(),
        "entitlement": row["entitlement"],
        "sha256": row["sha256"],
        "at": row["at"].isoformat(timespec="seconds"),
    }


def _downloaded(row: asyncpg.Record) -> View:
    detail: Mapping[str, Any] = row["detail"]
    return {
        "what": "downloaded",
        "kind": detail["kind"],
        "version": detail["version"],
        "language": detail["language"],
        "reader": row["actor"],
        "received_by": None,
        "given_by": None,
        "how": detail["format"],
        "on": on_in_london(row["at"]).isoformat(),
        "entitlement": None,
        "sha256": detail["sha256"],
        "at": row["at"].isoformat(timespec="seconds"),
    }


def as_table(views: Iterable[View]) -> str:
    """Write the register for a person: a line each in columns, and whose text it is by the first of its hash."""
    heads = ("DATE", "READER", "WHAT", "VERSION", "HOW", "BY", "SHA256")
    return "\n".join(in_columns([heads, *(_cells(view) for view in views)]))


def _cells(view: View) -> tuple[str, ...]:
    translated = f" ({view['language']})" if view["language"] != "en" else ""
    how = str(view["how"] or "")
    return (
        str(view["on"]),
        reader_in_words(view),
        KINDS.get(str(view["kind"]), str(view["kind"])),
        f"{view['version']}{translated}",
        f"downloaded as {how}" if view["what"] == "downloaded" else _WAYS.get(how, how).lower() or "given",
        str(view["given_by"] or ""),
        str(view["sha256"])[:12],
    )


def reader_in_words(view: View) -> str:
    """Say who a reader is: a role, a family by its number, or whom the register names."""
    reader = str(view["reader"])
    kind, _, number = reader.partition("-")
    words = INTERNAL.get(kind) or (f"victim or family {reader}" if _LEG.fullmatch(reader) else kind.replace("_", " "))
    named = view["received_by"] if view["kind"] == "review" else None
    who = f"{words} {number}".strip() + (f", {named}" if named else "")
    because = f" ({view['entitlement']})" if view["entitlement"] else ""
    return f"{who}{because}"
