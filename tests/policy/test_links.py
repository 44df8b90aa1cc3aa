import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.policy.links import TOKEN_LENGTH, LinkInvalid, open_, seal

IDS = st.binary(min_size=16, max_size=16)
KEYS = st.binary(min_size=32, max_size=32)
KEY_IDS = st.from_regex(r"[A-Za-z0-9_-]{1,16}", fullmatch=True)
ID, KEY = bytes(range(16)), bytes(32)


@given(IDS, KEY_IDS, KEYS)
def test_what_is_sealed_opens_to_the_same_link(link_id: bytes, key_id: str, key: bytes) -> None:
    token = seal(link_id, key_id, key)
    assert open_(token, {key_id: key}) == link_id
    assert re.fullmatch(r"[A-Za-z0-9_-]{56}", token)


@given(IDS, KEY_IDS, KEYS)
def test_the_same_link_always_has_the_same_address(link_id: bytes, key_id: str, key: bytes) -> None:
    assert seal(link_id, key_id, key) == seal(link_id, key_id, key)


@given(IDS, KEYS, KEYS)
def test_a_rotated_key_still_opens_and_a_dropped_one_does_not(link_id: bytes, old: bytes, new: bytes) -> None:
    token = seal(link_id, "old", old)
    assert open_(token, {"new": new, "old": old}) == link_id
    with pytest.raises(LinkInvalid):
        open_(token, {"new": new})


@given(IDS, KEYS, st.integers(0, TOKEN_LENGTH - 1), st.sampled_from("AZaz09-_"))
def test_any_changed_letter_is_refused(link_id: bytes, key: bytes, place: int, letter: str) -> None:
    token = seal(link_id, "k1", key)
    changed = token[:place] + letter + token[place + 1 :]
    if changed != token:
        with pytest.raises(LinkInvalid):
            open_(changed, {"k1": key})


@given(st.text(max_size=80))
def test_any_other_text_is_refused_and_nothing_else_is_raised(text: str) -> None:
    with pytest.raises(LinkInvalid):
        open_(text, {"k1": KEY})


@pytest.mark.parametrize(
    "token",
    [
        "",
        "A" * 55,
        "A" * 57,
        seal(ID, "k1", KEY) + "\n",
        " " + seal(ID, "k1", KEY)[1:],
        seal(ID, "k1", KEY)[:-1] + "=",
        seal(ID, "k1", KEY)[:-1] + "é",
        seal(ID, "k1", KEY).upper(),
    ],
)
def test_misshapen_tokens_are_refused(token: str) -> None:
    with pytest.raises(LinkInvalid):
        open_(token, {"k1": KEY})


def test_another_key_under_the_same_id_does_not_open() -> None:
    with pytest.raises(LinkInvalid):
        open_(seal(ID, "k1", KEY), {"k1": bytes([1]) * 32})


def test_the_key_does_not_stand_in_the_token() -> None:
    assert b"\x07" * 8 not in base64.urlsafe_b64decode(seal(ID, "k1", b"\x07" * 32))


def test_an_id_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        seal(b"short", "k1", KEY)
