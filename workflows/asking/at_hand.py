"""Short steps, done by the worker that has the workflow at hand, within the very task that asks for them.

There a step is a local activity: one event of the history where an activity takes six, and no way over the server, so
that an answer is applied and the next question asked in one go. It is tried once. Where it fails or takes long, any
worker takes it as an activity, again and again; for the record both are one transition, which happens once.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import FailureError, is_cancelled_exception

from workflows.contract.message import Message
from workflows.contract.options import AT_HAND, RECORD

Result = TypeVar("Result")

_PATCH = "at-hand"
"""A workflow that has begun to go by activities alone goes on so to its end."""


async def at_hand(step: Callable[[Any, Any], Awaitable[Result]], message: Message, summary: str) -> Result:
    """Do this step, at hand where that goes, and return its result. Errors: what the activity ends with for good."""
    if workflow.patched(_PATCH):
        try:
            done: Result = await workflow.execute_local_activity_method(step, message, summary=summary, **AT_HAND)
            return done
        except FailureError as error:  # for a step at hand the SDK raises what it raised, not ActivityError
            if is_cancelled_exception(error):
                raise
    again: Result = await workflow.execute_activity_method(step, message, summary=summary, **RECORD)
    return again
