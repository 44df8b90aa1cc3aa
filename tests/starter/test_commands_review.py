"""`sfo review`: out as JSON or Word, back in as the answer to the draft, and what became of each version."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from hypothesis import given
from hypothesis import strategies as st

from starter import commands_review
from starter.__main__ import run
from starter.command import CommandError
from starter.word import plain
from starter.word_out import to_word
from tests.activities.reviewing import DRAFT, commissioned, drafted, rate, submitted, write
from tests.builders import ACase
from tests.conftest import MailServer, Record
from tests.starter.front_desk import a_settings

REVIEWER = "reviewer.one@n53.example.test"


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


Review = Callable[..., Awaitable[Ended]]


@pytest.fixture
def review(
    record: Record,
    mail_server: MailServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Review:
    """`sfo review …` as typed, with a record and without Temporal."""
    settings = a_settings(record, mail_server, SFO_DATA_DIR=str(tmp_path / "data"))
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)

    async def ended(*arguments: str) -> Ended:
        capsys.readouterr()
        code = await asyncio.to_thread(run, ["review", *arguments])
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return ended


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


async def asked(record: Record, mail_server: MailServer) -> ACase:
    case = await commissioned(record, mail_server)
    await case.ask("draft")
    return case


def a_file(folder: Path, content: bytes | dict[str, Any], name: str = "review.docx") -> str:
    (folder / name).write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return str(folder / name)


def _of_100_megabytes(folder: Path) -> str:
    with (folder / "huge.docx").open("wb") as huge:
        huge.truncate(100_000_000)
    return str(folder / "huge.docx")


# --- export -------------------------------------------------------------------------------------------


async def test_a_version_goes_out_as_json_and_as_word(
    record: Record, mail_server: MailServer, review: Review, folder: Path
) -> None:
    case = await drafted(record, mail_server)
    await write(case, ask=2, learning="Listen more")
    newest = await review("export", case.reference)
    assert (newest.code, json.loads(newest.out)["learning"]) == (0, "Listen more")
    first = await review("export", case.reference, "--version", "1")
    assert json.loads(first.out) == DRAFT
    ended = await review("export", case.reference, "--output", str(folder / "r.docx"))
    assert (ended.code, "version 2 written" in ended.out) == (0, True)
    assert "Listen more" in [p.text for p in Document(str(folder / "r.docx")).paragraphs]


async def test_where_there_is_no_version_the_empty_form_goes_out(
    record: Record, mail_server: MailServer, review: Review
) -> None:
    case = await commissioned(record, mail_server)
    ended = await review("export", case.reference)
    assert json.loads(ended.out)["sources"] == []
    assert "empty form" in ended.err
    assert (await review("export", case.reference, "--version", "3")).code == 2
    assert "no case SFO-2026-99999" in (await review("export", "SFO-2026-99999")).err


# --- import -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["json", "docx"])
async def test_a_file_answers_the_draft_as_the_page_does(
    record: Record, mail_server: MailServer, review: Review, folder: Path, form: str
) -> None:
    case = await asked(record, mail_server)
    data = DRAFT if form == "json" else to_word(DRAFT, reference=case.reference, version=0)
    ended = await review("import", case.reference, a_file(folder, data), "--as", REVIEWER)
    assert (ended.code, "recorded" in ended.out) == (0, True), ended.err
    assert ("JSON does not say of which case and version" in ended.err) == (form == "json")
    (row,) = await record.rows("SELECT * FROM decisions d WHERE gate LIKE '%/draft'")
    assert (row["answer"], row["channel"], row["by_email"]) == ("draft_ready", "command", REVIEWER)
    assert plain(row["fields"]) == plain(DRAFT)  # type: ignore[arg-type]
    again = await review("import", case.reference, a_file(folder, data), "--as", REVIEWER)
    assert (again.code, "it was decided" in again.err) == (1, True)


_VALUES = st.text(st.characters(), max_size=30) | st.integers() | st.booleans() | st.sampled_from(["", "x" * 3_000])
_PARTS = st.dictionaries(
    st.sampled_from(list(DRAFT)),
    _VALUES | st.lists(st.dictionaries(st.text(max_size=9), _VALUES, max_size=4), max_size=4),
)


@given(_PARTS, st.booleans(), st.sampled_from([b"", b"\xef\xbb\xbf", b"\n "]))
def test_any_review_comes_back_from_json_as_it_was(document: dict[str, Any], escaped: bool, before: bytes) -> None:
    def back(text: str) -> dict[str, Any]:
        return commands_review._from_json(Path("review.json"), before + text.encode())

    try:
        text = json.dumps(document, ensure_ascii=False)
        text.encode()
    except UnicodeEncodeError:  # half of a character, which nothing can store
        with pytest.raises(CommandError, match="no JSON in UTF-8"):
            back(json.dumps(document))
        return
    found = back(json.dumps(document) if escaped else text)
    assert found == {name: part for name, part in document.items() if part not in ("", [])}


async def test_everything_wrong_is_listed_with_its_place_and_nothing_recorded(
    record: Record, mail_server: MailServer, review: Review, folder: Path
) -> None:
    case = await asked(record, mail_server)
    wrong = {**DRAFT, "learning": "", "judgement": "maybe", "spare": "x"}
    wrong["chronology"] = [{"on": "2026-02-31", "what": "Impossible"}]
    ended = await review("import", case.reference, a_file(folder, wrong), "--as", REVIEWER)
    assert ended.code == 2
    for place in ("learning:", "judgement:", "spare:", "chronology-1-on:"):
        assert place in ended.err
    assert await record.rows("SELECT * FROM decisions WHERE gate LIKE '%/draft'") == []


async def test_a_word_file_that_cannot_be_taken_is_refused_with_the_remedy(
    record: Record, mail_server: MailServer, review: Review, folder: Path
) -> None:
    case = await asked(record, mail_server)
    paper = Document(BytesIO(to_word(DRAFT, reference=case.reference, version=0)))
    next(p for p in paper.paragraphs if p.text == "Learning").text = "Lessons"
    paper.save(str(folder / "spoilt.docx"))
    for file, words in (
        (str(folder / "spoilt.docx"), "learning: The section “Learning” is missing"),
        (a_file(folder, to_word(DRAFT, reference="SFO-2026-99999", version=0), "other.docx"), "of case SFO-2026-99999"),
        (a_file(folder, b"nothing of the kind", "text.docx"), "not a Word file"),
        (a_file(folder, b"[1]", "list.json"), "one JSON object"),
        (a_file(folder, b"{", "cut.json"), "no JSON"),
        (a_file(folder, b'{"learning": "a", "learning": "b"}', "twice.json"), "'learning' stands twice"),
        (a_file(folder, b'{"learning": "\\ud800", "\\ud800": "x"}', "half.json"), "no JSON in UTF-8"),
        (a_file(folder, b'{"learning": "\\u0000"}', "nul.json"), "take out the control characters"),
        (a_file(folder, b"[" * 100_000, "deep.json"), "no JSON"),
        (a_file(folder, b'{"a": ' + b"9" * 5_000 + b"}", "long.json"), "no JSON"),
        (a_file(folder, bytes(5_000_001), "large.docx"), "larger than 5 MB"),
        (_of_100_megabytes(folder), "larger than 5 MB"),
    ):
        ended = await review("import", case.reference, file, "--as", REVIEWER)
        assert (ended.code, words in ended.err) == (2, True), ended.err
    assert await record.rows("SELECT * FROM decisions WHERE gate LIKE '%/draft'") == []


async def test_a_file_made_from_an_older_version_is_taken_only_where_that_is_meant(
    record: Record, mail_server: MailServer, review: Review, folder: Path
) -> None:
    case = await drafted(record, mail_server)
    await case.ask("draft", ask=2)
    file = a_file(folder, to_word(DRAFT, reference=case.reference, version=0))
    ended = await review("import", case.reference, file, "--as", REVIEWER)
    assert (ended.code, "version 1 is the latest" in ended.err) == (2, True)
    assert (await review("import", case.reference, file, "--as", REVIEWER, "--older")).code == 0


async def test_only_who_is_asked_for_the_draft_hands_one_in(
    record: Record, mail_server: MailServer, review: Review, folder: Path
) -> None:
    case = await commissioned(record, mail_server)
    file = a_file(folder, DRAFT)
    assert "nobody is asked for a draft" in (await review("import", case.reference, file, "--as", REVIEWER)).err
    await case.ask("draft")
    ended = await review("import", case.reference, file, "--as", "somebody@example.test")
    assert (ended.code, "was not asked of this person" in ended.err) == (1, True)
    assert (await review("import", "SFO-2026-99999", file, "--as", REVIEWER)).code == 2


# --- rounds -------------------------------------------------------------------------------------------


async def test_each_round_shows_who_sent_it_back_how_long_it_took_and_what_changed(
    record: Record, mail_server: MailServer, review: Review
) -> None:
    case = await drafted(record, mail_server)
    case.pass_days(3)
    await submitted(case, "1")
    case.pass_days(4)
    await case.answer("countersign", "returned", "v1", stage="countersign", reasons="Invented reasons")
    await write(case, stage="review-2", learning="Listen more")
    await submitted(case, "2", stage="review-2")
    await case.answer("countersign", "signed", "v2", stage="countersign-2", facts_satisfied="yes")
    case.pass_days(1)
    await rate(case, "good", "2")
    ended = await review("rounds", case.reference, "--json")
    first, second = json.loads(ended.out)
    assert (first["outcome"], first["by"], first["days"]) == ("sent back", "the countersigning manager", 7)
    assert (second["outcome"], second["composite"], second["days"]) == ("accepted", "good", 1)
    assert [step["answer"] for step in second["steps"]] == ["no_comments", "submitted", "signed", "rated"]
    assert first["changes"] == []
    (change,) = second["changes"]
    assert (change["kind"], change["before"], change["after"]) == ("changed", "Listen", "Listen more")
    text = (await review("rounds", case.reference)).out
    assert "sent back by the countersigning manager on 2026-10-12, 7 days" in text
    assert "~ Learning, paragraph 1" in text
    assert "Invented" not in text
    assert "@" not in text


async def test_a_version_that_waits_and_one_that_was_replaced_say_so(
    record: Record, mail_server: MailServer, review: Review
) -> None:
    case = await commissioned(record, mail_server)
    assert "no version of a review yet" in (await review("rounds", case.reference)).out
    await write(case)
    await write(case, ask=2)
    await case.ask("facts", "v2")
    text = (await review("rounds", case.reference)).out
    assert "version 1  drafted 2026-10-05, replaced" in text
    assert "version 2  drafted 2026-10-05, under way" in text
    assert "facts  waits for an answer, since 2026-10-05" in text
    assert (await review("rounds", "SFO-2026-99999")).code == 2
