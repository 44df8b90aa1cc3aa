"""Cancelling what a workflow has under way, so that nothing goes on unseen and nothing waits for ever.

An activity, or a wait with a time limit, that ends in the very task in which it is cancelled returns its result and
hides the cancellation. A signal to another workflow hides each that comes while it is under way, and has the task
forget it besides. Whoever goes on after one asks `still_wanted` before it waits again.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from weakref import WeakSet

from temporalio import workflow

Result = TypeVar("Result")

# Every task that was asked to stop, of all workflows: it concerns the task alone, and goes with it.
_unwanted: "WeakSet[asyncio.Task[Any]]" = WeakSet()


def still_wanted() -> None:
    """Raise CancelledError where the present task was asked to stop and something hid it."""
    task = asyncio.current_task()
    if task is None:
        return
    if task.cancelling() or (task in _unwanted and _is_remembered()):
        raise asyncio.CancelledError


@asynccontextmanager
async def signalling() -> AsyncIterator[None]:
    """Raise CancelledError after the block where the workflow was cancelled within it and a signal there hid it."""
    before = workflow.cancellation_reason()
    yield
    if before is None and workflow.cancellation_reason() is not None:
        await asyncio.sleep(0)  # one that was not hidden comes here, and once
        if _is_remembered():
            raise asyncio.CancelledError


def _is_remembered() -> bool:
    """Patched where it comes to it alone: a history in which a signal hid a cancellation goes on as it did."""
    return workflow.patched("a-signal-hides-no-cancellation")


async def stopped(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel these tasks and wait until they have put away what they had open.

    Not to be called in a `finally`: a workflow that leaves the cache is closed there and may not wait any more.
    """
    running = [task for task in tasks if not task.done()]
    for task in running:
        _unwanted.add(task)
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def finished(doing: Awaitable[Result]) -> tuple[Result, bool]:
    """What the record may already hold is not dropped: finish it, and say whether a cancellation came meanwhile."""
    task = asyncio.ensure_future(doing)
    try:
        return await asyncio.shield(task), False
    except asyncio.CancelledError:
        return await task, True
