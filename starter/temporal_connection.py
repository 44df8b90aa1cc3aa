"""How every process reaches Temporal: address and namespace from the settings, TLS and API key from a file."""

import asyncio
import logging
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.envconfig import ClientConfig, ClientConnectConfig

from starter.payloads import converter_of
from starter.settings import Settings, SettingsError
from starter.telemetry import Telemetry

CONNECT_SECONDS = 5.0
LOOK_EVERY = 30.0
"""Seconds between two looks at the file, for an API key that somebody renews while we run."""

_LOG = logging.getLogger(__name__)


async def connected(settings: Settings, telemetry: Telemetry | None = None, *, lazy: bool = False) -> Client:
    """Return a client of the namespace that encrypts what it sends. `lazy` connects with the first call.

    Raises SettingsError for a file that cannot be used, RuntimeError or RPCError where Temporal does not answer.
    """
    return await Client.connect(
        **connect_config(settings),
        data_converter=converter_of(settings),
        interceptors=telemetry.interceptors if telemetry else (),
        runtime=telemetry.runtime if telemetry else None,
        connect_timeout=timedelta(seconds=CONNECT_SECONDS),
        lazy=lazy,
    )


def connect_config(settings: Settings) -> ClientConnectConfig:
    """Return where to connect and with what: the settings' address and namespace, the file's TLS, API key and headers.

    The file is a profile of Temporal's own tools, read strictly; TEMPORAL_* variables count for nothing, so that
    what a developer set for the command line reaches no service. Raises SettingsError, whose text quotes no value.
    """
    found = ClientConnectConfig(target_host=settings.temporal_address, namespace=settings.temporal_namespace)
    if settings.temporal_config is None:
        return found
    profile = _profile(settings.temporal_config)
    for name, variable in (("address", "SFO_TEMPORAL_ADDRESS"), ("namespace", "SFO_TEMPORAL_NAMESPACE")):
        if name in profile:
            raise _unusable(f"{name} stands in {variable} alone; take it out of the file")
    try:
        read = ClientConfig.load_client_connect_config(
            config_file=str(settings.temporal_config), config_file_strict=True, disable_env=True
        )
    except FileNotFoundError as error:
        raise _unusable(f"names {error.filename}, which is not there") from None
    except OSError as error:
        raise _unusable(f"names a file that cannot be read: {error.strerror}") from None
    except RuntimeError:  # its text may quote the file
        raise _unusable(
            "holds something that Temporal's tools do not know; they read api_key, tls and grpc_meta there"
        ) from None
    return {**read, **found}


async def keep_renewed(client: Client, settings: Settings, every: float = LOOK_EVERY) -> None:
    """Take up an API key or a header that changes in the file, until cancelled. TLS files need a restart.

    A file that cannot be used is said once in the log, and the key of before stays.
    """
    if settings.temporal_config is None:
        return
    said = ""
    while True:
        try:
            found = await asyncio.to_thread(connect_config, settings)
        except SettingsError as error:
            if str(error) != said:
                _LOG.error("the connection to Temporal keeps its key of before: %s", error)
            said = str(error)
        else:
            said = ""
            _take_up(client, found)
        await asyncio.sleep(every)


def _take_up(client: Client, found: ClientConnectConfig) -> None:
    key, headers = found.get("api_key"), found.get("rpc_metadata", {})
    if (client.api_key, dict(client.rpc_metadata)) != (key, dict(headers)):
        client.api_key, client.rpc_metadata = key, headers
        _LOG.info("the connection to Temporal has taken up what changed in SFO_TEMPORAL_CONFIG")


def _profile(file: Path) -> dict[str, Any]:
    """Return the file's default profile. Our own look comes first: Temporal's errors quote lines of the file."""
    try:
        found = tomllib.loads(file.read_text())
    except OSError as error:
        raise _unusable(f"cannot be read: {error.strerror}") from None
    except ValueError as error:  # not TOML, or not UTF-8; says where, quotes nothing
        where = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "it is not UTF-8"
        raise _unusable(f"is not TOML: {where}") from None
    match found:
        case {"profile": {"default": dict(profile), **others}, **rest} if not others and not rest:
            return profile
        case _:
            raise _unusable("must hold the one profile [profile.default]")


def _unusable(why: str) -> SettingsError:
    return SettingsError(f"SFO_TEMPORAL_CONFIG: the file {why}", [(frozenset({"SFO_TEMPORAL_CONFIG"}), why)])
