"""`sfo doctor` about GOV.UK Notify: the key, the template, its two gaps; nothing is sent."""

from collections.abc import Iterator
from typing import Any

import pytest

from starter.doctor import Finding, Level, Practice
from starter.doctor_mail import CHECKS as MAIL
from starter.doctor_notify import CHECKS
from starter.settings import Settings
from tests.starter.fake_notify import KEY, SECRET, TEMPLATE, TOKEN, FakeNotify, fake_notify, notify_settings

ELSEWHERE = FakeNotify(url="http://127.0.0.1:1")


@pytest.fixture
def notify() -> Iterator[FakeNotify]:
    with fake_notify() as notify:
        yield notify


async def look(notify: FakeNotify, check: str = "notify", **more: str) -> Finding:
    settings = Settings.with_stand_ins(notify_settings(notify, **more))
    [found] = [one for one in (*CHECKS, *MAIL) if one.key == check]
    return await found.look(Practice(settings))


async def test_a_key_and_a_template_that_are_good_are_well_and_nothing_is_sent(notify: FakeNotify) -> None:
    found = await look(notify)
    assert found == Finding(Level.OK, "takes the key, and the template is as it must be, version 3")
    assert notify.took == []


async def test_without_the_settings_it_says_that_letters_go_by_smtp() -> None:
    [check] = CHECKS
    found = await check.look(Practice(Settings.with_stand_ins({})))
    assert found == Finding(Level.OK, "letters go by SMTP, as SFO_NOTIFY_API_KEY is not set")


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ({"type": "sms"}, "not for email"),
        ({"subject": "A letter"}, "subject is not ((subject)) alone"),
        ({"subject": "((subject)) of ((name))"}, "subject is not ((subject)) alone"),
        ({"body": "# ((body))"}, "body is not ((body)) alone"),
        ({"body": None}, "body is not ((body)) alone"),
    ],
)
async def test_a_template_that_letters_cannot_use_is_told(
    notify: FakeNotify, template: dict[str, Any], said: str
) -> None:
    notify.template |= template
    found = await look(notify)
    assert (found.level, said in found.found, bool(found.remedy)) == (Level.FAIL, True, True)


async def test_what_is_wrong_with_key_template_and_address_is_told_each_with_its_setting(notify: FakeNotify) -> None:
    other = "11111111-1111-4111-8111-111111111111"
    key = await look(notify, SFO_NOTIFY_API_KEY=KEY.replace(SECRET, other))
    template = await look(notify, SFO_NOTIFY_TEMPLATE=other)
    away = await look(ELSEWHERE)
    notify.raw = b"<html>"
    page = await look(notify)
    levels = [one.level for one in (key, template, away, page)]
    assert levels == [Level.FAIL, Level.FAIL, Level.AWAY, Level.FAIL]
    named = ("SFO_NOTIFY_API_KEY", "SFO_NOTIFY_TEMPLATE", "SFO_NOTIFY_URL", "SFO_NOTIFY_URL")
    for name, one in zip(named, (key, template, away, page), strict=True):
        assert name in one.remedy
        assert SECRET not in one.found + one.remedy
        assert TOKEN not in one.found + one.remedy


async def test_what_comes_back_is_told_by_notify_without_a_maildir(notify: FakeNotify) -> None:
    assert (await look(notify, "returned-mail")).level is Level.OK


async def test_with_a_provider_too_no_mail_server_is_needed(notify: FakeNotify) -> None:
    provider = {"SFO_OIDC_ISSUER": "https://id.example.test", "SFO_OIDC_CLIENT_ID": "a", "SFO_OIDC_CLIENT_SECRET": "b"}
    settings = Settings.from_environment(
        {
            name: value
            for name, value in Settings.with_stand_ins(notify_settings(notify, **provider)).to_environment().items()
            if name != "SFO_SMTP_URL"
        }
    )
    assert settings.smtp_url == ""
    for key in ("mail", "mail-sender"):
        [check] = [one for one in MAIL if one.key == key]
        assert (await check.look(Practice(settings))).level is Level.OK
    assert str(settings.notify_template) == TEMPLATE
