"""How a workflow's code is loaded, for the worker and for the check before a rollout alike."""

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

# What workflows share: pure, without state between calls, but for which tasks were asked to stop (asking/cancelling).
SHARED = ("workflows.contract", "workflows.policy", "workflows.asking")


def workflow_runner() -> SandboxedWorkflowRunner:
    """Each workflow's own module is loaded anew in the sandbox; what they share is loaded once for all of them.

    That halves what a cached workflow takes (decision 32). What the sandbox would refuse there, a clock or chance,
    is refused by the checks of pyproject.toml.
    """
    restrictions = SandboxRestrictions.default.with_passthrough_modules(*SHARED)
    return SandboxedWorkflowRunner(restrictions=restrictions)
