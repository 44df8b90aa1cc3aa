"""The compose file as an engine would read it, and what must hold of it, as problems that are named."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from starter.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "deploy" / "compose"
KNOWN = {str(field.alias) for field in Settings.model_fields.values()}
REQUIRED = {str(field.alias) for field in Settings.model_fields.values() if field.is_required()}
WRITES_ITS_ROOT = {"temporal-ui"}
CANNOT_BE_ASKED = {"collector"}  # no shell and no program in the image
ASKED_BY_THE_IMAGE = {"gateway"}
ON_LOOPBACK = "127.0.0.1:"
_VARIABLE = re.compile(r"\$\{([A-Z_]+)(?::?([?-])([^}]*))?\}")

File = dict[str, Any]


def read(name: str = "compose.yaml") -> File:
    composed: File = yaml.safe_load((COMPOSE / name).read_text())
    return composed


def services(composed: File) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = composed["services"]
    return found


def is_job(service: dict[str, Any]) -> bool:
    return service.get("restart") == "no"


def is_ours(service: dict[str, Any]) -> bool:
    return str(service["image"]).startswith("${SFO_IMAGE")


def variables(text: str) -> dict[str, set[str]]:
    """Each variable with the kinds of its uses: `?` needed, `-` with a default, or nothing."""
    found: dict[str, set[str]] = {}
    for name, kind, _ in _VARIABLE.findall(text):
        found.setdefault(name, set()).add(kind)
    return found


def explained(example: str) -> dict[str, str]:
    """Each key of the example with its value."""
    return dict(re.findall(r"^([A-Z_]+)=(.*)$", example, re.MULTILINE))


def not_to_be_set(example: str) -> set[str]:
    part = example.partition("# --- Not to be set here")[2]
    return {name for line in part.splitlines() for name in re.findall(r"SFO_[A-Z_]+", line.partition(":")[0])}


def contained(composed: File) -> Iterator[str]:
    """What a container may do beyond its work, and what a host suffers from it."""
    for name, service in services(composed).items():
        held = {
            "writes to its root": service.get("read_only") is True or name in WRITES_ITS_ROOT,
            "keeps capabilities": service.get("cap_drop") == ["ALL"],
            "may gain privileges": service.get("security_opt") == ["no-new-privileges:true"],
            "fills the disk with its log": {"max-size", "max-file"} <= service["logging"].get("options", {}).keys(),
            "has no limit of memory": "memory" in service.get("deploy", {}).get("resources", {}).get("limits", {}),
            "says not whether it is restarted": service.get("restart") in ("no", "unless-stopped"),
            "reaches the host": not {"privileged", "network_mode", "pid", "devices"} & service.keys(),
            "is in no network": bool(service.get("networks")),
        }
        yield from (f"{name} {what}" for what, is_held in held.items() if not is_held)


def loose_images(composed: File) -> Iterator[str]:
    for name, service in services(composed).items():
        tag = str(service["image"]).rpartition(":")[2]
        if not is_ours(service) and not re.fullmatch(r"v?\d+\.\d+(\.\d+)?", tag):
            yield f"{name}: {service['image']} is not pinned"


def exposed(composed: File) -> Iterator[str]:
    """What is reached from outside of this server, and whom PostgreSQL shares a network with."""
    for name, service in services(composed).items():
        for port in service.get("ports", ()):
            if name == "gateway":
                if not str(port).startswith("${GATEWAY_LISTENS:-127.0.0.1:"):
                    yield f"gateway is published as {port}"
            elif not str(port).startswith(ON_LOOPBACK):
                yield f"{name} is published as {port}"
        if name == "postgres" and service["networks"] != ["record"]:
            yield "postgres is in another network"
        if service.get("ports") and "edge" not in service["networks"]:
            yield f"{name} is published and not in edge"
        if "record" in service["networks"] and not (
            {"postgres", "roles"} & {name} or is_ours(service) or "temporal" in name
        ):
            yield f"{name} reaches the record"
    for name in ("record", "process", "watch"):
        if (composed["networks"].get(name) or {}).get("internal") is not True:
            yield f"network {name} is not internal"


def unasked(composed: File) -> Iterator[str]:
    """What nobody asks whether it works, and what does not wait for what it needs."""
    for name, service in services(composed).items():
        if not is_job(service) and "healthcheck" not in service and name not in CANNOT_BE_ASKED | ASKED_BY_THE_IMAGE:
            yield f"{name} has no health check"
        for needed, how in service.get("depends_on", {}).items():
            if needed not in services(composed):
                yield f"{name} waits for {needed}, which is not there"
            elif how["condition"] != (
                "service_completed_successfully" if is_job(services(composed)[needed]) else "service_healthy"
            ):
                yield f"{name} waits for {needed} by {how['condition']}"
    for name, needs in {
        "worker": {"namespace", "schema"},
        "gateway": {"namespace", "schema"},
        "rollout": {"worker"},
        "schedules": {"rollout"},
        "temporal": {"temporal-schema"},
        "temporal-schema": {"roles"},
        "schema": {"roles"},
        "roles": {"postgres"},
    }.items():
        if missing := needs - services(composed)[name].get("depends_on", {}).keys():
            yield f"{name} does not wait for {', '.join(sorted(missing))}"


def wrong_settings(composed: File) -> Iterator[str]:
    for name, service in services(composed).items():
        given = {key for key in service.get("environment", {}) if key.startswith("SFO_")}
        if not is_ours(service):
            continue
        yield from (f"{name}: {one} is no setting" for one in sorted(given - KNOWN))
        yield from (f"{name}: {one} is missing" for one in sorted(REQUIRED - given))
        if "SFO_SCHEMA_DATABASE_URL" in given and name != "schema":
            yield f"{name} is given the owner's address"
        if "SFO_MAILBOX_DIR" in given:
            yield f"{name} shows every letter"


def loose_ends(composed: File) -> Iterator[str]:
    """Mounted files, networks and volumes that are not there."""
    for name, service in services(composed).items():
        for volume in service.get("volumes", ()):
            source = _VARIABLE.sub(r"\3", str(volume)).partition(":")[0]
            if source.startswith("."):
                path = (COMPOSE / source).resolve()
                if not path.exists():
                    yield f"{name} mounts {source}, which is not there"
                if not str(volume).endswith(":ro"):
                    yield f"{name} may write to {source}"
            elif source not in composed["volumes"]:
                yield f"{name}: there is no volume {source}"
        for network in service["networks"]:
            if network not in composed["networks"]:
                yield f"{name}: there is no network {network}"
        for file in service.get("env_file", ()):
            if not (COMPOSE / file).is_file():
                yield f"{name} reads {file}, which is not there"
