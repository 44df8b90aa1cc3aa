"""The kinds of values that settings have, each with what is wrong about a value that is none. See `settings.py`.

A text about a wrong value never quotes it: it may hold a password.
"""

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from starter.keys import KeyRing
from workflows.policy import returns

_TOPIC = r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,250}(\.fifo)?$"
_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_TOKEN_LEAST = 10  # as GOV.UK Notify asks of a token for callbacks


def _url(*schemes: str, or_none: bool = False) -> AfterValidator:
    def check(value: str) -> str:
        if or_none and not value:
            return value
        try:
            parts = urlsplit(value)
            right = parts.scheme in schemes and bool(parts.hostname or parts.query) and parts.port != 0
        except ValueError:  # its text quotes what stands after the colon, which may be half a password
            right = False
        if not right:
            raise ValueError("not a " + " or ".join(f"{scheme}://" for scheme in schemes) + " address")
        return value

    return AfterValidator(check)


def _notify_key(value: str) -> str:
    if value and not re.fullmatch(rf".*{_UUID}-{_UUID}", value):
        raise ValueError("not a key of GOV.UK Notify: a name, the id of the service, the secret")
    return value


def _long_enough(value: str) -> str:
    if value and (len(value) < _TOKEN_LEAST or not value.isascii() or not value.isprintable() or " " in value):
        raise ValueError(f"not {_TOKEN_LEAST} characters or more without a blank")
    return value


def _without_slash(value: str) -> str:
    if urlsplit(value).query or urlsplit(value).fragment:
        raise ValueError("a query or a fragment has no place here")
    return value.rstrip("/")


def _host_and_port(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError("not host:port")
    return value


def _metrics_address(value: str) -> str:
    if _host_and_port(value).endswith(":65535"):
        raise ValueError("the worker's port would be 65536")
    return value


def _sender(value: str) -> str:
    if value.count("@") != 1 or value.strip("@") != value or any(sign.isspace() for sign in value):
        raise ValueError("not an email address")
    return value


def _return_pattern(value: str) -> str:
    if value and (problem := returns.why_not(value)):
        raise ValueError(problem)
    return value


def _key_ring(value: object) -> object:
    return KeyRing.parse(value) if isinstance(value, str) else value


def _existing_file(value: Path) -> Path:
    if not value.is_file():
        raise ValueError("not a file")
    return value


def _existing_folder(value: Path) -> Path:
    if not value.is_dir():
        raise ValueError("not a folder")
    return value


PostgresUrl = Annotated[str, _url("postgresql", "postgres")]
WebUrl = Annotated[str, _url("http", "https"), AfterValidator(_without_slash)]
SmtpUrl = Annotated[str, _url("smtp", "smtps", "smtp+starttls", or_none=True)]
Ring = Annotated[KeyRing, BeforeValidator(_key_ring)]
Folder = Annotated[Path, AfterValidator(Path.absolute)]
ExistingFile = Annotated[Path, AfterValidator(_existing_file), AfterValidator(Path.absolute)]
ExistingFolder = Annotated[Path, AfterValidator(_existing_folder), AfterValidator(Path.absolute)]
HostAndPort = Annotated[str, AfterValidator(_host_and_port)]
MetricsAddress = Annotated[str, AfterValidator(_metrics_address)]
Sender = Annotated[str, AfterValidator(_sender)]
ReturnPattern = Annotated[str, AfterValidator(_return_pattern)]
NotifyKey = Annotated[str, AfterValidator(_notify_key)]
CallbackToken = Annotated[str, AfterValidator(_long_enough)]
TopicArn = Annotated[str, Field(pattern=_TOPIC)]
