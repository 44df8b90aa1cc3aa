"""Whatever is sent to whatever address: an answer with a meaning, never an error of ours, and nothing is changed."""

import asyncio
import random
import string
from typing import Any
from urllib.parse import quote_from_bytes
from uuid import UUID, uuid4

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from starter.notify_receipts import PATH
from tests.conftest import MailServer, Record
from tests.starter.fake_notify import KEY, TEMPLATE, TOKEN
from tests.starter.front_desk import Desk
from tests.starter.test_gateway import asked as asked  # the fixture
from tests.starter.test_gateway import desk as desk  # the fixture
from tests.starter.test_gateway import snapshot, who

SCANNERS = (
    "Mozilla/5.0 (compatible; Invented Mail Protection 1.0)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0 Safari/537.36",
    "InventedLinkChecker/2.1 (+https://scanner.example.test)",
    "curl/8.5.0",
    "",
)
PREFETCH = [{}, {"Sec-Purpose": "prefetch"}, {"Purpose": "prefetch"}, {"Sec-Fetch-Site": "cross-site"}]
ROUNDS = 60  # requests for each route, each of another shape

BODIES = (
    b"", b"a=b", b"answer=review&answer=no_review", b"csrf=&attempt=&answer=", b"%00=%00", b"\x00\xff\xfe", b"&&&===;;",
    b"answer=" + b"x" * 60_000, b"{\"answer\": \"review\"}", b"answer.actions-1-what=x&answer.actions-999999-what=y",
    b"--x\r\nContent-Disposition: form-data; name=\"paper\"; filename=\"a.docx\"\r\n\r\nPK\x03\x04\r\n--x--\r\n",
    b"--x\r\nContent-Disposition: form-data; name=\"translation\"\r\n\r\n\r\n--x",
    f'{{"reference": "{uuid4()}", "status": "permanent-failure"}}'.encode(), b'{"reference": 1, "status": []}', b"[[[[",
)  # fmt: skip
KINDS = (
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "text/plain",
    "",
)


def routes_of(app: Any) -> list[str]:
    """The path of every route that the gateway has, as it is declared."""
    while not isinstance(app, Starlette):  # what wraps it: the language, then the protection
        app = app._app
    return sorted({route.path for route in app.routes if isinstance(route, Route)})


def filled(path: str, link: str, chance: random.Random) -> str:
    """The path with something in the place of each of its names: what belongs there, or anything."""
    anything = bytes(chance.randrange(256) for _ in range(chance.choice((0, 1, 8, 300))))
    odd = ["", "..", "%2e%2e%2f", "x" * 3_000, "%00", quote_from_bytes(anything, safe="")]
    token = chance.choice([link.removeprefix("/a/"), *odd])
    given = {
        "token": token,
        "reference": chance.choice(["SFO-2026-00001", "SFO-2026-99999", *odd]),
        "format": chance.choice(["html", "docx", "exe", *odd]),
        "letter": chance.choice(["1.invented", *odd]),
    }
    for name, value in given.items():
        path = path.replace(f"{{{name}}}", value)
    return path


def some_text(chance: random.Random) -> str:
    return "".join(chance.choice(string.printable[:94]) for _ in range(chance.randrange(40)))


@pytest.fixture
def mailbox_desk(desk: Desk, tmp_path: Any) -> Desk:
    """With the demo's mailbox and with Notify too, so that their pages are among the routes."""
    for folder in ("cur", "new", "tmp"):
        (tmp_path / folder).mkdir()
    notify = {"notify_api_key": KEY, "notify_template": UUID(TEMPLATE), "notify_callback_token": TOKEN}
    desk.settings = desk.settings.model_copy(
        update={"mailbox_dir": tmp_path, "notify_url": "http://127.0.0.1:1", **notify}
    )
    return desk


@pytest.mark.parametrize("is_signed_in", [False, True], ids=["a stranger", "somebody signed in"])
async def test_no_request_is_an_error_of_ours(mailbox_desk: Desk, asked: tuple[str, str], is_signed_in: bool) -> None:
    desk, link, chance = mailbox_desk, asked[1], random.Random(20261126)  # noqa: S311
    browser = desk.browser()
    if is_signed_in:
        await browser.sign_in(link)
    app = browser.web._transport.app  # type: ignore[attr-defined]
    paths, statuses = routes_of(app), set()
    assert len(paths) > 15
    assert PATH in paths
    for path in paths:
        for _ in range(ROUNDS):
            method = chance.choice(["GET", "GET", "HEAD", "POST", "POST", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
            headers = {
                "Content-Type": chance.choice(KINDS),
                "Accept": some_text(chance),
                "Sec-Fetch-Site": chance.choice(["same-origin", "none", "cross-site"]),
                "Authorization": chance.choice([f"Bearer {TOKEN}", some_text(chance)]),
                **({"Cookie": f"__Host-sfo={some_text(chance)}"} if chance.random() < 0.2 else {}),
            }
            query = chance.choice(["", "?", "?language=en", "?kind=%00&late=yes", f"?{quote_from_bytes(some_text(chance).encode())}"])  # fmt: skip  # noqa: E501
            address = httpx.URL("https://sfo.example.test").copy_with(
                raw_path=f"{filled(path, link, chance)}{query}".encode()
            )
            reply = await browser.web.request(method, address, headers=headers, content=chance.choice(BODIES))
            statuses.add(reply.status_code)
            # Only health says, and rightly, that Temporal is away here.
            assert reply.status_code < 500 or path == "/health", f"{method} {address}: {reply.status_code}"
            assert "Traceback" not in reply.text
    assert {200, 404, 405} <= statuses
    assert await desk.decisions() == []


async def test_five_hundred_prefetches_of_every_live_link_by_several_agents_change_nothing(
    desk: Desk, record: Record, mail_server: MailServer
) -> None:
    """Each live link with every page behind it, as mail scanners and browsers open them ahead of people."""
    links = []
    for question, stage in (("notification", "notification"), ("early_look", "early-look"), ("draft", "review")):
        gate = await desk.ask(question, stage=stage)
        links.append(desk.link(await who(desk, gate)))
    before, mails = await snapshot(desk), len(desk.mail.messages)
    web = desk.browser().web
    behind = ("", "/decide", "/more-time", "/review.docx", "/opt-in", "/rendition.html")

    async def fetch(number: int, link: str) -> httpx.Response:
        headers = {"User-Agent": SCANNERS[number % len(SCANNERS)], **PREFETCH[number % len(PREFETCH)]}
        return await web.request("HEAD" if number % 7 == 0 else "GET", f"{link}{behind[number % len(behind)]}", headers=headers)  # fmt: skip  # noqa: E501

    for link in links:
        for start in range(0, 500, 50):
            opened = await asyncio.gather(*(fetch(number, link) for number in range(start, start + 50)))
            assert {page.status_code for page in opened} <= {200, 303, 404, 405}
            assert not any("set-cookie" in page.headers for page in opened)
    assert await snapshot(desk) == before
    assert len(desk.mail.messages) == mails
