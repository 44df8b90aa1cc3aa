"""Renditions in a real record: made once, searched, settled, released to victims or the public, and corrected."""

import asyncio
import hashlib

import pytest
from temporalio.exceptions import ApplicationError

from tests.activities.disclosing import (
    AFFECTED,
    ANALYSIS,
    LEAD,
    SHOUTING,
    SISTER,
    STAGE,
    applied,
    assess,
    audit_of,
    decide_redactions,
    duties,
    hand_over,
    in_disclosure,
    keep_it_short,
    leg,
    legs,
    open_leaks,
    passage,
    prepare,
    propose,
    redact,
    register,
    release,
    released,
    say,
    search,
    superuser,
    text_of,
    wants,
    write,
)
from tests.activities.reviewing import facts_on, page_of
from tests.builders import ACase
from tests.conftest import MailServer, Record
from workflows.contract.rendition import Audience
from workflows.contract.vocabulary import Role

NAMED = "Zelda Quillfeather"  # another name of the supervised person
PLANTED = f"Listen to what {NAMED} says."


@pytest.fixture
def kept_short(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_it_short(monkeypatch)


@pytest.fixture(name="case")
async def _case(shared_record: Record, mail_server: MailServer, kept_short: None) -> ACase:
    """Everybody is assessed, nothing is rendered yet."""
    return await _with_alias(await in_disclosure(shared_record, mail_server))


@pytest.fixture(name="planted")
async def _planted(shared_record: Record, mail_server: MailServer, kept_short: None) -> ACase:
    """A name got into the accepted review, and the search has found it in rendition 1."""
    case = await _with_alias(await in_disclosure(shared_record, mail_server, learning=PLANTED))
    await redact(case, passage(SISTER, "analysis-3"))
    assert (await prepare(case)).leaks == 1
    return case


async def _with_alias(case: ACase) -> ACase:
    await case.pool.execute("UPDATE cases SET person_aliases = $2 WHERE reference = $1", case.reference, [NAMED])
    await assess(case)
    return case


async def files_of(case: ACase, rendition: int = 1, kind: str = "victim_rendition") -> dict[str, str]:
    """The hash of each file, as it is now."""
    rows = await case.pool.fetch(
        "SELECT * FROM rendition_files WHERE reference = $1 AND kind = $2 AND version = $3",
        case.reference, kind, rendition,
    )  # fmt: skip
    assert all(row["sha256"] == hashlib.sha256(row["bytes"]).hexdigest() for row in rows)
    return {f"{row['language']}.{row['format']}": row["sha256"] for row in rows}


# --- made once -------------------------------------------------------------------------------------------


async def test_the_same_text_is_one_rendition_with_a_searched_file_of_each_format(
    shared_record: Record, mail_server: MailServer
) -> None:
    case = await in_disclosure(shared_record, mail_server)
    await redact(case, passage(SISTER, "analysis-3"))
    made = await asyncio.gather(prepare(case), prepare(case))
    assert [(one.rendition, one.leaks) for one in made] == [("1", 0), ("1", 0)]
    digest = await case.pool.fetchval(
        "SELECT sha256 FROM documents WHERE reference = $1 AND kind = 'victim_rendition'", case.reference
    )
    assert {one.sha256 for one in made} == {digest}
    files = await files_of(case)
    assert set(files) == {"en.html", "en.docx", "en.pdf"}
    assert SISTER not in str(await text_of(case))
    assert [row["sha256"] for row in await audit_of(case, "rendition_made")] == [digest]
    searched = await audit_of(case, "file_searched")
    assert {row["file"]: (row["sha256"], row["findings"]) for row in searched} == {n: (h, 0) for n, h in files.items()}
    assert len(searched) == 3
    assert await release(case) == "impact_missing:s1"
    await assess(case)
    case.pass_days(1)
    assert await prepare(case) == made[0]
    assert await release(case) is None
    assert await audit_of(case, "rendition_released") == [
        {"actor": "director@n53.example.test", "subject": "r1", "sha256": digest, "files": files}
    ]


async def test_other_redactions_or_words_make_another_rendition(case: ACase) -> None:
    await redact(case, passage(SISTER, "analysis-3"))
    assert (await prepare(case)).rendition == "1"
    assert (await text_of(case))["summary"] == [
        "We looked at how the case was supervised.",
        "A report was not acted on.",
    ]
    await redact(case, passage(SHOUTING))
    assert (await prepare(case)).rendition == "2"
    applied(await say(case, "redactions", "none_needed", "v1", "All is there", summary="Other words."))
    applied(await decide_redactions(case))
    assert (await prepare(case)).rendition == "3"
    assert (await text_of(case, 3))["summary"] == ["Other words."]


async def test_what_the_record_does_not_hold_is_neither_made_nor_searched(case: ACase) -> None:
    for wrong in (prepare(case, 9), search(case, 9)):
        with pytest.raises(ApplicationError) as raised:
            await wrong
        assert raised.value.type == "UnknownVersion"
    assert await release(case, 9) == "not_rendered"


# --- what the search found -------------------------------------------------------------------------------


async def test_a_planted_name_is_listed_for_the_senior_lead_and_holds_the_release(
    planted: ACase,
) -> None:
    opened = await planted.ask("leaks", "r1", stage=STAGE)
    page = await page_of(planted, opened.gate)
    [found] = page["leaks"]
    assert (found["label"], found["note"]) == ("A name of somebody in the case: paragraph", "In en.html")
    assert found["passage"] == PLANTED
    assert (await facts_on(planted, opened.gate))["Found"] == "1 in all, 1 to be settled"
    assert (page["rendition"]["formats"], PLANTED in str(page["document"])) == (["html"], True)
    assert opened.role is Role.SENIOR_LEAD
    assert await release(planted) == "leaks_unsettled"


@pytest.mark.parametrize(
    "row", [{}, {"harmless": "yes", "why": " "}, {"harmless": "no", "why": "It may not"}, {"key": "other"}]
)
async def test_a_finding_is_settled_only_with_a_yes_and_its_reason(planted: ACase, row: dict[str, str]) -> None:
    [found] = await open_leaks(planted)
    rows = [{"key": found["key"], "harmless": "yes", "why": "A character of a novel", **row}] if row else []
    assert (await say(planted, "leaks", "settled", "r1", leaks=rows)).refused == "incomplete"
    assert len(await open_leaks(planted)) == 1


async def test_what_is_settled_lets_the_release_go_on_and_stays_settled(planted: ACase) -> None:
    await settle(planted)
    assert await audit_of(planted, "leaks_settled") == [{"actor": LEAD, "subject": "r1", "findings": 1}]
    assert (await prepare(planted)).leaks == 0
    opened = await planted.ask("release", "r1", stage=STAGE)
    facts = await facts_on(planted, opened.gate)
    assert facts["Found by the search, and settled"] == "paragraph: A character of a novel"
    await redact(planted, passage("Contact went on."))  # the same words at the same place in the next rendition
    made = await prepare(planted)
    assert (made.rendition, made.leaks) == ("2", 0)
    assert await release(planted, 2) is None


async def settle(case: ACase, rendition: int = 1) -> None:
    rows = [{"key": row["key"], "harmless": "yes", "why": "A character of a novel"} for row in await open_leaks(case)]
    applied(await say(case, "leaks", "settled", f"r{rendition}", leaks=rows))


async def test_the_same_name_in_another_sentence_is_a_finding_of_its_own(planted: ACase) -> None:
    await settle(planted)
    await write(planted, 2, learning=PLANTED, judgement_reasons=f"It was {NAMED} who reported it.")
    await planted.ask("redactions", "v2", stage=STAGE)
    applied(await decide_redactions(planted, "v2"))
    made = await prepare(planted, 2)
    assert (made.rendition, made.leaks) == ("2", 1)
    assert [row["excerpt"] for row in await open_leaks(planted, 2)] == [f"It was {NAMED} who reported it."]


async def test_what_must_go_is_not_released_until_it_is_gone(planted: ACase) -> None:
    assert (await say(planted, "leaks", "redact", "r1")).refused == "incomplete"
    applied(await say(planted, "leaks", "redact", "r1", "The name must go"))
    assert await release(planted) == "leaks_unsettled"
    opened = await planted.ask("redactions", "v1", stage=STAGE, ask=2)
    reasons = "Reasons given: settle what the search of the finished files found"
    assert (await facts_on(planted, opened.gate))[reasons] == "The name must go"
    await redact(planted, passage(NAMED, "learning-1"))
    made = await prepare(planted)
    assert (made.rendition, made.leaks) == ("2", 0)
    assert await release(planted, 2) is None
    assert await release(planted, 1) == "leaks_unsettled"


NOT_SEARCHED = {
    "no search": "DELETE FROM file_searches WHERE reference = $1",
    "a search of other bytes": "UPDATE file_searches SET sha256 = repeat('0', 64) WHERE reference = $1",
    "no file": "DELETE FROM rendition_files WHERE reference = $1",
}


@pytest.mark.parametrize("what", NOT_SEARCHED)
async def test_what_was_not_searched_is_not_released(shared_record: Record, case: ACase, what: str) -> None:
    await redact(case)
    await prepare(case)
    async with superuser(shared_record) as connection:
        await connection.execute(NOT_SEARCHED[what], case.reference)
    assert await release(case) == "not_searched"
    assert await audit_of(case, "rendition_released") == []


async def test_a_text_or_file_that_was_changed_since_it_was_made_is_not_released(
    shared_record: Record, case: ACase
) -> None:
    await redact(case)
    await prepare(case)
    async with superuser(shared_record) as connection:
        await connection.execute("UPDATE rendition_files SET bytes = bytes || ' ' WHERE reference = $1", case.reference)
    assert await release(case) == "other_version"


# --- the impact on staff ---------------------------------------------------------------------------------


async def assessed(case: ACase, answer: str, ref: str = "s1") -> str:
    """The national team hears of an exceptional impact under this name; empty: it is none."""
    plan = {"plan": "Leave over the week of disclosure", "owner": "n53.senior_lead"} if answer == "contingency" else {}
    settled = applied(await say(case, "staff_impact", answer, ref, "Invented worry", **plan))
    assert settled.decision is not None
    raised = settled.decision.escalation
    return f"{raised.kind}-{raised.number}" if raised else ""


async def resolve(case: ACase, concern: str, outcome: str) -> None:
    applied(await say(case, "resolve", outcome, concern, "Invented reasons", stage=f"escalation/{concern}"))


async def test_a_contingency_plan_is_confirmed_by_its_owner_first(case: ACase) -> None:
    await redact(case)
    await prepare(case)
    await assessed(case, "contingency")
    assert await release(case) == "plan_unconfirmed:s1"
    applied(await say(case, "contingency_plan", "not_possible", "s1", "Nobody can stand in"))
    assert await release(case) == "plan_unconfirmed:s1"
    opened = await case.ask("staff_impact", "s1", stage=STAGE, ask=9)
    facts = await facts_on(case, opened.gate)
    assert facts["Reasons given: confirm that a contingency plan is in place"] == "Nobody can stand in"
    assert facts["Assessed before, 2"].startswith("Contingency plan of Example Senior-Lead N53, not confirmed")
    await assessed(case, "contingency")
    asked = await case.ask("contingency_plan", "s1", stage=STAGE, ask=9)
    assert (await facts_on(case, asked.gate))["The plan"] == "Leave over the week of disclosure"
    await case.settle(asked.gate, await case.decide(asked.gate, "confirmed", confirmed_on="2026-10-06"))
    rows = await case.pool.fetch(
        "SELECT * FROM impacts WHERE reference = $1 AND ref = 's1' ORDER BY number", case.reference
    )
    assert [(row["impact"], row["confirmed_by"]) for row in rows] == [
        ("manageable", None), ("contingency", None), ("contingency", LEAD),
    ]  # fmt: skip
    assert await release(case) is None


async def test_who_confirms_a_plan_confirms_the_one_that_was_shown_and_no_later_one(case: ACase) -> None:
    await redact(case)
    await prepare(case)
    await assessed(case, "contingency")
    first = await case.ask("contingency_plan", "s1", stage=STAGE)
    case.pass_days(1)
    await assessed(case, "contingency")  # before the public version, say
    await case.settle(first.gate, await case.decide(first.gate, "confirmed", confirmed_on="2026-10-06"))
    assert await release(case) == "plan_unconfirmed:s1"


@pytest.mark.parametrize(("outcome", "refused"), [
    ("hold", "held"), ("release", None), ("change", "impact_exceptional:s1"), ("stop", "held"),
])  # fmt: skip
async def test_an_exceptional_impact_holds_until_the_national_team_has_decided(
    case: ACase, outcome: str, refused: str | None
) -> None:
    await redact(case)
    await prepare(case)
    concern = await assessed(case, "exceptional")
    assert await release(case) == "held"
    await resolve(case, concern, outcome)
    assert await release(case) == refused


async def test_an_impact_that_is_assessed_anew_counts_as_it_is_now(case: ACase) -> None:
    await redact(case)
    await prepare(case)
    await resolve(case, await assessed(case, "exceptional"), "change")
    await assessed(case, "manageable")
    assert await release(case) is None
    await resolve(case, await assessed(case, "exceptional"), "release")
    assert await release(case) is None
    await resolve(case, await assessed(case, "exceptional"), "change")  # what was agreed before is not about this one
    assert await release(case) == "impact_exceptional:s1"


async def test_everybody_affected_is_assessed(shared_record: Record, mail_server: MailServer, kept_short: None) -> None:
    case = await in_disclosure(shared_record, mail_server)
    await redact(case)
    await prepare(case)
    for ref in AFFECTED:
        assert await release(case) == f"impact_missing:{ref}"
        await assess(case, ref)
    assert await release(case) is None


# --- the public ------------------------------------------------------------------------------------------


async def test_the_public_version_has_redactions_renditions_and_a_release_of_its_own(case: ACase) -> None:
    await wants(case)
    await redact(case, passage(SISTER, "analysis-3"))
    await prepare(case)
    await redact(case, passage(SHOUTING), subject="p1", stage="enquiry/1")
    made = await prepare(case, 1, Audience.PUBLIC)
    assert (made.rendition, made.leaks) == ("1", 1)  # the words stand among the findings as well
    rows = [
        {"key": row["key"], "harmless": "yes", "why": "Said in court"}
        for row in await open_leaks(case, 1, "public_rendition")
    ]
    refused = await say(case, "release_public", "released", "p1", stage="enquiry/1")
    assert refused.refused == "leaks_unsettled"
    applied(await say(case, "leaks", "settled", "p1", stage="enquiry/1", leaks=rows))
    assert (await legs(case)).released is None
    await case.pool.execute(
        "UPDATE victims SET answer = 'accepted' WHERE reference = $1 AND ref = 'v2'", case.reference
    )
    applied(await say(case, "release_public", "released", "p1", stage="enquiry/1"))
    assert "given" not in await duties(case, "v2")  # a family is owed its own version alone
    [row] = await audit_of(case, "rendition_released")
    assert (row["actor"], row["subject"]) == ("sfo.team@national.example.test", "p1")
    assert row["files"] == await files_of(case, 1, "public_rendition")
    assert row["sha256"] == made.sha256
    assert (await legs(case)).released is None
    assert await hand_over(case) == "not_released"
    assert await release(case) is None
    assert [row["subject"] for row in await audit_of(case, "rendition_released")] == ["p1", "r1"]


# --- a corrected review ----------------------------------------------------------------------------------


async def test_a_corrected_version_says_what_changed_and_is_owed_anew(
    shared_record: Record, mail_server: MailServer, kept_short: None
) -> None:
    case = await released(shared_record, mail_server)
    assert await hand_over(case) is None
    await case.pool.execute("UPDATE cases SET corrected_since = $2 WHERE reference = $1", case.reference, case.at)
    assert await release(case) == "being_corrected"
    case.pass_days(1)
    await write(case, 2, learning="Listen twice", analysis=ANALYSIS.replace("was weekly", "was rare"))
    assert await release(case) == "other_version"
    assert ((await duties(case))["given"], (await legs(case)).released_version) == ("met", 1)
    applied(await propose(case, subject="v2"))
    applied(await decide_redactions(case, "v2"))
    made = await prepare(case, 2)
    assert (made.rendition, made.leaks) == ("2", 0)
    text = await text_of(case, 2)
    assert text["changed_since"] == 1
    assert [(change["label"], change["kind"]) for change in text["changes"]] == [
        ("Analysis of practice, paragraph 1", "changed"), ("Learning, paragraph 1", "changed"),
    ]  # fmt: skip
    assert await release(case, 2) is None
    assert (await duties(case))["given"] == "owed"
    found = await legs(case)
    assert (found.released, found.released_version, (await leg(case)).given) == (2, 2, 1)
    case.pass_days(1)
    opened = await case.ask("handover", "v1", stage=STAGE, ask=9)
    assert (await facts_on(case, opened.gate))["They have version 1"].endswith("The new one says what changed")
    assert await hand_over(case) is None
    assert [(row["reader"], row["rendition"]) for row in await register(case)] == [("v1", 1), ("v1", 2)]
    assert ((await duties(case))["given"], (await leg(case)).given) == ("met", 2)


async def test_whoever_has_what_is_released_is_not_owed_it_again(
    shared_record: Record, mail_server: MailServer, kept_short: None
) -> None:
    case = await released(shared_record, mail_server)
    await wants(case, "v2")
    await search(case)
    assert await hand_over(case) is None
    assert await release(case) is None
    assert ((await duties(case))["given"], (await duties(case, "v2"))["given"]) == ("met", "owed")
