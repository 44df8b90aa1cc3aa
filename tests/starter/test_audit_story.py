"""The audit chain of a case told as a story: every kind of row that the code can write has a sentence of its own."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from activities.refusing import _ASKED_FOR
from starter.audit_sentences import SENTENCES, told
from starter.audit_story import as_text
from starter.disclosure_answers import Seen
from starter.requests import _SIGNALS
from tests.conftest import MailServer, Record
from tests.starter.disclosing import LEAD, NAMES, OFFICER, REFERENCE, TEAM, a_disclosure
from tests.starter.test_commands import Sfo
from tests.starter.test_commands import command as command  # the fixture
from tests.starter.test_disclosure_story import ROWS, SEEN, answer

ROOT = Path(__file__).parents[2]
MADE_OF = {  # an action that is put together when it is written: the parts that it may have
    "{refusal.what}_refused": [f"{what}_refused" for what in _ASKED_FOR],
    "{signal}_requested": [f"{signal}_requested" for signal in _SIGNALS.values()],
}
WRITERS = {"audit": 4, "append_audit": 4, "note": 2}  # where the action stands among the arguments


def actions_of(source: str) -> Iterator[str]:
    """Every action that a module hands to the chain, also through a function of its own; `?…` what nobody can tell."""
    tree = ast.parse(source)
    writers = dict(WRITERS)
    for function in ast.walk(tree):  # a function that only passes its `action` on is a writer too
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and function.name not in WRITERS:
            names = [argument.arg for argument in function.args.args]
            if "action" in names and any(called(call) in WRITERS for call in ast.walk(function)):
                writers[function.name] = names.index("action")
    for call in ast.walk(tree):
        name = called(call)
        if name in writers and isinstance(call, ast.Call):
            named = [keyword.value for keyword in call.keywords if keyword.arg == "action"]
            for value in (*call.args[writers[name] : writers[name] + 1], *named):
                yield from values_of(value)


def called(node: ast.AST) -> str:
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""


def values_of(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from values_of(node.body)
        yield from values_of(node.orelse)
    elif isinstance(node, ast.JoinedStr):
        yield from MADE_OF.get(ast.unparse(node)[2:-1], [f"?{ast.unparse(node)}"])
    elif not (isinstance(node, ast.Name) and node.id == "action"):
        yield f"?{ast.unparse(node)}"


def actions_in_the_code() -> set[str]:
    sources = [path.read_text() for folder in ("activities", "starter") for path in (ROOT / folder).rglob("*.py")]
    return {one for source in sources for one in actions_of(source)}


def test_every_action_that_the_code_can_write_has_a_sentence() -> None:
    written = actions_in_the_code()
    assert {one for one in written if one.startswith("?")} == set()
    assert len(written) > 45
    assert written - SENTENCES.keys() == set()


def test_no_sentence_is_kept_for_what_nobody_writes() -> None:
    assert SENTENCES.keys() - actions_in_the_code() == set()


def test_there_is_one_way_to_the_chain_from_each_side() -> None:
    """Whoever writes past `audit` and `append_audit` would not be seen by the test above."""
    folders = ("activities", "starter", "workflows")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    into = re.compile(r"SELECT [^\n]*audit_append\(|INSERT INTO (sfo\.)?audit\b")
    found = {str(path.relative_to(ROOT)) for path in paths if into.search(path.read_text())}
    assert found == {"activities/record.py", "starter/record.py"}


@pytest.mark.parametrize(
    "source",
    [
        'async def f(c): await audit(c, 1, "r", "system", "not_told_yet", "s")',
        'async def f(c): await append_audit(c, 1, "r", "x", "not_told_yet" if c else "told", "s", {})',
        'async def _n(h, action): await audit(h, 1, "r", "s", action)\nasync def g(h): await _n(h, "not_told_yet")',
        'async def f(c): await audit(c, 1, "r", "s", f"{c}_new", "s")',
        'async def f(c, which): await audit(c, 1, "r", "s", which, "s")',
        'async def f(h, row): await note(h, row, "not_told_yet", code=1)',
        'async def f(c): await append_audit(c, 1, "r", "x", action="not_told_yet", subject="s", detail={})',
    ],
)
def test_a_new_action_is_seen_however_it_is_written(source: str) -> None:
    found = set(actions_of(source))
    assert found & {"not_told_yet"} or any(one.startswith("?") for one in found)


GATE = f"{REFERENCE}/victim-disclosure/handover:v1"
DATES = {"from_on": "2027-03-01", "to_on": "2027-03-05", "original_on": "2027-02-01"}
COUNTS = {"goes_on": 4012, "breaks": 0, "unread": 0}
WHOLE: list[tuple[str, str, str, dict[str, Any], str]] = [
    ("build_ramped", "operations", "v1-2.b", {"current": "v1-1.a", "was": 5, "percentage": 25, "checked": COUNTS},
     "operations gave build v1-2.b 25 % of the workflows after 5 %, beside build v1-1.a; "
     "checked: 4012 would go on, 0 break, 0 unread"),
    ("build_made_current", "operations", "v1-2.b", {"before": "", "checked": {}},
     "operations made build v1-2.b current, without a check"),
    ("build_taken_back", "operations", "v1-2.b", {"to": "v1-1.a", "percentage": 25, "why": "3 workflows fail"},
     "operations went back from build v1-2.b, which got 25 % of the workflows, to v1-1.a: 3 workflows fail"),
    ("build_kept", "operations", "v1-2.b", {"workflows": 15},
     "operations left 15 workflows with build v1-2.b, which alone can carry what it has begun"),
    ("build_freed", "operations", "v1-2.b", {"workflows": 1}, "operations let 1 workflow go on without build v1-2.b"),
    ("build_drained", "operations", "v1-1.a", {"current": "v1-2.b"},
     "no open workflow needed build v1-1.a any more; build v1-2.b is current"),
    ("workflow_stranded", "system", f"sfo/{REFERENCE}", {"kind": "case_gone", "state": "TERMINATED"},
     f"the workflow sfo/{REFERENCE} was found stranded: case gone, TERMINATED"),
    ("workflow_unstranded", "system", f"sfo/{REFERENCE}", {"kind": "case_gone", "state": "TERMINATED"},
     f"the workflow sfo/{REFERENCE} is stranded no longer"),
    ("histories_lost", "operations", f"sfo/{REFERENCE}", {"decisions": 3},
     "histories of the case were gone from Temporal, with 3 applied answers"),
    ("case_restarted", "operations", f"sfo/{REFERENCE}", {},
     f"operations started sfo/{REFERENCE} again from its record"),
    ("subject_access_prepared", LEAD, f"{REFERENCE}/v1", {"entries": 12, "passages": 3, "sha256": "0f"},
     f"gathered what is held on {REFERENCE}/v1 for a subject-access request: 12 entries, 3 passages"),
    ("subject_access_released", LEAD, f"{REFERENCE}/v1", {"entries": 12, "passages": 3, "withheld": 1, "shortened": 0,
     "sha256": "0f"}, "12 entries, 3 passages, of which 1 withheld and 0 shortened"),
    ("record_restored", "operations", "audit", {"last": 7, "lost_to": 9, "heads": [{"seq": 9, "hash": "ab"}]},
     "the record was restored from a backup: it ends at row 7; rows to 9 are lost"),
    ("lost_in_restore", "operations", f"{REFERENCE}/review/draft", {"kind": "decision", "id": "d", "answer": "sent"},
     "lost when a backup was restored: decision sent, about"),
    ("digest_written", "system", "N53", {"on": "2027-03-01", "lists": {"overdue": 2}},
     "the weekday digest of 1 March 2027 went out for N53"),
    ("case_opened", "intake", REFERENCE, {"region": "N53", "pdu": "N53LEI", "speed": 1, "offences": 2},
     "the service opened the case in N53, N53LEI: 2 offences"),
    ("charge_judged", "system", REFERENCE, {"round": 1, "ground": "always_reviewed", "reason": "named_offence",
     "question": None, "rulebook": "2026-04-01"}, "the charge was judged, round 1: always reviewed, because named off"),
    ("charge_amended", "court", "e", {"on": "2027-03-01", "codes": ["COML025"]},
     "the court: the charge was amended on 1 March 2027 to COML025"),
    ("told", "system", "e", {"letter": "review_under_way", "to": ["s1", "head_of_pdu"], "duty": "told"},
     "the letter “review under way” went out to s1, the Head of PDU, which met the duty told"),
    ("letter_returned", "relay", "e", {"letter": "asked", "kind": "failed", "status": "5.1.1"},
     "mail came back about the letter “asked”: failed, status 5.1.1"),
    ("concern_raised", "operations", f"{REFERENCE}/escalation/overdue-1", {},
     "operations raised the concern overdue-1 with the national SFO team"),
    ("enquiry_received", LEAD, f"{REFERENCE}/enquiry/2", {"kind": "media", "received_on": "2027-03-01"},
     "logged enquiry 2: media, received on 1 March 2027"),
    ("gate_reassigned", "system", GATE, {"to": "n53.head", "reason": "absent", "also": []},
     "the question was given to n53.head: Hand over the released version (v1); the reason: absent"),
    ("manager_replaced", LEAD, "countersigning_manager", {"before": "a", "to": "b", "reason": "absent", "gates": [1]},
     "replaced the countersigning manager: b in place of a, 1 open question passed on; the reason: absent"),
    ("case_transferred", LEAD, "N54 N54BRA", {"before": "N53 N53LEI", "reason": "moved", "escalation": "reviewer-1"},
     "moved the case from N53 N53LEI to N54 N54BRA; the reason: moved; the concern reviewer-1 was raised"),
    ("case_related", LEAD, "SFO-2026-00002", {"kind": "same_offence"},
     "noted that SFO-2026-00002 belongs to this case: same offence"),
    ("deadline_fixed", "system", "review", {"on": "2027-03-01", "rulebook": "2026-04-01"},
     "the review is due on 1 March 2027, by the rulebook of 1 April 2026"),
    ("deadline_moved", "system", "review", {**DATES, "late": True},
     "the date of the review was moved by a decision, from 1 March 2027 to 5 March 2027; it was first 1 February 2027, "
     "after the date"),
    ("deadline_rebased", "system", GATE, {**DATES, "holiday": "2027-03-02"},
     "a bank holiday moved the date of “Hand over the released version (v1)”, from 1 March 2027 to 5 March 2027"),
    ("gate_resumed", "system", GATE, DATES, "after the pause the date of “Hand over the released version (v1)” moved,"),
    ("at_risk", "system", "review", {"due_on": "2027-03-01", "days_left": 8, "days_needed": 12},
     "the review, due on 1 March 2027, is at risk: 8 working days left, 12 needed for what remains"),
    ("review_overdue", "system", "review", {"due_on": "2027-03-01"}, "overdue; it was due on 1 March 2027"),
    ("clock_paused", LEAD, "review", {"due_on": "2027-03-01", "days_left": 9, "reason": "court"},
     "stopped the clock of the review, due on 1 March 2027, with 9 working days left; the reason: court"),
    ("clock_resumed", LEAD, "review", {**DATES, "reason": "court"},
     "let the clock of the review run again; it is due on 5 March 2027; the reason: court"),
    ("extension_requested", LEAD, "x", {"new_on": "2027-04-01", "reason": "complex", "late": True},
     "asked for a later date of the review, 1 April 2027, after the date; the reason: complex"),
    ("pause_requested", LEAD, "x", {"reason": "court"}, "asked for the clock of the review to be stopped; the reason"),
    ("resume_requested", LEAD, "x", {"reason": "court"}, "asked for the clock of the review to run again"),
    ("transfer_requested", LEAD, "x", {"region": "N54", "pdu": "N54BRA", "reason": "moved"},
     "asked for the case to be moved to N54, N54BRA; the reason: moved"),
    ("replace_manager_requested", LEAD, "x", {"role": "reviewing_manager", "to": "b", "reason": "absent"},
     "asked for b to be the reviewing manager instead; the reason: absent"),
    ("pause_refused", "operations", "e", {"why": "nothing_under_review"},
     "operations was refused that the clock of the review be stopped: nothing under review"),
    ("transfer_refused", "operations", "e", {"why": "unknown_place"}, "was refused that the case be moved: unknown"),
    ("replacement_refused", "operations", "e", {"why": "in_the_line"}, "was refused another manager: in the line"),
    ("stage_ended", "system", "review-2", {"outcome": "submitted"}, "the stage review 2 ended: submitted"),
    ("hold_set", LEAD, "x", {"reason": "public_inquiry"},
     "set a legal hold: the case is kept whatever its date; the reason: public inquiry"),
    ("hold_lifted", LEAD, "x", {"reason": "inquest"}, "lifted a legal hold; the reason: inquest"),
    ("erasure_proposed", LEAD, "x", {"reason": "court_order"}, "proposed to erase the case; the reason: court order"),
    ("erasure_confirmed", LEAD, "x", {"reason": "court_order", "proposed_by": "operations.engineer.1"},
     "confirmed the erasure that operations.engineer.1 proposed"),
    ("case_erased", LEAD, "x", {"counts": {"gates": 3, "links": 4}, "fingerprint": "0a1b", "proof": "history",
     "again": True}, "carried out the erasure of the case once more, after something was restored: 7 rows emptied or "
     "deleted, key 0a1b was destroyed; a payload of its own history can no longer be read"),
    ("absence_set", LEAD, "x", {"person": "a", "deputy": "b", "from": "2027-03-01", "to": "2027-03-05",
     "gaps": [REFERENCE]}, f"set that a is away from 1 March 2027 to 5 March 2027 and b stands in; the deputy may not "
     f"answer in {REFERENCE}"),
    ("absence_ended", LEAD, "x", {"person": "a", "deputy": "b"}, "ended the absence of a, for whom b stood in"),
    ("bank_holiday_announced", LEAD, "2027-03-01", {"cases": 2, "questions": 5, "workflows": 3},
     "announced a bank holiday on 1 March 2027: 5 open questions in 2 cases span it"),
]  # fmt: skip


@pytest.mark.parametrize(("action", "actor", "subject", "detail", "said"), WHOLE)
def test_a_row_about_the_whole_case_reads_as_a_sentence(
    action: str, actor: str, subject: str, detail: dict[str, Any], said: str
) -> None:
    row = {"action": action, "actor": actor, "subject": subject, "detail": detail}
    sentence = told(row, SEEN)
    assert said in sentence
    assert not re.search(r"[@_{}\[\]]|None|\(no ", sentence)


@pytest.mark.parametrize(("action", "actor", "subject", "detail", "said"), ROWS)
def test_a_row_about_a_disclosure_reads_as_in_its_own_story(
    action: str, actor: str, subject: str, detail: dict[str, Any], said: str
) -> None:
    assert said in told({"action": action, "actor": actor, "subject": subject, "detail": detail}, SEEN)


def test_each_sentence_is_tried() -> None:
    assert SENTENCES.keys() - {row[0] for row in [*WHOLE, *ROWS]} <= {
        "decision_void", "gate_lapsed", "leaks_settled", "redactions_decided", "opted_in", "nobody_eligible"
    }  # fmt: skip


@pytest.mark.parametrize("action", sorted(SENTENCES))
@pytest.mark.parametrize("detail", [{}, {"to": {"odd": ["a@b.test"]}, "on": 7, "reason": None, "codes": 1}])
def test_a_row_that_lacks_what_its_kind_should_hold_is_shown_all_the_same(action: str, detail: dict[str, Any]) -> None:
    row = {"action": action, "actor": "a@b.test", "subject": "c@d.test", "detail": detail}
    sentence = told(row, Seen({}, {}, {}))
    assert sentence
    assert not re.search(r"@|\w\.test", sentence)


def test_an_unknown_action_is_shown_with_its_code_and_no_address() -> None:
    row = {"action": "moon_phase_noted", "actor": "a@b.test", "subject": "c@d.test", "detail": {"to": "e@f.test"}}
    assert told(row, Seen({}, {}, {})) == (
        "somebody without a role in this case: moon phase noted, (an address) (to (an address))"
    )


async def test_the_story_of_a_case_has_every_row_in_order_and_ends_with_the_proof(
    command: Sfo, record: Record, mail_server: MailServer
) -> None:
    case = await a_disclosure(record, mail_server)
    await answer(case, await case.ask("redaction_decision", "v2", email=LEAD), "agreed", LEAD)
    await case.run(
        "SELECT audit_append(now(), $1, $2, 'told', 'e', '{\"letter\": \"x\", \"to\": []}')", REFERENCE, TEAM
    )
    await case.run(
        "SELECT audit_append('2027-07-01T12:00Z', NULL, 'command', 'bank_holiday_announced', '2027-07-05', "
        '\'{"cases": 1, "questions": 2}\')'
    )
    ended = await command("audit", "show", REFERENCE)
    assert ended.code == 0, ended.err
    lines = ended.out.splitlines()
    seqs = [int(line.split()[0]) for line in lines[2:-2]]
    rows = await record.rows("SELECT seq FROM audit WHERE reference = $1 ORDER BY seq", REFERENCE)
    assert seqs == [row["seq"] for row in rows]
    assert len(seqs) >= 2
    assert lines[0] == f"{REFERENCE}: {len(seqs)} rows of the audit chain, times of the case in London"
    assert "the senior lead agreed that nothing needs removing" in ended.out
    assert lines[-1] == "The audit chain is whole: no row was edited or taken out."
    assert [name for name in NAMES if name in ended.out] == []
    assert "example.test" not in ended.out
    as_json = (await command("audit", "show", REFERENCE, "--json")).json
    assert [row["seq"] for row in as_json["rows"]] == seqs
    assert as_json["chain"] == {"verified": True, "problems": []}
    assert as_text(as_json) + "\n" == ended.out
    of_none = await command("audit", "show")
    assert "1 July 2027, 1:00pm: somebody by command announced a bank holiday on 5 July 2027" in of_none.out
    assert "bank holiday" not in ended.out


async def test_names_are_shown_when_they_are_asked_for_and_addresses_never(
    command: Sfo, record: Record, mail_server: MailServer
) -> None:
    case = await a_disclosure(record, mail_server)
    await answer(case, await case.ask("handover", "v1", email=OFFICER), "declined", OFFICER)
    unnamed = (await command("audit", "show", REFERENCE)).out
    named = (await command("audit", "show", REFERENCE, "--names")).out
    assert "the victim liaison officer recorded that v1 no longer wants the review" in unnamed
    assert re.search(r"the victim liaison officer \([A-Z][^)]+\) recorded that v1 no longer wants", named)
    assert "example.test" not in json.dumps([named, unnamed])


async def test_a_broken_chain_and_an_unknown_case_are_said(
    command: Sfo, record: Record, mail_server: MailServer
) -> None:
    case = await a_disclosure(record, mail_server)
    await case.run("SELECT audit_append(now(), $1, 'system', 'told', 'e', '{}')", REFERENCE)
    async with record.owner() as owner:
        await owner.execute("ALTER TABLE audit DISABLE TRIGGER audit_no_change")
        await owner.execute("UPDATE audit SET actor = 'nobody' WHERE seq = 1")
    assert (
        (await command("audit", "show", REFERENCE)).out.splitlines()[-1].startswith("THE AUDIT CHAIN IS BROKEN: row 1")
    )
    ended = await command("audit", "show", "SFO-2026-99999")
    assert (ended.code, "there is no case SFO-2026-99999" in ended.err) == (2, True)
