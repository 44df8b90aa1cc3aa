"""Requests of any shape to every route: an answer with a meaning, nothing told, nothing changed without authority.

A stranger's requests, and those of somebody who signed in and whose form was changed on its way. In process, over a
real record and real mail. `tests/starter/test_any_request.py` has what is known to be odd; here it is made up.
"""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.persisting import LONGEST, Overheard, examples, overheard, persist
from tests.fuzz.spoiling import leaves
from tests.starter.front_desk import PUBLIC_URL, Desk
from tests.starter.test_any_request import mailbox_desk as mailbox_desk  # the fixture
from tests.starter.test_any_request import routes_of
from tests.starter.test_gateway import asked as asked  # the fixture
from tests.starter.test_gateway import desk as desk  # the fixture
from tests.starter.test_gateway import who
from workflows.contract.questions import QUESTIONS
from workflows.policy.links import seal

_METHODS = st.sampled_from(
    ["GET", "GET", "HEAD", "POST", "POST", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "X"]
)
_ANYTHING = st.binary(max_size=40) | st.sampled_from(
    [b"..", b"%2e%2e%2f", b"%00", b"%ff", b"x" * 3_000, b"//", b"\xff"]
)
_VALUE = st.binary(max_size=60).map(lambda value: value.replace(b"\n", b"").replace(b"\r", b""))
_BODIES = (b"", b"[" * 3_000, b"&" * 3_000, b"a=" + b"%" * 3_000, b"--x\r\n\r\n--x--", b"x" * 70_000)
_KINDS = (
    b"application/x-www-form-urlencoded",
    b"application/json",
    b"multipart/form-data; boundary=x",
    b"multipart/form-data",
    b"text/plain; charset=utf-7",
    b"",
)
_HEADERS = (
    b"Cookie", b"Origin", b"Host", b"Accept-Language", b"Sec-Fetch-Site", b"Authorization", b"Range",
    b"X-Forwarded-For", b"X-HTTP-Method-Override", b"traceparent", b"If-None-Match",
)  # fmt: skip
CHANGES = ("decisions", "gates", "audit", "outbox", "requests", "escalations", "enquiries")
"""What only somebody with authority changes. Links, codes and sessions are what one gets authority by."""

Request = dict[str, Any]


@st.composite
def requests(draw: st.DrawFn, paths: list[str], tokens: list[str]) -> Request:
    """Any method at any route, with what belongs in its place or anything, any headers, any body."""
    path = draw(st.sampled_from(paths)).encode()
    given = {
        "token": tokens,
        "reference": ["SFO-2026-00001", "SFO-2026-99999"],
        "format": ["html", "docx"],
        "letter": ["1.x"],
    }
    for name, good in given.items():
        part = draw(st.sampled_from(good).map(str.encode) | _ANYTHING)
        path = path.replace(b"{%s}" % name.encode(), _quoted(part))
    query = draw(st.just(b"") | _ANYTHING.map(lambda text: b"?" + _quoted(text)))
    headers = draw(
        st.lists(
            st.tuples(st.sampled_from(_HEADERS), _VALUE | st.sampled_from([b"__Host-sfo=x", b"lang=cy", b"null"])),
            max_size=3,
        )
    )
    return {
        "method": draw(_METHODS),
        "path": b"/" + path.lstrip(b"/") + query,
        "headers": [*headers, (b"Content-Type", draw(st.sampled_from(_KINDS)))],
        "content": draw(st.binary(max_size=80) | st.sampled_from(_BODIES)),
    }


def _quoted(part: bytes) -> bytes:
    """Bytes as a path may carry them: what httpx would refuse to send is written as its code."""
    return b"".join(bytes([byte]) if 0x21 <= byte < 0x7F and byte not in b"?#" else b"%%%02X" % byte for byte in part)


async def sent(web: httpx.AsyncClient, request: Request) -> httpx.Response:
    """The answer to a request, redirects not followed."""
    url = httpx.URL(PUBLIC_URL).copy_with(raw_path=request["path"])
    return await web.request(request["method"], url, headers=request["headers"], content=request["content"])


async def driven(
    check: Callable[[Any], Coroutine[Any, Any, None]], strategy: st.SearchStrategy[Any], number: int
) -> None:
    """Run a check of what is awaited on ever new inputs, which are made beside the loop; each is done in time."""
    loop = asyncio.get_running_loop()

    @examples(number)
    @given(strategy)
    def each(made: Any) -> None:
        asyncio.run_coroutine_threadsafe(check(made), loop).result(LONGEST)

    await asyncio.to_thread(persist, each)


async def state(desk: Desk) -> str:
    """Everything that only authority changes, as it stands."""
    tables = {
        row["tablename"] for row in await desk.record.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'sfo'")
    }
    kept = {t: await desk.record.rows(f"SELECT * FROM {t} ORDER BY 1::text") for t in CHANGES if t in tables}
    assert kept.keys() >= {"decisions", "gates", "audit", "outbox"}
    return json.dumps(kept, default=str, sort_keys=True)


def told_nothing(heard: Overheard, secrets: list[str]) -> None:
    """No line of ours holds a link, a session, an address or a name."""
    ours = [
        line
        for line in heard.lines
        if not line.startswith(("httpx", "httpcore", "hypothesis", "asyncio", "python_multipart"))
    ]
    assert not [(line, secret) for line in ours for secret in secrets if secret in line]


async def test_a_stranger_changes_nothing_and_is_told_nothing(mailbox_desk: Desk, asked: tuple[str, str]) -> None:
    desk, (gate, link) = mailbox_desk, asked
    browser = desk.browser()
    paths = routes_of(browser.web._transport.app)  # type: ignore[attr-defined]
    email = await who(desk, gate)
    token = link.removeprefix("/a/")
    tokens = [
        token,
        token[:-1],
        token[:-1] + "A",
        token.upper(),
        f"{token}/",
        seal(uuid4().bytes, "k1", b"another key" * 3),
    ]
    before = await state(desk)
    statuses: set[int] = set()

    async def holds(request: Request) -> None:
        browser.web.cookies.clear()
        reply = await sent(browser.web, request)
        statuses.add(reply.status_code)
        assert reply.status_code < 500 or request["path"].startswith(b"/health"), request
        assert "Traceback" not in reply.text
        assert token not in reply.text or token.encode() in request["path"]
        assert email not in reply.text

    with overheard() as heard:
        await driven(holds, requests(paths, tokens), 250)
    told_nothing(heard, [token, email, email.partition("@")[0]])
    assert {200, 404, 405} <= statuses
    assert await desk.record.value("SELECT count(*) FROM sessions WHERE email = $1", email) == 0
    assert await desk.decisions() == []
    assert without_codes(await state(desk)) == without_codes(before)


def without_codes(kept: str) -> Any:
    """What stands, but for letters with a code: those go to whoever the link is bound to, whoever asks."""
    return {name: rows for name, rows in json.loads(kept).items() if name != "outbox"}


# --- somebody who signed in ---------------------------------------------------------------------------


def inputs_of(page: httpx.Response) -> dict[str, str]:
    """Every input of the question's form with something in it: what a browser would send."""
    form = BeautifulSoup(page.text, "html.parser").select_one("main form")
    assert form is not None
    found = {str(one["name"]): str(one.get("value") or "x") for one in form.select("input[name], textarea[name]")}
    return found | {str(one["name"]): "" for one in form.select("select[name]")}


@st.composite
def forms(draw: st.DrawFn, inputs: dict[str, str], answers: list[str]) -> list[tuple[str, str]]:
    """The form with inputs changed, gone, doubled or invented; the mark against other sites is sometimes right."""
    form = list(
        (inputs | {"answer": draw(st.sampled_from(answers)), "checked": draw(st.sampled_from(["", "yes"]))}).items()
    )
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(form) - 1))
        name, value = form[place]
        match draw(st.sampled_from(["value", "value", "gone", "doubled", "name", "added"])):
            case "value":
                form[place] = (name, draw(_text))
            case "gone" if len(form) > 1:
                del form[place]
            case "doubled":
                form.append((name, draw(_text)))
            case "name":
                form[place] = (draw(_text), value)
            case _:
                form.append((draw(st.sampled_from(answers)) + "." + draw(_text), draw(_text)))
    return form


_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | leaves.map(str).map(
    lambda text: text.encode("utf-8", "replace").decode()
)


@pytest.mark.parametrize(("question", "stage"), [("notification", "notification"), ("draft", "review")])
async def test_a_form_changed_on_its_way_is_refused_with_its_fields_or_is_a_whole_answer(
    desk: Desk, question: str, stage: str
) -> None:
    gate = await desk.ask(question, stage=stage)
    email = await who(desk, gate)
    link, browser = desk.link(email), desk.browser()
    page = await browser.sign_in(link)
    inputs, before = inputs_of(page), await state(desk)
    answers = [answer.value for answer in QUESTIONS[question].answers]
    taken = 0

    async def holds(form: list[tuple[str, str]]) -> None:
        nonlocal taken
        body = urlencode(form).encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        reply = await browser.web.post(f"{link}/decide", content=body, headers=kind)
        assert reply.status_code in {200, 202, 303, 400, 403, 409, 413, 422}, form
        assert "Traceback" not in reply.text
        standing = await desk.decisions()
        marks = [value for name, value in form if name == "csrf"]
        if len(standing) > taken:
            taken += 1
            assert inputs["csrf"] in marks, "an answer without the mark of the session"
            assert standing[-1]["answer"] in answers
            assert standing[-1]["by_email"] == email
        assert len(standing) <= 1, "one decision a question, whatever comes later"

    with overheard() as heard:
        await driven(holds, forms(inputs, answers), 80)
    told_nothing(heard, [link.removeprefix("/a/"), email, inputs["csrf"]])
    if not taken:
        assert without_codes(await state(desk)) == without_codes(before)
