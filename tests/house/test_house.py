"""The house is in order: every workflow registered and placed, ports kept, layers held, order told once."""

import ast
import re
import subprocess
import sys
from pathlib import Path

from temporalio import activity, workflow

import workflows
from activities.casework import PostgresCasework
from activities.gates import PostgresGates
from activities.weekday_digest import PostgresDigests
from starter.registered import BY_TYPE, CASEWORK
from workflows.contract.ports import Casework, Digests, Gates
from workflows.contract.vocabulary import Stage
from workflows.policy import stages

ROOT = Path(__file__).parents[2]


def test_every_file_in_workflows_is_one_registered_workflow() -> None:
    files = {path.stem for path in (ROOT / "workflows").glob("*.py")} - {"__init__"}
    modules = [cls.__module__.removeprefix("workflows.") for cls in BY_TYPE.values()]
    assert sorted(modules) == sorted(files)


def test_each_stage_has_the_name_of_its_file() -> None:
    names = {cls.__module__: workflow._Definition.must_from_class(cls).name for cls in CASEWORK}
    for stage in Stage:
        assert names[f"workflows.{stage.value.replace('-', '_')}"] == stage.value


def test_the_order_is_the_same_wherever_it_is_told() -> None:
    told = re.findall(r"^\d+\. ([a-z-]+):", workflows.__doc__ or "", re.MULTILINE)
    assert told == [str(stage) for stage in stages.ORDER]
    read = list(dict.fromkeys(re.findall(r"Stage\.([A-Z_]+)", procedure_of_the_case())))
    in_case = [Stage[name].value for name in read]
    # The early look and disclosure run beside the rest, so the case names them where they begin and not in turn.
    beside = {Stage.EARLY_LOOK.value, Stage.VICTIM_DISCLOSURE.value}
    assert [s for s in in_case if s not in beside] == [s for s in told if s not in beside]
    assert set(in_case) == set(told)


def procedure_of_the_case() -> str:
    """The bodies of the case's procedure, each where it is called from."""
    source = (ROOT / "workflows" / "case.py").read_text()
    names = re.findall(r"\w+", "charge run carry follow_from_court follow notify pass_review reviewed review disclose")
    bodies = {name: source.split(f"async def {name}(")[1].split("\n    async def ")[0] for name in names}
    run = bodies["run"]
    for name in names[:-1]:
        run = run.replace(f"self.{name}()", bodies[name])
    return run + bodies["disclose"]


def test_every_port_method_is_implemented_as_an_activity() -> None:
    for port, implementation in ((Gates, PostgresGates), (Casework, PostgresCasework), (Digests, PostgresDigests)):
        for name in port.__abstractmethods__:
            defined = activity._Definition.from_callable(getattr(implementation, name))
            assert defined is not None, f"{implementation.__name__}.{name} lacks @activity.defn"
            assert defined.name == name


def test_loading_the_lifecycle_loads_no_driver() -> None:
    code = (
        "import sys, workflows.case, workflows.review;"
        "bad = {'asyncpg', 'aiosmtplib', 'activities', 'starter', 'starlette', 'cryptography'} & set(sys.modules);"
        "sys.exit(', '.join(bad) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_activity_and_every_timer_says_in_the_temporal_ui_what_it_is() -> None:
    untold = []
    for path in sorted((ROOT / "workflows").rglob("*.py")):
        for call in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)):
            name, given = ast.unparse(call.func), {keyword.arg for keyword in call.keywords}
            is_timer = name == "workflow.wait_condition" and "timeout" in given and "timeout_summary" not in given
            is_step = name.startswith(("workflow.execute_", "workflow.sleep", "workflow.start_activity"))
            if is_timer or (is_step and "summary" not in given):
                untold.append(f"{path.relative_to(ROOT)}:{call.lineno} {name}")
    assert not untold
