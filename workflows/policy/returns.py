"""A letter's return address: where mail servers say that it could not be delivered (VERP).

A pattern such as `sfo+*@example.test` has `*` where a token stands; one without `*` is the same address for every
letter, which tells none of them apart. Token: base32 in lower case of letter id (16 bytes) and HMAC-SHA256 cut to 10;
always 42 characters. Mail servers change the case of an address, so it carries none.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping

ID_BYTES = 16
TOKEN_LENGTH = 42
LOCAL_PART_MOST = 64  # characters before the @ that every mail server takes: RFC 5321 4.5.3.1.1
_MAC_BYTES = 10  # 80 bits: the least of RFC 2104, and a guess costs a message to our own server
_PADDING = "=" * 6
_PURPOSE = b"sfo-return-1\0"  # sealed with the keys of links, and no link: neither opens as the other
_PATTERN = re.compile(r"[^\s@<>\"(),:;\\*]*\*?[^\s@<>\"(),:;\\*]*@[^\s@<>\"(),:;\\*]+")


def derived(sender: str) -> str:
    """The pattern of a sender's address: a tag behind a plus before its @."""
    local, _, domain = sender.rpartition("@")
    return f"{local}+*@{domain}"


def why_not(pattern: str) -> str | None:
    """What is wrong with a pattern; None for one that can be used."""
    if not _PATTERN.fullmatch(pattern) or pattern.startswith("@"):
        return "not an email address, with one * where the token stands"
    local = pattern.rpartition("@")[0]
    if len(local.replace("*", "t" * TOKEN_LENGTH)) > LOCAL_PART_MOST:
        return f"more than {LOCAL_PART_MOST - TOKEN_LENGTH} characters beside the * before the @"
    return None


def return_address(pattern: str, letter: bytes, key: bytes) -> str:
    """The return address of the letter with this 16-byte id. Errors: ValueError for another length."""
    if len(letter) != ID_BYTES:
        raise ValueError(f"a letter's id has {ID_BYTES} bytes")
    return pattern.replace("*", base64.b32encode(letter + _mac(letter, key)).decode().rstrip("=").lower())


def is_return_address(address: str, pattern: str) -> bool:
    """Whether an address has the form of the pattern, whoever has made it up."""
    return _token(address, pattern) is not None


def letter_of(addresses: Iterable[str], pattern: str, keys: Mapping[str, bytes]) -> bytes | None:
    """The letter that the first of these addresses with a valid seal belongs to; None where none has one."""
    for address in addresses:
        if letter := _opened(_token(address, pattern), keys):
            return letter
    return None


def _opened(token: str | None, keys: Mapping[str, bytes]) -> bytes | None:
    try:
        raw = base64.b32decode((token or "").upper() + _PADDING)
    except (binascii.Error, ValueError):
        return None
    letter, mac = raw[:ID_BYTES], raw[ID_BYTES:]
    # The last letter holds two bits that mean nothing: only the one way of writing it is ours.
    if base64.b32encode(raw).decode().rstrip("=").lower() != (token or "").lower():
        return None
    return letter if any(hmac.compare_digest(_mac(letter, key), mac) for key in keys.values()) else None


def _token(address: str, pattern: str) -> str | None:
    before, star, after = pattern.lower().partition("*")
    found = address.strip().lower()
    is_ours = star and found.startswith(before) and found.endswith(after)
    token = found[len(before) : len(found) - len(after)]
    return token if is_ours and re.fullmatch(rf"[a-z2-7]{{{TOKEN_LENGTH}}}", token) else None


def _mac(letter: bytes, key: bytes) -> bytes:
    return hmac.new(key, _PURPOSE + letter, hashlib.sha256).digest()[:_MAC_BYTES]
