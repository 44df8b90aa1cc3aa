"""The files of a rendition as the record holds them: which a question hands out, and whether one may leave now.

A file leaves byte for byte as it was searched and released, to the person who was asked, and each download is noted.
Rule: design.md 3.3; Annex J (victims); facts.md 5.18.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starter.connections import Connection
from starter.record import Asked, Gate, append_audit
from starter.reports import LockedCase, court_of, locked_case
from starter.welsh import Ours
from workflows.contract.rendition import FileFormat
from workflows.contract.vocabulary import CourtEventKind, GateState, Role
from workflows.policy.disclosure import is_open

HANDOVER, LANGUAGE, OUTSIDE = "handover", "language", "enquiry_review"
OF_A_LEG = (LANGUAGE, HANDOVER)
OF_A_RENDITION = ("release", "release_public", "leaks", "internal_leaks", "quality", OUTSIDE, *OF_A_LEG)
"""The questions whose page hands out the files of a rendition."""

ENGLISH = "en"
VICTIM, WITHIN = "victim_rendition", "internal_rendition"
FORMAT_WORDS = {FileFormat.HTML: "Web page", FileFormat.WORD: "Word document", FileFormat.PDF: "PDF"}
_ORDER = {FileFormat.HTML: 0, FileFormat.WORD: 1, FileFormat.PDF: 2}
_NOT_FOR_VICTIMS = {"public_rendition": "-public", "internal_rendition": "-internal"}
_TRANSLATION = re.compile(r"(?P<leg>v[1-9][0-9]*)-(?P<number>[1-9][0-9]*)")

SHUT = {
    "closed": Ours("This question is closed, so its files are not handed out any more."),
    "not_convicted": Ours(
        "The court does not open disclosure any more, so nothing may be given. You are told what follows."
    ),
    "stopped": Ours("The national SFO team has stopped disclosure in this case, so nothing may be given."),
    "held": Ours(
        "A concern about the safety of staff is open. Nothing may be given until the national team resolves it."
    ),
    "being_corrected": Ours(
        "The review is being corrected. You will be asked again once the corrected version is released."
    ),
    "not_released": Ours("This is not the version that was released last, so it may not be given."),
    "not_accepted": Ours("This is not the version of the review that was accepted last, so it may not be given."),
    "no_such_file": Ours("There is no such file of this version. Choose one of those on the question's page."),
    "not_searched": Ours(
        "This file is searched first for somebody new in the case, or what was found in it is not settled. "
        "Look again in some minutes."
    ),
    "altered": Ours("The file is not the one that was released, so it is not handed out. Tell your regional SFO Team."),
}
"""Why a file is not handed out, by code, for the person who asks."""


class FileRefusedError(Exception):
    """The file may not leave. `code` is a key of SHUT."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class RenditionFile:
    """One file of a rendition. `language`: en, or `v2-1`, the first translation given back for that leg.

    `is_searched`: for what must not leave, as it stands; `has_leaks`: something was found that nobody has settled.
    """

    language: str
    format: FileFormat
    size: int
    sha256: str
    at: datetime
    is_searched: bool
    has_leaks: bool

    @property
    def is_translation(self) -> bool:
        """Whether a person gave it back, rather than that it was rendered."""
        return self.language != ENGLISH

    @property
    def is_clean(self) -> bool:
        """Whether nothing that the search found, or has not looked for yet, keeps it from leaving."""
        return self.is_searched and not self.has_leaks

    @property
    def title(self) -> str:
        """What it is and how large, in words: Word document, in English, 84 kilobytes."""
        return f"{FORMAT_WORDS[self.format]}, {language_in_words(self.language)}, {size_in_words(self.size)}"


@dataclass(frozen=True, slots=True)
class Files:
    """What a question hands out. `shut`: the code of why nothing is handed out just now; none: it may leave."""

    version: int = 0
    offered: tuple[RenditionFile, ...] = ()
    shut: str | None = None

    @property
    def why_shut(self) -> str:
        """Why nothing is handed out, for the person who asks."""
        return SHUT[self.shut] if self.shut else ""

    @property
    def translations(self) -> tuple[RenditionFile, ...]:
        """The translations among them, the latest last."""
        return tuple(file for file in self.offered if file.is_translation)

    def file(self, language: str, format_: FileFormat) -> RenditionFile | None:
        """The file of this language and format, where it is offered."""
        return next((file for file in self.offered if (file.language, file.format) == (language, format_)), None)


NO_FILES = Files()


@dataclass(frozen=True, slots=True)
class Handed:
    """A file on its way out, under a name that names nobody."""

    name: str
    format: FileFormat
    data: bytes


def language_in_words(language: str) -> str:
    """Say which text it is: in English, or the translation of which leg."""
    found = _TRANSLATION.fullmatch(language)
    return f"translation {found['number']} for {found['leg']}" if found else "in English"


def size_in_words(size: int) -> str:
    """Say how large a file is: 512 bytes, 84 kilobytes, 1.2 megabytes."""
    if size < 1_000:
        return f"{size} byte{'' if size == 1 else 's'}"
    if size < 999_500:
        kilobytes = round(size / 1_000)
        return f"{kilobytes} kilobyte{'' if kilobytes == 1 else 's'}"
    return f"{size / 1_000_000:.1f} megabytes"


def about(gate: Gate) -> dict[str, Any] | None:
    """What the page of a question says of a rendition: kind, version, languages, formats; none: it hands out none."""
    given = gate.page.get("rendition") if gate.question in OF_A_RENDITION else None
    return dict(given) if isinstance(given, dict) else None


async def files_of(connection: Connection, gate: Gate) -> Files:
    """What this question hands out, English first, and whether anything stands against it. Writes nothing."""
    given = about(gate)
    if given is None:
        return NO_FILES
    rows = await connection.fetch(_FILES, gate.reference, given["kind"], given["version"])
    files = sorted((RenditionFile(**{**row, "format": FileFormat(row["format"])}) for row in rows), key=_in_order)
    offered = [file for file in files if _is_offered(gate, given, file)]
    if gate.question == HANDOVER:  # an earlier translation is not the one that is handed over
        last = next((file.language for file in reversed(offered) if file.is_translation), ENGLISH)
        offered = [file for file in offered if file.language in (ENGLISH, last)]
    return Files(given["version"], tuple(offered), await _why_shut(connection, gate, given))


_FILES = """
    SELECT f.language, f.format, octet_length(f.bytes) AS size, f.sha256, f.at,
        EXISTS (SELECT FROM sfo.file_searches s JOIN sfo.cases c USING (reference)
            WHERE (s.reference, s.kind, s.version, s.language, s.format, s.sha256)
                = (f.reference, f.kind, f.version, f.language, f.format, f.sha256)
                AND (f.kind = 'internal_rendition' OR s.names = c.names)) AS is_searched,
        EXISTS (SELECT FROM sfo.leaks l WHERE (l.reference, l.kind, l.version) = (f.reference, f.kind, f.version)
            AND l.why IS NULL AND f.language || '.' || f.format = ANY(l.formats)) AS has_leaks
    FROM sfo.rendition_files f WHERE f.reference = $1 AND f.kind = $2 AND f.version = $3
"""


def _in_order(file: RenditionFile) -> tuple[int, int, int]:
    """The rendered files first, then the translations of each leg in the order in which they were given back."""
    found = _TRANSLATION.fullmatch(file.language)
    leg, number = (int(found["leg"][1:]), int(found["number"])) if found else (0, 0)
    return (leg, number, _ORDER[file.format])


def _is_offered(gate: Gate, given: dict[str, Any], file: RenditionFile) -> bool:
    """Whether the page offers it; what was given back while the question was open is offered there too."""
    if not file.is_translation:
        return file.language in given["languages"] and str(file.format) in given["formats"]
    found = _TRANSLATION.fullmatch(file.language)
    if found is None or (gate.question in OF_A_LEG and found["leg"] != gate.subject):
        return False  # another family's
    return file.language in given["languages"] or gate.question == LANGUAGE


async def _why_shut(connection: Connection, gate: Gate, given: dict[str, Any]) -> str | None:
    """The first thing that stands against handing a file out to whoever hands it on; other questions only look."""
    if gate.question == OUTSIDE:
        return await _shut_outside(connection, gate.reference, given["version"])
    if gate.question != HANDOVER:
        return None
    if code := await shut_for_victims(connection, gate.reference):
        return code
    return None if await released_last(connection, gate.reference) == given["version"] else "not_released"


async def _shut_outside(connection: Connection, reference: str, version: int) -> str | None:
    """Why this version of the review may be given to nobody outside just now. Rule: facts.md 5.18, 5.20 to 5.22."""
    row = await connection.fetchrow(
        """
        SELECT c.accepted_version, c.corrected_since, EXISTS (SELECT FROM sfo.escalations s
            WHERE s.reference = $1 AND s.kind = 'staff_safety' AND s.state <> 'resolved') AS held
        FROM sfo.cases c WHERE c.reference = $1
        """,
        reference,
    )
    if row is None or row["accepted_version"] != version:
        return "not_accepted"
    return "held" if row["held"] else "being_corrected" if row["corrected_since"] else None


async def shut_for_victims(connection: Connection, reference: str) -> str | None:
    """Why nothing may be given to a victim or family just now, whatever its version; none: nothing stands against it.

    A quashing that the case has not heard of yet shuts already; a conviction opens once it has. Rule: design.md 3.3.
    """
    row = await connection.fetchrow(
        """
        SELECT c.corrected_since IS NOT NULL AS being_corrected,
            EXISTS (SELECT FROM sfo.court_events q WHERE q.reference = $1 AND q.kind = $2 AND q.applied_at IS NULL)
                AS not_convicted,
            EXISTS (SELECT FROM sfo.escalations s WHERE s.reference = $1 AND s.kind = 'staff_safety'
                AND s.state = 'resolved' AND s.outcome = 'stop') AS stopped,
            EXISTS (SELECT FROM sfo.escalations s WHERE s.reference = $1 AND s.kind = 'staff_safety'
                AND s.state <> 'resolved') AS held
        FROM sfo.cases c WHERE c.reference = $1
        """,
        reference,
        str(CourtEventKind.QUASHED),
    )
    if row is None or row["not_convicted"] or not is_open(await court_of(connection, reference)):
        return "not_convicted"
    return next((code for code in ("stopped", "held", "being_corrected") if row[code]), None)


async def released_last(connection: Connection, reference: str) -> int | None:
    """The number of the victim rendition that was released last, or none."""
    subject = await connection.fetchval(
        """
        SELECT g.subject FROM sfo.decisions d JOIN sfo.gates g USING (gate)
        WHERE g.reference = $1 AND g.question = 'release' AND d.answer = 'released' AND d.applied_at IS NOT NULL
        ORDER BY d.applied_at DESC, d.recorded_at DESC LIMIT 1
        """,
        reference,
    )
    return int(subject.removeprefix("r")) if subject else None


async def hand_out(connection: Connection, gate: Gate, by: Asked, language: str, format_: FileFormat) -> Handed:
    """Return the file and note the download, in one transaction. Raises FileRefusedError; nothing is noted then.

    The case's row is held, so that a concern raised in the same moment is either there already or comes after.
    """
    async with connection.transaction():
        case = await locked_case(connection, gate.reference)
        files, given = await files_of(connection, gate), about(gate) or {}
        state = await connection.fetchval("SELECT state FROM sfo.gates WHERE gate = $1", gate.gate)
        file = files.file(language, format_)
        if code := _why_not(gate, files, file, GateState(state)):
            raise FileRefusedError(code)
        assert file is not None  # noqa: S101  # nothing stands against it, so it is there
        out = _Out(gate.reference, given["kind"], given["version"], file)
        return await out.go(connection, case, str(gate.role), gate.gate, rung=by.rung)


async def hand_out_within(
    connection: Connection, case: LockedCase, version: int, format_: FileFormat, taken_by: Role, *, to: str
) -> Handed:
    """Return a file of the internal version of the accepted review, and note who took it for whom.

    Raises FileRefusedError.

    Whether the review may be given at all is for whoever puts its reader into the register. Part of a transaction.
    """
    rows = await connection.fetch(_FILES, case.reference, WITHIN, version)
    found = next((row for row in rows if row["format"] == str(format_)), None)
    if found is None:
        raise FileRefusedError("no_such_file")
    file = RenditionFile(**{**found, "format": format_})
    if not file.is_clean:
        raise FileRefusedError("not_searched")
    return await _Out(case.reference, WITHIN, version, file).go(connection, case, str(taken_by), f"i{version}", to=to)


@dataclass(frozen=True, slots=True)
class _Out:
    """A file of a rendition on its way out, against which nothing stands."""

    reference: str
    kind: str
    version: int
    file: RenditionFile

    async def go(self, connection: Connection, case: LockedCase, actor: str, subject: str, **more: str) -> Handed:
        """Return it as it was released, noted in the audit. Raises FileRefusedError where its bytes are others."""
        language, format_ = self.file.language, self.file.format
        data = await connection.fetchval(_BYTES, self.reference, self.kind, self.version, language, str(format_))
        digest = hashlib.sha256(data).hexdigest()
        if digest != self.file.sha256:
            raise FileRefusedError("altered")
        detail = {
            "kind": self.kind,
            "version": self.version,
            "language": language,
            "format": str(format_),
            "sha256": digest,
            **more,
        }
        await append_audit(connection, case.now, self.reference, actor, "rendition_downloaded", subject, detail)
        return Handed(_name(self.reference, self.kind, self.version, self.file), format_, data)


_BYTES = """
    SELECT bytes FROM sfo.rendition_files
    WHERE reference = $1 AND kind = $2 AND version = $3 AND language = $4 AND format = $5
"""


def _why_not(gate: Gate, files: Files, file: RenditionFile | None, state: GateState) -> str | None:
    if state is not GateState.OPEN:
        return "closed"
    if files.shut or file is None:
        return files.shut or "no_such_file"
    return None if file.is_clean or gate.question not in (HANDOVER, OUTSIDE) else "not_searched"


def _name(reference: str, kind: str, version: int, file: RenditionFile) -> str:
    """A name for the file: `review-SFO-2026-00001-version-1.docx`."""
    translation = f"-translation-{file.language}" if file.is_translation else ""
    return f"review-{reference}-version-{version}{_NOT_FOR_VICTIMS.get(kind, '')}{translation}.{file.format}"
