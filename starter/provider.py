"""The identity provider: an OpenID Connect server that says whose address somebody has. Sign-in by it replaces codes.

Authorization code with PKCE; the ID token is verified by the provider's own keys before a word of it is believed.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from starter.settings import Settings

_LOG = logging.getLogger(__name__)

WITHIN = 5.0  # seconds for each request to the provider
KNOWN_FOR = 3_600.0  # seconds after which its addresses and keys are read again
SKEW = 60  # seconds by which its clock and ours may differ
ALGORITHMS = ("RS256", "PS256", "ES256")
_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


class ProviderAwayError(Exception):
    """The provider did not answer, or not as one does; nobody is signed in. The text names no person."""


class NotSignedInError(Exception):
    """What came back does not say who somebody is. The text names no person."""


@dataclass
class Provider:
    """What the settings name, and what it has told of itself so far."""

    issuer: str
    client_id: str
    secret: str
    redirect_uri: str
    _known: Mapping[str, Any] = field(default_factory=dict)
    _keys: KeySet | None = None
    _read_at: float = 0.0

    @property
    def origin(self) -> str:
        """Where forms of ours may lead: scheme, host and port."""
        parts = urlsplit(self.issuer)
        return f"{parts.scheme}://{parts.netloc}"

    async def address(self, state: str, nonce: str, verifier: str) -> str:
        """Where to send somebody to sign in. Raises ProviderAwayError."""
        known = await self._read()
        address: str = prepare_grant_uri(
            known["authorization_endpoint"],
            self.client_id,
            "code",
            redirect_uri=self.redirect_uri,
            scope="openid email",
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return address

    async def email(self, code: str, nonce: str, verifier: str) -> str:
        """Return the address of whoever signed in, as the provider vouches for it.

        Raises ProviderAwayError, and NotSignedInError for a token that is not for us, not now, not this sign-in's, or
        of an address that the provider has not verified.
        """
        known = await self._read()
        body = prepare_token_request(
            "authorization_code", redirect_uri=self.redirect_uri, code=code, code_verifier=verifier
        )
        async with _client() as client:
            try:
                reply = await client.post(
                    known["token_endpoint"], content=body, headers=_FORM, auth=(self.client_id, self.secret)
                )
                given = reply.json()
            except (httpx.HTTPError, ValueError) as error:
                raise ProviderAwayError(type(error).__name__) from None
        if reply.status_code >= 500:
            raise ProviderAwayError(str(reply.status_code))
        token = given.get("id_token") if isinstance(given, dict) else None
        if reply.status_code != 200 or not isinstance(token, str):
            raise NotSignedInError(f"the provider refused the code: {reply.status_code}")
        assert self._keys is not None  # noqa: S101  # they were read with its addresses
        return self.address_in(token, nonce, self._keys)

    def address_in(self, token: str, nonce: str, keys: KeySet) -> str:
        """Return the verified address in an ID token that is signed by one of these keys, for us, now and this sign-in.

        Raises NotSignedInError.
        """
        expected = jwt.JWTClaimsRegistry(
            leeway=SKEW,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.client_id},
            nonce={"essential": True, "value": nonce},
            exp={"essential": True},
            email={"essential": True},
        )
        try:
            decoded = jwt.decode(token, keys, algorithms=ALGORITHMS)
            expected.validate(decoded.claims)
        except (JoseError, ValueError) as error:
            self._read_at = 0.0  # its keys may have changed
            raise NotSignedInError(f"the token is not good: {type(error).__name__}") from None
        email = decoded.claims["email"]
        if not isinstance(email, str) or "@" not in email or decoded.claims.get("email_verified") is False:
            raise NotSignedInError("the provider has not verified the address")
        return email

    async def discover(self) -> None:
        """Its addresses and keys are known from now on. Raises ProviderAwayError."""
        await self._read()

    async def _read(self) -> Mapping[str, Any]:
        """The provider's addresses and keys, an hour old at most."""
        if self._known and time.monotonic() - self._read_at < KNOWN_FOR:
            return self._known
        async with _client() as client:
            try:
                known = (await client.get(f"{self.issuer}/.well-known/openid-configuration")).raise_for_status().json()
                if known["issuer"].rstrip("/") != self.issuer:
                    raise ProviderAwayError("it says that it is another one")
                keys = (await client.get(known["jwks_uri"])).raise_for_status().json()
                self._keys = KeySet.import_key_set(keys)
                self._known = {name: known[name] for name in ("authorization_endpoint", "token_endpoint")}
            except (httpx.HTTPError, httpx.InvalidURL, JoseError, ValueError, KeyError, AttributeError) as error:
                raise ProviderAwayError(type(error).__name__) from None
        self._read_at = time.monotonic()
        return self._known


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=WITHIN, transport=httpx.AsyncHTTPTransport(retries=2), trust_env=False)


def provider_of(settings: Settings) -> Provider | None:
    """The provider that the settings name, or none: then people are signed in by a mailed code."""
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        return None
    return Provider(
        settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret, f"{settings.public_url}/signed-in"
    )
