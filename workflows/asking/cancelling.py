"""Cancelling what a workflow has under way, so that nothing goes on unseen and nothing waits for ever.

An activity, or a wait with a time limit, that ends in the very task in which it is cancelled returns its result and
hides the cancellation. Whoever goes on after one asks `still_wanted` before it waits again.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

Result = TypeVar("Result")


def still_wanted() -> None:
    """Raise CancelledError where the present task was asked to stop and something hid it."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def stopped(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel these tasks and wait until they have put away what they had open.

    Not to be called in a `finally`: a workflow that leaves the cache is closed there and may not wait any more.
    """
    running = [task for task in tasks if not task.done()]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def finished(doing: Awaitable[Result]) -> tuple[Result, bool]:
    """What the record may already hold is not dropped: finish it, and say whether a cancellation came meanwhile."""
    task = asyncio.ensure_future(doing)
    try:
        return await asyncio.shield(task), False
    except asyncio.CancelledError:
        return await task, True
