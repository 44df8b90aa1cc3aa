"""The check of GOV.UK Notify: the key is good and the template is as letters need it. Nothing is sent."""

import asyncio
import re
from typing import Any

from notifications_python_client.errors import APIError, HTTPError

from starter.doctor import Check, Finding, Level, Practice
from starter.notify_mailer import Notify
from starter.settings import Settings

WITHIN = 4.0
"""Seconds that Notify may be silent for; less than a check has."""

_NEEDS = ("SFO_NOTIFY_API_KEY", "SFO_NOTIFY_TEMPLATE", "SFO_NOTIFY_URL")
_LACKS = "let its subject be ((subject)) and its message ((body)), and nothing else"


async def _notify(practice: Practice) -> Finding:
    settings = practice.settings
    if not settings.by_notify:
        return Finding(Level.OK, "letters go by SMTP, as SFO_NOTIFY_API_KEY is not set")
    try:
        template = await asyncio.to_thread(_template, settings)
    except HTTPError as error:
        return _refused(error)
    except (APIError, ValueError) as error:
        remedy = "see whether SFO_NOTIFY_URL is the address of the API"
        return Finding(Level.FAIL, f"what answers is not Notify: {type(error).__name__}", remedy)
    return _of(template)


def _template(settings: Settings) -> Any:
    with Notify(settings.notify_api_key, settings.notify_url, WITHIN).client() as client:
        return client.get_template(str(settings.notify_template))


def _refused(error: HTTPError) -> Finding:
    if error.response is None or error.status_code >= 500:
        remedy = "see whether SFO_NOTIFY_URL can be reached from here; letters wait in the outbox"
        return Finding(Level.AWAY, f"Notify does not answer: {error.status_code}", remedy)
    if error.status_code in (401, 403):
        remedy = "correct SFO_NOTIFY_API_KEY, which may have been revoked; its clock and ours may differ by 30 seconds"
        return Finding(Level.FAIL, f"Notify refuses the key: {error.status_code}", remedy)
    if error.status_code in (400, 404):
        return Finding(
            Level.FAIL, "the template is not there", "correct SFO_NOTIFY_TEMPLATE: an id of the same service"
        )
    return Finding(Level.WARN, f"Notify does not tell of the template: {error.status_code}", "look again in a minute")


def _of(template: Any) -> Finding:
    found = template if isinstance(template, dict) else {}
    if found.get("type") != "email":
        return Finding(Level.FAIL, "the template is not for email", "correct SFO_NOTIFY_TEMPLATE")
    for part, name in (("subject", "subject"), ("body", "body")):
        if not re.fullmatch(rf"\s*\(\(\s*{name}\s*\)\)\s*", str(found.get(part)), re.IGNORECASE):
            return Finding(Level.FAIL, f"the template's {part} is not (({name})) alone", _LACKS)
    return Finding(Level.OK, f"takes the key, and the template is as it must be, version {found.get('version')}")


CHECKS = (Check("notify", _notify, _NEEDS),)
