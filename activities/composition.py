"""How a letter becomes a message: its words from activities/letters, one recipient; its headers: `headers.py`.

Holds no client and no row; a letter's words carry a reference, a question, a date and a link, never case content.
Whoever has asked for Welsh gets it first and the English below, in one message.
"""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from textwrap import shorten
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from activities.welsh import LETTERS as LETTERS  # for whoever lists letters
from activities.welsh import gettext, in_words, in_words_at, ours
from workflows.policy.due import LONDON

ENGLISH, WELSH = "en", "cy"
SUBJECT_MOST = 89
"""Characters of a subject in one language; a second one follows after it."""

_BELOW = "\n* * *\n\n"


def uk_date(on: str) -> str:
    """An ISO date in words, 12 March 2027."""
    day = date.fromisoformat(on)
    return f"{day.day} {day:%B %Y}"


def uk_moment(at: str) -> str:
    """An ISO moment in words, London time: 12 March 2027 at 2:05pm."""
    local = datetime.fromisoformat(at).astimezone(LONDON)
    half = "am" if local.hour < 12 else "pm"
    return f"{uk_date(local.date().isoformat())} at {local.hour % 12 or 12}:{local:%M}{half}"


def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(LETTERS),
        autoescape=select_autoescape(enabled_extensions=("html",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        extensions=["jinja2.ext.i18n"],
    )
    is_welsh = language == WELSH
    said, counted = (gettext if is_welsh else str), (lambda one, many, count: one if count == 1 else many)
    environment.install_gettext_callables(said, counted, newstyle=True)  # type: ignore[attr-defined]
    environment.filters |= {
        "uk_date": in_words if is_welsh else uk_date,
        "uk_moment": in_words_at if is_welsh else uk_moment,
        "ours": ours if is_welsh else _as_it_is,
    }
    return environment


def _as_it_is(words: Any) -> Any:
    return words


_ENVIRONMENTS = {language: _environment(language) for language in (ENGLISH, WELSH)}


def is_letter(name: str) -> bool:
    """Whether a letter with this name can be sent."""
    return name != "layout" and (LETTERS / name / "subject.txt").is_file()


def message_id(event: str, email: str, domain: str) -> str:
    """The same id for the same event and recipient, so that a receiver may drop a letter that came twice."""
    parts = (hashlib.sha256(text.encode()).hexdigest() for text in (event, email.lower()))
    return f"<{next(parts)[:24]}.{next(parts)[:16]}@{domain}>"


def subject_of(letter: str, name: str, words: Mapping[str, Any], language: str = ENGLISH) -> str:
    """The reference, then what it is; in two languages the Welsh first, then the English without the reference."""
    shown = {"for_staff": False, **words, "name": name}
    first, *below = (_line(letter, shown, each) for each in _each(language))
    return " | ".join([first, *(one.partition(": ")[2] for one in below)])


def compose(
    letter: str,
    sender: str,
    name: str,
    email: str,
    identity: str,
    words: Mapping[str, Any],
    language: str = ENGLISH,
) -> EmailMessage:
    """The message to one recipient. Errors: ValueError for an address or a header that no server would take."""
    # Members of staff who are asked about themselves are pointed to support; their letters say so in their words.
    shown = {"for_staff": False, **words, "name": name, "letter": letter}
    message = EmailMessage(policy=SMTP)
    message["From"] = Address("Serious Further Offence case service", addr_spec=sender)
    message["To"] = Address(name, addr_spec=email)
    message["Subject"] = subject = subject_of(letter, name, words, language)
    message["Message-ID"] = identity
    # A mail client that wraps a plain line would break the link; quoted-printable keeps it whole.
    texts = [_text(letter, "body.txt", shown, each) for each in _each(language)]
    message.set_content(_BELOW.join(texts), cte="quoted-printable")
    message.add_alternative(_html(letter, shown, language, subject), subtype="html", cte="quoted-printable")
    return message


def _each(language: str) -> tuple[str, ...]:
    """The languages of one message, in their order: whoever reads Welsh may have to pass the English on."""
    return (WELSH, ENGLISH) if language == WELSH else (ENGLISH,)


def _line(letter: str, shown: Mapping[str, Any], language: str) -> str:
    """One line that a list of mail shows whole: where it is too long, the title gives way, never reference or date."""
    subject = _text(letter, "subject.txt", shown, language).strip()
    if len(subject) <= SUBJECT_MOST or "title" not in shown:
        return subject
    whole = gettext(shown["title"]) if language == WELSH else shown["title"]
    width = len(whole) - (len(subject) - SUBJECT_MOST)
    title = shorten(whole, max(width, 1), placeholder="\u2026")
    return _text(letter, "subject.txt", {**shown, "title": title}, language).strip()


def _html(letter: str, shown: Mapping[str, Any], language: str, subject: str) -> str:
    first, *below = (Markup(_text(letter, "body.html", shown, each)) for each in _each(language))  # noqa: S704  # nosec B704  # ours, escaped
    given = {"language": language, "subject": subject, "letter": first, "english": Markup().join(below)}
    return _text("layout", "document.html", given, language)


def _text(letter: str, part: str, shown: Mapping[str, Any], language: str) -> str:
    return _ENVIRONMENTS[language].get_template(f"{letter}/{part}").render(shown)
