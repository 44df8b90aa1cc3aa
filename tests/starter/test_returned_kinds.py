"""What a message that came back is, in the forms in which servers and programs write it; and nothing is an error."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from starter import returned_kinds
from starter.returned_kinds import Kind, Returned, UnreadableError, addressees, read_message, recognise
from tests.starter import came_back

CASES = [
    ("POSTFIX", Returned(Kind.FAILED, "5.1.1", 550)),
    ("EXCHANGE", Returned(Kind.FAILED, "5.1.10", 550)),
    ("EXCHANGE_EXPIRED", Returned(Kind.FAILED, "4.4.7", 550)),
    ("GMAIL", Returned(Kind.FAILED, "5.1.1", 550)),
    ("QMAIL", Returned(Kind.FAILED)),
    ("EXIM", Returned(Kind.FAILED)),
    ("DELAYED", Returned(Kind.DELAYED, "4.4.1")),
    ("DELIVERED", Returned(Kind.NOTICE, "2.0.0")),
    ("EXCHANGE_AWAY", Returned(Kind.AWAY)),
    ("EXCHANGE_AWAY_BY_SUBJECT", Returned(Kind.AWAY)),
    ("OUTLOOK_AWAY", Returned(Kind.AWAY)),
    ("WELSH_AWAY", Returned(Kind.AWAY)),
    ("GMAIL_AWAY", Returned(Kind.AWAY)),
    ("SIEVE_AWAY", Returned(Kind.AWAY)),
    ("OLD_AWAY", Returned(Kind.AWAY)),
    ("READ_RECEIPT", Returned(Kind.NOTICE)),
    ("ANSWER", Returned(Kind.PERSON)),
    ("UNCLEAR", Returned(Kind.UNCLEAR)),
]
MESSAGES = [(name, getattr(came_back, name)) for name, _ in CASES]


def read(raw: bytes) -> Returned:
    return recognise(read_message(raw))


@pytest.mark.parametrize(("name", "expected"), CASES)
def test_each_form_is_recognised_with_lines_of_either_ending(name: str, expected: Returned) -> None:
    text = getattr(came_back, name)
    assert read(text.encode()) == expected
    assert read(text.replace("\n", "\r\n").encode()) == expected


@pytest.mark.parametrize("name", ["POSTFIX", "EXCHANGE", "DELAYED"])
def test_the_end_of_a_message_may_be_missing(name: str) -> None:
    """Only the beginning of a large one is read; the report stands before the letter that it returns."""
    text = getattr(came_back, name)
    assert read(text[: text.index("Content-Type: message/rfc822")].encode()).kind == dict(CASES)[name].kind


def test_a_report_inside_the_letter_that_is_returned_counts_for_nothing() -> None:
    inner = came_back.POSTFIX.replace(came_back.BOUNDARY, "inner")
    text = came_back.DELAYED.replace(came_back.LETTER, inner)
    assert read(text.encode()) == Returned(Kind.DELAYED, "4.4.1")


def test_an_answer_that_quotes_a_report_is_an_answer() -> None:
    quoted = "".join(f"> {line}\n" for line in came_back.POSTFIX.splitlines())
    assert read(came_back.words("a@n53.example.test", "Re: Undelivered", quoted).encode()).kind is Kind.PERSON


def test_whom_it_is_for_is_read_as_the_server_delivered_it_before_what_its_sender_wrote() -> None:
    raw = "To: Third <third@example.test>\nDelivered-To: first@example.test\nX-Original-To: second@example.test\n\n"
    found = addressees(read_message(raw.encode()))
    assert found == ["first@example.test", "second@example.test", "third@example.test"]


# --- messages that nobody should have sent ------------------------------------------------------------

DEEP = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(30))
NESTED = b"Content-Type: message/rfc822\n\n" * 8_000
LONG = came_back.POSTFIX.encode() + b"\n" * returned_kinds.READ_BYTES
HOSTILE = {
    "nothing": b"",
    "null bytes": came_back.POSTFIX.replace("Status: 5", "Status: \0 5").encode() + b"\0" * 1000,
    "an unknown character set": b"Subject: =?no-such?q?Automatic?=\nContent-Type: text/plain; charset=no-such\n\n\xff",
    "bytes that are no text": b"Subject: \xff\xfe\nFrom: \xff@\xfe\nTo: \xff\nAuto-Submitted: \xff\n\n\xff",
    "a broken encoded word": b"Subject: =?utf-8?b?abc?=\nFrom: =?utf-8?q?=ff?= <a@b>\n\n",
    "parts in parts": DEEP + b"\n" * 100_000,
    "too many parts": DEEP * 10,
    "letters in letters": NESTED,
    "a header without an end": b"Subject: " + b"a" * returned_kinds.READ_BYTES,
    "a header of many lines": b"Subject: a\n" + b" b\n" * (returned_kinds.READ_BYTES // 3),
    "many headers": b"From: a@b.test\nTo: a@b.test\n" * 8_000,
    "addresses without an end": b"From: " + b"<(" * 100_000 + b"\n\nbody",
    "an encoded word without an end": b"Subject: " + b"=?utf-8?q?" * 20_000 + b"\n\n",
    "a report of many blocks": came_back.POSTFIX.replace("Action: failed", "Action: x\n\n" * 15_000).encode(),
    "a report without parts": b"Content-Type: multipart/report; report-type=delivery-status\n\nAction: failed\n",
    "a qmail that never ends": came_back.QMAIL.encode() + b"<a@b.test>:\n" * 15_000,
    "lines of nothing": came_back.words("MAILER-DAEMON@b.test", "failure", "").encode() + b"\n" * 200_000,
    "spaces": came_back.words("MAILER-DAEMON@b.test", "failure", "").encode() + b" " * 200_000,
    "a long one": LONG,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_message_is_read_in_moments_or_refused(name: str) -> None:
    began = time.process_time()
    try:
        message = read_message(HOSTILE[name][: returned_kinds.READ_BYTES])
        assert isinstance(addressees(message), list)
        assert recognise(message).kind in Kind
    except UnreadableError:
        pass
    assert time.process_time() - began < 20  # of a thread's time, on a slow machine; what has no bound takes hours


headers = st.sampled_from(
    ["Content-Type: multipart/report; report-type=delivery-status; boundary=b", "Content-Type: message/rfc822",
     "Content-Type: message/delivery-status", "Action: failed", "Action: delayed", "Status: 5.1.1", "--b", "--b--",
     "Auto-Submitted: auto-replied", "Content-Transfer-Encoding: base64", "Subject: =?utf-8?b?4pyT?=",
     "From: MAILER-DAEMON@b.test", "Content-Type: text/plain; charset=\"", "X-Failed-Recipients: a@b.test", "", " "]
)  # fmt: skip
lines = st.lists(st.one_of(headers.map(str.encode), st.binary(max_size=40)), max_size=40).map(b"\n".join)


@settings(max_examples=300, deadline=None)
@given(lines)
def test_any_lines_are_something_or_are_refused(raw: bytes) -> None:
    try:
        message = read_message(raw)
        addressees(message)
        found = recognise(message)
    except UnreadableError:
        return
    assert found.status is None or found.status[0] in "245"


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(MESSAGES), st.data())
def test_a_real_message_with_bytes_changed_is_something_or_is_refused(
    named: tuple[str, str], data: st.DataObject
) -> None:
    raw = bytearray(named[1].encode())
    for place in data.draw(st.lists(st.integers(0, len(raw) - 1), max_size=12)):
        raw[place] = data.draw(st.integers(0, 255))
    try:
        message = read_message(bytes(raw))
        addressees(message)
        assert recognise(message).kind in Kind
    except UnreadableError:
        pass
