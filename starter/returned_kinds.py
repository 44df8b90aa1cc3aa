"""What a message that came back to a letter's return address is: a failure, a delay, an absence, or something else.

Reads headers and delivery reports, and of the rest only what a mail server may have written. Nothing that a person
wrote is kept, and whatever a message holds, there is an answer.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses
from enum import StrEnum

from flufl.bounce import all_failures

READ_BYTES = 256 * 1024
"""How much of a message is read. The report of a failure stands before the letter that it returns."""

_PARTS_MOST = 40  # boundaries named in a message; a real report has two or three
# The library logs what it was reading when it met an error; nothing of a message belongs in a log.
logging.getLogger("flufl.bounce").disabled = True


class Kind(StrEnum):
    """What came back. The first three stand in the record."""

    FAILED = "failed"  # it will not be delivered
    DELAYED = "delayed"  # it may still be delivered
    AWAY = "away"  # a program answered for the person
    NOTICE = "notice"  # delivered or read: nothing follows
    PERSON = "person"  # somebody has written an answer
    UNCLEAR = "unclear"  # a mail server's message that says none of this


@dataclass(frozen=True, slots=True)
class Returned:
    """What came back, with the mail server's codes: of RFC 3463, such as 5.1.1, and of SMTP, such as 550."""

    kind: Kind
    status: str | None = None
    code: int | None = None


class UnreadableError(Exception):
    """The message cannot be read, or is made to be hard to read."""


def read_message(raw: bytes) -> Message:
    """The message in these bytes, of which the end may be missing. Errors: `UnreadableError`."""
    if raw.lower().count(b"boundary") > _PARTS_MOST:  # reading takes as long as parts stand in parts
        raise UnreadableError
    try:
        return message_from_bytes(raw)
    except Exception:  # whatever the email package raises for a message that nobody should have sent
        raise UnreadableError from None


def addressees(message: Message) -> list[str]:
    """Whom the message is for: as the mail server delivered it, then as its headers say."""
    names = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To")
    values = [value for name in names for value in message.get_all(name, [])]
    try:
        return [address for _, address in getaddresses([str(value) for value in values])]
    except Exception:  # as above
        raise UnreadableError from None


def recognise(message: Message) -> Returned:
    """What the message is. Errors: `UnreadableError`."""
    try:
        return _recognised(message)
    except Exception:  # the email package and the library raise what they like for a hostile message
        raise UnreadableError from None


def _recognised(message: Message) -> Returned:
    reported = _reported(message)
    if reported is not None:
        return reported
    is_of_server = _is_of_a_mail_server(message)
    if not is_of_server and _is_automatic(message):
        return Returned(Kind.AWAY)
    temporary, permanent = all_failures(message)
    if permanent:
        return Returned(Kind.FAILED)
    if temporary:
        return Returned(Kind.DELAYED)
    if _is_automatic(message):
        return Returned(Kind.UNCLEAR if is_of_server else Kind.AWAY)
    return Returned(Kind.UNCLEAR if is_of_server else Kind.PERSON)


# --- reports in the form of RFC 3464 and RFC 8098 -----------------------------------------------------

_REPORTS = ("message/delivery-status", "message/global-delivery-status")
_NO_FAILURE = ("disposition-notification", "feedback-report")
_STATUS = re.compile(r"^Status:[ \t]*([245]\.\d{1,3}\.\d{1,3})\b", re.MULTILINE | re.IGNORECASE)
_ACTION = re.compile(r"^Action:[ \t]*([a-z]{1,20})", re.MULTILINE | re.IGNORECASE)
_SMTP_CODE = re.compile(r"^Diagnostic-Code:[ \t]*smtp[ \t]*;\s*([45]\d\d)\b", re.MULTILINE | re.IGNORECASE)


def _reported(message: Message) -> Returned | None:
    """What a report says; None for what is no report, or one without a result for anybody."""
    kind = str(message.get_param("report-type", "")).lower()
    if message.get_content_type() == "multipart/report" and kind in _NO_FAILURE:
        return Returned(Kind.NOTICE)
    results = [result for part in _children(message) if part.get_content_type() in _REPORTS for result in _of(part)]
    # One recipient a letter, but that may be a list: whom it did not reach counts.
    for wanted in (Kind.FAILED, Kind.DELAYED, Kind.NOTICE):
        if found := next((result for result in results if result.kind is wanted), None):
            return found
    return None


def _children(message: Message) -> list[Message]:
    """The parts of a message, but not the letter that it returns: that may hold a report of its own."""
    parts = message.get_payload()
    return [part for part in parts if isinstance(part, Message)] if isinstance(parts, list) else []


def _of(report: Message) -> Iterator[Returned]:
    """Each recipient's result. `failed` is the end, whatever the status: also 4.4.7, tried for days in vain."""
    for block in re.split(r"\r?\n[ \t]*\r?\n", report.as_string()):
        action = _ACTION.search(block)
        if not action:
            continue
        word = action[1].lower()
        status, code = _STATUS.search(block), _SMTP_CODE.search(block)
        kind = Kind.FAILED if word.startswith(("fail", "error")) else Kind.NOTICE
        kind = Kind.DELAYED if word.startswith("delay") else kind
        yield Returned(kind, status[1] if status else None, int(code[1]) if code else None)


# --- answers of programs ------------------------------------------------------------------------------

_SERVERS = ("mailer-daemon", "postmaster", "microsoftexchange", "mail-daemon", "mdaemon")
_SUBJECT = re.compile(
    r"\s*(automatic reply|auto(matic)?[ -]?(reply|response|answer)|out[ -]of[ -](the[ -])?office"
    r"|(ym)?ateb awtomatig|allan o'r swyddfa)\b",
    re.IGNORECASE,
)


def _is_of_a_mail_server(message: Message) -> bool:
    senders = getaddresses([str(value) for value in message.get_all("From", [])])
    return any(address.lower().startswith(_SERVERS) for _, address in senders)


def _is_automatic(message: Message) -> bool:
    """Whether a program answered for somebody who is away. Rule: RFC 3834, and what came before it."""
    return (
        _word(message, "Auto-Submitted") == "auto-replied"
        or _word(message, "Precedence") in ("auto_reply", "auto-reply", "autoreply")
        or any(_word(message, name) not in ("", "no", "false") for name in ("X-Autoreply", "X-Autorespond"))
        or "X-MS-Exchange-Inbox-Rules-Loop" in message
        or bool(_SUBJECT.match(_subject(message)))
    )


def _word(message: Message, name: str) -> str:
    """The first word of a header, without its parameters and comments."""
    found = re.match(r"\s*([^\s;(]{1,40})", str(message.get(name, "")))
    return found[1].lower() if found else ""


def _subject(message: Message) -> str:
    try:
        return str(make_header(decode_header(message.get("Subject", ""))))
    except (LookupError, ValueError):  # a character set that nobody knows, or bytes that are not of it
        return ""
