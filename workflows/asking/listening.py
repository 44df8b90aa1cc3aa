"""What arrives at a case: taken in its order, while the procedure goes on; what takes long goes on beside the rest."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from pydantic import BaseModel
from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import FailureError, is_cancelled_exception

from .inbox import DeadLetters


class Listening:
    """One action for each kind of message. `beside` are the kinds that the next message does not wait for."""

    def __init__(
        self,
        dead_letters: DeadLetters,
        actions: Mapping[type[BaseModel], Callable[[Any], Awaitable[None]]],
        beside: tuple[type[BaseModel], ...],
    ) -> None:
        self.dead_letters, self.actions, self.beside = dead_letters, actions, beside
        self.inbox: deque[BaseModel] = deque()
        self.attending: set[asyncio.Task[None]] = set()

    @property
    def is_busy(self) -> bool:
        """Whether something has arrived that is not done yet."""
        return bool(self.inbox or self.attending)

    def receive(self, name: str, raw: RawValue, kind: type[BaseModel]) -> None:
        """Take a signal; one that does not fit is a dead letter."""
        if message := self.dead_letters.read(name, raw, kind):
            self.take(message)

    def take(self, message: BaseModel) -> None:
        """Take a message in its turn."""
        self.inbox.append(message)

    async def run(self) -> None:
        """Do what each message asks for, until cancelled."""
        while True:
            await workflow.wait_condition(lambda: bool(self.inbox))
            message = self.inbox.popleft()
            task = self.attend_to(self._attend(message))
            if not isinstance(message, self.beside):
                await task  # the court's events count in the order in which they came

    def attend_to(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do this beside the rest; the case does not close meanwhile."""
        task = asyncio.create_task(work)
        self.attending.add(task)
        task.add_done_callback(self.attending.discard)
        return task

    async def _attend(self, message: BaseModel) -> None:
        try:
            await self.actions[type(message)](message)
        except FailureError as error:
            if is_cancelled_exception(error):
                raise
            # Its workflow was ended by hand, or the record refused it for good. What it held stays held; the case
            # goes on listening and says so.
            self.dead_letters.keep(type(message).__name__, type(error).__name__)
