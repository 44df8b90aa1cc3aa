"""Letters to whoever wants Welsh: the Welsh first, the English below, over real SMTP; everybody else as ever."""

from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from activities.composition import LETTERS, compose, is_letter
from activities.correspondence import Letter
from activities.record import transaction
from activities.rulebooks import FileRulebooks
from tests.activities.test_correspondence import SPOC
from tests.builders import DEPLOY, LETTER_WORDS, WITHOUT_A_CASE, a_case, a_correspondence
from tests.conftest import MailServer, Record
from tests.house.catalogues import catalogues
from workflows.contract.directory import Directory
from workflows.contract.problems import DataError
from workflows.contract.questions import QUESTIONS

NAMES = sorted(path.name for path in LETTERS.iterdir() if is_letter(path.name))
OURS = {words for kept in catalogues()[1:] for words, welsh in kept.found().items() if words != welsh}
AT = datetime(2026, 10, 5, 9, tzinfo=UTC)
BREAK = "\n\n* * *\n\n"


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def subject(message: EmailMessage) -> str:
    """As a mail program shows it, wherever its line was folded on the way."""
    return " ".join(str(message["Subject"]).split())


def composed(letter: str, language: str) -> EmailMessage:
    words = {**LETTER_WORDS, "for_staff": True, "if_silent": QUESTIONS["rosh"].if_silent}
    return compose(letter, "sfo@example.test", "Ann O'Brien", "ann@x.example.test", "<a@b>", words, language)


def directory_with(folder: Path, email: str) -> FileRulebooks:
    """The directory of the repository, in which the person with this address wants Welsh."""
    text = (DEPLOY / "directory" / "2026-04-01.toml").read_text()
    asked = f'email = "{email}", '
    assert text.count(asked) == 1
    (folder / "2026-04-01.toml").write_text(text.replace(asked, f'{asked}language = "cy", '))
    return FileRulebooks(DEPLOY / "rulebook", folder)


@pytest.mark.parametrize("letter", NAMES)
def test_every_letter_is_in_welsh_and_below_in_english(letter: str) -> None:
    welsh, english = composed(letter, "cy"), composed(letter, "en")
    first, below = part(welsh, "plain").split(BREAK)
    assert below == part(english, "plain")
    assert first.startswith("Annwyl Ann O'Brien\n\n")
    assert ("Achos: SFO-2026-00042" in first) is (letter not in WITHOUT_A_CASE)
    assert "\n\n\n" not in part(welsh, "plain")
    assert [line for line in first.splitlines() if line in OURS] == []
    assert "March" not in first
    assert ("12 Mawrth 2027" in first) == ("12 March 2027" in below)
    assert ("/a/token" in first) == ("/a/token" in below)


@pytest.mark.parametrize("letter", NAMES)
def test_the_html_says_which_part_is_in_which_language(letter: str) -> None:
    html = BeautifulSoup(part(composed(letter, "cy"), "html"), "html.parser")
    alone = BeautifulSoup(part(composed(letter, "en"), "html"), "html.parser")
    assert html.html is not None
    assert html.body is not None
    assert alone.body is not None
    assert html.html["lang"] == "cy"
    welsh, _, english = html.body.find_all(recursive=False)
    assert english["lang"] == "en"
    assert "".join(str(one) for one in english.contents).strip() == str(alone.body.find("div"))
    unmarked = [text.strip() for text in welsh.find_all(string=True) if text.find_parent(attrs={"lang": "en"}) is None]
    assert [text for text in unmarked if text in OURS] == []
    assert len(html.find_all("html")) == len(html.find_all("title")) == 1


@pytest.mark.parametrize("letter", NAMES)
def test_a_subject_begins_with_the_case_and_says_both(letter: str) -> None:
    both = subject(composed(letter, "cy"))
    welsh, _, english = both.partition(" | ")
    about, about_in_english = ("Achosion SFO", "SFO cases") if letter in WITHOUT_A_CASE else ("SFO-2026-00042",) * 2
    assert welsh.startswith(f"{about}: ")
    assert both.count(about) == 1
    assert subject(composed(letter, "en")) == f"{about_in_english}: {english}"
    assert ("March" in english) == ("12 Mawrth 2027" in welsh)
    assert len(both) < 200


@pytest.mark.parametrize("letter", NAMES)
def test_an_english_letter_holds_no_welsh(letter: str) -> None:
    message = composed(letter, "en")
    assert "Achos" not in part(message, "plain") + part(message, "html")
    assert BREAK not in part(message, "plain")
    assert '<html lang="en">' in part(message, "html")
    assert "lang=" not in part(message, "html").partition('<html lang="en">')[2]
    assert " | " not in message["Subject"]


async def test_over_smtp_whoever_wants_welsh_has_both_and_others_have_english(
    record: Record, mail_server: MailServer, tmp_path: Path
) -> None:
    case = await a_case(record.pool, mail_server)
    letters = a_correspondence(record.pool, mail_server, rulebooks=directory_with(tmp_path, SPOC))
    words = {"title": QUESTIONS["notification"].title, "due": "2027-03-12"}
    async with transaction(record.pool) as connection:
        for email in (SPOC, "ann@x.example.test"):
            await letters.queue(
                connection,
                Letter(
                    "e1", "overdue_notice", "Ann", email, case.reference, AT, words={**words, "role": "the SFO Team"}
                ),
            )
    await letters.send_waiting(["e1"])
    (welsh,), (english,) = mail_server.to(SPOC), mail_server.to("ann@x.example.test")
    assert subject(welsh) == (
        f"{case.reference}: Dim ateb eto: Hysbysu Tîm SFO HMPPS, dyddiad 12 Mawrth 2027"
        " | No answer yet: Notify the HMPPS SFO Team, due 12 March 2027"
    )
    assert subject(english) == f"{case.reference}: No answer yet: Notify the HMPPS SFO Team, due 12 March 2027"
    first, below = part(welsh, "plain").split(BREAK)
    assert below == part(english, "plain")
    assert (
        f"Achos: {case.reference}\nCwestiwn: Hysbysu Tîm SFO HMPPS\nGofynnwyd i: y Tîm SFO\nDyddiad: 12 Mawrth 2027"
        in first
    )
    assert "<strong>Hysbysu Tîm SFO HMPPS</strong>" in part(welsh, "html")
    assert "<strong>Notify the HMPPS SFO Team</strong>" in part(welsh, "html")
    assert [kept.get_content_type() for kept in welsh.iter_parts()] == ["text/plain", "text/html"]
    assert "language" not in str(await record.value("SELECT context FROM outbox LIMIT 1"))


def test_the_language_is_found_by_the_address_and_is_english_where_nobody_says_otherwise(tmp_path: Path) -> None:
    rulebooks = directory_with(tmp_path, SPOC)
    assert rulebooks.language_of(SPOC.upper(), AT) == "cy"
    assert rulebooks.language_of("sfo.team@n53.example.test", AT) == "en"
    assert rulebooks.language_of("ann@x.example.test", AT) == "en"
    assert rulebooks.language_of(SPOC, datetime(1999, 1, 1, tzinfo=UTC)) == "en"  # no directory was in force
    assert FileRulebooks(DEPLOY / "rulebook", tmp_path / "none").language_of(SPOC, AT) == "en"


def test_a_language_that_we_do_not_write_is_refused_by_name() -> None:
    text = (DEPLOY / "directory" / "2026-04-01.toml").read_text()
    with pytest.raises(DataError, match=r"language"):
        Directory.from_toml(text.replace('roles = ["spoc"], ', 'roles = ["spoc"], language = "fr", ', 1))
