"""TLS from both sides and tokens with grades, on the production files: who may read, signal and administer."""

import asyncio
import http.server
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
import trustme
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from temporalio.api.namespace.v1 import UpdateNamespaceInfo
from temporalio.api.workflowservice.v1 import UpdateNamespaceRequest
from temporalio.client import Client, TLSConfig
from temporalio.service import RPCError, RPCStatusCode

from deploy.cluster.running import Entry, cluster
from starter.keys import KeyRing
from starter.settings import Settings
from starter.temporal_connection import connected, keep_renewed

SERVER = "temporal.sfo.example.test"
PUBLISHED, UNPUBLISHED = (RSAKey.generate_key(2048, {"kid": kid}) for kid in ("published", "published-elsewhere"))
WITHIN = timedelta(seconds=5)


def token(subject: str, *permissions: str, key: RSAKey = PUBLISHED, lives: int = 600) -> str:
    claims = {"sub": subject, "permissions": list(permissions), "exp": int(time.time()) + lives}
    return str(jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key))


@contextmanager
def published() -> Iterator[str]:
    """Publish the key as an identity provider does."""
    content = json.dumps(KeySet([PUBLISHED]).as_dict(private=False)).encode()

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the library's name
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/jwks.json"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Guarded:
    """A cluster that asks for a certificate and a token."""

    address: str
    folder: Path
    tls: TLSConfig

    async def as_(self, *permissions: str, subject: str = "invented.person") -> Client:
        return await Client.connect(self.address, tls=self.tls, api_key=token(subject, *permissions))


@pytest_asyncio.fixture(scope="session")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    ca = trustme.CA()
    ca.cert_pem.write_to_path(folder / "ca.pem")
    for name, identity in (("server", SERVER), ("client", "worker.sfo.example.test")):
        made = ca.issue_cert(identity)
        made.cert_chain_pems[0].write_to_path(folder / f"{name}.pem")
        made.private_key_pem.write_to_path(folder / f"{name}.key")
    tls = TLSConfig(
        server_root_ca_cert=(folder / "ca.pem").read_bytes(),
        client_cert=(folder / "client.pem").read_bytes(),
        client_private_key=(folder / "client.key").read_bytes(),
        domain=SERVER,
    )
    with published() as keys:
        more = {"TEMPORAL_JWKS_URL": keys, "TEMPORAL_TLS_DIR": str(folder)}
        entry = Entry(token("engineer", "default:admin", "temporal-system:read"), tls)
        async with cluster(folder / "temporal", lambda _: None, more=more, entry=entry) as made_cluster:
            yield Guarded(made_cluster.address, folder, tls)


async def refused(client: Client, with_what: str) -> RPCStatusCode:
    """How the server refuses this."""
    with pytest.raises(RPCError) as caught:
        await attempt(client, with_what)
    return caught.value.status


async def attempt(client: Client, what: str) -> None:
    name = f"invented-{uuid4()}"
    match what:
        case "read":
            await client.count_workflows("", rpc_timeout=WITHIN)
        case "start":
            await client.start_workflow("nobody-runs-this", id=name, task_queue="nobody-polls", rpc_timeout=WITHIN)
        case "administer":
            request = UpdateNamespaceRequest(
                namespace="default", update_info=UpdateNamespaceInfo(description="invented")
            )
            await client.workflow_service.update_namespace(request, timeout=WITHIN)


async def test_without_a_certificate_nobody_is_spoken_with(guarded: Guarded) -> None:
    ca = (guarded.folder / "ca.pem").read_bytes()
    for tls in (False, TLSConfig(server_root_ca_cert=ca, domain=SERVER)):
        with pytest.raises(RuntimeError):
            await Client.connect(guarded.address, tls=tls, api_key=token("engineer", "default:admin"))


@pytest.mark.parametrize(
    ("permissions", "allowed", "forbidden"),
    [
        ((), (), ("read", "start", "administer")),
        (("default:read",), ("read",), ("start", "administer")),
        (("default:write",), ("read", "start"), ("administer",)),
        (("default:admin",), ("read", "start", "administer"), ()),
        (("elsewhere:admin",), (), ("read", "start", "administer")),
    ],
)
async def test_the_grades_allow_what_the_table_says(
    guarded: Guarded, permissions: tuple[str, ...], allowed: tuple[str, ...], forbidden: tuple[str, ...]
) -> None:
    client = await guarded.as_(*permissions)
    for what in allowed:
        await attempt(client, what)
    for what in forbidden:
        assert await refused(client, what) is RPCStatusCode.PERMISSION_DENIED


@pytest.mark.parametrize(
    "given",
    [
        token("stranger", "default:admin", key=UNPUBLISHED),
        token("late", "default:admin", lives=-60),
        "not.a.token",
    ],
)
async def test_a_token_that_is_forged_or_over_opens_nothing(guarded: Guarded, given: str) -> None:
    with pytest.raises(RuntimeError, match=r"PermissionDenied|Unauthenticated"):
        await Client.connect(guarded.address, tls=guarded.tls, api_key=given)


async def test_the_history_says_who_signalled_as_the_token_does_and_not_as_the_client_does(guarded: Guarded) -> None:
    client = await Client.connect(
        guarded.address, tls=guarded.tls, api_key=token("operations.person", "default:write"), identity="the-director"
    )
    handle = await client.start_workflow("nobody-runs-this", id=f"invented-{uuid4()}", task_queue="nobody-polls")
    await handle.signal("decide")
    events = [event async for event in handle.fetch_history_events()]
    signalled = next(event for event in events if event.HasField("workflow_execution_signaled_event_attributes"))
    assert signalled.workflow_execution_signaled_event_attributes.identity == "the-director"
    assert (signalled.principal.type, signalled.principal.name) == ("jwt", "operations.person")


async def test_our_processes_get_in_by_their_file_and_take_up_a_renewed_token(guarded: Guarded, tmp_path: Path) -> None:
    file = tmp_path / "temporal.toml"

    def write(permission: str) -> None:
        lines = [
            "[profile.default]",
            f'api_key = "{token("service", permission)}"',
            "[profile.default.tls]",
            f'server_name = "{SERVER}"',
            f'server_ca_cert_path = "{guarded.folder / "ca.pem"}"',
            f'client_cert_path = "{guarded.folder / "client.pem"}"',
            f'client_key_path = "{guarded.folder / "client.key"}"',
        ]
        (tmp_path / "new.toml").write_text("\n".join(lines))
        (tmp_path / "new.toml").rename(file)

    write("default:read")
    ring = KeyRing.generate().encode()
    settings = Settings.from_environment(
        {
            "SFO_DATABASE_URL": "postgresql://none/sfo",
            "SFO_TEMPORAL_ADDRESS": guarded.address,
            "SFO_TEMPORAL_CONFIG": str(file),
            "SFO_SMTP_URL": "smtp://none",
            "SFO_PUBLIC_URL": "http://none",
            "SFO_LINK_KEYS": ring,
            "SFO_PAYLOAD_KEYS": ring,
        }
    )
    client = await connected(settings)
    assert await refused(client, "start") is RPCStatusCode.PERMISSION_DENIED
    keeping = asyncio.create_task(keep_renewed(client, settings, every=0.05))
    try:
        write("default:write")
        async with asyncio.timeout(10):
            while True:
                try:
                    return await attempt(client, "start")
                except RPCError:
                    await asyncio.sleep(0.05)
    finally:
        keeping.cancel()
