"""The way back as commands: all work to the build before, what cannot go back left where it is, and set free later."""

import click

from starter.command import REFUSED, CommandError, Services, example
from starter.commands_rollout_steps import BY, an_address, in_service, replayed
from starter.deployment_state import routing
from starter.registered import BY_TYPE
from starter.rollout import RolloutError
from starter.rollout_back import Back, take_back
from starter.rollout_keeping import Freed, Kept, free, keep
from starter.rollout_record import Ledger


@click.command(epilog=example("sfo rollout back --as operator@example.test"))
@BY
@click.option("--to", metavar="BUILD", help="Another build than the one that was current before.")
def back(by: str, to: str | None) -> None:
    """Give all work back to the build before: a ramp ends, or the build that was current before is current again.

    Its workers must still run. Nothing is lost: what stood still goes on by itself, within minutes. With the release
    of that build installed it does what `sfo rollout keep` does, before and after; otherwise it says when to.
    """

    async def work(reached: Services) -> Back:
        client, ledger = reached.delivery.client, Ledger(reached.pool, an_address(by))

        async def keeping(left: str, gets_it: str) -> Kept | None:
            if gets_it != reached.settings.build_id:
                return None
            return await keep(client, ledger, left, BY_TYPE.values(), replayed=replayed())

        return await take_back(client, ledger, "asked for", to, keeping=keeping)

    found = in_service(work)
    _say_kept(found.kept, str(found))


@click.command(
    "keep",
    epilog=example("sfo rollout keep 2026.11.2 --dry-run", "sfo rollout keep 2026.11.2 --as operator@example.test"),
)
@click.argument("build")
@BY
@click.option("--dry-run", is_flag=True, help="Replay, say what would stay, and change nothing.")
def keep_with(build: str, by: str, dry_run: bool) -> None:
    """Leave with this build what only it can carry, before or after the way back. Its workers must go on running.

    Run it with the release that gets the work instead. Each open workflow of which the build has done a step is
    replayed with the code installed here; what breaks is pinned to the build. Safe to repeat.
    """

    async def work(reached: Services) -> Kept:
        if build == reached.settings.build_id:
            raise RolloutError(f"build {build} is what is installed here; install the one that gets its work instead")
        client, ledger = reached.delivery.client, Ledger(reached.pool, an_address(by))
        return await keep(client, ledger, build, BY_TYPE.values(), is_rehearsal=dry_run, replayed=replayed())

    kept = in_service(work)
    _say_kept(kept, f"{kept}\nnothing was changed" if dry_run else str(kept))


@click.command("free", epilog=example("sfo rollout free 2026.11.2 --as operator@example.test"))
@click.argument("build")
@BY
@click.option("--dry-run", is_flag=True, help="Replay, say what would go, and change nothing.")
def free_of(build: str, by: str, dry_run: bool) -> None:
    """Let what is pinned to this build go on with the current one, where the code installed here can carry it.

    Run it with the release that is current. What it cannot carry stays; ends with 1 where anything does.
    """

    async def work(reached: Services) -> Freed:
        client, current = reached.delivery.client, (await routing(reached.delivery.client)).current
        if current != reached.settings.build_id:
            raise RolloutError(
                f"build {current or 'none'} is current and {reached.settings.build_id} is installed here; "
                "run it with the release that is current"
            )
        ledger = Ledger(reached.pool, an_address(by))
        return await free(client, ledger, build, BY_TYPE.values(), is_rehearsal=dry_run)

    freed = in_service(work)
    for one in freed.staying:
        click.echo(f"STAYS  {one.workflow}\n    {one.why}")
    if freed.staying:
        raise CommandError(REFUSED, str(freed))
    click.echo(f"{freed}\nnothing was changed" if dry_run else str(freed))


def _say_kept(kept: Kept | None, text: str) -> None:
    """Say what stays and what nobody knows; the latter ends the command with 1."""
    for workflow in kept.workflows if kept else ():
        click.echo(f"STAYS  {workflow}")
    for one in kept.unread if kept else ():
        click.echo(f"UNREAD  {one.workflow}\n    {one.why}")
    click.echo(text)
    if kept and kept.unread:
        raise CommandError(REFUSED, f"{len(kept.unread)} could not be read; give every readable key and say it again")
