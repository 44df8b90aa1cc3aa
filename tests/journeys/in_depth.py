"""What happens in the journey of the review in depth: the four cases, what their people answer, what is changed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from starter.cast import Cast
from starter.connections import Pool, database_pool, temporal_client
from starter.delivery import Delivery
from starter.demo import beside
from starter.script import DRAFT, FIRST, SILENT, TODAY, USUAL, Ahead, Each, Line
from starter.up import RunningStack, stack
from tests.journeys.staged import PACE, Row, Staged, charge, staged, typed
from workflows.contract.vocabulary import CourtEventKind
from workflows.policy.calendar import add_working_days

LEAD, NATIONAL = "senior.lead@n53.example.test", "sfo.team@national.example.test"
SECOND_REVIEWER = "n53.reviewer.2"
FOURTH = {
    "role": "other", "name": "Invented Agency-Worker Ash", "email": "agency.ash@invented.example.test",
    "in_line": False,
}  # fmt: skip
BECAUSE = "Invented reason."


def answers() -> dict[str, list[Line]]:
    """What the people of the first case answer otherwise than usual: every way round that a review can take."""
    usual = {name: replace(line, after_days=1) for name, line in USUAL.items()}
    action = {"what": "Invented action: look at every open case.", "owner": FIRST, "due_on": Ahead(6)}
    elsewhere = {"countersigner": FIRST}
    return {
        "early_look": [Line("actions", {"referral": "yes", "actions": [action]}, after_days=1)],
        "management_action": [replace(usual["management_action"], after_days=14)],
        "confirm_actions": [Line("not_confirmed", reasons=BECAUSE, after_days=1), usual["confirm_actions"]],
        "commission": [
            Line("another_region", {"region": "N56", **elsewhere}, BECAUSE, after_days=1),
            Line("another_region", {"region": "MCG", **elsewhere}, BECAUSE, after_days=1),
        ],
        "lend": [
            Line("declined", reasons="Invented reason: nobody is free.", after_days=1),
            Line("accepted", {"reviewer": FIRST}, after_days=1),
        ],
        "invitation": [
            Line("another_time", reasons=BECAUSE, after_days=1),
            Line("accompanied", {"time": FIRST, "companion": "union"}, after_days=1),
            usual["invitation"],
        ],
        "companion": [Line("not_agreed", reasons="Invented reason: a colleague may come instead.", after_days=1)],
        "interview": [
            Line("rearrange", reasons=BECAUSE, after_days=9),
            Line("not_possible", reasons="Invented reason: long absence.", after_days=9),
            USUAL["interview"],
        ],
        "draft": [replace(DRAFT, after_days=45), replace(DRAFT, after_days=3)],
        "answer_comments": [
            Line("answered", {"answers": Each({"accepted": "no", "answer": "Invented answer: see the record."})}),
        ],
        "submit": [Line("revise", reasons=BECAUSE, after_days=1), usual["submit"]],
        "countersign": [Line("returned", reasons="Invented reason: say why.", after_days=2), usual["countersign"]],
        "quality": [
            replace(
                USUAL["quality"],
                fields={**USUAL["quality"].fields, "composite": "inadequate", "must_change": "Invented demand: judge."},
            ),
            usual["quality"],
        ],
        "give_feedback": [
            usual["give_feedback"],
            usual["give_feedback"],
            Line("attempted", {"attempted_on": TODAY}, "Invented reason: left and not found.", after_days=1),
            usual["give_feedback"],
        ],
        "feedback": [Line("not_yet", after_days=1), SILENT, usual["feedback"]],
        "action": [
            Line("withdrawn", reasons=BECAUSE, after_days=1),
            usual["action"],
            Line("withdrawn", reasons="Invented reason: overtaken.", after_days=1),
        ],
        "withdraw_action": [Line("refused", reasons=BECAUSE, after_days=1), Line("agreed", reasons=BECAUSE)],
        "welfare": [
            Line(
                "recorded", {"contacts": Each({"contact": "not_possible", "on_date": TODAY, "outside_offered": "yes"})}
            ),
            usual["welfare"],
        ],
    }


def nobody_is_free() -> tuple[Row, ...]:
    """Every reviewing manager of the region worked in the case."""
    return tuple(
        {"role": "other", "name": f"Example Reviewing-Manager {n}", "email": f"reviewer.{n}@n53.example.test",
         "in_line": True}
        for n in ("one", "two", "three")
    )  # fmt: skip


RECORDED_BY_HMIP = Line(
    "recorded",
    {
        "commissioned_on": TODAY,
        "reviewer_name": "Invented Inspector",
        "reviewer_email": "inspector@invented.example.test",
    },
    BECAUSE,
)


@dataclass
class Played:
    """The cases once they have gone as far as they go, and what was seen on the way."""

    running: RunningStack
    pool: Pool
    deep: Staged
    changed: Staged
    nobody: Staged
    second: Staged
    seen: dict[str, Any]


@pytest_asyncio.fixture(scope="module")
async def played(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Played]:
    environ = {"SFO_DATA_DIR": str(tmp_path_factory.mktemp("depth"))}
    async with stack(environ, say=lambda _: None) as running, database_pool(running.settings) as pool:
        delivery = Delivery(await temporal_client(running.settings), pool)

        async def opened(number: int, lines: dict[str, list[Line]], speed: float = PACE, **more: Any) -> Staged:
            return await staged(running, pool, delivery, charge(number, **more), lines, speed)

        hmip = replace(USUAL["commission"], answer="hmip", fields={"countersigner": FIRST}, reasons=BECAUSE)
        deep = await opened(1, answers(), roster=(FOURTH,))
        changed = await opened(2, {"draft": [replace(DRAFT, after_days=128)], "facts": [SILENT], "extension": []})
        nobody = await opened(
            3, {"commission": [SILENT, replace(hmip, after_days=16)], "hmip": [RECORDED_BY_HMIP], "draft": [SILENT]},
            roster=nobody_is_free(),
        )  # fmt: skip
        again = offences("COML020")
        second = await opened(2, {}, speed=1, offences=again, first_appearance_on=None)
        cases = (deep, changed, nobody)
        seen: dict[str, Any] = {}
        assert running.settings.mailbox_dir is not None
        cast = Cast(
            running.settings.mailbox_dir, {c.reference: c.lines for c in cases}, {c.reference: c.clock for c in cases}
        )
        async with beside(cast.run()):
            await all_of(through_the_depth(deep, seen), change(changed, seen), nobody_left(nobody, deep, seen))
        yield Played(running, pool, deep, changed, nobody, second, seen)


def offences(code: str) -> list[Row]:
    on = str(datetime.now(UTC).date() - timedelta(days=8))
    return [{"code": code, "offence_on": on, "victim_age": 34, "wording": "Invented wording"}]


async def all_of(*work: Awaitable[None]) -> None:
    async with asyncio.timeout(420):
        await asyncio.gather(*work)


async def closed(case: Staged) -> bool:
    return await case.value("SELECT closed_on IS NOT NULL FROM sfo.cases WHERE reference = $1") is True


async def appointed(case: Staged, role: str = "reviewing_manager") -> Row:
    rows = await case.rows("SELECT * FROM sfo.appointments WHERE reference = $1 AND role = $2", role)
    return rows[0]


# --- what happens ---------------------------------------------------------------------------------------


async def through_the_depth(case: Staged, seen: dict[str, Any]) -> None:
    """The reviewer falls ill once somebody has been interviewed; at the end the court convicts."""
    held = "SELECT count(*) > 0 FROM sfo.duties WHERE reference = $1 AND kind = 'interviewed' AND state <> 'owed'"
    await case.until(lambda: case.value(held))
    seen["before"] = await dates_and_progress(case)
    seen["lent"] = await appointed(case)
    await case.sfo("replace", "--role", "reviewing_manager", "--to", SECOND_REVIEWER, "--reason-code", "illness",
                   "--as", LEAD)  # fmt: skip
    await case.until(lambda: case.value(
        "SELECT email = 'reviewer.two@n53.example.test' FROM sfo.appointments "
        "WHERE reference = $1 AND role = 'reviewing_manager'"
    ))  # fmt: skip
    seen["after"] = await dates_and_progress(case)
    await case.until(lambda: case.value("SELECT accepted_version IS NOT NULL FROM sfo.cases WHERE reference = $1"))
    await case.court(CourtEventKind.CONVICTED)
    await case.until(lambda: closed(case))


async def dates_and_progress(case: Staged) -> Row:
    draft = await case.open_gate("draft")
    interviews = await case.rows("SELECT ref, invited_at FROM sfo.interviews WHERE reference = $1 ORDER BY ref")
    return {
        "due": await case.value("SELECT review_due FROM sfo.cases WHERE reference = $1"),
        "draft": (draft["gate"], draft["due_on"], draft["opened_at"]),
        "invited": {row["ref"] for row in interviews},
    }


async def change(case: Staged, seen: dict[str, Any]) -> None:
    """Paused and resumed, transferred, extended three times, a bank holiday, acquitted at the end."""
    await case.open_gate("draft")
    await pause_and_resume(case, seen)
    await case.sfo("transfer", "--region", "N56", "--pdu", "N56CAM", "--reason-code", "supervision_moved",
                   "--as", LEAD)  # fmt: skip
    await case.until(lambda: case.value("SELECT region = 'N56' FROM sfo.cases WHERE reference = $1"))
    reviewer = (await appointed(case))["email"]
    await shortened_and_refused(case, reviewer, seen)
    await case.until(lambda: case.value("SELECT review_overdue FROM sfo.cases WHERE reference = $1"))
    seen["overdue"] = await case.view()
    seen["late"] = await extend(case, reviewer, "2 weeks", lambda asked: Line("granted", {"new_on": asked}, BECAUSE))
    facts = await case.open_gate("facts")
    seen["facts"] = facts
    seen["holiday"] = add_working_days(facts["due_on"], -1, frozenset())
    seen["announced"] = await typed(
        case.running, "bank-holiday", str(seen["holiday"]), "--name", "Invented Jubilee", "--source", "invented",
        "--as", NATIONAL,
    )  # fmt: skip
    await case.until(lambda: case.value("SELECT accepted_version IS NOT NULL FROM sfo.cases WHERE reference = $1"))
    await case.court(CourtEventKind.ACQUITTED)
    await case.until(lambda: closed(case))


async def pause_and_resume(case: Staged, seen: dict[str, Any]) -> None:
    await case.until_day(30)
    seen["unpaused"] = await dates_and_progress(case)
    await case.sfo("pause", "--reason-code", "trial", "--as", LEAD)
    await case.until(lambda: case.value("SELECT paused_at IS NOT NULL FROM sfo.cases WHERE reference = $1"))
    paused = await case.value("SELECT paused_at FROM sfo.cases WHERE reference = $1")
    await case.until_day((paused - case.clock.case_anchor).days + 20)
    seen["paused"] = await case.view()
    query = """SELECT count(*) FROM sfo.audit
        WHERE reference = $1 AND action = 'gate_chased' AND at > $2 AND subject LIKE '%/review/%'"""
    seen["chased_in_pause"] = await case.value(query, paused)
    await case.sfo("resume", "--reason-code", "trial", "--as", LEAD)
    await case.until(lambda: case.value("SELECT paused_at IS NULL FROM sfo.cases WHERE reference = $1"))
    (seen["pause"],) = await case.rows("SELECT * FROM sfo.pauses WHERE reference = $1")
    due = seen["pause"]["new_due"]
    await case.until(lambda: case.value(
        "SELECT due_on = $2 FROM sfo.gates WHERE reference = $1 AND question = 'draft' AND state = 'open'", due
    ))  # fmt: skip


async def shortened_and_refused(case: Staged, reviewer: str, seen: dict[str, Any]) -> None:
    due: date = seen["pause"]["new_due"]
    shorter = due + timedelta(days=14)
    seen["shorter"] = shorter
    await extend(case, reviewer, "2 months", lambda _: Line("granted", {"new_on": shorter}, BECAUSE, after_days=1))
    await case.until(lambda: case.value("SELECT review_due = $2 FROM sfo.cases WHERE reference = $1", shorter))
    await extend(case, reviewer, "1 month", lambda _: Line("refused", reasons=BECAUSE, after_days=1))


async def extend(case: Staged, reviewer: str, by: str, answer: Any) -> date:
    """Ask for more time and wait for its decision; returns the date asked for."""
    said = await case.sfo("extend", "--by", by, "--reason-code", "trial", "--as", reviewer)
    asked = date.fromisoformat(said.split(": ")[1].split()[0])
    case.lines["extension"].append(answer(asked))
    decided = len(case.lines["extension"])
    await case.until(lambda: case.value(
        "SELECT count(*) = $2 FROM sfo.extension_requests WHERE reference = $1 AND granted IS NOT NULL", decided
    ))  # fmt: skip
    return asked


async def nobody_left(case: Staged, other: Staged, seen: dict[str, Any]) -> None:
    """Nobody in the region may review: noticed, climbed, escalated, reviewed by the inspectorate; then dropped."""
    await typed(case.running, "relate", case.reference, other.reference, "--kind", "joint", "--as", LEAD)
    await case.open_gate("draft")
    seen["hmip"] = await appointed(case)
    await case.court(CourtEventKind.DISCONTINUED)
    await case.until(lambda: closed(case))
