"""The compose file for a team's server, without an engine: its specification, its settings, and good custom."""

import copy
import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
import yaml

import worker
from starter.__main__ import sfo
from tests.deploy import composed
from tests.deploy.composed import COMPOSE, KNOWN, ROOT, File, read, services

BASE = read()
EXAMPLE = (COMPOSE / ".env.example").read_text()
OVERLAYS = ("compose.tls.yaml", "compose.returned-mail.yaml")
SPECIFICATION = json.loads(files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text())
DOCKERFILE = (ROOT / "deploy" / "image" / "Dockerfile").read_text()


def against_the_specification(one: File) -> Iterator[str]:
    validator = jsonschema.validators.validator_for(SPECIFICATION)(SPECIFICATION)
    for error in validator.iter_errors(one):
        yield f"{error.json_path}: {error.message}"


RULES: dict[str, Callable[[File], Iterator[str]]] = {
    "specification": against_the_specification,
    "contained": composed.contained,
    "pinned": composed.loose_images,
    "exposed": composed.exposed,
    "asked": composed.unasked,
    "settings": composed.wrong_settings,
    "ends": composed.loose_ends,
}


@pytest.mark.parametrize("rule", RULES)
def test_the_file_keeps_the_rule(rule: str) -> None:
    assert list(RULES[rule](BASE)) == []


@pytest.mark.parametrize("name", OVERLAYS)
def test_what_is_laid_over_it_is_of_the_specification_and_names_services_that_are_there(name: str) -> None:
    over = read(name)
    assert list(against_the_specification(over)) == []
    assert services(over).keys() <= services(BASE).keys()
    for service in services(over).values():
        assert set(service.get("networks", ())) <= BASE["networks"].keys()


def _change(name: str, **changes: Any) -> Callable[[File], None]:
    return lambda one: services(one)[name].update(changes)


PLANTED: list[tuple[str, Callable[[File], Any], str]] = [
    ("specification", _change("worker", restrt="no"), "restrt"),
    ("specification", _change("worker", stop_grace_period=60), "60"),
    ("contained", lambda one: services(one)["worker"].pop("read_only"), "worker writes to its root"),
    ("contained", lambda one: services(one)["temporal"].pop("cap_drop"), "temporal keeps capabilities"),
    ("contained", lambda one: services(one)["gateway"].pop("security_opt"), "gateway may gain privileges"),
    ("contained", _change("grafana", logging={"driver": "json-file"}), "fills the disk"),
    ("contained", lambda one: services(one)["worker"].pop("deploy"), "worker has no limit"),
    ("contained", _change("gateway", network_mode="host"), "gateway reaches the host"),
    ("pinned", _change("temporal", image="temporalio/server:latest"), "is not pinned"),
    ("pinned", _change("temporal", image="temporalio/server"), "is not pinned"),
    ("exposed", _change("postgres", ports=["5432:5432"]), "postgres is published"),
    ("exposed", _change("temporal-ui", ports=["8233:8080"]), "temporal-ui is published as"),
    ("exposed", _change("gateway", ports=["8080:8080"]), "gateway is published as 8080"),
    ("exposed", _change("postgres", networks=["record", "edge"]), "postgres is in another network"),
    ("exposed", _change("temporal-ui", networks=["record"]), "not in edge"),
    ("exposed", _change("grafana", networks=["record", "edge"]), "grafana reaches the record"),
    ("exposed", lambda one: one["networks"].update(record={}), "network record is not internal"),
    ("asked", lambda one: services(one)["worker"].pop("healthcheck"), "worker has no health check"),
    ("asked", lambda one: services(one)["worker"]["depends_on"].pop("schema"), "worker does not wait for schema"),
    ("asked", _change("rollout", depends_on={"worker": {"condition": "service_started"}}), "waits for worker by"),
    ("asked", _change("rollout", depends_on={"wroker": {"condition": "service_healthy"}}), "which is not there"),
    ("settings", lambda one: services(one)["worker"]["environment"].update(SFO_LINKS="x"), "SFO_LINKS is no setting"),
    ("settings", lambda one: services(one)["gateway"]["environment"].pop("SFO_SMTP_URL"), "SFO_SMTP_URL is missing"),
    (
        "settings",
        lambda one: services(one)["gateway"]["environment"].update(SFO_SCHEMA_DATABASE_URL="x"),
        "gateway is given the owner's address",
    ),
    ("ends", _change("temporal", volumes=["../temporal-sever/server.yaml:/x:ro"]), "which is not there"),
    ("ends", _change("postgres", volumes=["postgre:/var/lib/postgresql"]), "no volume postgre"),
    ("ends", _change("roles", volumes=["./roles.sql:/etc/sfo/roles.sql"]), "roles may write to ./roles.sql"),
    ("ends", _change("mail", networks=["egde"]), "no network egde"),
    ("ends", _change("temporal-ui", env_file=["../temporal-ui/ui.env"]), "which is not there"),
]


@pytest.mark.parametrize(("rule", "plant", "said"), PLANTED)
def test_a_planted_mistake_is_found(rule: str, plant: Callable[[File], Any], said: str) -> None:
    one = copy.deepcopy(BASE)
    plant(one)
    assert any(said in problem for problem in RULES[rule](one))


# --- the settings of the server ----------------------------------------------------------------------------------


def unexplained(text: str, example: str) -> tuple[set[str], set[str]]:
    """What is used and not explained, and what is explained and not used."""
    used, told = composed.variables(text).keys(), composed.explained(example).keys()
    return used - told, told - used


def all_files() -> str:
    return "".join((COMPOSE / name).read_text() for name in ("compose.yaml", *OVERLAYS))


def test_every_variable_is_explained_and_every_explained_one_is_used() -> None:
    assert unexplained(all_files(), EXAMPLE) == (set(), set())
    assert unexplained(all_files(), EXAMPLE.replace("\nWORKERS=2", "\nWORKRES=2")) == ({"WORKERS"}, {"WORKRES"})
    for key in composed.explained(EXAMPLE):
        before = EXAMPLE[: EXAMPLE.index(f"\n{key}=")].splitlines()
        described = next(line for line in reversed(before) if not re.match(r"[A-Z_]+=", line))
        assert described.startswith("# "), key


def test_what_is_needed_is_empty_in_the_example_and_refuses_to_start() -> None:
    given = composed.explained(EXAMPLE.partition("# --- Yours to choose")[0])
    kinds = composed.variables((COMPOSE / "compose.yaml").read_text())
    assert {key: value for key, value in given.items() if value} == {}
    assert {key: kinds[key] for key in given} == {key: {"?"} for key in given}
    assert {key for key, kind in kinds.items() if "?" in kind} == given.keys()
    secrets = {key for key in kinds if re.search("PASSWORD|KEYS$", key)}
    assert len(secrets) == 7
    assert secrets <= given.keys()


def test_a_default_is_the_same_in_the_file_and_in_the_example() -> None:
    given = composed.explained(EXAMPLE)
    used = re.findall(r"\$\{([A-Z_]+):-([^}]*)\}", all_files())
    assert used
    assert {key: default for key, default in used if given[key] != default} == {}


def unaccounted(example: str) -> set[str]:
    return KNOWN - composed.explained(example).keys() - composed.not_to_be_set(example)


def test_every_setting_of_the_service_is_in_the_example_or_named_as_not_to_be_set_here() -> None:
    """A new setting fails here: put it into .env.example and compose.yaml, or among those not to be set."""
    assert unaccounted(EXAMPLE) == set()
    assert unaccounted(EXAMPLE.replace("\nSFO_REPLY_TO=\n", "\n")) == {"SFO_REPLY_TO"}


def test_nothing_secret_of_it_reaches_the_repository_or_the_image() -> None:
    assert "**/.env" in (ROOT / ".dockerignore").read_text().splitlines()
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()


# --- as the image and the code have it ---------------------------------------------------------------------------


def wrong_commands(one: File) -> Iterator[str]:
    for name, service in services(one).items():
        for words in (
            re.findall(r"sfo ([a-z-]+(?: [a-z]+)?)", " ".join(service["command"])) if composed.is_ours(service) else ()
        ):
            command: Any = sfo
            for word in words.split():
                command = getattr(command, "commands", {}).get(word, command and None)
                if command is None:
                    yield f"{name}: there is no sfo {words}"
                    break


def test_every_command_is_one_of_the_image() -> None:
    assert list(wrong_commands(BASE)) == []
    one = copy.deepcopy(BASE)
    services(one)["rollout"]["command"] = ["sh", "-c", "sfo rollout chek"]
    assert list(wrong_commands(one)) == ["rollout: there is no sfo rollout chek"]
    assert services(BASE)["worker"]["command"] == ["python", "-m", "worker"]
    assert "HEALTHCHECK" in DOCKERFILE  # the gateway's


def test_the_ports_are_those_of_image_and_settings() -> None:
    inside = services(BASE)["gateway"]["ports"][0].rpartition(":")[2]
    assert re.search(rf"^EXPOSE {inside}$", DOCKERFILE, re.MULTILINE)
    port = int(services(BASE)["gateway"]["environment"]["SFO_METRICS_ADDRESS"].rpartition(":")[2])
    assert f"127.0.0.1:{port + 1}/metrics" in services(BASE)["worker"]["healthcheck"]["test"][-1]
    uid = re.findall(r"^USER (\d+):", DOCKERFILE, re.MULTILINE)[-1]
    assert f"uid={uid}" in services(BASE)["worker"]["tmpfs"][1]


def test_a_worker_is_given_longer_than_it_drains() -> None:
    given = timedelta(seconds=int(services(BASE)["worker"]["stop_grace_period"].removesuffix("s")))
    assert given > worker.DRAIN


def test_the_temporal_ui_has_the_switches_as_shipped_and_its_addresses_from_the_settings() -> None:
    shipped = (ROOT / "deploy" / "temporal-ui" / "temporal-ui.env").read_text()
    ui = services(BASE)["temporal-ui"]
    assert f"temporalio/ui:{ui['image'].rpartition(':')[2]}" in shipped
    ours = {
        line.partition("=")[0] for line in shipped.splitlines() if "example.test" in line and not line.startswith("#")
    }
    assert ours <= ui["environment"].keys()  # none of the invented addresses is left
    assert not any("DISABLED" in key for key in ui["environment"])


def test_prometheus_asks_what_answers_and_the_jobs_are_those_of_the_rules() -> None:
    made = yaml.safe_load((COMPOSE / "prometheus.yml").read_text())
    rules = (ROOT / "deploy" / "prometheus" / "rules.yml").read_text()
    jobs: dict[str, set[tuple[str, int]]] = {}
    for one in made["scrape_configs"]:
        job = next((r["replacement"] for r in one.get("relabel_configs", ())), one["job_name"])
        for found in one.get("dns_sd_configs", ()):
            jobs.setdefault(job, set()).update((name, found["port"]) for name in found["names"])
        for found in one.get("static_configs", ()):
            jobs.setdefault(job, set()).update(
                (t.partition(":")[0], int(t.partition(":")[2])) for t in found["targets"]
            )
    port = int(services(BASE)["gateway"]["environment"]["SFO_METRICS_ADDRESS"].rpartition(":")[2])
    server = int(services(BASE)["temporal"]["environment"]["TEMPORAL_METRICS_ADDRESS"].rpartition(":")[2])
    assert jobs == {
        "sfo-gateway": {("gateway", port)},
        "sfo-worker": {("worker", port + 1)},
        "temporal": {("temporal", server)},
    }
    assert set(re.findall(r'job="([\w-]+)"', rules)) == jobs.keys() - {"temporal"}
    mounted = {v.split(":")[0]: v.split(":")[1] for v in services(BASE)["prometheus"]["volumes"]}
    (rule_file,) = made["rule_files"]
    assert (COMPOSE / rule_file).resolve() == (COMPOSE / "../prometheus/rules.yml").resolve()
    assert mounted["./prometheus.yml"].rpartition("/")[0].rpartition("/")[0] == "/etc/sfo"
    assert mounted["../prometheus/rules.yml"] == "/etc/sfo/prometheus/rules.yml"
    assert f"--config.file={mounted['./prometheus.yml']}" in services(BASE)["prometheus"]["command"]
    for name in ("gateway", "worker", "temporal"):
        assert "watch" in services(BASE)[name]["networks"]


def test_grafana_is_given_our_prometheus_and_every_dashboard() -> None:
    folder = ROOT / "deploy" / "grafana"
    (source,) = yaml.safe_load((folder / "provisioning" / "datasources" / "sfo.yaml").read_text())["datasources"]
    assert (source["url"], source["type"], source["isDefault"]) == ("http://prometheus:9090", "prometheus", True)
    (provider,) = yaml.safe_load((folder / "provisioning" / "dashboards" / "sfo.yaml").read_text())["providers"]
    mounted = [volume.split(":") for volume in services(BASE)["grafana"]["volumes"]]
    shown = {source for source, target, *_ in mounted if target.startswith(provider["options"]["path"] + "/")}
    assert shown == {f"../grafana/{file.name}" for file in folder.glob("*.json")}


# --- the collector -----------------------------------------------------------------------------------------------

KINDS = ("receivers", "processors", "exporters")


def undefined(collector: File, to: str) -> Iterator[str]:
    """What a pipeline names and nothing defines, and what stands there unused but the other ways out."""
    used: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for pipeline, parts in collector["service"]["pipelines"].items():
        for kind in KINDS:
            for name in parts.get(kind, ()):
                meant = re.sub(r"\$\{env:OTLP_TO:-[a-z_]+\}", to, name)
                used[kind].add(meant)
                if meant not in collector[kind]:
                    yield f"{pipeline}: {meant} is not defined under {kind}"
        if parts["processors"][0] != "memory_limiter":
            yield f"{pipeline}: memory_limiter is not the first"
    for kind in ("receivers", "processors"):
        yield from (f"{name} under {kind} is not used" for name in collector[kind] if name not in used[kind])


@pytest.mark.parametrize("to", ["debug", "otlp_http"])
def test_every_part_of_the_collectors_pipelines_is_defined_whichever_way_out_is_chosen(to: str) -> None:
    collector = yaml.safe_load((ROOT / "deploy" / "otel" / "collector.yaml").read_text())
    assert list(undefined(collector, to)) == []
    environment = services(BASE)["collector"]["environment"]
    text = (ROOT / "deploy" / "otel" / "collector.yaml").read_text()
    assert set(re.findall(r"\$\{env:(\w+)", text)) == environment.keys()
    assert f"`{to}`" in text
    assert collector["receivers"]["otlp"]["protocols"]["http"]["endpoint"].endswith(":4318")


@pytest.mark.parametrize(
    ("plant", "said"),
    [
        (lambda one: one["processors"].pop("batch"), "batch is not defined under processors"),
        (lambda one: one["service"]["pipelines"]["traces"]["processors"].reverse(), "memory_limiter is not the first"),
        (lambda one: one["service"]["pipelines"]["traces"].update(exporters=["debgu"]), "debgu is not defined"),
        (lambda one: one["receivers"].update(zipkin={}), "zipkin under receivers is not used"),
    ],
)
def test_a_mistake_in_the_collectors_file_is_found(plant: Callable[[File], Any], said: str) -> None:
    collector = yaml.safe_load((ROOT / "deploy" / "otel" / "collector.yaml").read_text())
    plant(collector)
    assert any(said in problem for problem in undefined(collector, "debug"))


# --- Temporal ----------------------------------------------------------------------------------------------------


def not_in_the_template(one: File) -> set[str]:
    """What the server is given that its configuration does not ask for."""
    template = (ROOT / "deploy" / "temporal-server" / "server.yaml").read_text()
    of_the_server = {"TEMPORAL_SERVER_CONFIG_FILE_PATH", "TEMPORAL_SERVICES"}
    given = {name for name in services(one)["temporal"]["environment"] if name.startswith("TEMPORAL_")}
    return {name for name in given - of_the_server if f'"{name}"' not in template}


@pytest.mark.parametrize("name", ["compose.yaml", "compose.tls.yaml"])
def test_the_server_is_given_what_its_configuration_asks_for(name: str) -> None:
    assert not_in_the_template(read(name)) == set()
    one = read(name)
    services(one)["temporal"]["environment"]["TEMPORAL_DB_HSOT"] = "postgres"
    assert not_in_the_template(one) == {"TEMPORAL_DB_HSOT"}


def test_every_service_that_its_configuration_has_is_started() -> None:
    """Also the internal frontend: where the configuration has one, Temporal's own worker asks no other."""
    template = (ROOT / "deploy" / "temporal-server" / "server.yaml").read_text()
    (listed,) = re.findall(r"range \$name, \$ports := dict (.+?) }}", template)
    wanted = set(re.findall(r'"([a-z-]+)" \(list', listed))
    assert set(services(BASE)["temporal"]["environment"]["TEMPORAL_SERVICES"].split(",")) == wanted
