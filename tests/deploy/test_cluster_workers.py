"""The workers by backlog and by Temporal's Worker Controller, and the values for Temporal's own chart.

The schemas of those three are in no package. What is held here is their shape as their documents have it: KEDA 2.21's
`temporal` scaler, the controller's API `temporal.io/v1alpha1` since 1.7, the chart's `UPGRADING.md`.
"""

import copy
import re
from collections.abc import Callable, Iterator
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.deploy.composed import ROOT
from tests.deploy.test_kubernetes import (
    CHART,
    KUBERNETES,
    RULES,
    Objects,
    of_kind,
    rendered,
    values_of,
)
from workflows.contract import ids

KUBERNETES_FILES = ROOT / "deploy" / "kubernetes"
BACKLOG = {"enabled": True, "authentication": "temporal"}
CONTROLLER = {
    "enabled": True,
    "strategy": "Progressive",
    "steps": [{"rampPercentage": 5, "pauseDuration": "10m"}],
    "mutualTLSSecret": "sfo-controller",
}


def with_workers(**worker: Any) -> Objects:
    values = values_of("prod")
    values["worker"] = {**values["worker"], **worker}
    values["image"] = {"tag": "2026.11.1"}
    return rendered(values)


def settings_of(objects: Objects) -> dict[str, str]:
    (settings,) = [one["data"] for one in of_kind(objects, "ConfigMap") if one["metadata"]["name"] == "sfo-settings"]
    found: dict[str, str] = settings
    return found


def only(objects: Objects, kind: str) -> dict[str, Any]:
    (one,) = of_kind(objects, kind)
    return one


# --- what each kind may have -------------------------------------------------------------------------------------

SCALED = {
    "scaleTargetRef",
    "minReplicaCount",
    "maxReplicaCount",
    "pollingInterval",
    "cooldownPeriod",
    "advanced",
    "triggers",
}
TRIGGER = {
    *("endpoint", "namespace", "taskQueue", "queueTypes", "targetQueueSize", "activationTargetQueueSize"),
    *("workerDeploymentName", "workerDeploymentBuildId", "minConnectTimeout", "tlsServerName", "unsafeSsl"),
}
DEPLOYED = {
    *("replicas", "template", "minReadySeconds", "progressDeadlineSeconds", "rollout", "sunset", "workerOptions"),
}


def wrong_shape(objects: Objects) -> Iterator[str]:
    for one in of_kind(objects, "ScaledObject"):
        yield from (f"ScaledObject: {key}" for key in one["spec"].keys() - SCALED)
        for trigger in one["spec"]["triggers"]:
            yield from (f"trigger: {key}" for key in trigger.keys() - {"type", "metadata", "authenticationRef"})
            yield from (f"metadata: {key}" for key in trigger["metadata"].keys() - TRIGGER)
            yield from (
                f"metadata: {key} is no text" for key, v in trigger["metadata"].items() if not isinstance(v, str)
            )
    for one in of_kind(objects, "Connection"):
        yield from (
            f"Connection: {key}" for key in one["spec"].keys() - {"hostPort", "mutualTLSSecretRef", "apiKeySecretRef"}
        )
        if not re.fullmatch(r"[a-zA-Z0-9.-]+:[0-9]+", one["spec"]["hostPort"]):
            yield "Connection: hostPort"
        if {"mutualTLSSecretRef", "apiKeySecretRef"} <= one["spec"].keys():
            yield "Connection: two ways at once"
    for one in of_kind(objects, "WorkerDeployment"):
        yield from _wrong_deployment(one["spec"])


def _wrong_deployment(spec: dict[str, Any]) -> Iterator[str]:
    yield from (f"WorkerDeployment: {key}" for key in spec.keys() - DEPLOYED)
    if missing := {"template", "rollout", "sunset", "workerOptions"} - spec.keys():
        yield from (f"WorkerDeployment lacks {key}" for key in missing)
        return
    options = spec["workerOptions"]
    yield from (
        f"workerOptions: {key}"
        for key in options.keys() ^ {"connectionRef", "temporalNamespace", "unsafeCustomBuildID"}
    )
    if not re.fullmatch(r"[a-zA-Z0-9]([a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?", options["unsafeCustomBuildID"]):
        yield "workerOptions: unsafeCustomBuildID"
    yield from (f"sunset: {key}" for key in spec["sunset"].keys() - {"scaledownDelay", "deleteDelay"})
    if spec["rollout"]["strategy"] not in ("Manual", "AllAtOnce", "Progressive"):
        yield "rollout: strategy"
    if (spec["rollout"]["strategy"] == "Progressive") != bool(spec["rollout"].get("steps")):
        yield "rollout: steps"
    as_deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "as-one"},
        "spec": {"selector": {"matchLabels": spec["template"]["metadata"]["labels"]}, "template": spec["template"]},
    }
    try:
        kubernetes_validate.validate(as_deployment, KUBERNETES, strict=True)
    except kubernetes_validate.ValidationError as error:
        yield f"template: {error.message}"


@pytest.mark.parametrize(
    "worker", [{"backlog": BACKLOG}, {"controller": CONTROLLER}, {"controller": {"enabled": True}}]
)
def test_what_is_made_for_keda_and_for_the_controller_has_their_shape(worker: dict[str, Any]) -> None:
    objects = with_workers(**worker)
    assert of_kind(objects, "ScaledObject", "WorkerDeployment")
    assert list(wrong_shape(objects)) == []
    for name in ("schema", "restricted", "settings"):
        assert list(RULES[name](objects)) == []


@pytest.mark.parametrize(
    ("worker", "kind", "plant", "said"),
    [
        ({"backlog": BACKLOG}, "ScaledObject", lambda s: s["triggers"][0]["metadata"].update(taskQueu="x"), "taskQueu"),
        (
            {"backlog": BACKLOG},
            "ScaledObject",
            lambda s: s["triggers"][0]["metadata"].update(targetQueueSize=5),
            "no text",
        ),
        ({"controller": CONTROLLER}, "Connection", lambda s: s.update(hostPort="temporal"), "hostPort"),
        ({"controller": CONTROLLER}, "WorkerDeployment", lambda s: s.pop("sunset"), "lacks sunset"),
        ({"controller": CONTROLLER}, "WorkerDeployment", lambda s: s["rollout"].pop("steps"), "rollout: steps"),
        (
            {"controller": CONTROLLER},
            "WorkerDeployment",
            lambda s: s["workerOptions"].update(connection="x"),
            "connection",
        ),
        (
            {"controller": CONTROLLER},
            "WorkerDeployment",
            lambda s: s["template"]["spec"].update(container=[]),
            "container",
        ),
    ],
)
def test_a_planted_mistake_in_them_is_found(
    worker: dict[str, Any], kind: str, plant: Callable[[dict[str, Any]], Any], said: str
) -> None:
    objects = copy.deepcopy(with_workers(**worker))
    plant(only(objects, kind)["spec"])
    assert any(said in problem for problem in wrong_shape(objects))


# --- that they are ours ------------------------------------------------------------------------------------------


def test_by_default_there_is_neither() -> None:
    assert of_kind(with_workers(), "ScaledObject", "WorkerDeployment", "Connection") == []
    assert "SFO_DEPLOYMENT" not in settings_of(with_workers())


def test_backlog_is_that_of_our_queues_our_workers_and_the_build_that_runs() -> None:
    objects = with_workers(backlog=BACKLOG)
    triggers = only(objects, "ScaledObject")["spec"]["triggers"]
    assert {one["metadata"]["taskQueue"] for one in triggers} == {ids.CASEWORK_QUEUE, ids.NATIONAL_QUEUE}
    for one in triggers:
        assert one["metadata"]["workerDeploymentName"] == ids.DEPLOYMENT
        assert one["metadata"]["workerDeploymentBuildId"] == settings_of(objects)["SFO_BUILD_ID"] == "2026.11.1"
        assert one["authenticationRef"] == {"name": "temporal"}
    scaled = only(objects, "ScaledObject")["spec"]["scaleTargetRef"]["name"]
    (worker,) = [one for one in of_kind(objects, "Deployment") if one["metadata"]["name"] == scaled]
    assert "replicas" not in worker["spec"]


def test_the_controllers_pods_say_the_name_and_build_that_it_waits_for() -> None:
    objects = with_workers(controller=CONTROLLER)
    one = only(objects, "WorkerDeployment")
    # The controller's name for our workers: the namespace of Kubernetes, a slash, the object.
    assert settings_of(objects)["SFO_DEPLOYMENT"] == f"sfo/{one['metadata']['name']}"
    assert settings_of(objects)["SFO_BUILD_ID"] == one["spec"]["workerOptions"]["unsafeCustomBuildID"] == "2026.11.1"
    assert [d["metadata"]["name"] for d in of_kind(objects, "Deployment")] == ["sfo-gateway"]
    assert one["spec"]["workerOptions"]["connectionRef"]["name"] == only(objects, "Connection")["metadata"]["name"]
    (container,) = one["spec"]["template"]["spec"]["containers"]
    assert {"configMapRef": {"name": "sfo-settings"}} in container["envFrom"]
    budgets = {
        b["metadata"]["name"]: b["spec"]["selector"]["matchLabels"] for b in of_kind(objects, "PodDisruptionBudget")
    }
    assert budgets["sfo-worker"].items() <= one["spec"]["template"]["metadata"]["labels"].items()


def test_what_must_be_kept_lies_on_claims_and_the_way_to_temporal_in_a_secret() -> None:
    objects = rendered(values_of("everything"))
    kept = {"sfo-gateway": {"heads", "returned", "copies"}, "sfo-worker": {"copies"}}
    for one in of_kind(objects, "Deployment", "Job"):
        pod = one["spec"]["template"]["spec"]
        volumes = {v["name"]: v for v in pod["volumes"]}
        mounts = {m["name"]: m["mountPath"] for m in pod["containers"][0]["volumeMounts"]}
        claims = {v["persistentVolumeClaim"]["claimName"] for v in pod["volumes"] if "persistentVolumeClaim" in v}
        assert claims == kept.get(one["metadata"]["name"], set())
        assert settings_of(objects)["SFO_TEMPORAL_CONFIG"] == f"{mounts['temporal']}/temporal.toml"
        assert volumes["temporal"]["secret"]["secretName"] == "sfo-temporal"
        env = {e["name"]: e.get("value") for e in pod["containers"][0]["env"]}
        assert env.get("SFO_BOUNCE_DIR") == mounts.get("returned-mail")
        assert env.get("SFO_KEY_BACKUP_DIR") == mounts.get("key-copies")


# --- Temporal's own chart ----------------------------------------------------------------------------------------

VALUES = yaml.safe_load((KUBERNETES_FILES / "temporal-values.yaml").read_text())
SQL = {
    *("createDatabase", "manageSchema", "pluginName", "driverName", "databaseName", "connectAddr", "connectProtocol"),
    *("user", "existingSecret", "secretKey", "maxConns", "maxIdleConns", "maxConnLifetime"),
}
SERVER = ROOT / "deploy" / "temporal-server"


def test_the_values_for_temporals_chart_are_those_of_our_server() -> None:
    template = (SERVER / "server.yaml").read_text()
    persistence = VALUES["server"]["config"]["persistence"]
    assert f"numHistoryShards: {persistence['numHistoryShards']}\n" in template
    names = {"default": "temporal", "visibility": "temporal_visibility"}
    for store, name in names.items():
        sql = persistence["datastores"][store]["sql"]
        assert sql.keys() == SQL
        assert f"pluginName: {sql['pluginName']}\n" in template
        assert sql["databaseName"] == name
        assert "password" not in sql
        assert re.search(rf'"{store}" \(list "TEMPORAL\w*_DB_NAME" "{name}" "{sql["maxConns"]}"\)', template)
    assert persistence["datastores"].keys() == names.keys()
    assert yaml.safe_load((SERVER / "dynamic.yaml").read_text()) == VALUES["server"]["dynamicConfig"]


def test_the_versions_are_those_of_the_compose_file() -> None:
    composed = (ROOT / "deploy" / "compose" / "compose.yaml").read_text()
    for image in (VALUES["server"]["image"], VALUES["admintools"]["image"], VALUES["web"]["image"]):
        assert f"image: {image['repository']}:{image['tag']}\n" in composed


def test_the_web_ui_has_the_switches_as_shipped() -> None:
    lines = (ROOT / "deploy" / "temporal-ui" / "temporal-ui.env").read_text().splitlines()
    shipped = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    given = {one["name"]: one["value"] for one in VALUES["web"]["additionalEnv"]}
    own = {"TEMPORAL_DEFAULT_NAMESPACE"}  # the chart gives TEMPORAL_ADDRESS by itself
    assert given.keys() == shipped.keys() - {"TEMPORAL_ADDRESS"}
    assert {k: v for k, v in given.items() if k not in own} == {k: shipped[k] for k in given.keys() - own}


def test_no_service_of_temporal_is_away_as_a_whole_while_a_node_is_drained() -> None:
    parts = [VALUES["server"][name] for name in ("frontend", "history", "matching", "worker")] + [VALUES["web"]]
    for part in parts:
        assert part["replicaCount"] > 1  # with one the chart makes no budget
        assert part["podDisruptionBudget"] == {"maxUnavailable": 1}
        assert {"requests", "limits"} <= part["resources"].keys()


def test_the_chart_is_told_of_the_ways_that_are_off() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert values["worker"]["backlog"]["enabled"] is values["worker"]["controller"]["enabled"] is False
    claims = values["gateway"]["dataClaim"], values["gateway"]["returnedMailClaim"], values["keyCopiesClaim"]
    assert {*claims, values["secrets"]["temporal"]} == {""}
