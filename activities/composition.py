"""How a letter becomes a message: its words from activities/letters, its headers, one recipient.

Holds no client and no row; a letter's words carry a reference, a question, a date and a link, never case content.
"""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from textwrap import shorten
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from workflows.policy.due import LONDON

LETTERS = Path(__file__).parent / "letters"
SUBJECT_MOST = 89


def uk_date(on: str) -> str:
    """An ISO date in words, 12 March 2027."""
    day = date.fromisoformat(on)
    return f"{day.day} {day:%B %Y}"


def uk_moment(at: str) -> str:
    """An ISO moment in words, London time: 12 March 2027 at 2:05pm."""
    local = datetime.fromisoformat(at).astimezone(LONDON)
    half = "am" if local.hour < 12 else "pm"
    return f"{uk_date(local.date().isoformat())} at {local.hour % 12 or 12}:{local:%M}{half}"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(LETTERS),
        autoescape=select_autoescape(enabled_extensions=("html",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"uk_date": uk_date, "uk_moment": uk_moment}
    return environment


_ENVIRONMENT = _environment()


def is_letter(name: str) -> bool:
    """Whether a letter with this name can be sent."""
    return name != "layout" and (LETTERS / name / "subject.txt").is_file()


def message_id(event: str, email: str, domain: str) -> str:
    """The same id for the same event and recipient, so that a receiver may drop a letter that came twice."""
    parts = (hashlib.sha256(text.encode()).hexdigest() for text in (event, email.lower()))
    return f"<{next(parts)[:24]}.{next(parts)[:16]}@{domain}>"


def subject_of(letter: str, name: str, words: Mapping[str, Any]) -> str:
    """One line that a list of mail shows whole: where it is too long, the title gives way, never reference or date."""
    shown = {"for_staff": False, **words, "name": name}
    subject = _text(letter, "subject.txt", shown).strip()
    if len(subject) <= SUBJECT_MOST or "title" not in shown:
        return subject
    width = len(shown["title"]) - (len(subject) - SUBJECT_MOST)
    title = shorten(shown["title"], max(width, 1), placeholder="\u2026")
    return _text(letter, "subject.txt", {**shown, "title": title}).strip()


def compose(letter: str, sender: str, name: str, email: str, identity: str, words: Mapping[str, Any]) -> EmailMessage:
    """The message to one recipient. Errors: ValueError for an address or a header that no server would take."""
    # Members of staff who are asked about themselves are pointed to support; their letters say so in their words.
    shown = {"for_staff": False, **words, "name": name, "letter": letter}
    message = EmailMessage(policy=SMTP)
    message["From"] = Address("Serious Further Offence case service", addr_spec=sender)
    message["To"] = Address(name, addr_spec=email)
    message["Subject"] = subject_of(letter, name, words)
    message["Message-ID"] = identity
    # A mail client that wraps a plain line would break the link; quoted-printable keeps it whole.
    message.set_content(_text(letter, "body.txt", shown), cte="quoted-printable")
    message.add_alternative(_text(letter, "body.html", shown), subtype="html", cte="quoted-printable")
    return message


def _text(letter: str, part: str, shown: Mapping[str, Any]) -> str:
    return _ENVIRONMENT.get_template(f"{letter}/{part}").render(shown)
