"""The codec of the Temporal UI from outside: who is answered, from where, with what, and what is recorded of it."""

import base64
import json
from collections.abc import Sequence
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio
from google.protobuf.json_format import MessageToDict, ParseDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from temporalio.api.common.v1 import Payload, Payloads

from starter import codec as codec_module
from starter.codec import LARGEST, MOST, _parsed, _RefusedError
from starter.keys import KeyRing
from starter.payloads import KEY_ID, EncryptionCodec
from tests.conftest import MailServer, Record
from tests.starter.front_desk import RING, Browser, Desk
from tests.starter.signed_in import DUTY_ONE, EXPIRED, LEAD, NATIONAL, a_desk, away, signed_in

UI = "https://temporal.sfo.example.test"
ONE, DESK = "engineer.one@national.example.test", "operations@national.example.test"
REFERENCE = "SFO-2026-00042"


@pytest_asyncio.fixture
async def desk(record: Record, mail_server: MailServer) -> Desk:
    return await a_desk(record, mail_server, SFO_TEMPORAL_UI_URL=UI)


def clear(text: str) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(text).encode())


async def sealed(*texts: str, ring: KeyRing = RING) -> list[Payload]:
    return await EncryptionCodec(ring).encode([clear(text) for text in texts])


def body(payloads: Sequence[Payload]) -> bytes:
    return json.dumps(MessageToDict(Payloads(payloads=payloads))).encode()


async def post(
    browser: Browser, content: bytes, action: str = "decode", origin: str | None = UI, **headers: str
) -> httpx.Response:
    given_ = {"Content-Type": "application/json", "X-Namespace": "default", "Sec-Fetch-Site": "same-site", **headers}
    if origin is not None:
        given_["Origin"] = origin
    return await browser.web.post(f"/codec/{action}?preserveStorageRefs=true", content=content, headers=given_)


def payloads_of(reply: httpx.Response) -> list[Payload]:
    return list(ParseDict(reply.json(), Payloads()).payloads)


async def rows(desk: Desk) -> list[dict[str, Any]]:
    return await desk.record.rows("SELECT * FROM payload_readings ORDER BY reading")


def no_cors(reply: httpx.Response) -> bool:
    return not [name for name in reply.headers if name.startswith("access-control")]


# --- what operations are given -----------------------------------------------------------------------


async def test_operations_read_and_it_stands_on_record_by_key_and_case(desk: Desk) -> None:
    browser = await signed_in(desk, ONE)
    plain = clear("typed by hand, SFO-2026-00007")
    asked = [*await sealed(f"{REFERENCE} and SFO-2026-00001", f"{REFERENCE}/review", "nothing"), plain]
    reply = await post(browser, body(asked))
    assert reply.status_code == 200
    assert [json.loads(one.data) for one in payloads_of(reply)] == [
        f"{REFERENCE} and SFO-2026-00001", f"{REFERENCE}/review", "nothing", "typed by hand, SFO-2026-00007",
    ]  # fmt: skip
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["access-control-allow-origin"] == UI
    assert reply.headers["access-control-allow-credentials"] == "true"
    assert reply.headers["vary"] == "Origin"
    (row,) = await rows(desk)
    assert (row["action"], row["person_key"], row["roles"], row["payloads"], row["refused"]) == (
        "decode", "operations.engineer.1", ["operations"], 4, None,
    )  # fmt: skip
    assert (row["key_ids"], row["cases"]) == (["p1"], ["SFO-2026-00001", "SFO-2026-00007", REFERENCE])
    assert "Engineer" not in str(row)
    assert "@" not in str(row)


async def test_what_is_typed_in_the_ui_is_sealed_and_read_back(desk: Desk) -> None:
    browser = await signed_in(desk, ONE)
    reply = await post(browser, body([clear(f"{REFERENCE}/review")]), "encode")
    (given_,) = payloads_of(reply)
    assert given_.metadata["encoding"] == b"binary/encrypted"
    assert REFERENCE.encode() not in given_.data
    assert payloads_of(await post(browser, body([given_]))) == [clear(f"{REFERENCE}/review")]
    assert [(row["action"], row["cases"], row["key_ids"]) for row in await rows(desk)] == [
        ("encode", [REFERENCE], ["p1"]), ("decode", [REFERENCE], ["p1"]),
    ]  # fmt: skip


async def test_what_is_typed_about_one_case_is_sealed_with_its_key_and_goes_with_it(desk: Desk) -> None:
    """The UI does not say whose payload it is; a reference that the record does not hold gets no key."""
    browser = await signed_in(desk, ONE)
    reference = desk.case.reference
    for text, case in ((f"{reference}/review", reference), (REFERENCE, None), (f"{reference} {REFERENCE}", None)):
        (given_,) = payloads_of(await post(browser, body([clear(text)]), "encode"))
        kid = given_.metadata[KEY_ID].decode()
        assert kid.startswith(f"case:{case}:") if case else kid == "p1"
        assert payloads_of(await post(browser, body([given_]))) == [clear(text)]


async def test_whoever_stands_in_reads_as_such(desk: Desk) -> None:
    await away(desk, "operations.engineer.1", "national.duty.1")
    assert (await post(await signed_in(desk, DUTY_ONE), body(await sealed("x")))).status_code == 200
    (row,) = await rows(desk)
    assert (row["person_key"], row["roles"]) == ("national.duty.1", ["national_team", "stands_in_for_operations"])


async def test_a_shared_address_reads_nothing_before_somebody_says_who_they_are(desk: Desk) -> None:
    browser = await signed_in(desk, DESK)
    refused = await post(browser, body(await sealed(REFERENCE)))
    assert (refused.status_code, REFERENCE in refused.text) == (403, False)
    await desk.record.pool.execute("UPDATE sessions SET member = 'operations.engineer.2'")
    assert (await post(browser, body(await sealed(REFERENCE)))).status_code == 200
    assert [(row["refused"], row["person_key"]) for row in await rows(desk)] == [
        ("nobody_named", "operations.desk"), (None, "operations.engineer.2"),
    ]  # fmt: skip


# --- who is not --------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["decode", "encode"])
@pytest.mark.parametrize(("email", "key"), [
    (LEAD, "n53.senior_lead"), (NATIONAL, None), (DUTY_ONE, "national.duty.1"), ("stranger@example.test", None),
])  # fmt: skip
async def test_another_role_gets_nothing_and_it_is_recorded(
    desk: Desk, action: str, email: str, key: str | None
) -> None:
    refused = await post(await signed_in(desk, email), body(await sealed(REFERENCE)), action)
    assert refused.status_code == 403
    assert set(refused.json()) == {"message"}
    assert "/operations" in refused.json()["message"]
    assert refused.headers["access-control-allow-origin"] == UI  # so that the UI can say it
    (row,) = await rows(desk)
    assert (row["refused"], row["action"], row["payloads"], row["cases"]) == ("other_role", action, 0, [])
    assert row["person_key"] in (key, "national.team")


async def test_nobody_signed_in_gets_nothing(desk: Desk) -> None:
    refused = await post(desk.browser(), body(await sealed(REFERENCE)))
    assert (refused.status_code, set(refused.json())) == (401, {"message"})
    assert [(row["refused"], row["person_key"]) for row in await rows(desk)] == [("not_signed_in", None)]


@pytest.mark.parametrize("how", EXPIRED)
async def test_a_session_that_ended_reads_nothing_and_reading_does_not_keep_it_alive(desk: Desk, how: str) -> None:
    browser, content = await signed_in(desk, ONE), body(await sealed(REFERENCE))
    seen = await desk.record.value("SELECT seen_at FROM sessions")
    assert (await post(browser, content)).status_code == 200
    assert await desk.record.value("SELECT seen_at FROM sessions") == seen
    await desk.record.pool.execute(f"UPDATE sessions SET {how}")
    assert (await post(browser, content)).status_code == 401


async def test_refusals_are_written_down_up_to_so_many_a_minute(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec_module, "REFUSED_A_MINUTE", 2)
    browser = desk.browser()
    assert {(await post(browser, b"{}")).status_code for _ in range(4)} == {401}
    assert len(await rows(desk)) == 2


# --- from where --------------------------------------------------------------------------------------

FOREIGN = [
    None, "", "*", "null", "https://sfo.example.test", "http://temporal.sfo.example.test", f"{UI}:8233",
    f"{UI}.evil.test", "https://evil.test", f"{UI}/", "https://TEMPORAL.sfo.example.test",
]  # fmt: skip


@pytest.mark.parametrize("origin", FOREIGN)
async def test_no_other_origin_is_answered_even_with_the_session(desk: Desk, origin: str | None) -> None:
    browser = await signed_in(desk, ONE)
    refused = await post(browser, body(await sealed(REFERENCE)), origin=origin)
    assert (refused.status_code, no_cors(refused), REFERENCE in refused.text) == (403, True, False)
    headers = {} if origin is None else {"Origin": origin}
    before = await browser.web.options("/codec/decode", headers=headers)
    assert (before.status_code, no_cors(before)) == (403, True)
    assert [row["refused"] for row in await rows(desk)] == ["origin"]


async def test_a_browser_that_asks_beforehand_is_told_what_the_ui_needs_and_nothing_else(desk: Desk) -> None:
    asked = {"Origin": UI, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-namespace"}
    told = await desk.browser().web.options("/codec/decode?preserveStorageRefs=true", headers=asked)
    assert (told.status_code, told.content) == (204, b"")
    assert told.headers["access-control-allow-origin"] == UI
    assert told.headers["access-control-allow-methods"] == "POST"
    assert "x-namespace" in told.headers["access-control-allow-headers"]
    assert await rows(desk) == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
async def test_another_method_is_refused(desk: Desk, method: str) -> None:
    refused = await (await signed_in(desk, ONE)).web.request(method, "/codec/decode", headers={"Origin": UI})
    assert (refused.status_code, no_cors(refused)) == (405, True)


async def test_no_other_page_answers_across_origins(desk: Desk) -> None:
    browser = await signed_in(desk, ONE)
    headers = {"Origin": UI, "Sec-Fetch-Site": "same-site"}
    for path in ("/operations/sign-out", "/operations/start", "/my/absence", "/national/acknowledge", "/codec/other"):
        refused = await browser.web.post(path, data={"a": "b"}, headers=headers)
        assert (refused.status_code, no_cors(refused)) == (403, True), path
        assert (await browser.web.options(path, headers=headers)).status_code == 405
    assert no_cors(await browser.web.get("/operations", headers=headers))


async def test_where_no_setting_names_the_ui_nobody_is_answered(record: Record, mail_server: MailServer) -> None:
    desk = await a_desk(record, mail_server)
    refused = await post(await signed_in(desk, ONE), body(await sealed(REFERENCE)))
    assert (refused.status_code, no_cors(refused)) == (403, True)


# --- what cannot be read -----------------------------------------------------------------------------


async def test_one_payload_that_cannot_be_read_is_a_plain_refusal_of_them_all(desk: Desk) -> None:
    browser = await signed_in(desk, ONE)
    (good, altered), (unknown,) = await sealed(REFERENCE, "x"), await sealed("y", ring=KeyRing("k9", {"k9": b"q" * 32}))
    altered.data = altered.data[:-1] + bytes([altered.data[-1] ^ 1])
    cut = Payload(metadata=good.metadata, data=b"short")
    for bad, said in ((altered, "altered"), (unknown, "'k9'"), (cut, "altered")):
        refused = await post(browser, body([good, bad]))
        assert (refused.status_code, said in refused.json()["message"]) == (400, True)
        assert REFERENCE not in refused.text
    assert (await post(browser, body([good]))).status_code == 200
    assert [row["refused"] for row in await rows(desk)] == ["unreadable"] * 3 + [None]


@pytest.mark.parametrize("content", [
    b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"payloads": 1}', b'{"other": []}',
    b'{"payloads": [[]]}', b'{"payloads": [{"metadata": {"encoding": 1}}]}', b"[" * 50_000,
])  # fmt: skip
async def test_what_is_not_of_the_ui_is_refused_without_a_word_of_it(desk: Desk, content: bytes) -> None:
    refused = await post(await signed_in(desk, ONE), content)
    assert (refused.status_code, refused.json()["message"].startswith("not the JSON of payloads")) == (400, True)
    assert [row["refused"] for row in await rows(desk)] == ["malformed"]


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.binary(max_size=200), st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["payloads", "metadata", "data", "externalPayloads"]), inner, max_size=3),
).map(lambda found: json.dumps(found).encode())))  # fmt: skip
def test_any_content_is_payloads_or_refused(content: bytes) -> None:
    try:
        found = _parsed(content)
    except _RefusedError as error:
        found = []
        code = error.code
    else:
        code = ""
    assert code in ("", "malformed", "too_many")
    assert all(isinstance(one, Payload) for one in found)


async def test_too_much_at_once_is_refused(desk: Desk) -> None:
    browser = await signed_in(desk, ONE)
    large = base64.b64encode(b"x" * LARGEST).decode()
    refused = await post(browser, json.dumps({"payloads": [{"data": large}]}).encode())
    assert refused.status_code == 413
    assert refused.headers["access-control-allow-origin"] == UI
    many = await post(browser, json.dumps({"payloads": [{}] * (MOST + 1)}).encode())
    assert many.status_code == 400
    assert [row["refused"] for row in await rows(desk)] == ["too_large", "too_many"]


# --- the record of it --------------------------------------------------------------------------------


async def test_where_it_cannot_be_written_down_nothing_is_read(desk: Desk) -> None:
    async with desk.record.owner() as owner:
        await owner.execute("REVOKE INSERT ON payload_readings FROM sfo_app")
    refused = await post(await signed_in(desk, ONE), body(await sealed(REFERENCE)))
    assert (refused.status_code, REFERENCE in refused.text) == (503, False)
    assert refused.headers["access-control-allow-origin"] == UI


@pytest.mark.parametrize("statement", [
    "UPDATE payload_readings SET person_key = 'x'", "DELETE FROM payload_readings", "TRUNCATE payload_readings",
])  # fmt: skip
async def test_neither_the_service_nor_the_owner_changes_a_row(desk: Desk, statement: str) -> None:
    await post(desk.browser(), b"{}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await desk.record.pool.execute(statement)
    async with desk.record.owner() as owner:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="immutable"):
            await owner.execute(statement)
