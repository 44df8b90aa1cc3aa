"""Every setting of the service, read once from SFO_* variables; nothing else reads the environment."""

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Self
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from starter.keys import KeyRing
from starter.setting_kinds import (
    CallbackToken,
    ExistingFile,
    ExistingFolder,
    Folder,
    HostAndPort,
    MetricsAddress,
    NotifyKey,
    PostgresUrl,
    ReturnPattern,
    Ring,
    Sender,
    SmtpUrl,
    TopicArn,
    WebUrl,
)
from workflows.contract.ids import DEPLOYMENT
from workflows.policy import returns

_PROJECT = Path(__file__).resolve().parent.parent


class SettingsError(Exception):
    """The environment does not describe a running service; the text names every variable and its remedy.

    `problems` are the same, each with the variables that it is about.
    """

    def __init__(self, text: str, problems: Sequence[tuple[frozenset[str], str]] = ()) -> None:
        super().__init__(text)
        self.problems = tuple(problems)


def code_fingerprint(project: Path = _PROJECT) -> str:
    """Return twelve hex digits that change when a workflow, an activity or a letter changes."""
    digest = hashlib.sha256()
    for folder in ("activities", "workflows"):
        for path in sorted((project / folder).rglob("*")):
            if path.suffix in {".py", ".txt", ".html"}:
                digest.update(f"{path.relative_to(project).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _variable(name: str, remedy: str, *, default: Any = ..., secret: bool = False) -> Any:
    """Declare a field read from one variable. A secret one is in neither repr nor dump, only an attribute."""
    return Field(
        default=default,
        alias=name,
        description=remedy,
        repr=not secret,
        exclude=secret,
        validate_default=False,
    )


class Address(NamedTuple):
    """Where a process listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Settings(BaseModel):
    """What this deployment is connected to. Frozen; secrets are left out of every printed or dumped form."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, arbitrary_types_allowed=True)

    database_url: PostgresUrl = _variable(
        "SFO_DATABASE_URL", "give the application role's address, postgresql://sfo_app@host/sfo", secret=True
    )
    schema_database_url: PostgresUrl = _variable(
        "SFO_SCHEMA_DATABASE_URL",
        "give the owner's address, postgresql://sfo_owner@host/sfo, or leave it out to use SFO_DATABASE_URL",
        default="",
        secret=True,
    )
    keys_database_url: PostgresUrl = _variable(
        "SFO_KEYS_DATABASE_URL",
        "give the address of the cases' keys, postgresql://sfo_app@host/sfo_keys, or leave it out to use the record's",
        default="",
        secret=True,
    )
    keys_schema_database_url: PostgresUrl = _variable(
        "SFO_KEYS_SCHEMA_DATABASE_URL",
        "give the address of their owner, postgresql://sfo_owner@host/sfo_keys, or leave it out",
        default="",
        secret=True,
    )
    key_backup_dir: Folder | None = _variable(
        "SFO_KEY_BACKUP_DIR", "give the folder for copies of the cases' keys, or leave it out for none", default=None
    )
    temporal_address: HostAndPort = _variable(
        "SFO_TEMPORAL_ADDRESS", "give the frontend's host and port, such as 127.0.0.1:7233"
    )
    temporal_namespace: str = _variable("SFO_TEMPORAL_NAMESPACE", "name a namespace", default="default")
    temporal_config: ExistingFile | None = _variable(
        "SFO_TEMPORAL_CONFIG",
        "give the file of a Temporal client profile that holds TLS or an API key, or leave it out",
        default=None,
    )
    temporal_ui_url: WebUrl | None = _variable(
        "SFO_TEMPORAL_UI_URL", "give the Web UI's address, http://host:8233, or leave it out", default=None
    )
    smtp_url: SmtpUrl = _variable(
        "SFO_SMTP_URL", "give smtp://, smtps:// or smtp+starttls://[user:password@]host[:port]", secret=True
    )
    mail_from: Sender = _variable(
        "SFO_MAIL_FROM", "give the sender's address", default="sfo-notifications@example.test"
    )
    reply_to: Sender = _variable(
        "SFO_REPLY_TO", "give the address of a mailbox that people read, or leave it out for the sender's", default=""
    )
    bounce_address: ReturnPattern = _variable(
        "SFO_BOUNCE_ADDRESS",
        "give the return address of letters with * for each one's token, as in sfo+*@host, or without * for no token",
        default="",
    )
    bounce_dir: Folder | None = _variable(
        "SFO_BOUNCE_DIR", "give the Maildir of what comes back to that address, or leave it out", default=None
    )
    notify_api_key: NotifyKey = _variable(
        "SFO_NOTIFY_API_KEY",
        "give an API key of GOV.UK Notify as its page shows it, or leave it out for letters by SMTP",
        default="",
        secret=True,
    )
    notify_template: UUID | None = _variable(
        "SFO_NOTIFY_TEMPLATE",
        "give the id of the template with ((subject)) and ((body)), or leave it out",
        default=None,
    )
    notify_callback_token: CallbackToken = _variable(
        "SFO_NOTIFY_CALLBACK_TOKEN",
        "give the bearer token that was typed for delivery receipts, or leave it out",
        default="",
        secret=True,
    )
    notify_reply_to: UUID | None = _variable(
        "SFO_NOTIFY_REPLY_TO", "give the id of one of the service's reply-to addresses, or leave it out", default=None
    )
    notify_url: WebUrl = _variable(
        "SFO_NOTIFY_URL",
        "give the address of the API, or leave it out",
        default="https://api.notifications.service.gov.uk",
    )
    public_url: WebUrl = _variable("SFO_PUBLIC_URL", "give the address that links start with, https://host")
    gateway_host: str = _variable("SFO_GATEWAY_HOST", "give an address to listen on", default="127.0.0.1")
    gateway_port: Annotated[int, Field(ge=1, le=65535)] = _variable(
        "SFO_GATEWAY_PORT", "give a port from 1 to 65535", default=8080
    )
    link_keys: Ring = _variable(
        "SFO_LINK_KEYS", "give kid:base64url-of-32-bytes, comma separated, the active key first", secret=True
    )
    payload_keys: Ring = _variable(
        "SFO_PAYLOAD_KEYS",
        "give kid:base64url-of-32-bytes, comma separated, the active key first",
        secret=True,
    )
    rulebook_dir: ExistingFolder = _variable(
        "SFO_RULEBOOK_DIR", "give the folder of the rulebooks", default=_PROJECT / "deploy" / "rulebook"
    )
    directory_dir: ExistingFolder = _variable(
        "SFO_DIRECTORY_DIR", "give the folder of the directory", default=_PROJECT / "deploy" / "directory"
    )
    audit_key: Ring | None = _variable(
        "SFO_AUDIT_KEY",
        "give kid:base64url-of-32-bytes as `sfo audit key --new` makes it, or leave it out where nothing is exported",
        default=None,
        secret=True,
    )
    oidc_issuer: WebUrl | None = _variable(
        "SFO_OIDC_ISSUER",
        "give the identity provider's address, https://host, or leave it out for mailed codes",
        default=None,
    )
    oidc_client_id: str | None = _variable(
        "SFO_OIDC_CLIENT_ID", "give the name under which the provider knows this service", default=None
    )
    oidc_client_secret: str = _variable(
        "SFO_OIDC_CLIENT_SECRET",
        "give the secret that the provider has issued for this service",
        default="",
        secret=True,
    )
    court_events_queue_url: WebUrl | None = _variable(
        "SFO_COURT_EVENTS_QUEUE_URL", "give the address of the SQS queue of court events, or leave it out", default=None
    )
    case_events_topic_arn: TopicArn | None = _variable(
        "SFO_CASE_EVENTS_TOPIC_ARN",
        "give the topic for case events, arn:aws:sns:region:account:name, or leave it out",
        default=None,
    )
    aws_region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")] = _variable(
        "SFO_AWS_REGION", "give the region of queue and topic, such as eu-west-2", default="eu-west-2"
    )
    aws_endpoint_url: WebUrl | None = _variable(
        "SFO_AWS_ENDPOINT_URL",
        "give the address of what stands in for AWS, http://host:4566, or leave it out for AWS itself",
        default=None,
    )
    otlp_endpoint: WebUrl | None = _variable(
        "SFO_OTLP_ENDPOINT", "give the collector's address, http://host:4318, or leave it out", default=None
    )
    metrics_address: MetricsAddress | None = _variable(
        "SFO_METRICS_ADDRESS",
        "give host:port for the gateway's /metrics, with the worker's on the next port, or leave it out",
        default=None,
    )
    mailbox_dir: Folder | None = _variable("SFO_MAILBOX_DIR", "give the demo's Maildir, or leave it out", default=None)
    build_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")] = _variable(
        "SFO_BUILD_ID", "give up to 64 letters, digits, dots, - or _, or leave it out", default=""
    )
    deployment: Annotated[str, Field(pattern=r"^[A-Za-z0-9._/-]{1,255}$")] = _variable(
        "SFO_DEPLOYMENT", "give the name under which Temporal knows our workers, or leave it out", default=DEPLOYMENT
    )
    data_dir: Folder = _variable("SFO_DATA_DIR", "give a folder for local data", default=Path(".sfo"))

    @model_validator(mode="before")
    @classmethod
    def _fill_derived(cls, values: Any) -> Any:
        """Give the settings that default to something computed, where they are not set."""
        filled = {"SFO_BUILD_ID": code_fingerprint(), "SFO_DATA_DIR": ".sfo", **values}
        sender = filled.get("SFO_MAIL_FROM", cls.model_fields["mail_from"].default)
        tagged = returns.derived(sender)
        filled = {"SFO_REPLY_TO": sender, "SFO_BOUNCE_ADDRESS": "" if returns.why_not(tagged) else tagged, **filled}
        if {"SFO_NOTIFY_API_KEY", "SFO_OIDC_ISSUER"} <= filled.keys():
            filled.setdefault("SFO_SMTP_URL", "")  # no letter goes by it, and no code is mailed
        if "SFO_DATABASE_URL" in filled:
            filled.setdefault("SFO_SCHEMA_DATABASE_URL", filled["SFO_DATABASE_URL"])
            owner = filled.get("SFO_KEYS_DATABASE_URL", filled["SFO_SCHEMA_DATABASE_URL"])
            filled.setdefault("SFO_KEYS_SCHEMA_DATABASE_URL", owner)
            filled.setdefault("SFO_KEYS_DATABASE_URL", filled["SFO_DATABASE_URL"])
        return filled

    @model_validator(mode="after")
    def _a_return_address(self) -> Self:
        """Every letter has a return address: where the sender's own has no room for a token, one must be named."""
        if not self.bounce_address:
            raise ValueError(
                "SFO_BOUNCE_ADDRESS: SFO_MAIL_FROM has no room for +*, which stands for "
                f"{returns.TOKEN_LENGTH} characters of at most {returns.LOCAL_PART_MOST} before the @; "
                "give a shorter address of the same mail server, as in sfo+*@host"
            )
        return self

    @model_validator(mode="after")
    def _all_of_the_provider(self) -> Self:
        """A provider is named whole or not at all: half of it would sign nobody in."""
        given = [bool(self.oidc_issuer), bool(self.oidc_client_id), bool(self.oidc_client_secret)]
        if any(given) and not all(given):
            raise ValueError("give SFO_OIDC_ISSUER, SFO_OIDC_CLIENT_ID and SFO_OIDC_CLIENT_SECRET, or none of them")
        return self

    @model_validator(mode="after")
    def _all_of_notify(self) -> Self:
        """Notify is set up whole or not at all: without receipts nobody would hear of a letter that nobody got."""
        given = [bool(self.notify_api_key), bool(self.notify_template), bool(self.notify_callback_token)]
        if any(given) and not all(given):
            raise ValueError(
                "give SFO_NOTIFY_API_KEY, SFO_NOTIFY_TEMPLATE and SFO_NOTIFY_CALLBACK_TOKEN, or none of them"
            )
        return self

    @property
    def by_notify(self) -> bool:
        """Whether letters go by GOV.UK Notify. One-time codes go by SMTP all the same."""
        return self.notify_template is not None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read the SFO_* variables; an empty one counts as unset. SettingsError names every wrong one."""
        given = {name: value for name, value in environ.items() if name.startswith("SFO_") and value}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            problems = _explain(error, given)
            lines = "".join(f"\n  {text}" for _, text in problems)
            raise SettingsError(f"The environment does not describe a running service:{lines}", problems) from None

    @classmethod
    def with_stand_ins(cls, given: Mapping[str, str], but: Sequence[str] = ()) -> Self:
        """Read the settings where not every service matters: what is missing gets a stand-in that leads nowhere.

        `but`: variables that get none. SettingsError names every wrong one.
        """
        keys = KeyRing.generate().encode()
        stand_ins = {
            "SFO_DATABASE_URL": "postgresql://none/sfo",
            "SFO_TEMPORAL_ADDRESS": "none:7233",
            "SFO_SMTP_URL": "smtp://none",
            "SFO_PUBLIC_URL": "http://none",
            "SFO_LINK_KEYS": keys,
            "SFO_PAYLOAD_KEYS": keys,
        }
        wanted = {name: value for name, value in stand_ins.items() if name not in but}
        return cls.from_environment(wanted | {name: value for name, value in given.items() if value})

    def metrics_of(self, service: str) -> Address | None:
        """Where `gateway` or `worker` answers at /metrics: the worker one port above. None: nowhere."""
        if self.metrics_address is None:
            return None
        host, _, port = self.metrics_address.rpartition(":")
        return Address(host.strip("[]"), int(port) + (service == "worker"))

    def to_environment(self) -> dict[str, str]:
        """Write the complete SFO_* environment of a child process, secrets included; reads back the same."""
        values = {field.alias: getattr(self, name) for name, field in type(self).model_fields.items()}
        return {
            alias: value.encode() if isinstance(value, KeyRing) else str(value)
            for alias, value in values.items()
            if alias is not None and value is not None
        }


def _explain(error: ValidationError, given: Mapping[str, str]) -> list[tuple[frozenset[str], str]]:
    """Each problem in words, with the variables that it is about."""
    remedies = {field.alias: field.description for field in Settings.model_fields.values()}
    problems = []
    for problem in error.errors(include_input=False, include_url=False):
        if not problem["loc"]:  # it is about several together
            text = str(problem.get("ctx", {}).get("error", problem["msg"]))
            problems.append((frozenset(re.findall(r"SFO_[A-Z_]+", text)), text))
            continue
        name, missing = str(problem["loc"][0]), problem["type"] == "missing"
        if missing or name in given:  # a default that follows a wrong variable would be reported beside it
            cause = "missing" if missing else problem.get("ctx", {}).get("error", problem["msg"])
            problems.append((frozenset({name}), f"{name}: {cause}; {remedies[name]}"))
    return problems
