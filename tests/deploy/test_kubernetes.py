"""The Helm chart, rendered without a cluster and held against Kubernetes' own schema, our settings and good custom."""

import copy
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import helm_python
import kubernetes_validate
import pytest
import yaml

import worker
from starter.__main__ import sfo
from starter.settings import Settings

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "kubernetes" / "chart"
KUBERNETES = "1.33"
KNOWN = {str(field.alias) for field in Settings.model_fields.values()}
REQUIRED = {str(field.alias) for field in Settings.model_fields.values() if field.is_required()}
SECRET = {
    *("SFO_DATABASE_URL", "SFO_SCHEMA_DATABASE_URL", "SFO_SMTP_URL", "SFO_LINK_KEYS", "SFO_PAYLOAD_KEYS"),
    *("SFO_OIDC_CLIENT_SECRET", "SFO_AUDIT_KEY", "SFO_NOTIFY_API_KEY", "SFO_NOTIFY_CALLBACK_TOKEN"),
}
NOT_OF_KUBERNETES = {"PodMonitor", "PrometheusRule", "ScaledObject", "WorkerDeployment", "Connection"}
VOLUMES = {"emptyDir", "configMap", "secret", "persistentVolumeClaim"}
NEEDS_TEMPORAL_ALONE = "sfo-namespace"
EVERYTHING = {
    "worker": {"autoscaling": {"enabled": True}},
    "gateway": {"autoscaling": {"enabled": True}, "dataClaim": "heads", "returnedMailClaim": "returned"},
    "keyCopiesClaim": "copies",
    "rulebookConfigMap": "rulebooks",
    "directoryConfigMap": "directories",
    "secrets": {"auditKey": True, "temporal": "sfo-temporal"},
    "image": {"pullSecrets": ["registry"], "digest": f"sha256:{'0' * 64}"},
    "settings": {"SFO_OTLP_ENDPOINT": "http://collector:4318"},
}

Objects = list[dict[str, Any]]


def values_of(name: str) -> dict[str, Any]:
    """The values of an environment; `everything`: those of prod, with whatever is off by default."""
    file = CHART / f"values-{'prod' if name == 'everything' else name}.yaml"
    values: dict[str, Any] = yaml.safe_load(file.read_text())
    if name == "everything":
        for key, more in EVERYTHING.items():
            values[key] = {**values.get(key, {}), **more} if isinstance(more, dict) else more
    return values


def rendered(values: dict[str, Any]) -> Objects:
    manifests = helm_python.Chart.load(CHART).render(values, name="sfo", namespace="sfo")
    return [one for text in manifests.values() for one in yaml.safe_load_all(text) if one]


@pytest.fixture(params=["dev", "preprod", "prod", "everything"])
def objects(request: pytest.FixtureRequest) -> Objects:
    return rendered(values_of(request.param))


def of_kind(objects: Objects, *kinds: str) -> Objects:
    return [one for one in objects if one["kind"] in kinds]


def workloads(objects: Objects) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Name, pod template and only container of whatever makes pods."""
    for one in of_kind(objects, "Deployment", "Job"):
        template = one["spec"]["template"]
        (container,) = template["spec"]["containers"]
        yield one["metadata"]["name"], template, container


# --- What must hold, as problems that are named ------------------------------------------------------------------


def against_the_schema(objects: Objects) -> Iterator[str]:
    for one in objects:
        if one["kind"] not in NOT_OF_KUBERNETES:
            try:
                kubernetes_validate.validate(one, KUBERNETES, strict=True)
            except kubernetes_validate.ValidationError as error:
                yield f"{one['kind']} {one['metadata']['name']}: {error.message}"


def not_restricted(objects: Objects) -> Iterator[str]:
    """What the Pod Security Standard `restricted` would refuse, and a root file system that can be written."""
    for name, template, container in workloads(objects):
        pod, own = template["spec"], container["securityContext"]
        held = {
            "runs as root": pod["securityContext"].get("runAsNonRoot") is True,
            "has no seccomp profile": pod["securityContext"].get("seccompProfile") == {"type": "RuntimeDefault"},
            "may gain privileges": own.get("allowPrivilegeEscalation") is False,
            "keeps capabilities": own.get("capabilities") == {"drop": ["ALL"]},
            "writes to its root": own.get("readOnlyRootFilesystem") is True,
            "is given a token": pod.get("automountServiceAccountToken") is False,
            "is given other services' addresses": pod.get("enableServiceLinks") is False,
            "reaches the host": not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys(),
            "has another volume": all(VOLUMES & volume.keys() for volume in pod["volumes"]),
            "has no limit": {"requests", "limits"} <= container["resources"].keys(),
        }
        yield from (f"{name} {what}" for what, is_held in held.items() if not is_held)


def wrong_settings(objects: Objects) -> Iterator[str]:
    plain = {one["metadata"]["name"]: one["data"] for one in of_kind(objects, "ConfigMap")}
    for name, _, container in workloads(objects):
        shared = {key for one in container.get("envFrom", ()) for key in plain[one["configMapRef"]["name"]]}
        given = {one["name"] for one in container["env"]} | shared
        yield from (f"{name}: {one} is no setting" for one in sorted(given - KNOWN))
        needed = {"SFO_TEMPORAL_ADDRESS"} if name == NEEDS_TEMPORAL_ALONE else REQUIRED
        yield from (f"{name}: {one} is missing" for one in sorted(needed - given))
        if name == NEEDS_TEMPORAL_ALONE and given & SECRET:
            yield f"{name} is given secrets"
        yield from (f"{name}: {one} is a secret in a ConfigMap" for one in sorted(shared & SECRET))
        for one in container["env"]:
            if one["name"] in SECRET and set(one) != {"name", "valueFrom"}:
                yield f"{name}: {one['name']} is written out"
        if "SFO_SCHEMA_DATABASE_URL" in given and name != "sfo-schema":
            yield f"{name} is given the owner's address"


def loose_ends(objects: Objects) -> Iterator[str]:
    """Selectors that choose no pod, ports that no container has, accounts and volumes that are not there."""
    pods = {name: template for name, template, _ in workloads(objects)}
    for one in of_kind(objects, "Deployment", "Service", "PodDisruptionBudget", "PodMonitor"):
        selector = one["spec"]["selector"]
        wanted = selector.get("matchLabels", selector).items()
        chosen = [name for name, pod in pods.items() if wanted <= pod["metadata"]["labels"].items()]
        if chosen != [one["metadata"]["name"]]:
            yield f"{one['kind']} {one['metadata']['name']} selects {chosen}"
    accounts = {one["metadata"]["name"] for one in of_kind(objects, "ServiceAccount")}
    for name, template, container in workloads(objects):
        if template["spec"]["serviceAccountName"] not in accounts:
            yield f"{name} has no account"
        if {one["name"] for one in container["volumeMounts"]} != {one["name"] for one in template["spec"]["volumes"]}:
            yield f"{name}: volumes and mounts differ"
        ports = {one["name"] for one in container.get("ports", ())}
        probes = {probe: container[probe]["httpGet"]["port"] for probe in container if probe.endswith("Probe")}
        yield from (f"{name}: {probe} asks {port}" for probe, port in probes.items() if port not in ports)
        if "ports" in container and len(probes) != 3:
            yield f"{name} has {len(probes)} probes"


def network(objects: Objects) -> dict[str, tuple[set[int], set[str]]]:
    """By component: the ports that it may reach, DNS left out, and those of its own that may be reached."""
    found = {}
    for one in of_kind(objects, "NetworkPolicy"):
        spec = one["spec"]
        assert spec["policyTypes"] == ["Ingress", "Egress"]
        out = {port["port"] for rule in spec.get("egress", ()) for port in rule["ports"]} - {53}
        inward = {port["port"] for rule in spec.get("ingress", ()) for port in rule["ports"]}
        assert all(rule["to"] for rule in spec.get("egress", ()))
        assert all(rule["from"] for rule in spec.get("ingress", ()))
        found[one["metadata"]["name"].removeprefix("sfo-")] = (out, inward)
    return found


RULES: dict[str, Callable[[Objects], Iterator[str]]] = {
    "schema": against_the_schema,
    "restricted": not_restricted,
    "settings": wrong_settings,
    "ends": loose_ends,
}


@pytest.mark.parametrize("rule", RULES)
def test_every_environment_keeps_the_rule(objects: Objects, rule: str) -> None:
    assert list(RULES[rule](objects)) == []


PLANTED: list[tuple[str, str, Callable[[dict[str, Any]], object], str]] = [
    ("schema", "Deployment", lambda one: one["spec"].update(replica=3), "replica"),
    ("restricted", "Deployment", lambda one: _pod(one)["securityContext"].pop("runAsNonRoot"), "runs as root"),
    ("restricted", "Job", lambda one: _container(one)["securityContext"].pop("capabilities"), "keeps capabilities"),
    ("settings", "Deployment", lambda one: _container(one)["env"].append({"name": "SFO_LINKS"}), "is no setting"),
    ("settings", "Deployment", lambda one: _container(one)["env"].clear(), "SFO_LINK_KEYS is missing"),
    ("settings", "Job", lambda one: _secret(one).update(value="postgresql://"), "is written out"),
    ("ends", "Service", lambda one: one["spec"]["selector"].clear(), "selects"),
    ("ends", "Deployment", lambda one: _container(one)["ports"].clear(), "asks"),
    ("ends", "Deployment", lambda one: _container(one)["volumeMounts"].pop(), "volumes and mounts differ"),
]


def _pod(one: dict[str, Any]) -> dict[str, Any]:
    pod: dict[str, Any] = one["spec"]["template"]["spec"]
    return pod


def _container(one: dict[str, Any]) -> dict[str, Any]:
    container: dict[str, Any] = _pod(one)["containers"][0]
    return container


def _secret(one: dict[str, Any]) -> dict[str, Any]:
    return next(env for env in _container(one)["env"] if env["name"] in SECRET)


@pytest.mark.parametrize(("rule", "kind", "plant", "said"), PLANTED)
def test_a_planted_mistake_is_found(rule: str, kind: str, plant: Callable[[dict[str, Any]], object], said: str) -> None:
    objects = copy.deepcopy(rendered(values_of("everything")))
    plant(of_kind(objects, kind)[0])
    assert any(said in problem for problem in RULES[rule](objects))


# --- What each part must be --------------------------------------------------------------------------------------


def test_each_component_reaches_what_it_needs_and_nothing_else() -> None:
    services = {5432, 7233, 587}
    assert network(rendered(values_of("preprod"))) == {
        "deny": (set(), set()),
        "schema": ({5432}, set()),
        "namespace": ({7233}, set()),
        "worker": (services, {"metrics"}),
        "gateway": (services, {"metrics", "http"}),
    }
    assert network(rendered(values_of("everything")))["worker"][0] == services | {4318}
    assert network(rendered(values_of("everything")))["gateway"][0] == services | {4318, 443}


def test_a_node_is_drained_one_pod_of_a_kind_at_a_time(objects: Objects) -> None:
    """Not `minAvailable`, by which the only pod of a development environment would hold its node for ever."""
    budgets = of_kind(objects, "PodDisruptionBudget")
    assert [one["spec"].get("maxUnavailable") for one in budgets] == [1, 1]


def test_a_worker_is_given_longer_than_it_drains() -> None:
    for name, template, _ in workloads(rendered(values_of("prod"))):
        if name == "sfo-worker":
            assert template["spec"]["terminationGracePeriodSeconds"] > worker.DRAIN.total_seconds()


def test_a_deployment_that_is_scaled_by_load_has_no_number_of_its_own() -> None:
    objects = rendered(values_of("everything"))
    scaled = {one["spec"]["scaleTargetRef"]["name"] for one in of_kind(objects, "HorizontalPodAutoscaler")}
    assert scaled == {"sfo-worker", "sfo-gateway"}
    assert all("replicas" not in one["spec"] for one in of_kind(objects, "Deployment"))


def test_alerts_and_dashboards_are_those_of_the_service() -> None:
    objects = rendered(values_of("prod"))
    (rules,) = of_kind(objects, "PrometheusRule")
    assert rules["spec"] == yaml.safe_load((ROOT / "deploy" / "prometheus" / "rules.yml").read_text())
    jobs = {
        one["spec"]["podMetricsEndpoints"][0]["relabelings"][0]["replacement"] for one in of_kind(objects, "PodMonitor")
    }
    assert jobs == set(
        re.findall(r"sfo-(?:worker|gateway)", (ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
    )
    shown = {
        name: text for one in of_kind(objects, "ConfigMap") for name, text in one["data"].items() if ".json" in name
    }
    committed = {f"sfo-{file.name}": file.read_text() for file in (ROOT / "deploy" / "grafana").glob("*.json")}
    assert shown == committed


def unknown_commands(objects: Objects) -> list[str]:
    found = {name: container["command"] for name, _, container in workloads(objects)}
    return [
        name
        for name, (program, *words) in found.items()
        if not (program == "sfo" and words[0] in sfo.commands) and [program, *words] != ["python", "-m", "worker"]
    ]


def test_every_command_is_there_and_a_misspelt_one_is_found() -> None:
    objects = copy.deepcopy(rendered(values_of("prod")))
    assert unknown_commands(objects) == []
    for one in of_kind(objects, "Job"):
        _container(one)["command"][1] += "e"
    assert sorted(unknown_commands(objects)) == ["sfo-namespace", "sfo-schema"]


def test_schema_and_namespace_are_there_before_anything_else_of_a_release() -> None:
    objects = rendered(values_of("prod"))
    jobs = {one["metadata"]["name"]: one["metadata"]["annotations"] for one in of_kind(objects, "Job")}
    accounts = {one["metadata"]["name"]: one["metadata"] for one in of_kind(objects, "ServiceAccount")}
    assert jobs.keys() == {"sfo-schema", "sfo-namespace"}
    for name, annotations in jobs.items():
        assert annotations["helm.sh/hook"] == "pre-install,pre-upgrade"
        weight = "helm.sh/hook-weight"
        assert int(accounts[name]["annotations"][weight]) < int(annotations[weight])


ON = {"enabled": True}


@pytest.mark.parametrize(
    "wrong",
    [
        {"wroker": {}},
        {"worker": {"replica": 1}},
        {"settings": {"SFO_LINK_KEYS": "k1:secret"}},
        {"image": {"tags": ""}},
        {"temporalNamespace": {"keepDays": 3}},
        {"settings": {"SFO_BUILD_ID": "no spaces"}},
        {"worker": {"autoscaling": ON, "backlog": ON}},
        {"worker": {"autoscaling": ON, "controller": ON}},
        {"worker": {"backlog": ON, "controller": ON}},
        {"worker": {"controller": {**ON, "strategy": "Progressive"}}},
        {"worker": {"controller": {"strategy": "Slowly"}}},
        {"worker": {"controller": {"mutualTLSSecret": "tls", "apiKeySecret": {"name": "key", "key": "k"}}}},
    ],
)
def test_a_value_that_is_misspelt_or_a_secret_is_refused(wrong: dict[str, Any]) -> None:
    chart = helm_python.Chart.load(CHART)
    chart.validate_schema(chart.merge_values({}))
    with pytest.raises(helm_python.HelmError):
        chart.validate_schema(chart.merge_values(wrong))


def test_helm_itself_finds_nothing_to_say_against_it() -> None:
    found = helm_python.lint(str(CHART), values_of("prod"))
    assert [one for one in found["messages"] if one["severity"] > 1] == []


def test_notify_is_reached_and_its_secrets_are_given_where_letters_go_by_it_and_nowhere_else() -> None:
    without, by_notify = values_of("prod"), values_of("prod")
    by_notify["settings"] = by_notify["settings"] | {"SFO_NOTIFY_TEMPLATE": "f33517ff-2a88-4f6e-b855-c550268ce08a"}
    wanted = {"SFO_NOTIFY_API_KEY", "SFO_NOTIFY_CALLBACK_TOKEN"}
    for values, names in ((without, set()), (by_notify, wanted)):
        objects = rendered(values)
        given = {name: {one["name"] for one in container["env"]} for name, _, container in workloads(objects)}
        # The schema's job too: it reads the settings whole. The namespace's reads those of Temporal alone.
        without_secrets = given.pop(next(name for name in given if name.endswith("namespace")))
        assert without_secrets & wanted == set()
        assert [env & wanted for env in given.values()] == [names] * 3
        (policy,) = [one for one in of_kind(objects, "NetworkPolicy") if one["metadata"]["name"] == "sfo-worker"]
        ports = [port["port"] for to in policy["spec"]["egress"] for port in to["ports"]]
        assert (443 in ports) == bool(names)
        assert list(wrong_settings(objects)) == []
