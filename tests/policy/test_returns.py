"""The return address of a letter: it names one letter, survives mail servers, and nobody else can make one."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.policy import links, returns

PATTERN = "sfo-notifications+*@example.test"
KEY, OLD = b"k" * 32, b"o" * 32
KEYS = {"k1": KEY, "k0": OLD}
LETTER = bytes(range(16))
ADDRESS = returns.return_address(PATTERN, LETTER, KEY)

ids = st.binary(min_size=16, max_size=16)
keys = st.binary(min_size=32, max_size=32)


@given(ids, keys)
def test_an_address_names_its_letter_and_fits_before_the_at(letter: bytes, key: bytes) -> None:
    address = returns.return_address(PATTERN, letter, key)
    local, _, domain = address.partition("@")
    assert len(local) <= 64
    assert domain == "example.test"
    assert address == address.lower()
    assert returns.letter_of([address], PATTERN, {"k1": key}) == letter
    assert returns.letter_of([address.upper()], PATTERN, {"k1": key}) == letter  # some mail servers write it so
    assert returns.letter_of([address], PATTERN, {}) is None


def test_a_key_that_is_still_readable_opens_letters_sent_before_it_was_renewed() -> None:
    assert returns.letter_of([returns.return_address(PATTERN, LETTER, OLD)], PATTERN, KEYS) == LETTER


def test_the_first_address_with_a_valid_seal_counts() -> None:
    forged = returns.return_address(PATTERN, LETTER, b"x" * 32)
    assert returns.letter_of([], PATTERN, KEYS) is None
    assert returns.letter_of(["someone@example.test", forged], PATTERN, KEYS) is None
    assert returns.letter_of(["someone@example.test", forged, ADDRESS], PATTERN, KEYS) == LETTER


def test_any_changed_letter_of_the_token_is_refused() -> None:
    start = PATTERN.index("*")
    for place in range(start, start + returns.TOKEN_LENGTH):
        for letter in "abcdefghijklmnopqrstuvwxyz234567":
            changed = ADDRESS[:place] + letter + ADDRESS[place + 1 :]
            assert returns.letter_of([changed], PATTERN, KEYS) == (LETTER if changed == ADDRESS else None)


@pytest.mark.parametrize(("was", "now"), [("sfo-", "abc-"), ("example.test", "invalid.test"), ("+", "-"), ("@", "x@")])
def test_an_address_that_is_not_of_the_pattern_is_none_though_its_seal_is_good(was: str, now: str) -> None:
    other = ADDRESS.replace(was, now, 1)
    assert not returns.is_return_address(other, PATTERN)
    assert returns.letter_of([other], PATTERN, KEYS) is None
    assert returns.is_return_address(f" {ADDRESS.upper()} ", PATTERN)


@pytest.mark.parametrize("token", ["", "x", "a" * 41, "a" * 43, "1" * 42, "a" * 41 + "="])
def test_an_address_with_another_token_has_not_the_form(token: str) -> None:
    assert not returns.is_return_address(PATTERN.replace("*", token), PATTERN)


def test_a_link_and_a_return_address_do_not_open_as_each_other() -> None:
    """The same id under the same key; even the bytes written in the other's form are refused."""
    link = base64.urlsafe_b64decode(links.seal(LETTER, "k1", KEY))
    as_return = base64.b32encode(LETTER + link[-24:][:10]).decode().rstrip("=").lower()
    assert returns.letter_of([PATTERN.replace("*", as_return)], PATTERN, KEYS) is None
    token = ADDRESS.partition("+")[2].partition("@")[0]
    mac = base64.b32decode(token.upper() + "======")[16:]
    as_link = base64.urlsafe_b64encode(link[:18] + mac + b"\0" * 14).decode()
    for text in (token, as_link):
        with pytest.raises(links.LinkInvalid):
            links.open_(text, KEYS)


@given(st.text(max_size=120))
def test_any_text_is_no_letter_and_no_error(text: str) -> None:
    for address in (text, f"sfo-notifications+{text}@example.test"):
        assert returns.letter_of([address], PATTERN, KEYS) is None


def test_without_a_star_all_letters_have_one_address_and_it_names_none() -> None:
    plain = "bounces@example.test"
    assert returns.return_address(plain, LETTER, KEY) == plain
    assert not returns.is_return_address(plain, plain)
    assert returns.letter_of([plain, ADDRESS], plain, KEYS) is None


@pytest.mark.parametrize("pattern", ["sfo+*@example.test", "*@returns.example.test", "sfo-*@example.test", "a@b.test"])
def test_patterns_for_the_ways_in_which_mail_servers_tag(pattern: str) -> None:
    assert returns.why_not(pattern) is None
    address = returns.return_address(pattern, LETTER, KEY)
    assert returns.is_return_address(address, pattern) == ("*" in pattern)


@pytest.mark.parametrize(
    "pattern", ["", "sfo", "@x.test", "a+*", "*+*@x.test", "a b+*@x.test", "a@b@x.test", "a@*.test"]
)
def test_what_is_no_address_is_no_pattern(pattern: str) -> None:
    assert returns.why_not(pattern) == "not an email address, with one * where the token stands"


def test_a_pattern_whose_addresses_mail_servers_would_refuse_is_refused() -> None:
    assert returns.why_not("s" * 21 + "+*@example.test") is None
    assert "more than 22 characters" in str(returns.why_not("s" * 22 + "+*@example.test"))


def test_the_pattern_of_a_sender_is_a_tag_behind_a_plus() -> None:
    assert returns.derived("sfo@example.test") == "sfo+*@example.test"
    assert returns.derived("'sfo@home'@example.test") == "'sfo@home'+*@example.test"  # the last @ parts


def test_only_an_id_has_an_address() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        returns.return_address(PATTERN, b"short", KEY)
