"""Threats to a link that no other test covers; the whole table is in docs/threats.md."""

import asyncio
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from starlette.types import Message

from starter import protection
from starter.gateway import gateway_app
from starter.mailer import SmtpMailer
from tests.starter.front_desk import Desk, heading, hidden
from tests.starter.test_gateway import asked as asked  # the fixture
from tests.starter.test_gateway import desk as desk  # the fixture
from tests.starter.test_gateway import who

HOSTILE = {
    "nothing that a database holds": "a\x00b",
    "control characters": "a\x07\x1b[31mb",
    "written from the right": "\u202egnp.exe\u202c",
    "nobody sees them": "a\u200b\u2060\ufeffb",
    "many accents": "e" + "\u0301" * 300,
    "half of a character": "\udcff",
    "look-alikes": "\u0440\u0430y\u0440al",
    "a script": "<script>alert(1)</script>",
    "a template": "{{ 7 * 7 }}{% raw %}",
    "a formula": '=HYPERLINK("http://invented.example.test")',
    "the end of a statement": "'; DROP TABLE sfo.cases; --",
}


@pytest.mark.parametrize("what", HOSTILE)
async def test_hostile_text_in_reasons_is_kept_as_typed_or_refused_with_the_field_and_never_an_error(
    desk: Desk, what: str
) -> None:
    gate = await desk.ask("public_interest", stage="charge")
    link, browser = desk.link(await who(desk, gate)), desk.browser()
    page = await browser.sign_in(link)
    typed = HOSTILE[what].encode("utf-8", "surrogatepass")
    body = urlencode({**hidden(page), "answer": "review", "reasons": typed, "checked": "yes"})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = await browser.web.post(f"{link}/decide", content=body.encode(), headers=headers)
    assert reply.status_code in (200, 202, 400), reply.status_code
    decisions = await desk.decisions()
    assert len(decisions) == (reply.status_code != 400)
    if decisions:  # what is no UTF-8 is shown as such on the page that is checked
        typed_as = typed.decode("utf-8", "replace")
        assert unicodedata.normalize("NFC", str(decisions[0]["reasons"])) == unicodedata.normalize("NFC", typed_as)
    else:
        assert "Reasons" in reply.text
    assert "<script>alert" not in reply.text
    again = await browser.web.get(f"{link}/decide")
    assert again.status_code in (200, 409)


async def test_a_gateway_that_is_started_again_in_mid_form_takes_what_was_typed(
    desk: Desk, asked: tuple[str, str]
) -> None:
    browser = desk.browser()
    page = await browser.sign_in(asked[1])
    delivery = desk.temporal.delivery(desk.record)
    another = gateway_app(desk.settings, desk.record.pool, delivery, SmtpMailer(desk.mail.url, timeout=5))
    transport = httpx.ASGITransport(app=another, raise_app_exceptions=False)
    browser.web = httpx.AsyncClient(transport=transport, base_url=browser.web.base_url, cookies=browser.web.cookies)
    reply = await browser.answer(asked[1], page, "sent", sent_on="2026-10-05")
    assert reply.status_code in (200, 202)
    assert len(await desk.decisions()) == 1


@pytest.mark.parametrize(("rewritten", "status"), [
    ("{link}?utm_source=mail&utm_medium=safe", 200),
    ("{link}/", 404), ("{link}.", 404), ("{link}>", 404), ("{link}%20", 404), ("{link}%0d%0aSet-Cookie:x=1", 404),
    ("{upper}", 404), ("{cut}", 404), ("//elsewhere.example.test{link}", 404),
])  # fmt: skip
async def test_a_link_that_a_mail_program_has_rewritten_works_or_says_what_to_do(
    desk: Desk, asked: tuple[str, str], rewritten: str, status: int
) -> None:
    link = asked[1]
    path = rewritten.format(link=link, upper=f"/a/{link[3:].upper()}", cut=link[:-9])
    got = await desk.browser().web.get(httpx.URL("https://sfo.example.test").copy_with(raw_path=path.encode()))
    assert got.status_code == status
    assert "set-cookie" not in got.headers
    assert "location" not in got.headers
    if status == 404:
        assert "email" in got.text


async def test_a_link_opened_a_year_later_and_one_of_a_closed_case_lead_nowhere(
    desk: Desk, asked: tuple[str, str]
) -> None:
    gate, link = asked
    later = (datetime.now(UTC) - timedelta(days=400)).isoformat()
    await desk.record.pool.execute(
        "UPDATE cases SET clock = jsonb_set(clock, '{wall_anchor}', to_jsonb($1::text))", later
    )
    old = await desk.browser().web.get(link)
    assert (old.status_code, heading(old)) == (410, "This link has expired")
    await desk.record.pool.execute("UPDATE gates SET state = 'withdrawn', closed_at = opened_at WHERE gate = $1", gate)
    await desk.record.pool.execute("UPDATE cases SET closed_on = now(), outcome = 'withdrawn'")
    closed = await desk.browser().web.get(link)
    assert (closed.status_code, heading(closed)) == (410, "This question was withdrawn")


async def test_a_body_that_drips_in_is_not_waited_for(
    desk: Desk, asked: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protection, "SLOWEST_BODY", 0.2)
    sent: list[Message] = []

    async def drip() -> Message:
        await asyncio.sleep(0.05)
        return {"type": "http.request", "body": b"a", "more_body": True}

    async def keep(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "https",
        "path": f"{asked[1]}/decide", "raw_path": b"", "query_string": b"", "root_path": "", "client": ("127.0.0.1", 1),
        "server": ("sfo.example.test", 443),
        "headers": [(b"content-length", b"1000"), (b"content-type", b"application/x-www-form-urlencoded")],
    }  # fmt: skip
    app = gateway_app(desk.settings, desk.record.pool, desk.temporal.delivery(desk.record), SmtpMailer(desk.mail.url))
    async with asyncio.timeout(5):
        await app(scope, drip, keep)
    assert sent[0]["status"] == 408
    assert b"took too long" in sent[1]["body"]
    assert await desk.decisions() == []


@pytest.mark.parametrize("host", ["elsewhere.example.test", "a\r\nX-Injected: 1", "", "sfo.example.test:99999"])
async def test_a_host_that_anybody_can_send_leads_nobody_elsewhere(
    desk: Desk, asked: tuple[str, str], host: str
) -> None:
    web = desk.browser().web
    try:
        for path in (asked[1], f"{asked[1]}/decide", "/a", "/static"):
            got = await web.get(path, headers={"Host": host})
            assert "elsewhere" not in got.text + str(got.headers)
            assert "x-injected" not in got.headers
            assert got.headers.get("location", "/").startswith("/")
    except (httpx.LocalProtocolError, httpx.InvalidURL):
        assert "\r" in host
