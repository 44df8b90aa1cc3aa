"""The demo's mailbox shows every letter, and a letter can do nothing."""

import asyncio
import os
import threading
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from starter import mailbox
from starter.gateway import gateway_app
from starter.mailbox import Listed
from starter.mailer import SmtpMailer
from tests.conftest import MailServer, Record
from tests.starter.front_desk import PUBLIC_URL, FakeTemporal, a_settings

LETTER = """\
From: sfo@example.test
To: {to}
Subject: {subject}
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=utf-8

Dear you, open https://sfo.example.test/a/token <b>plain</b>

--b
Content-Type: text/html; charset=utf-8

<p>As HTML</p><script>alert(1)</script>

--b--
"""


@pytest_asyncio.fixture
async def web(record: Record, mail_server: MailServer, tmp_path: Path) -> httpx.AsyncClient:
    (tmp_path / "new").mkdir()
    for number, to in enumerate(["one@example.test", "two@example.test"]):
        (tmp_path / "new" / f"{number}.host").write_text(LETTER.format(to=to, subject=f"Letter {number} <i>"))
    settings = a_settings(record, mail_server, SFO_MAILBOX_DIR=str(tmp_path))
    delivery = FakeTemporal().delivery(record)
    app = gateway_app(settings, record.pool, delivery, SmtpMailer(mail_server.url))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=PUBLIC_URL)


async def test_letters_are_listed_and_found_by_recipient(web: httpx.AsyncClient) -> None:
    everything = (await web.get("/mailbox")).text
    assert everything.count("Letter 0 &lt;i&gt;") == everything.count("Letter 1 &lt;i&gt;") == 1
    found = (await web.get("/mailbox", params={"to": "TWO@"})).text
    assert "Letter 1" in found
    assert "Letter 0" not in found


async def test_a_full_mailbox_keeps_nobody_waiting(
    record: Record, mail_server: MailServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "1.host").write_text(LETTER.format(to="one@example.test", subject="Letter"))
    read = mailbox.read_letters
    opened, released = threading.Event(), threading.Event()

    def slow(maildir: Path, wanted: str) -> Listed:
        opened.set()
        assert released.wait(10)
        return read(maildir, wanted)

    monkeypatch.setattr(mailbox, "read_letters", slow)
    settings = a_settings(record, mail_server, SFO_MAILBOX_DIR=str(tmp_path))
    app = gateway_app(settings, record.pool, FakeTemporal().delivery(record), SmtpMailer(mail_server.url))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=PUBLIC_URL) as web:
        listing = asyncio.create_task(web.get("/mailbox"))
        await asyncio.to_thread(opened.wait, 10)
        assert (await web.get("/ping")).status_code == 200
        assert not listing.done()
        released.set()
        assert "1 letter<" in (await listing).text


def test_of_many_letters_the_newest_are_listed_and_all_are_counted(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    for number in range(mailbox.SHOWN + 5):
        path = tmp_path / "new" / f"{number}.host"
        path.write_text(LETTER.format(to=f"{number % 2}@example.test", subject=f"Letter {number}"))
        os.utime(path, (number, number))
    everything, wanted = mailbox.read_letters(tmp_path), mailbox.read_letters(tmp_path, "0@")
    assert everything.count == mailbox.SHOWN + 5
    assert len(everything.letters) == mailbox.SHOWN
    assert everything.letters[0].subject == f"Letter {mailbox.SHOWN + 4}"
    assert wanted.count == len(wanted.letters) == 103
    assert {letter.to for letter in wanted.letters} == {"0@example.test"}


async def test_a_letter_is_shown_as_text_with_its_link_and_its_html_is_sealed(web: httpx.AsyncClient) -> None:
    page = await web.get("/mailbox/0.host")
    assert "&lt;b&gt;plain&lt;/b&gt;" in page.text
    assert 'href="https://sfo.example.test/a/token"' in page.text
    assert "<iframe" in page.text
    assert "sandbox src=" in page.text
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    html = await web.get("/mailbox/0.host/html")
    assert html.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert html.headers["x-frame-options"] == "SAMEORIGIN"


@pytest.mark.parametrize("name", ["none", "..%2F..%2Fetc%2Fpasswd", "..", "new"])
async def test_no_name_leads_out_of_the_mailbox(web: httpx.AsyncClient, name: str) -> None:
    assert (await web.get(f"/mailbox/{name}")).status_code in (200, 404)
    assert "root:" not in (await web.get(f"/mailbox/{name}")).text


async def test_without_a_mailbox_there_is_none(record: Record, mail_server: MailServer) -> None:
    settings = a_settings(record, mail_server)
    app = gateway_app(settings, record.pool, FakeTemporal().delivery(record), SmtpMailer(mail_server.url))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=PUBLIC_URL) as web:
        assert (await web.get("/mailbox")).status_code == 404
