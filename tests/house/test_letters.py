"""Every letter: one subject style, the same words as text and as HTML, whole links, and the headers of a service."""

import re
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup

from activities.composition import LETTERS, SUBJECT_MOST, compose, message_id
from activities.correspondence import Letter
from activities.record import transaction
from starter.code_mail import CodeMail
from starter.mailer import SmtpMailer
from starter.record import Asked
from tests.builders import LETTER_WORDS, LINK_KEY, WITHOUT_A_CASE, a_case, a_correspondence
from tests.conftest import MailServer, Record
from workflows.contract.questions import QUESTIONS
from workflows.policy.links import seal

NAMES = sorted(path.name for path in LETTERS.iterdir() if path.name != "layout")
PERSON = "Example Recipient-Person"
LONGEST = max((question.title for question in QUESTIONS.values()), key=len)
URL = f"https://serious-further-offences.service.example.test/a/{seal(uuid4().bytes, 'k1', LINK_KEY)}"
DATE = re.compile(r"\d{1,2} [A-Z][a-z]+ 20\d\d")
VARIANTS = [
    {"overdue": overdue, "for_staff": for_staff, "granted": granted}
    for overdue in (True, False)
    for for_staff in (True, False)
    for granted in (True, False)
]


def written(name: str, **words: Any) -> EmailMessage:
    gathered = [{"subject": "SFO-2026-00042: Notify the HMPPS SFO Team", "url": URL}]
    shown = {**LETTER_WORDS, "url": URL, "due": "2027-09-30", "letters": gathered, **words}
    return compose(name, "sfo@example.test", PERSON, "p@example.test", "<a@example.test>", shown)


def part(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    assert found is not None
    return str(found.get_content())


def test_there_are_letters() -> None:
    assert len(NAMES) >= 27


@pytest.mark.parametrize("name", NAMES)
def test_a_subject_is_the_reference_then_what_then_the_date(name: str) -> None:
    for words in VARIANTS:
        for title in (LONGEST, "Notify the HMPPS SFO Team"):
            subject = str(written(name, title=title, **words)["Subject"])
            about = "SFO cases" if name in WITHOUT_A_CASE else "SFO-2026-00042"
            assert re.match(rf"{about}: [A-Z0-9]", subject), subject
            assert subject.count(about) == 1
            assert len(subject) <= SUBJECT_MOST < 90, subject
            assert not subject.endswith((".", ",", ":", " ")), subject
            assert "Recipient" not in subject
            assert "Example" not in subject
            if name in WITHOUT_A_CASE:  # from one day to another, or no date
                continue
            for found in DATE.finditer(subject):  # a date is the last thing, as in `, by 12 March 2027`
                assert re.fullmatch(r"(SFO.*), (review )?(by|due) ", subject[: found.start()]), subject
                assert found.end() == len(subject)


def test_of_a_title_that_is_too_long_the_end_gives_way_between_words() -> None:
    subject = str(written("reminder", title=LONGEST, overdue=False)["Subject"])
    assert subject == "SFO-2026-00042: Reminder: Decide on a request for the review by a\u2026, by 30 September 2027"
    short = str(written("reminder", title="Notify the HMPPS SFO Team", overdue=True)["Subject"])
    assert short == "SFO-2026-00042: Overdue: Notify the HMPPS SFO Team, by 30 September 2027"


@pytest.mark.parametrize("name", NAMES)
def test_text_and_html_say_the_same_words_in_the_same_order(name: str) -> None:
    for words in VARIANTS:
        message = written(name, **words)
        page = BeautifulSoup(part(message, "html"), "html.parser")
        assert page.body is not None
        said = re.findall(r"\w+", part(message, "plain").casefold())
        assert re.findall(r"\w+", page.body.get_text(" ").casefold()) == said
        assert len(said) > 40


@pytest.mark.parametrize("name", NAMES)
def test_a_link_stands_whole_in_both_and_is_the_only_one(name: str) -> None:
    message = written(name)
    text, page = part(message, "plain"), BeautifulSoup(part(message, "html"), "html.parser")
    links = re.findall(r"https?://\S+", text)
    assert links in ([], [URL])
    assert [str(a["href"]) for a in page.select("a")] == links
    assert [a.get_text() for a in page.select("a")] == links
    assert not links or f"\n{URL}\n" in text
    assert (name in {"asked", "deputy", "reassigned", "reminder"}) <= bool(links)


async def test_every_letter_arrives_with_the_headers_of_a_service_and_of_its_case(
    record: Record, mail_server: MailServer
) -> None:
    """Each sent over SMTP and read as it arrived."""
    case = await a_case(record.pool, mail_server)
    gathered = {"letter": "withdrawn", "words": {"reference": case.reference, "title": "A question"}, "link": None}
    words = {**{key: value for key, value in LETTER_WORDS.items() if key != "reference"}, "letters": [gathered]}
    letters = a_correspondence(record.pool, mail_server)
    for name in NAMES:
        async with transaction(record.pool) as connection:
            letter = Letter(name, name, PERSON, "p@example.test", case.reference, datetime.now(UTC), words=words)
            await letters.queue(connection, letter)
        await letters.send_waiting([name])
    assert len(mail_server.messages) == len(NAMES)
    for name, message in zip(NAMES, mail_server.messages, strict=True):
        assert message["Message-ID"] == message_id(name, "p@example.test", "example.test")
        assert message["References"] == message["In-Reply-To"] == f"<{case.reference}@example.test>"
        assert message["List-Id"] == '"Serious Further Offence cases" <sfo-cases.example.test>'
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["Reply-To"] == "sfo@example.test"
        assert message["X-Auto-Response-Suppress"] == "DR, RN, NRN"  # neither NDR nor OOF: by those a question climbs
        assert message["Precedence"] is None
        assert [header for header in message if header.lower().startswith("list-")] == ["List-Id"]
        for header in ("From", "To", "Subject", "Message-ID", "References", "Reply-To", "List-Id", "Auto-Submitted"):
            assert len(message.get_all(header, [])) == 1, (name, header)


async def test_a_code_is_answered_to_the_same_mailbox_in_the_same_style(mail_server: MailServer) -> None:
    codes = CodeMail(SmtpMailer(mail_server.url), "sfo@example.test", "team@example.test")
    assert await codes.send(Asked("p@example.test", PERSON, "asked"), "SFO-2026-00042", "123456")
    [message] = mail_server.messages
    assert message["Subject"] == "SFO-2026-00042: Your code"
    assert message["Reply-To"] == "team@example.test"
    assert message["Auto-Submitted"] == "auto-generated"
    assert mail_server.senders == ["sfo@example.test"]


async def test_answers_go_to_the_mailbox_that_people_read(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    letters = a_correspondence(record.pool, mail_server, reply_to="team@example.test")
    async with transaction(record.pool) as connection:
        letter = Letter("e", "review_under_way", PERSON, "p@example.test", case.reference, datetime.now(UTC))
        await letters.queue(connection, letter)
    await letters.send_waiting(["e"])
    [message] = mail_server.messages
    assert message["Reply-To"] == "team@example.test"
    assert message["From"].addresses[0].addr_spec == "sfo@example.test"
    assert mail_server.senders[0].startswith("sfo+")
