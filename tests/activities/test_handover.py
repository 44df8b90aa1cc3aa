"""Handing over in a real record: the register, what stands against it, and the language in which it is given."""

from datetime import date

import pytest

from tests.activities.disclosing import (
    REFERRED,
    STAGE,
    applied,
    audit_of,
    duties,
    give_back,
    hand_over,
    keep_it_short,
    leg,
    open_leaks,
    register,
    release,
    released,
    say,
    search,
    superuser,
    victim_row,
    wants,
)
from tests.activities.reviewing import page_of
from tests.builders import ACase
from tests.conftest import MailServer, Record

ARRANGED = {"arranged_on": "2026-10-06"}
NAMED = "Zelda Quillfeather"  # another name of the second family
CLEAN, LEAKING = "Cafwyd cyswllt bob wythnos.", f"Dywedodd {NAMED} wrth yr heddlu."


@pytest.fixture(autouse=True)
def _kept_short(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_it_short(monkeypatch)


@pytest.fixture(name="case")
async def _case(shared_record: Record, mail_server: MailServer) -> ACase:
    """Rendition 1 is released, and the first family wants it."""
    case = await released(shared_record, mail_server)
    await case.pool.execute(
        "UPDATE victims SET aliases = $2 WHERE reference = $1 AND ref = 'v2'", case.reference, [NAMED]
    )
    await search(case)
    return case


async def test_the_register_says_who_gave_what_to_whom_when_and_how(case: ACase) -> None:
    fields = {"handed_over_on": "2026-10-06", "received_by": "representative", "how": "read_out"}
    settled = applied(await say(case, "handover", "handed_over", "v1", given_by="n53lei.head", **fields))
    assert settled.decision is not None
    assert settled.decision.refs == {"rendition": ("1",)}
    [row] = await register(case)
    digest = await case.pool.fetchval(
        "SELECT sha256 FROM documents WHERE reference = $1 AND kind = 'victim_rendition'", case.reference
    )
    assert (row["kind"], row["rendition"], row["reader"], row["sha256"]) == ("victim_rendition", 1, "v1", digest)
    assert (row["given_by"], row["given_by_name"]) == ("n53lei.head", "Example Head Leicester N53")
    assert (row["received_by"], row["how"], row["on_date"]) == ("representative", "read_out", date(2026, 10, 6))
    assert (row["recorded_by"], row["language"]) == ("officer1@n53.example.test", "en")
    assert str(row["decision"]) == settled.decision.decision
    assert await audit_of(case, "rendition_handed_over") == [{
        "actor": "officer1@n53.example.test", "subject": "r1", "to": "v1", "by": "n53lei.head", "language": "en",
        "received_by": "representative", "how": "read_out", "on": "2026-10-06", "sha256": digest,
    }]  # fmt: skip
    assert (await victim_row(case))["given_on"] == date(2026, 10, 6)
    assert await duties(case) == {"told": "met", "answered": "met", "given": "met"}
    assert (await leg(case)).given == 1


async def test_a_family_may_change_its_mind_until_it_is_handed_over(case: ACase) -> None:
    applied(await say(case, "handover", "declined", "v1"))
    assert (await leg(case)).answer == "declined"
    assert (await duties(case))["given"] == "closed"
    assert await register(case) == []


async def _is_a_child(case: ACase) -> None:
    await case.pool.execute("UPDATE victims SET is_child = true WHERE reference = $1", case.reference)


async def _speaks_welsh(case: ACase) -> None:
    await case.pool.execute("UPDATE victims SET language = 'cy' WHERE reference = $1", case.reference)


async def _is_corrected(case: ACase) -> None:
    await case.pool.execute("UPDATE cases SET corrected_since = $2 WHERE reference = $1", case.reference, case.at)


async def _has_a_newer_version(case: ACase) -> None:
    await case.pool.execute("UPDATE cases SET accepted_version = 2 WHERE reference = $1", case.reference)


async def _is_held(case: ACase) -> None:
    applied(await say(case, "staff_impact", "exceptional", "s1", "Invented worry"))


async def _stays_on_hold(case: ACase) -> None:
    await _resolve(case, "hold")


async def _is_stopped(case: ACase) -> None:
    await _resolve(case, "stop")


async def _resolve(case: ACase, outcome: str) -> None:
    await _is_held(case)
    stage = "escalation/staff_safety-1"
    applied(await say(case, "resolve", outcome, "staff_safety-1", "Invented reasons", stage=stage))


STANDS_AGAINST = {
    "adult_missing": _is_a_child,
    "language_not_arranged": _speaks_welsh,
    "being_corrected": _is_corrected,
    "other_version": _has_a_newer_version,
    "held": _is_held,
    "held by a hold": _stays_on_hold,
    "held for good": _is_stopped,
}


@pytest.mark.parametrize("code", STANDS_AGAINST)
async def test_what_stands_against_a_handover(case: ACase, code: str) -> None:
    await STANDS_AGAINST[code](case)
    assert await hand_over(case) == code.partition(" ")[0]
    assert await register(case) == []
    assert (await victim_row(case))["given_on"] is None
    assert await audit_of(case, "rendition_handed_over") == []


async def test_a_stop_by_the_national_team_closes_what_was_to_be_given(case: ACase) -> None:
    await _stays_on_hold(case)
    assert (await duties(case))["given"] == "owed"
    applied(await say(case, "resolve", "stop", "staff_safety-1", "Never", stage="escalation/staff_safety-1"))
    assert (await duties(case))["given"] == "closed"
    await wants(case, "v2")  # whoever says yes now is promised nothing
    await search(case)
    assert await duties(case, "v2") == {"told": "met", "answered": "met", "given": "closed"}
    assert await hand_over(case, "v2") == "held"


# --- one text under one version --------------------------------------------------------------------------

_BYTES = "UPDATE rendition_files SET bytes = bytes || ' '"
_FILE = f"{_BYTES}, sha256 = encode(sha256(bytes || ' '), 'hex')"
_TEXT = "UPDATE documents SET content = jsonb_set(content, '{summary,0}', '\"Another text.\"')"
CHANGED = {
    "a file": f"{_BYTES} WHERE reference = $1",
    "a file and its hash": f"{_FILE} WHERE reference = $1",
    "a file and its hash, as if searched": f"""
        WITH changed AS ({_FILE} WHERE reference = $1 RETURNING *)
        UPDATE file_searches s SET sha256 = changed.sha256 FROM changed WHERE s.reference = changed.reference
    """,
    "the text": f"{_TEXT} WHERE reference = $1 AND kind = 'victim_rendition'",
    "the text and its hash": f"{_TEXT}, sha256 = repeat('0', 64) WHERE reference = $1 AND kind = 'victim_rendition'",
}


@pytest.mark.parametrize("what", CHANGED)
async def test_what_was_changed_behind_the_back_of_the_service_is_handed_to_nobody(
    shared_record: Record, case: ACase, what: str
) -> None:
    await wants(case, "v2")
    await search(case)
    assert await hand_over(case, "v1") is None
    async with superuser(shared_record) as connection:
        await connection.execute(CHANGED[what], case.reference)
    assert await hand_over(case, "v1") == "other_version"  # one leg never has two texts under one version
    assert await hand_over(case, "v2") == "other_version"
    assert [row["reader"] for row in await register(case)] == ["v1"]


async def test_one_leg_has_one_text_under_a_version_whatever_the_chain_says(shared_record: Record, case: ACase) -> None:
    assert await hand_over(case, "v1") is None
    async with superuser(shared_record) as connection:
        await connection.execute("UPDATE releases SET sha256 = repeat('0', 64) WHERE reference = $1", case.reference)
    assert await hand_over(case, "v1") == "other_version"


# --- in their language -----------------------------------------------------------------------------------


async def test_a_translation_is_the_one_given_back_for_this_leg(case: ACase) -> None:
    await _speaks_welsh(case)
    assert (await leg(case)).needs_language
    assert (await say(case, "language", "translated", "v1", **ARRANGED)).refused == "translation_missing"
    await give_back(case, "v2-1", CLEAN)
    await give_back(case, "v10-1", CLEAN)
    assert (await say(case, "language", "translated", "v1", **ARRANGED)).refused == "translation_missing"
    assert await hand_over(case) == "language_not_arranged"
    await give_back(case, "v1-9", CLEAN)
    await give_back(case, "v1-10", f"{CLEAN} Eto.")
    applied(await say(case, "language", "translated", "v1", **ARRANGED))
    assert await hand_over(case) == "not_searched"
    assert (await leg(case)).needs_language
    assert (await search(case)).leaks == 0
    assert (await leg(case)).needs_language is False
    opened = await case.ask("handover", "v1", stage=STAGE, ask=9)
    offered = (await page_of(case, opened.gate))["rendition"]
    assert (offered["version"], offered["formats"]) == (1, ["html"])
    assert set(offered["languages"]) == {"en", "v1-9", "v1-10"}  # of no other family
    assert await hand_over(case) is None
    assert [(row["reader"], row["language"]) for row in await register(case)] == [("v1", "v1-10")]


@pytest.mark.parametrize(("answer", "fields", "reasons"), [
    ("interpreter", ARRANGED, None), ("not_possible", {}, "Nobody speaks it"),
])  # fmt: skip
async def test_without_a_translation_it_is_handed_over_in_english(
    case: ACase, answer: str, fields: dict[str, str], reasons: str | None
) -> None:
    await _speaks_welsh(case)
    assert (await say(case, "language", answer, "v1")).refused == "incomplete"
    # One was given back before, and names somebody: nobody is given it, and nobody waits for it.
    await give_back(case, "v1-1", LEAKING)
    applied(await say(case, "language", "translated", "v1", **ARRANGED))
    assert (await search(case)).leaks == 1
    applied(await say(case, "language", answer, "v1", reasons, **fields))
    assert (await victim_row(case))["language_arranged"] == answer
    assert ((await leg(case)).needs_language, (await search(case)).leaks) == (False, 0)
    assert await hand_over(case) is None
    assert [row["language"] for row in await register(case)] == ["en"]


async def test_what_a_translation_gives_away_holds_this_leg_alone_until_it_is_settled(case: ACase) -> None:
    await _speaks_welsh(case)
    await wants(case, "v2")
    await search(case)
    await give_back(case, "v1-1", LEAKING)
    applied(await say(case, "language", "translated", "v1", **ARRANGED))
    assert (await search(case)).leaks == 1
    [found] = await open_leaks(case)
    assert (found["what"], found["formats"]) == ("name", ["v1-1.html"])
    assert await hand_over(case, "v1") == "leaks_unsettled"
    assert (await leg(case)).needs_language  # asked again, should the question about the finding have become moot
    assert await hand_over(case, "v2") is None
    rows = [{"key": found["key"], "harmless": "yes", "why": "A character of a novel"}]
    applied(await say(case, "leaks", "settled", "r1", leaks=rows))
    assert ((await leg(case)).needs_language, (await search(case)).leaks) == (False, 0)
    assert await hand_over(case, "v1") is None


async def test_a_translation_in_which_something_must_go_is_given_back_anew(case: ACase) -> None:
    await _speaks_welsh(case)
    await give_back(case, "v1-1", LEAKING)
    applied(await say(case, "language", "translated", "v1", **ARRANGED))
    await search(case)
    applied(await say(case, "leaks", "redact", "r1", "The name must go"))
    row = await victim_row(case)
    assert (row["language_arranged"], row["language_arranged_on"]) == (None, None)
    assert (await leg(case)).needs_language
    assert await hand_over(case) == "language_not_arranged"
    await give_back(case, "v1-2", CLEAN)
    applied(await say(case, "language", "translated", "v1", **ARRANGED))
    assert (await search(case)).leaks == 0  # what an earlier file gives away is waited for by nobody
    assert await hand_over(case) is None
    assert [row["language"] for row in await register(case)] == ["v1-2"]
    assert len(await open_leaks(case)) == 1  # and is on record for good


async def test_a_corrected_version_is_translated_anew(case: ACase) -> None:
    await _speaks_welsh(case)
    await give_back(case, "v1-1", CLEAN)
    applied(await say(case, "language", "translated", "v1", **ARRANGED))
    await search(case)
    applied(await say(case, "release", "released", "r1"))
    assert (await leg(case)).needs_language


# --- who becomes known later -----------------------------------------------------------------------------

LATER = {"also_known_as": "Nobody Asked"}  # words of the review, as a name


async def test_a_name_recorded_after_the_search_is_searched_for_before_anything_leaves(case: ACase) -> None:
    applied(await say(case, "refer", "referred", "v2", **REFERRED, **LATER))
    assert await hand_over(case) == "not_searched"
    assert (await search(case)).leaks == 1
    assert (await search(case)).leaks == 1  # and it stands there once, with its file once
    [found] = await open_leaks(case)
    assert (found["what"], found["formats"]) == ("name", ["en.html"])
    assert await hand_over(case) == "leaks_unsettled"
    redact = applied(await say(case, "leaks", "redact", "r1", "It must go"))
    assert redact.decision is not None
    assert redact.decision.facts == {"rendered": "yes"}
    rows = [{"key": found["key"], "harmless": "yes", "why": "Two words, and no name"}]
    applied(await say(case, "leaks", "settled", "r1", leaks=rows))
    assert await hand_over(case) is None


async def test_who_becomes_known_holds_a_release_too(case: ACase) -> None:
    await case.pool.execute(
        "UPDATE staff SET name = 'Invented Late' WHERE reference = $1 AND ref = 's1'", case.reference
    )
    assert await release(case) == "not_searched"
    await search(case)
    assert await release(case) is None


NAMING = {
    "an alias": "UPDATE cases SET person_aliases = ARRAY['Invented']",
    "a number": "UPDATE cases SET noms = 'A0000AA'",
    "a member of staff": """
        INSERT INTO staff (reference, ref, role, name, email, in_line)
        SELECT reference, 's9', 'other', 'Invented', 'i@example.test', false FROM cases
    """,
    "a family": "UPDATE victims SET name = 'Invented'",
    "an adult": "UPDATE victims SET adult = 'Invented'",
    "an officer": "UPDATE victims SET officer_name = 'Invented'",
    "a reviewer": """
        INSERT INTO appointments (reference, role, person_key, name, email, at)
        SELECT reference, 'reviewing_manager', 'n53.other', 'Invented', 'i@example.test', now() FROM cases
        ON CONFLICT (reference, role) DO UPDATE SET name = excluded.name
    """,
    "an owner": """
        INSERT INTO actions (reference, ref, kind, what, owner_name, owner_email, due_on)
        SELECT reference, 'a9', 'plan', 'Invented', 'Invented', 'i@example.test', now() FROM cases
    """,
}


@pytest.mark.parametrize("what", NAMING)
async def test_every_way_of_recording_a_name_is_noticed(case: ACase, what: str) -> None:
    assert await hand_over(case, "v2") != "not_searched"
    await case.pool.execute(NAMING[what])
    assert await hand_over(case) == "not_searched"


@pytest.mark.parametrize("statement", [
    "UPDATE victims SET name = name, aliases = aliases, told_on = now()",
    "UPDATE staff SET email = 'other@example.test'",
    "UPDATE cases SET crn = crn, region = region",
])  # fmt: skip
async def test_what_names_nobody_new_is_searched_for_no_second_time(case: ACase, statement: str) -> None:
    await case.pool.execute(statement)
    assert await hand_over(case) is None
