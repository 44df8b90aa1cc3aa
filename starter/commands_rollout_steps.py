"""The steps of a rollout as commands: the guide, and each of its steps by itself."""

import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import click

from starter.command import BAD_INPUT, OUT_OF_REACH, REFUSED, CommandError, Services, example, services, wait_for
from starter.deployment_state import routing, standing
from starter.progress import Progress
from starter.reconciling import Reconciliation
from starter.rollout import RolloutError
from starter.rollout_drain import Drained
from starter.rollout_drain import drain as drained
from starter.rollout_guide import Ended, Guide, RefusedRolloutError
from starter.rollout_record import Ledger, NotOnRecordError
from starter.rollout_watch import Compare, Verdict, Watch
from starter.rollout_words import check_text, plan_text, standing_data, standing_text
from workflows.contract.ids import DEPLOYMENT

Done = TypeVar("Done")

BY = click.option("--as", "by", required=True, help="The email address of whoever says so: it goes on the record.")
_SECONDS = click.IntRange(1, 86_400)


class Steps(click.ParamType[tuple[int, ...]]):
    """Percentages that grow, written 5,25."""

    name = "percentages"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """Read them; anything else is bad input."""
        if isinstance(value, tuple):
            return value
        parts = [part.strip() for part in str(value).split(",")]
        steps = tuple(int(part) for part in parts if part.isdecimal())
        if len(steps) != len(parts) or list(steps) != sorted(set(steps)) or not all(1 <= one <= 100 for one in steps):
            self.fail(f"{value!r} are not percentages that grow; write them as 5,25", param, ctx)
        return steps


def an_address(by: str) -> str:
    """Take what --as names. Raises CommandError for what is no address."""
    if by.count("@") != 1 or by.strip("@ ") != by:
        raise CommandError(BAD_INPUT, f"--as: {by!r} is not an email address; give your own")
    return by


@click.command(epilog=example("sfo rollout status", "sfo rollout status --json"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(as_json: bool) -> None:
    """Show which build gets work, how many workers each has, and how many open workflows ran on each last.

    What is pinned to a build, and what fails, is named below. Changes nothing.
    """

    async def work(reached: Services) -> str:
        now = await standing(reached.delivery.client)
        return json.dumps(standing_data(now), indent=2) if as_json else standing_text(now)

    click.echo(in_service(work))


@click.command(
    epilog=example(
        "sfo rollout go --dry-run --as operator@example.test",
        "sfo rollout go --as operator@example.test",
        "sfo rollout go --steps 5,25,50 --watch 600 --yes --as operator@example.test",
    )
)
@BY
@click.option("--steps", default="5,25", show_default=True, type=Steps(), help="The ramp, in percent; then all.")
@click.option("--watch", default=300, show_default=True, type=_SECONDS, help="Seconds to watch after each step.")
@click.option("--wait", default=300, show_default=True, type=_SECONDS, help="Seconds for workers, and for the drain.")
@click.option("--yes", is_flag=True, help="Do not ask before each step.")
@click.option("--dry-run", is_flag=True, help="Count everything, say what would be done, and change nothing.")
def go(by: str, steps: Sequence[int], watch: int, wait: int, yes: bool, dry_run: bool) -> None:
    """Ship the build that is installed here, step by step: check, workers, ramp, watch, current, watch, drain.

    Each step is said and asked before it is done. If a watch turns bad the build before gets all work again at once.
    It refuses where an open workflow would break or cannot be read, where another rollout is under way, and where a
    queue has no worker of the build. Ends with 0 only when the build is current and did well.
    """

    async def work(reached: Services) -> Ended:
        guide = _guide(reached, an_address(by), steps, timedelta(seconds=watch), timedelta(seconds=wait), yes=yes)
        if not dry_run:
            return await guide.go()
        plan = await guide.plan()
        return Ended(not plan.problems, "\n".join([plan_text(plan, guide), *plan.problems]))

    try:
        ended = in_service(work)
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped where it was: see `sfo rollout status`; on: `sfo rollout go`; back: `sfo rollout back`")
        raise
    click.echo(ended.text)
    for workflow in ended.workflows:
        click.echo(f"  {workflow}")
    if not ended.is_shipped:
        raise CommandError(REFUSED, "it would be refused" if dry_run else "the build is not shipped")


@click.command(epilog=example("sfo rollout ramp 5 --as operator@example.test"))
@click.argument("percentage", type=click.IntRange(1, 100))
@BY
def ramp(percentage: int, by: str) -> None:
    """Send so many percent of the workflows to the build that is installed here, each with its next step.

    It checks first and refuses as `sfo rollout go` does, and does not watch: `sfo rollout watch` does.
    """

    async def work(reached: Services) -> str:
        guide = _guide(reached, an_address(by), (percentage,), timedelta(0), timedelta(seconds=1), yes=True)
        after = await guide.ramp(percentage)
        return f"build {after.ramping} gets {after.percentage:g} % of the workflows; now: sfo rollout watch"

    click.echo(in_service(work))


@click.command(epilog=example("sfo rollout watch", "sfo rollout watch --seconds 60 --build 2026.11.2"))
@click.option("--seconds", default=300, show_default=True, type=_SECONDS, help="How long.")
@click.option("--build", help="Another than the one that ramps, or is current.")
def watch(seconds: int, build: str | None) -> None:
    """Watch whether a build does well: what fails or ends under it, what strands, what waits, whether workers poll.

    What was wrong before the watch began is left out. Changes nothing. Ends with 1 as soon as it is bad.
    """

    async def work(reached: Services) -> Verdict:
        client = reached.delivery.client
        routes = await routing(client)
        watched = build or routes.ramping or routes.current
        if not routes.knows(watched):
            raise RolloutError(f"no worker of build {watched} has ever polled; `sfo rollout status` lists the builds")
        watching = Watch(client, watched, _comparing(reached), say)
        await watching.begin()
        return await watching.run(timedelta(seconds=seconds))

    verdict = in_service(work)
    if not verdict.is_good:
        for workflow in verdict.workflows:
            click.echo(f"  {workflow}")
        raise CommandError(REFUSED, f"bad: {'; '.join(verdict.bad)}; the way back: sfo rollout back")
    click.echo(f"nothing bad; {verdict.ran} workflows have run on it")


@click.command(epilog=example("sfo rollout drain 2026.11.1", "sfo rollout drain 2026.11.1 --wait 3600"))
@click.argument("build")
@click.option("--wait", default=60, show_default=True, type=_SECONDS, help="Seconds to wait.")
def drain(build: str, wait: int) -> None:
    """Wait until no open workflow needs this build, and say what does, by type; then its workers may be stopped.

    Changes nothing. Ends with 1 while something needs it.
    """

    async def work(reached: Services) -> Drained:
        return await drained(reached.delivery.client, build, timedelta(seconds=wait), say)

    found = in_service(work)
    if not found.is_done:
        raise CommandError(REFUSED, str(found))
    click.echo(str(found))


def _guide(
    reached: Services, by: str, steps: Sequence[int], lasting: timedelta, patience: timedelta, *, yes: bool
) -> Guide:
    return Guide(
        reached.delivery.client,
        Ledger(reached.pool, by),
        reached.settings.build_id,
        steps,
        lasting,
        patience,
        say,
        (lambda _: True) if yes else (lambda question: click.confirm(question, err=True)),
        _comparing(reached),
        replayed=replayed(),
    )


def replayed() -> Callable[[int], None]:
    """Says now and then how many were replayed."""
    progress = Progress(say)
    return lambda number: progress(f"{number} replayed")


def _comparing(reached: Services) -> Compare:
    comparing = Reconciliation.of(reached.settings, reached.delivery, reached.pool)
    comparing.say = say
    return comparing.look


def in_service(work: Callable[[Services], Awaitable[Done]]) -> Done:
    """Do it, and end the command as it deserves where it cannot be done."""

    async def worked() -> Done:
        async with services() as reached:
            if reached.settings.deployment != DEPLOYMENT:
                raise RolloutError(
                    f"SFO_DEPLOYMENT is {reached.settings.deployment}: whoever named it so, as Temporal's Worker "
                    "Controller does, ships its builds; two at once would undo each other's work"
                )
            return await work(reached)

    try:
        return wait_for(worked())
    except RefusedRolloutError as error:
        if error.found:
            click.echo(check_text("installed here", error.found))
        raise CommandError(REFUSED, str(error)) from error
    except RolloutError as error:
        raise CommandError(REFUSED, str(error)) from error
    except NotOnRecordError as error:
        raise CommandError(OUT_OF_REACH, str(error)) from error


def say(line: str) -> None:
    """Tell how it goes, beside what a command prints."""
    click.echo(f"… {line}", err=True)
