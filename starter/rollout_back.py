"""The way back: whatever build got work is left, and the one before gets all of it again."""

from dataclasses import dataclass

from temporalio.client import Client

from starter.deployment_state import Routing, unserved, workers
from starter.rollout import RolloutError, change, settled
from starter.rollout_keeping import Keeping, Kept
from starter.rollout_record import Ledger, way_back
from starter.temporal_state import count_open, ever_ran_on


@dataclass(frozen=True, slots=True)
class Back:
    """What was left and what gets all work now. `ran`: open workflows of which the build that was left did a step.

    `kept`: what became of those, where the code that gets the work was there to say.
    """

    left: str
    to: str
    ran: int
    kept: Kept | None = None

    def __str__(self) -> str:
        lines = [f"build {self.to} gets all work again; {self.left} gets none"]
        if self.kept:
            lines.append(str(self.kept))
        elif self.ran:
            lines.append(
                f"{self.ran} open workflows have taken steps on {self.left}. Keep its workers, and with the release of "
                f"{self.to} installed let what only {self.left} can carry stay with it: sfo rollout keep {self.left}"
            )
        return "\n".join(lines)


async def take_back(
    client: Client, ledger: Ledger, why: str, to: str | None = None, *, keeping: Keeping | None = None
) -> Back:
    """End the ramp, or make the build before current again; `to` names another. `why` goes into the record.

    `keeping`: how to look for what cannot go back, which is then left where it is: before the work is given to the
    other build, and once more for what was begun meanwhile. Without it the text says that it must be done.

    Workers of the build before must poll, or everything would stand still: then RolloutError, and nothing changed.
    Also raises TemporalAwayError, NotOnRecordError.
    """
    before = await settled(client)
    left = before.ramping or before.current
    back = before.current if before.ramping else (to or await way_back(ledger.pool, before))
    await _require(client, before, left, back, to)
    first = await keeping(left, back) if keeping else None
    if before.ramping:
        await change(client, before)
    else:
        await change(client, before, current=back)
    percentage = int(before.percentage) if before.ramping else 100
    await ledger.went_back(left, back, percentage, why)
    ran = await count_open(client, ever_ran_on(left))
    then = await keeping(left, back) if keeping and ran else None
    return Back(left, back, ran, first.and_then(then) if first and then else then or first)


async def _require(client: Client, before: Routing, left: str, back: str, to: str | None) -> None:
    if not left:
        raise RolloutError("no build is current, so there is nothing to go back from; see `sfo rollout status`")
    if not back:
        raise RolloutError(
            f"neither the record nor Temporal knows which build was current before {left}; name it: --to BUILD"
        )
    if to and to != back:
        raise RolloutError(f"{left} only ramps, so the way back is {back}; leave out --to")
    if not before.knows(back):
        raise RolloutError(f"no worker of build {back} has ever polled; `sfo rollout status` lists the builds")
    if back == left:
        raise RolloutError(f"build {back} is current already")
    if missing := unserved(await workers(client), back):
        raise RolloutError(
            f"no worker of build {back} polls {' and '.join(missing)}; start its workers, then say it again"
        )
