"""The connection to Temporal: mutual TLS against a real server behind it, an API key renewed while we run."""

import asyncio
import os
import signal
import ssl
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from deploy.cluster.balancer import carried
from starter.health import temporal_answers
from starter.keys import KeyRing
from starter.settings import Settings, SettingsError
from starter.temporal_connection import connect_config, connected, keep_renewed
from tests.workflows.conftest import Office

HERE = "127.0.0.1"


@dataclass
class Authority:
    """Who issues certificates, and the folder where they lie."""

    ca: trustme.CA
    folder: Path

    def issued(self, name: str) -> dict[str, Path]:
        """A certificate for this name with its key, as files."""
        made = self.ca.issue_cert(name, HERE)
        files = {"cert": self.folder / f"{name}.pem", "key": self.folder / f"{name}.key"}
        made.cert_chain_pems[0].write_to_path(files["cert"])
        made.private_key_pem.write_to_path(files["key"])
        return files


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    return Authority(ca, tmp_path)


def settings_for(address: str, config: Path | None = None) -> Settings:
    here = {
        "SFO_DATABASE_URL": "postgresql://none/sfo",
        "SFO_TEMPORAL_ADDRESS": address,
        "SFO_SMTP_URL": "smtp://none",
        "SFO_PUBLIC_URL": "http://none",
        "SFO_LINK_KEYS": KeyRing.generate().encode(),
        "SFO_PAYLOAD_KEYS": KeyRing.generate().encode(),
    }
    return Settings.from_environment(here | ({"SFO_TEMPORAL_CONFIG": str(config)} if config else {}))


def written(folder: Path, content: str) -> Path:
    (folder / "temporal.toml").write_text(content)
    return folder / "temporal.toml"


def tls_profile(folder: Path, client: dict[str, Path] | None) -> Path:
    lines = ["[profile.default.tls]", f'server_ca_cert_path = "{folder / "ca.pem"}"']
    if client:
        lines += [f'client_cert_path = "{client["cert"]}"', f'client_key_path = "{client["key"]}"']
    return written(folder, "\n".join(lines))


@asynccontextmanager
async def behind_tls(address: str, authority: Authority) -> AsyncIterator[str]:
    """Stand before the server and let in whoever shows a certificate of this authority."""
    files = authority.issued("frontend.sfo.example.test")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority.folder / "ca.pem")
    context.load_cert_chain(files["cert"], files["key"])
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])
    host, _, port = address.partition(":")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(host, int(port))
        await asyncio.gather(carried(reader, inner_writer), carried(inner_reader, writer))

    server = await asyncio.start_server(serve, HERE, 0, ssl=context)
    try:
        yield f"{HERE}:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def test_a_client_with_a_certificate_is_let_in_and_one_without_is_not(
    office: Office, authority: Authority
) -> None:
    async with behind_tls(office.client.service_client.config.target_host, authority) as address:
        good = tls_profile(authority.folder, authority.issued("worker.sfo.example.test"))
        await temporal_answers(await connected(settings_for(address, good)), 5)
        for profile in (tls_profile(authority.folder, None), None):
            with pytest.raises(RuntimeError):
                await connected(settings_for(address, profile))


async def test_a_server_of_another_authority_is_not_trusted(
    office: Office, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> None:
    stranger = Authority(trustme.CA(), tmp_path_factory.mktemp("stranger"))
    stranger.ca.cert_pem.write_to_path(stranger.folder / "ca.pem")
    async with behind_tls(office.client.service_client.config.target_host, authority) as address:
        profile = tls_profile(stranger.folder, authority.issued("worker.sfo.example.test"))
        with pytest.raises(RuntimeError):
            await connected(settings_for(address, profile))


def test_an_api_key_asks_for_tls_and_the_settings_say_where(tmp_path: Path) -> None:
    found = connect_config(settings_for("temporal.example.test:7233", written(tmp_path, KEYED.format("invented-one"))))
    assert found == {
        "target_host": "temporal.example.test:7233",
        "namespace": "default",
        "api_key": "invented-one",
        "tls": True,
    }


KEYED = '[profile.default]\napi_key = "{}"\n'
NO_TLS = "[profile.default.tls]\ndisabled = true\n"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('[profile.default]\napi_key = "hush', "is not TOML: "),
        ('[profile.default]\naddres = "hush:7233"\n', "something that Temporal's tools do not know"),
        ('[profile.default]\naddress = "hush:7233"\n', "address stands in SFO_TEMPORAL_ADDRESS alone"),
        ('[profile.default]\nnamespace = "hush"\n', "namespace stands in SFO_TEMPORAL_NAMESPACE alone"),
        ('[profile.other]\napi_key = "hush"\n', "must hold the one profile"),
        ('[profile.default]\n[profile.other]\napi_key = "hush"\n', "must hold the one profile"),
        ('[profile.default.tls]\nclient_cert_path = "/nowhere/hush.pem"\n', "/nowhere/hush.pem, which is not there"),
        ("", "must hold the one profile"),
    ],
)
def test_a_file_that_cannot_be_used_says_why_and_quotes_nothing(tmp_path: Path, content: str, why: str) -> None:
    with pytest.raises(SettingsError, match=r"^SFO_TEMPORAL_CONFIG: the file ") as caught:
        connect_config(settings_for("temporal.example.test:7233", written(tmp_path, content)))
    assert why in str(caught.value)
    assert "hush" not in str(caught.value).replace("/nowhere/hush.pem", "")


def test_what_a_developer_set_for_the_command_line_reaches_no_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_API_KEY", "of-a-developer")
    monkeypatch.setenv("TEMPORAL_ADDRESS", "elsewhere.example.test:7233")
    for config in (None, written(tmp_path, NO_TLS)):
        found = connect_config(settings_for("temporal.example.test:7233", config))
        assert found["target_host"] == "temporal.example.test:7233"
        assert "api_key" not in found


async def test_a_renewed_api_key_is_taken_up_and_a_broken_file_keeps_the_one_of_before(
    office: Office, tmp_path: Path
) -> None:
    file = written(tmp_path, KEYED.format("first") + NO_TLS)
    settings = settings_for(office.client.service_client.config.target_host, file)
    client = await connected(settings)
    assert client.api_key == "first"
    keeping = asyncio.create_task(keep_renewed(client, settings, every=0.01))
    try:
        for content, expected in ((KEYED.format("second"), "second"), ("broken", "second"), (KEYED.format("3"), "3")):
            beside = tmp_path / "new.toml"
            beside.write_text(content if content == "broken" else content + NO_TLS)
            beside.rename(file)
            await until(lambda expected=expected: client.api_key == expected)  # type: ignore[misc]
            await asyncio.sleep(0.05)
            assert client.api_key == expected
            await temporal_answers(client, 5)
    finally:
        keeping.cancel()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_so():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_worker_that_still_waits_for_temporal_stops_when_asked(number: signal.Signals) -> None:
    environment = settings_for(f"{HERE}:1").to_environment()
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "worker",
        env={**os.environ, **environment}, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert worker.stderr is not None
    async with asyncio.timeout(30):
        while b"waiting for Temporal" not in await worker.stderr.readline():
            pass
        worker.send_signal(number)
        assert await worker.wait() == 0
