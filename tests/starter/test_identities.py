"""Sign-in with an identity of the organisation, by a real OpenID Connect provider on a port of its own."""

import warnings
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from starter.gateway import gateway_app
from starter.mailer import SmtpMailer
from starter.provider import NotSignedInError, Provider
from starter.settings import Settings, SettingsError
from tests.starter.front_desk import Browser, Desk, heading, hidden
from tests.starter.test_gateway import asked as asked  # the fixture
from tests.starter.test_gateway import desk as desk  # the fixture
from tests.starter.test_gateway import who

# The provider is made with parts of authlib that authlib will drop; it answers in this process.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

CLIENT, SECRET = "sfo", "invented-secret"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """The provider signs in whoever types an address, and vouches for it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is made with parts of authlib that authlib will drop
        import oidc_provider_mock

        with oidc_provider_mock.run_server_in_thread(require_nonce=True) as server:
            yield f"http://localhost:{server.server_port}"


@dataclass
class Office:
    """The gateway with a provider, and somebody at a browser."""

    desk: Desk
    browser: Browser
    link: str
    email: str

    async def start(self, **typed: str) -> str:
        """Press the button of the landing page; where it leads."""
        led = await self.browser.web.post(f"{self.link}/start", data=typed)
        assert led.status_code == 303, led.text
        return str(led.headers["location"])

    async def sign_in(self, address: str, email: str) -> str:
        """What a person does at the provider; the way back, as a path of ours."""
        async with httpx.AsyncClient() as web:
            assert (await web.get(address)).status_code == 200
            done = await web.post(address, data={"sub": email})
        back = urlsplit(done.headers["location"])
        return f"{back.path}?{back.query}"

    async def back(self, way: str) -> httpx.Response:
        return await self.browser.web.get(way)


def a_browser(desk: Desk, issuer: str) -> Browser:
    """Somebody at a gateway that signs people in by this provider."""
    update = {"oidc_issuer": issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
    settings = desk.settings.model_copy(update=update)
    delivery = desk.temporal.delivery(desk.record)
    app = gateway_app(settings, desk.record.pool, delivery, SmtpMailer(desk.mail.url, timeout=5))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return Browser(httpx.AsyncClient(transport=transport, base_url=settings.public_url), desk.mail)


@pytest_asyncio.fixture
async def office(desk: Desk, issuer: str, asked: tuple[str, str]) -> AsyncIterator[Office]:
    browser = a_browser(desk, issuer)
    yield Office(desk, browser, asked[1], await who(desk, asked[0]))
    await browser.web.aclose()


async def test_the_person_of_the_link_signs_in_answers_and_no_code_is_mailed(office: Office, issuer: str) -> None:
    mails = len(office.desk.mail.messages)
    landing = await office.browser.web.get(office.link)
    assert "you sign in with your organisation" in landing.text
    assert f"form-action 'self' {issuer};" in landing.headers["content-security-policy"]
    address = await office.start()
    given = {name: one[0] for name, one in parse_qs(urlsplit(address).query).items()}
    assert (given["client_id"], given["scope"], given["code_challenge_method"]) == (CLIENT, "openid email", "S256")
    page = await office.back(await office.sign_in(address, office.email.upper()))
    assert (page.status_code, heading(page)) == (200, "You are signed in")
    question = await office.browser.web.get(f"{office.link}/decide")
    reply = await office.browser.answer(office.link, question, "sent", sent_on="2026-10-05")
    assert reply.status_code in (200, 202)
    assert [row["by_email"] for row in await office.desk.decisions()] == [office.email]
    assert len(office.desk.mail.messages) == mails
    assert (await office.browser.web.post(f"{office.link}/code", data={"code": "123456"})).status_code == 404


async def test_somebody_else_is_refused_and_gets_no_session(office: Office) -> None:
    page = await office.back(await office.sign_in(await office.start(), "somebody.else@n53.example.test"))
    assert (page.status_code, heading(page)) == (403, "This link belongs to somebody else")
    assert "somebody.else" not in page.text
    assert await office.desk.record.value("SELECT count(*) FROM sessions") == 0


async def test_what_was_typed_before_comes_back_after_the_sign_in(office: Office) -> None:
    typed = {"answer": "sent", "reasons": "Kept,\n  as it was", "csrf": "old", "checked": "yes"}
    page = await office.back(await office.sign_in(await office.start(**typed), office.email))
    assert page.status_code == 200
    assert "Kept,\n  as it was" in page.text
    assert hidden(page)["csrf"] != "old"
    assert await office.desk.record.value("SELECT count(*) FROM sign_ins") == 0  # what was typed is kept nowhere else
    assert await office.desk.decisions() == []


async def test_a_way_back_works_once_in_the_browser_that_began_it_and_for_ten_minutes(
    office: Office, issuer: str
) -> None:
    way = await office.sign_in(await office.start(), office.email)
    stranger = a_browser(office.desk, issuer).web
    assert (await stranger.head(way)).status_code == 405
    stolen = await stranger.get(way)
    assert (stolen.status_code, heading(stolen)) == (403, "This sign-in cannot be used")
    assert (await office.back(way)).status_code == 403  # whoever tried has used it up
    way = await office.sign_in(await office.start(), office.email)
    assert (await office.back(way)).status_code == 200
    assert (await office.back(way)).status_code == 403
    office.browser.web.cookies.clear()
    way = await office.sign_in(await office.start(), office.email)
    async with office.desk.record.owner() as owner:
        await owner.execute("UPDATE sign_ins SET expires_at = clock_timestamp()")
    assert (await office.back(way)).status_code == 403


@pytest.mark.parametrize("way", [
    "/signed-in", "/signed-in?state=&code=", "/signed-in?state=forged&code=forged", "/signed-in?error=access_denied",
    "/signed-in?state=%00&code=%ff", f"/signed-in?state={'x' * 5000}",
])  # fmt: skip
async def test_a_way_back_that_nobody_began_leads_nowhere(office: Office, way: str) -> None:
    got = await office.back(way)
    assert (got.status_code, "set-cookie" in got.headers) == (403, False)


async def test_whoever_declines_at_the_provider_is_told(office: Office) -> None:
    state = parse_qs(urlsplit(await office.start()).query)["state"][0]
    page = await office.back(f"/signed-in?error=access_denied&state={state}")
    assert (page.status_code, heading(page)) == (403, "You are not signed in")


async def test_a_link_that_became_stale_meanwhile_leads_nowhere(office: Office) -> None:
    way = await office.sign_in(await office.start(), office.email)
    await office.desk.record.pool.execute("UPDATE gates SET state = 'withdrawn', closed_at = opened_at")
    page = await office.back(way)
    assert (page.status_code, heading(page)) == (410, "This question was withdrawn")
    assert await office.desk.record.value("SELECT count(*) FROM sessions") == 0


async def test_a_provider_that_is_away_is_said_and_nothing_is_lost(desk: Desk, asked: tuple[str, str]) -> None:
    page = await a_browser(desk, "http://127.0.0.1:9").web.post(f"{asked[1]}/start")
    assert (page.status_code, heading(page)) == (503, "You cannot be signed in now")
    assert await desk.record.value("SELECT count(*) FROM sign_ins") == 0


# --- the token ----------------------------------------------------------------------------------------------

OURS, OTHER = RSAKey.generate_key(2048, {"kid": "1"}), RSAKey.generate_key(2048, {"kid": "1"})
GOOD: dict[str, Any] = {
    "iss": "https://id.example.test", "aud": CLIENT, "nonce": "n", "email": "a@example.test", "exp": 2_000_000_000,
}  # fmt: skip
BAD: dict[str, dict[str, Any]] = {
    "of another provider": {"iss": "https://other.example.test"},
    "for another service": {"aud": "another"},
    "of another sign-in": {"nonce": "m"},
    "without its sign-in": {"nonce": None},
    "out of time": {"exp": 1_000_000_000},
    "without an end": {"exp": None},
    "without an address": {"email": None},
    "of an address that is none": {"email": "nobody"},
    "of an address that nobody has verified": {"email_verified": False},
}


def said(token: str) -> str:
    """Whose address the provider says that it is."""
    provider = Provider("https://id.example.test", CLIENT, SECRET, "https://sfo.example.test/signed-in")
    return provider.address_in(token, "n", KeySet([OURS]))


def signed(claims: dict[str, Any], key: RSAKey = OURS) -> str:
    given = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": "RS256", "kid": "1"}, given, key)


def test_a_good_token_says_whose_address_it_is() -> None:
    assert said(signed(GOOD)) == "a@example.test"
    assert said(signed({**GOOD, "email_verified": True, "aud": [CLIENT, "another"]})) == "a@example.test"


@pytest.mark.parametrize("what", BAD)
def test_a_token_that_is_not_for_this_sign_in_is_refused(what: str) -> None:
    with pytest.raises(NotSignedInError):
        said(signed({**GOOD, **BAD[what]}))


def test_a_token_that_the_provider_has_not_signed_is_refused() -> None:
    unsigned = signed(GOOD).rsplit(".", 1)[0] + "."
    for token in (signed(GOOD, OTHER), unsigned, "x.y.z", "", signed(GOOD)[:-8] + "AAAAAAAA"):
        with pytest.raises(NotSignedInError):
            said(token)


# --- the settings --------------------------------------------------------------------------------------------


def test_a_provider_is_named_whole_or_not_at_all(desk: Desk) -> None:
    whole = desk.settings.to_environment()
    given = {
        "SFO_OIDC_ISSUER": "https://id.example.test",
        "SFO_OIDC_CLIENT_ID": CLIENT,
        "SFO_OIDC_CLIENT_SECRET": SECRET,
    }
    assert Settings.from_environment({**whole, **given}).oidc_issuer == "https://id.example.test"
    assert Settings.from_environment(whole).oidc_issuer is None
    for name in given:
        with pytest.raises(SettingsError, match="or none of them") as refused:
            Settings.from_environment({**whole, **{n: v for n, v in given.items() if n != name}})
        assert SECRET not in str(refused.value)
    assert SECRET not in repr(Settings.from_environment({**whole, **given}))
