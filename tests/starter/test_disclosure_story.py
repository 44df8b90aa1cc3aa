"""The disclosure of a case told to a person: legs, release, impacts, readers, each row of the chain as a sentence."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from starter.casebook import view_cases
from starter.disclosure_answers import ANSWERS, Seen
from starter.disclosure_sentences import is_about_disclosure, sentence
from starter.disclosure_story import disclosure_of
from starter.disclosure_text import as_text, moment
from starter.judging import rules_in_force
from starter.opting_in import Wish, opt_in
from starter.record import Asked, Offer, read_gate, record_decision
from starter.register import Giving, give
from tests.conftest import MailServer, Record
from tests.starter.disclosing import (
    DIRECTOR,
    LEAD,
    NAMES,
    OFFICER,
    OFFICER_2,
    REFERENCE,
    RENDITION,
    TEAM,
    TODAY,
    Disclosure,
    a_disclosure,
)
from workflows.contract.questions import QUESTIONS
from workflows.contract.vocabulary import Channel

DECISIONS = [{"number": str(n), "accepted": "yes" if n < 3 else "no"} for n in (1, 2, 3)]
REMOVED = [{"ground": "personal_data", "passages": 2, "characters": 41}]


async def answer(case: Disclosure, gate: str, chosen: str, email: str, **fields: Any) -> None:
    """As the gateway records it: decision and audit row; then it has taken effect."""
    async with case.record.pool.acquire() as connection:
        found = await read_gate(connection, gate)
        assert found is not None
        by, decision = Asked(email, "Invented Person", "asked"), uuid4()
        await record_decision(connection, gate, by, Offer(decision, chosen, fields, None, Channel.LINK))
    await case.run("UPDATE decisions SET applied_at = received_at WHERE gate = $1", gate)
    await case.run("UPDATE gates SET state = 'decided', closed_at = now() WHERE gate = $1", gate)


@pytest_asyncio.fixture
async def case(record: Record, mail_server: MailServer) -> Disclosure:
    """One family has the review and one has changed its mind; two redactions stand, one was refused."""
    case = await a_disclosure(record, mail_server)
    await case.run("UPDATE victims SET referred_on = '2027-02-02', told_on = '2027-02-05'")
    await case.run("UPDATE victims SET answer = 'declined', answered_on = '2027-02-20' WHERE ref = 'v2'")
    await case.run(
        "UPDATE victims SET answer = 'accepted', wish = 'copy', language = 'cy', language_arranged = 'translated', "
        "language_arranged_on = '2027-03-01', given_on = '2027-03-09', is_child = true, adult = 'Invented Adult' "
        "WHERE ref = 'v1'"
    )
    await case.rendition(2, removed=REMOVED)
    for number, accepted in ((1, True), (2, True), (3, False)):
        await case.run(
            "INSERT INTO redactions (reference, number, version, passage, ground, note, accepted, audience) "
            "VALUES ($1, $2, 2, 'Invented passage', 'personal_data', 'Invented note', $3, 'victim')",
            *(REFERENCE, number, accepted),
        )
    gate = await case.ask("redaction_decision", "v2", email=LEAD)
    await answer(case, gate, "decided", LEAD, decisions=DECISIONS)
    await answer(case, await case.ask("release", "r2", email=DIRECTOR), "released", DIRECTOR)
    for ref, impact, confirmed in (("s1", "contingency", TODAY), ("s2", "manageable", None)):
        await case.run(
            "INSERT INTO impacts (reference, ref, number, impact, plan, owner_name, owner_email, confirmed_on, at) "
            "VALUES ($1, $2, 1, $3, 'Invented plan', 'Invented Owner', 'owner@example.test', $4, now())",
            *(REFERENCE, ref, impact, confirmed),
        )
    await case.run(
        "INSERT INTO releases (reference, rendition, sha256, reader, received_by, how, on_date, given_by, at) "
        "VALUES ($1, 2, 'ab12', 'v1', 'family', 'in_person', '2027-03-09', 'n53.head', now() - interval '1 day')",
        REFERENCE,
    )
    async with case.record.pool.acquire() as connection:
        rules = rules_in_force(case.desk.settings, TODAY)
        who = Giving("designated", 2, "in_person", TODAY, "Invented Reader")
        await give(connection, rules, REFERENCE, who, TEAM)
        await opt_in(connection, REFERENCE, "v2", Wish("both", "en"), "Invented words", OFFICER_2)
    await case.ask("handover", "v2", email=OFFICER_2, due_on=TODAY - timedelta(days=3), rendition=RENDITION)
    return case


async def story(case: Disclosure, *, with_names: bool = False) -> dict[str, Any]:
    async with case.record.pool.acquire() as connection:
        found = await disclosure_of(
            connection, REFERENCE, rules_in_force(case.desk.settings, TODAY).directory, with_names=with_names
        )
    assert found is not None
    return json.loads(json.dumps(found))  # type: ignore[no-any-return]  # it is plain


async def test_each_leg_says_what_happened_what_is_awaited_of_whom_and_until_when(case: Disclosure) -> None:
    first, second = (await story(case))["legs"]
    assert (first["victim"], first["state"], first["rendition"]) == ("v1", "given", 2)
    assert (first["referred_on"], first["told_on"], first["given_on"]) == ("2027-02-02", "2027-02-05", "2027-03-09")
    assert (second["victim"], second["state"], second["answer"]) == ("v2", "wanted", "accepted")
    (awaited,) = second["awaited"]
    assert (awaited["question"], awaited["role"], awaited["due"]) == (
        "handover",
        "victim_liaison_officer",
        "2027-03-07",
    )
    assert (awaited["overdue"], awaited["answered"]) == (True, False)
    text = as_text(await story(case))
    for line in (
        "v1: has been given the review",
        "a child, spoken with through a responsible adult",
        "wants A copy to keep, Welsh, translated",
        "told of the supervision 5 February 2027",
        "given 9 March 2027, version 2",
        "v2: wants the review",
        "answered 10 March 2027",
        "awaited of the victim liaison officer by 7 March 2027: Hand over the released version (v2)  OVERDUE",
    ):
        assert f"\n    {line}\n" in f"{text}\n" or f"\n  {line}\n" in text, line


async def test_the_release_says_version_hash_redactions_by_ground_share_and_who_decided(case: Disclosure) -> None:
    told = await story(case)
    release = told["release"]
    digest = await case.record.value("SELECT sha256 FROM documents WHERE version = 2 AND kind <> 'review'")
    assert (release["version"], release["made_from"], release["sha256"]) == (2, 2, digest)
    assert (release["released"], release["share_removed"], release["removed"]) == (2, 0.021, REMOVED)
    assert release["redactions"] == {
        "proposed": 3, "accepted": 2, "refused": 1, "undecided": 0, "by_ground": {"personal_data": 2},
    }  # fmt: skip
    (decided,) = release["decided"]
    assert (decided["rendition"], decided["answer"], decided["role"]) == ("r2", "released", "regional_director")
    text = as_text(told)
    assert "Version 2, made from version 2 of the review" in text
    assert "redactions: 3 proposed, 2 accepted, 1 refused, 0 undecided" in text
    assert "2 on the ground: Personal data of the supervised person, others or staff, 41 characters" in text
    assert "2.1% of the text was removed" in text
    assert "r2 released by the regional director on 10 March 2027" in text


async def test_the_impacts_are_counts_and_the_last_assessment_counts(case: Disclosure) -> None:
    counted: dict[str, Any] = {"affected": 2, "manageable": 1, "contingency": 1, "exceptional": 0, "plans_confirmed": 1}
    counted |= {"not_assessed": []}
    assert (await story(case))["impacts"] == counted
    await case.run(
        "INSERT INTO impacts (reference, ref, number, impact, at) VALUES ($1, 's1', 2, 'exceptional', now())", REFERENCE
    )
    await case.run("INSERT INTO staff VALUES ($1, 's10', 'other', 'Invented', 'x@example.test', false)", REFERENCE)
    changed = {"affected": 3, "contingency": 0, "exceptional": 1, "plans_confirmed": 0, "not_assessed": ["s10"]}
    assert (await story(case))["impacts"] == {**counted, **changed}
    assert "Not assessed yet: s10" in as_text(await story(case))


async def test_nobody_is_named_unless_names_are_asked_for_and_never_in_the_trail(case: Disclosure) -> None:
    told = await story(case)
    assert [name for name in NAMES if name in json.dumps(told) + as_text(told)] == []
    named = await story(case, with_names=True)
    text = as_text(named)
    for name in ("Invented Family One", "Invented Officer One", "Invented Adult", "Invented Reader"):
        assert name in text
    assert [name for name in NAMES if name in json.dumps(named["trail"])] == []
    assert named["trail"] == told["trail"]
    assert "Invented words" not in json.dumps(named)
    assert "example.test" not in json.dumps(named)


async def test_what_stands_against_giving_anything_is_said_first(case: Disclosure) -> None:
    assert (await story(case))["held"] is None
    await case.run("UPDATE cases SET corrected_since = now(), reopened_on = '2027-03-01'")
    told = await story(case)
    assert told["held"] == "being_corrected"
    assert as_text(told).splitlines()[1:3] == [
        "  The case was opened again on 1 March 2027",
        f"  HELD: {told['held_because']}",
    ]


async def test_the_trail_tells_each_row_as_a_sentence_with_its_number_and_its_moment(case: Disclosure) -> None:
    trail = (await story(case))["trail"]
    seqs = [row["seq"] for row in trail]
    assert seqs == sorted(seqs)
    said = [row["sentence"] for row in trail]
    assert said == [
        "the senior lead decided 3 redactions: 2 accepted, 1 refused",
        "the regional director released r2, the version for victims",
        "the regional SFO Team put into the register: version 2 of the review given to the designated reader 1 on "
        "10 March 2027",
        "the victim liaison officer recorded that v2 wants the review after all",
    ]
    lines = as_text(await story(case)).splitlines()
    line = next(line for line in lines if "decided 3 redactions" in line)
    assert line.split(": ", 1)[0].split()[0] == str(seqs[0])
    assert ", 10:0" in line or ", 10:1" in line  # case time, as people write it
    assert lines[-1] == "  The audit chain is whole: no row was edited or taken out."


async def test_a_broken_chain_is_said_and_the_story_is_told_all_the_same(case: Disclosure) -> None:
    async with case.record.owner() as owner:
        await owner.execute("ALTER TABLE audit DISABLE TRIGGER audit_no_change")
        await owner.execute("UPDATE audit SET actor = 'nobody' WHERE seq = 2")
    told = await story(case)
    assert told["chain"] == {"verified": False, "problems": ["row 2: it was edited"]}
    assert as_text(told).splitlines()[-1].startswith("  THE AUDIT CHAIN IS BROKEN: row 2: it was edited.")
    assert len(told["trail"]) == 4


async def test_a_case_without_victims_or_a_rendition_has_a_story_too(record: Record, mail_server: MailServer) -> None:
    case = await a_disclosure(record, mail_server)
    async with record.owner() as owner:
        await owner.execute("DELETE FROM victims; DELETE FROM staff; DELETE FROM court_events")
        await owner.execute("ALTER TABLE rendition_files DISABLE TRIGGER rendition_files_immutable")
        await owner.execute("ALTER TABLE documents DISABLE TRIGGER documents_immutable")
        await owner.execute("DELETE FROM file_searches; DELETE FROM rendition_files; DELETE FROM documents")
    text = as_text(await story(case))
    for words in ("There is nobody to tell", "No version for victims has been made yet", "Nobody yet", "HELD"):
        assert words in text
    async with record.pool.acquire() as connection:
        assert await disclosure_of(connection, "SFO-2026-99999") is None


async def test_telling_changes_nothing(case: Disclosure) -> None:
    before = await case.everything()
    await story(case)
    assert await case.everything() == before


async def test_the_case_itself_lists_its_legs_without_names(case: Disclosure) -> None:
    async with case.record.pool.acquire() as connection:
        (view,) = await view_cases(connection, (REFERENCE,))
    assert view["legs"][0] == {
        "victim": "v1", "referred_on": "2027-02-02", "told_on": "2027-02-05", "answer": "accepted", "language": "cy",
        "given_on": "2027-03-09", "rendition": 2, "closed_because": None,
    }  # fmt: skip
    assert (view["legs"][1]["victim"], view["legs"][1]["rendition"]) == ("v2", None)
    assert "Invented" not in json.dumps(view)


# --- sentences ----------------------------------------------------------------------------------------

GATE = f"{REFERENCE}/victim-disclosure/handover:v1"
SEEN = Seen(
    gates={
        GATE: {"question": "handover", "subject": "v1", "stage": "victim-disclosure", "role": "victim_liaison_officer"},
        "g2": {"question": "draft", "subject": None, "stage": "review", "role": "reviewing_manager"},
        "g3": {"question": "resolve", "subject": "staff_safety-1", "stage": "escalation/x", "role": "national_team"},
    },
    decisions={"d1": {"fields": {"how": "read_out"}}},
    roles={OFFICER: "the victim liaison officer"},
)
SHA = {"sha256": "0123456789abcdef"}
ROWS: list[tuple[str, str, str, dict[str, Any], str]] = [
    ("gate_opened", "system", GATE, {"role": "victim_liaison_officer"},
     "the victim liaison officer was asked: Hand over the released version (v1)"),
    ("decision_recorded", OFFICER, GATE, {"answer": "handed_over", "decision": "d1", "rung": "deputy", "late": True},
     "the victim liaison officer, by the deputy, handed the review over to v1, in person, read out, after the date"),
    ("decision_recorded", "x@y.test", "g3", {"answer": "release", "rung": "asked"},
     "the national team answered “Resolve an escalation” (staff_safety-1): Release"),
    ("decision_recorded", "x@y.test", "gone", {"answer": "not_known"},
     "somebody without a role in this case answered gone: not known"),
    ("decision_applied", OFFICER, GATE, {"escalation": "staff_safety-1"},
     "that answer took effect: Hand over the released version (v1), and the concern staff_safety-1 was raised with"),
    ("decision_refused", OFFICER, GATE, {"code": "held"}, "an answer could not be used (held): Hand over"),
    ("gate_chased", "system", GATE, {"steps": ["remind:asked", "climb:senior_lead"]},
     "whoever is asked was reminded and it went one step up (senior lead): Hand over"),
    ("gate_withdrawn", "system", GATE, {}, "the question was withdrawn: Hand over the released version (v1)"),
    ("court_event", "court", "e", {"kind": "quashed", "on": "2027-03-01"},
     "the court: the conviction was quashed on 1 March 2027"),
    ("court_event_reported", "command", "e", {"kind": "convicted", "on": "2027-03-01"},
     "somebody by command reported what the court did: convicted on 1 March 2027"),
    ("rendition_made", "system", "r1", {"version": 2, **SHA},
     "the version for victims, number 1, was made from version 2 of the review, sha256 0123456789ab"),
    ("file_searched", "system", "p1", {"file": "en.pdf", "findings": 2, **SHA},
     "the file en.pdf of the public version, number 1, was searched: 2 findings"),
    ("rendition_released", DIRECTOR, "r1", {"files": {"en.pdf": "x"}, **SHA}, "1, is fixed for leaving, 1 file"),
    ("rendition_downloaded", "victim_liaison_officer", GATE,
     {"kind": "victim_rendition", "version": 1, "language": "v1-2", "format": "docx", "rung": "asked", **SHA},
     "the victim liaison officer downloaded the version for victims, number 1, translation 2 for v1: Word document"),
    ("translation_given", OFFICER, GATE, {"language": "v1-1", "format": "pdf", **SHA},
     "the victim liaison officer gave back translation 1 for v1, sha256 0123456789ab"),
    ("rendition_handed_over", OFFICER, "r1", {"to": "v1", "how": "read_out", "on": "2027-03-01", **SHA},
     "put into the register: the version for victims, number 1, given to v1, read out on 1 March 2027"),
    ("review_given", OFFICER, "coroner-1", {"version": 2}, "version 2 of the review given to the coroner 1"),
    ("redactions_decided", LEAD, "v2", {"accepted": [1, 2], "refused": [3]},
     "3 redactions decided for this version: 2 accepted, 1 refused"),
    ("redactions_carried", "system", "v3", {"before": 2, "kept": 4, "asked_again": 1, "gone": 0},
     "the redactions of version 2 were carried over to the corrected one: 4 kept, 1 to be decided again, 0 gone"),
    ("correction_asked", OFFICER, "x", {"version": 2}, "had version 2 of the review corrected; nothing of it leaves"),
    ("case_reopened", OFFICER, REFERENCE, {"closed_on": "2027-02-01"},
     "the victim liaison officer opened the case again, which had closed on 1 February 2027"),
    ("case_closed", "system", REFERENCE, {"outcome": "completed"}, "the case closed: completed"),
    ("concern_raised", OFFICER, f"{REFERENCE}/escalation/staff_safety-1", {"about": "s2"},
     "raised a concern for the safety of staff about s2: disclosure is held from now on"),
    ("stage_ended", "system", "victim-disclosure-2", {"outcome": "disclosed"}, "the disclosure ended: disclosed"),
    ("a_new_thing", OFFICER, GATE, {"size": 3, "to": "a@b.test"},
     "the victim liaison officer: a new thing, Hand over the released version (v1) (size 3, to (an address))"),
    ("rendition_downloaded", "sfo_team", "r1", {}, "the regional SFO Team: rendition downloaded, r1"),
]  # fmt: skip


@pytest.mark.parametrize(("action", "actor", "subject", "detail", "said"), ROWS)
def test_a_row_of_the_chain_reads_as_a_sentence(
    action: str, actor: str, subject: str, detail: dict[str, Any], said: str
) -> None:
    row = {"action": action, "actor": actor, "subject": subject, "detail": detail}
    assert said in sentence(row, SEEN)
    assert is_about_disclosure(row, SEEN)
    assert "@" not in sentence(row, SEEN)


@pytest.mark.parametrize(
    ("action", "subject"),
    [
        ("gate_opened", "g2"), ("deadline_fixed", "review"), ("stage_ended", "review-2"), ("told", "event"),
        ("concern_raised", f"{REFERENCE}/escalation/overdue-1"), ("enquiry_received", "1"), ("case_opened", REFERENCE),
        ("decision_recorded", f"{REFERENCE}/escalation/overdue-1/resolve:overdue-1"),
    ],
)  # fmt: skip
def test_what_is_about_something_else_is_left_out(action: str, subject: str) -> None:
    assert not is_about_disclosure({"action": action, "subject": subject, "actor": "system", "detail": {}}, SEEN)


def test_every_answer_about_a_disclosure_has_its_own_words() -> None:
    asked = {question for question, _ in ANSWERS}
    assert {(key, answer.value) for key in asked for answer in QUESTIONS[key].answers} == set(ANSWERS)


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2027-03-12T14:05:00+00:00", "12 March 2027, 2:05pm"),
        ("2027-07-01T23:30:00+00:00", "2 July 2027, 12:30am"),
        ("2027-07-01T11:00:00+00:00", "1 July 2027, 12:00pm"),
    ],
)
def test_moments_are_written_as_people_do_in_london(at: str, words: str) -> None:
    assert moment(at) == words
