"""The demo's mailbox shows every letter, and a letter can do nothing."""

from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from starter.gateway import gateway_app
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
