"""A decision link's token: it names a row of the record, proves that we issued it, and grants nothing by itself.

Token: base64url of key hint (2 bytes), link id (16), HMAC-SHA256 cut to 24; always 56 characters without padding.
The same id and key give the same token, so a repeated letter carries the same address.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping

ID_BYTES = 16
TOKEN_LENGTH = 56
_HINT_BYTES = 2
_MAC_BYTES = 24
_TOKEN = re.compile(rf"[A-Za-z0-9_-]{{{TOKEN_LENGTH}}}")
_PURPOSE = b"sfo-link-1\0"  # a key ring shared with another purpose must not yield tokens that open here


class LinkInvalid(Exception):  # noqa: N818  # read aloud at the door: the link is invalid
    """The token is malformed, was not sealed by us, or was sealed with a key that is no longer readable."""


def seal(link_id: bytes, key_id: str, key: bytes) -> str:
    """The token of the link with this 16-byte id (`UUID.bytes`). Errors: ValueError for another length."""
    if len(link_id) != ID_BYTES:
        raise ValueError(f"a link id has {ID_BYTES} bytes")
    claim = _hint(key_id) + link_id
    return base64.urlsafe_b64encode(claim + _mac(claim, key)).decode()


def open_(token: str, keys: Mapping[str, bytes]) -> bytes:
    """The 16-byte link id inside a token sealed with one of these keys. Errors: `LinkInvalid`."""
    claim, mac = _parts(token)
    for key_id, key in keys.items():
        # The hint only spares work; two key ids may share one, so every match is tried.
        if _hint(key_id) == claim[:_HINT_BYTES] and hmac.compare_digest(_mac(claim, key), mac):
            return claim[_HINT_BYTES:]
    raise LinkInvalid


def _hint(key_id: str) -> bytes:
    return hashlib.sha256(key_id.encode()).digest()[:_HINT_BYTES]


def _mac(claim: bytes, key: bytes) -> bytes:
    return hmac.new(key, _PURPOSE + claim, hashlib.sha256).digest()[:_MAC_BYTES]


def _parts(token: str) -> tuple[bytes, bytes]:
    if not _TOKEN.fullmatch(token):
        raise LinkInvalid
    raw = base64.urlsafe_b64decode(token)
    return raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
