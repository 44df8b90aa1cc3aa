"""What tests of the pages without a link share: a browser with a session, everything in the record, a sound page."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
from bs4 import BeautifulSoup

from starter.identity import open_session
from tests.conftest import MailServer, Record
from tests.starter.front_desk import Browser, Desk, FakeTemporal, a_case_now, a_settings

SPOC, TEAM, LEAD = "spoc@n53.example.test", "sfo.team@n53.example.test", "senior.lead@n53.example.test"
NATIONAL, DUTY_ONE = "sfo.team@national.example.test", "duty.one@national.example.test"

EXPIRED = ["seen_at = seen_at - interval '31 minutes'", "expires_at = clock_timestamp()"]
"""How a session ends: half an hour without use, or its longest time."""


async def a_desk(record: Record, mail_server: MailServer, **settings: str) -> Desk:
    """A gateway over a case whose clock shows its first Monday; Temporal settles what it is told."""
    case = await a_case_now(record, mail_server)
    desk = Desk(record, mail_server, FakeTemporal(), case, a_settings(record, mail_server, **settings))
    desk.temporal.stage = desk.apply
    return desk


async def signed_in(desk: Desk, email: str) -> Browser:
    """Somebody at a browser with a session of this address, as a code opens it."""
    browser = desk.browser()
    async with desk.record.pool.acquire() as connection:
        cookie, _ = await open_session(connection, email)
    browser.web.cookies.set("__Host-sfo", cookie, domain="sfo.example.test")
    return browser


async def away(desk: Desk, key: str, deputy: str) -> None:
    """From yesterday to tomorrow this person of the directory is away, and that one stands in."""
    today = datetime.now(UTC).date()
    await desk.record.pool.execute(
        """INSERT INTO absences (absence, person_key, deputy_key, from_on, to_on, set_by)
           VALUES ($1, $2, $3, $4, $5, 'x')""",
        *(uuid4(), key, deputy, today - timedelta(days=1), today + timedelta(days=1)),
    )


async def everything(desk: Desk) -> dict[str, list[Any]]:
    """Every row of every table; of a session everything but that it was in use."""
    tables = await desk.record.rows(
        "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'sfo' "
        "AND table_type = 'BASE TABLE' AND table_name <> 'referrals'"
    )
    found: dict[str, list[Any]] = {}
    for name in (str(table["name"]) for table in tables):
        rows = await desk.record.rows(f"SELECT * FROM {name} t ORDER BY t::text")
        found[name] = [{k: v for k, v in row.items() if (name, k) != ("sessions", "seen_at")} for row in rows]
        found[name].sort(key=str)
    return found


async def reading_changes_nothing(desk: Desk, browser: Browser, *paths: str) -> None:
    """GET and HEAD of each page are answered alike and leave every row as it was."""
    before = await everything(desk)
    for path in paths:
        got, head = await browser.web.get(path), await browser.web.head(path)
        assert (got.status_code, head.status_code, head.content) == (200, 200, b""), path
    assert await everything(desk) == before


async def is_plainly_refused(page: httpx.Response, status: int = 403) -> None:
    """A page that says what to do, leads nowhere by itself and offers no form."""
    assert page.status_code == status
    assert "location" not in page.headers
    soup = sound(page)
    assert not soup.select("form, table, main a")


def sound(page: httpx.Response) -> BeautifulSoup:
    """One heading, which begins the title; labels, scopes, single ids; nothing inline; the usual headers."""
    soup = BeautifulSoup(page.text, "html.parser")
    (heading,) = soup.select("h1")
    title = soup.select_one("title")
    assert title is not None
    assert title.text.removeprefix("Error: ").startswith(heading.text)
    labels = {label["for"] for label in soup.select("label")}
    for one in soup.select("input:not([type=hidden]), select, textarea"):
        assert one["id"] in labels
    ids = [tag["id"] for tag in soup.select("[id]")]
    assert len(ids) == len(set(ids))
    assert all(anchor["href"][1:] in ids for anchor in soup.select("a[href^='#']"))
    assert all(th.get("scope") in ("col", "row") for th in soup.select("th"))
    assert not soup.select("script:not([src]), style, [style], iframe")
    assert not [tag for tag in soup.find_all() for name in tag.attrs if name.startswith("on")]
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-robots-tag"] == "noindex, nofollow"
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert "unsafe" not in page.headers["content-security-policy"]
    return soup


def names_nobody(page: httpx.Response) -> None:
    """No name of an invented person and no address stands on the page."""
    for name in ("Example", "Invented", "@", "example.test"):
        assert name not in page.text


def rows(page: httpx.Response, table: str) -> list[list[str]]:
    """The cells of a table, as read."""
    soup = BeautifulSoup(page.text, "html.parser")
    found = soup.select(f"#{table} tbody tr")
    return [[re.sub(r"\s+", " ", c.get_text(" ")).strip() for c in row.select("th, td")] for row in found]


def text(page: httpx.Response) -> str:
    return re.sub(r"\s+", " ", BeautifulSoup(page.text, "html.parser").get_text(" ")).strip()


async def many_questions(desk: Desk, number: int, question: str, email: str, role: str) -> None:
    """This many open questions of one person, with their links, put into the record at once."""
    await desk.record.pool.execute(
        """
        INSERT INTO gates (gate, reference, stage, round, question, role, person_name, person_email, page, due_on,
            due_at, original_due_on, opened_at)
        SELECT $1 || '/many/' || $3 || '#' || n, $1, 'many', 1, $3, $5, 'Example Person', $4, '{}',
            date '2026-11-02' + n, timestamptz '2026-11-02 23:59Z' + n * interval '1 day', date '2026-11-02' + n, $6
        FROM generate_series(1, $2) n
        """,
        *(desk.case.reference, number, question, email, role, desk.case.at),
    )
    await desk.record.pool.execute(
        "INSERT INTO links (link, gate, email, name) SELECT gen_random_uuid(), gate, $1, 'Example Person' FROM gates "
        "WHERE stage = 'many'",
        email,
    )
