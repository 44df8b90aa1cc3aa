"""How one question of each kind of form is described, and how a case comes to be asked it. The list: kinds_listed.py.

What is typed is said by the labels that stand on the page; a list is rows that are added, a mapping the rows that the
page gives, each under the words above it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from activities.record import fingerprint
from tests.activities import disclosing, reviewing
from tests.activities.disclosing import SHOUTING, SISTER, STAGE, passage
from tests.activities.reviewing import COMMENTS
from tests.activities.test_staff import TIMES, tell
from tests.builders import ACase
from workflows.contract.messages import ChargeReading
from workflows.contract.vocabulary import CourtEventKind

ONLY = "(the only one there is)"
"""The choice where the page offers a single one."""


async def as_it_is(_case: ACase) -> None:
    return None


@dataclass(frozen=True)
class Kind:
    """`effect`: a query about the case, $1, and what it finds once the answer is applied."""

    name: str
    question: str
    answer: str
    subject: str | None = None
    stage: str = "review"
    before: Callable[[ACase], Awaitable[None]] = as_it_is
    asked: dict[str, Any] = field(default_factory=dict)
    typed: dict[str, Any] = field(default_factory=dict)
    reasons: str = ""
    file: bytes = b""
    fields: dict[str, Any] = field(default_factory=dict)
    effect: tuple[str, Any] | None = None


# --- how the case comes to be asked ----------------------------------------------------------------------


async def commissioned(case: ACase) -> None:
    await case.casework.judge_charge(ChargeReading(reference=case.reference, round=1, at=case.at))
    settled = await case.answer("commission", "appoint", reviewer="n53.reviewer.1", countersigner="n53.countersigner.1")
    assert settled.decision is not None


async def drafted(case: ACase) -> None:
    await commissioned(case)
    await reviewing.write(case)


async def commented(case: ACase) -> None:
    await drafted(case)
    assert (await case.answer("facts", "comments", "v1", comments=COMMENTS)).decision


async def submitted(case: ACase) -> None:
    await drafted(case)
    await reviewing.submitted(case, "1")


async def dated(case: ACase) -> None:
    await commissioned(case)
    await case.pool.execute(
        "UPDATE cases SET review_due = $2, original_review_due = $2 WHERE reference = $1",
        *(case.reference, date(2027, 1, 5)),
    )


async def told(case: ACase) -> None:
    await commissioned(case)
    await tell(case)


async def invited(case: ACase) -> None:
    await told(case)
    assert (await case.answer("invite", "invited", "s1", times=TIMES)).decision


async def met(case: ACase) -> None:
    await invited(case)
    case.pass_days(10)


async def escalated(case: ACase) -> None:
    await case.pool.execute(
        """INSERT INTO escalations (reference, kind, number, reason, raised_by, raised_at)
           VALUES ($1, 'overdue', 1, 'other', 'system', $2)""",
        *(case.reference, case.at),
    )


async def convicted(case: ACase) -> None:
    await disclosing.write(case, 1)
    await disclosing.court(case, CourtEventKind.CONVICTED)


async def proposed(case: ACase) -> None:
    await convicted(case)
    disclosing.applied(await disclosing.propose(case, passage(SHOUTING), passage(SISTER, "analysis-3")))


async def searched(case: ACase) -> None:
    """A rendition with one file, in which the search found a name; making real ones takes seconds."""
    await convicted(case)
    key, data = (case.reference, "victim_rendition", 1), b"<!DOCTYPE html><p>Invented"
    content = {"review_version": 1, "audience": "victim", "summary": ["Invented"], "sections": []}
    await case.pool.execute(
        "INSERT INTO documents (reference, kind, version, content, sha256, at) VALUES ($1, $2, $3, $4, $5, $6)",
        *(*key, content, fingerprint(content), case.at),
    )
    await case.pool.execute(
        "INSERT INTO rendition_files VALUES ($1, $2, $3, 'en', 'html', $4, $5, NULL, $6)",
        *(*key, data, "0" * 64, case.at),
    )
    await case.pool.execute(
        """INSERT INTO leaks (reference, kind, version, key, what, place, excerpt, formats, at)
           VALUES ($1, $2, $3, 'k1', 'name', 'paragraph', 'It was Quillfeather.', '{en.html}', $4)""",
        *(*key, case.at),
    )


async def in_welsh(case: ACase) -> None:
    await searched(case)
    await case.pool.execute("UPDATE leaks SET why = 'Invented' WHERE reference = $1", case.reference)
    release = (await case.ask("release", "r1", stage=STAGE)).gate
    decision = await case.decide(release, "released")
    await case.pool.execute("UPDATE decisions SET applied_at = received_at WHERE decision = $1", decision)
    await case.pool.execute("UPDATE gates SET state = 'decided', closed_at = opened_at WHERE gate = $1", release)
    await case.pool.execute(
        "UPDATE victims SET answer = 'accepted', language = 'cy', wish = 'copy' WHERE reference = $1 AND ref = 'v1'",
        case.reference,
    )
