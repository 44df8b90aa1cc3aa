"""A few lines of concurrency for the model: tasks that wait for a condition, resumed until nothing moves any more."""

import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")
_ROUNDS = 2_000


@types.coroutine
def until(is_ready: Callable[[], bool]) -> Generator[None, None, None]:
    """Wait until this holds."""
    while not is_ready():
        yield


class Task(Generic[Result]):
    """One thing under way; `stop` ends it where it waits."""

    def __init__(self, work: Coroutine[Any, Any, Result]) -> None:
        self._work = work
        self.is_done = False
        self.was_stopped = False
        self.result: Result | None = None

    def step(self) -> None:
        """Go on as far as it can."""
        try:
            self._work.send(None)
        except StopIteration as end:
            self.is_done, self.result = True, end.value

    def stop(self) -> None:
        """It ends here, and whatever waits for it goes on."""
        if not self.is_done:
            self._work.close()
            self.is_done = self.was_stopped = True


class Tasks:
    """Everything that is under way, in the order in which it was started."""

    def __init__(self) -> None:
        self._running: list[Task[Any]] = []

    def start(self, work: Coroutine[Any, Any, Result]) -> Task[Result]:
        """Begin; it runs with the next `run`."""
        task = Task(work)
        self._running.append(task)
        return task

    async def together(self, *works: Coroutine[Any, Any, Any]) -> None:
        """Side by side until all have ended; stopped together with whoever waits."""
        tasks = [self.start(work) for work in works]
        try:
            await until(lambda: all(task.is_done for task in tasks))
        finally:
            for task in tasks:
                task.stop()

    def run(self, mark: Callable[[], object]) -> None:
        """Resume everything until a whole round changes nothing, by `mark`, and starts nothing."""
        for _ in range(_ROUNDS):
            before, known = mark(), len(self._running)
            for task in [*self._running]:
                if not task.is_done:
                    task.step()
            is_still = mark() == before and len(self._running) == known
            ended = [task for task in self._running if task.is_done]
            self._running = [task for task in self._running if not task.is_done]
            if is_still and not ended:
                return
        raise RuntimeError("the model never comes to rest")
