"""Settings and key rings: every wrong variable is named with its remedy, and no secret is ever shown."""

import base64
from pathlib import Path

import pytest

from starter.keys import KEY_BYTES, KeyRing, kept_rings
from starter.settings import Settings, SettingsError, code_fingerprint
from tests.starter.fake_notify import KEY, TEMPLATE, TOKEN

RING = KeyRing.generate().encode()
COMPLETE = {
    "SFO_DATABASE_URL": "postgresql://sfo_app:hush-1@/sfo?host=/tmp/socket",
    "SFO_TEMPORAL_ADDRESS": "temporal.example.test:7233",
    "SFO_SMTP_URL": "smtp+starttls://sender:hush-2@mail.example.test:587",
    "SFO_PUBLIC_URL": "https://sfo.example.test/",
    "SFO_LINK_KEYS": RING,
    "SFO_PAYLOAD_KEYS": KeyRing.generate().encode(),
}


def refusal(**changes: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(COMPLETE | changes)
    return str(caught.value).splitlines()[1:]


def test_an_empty_environment_names_everything_that_is_missing() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({})
    lines = str(caught.value).splitlines()[1:]
    assert [line.split(":")[0].strip() for line in lines] == list(COMPLETE)
    assert all(": missing; give " in line for line in lines)


def test_defaults_are_those_of_one_machine() -> None:
    settings = Settings.from_environment(COMPLETE | {"SFO_GATEWAY_HOST": ""})
    assert settings.schema_database_url == settings.database_url
    assert settings.temporal_namespace == "default"
    assert settings.temporal_ui_url is None
    assert settings.mail_from == settings.reply_to == "sfo-notifications@example.test"
    assert settings.bounce_address == "sfo-notifications+*@example.test"
    assert settings.bounce_dir is None
    assert (settings.gateway_host, settings.gateway_port) == ("127.0.0.1", 8080)
    assert settings.rulebook_dir.is_dir()
    assert settings.directory_dir.is_dir()
    assert settings.otlp_endpoint is None
    assert settings.metrics_of("gateway") is None
    assert settings.audit_key is None
    assert settings.mailbox_dir is None
    assert settings.data_dir == Path.cwd() / ".sfo"
    assert settings.build_id == code_fingerprint()


def test_a_web_address_loses_its_slash_so_that_paths_can_be_joined() -> None:
    assert Settings.from_environment(COMPLETE).public_url == "https://sfo.example.test"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SFO_DATABASE_URL", "mysql://sfo_app:hush-1@host/sfo"),
        ("SFO_DATABASE_URL", "postgresql://sfo_app:hush/hush@host/sfo"),
        ("SFO_SCHEMA_DATABASE_URL", "hush"),
        ("SFO_TEMPORAL_ADDRESS", "http://localhost:7233/"),
        ("SFO_TEMPORAL_ADDRESS", "localhost"),
        ("SFO_TEMPORAL_UI_URL", "localhost:8233"),
        ("SFO_SMTP_URL", "sender:hush@mail.example.test"),
        ("SFO_SMTP_URL", "smtp://sender:hush:2525@mail.example.test:hush"),
        ("SFO_MAIL_FROM", "nobody"),
        ("SFO_REPLY_TO", "nobody"),
        ("SFO_BOUNCE_ADDRESS", "nobody"),
        ("SFO_BOUNCE_ADDRESS", "sfo+*+*@example.test"),
        ("SFO_BOUNCE_ADDRESS", "a-name-that-leaves-no-room+*@example.test"),
        ("SFO_PUBLIC_URL", "ftp://sfo.example.test"),
        ("SFO_PUBLIC_URL", "https://sfo.example.test/?token=hush"),
        ("SFO_GATEWAY_PORT", "eighty"),
        ("SFO_GATEWAY_PORT", "65536"),
        ("SFO_LINK_KEYS", "hush"),
        ("SFO_LINK_KEYS", "k1:" + base64.urlsafe_b64encode(b"hush").decode()),
        ("SFO_LINK_KEYS", "k1:hush hush"),
        ("SFO_AUDIT_KEY", "hush"),
        pytest.param("SFO_LINK_KEYS", f"{RING},{RING}", id="the same key twice"),
        pytest.param("SFO_PAYLOAD_KEYS", f"{RING},", id="a comma too many"),
        ("SFO_RULEBOOK_DIR", "/there/is/no/such/folder"),
        ("SFO_DIRECTORY_DIR", "/there/is/no/such/folder"),
        ("SFO_OTLP_ENDPOINT", "collector"),
        ("SFO_METRICS_ADDRESS", "9464"),
        ("SFO_METRICS_ADDRESS", "127.0.0.1:65535"),
        ("SFO_BUILD_ID", "a b"),
    ],
)
def test_a_wrong_value_is_named_with_its_remedy_and_not_repeated(variable: str, value: str) -> None:
    [line] = refusal(**{variable: value})
    assert line.startswith(f"  {variable}: ")
    assert "; give " in line
    assert "hush" not in line
    assert RING.split(":")[1] not in line


def test_all_wrong_values_are_told_at_once() -> None:
    lines = refusal(SFO_GATEWAY_PORT="0", SFO_PUBLIC_URL="", SFO_MAIL_FROM="@")
    assert {line.split(":")[0].strip() for line in lines} == {"SFO_GATEWAY_PORT", "SFO_PUBLIC_URL", "SFO_MAIL_FROM"}


def test_answers_and_returned_mail_go_to_the_sender_unless_they_are_given_an_address() -> None:
    settings = Settings.from_environment(COMPLETE | {"SFO_MAIL_FROM": "sfo@one.example.test"})
    assert settings.reply_to == "sfo@one.example.test"
    assert settings.bounce_address == "sfo+*@one.example.test"
    given = {"SFO_REPLY_TO": "team@two.example.test", "SFO_BOUNCE_ADDRESS": "returns@two.example.test"}
    settings = Settings.from_environment(COMPLETE | {"SFO_MAIL_FROM": "sfo@one.example.test"} | given)
    assert (settings.reply_to, settings.bounce_address) == ("team@two.example.test", "returns@two.example.test")


def test_a_sender_too_long_for_a_tag_must_name_where_mail_is_returned_to() -> None:
    long = "a-name-that-leaves-no-room@example.test"
    [line] = refusal(SFO_MAIL_FROM=long)
    assert line.startswith("  SFO_BOUNCE_ADDRESS: SFO_MAIL_FROM has no room")
    assert "give a shorter address" in line
    given = COMPLETE | {"SFO_MAIL_FROM": long, "SFO_BOUNCE_ADDRESS": "*@returns.example.test"}
    assert Settings.from_environment(given).bounce_address == "*@returns.example.test"


def test_no_printed_or_dumped_form_shows_a_secret() -> None:
    settings = Settings.from_environment(COMPLETE)
    shown = [
        repr(settings),
        str(settings),
        str(settings.model_dump()),
        settings.model_dump_json(),
        f"{settings.link_keys}",
    ]
    for text in shown:
        assert "hush" not in text
        assert RING.split(":")[1] not in text


def test_settings_cannot_be_changed() -> None:
    settings = Settings.from_environment(COMPLETE)
    with pytest.raises(ValueError, match="frozen"):
        settings.public_url = "https://elsewhere.example.test"  # type: ignore[misc]


def test_a_child_process_reads_back_the_same_settings() -> None:
    settings = Settings.from_environment(COMPLETE | {"SFO_MAILBOX_DIR": "mail", "SFO_GATEWAY_PORT": "18080"})
    assert Settings.from_environment(settings.to_environment()) == settings


def test_the_build_changes_with_the_code_and_with_nothing_else(tmp_path: Path) -> None:
    for name in ("workflows/case.py", "activities/letters/review/body.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("one")
    first = code_fingerprint(tmp_path)
    (tmp_path / "workflows" / "__pycache__").mkdir()
    (tmp_path / "workflows" / "__pycache__" / "case.pyc").write_text("x")
    assert code_fingerprint(tmp_path) == first
    (tmp_path / "activities" / "letters" / "review" / "body.txt").write_text("two")
    assert code_fingerprint(tmp_path) != first


def test_the_first_key_seals_and_every_key_is_readable() -> None:
    new, old = KeyRing.generate(), KeyRing.generate()
    ring = KeyRing.parse(f"{new.encode()}, {old.encode().rstrip('=')}")
    assert (ring.active_id, ring.active) == (new.active_id, new.active)
    assert ring.get(old.active_id) == old.active
    assert ring.get("unknown") is None
    assert len(ring.active) == KEY_BYTES
    assert KeyRing.parse(ring.encode()) == ring


def test_two_generated_rings_differ() -> None:
    assert KeyRing.generate().active != KeyRing.generate().active


def test_kept_rings_stay_the_same_and_private(tmp_path: Path) -> None:
    path = tmp_path / "keys.env"
    first = kept_rings(path, ["SFO_LINK_KEYS"])
    both = kept_rings(path, ["SFO_LINK_KEYS", "SFO_PAYLOAD_KEYS"])
    assert both["SFO_LINK_KEYS"] == first["SFO_LINK_KEYS"]
    assert kept_rings(path, ["SFO_PAYLOAD_KEYS"]) == {"SFO_PAYLOAD_KEYS": both["SFO_PAYLOAD_KEYS"]}
    assert path.stat().st_mode & 0o777 == 0o600
    assert KeyRing.parse(both["SFO_PAYLOAD_KEYS"])


# --- GOV.UK Notify --------------------------------------------------------------------------------------

NOTIFY = {
    "SFO_NOTIFY_API_KEY": KEY,
    "SFO_NOTIFY_TEMPLATE": TEMPLATE,
    "SFO_NOTIFY_CALLBACK_TOKEN": TOKEN,
}
PROVIDER = {"SFO_OIDC_ISSUER": "https://id.example.test", "SFO_OIDC_CLIENT_ID": "a", "SFO_OIDC_CLIENT_SECRET": "b"}


def test_letters_go_by_smtp_unless_notify_is_named_whole() -> None:
    assert not Settings.from_environment(COMPLETE).by_notify
    settings = Settings.from_environment(COMPLETE | NOTIFY)
    assert settings.by_notify
    assert settings.notify_url == "https://api.notifications.service.gov.uk"
    assert settings.notify_reply_to is None
    assert Settings.from_environment(settings.to_environment()) == settings


@pytest.mark.parametrize("missing", NOTIFY)
def test_half_of_notify_is_refused(missing: str) -> None:
    [line] = refusal(**{name: value for name, value in NOTIFY.items() if name != missing})
    assert "SFO_NOTIFY_API_KEY, SFO_NOTIFY_TEMPLATE and SFO_NOTIFY_CALLBACK_TOKEN, or none" in line


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SFO_NOTIFY_API_KEY", KEY[-36:]),
        ("SFO_NOTIFY_API_KEY", KEY[:-1]),
        ("SFO_NOTIFY_TEMPLATE", "sfo"),
        ("SFO_NOTIFY_REPLY_TO", "sfo@example.test"),
        ("SFO_NOTIFY_CALLBACK_TOKEN", "hush"),
        ("SFO_NOTIFY_CALLBACK_TOKEN", "hush hush hush hush"),
        ("SFO_NOTIFY_URL", "api.notifications.example.test"),
    ],
)
def test_a_wrong_variable_of_notify_is_named_and_not_quoted(variable: str, value: str) -> None:
    [line] = refusal(**(NOTIFY | {variable: value}))
    assert line.strip().startswith(f"{variable}: ")
    assert value not in line


def test_no_secret_of_notify_is_shown() -> None:
    shown = Settings.from_environment(COMPLETE | NOTIFY)
    for text in (repr(shown), str(shown.model_dump()), shown.model_dump_json()):
        assert KEY not in text
        assert TOKEN not in text


def test_a_mail_server_is_needed_but_where_nothing_goes_by_it() -> None:
    without = {name: value for name, value in COMPLETE.items() if name != "SFO_SMTP_URL"}
    assert Settings.from_environment(without | NOTIFY | PROVIDER).smtp_url == ""
    for others in (NOTIFY, PROVIDER, {}):
        with pytest.raises(SettingsError, match="SFO_SMTP_URL: missing"):
            Settings.from_environment(without | others)
