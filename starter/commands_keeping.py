"""`sfo retention`, `sfo hold`, `sfo erase`: how long a case is kept, what holds it, and what takes it away for good."""

import json
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import click

from starter.case_keys import KeysAwayError
from starter.columns import in_columns
from starter.command import (
    BAD_INPUT,
    OUT_OF_REACH,
    REFUSED,
    CommandError,
    Services,
    check_region,
    example,
    rules_today,
    services,
    wait_for,
)
from starter.erasing import ErasureReason, Rehearsed, confirm, propose, rehearse
from starter.erasing_again import Renewed, again
from starter.erasure import Erased, Eraser, NotProvedError
from starter.holds import Hold, HoldReason, holds_of, lift_hold, set_hold
from starter.keys import PayloadKeyError
from starter.retention import Due, closed_cases
from starter.signals import TemporalAwayError
from starter.temporal_state import runs_of

Done = TypeVar("Done")

_AS = click.option("--as", "by", required=True, help="The email address of whoever does it: their own, not a team's.")


@click.command(epilog=example("sfo retention", "sfo retention --region N53 --all --json"))
@click.option("--region", help="Only this region, by its Delius code, such as N53.")
@click.option("--all", "everything", is_flag=True, help="Every closed case, those too whose day has not come.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def retention(region: str | None, everything: bool, as_json: bool) -> None:
    """List the closed cases whose period is over, since when, and what stands against erasing them.

    The periods are figures of the rulebook in force. Nothing is erased by itself: two people decide, with `sfo erase`.
    """
    found = wait_for(_retention(region))
    shown = [one for one in found if everything or one.is_due]
    if as_json:
        click.echo(json.dumps([_due(one) for one in shown], indent=2))
        return
    rows = [
        (one.reference, one.region, one.outcome, str(one.closed_on), str(one.until), _standing(one)) for one in shown
    ]
    heading = ("case", "region", "outcome", "closed", "kept until", "")
    click.echo("\n".join(in_columns([heading, *rows])) if rows else "no closed case is past its period")


async def _retention(region: str | None) -> Sequence[Due]:
    async with services() as reached:
        rules = await rules_today(reached)
        if rules.rulebook.retention is None:
            raise CommandError(BAD_INPUT, f"the rulebook {rules.rulebook.version} has no [retention]; add the periods")
        if region:
            check_region(region, rules.directory)
        async with reached.pool.acquire() as connection:
            return await closed_cases(connection, rules, region)


def _standing(one: Due) -> str:
    if one.against:
        return "; ".join(one.against)
    return "proposed" if one.proposed else "due" if one.is_due else ""


def _due(one: Due) -> dict[str, object]:
    return {
        "reference": one.reference,
        "region": one.region,
        "outcome": one.outcome,
        "closed_on": str(one.closed_on),
        "kept_until": str(one.until),
        "due": one.is_due,
        "against": list(one.against),
        "proposed": one.proposed,
    }


@click.group()
def hold() -> None:
    """Keep a case whatever its date: an inquest, a claim, an inquiry."""


_REASON = click.option("--reason-code", required=True, type=click.Choice([str(one) for one in HoldReason]))


@hold.command("set", epilog=example("sfo hold set SFO-2026-00042 --reason-code inquest --as senior.lead@example.test"))
@click.argument("reference")
@_REASON
@_AS
def hold_set(reference: str, reason_code: str, by: str) -> None:
    """Hold a case for this reason. While any hold stands it cannot be erased, whoever orders it.

    The SFO Team, senior lead and regional director of its region and the national SFO team may.
    """
    is_new = wait_for(_set(reference, HoldReason(reason_code), by))
    click.echo(f"{reference}: {'held' if is_new else 'held already'}, {reason_code}")


async def _set(reference: str, reason: HoldReason, by: str) -> bool:
    async with services() as reached:
        directory = (await rules_today(reached)).directory
        async with reached.pool.acquire() as connection:
            return await set_hold(connection, directory, reference, reason, by)


@hold.command("lift", epilog=example("sfo hold lift SFO-2026-00042 --reason-code inquest --as duty.one@example.test"))
@click.argument("reference")
@_REASON
@_AS
def hold_lift(reference: str, reason_code: str, by: str) -> None:
    """End one hold of a case. The national SFO team may."""
    wait_for(_lift(reference, HoldReason(reason_code), by))
    click.echo(f"{reference}: no longer held, {reason_code}")


async def _lift(reference: str, reason: HoldReason, by: str) -> None:
    async with services() as reached:
        directory = (await rules_today(reached)).directory
        async with reached.pool.acquire() as connection:
            await lift_hold(connection, directory, reference, reason, by)


@hold.command("list", epilog=example("sfo hold list", "sfo hold list SFO-2026-00042 --json"))
@click.argument("reference", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def hold_list(reference: str | None, as_json: bool) -> None:
    """List the holds that stand; of one case, those too that were lifted. People are directory keys."""
    found = wait_for(_holds(reference))
    if as_json:
        click.echo(json.dumps([_hold(one) for one in found], indent=2))
        return
    rows = [(one.reference, one.reason, f"{one.set_at:%Y-%m-%d}", one.set_by, _lifted(one)) for one in found]
    heading = ("case", "reason", "since", "by", "")
    click.echo("\n".join(in_columns([heading, *rows])) if rows else "nothing is held")


async def _holds(reference: str | None) -> Sequence[Hold]:
    async with services() as reached, reached.pool.acquire() as connection:
        return await holds_of(connection, reference, standing=reference is None)


def _lifted(one: Hold) -> str:
    return f"lifted {one.lifted_at:%Y-%m-%d} by {one.lifted_by}" if one.lifted_at else ""


def _hold(one: Hold) -> dict[str, object]:
    return {
        "reference": one.reference,
        "reason": one.reason,
        "set_by": one.set_by,
        "set_at": one.set_at.isoformat(),
        "lifted_by": one.lifted_by,
        "lifted_at": one.lifted_at.isoformat() if one.lifted_at else None,
    }


@click.command(
    epilog=example(
        "sfo erase SFO-2026-00042 --dry-run",
        "sfo erase SFO-2026-00042 --as engineer.one@example.test",
        "sfo erase SFO-2026-00042 --confirm --as duty.one@example.test",
        "sfo erase --again --as engineer.one@example.test",
    )
)
@click.argument("reference", required=False)
@click.option(
    "--reason-code",
    type=click.Choice([str(one) for one in ErasureReason]),
    default=str(ErasureReason.RETENTION_OVER),
    show_default=True,
    help="Only an order of a court or of the Information Commissioner goes before the date.",
)
@click.option("--confirm", "confirms", is_flag=True, help="Order what another person proposed, and carry it out.")
@click.option("--again", "renews", is_flag=True, help="Finish what is unfinished; after a restore, erase anew.")
@click.option("--dry-run", is_flag=True, help="Say what would go and what stands against it; change nothing.")
@click.option("--as", "by", help="The email address of whoever does it: their own, not a team's.")
def erase(reference: str | None, reason_code: str, confirms: bool, renews: bool, dry_run: bool, by: str | None) -> None:
    """Erase a closed case for good: what names anybody in it, its documents, and the key of its Temporal histories.

    One person proposes it, of operations or the national SFO team; another of the national SFO team confirms it. The
    audit chain, references, dates and codes stay. Refused while the case is open, held, or before its date. Whatever
    stops it on the way, the same command goes on. It cannot be taken back.
    """
    if renews:
        if reference or confirms or dry_run:
            raise CommandError(BAD_INPUT, "--again is about every erased case: leave the rest out")
        lines = _outcome(_again(_given(by)))
        click.echo("\n".join(f"{one.reference}: {one.what}" for one in lines) or "no erasure is known here")
        return
    if reference is None:
        raise CommandError(BAD_INPUT, "name the case, such as SFO-2026-00042")
    reason = ErasureReason(reason_code)
    if dry_run:
        click.echo(_rehearsed(reference, wait_for(_rehearse(reference, reason))))
    elif confirms:
        click.echo(_erased(_outcome(_confirm(reference, _given(by)))))
    else:
        wait_for(_propose(reference, reason, _given(by)))
        click.echo(
            f"{reference}: proposed. Nothing is erased yet: another person, of the national SFO team, says\n"
            f"  sfo erase {reference} --confirm --as ADDRESS"
        )


def _given(by: str | None) -> str:
    if not by:
        raise CommandError(BAD_INPUT, "--as is missing: the email address of whoever does it")
    return by


def _outcome(work: Coroutine[Any, Any, Done]) -> Done:
    """Wait for it, and say what keeps it from being done: it goes on with the same command."""
    try:
        return wait_for(work)
    except KeysAwayError as error:
        raise CommandError(OUT_OF_REACH, f"not done yet: {error}. Then give the same command again") from None
    except TemporalAwayError as error:
        raise CommandError(
            OUT_OF_REACH, f"not done yet: Temporal does not answer ({error}). Then give the same command again"
        ) from None
    except PayloadKeyError as error:
        raise CommandError(REFUSED, f"not done yet: {error}") from None
    except NotProvedError as error:
        raise CommandError(REFUSED, f"NOT ERASED: {error}. Tell your security team") from None
    except ValueError as error:
        raise CommandError(BAD_INPUT, str(error)) from None


async def _rehearse(reference: str, reason: ErasureReason) -> Rehearsed:
    async with services() as reached:
        rules = await rules_today(reached)
        async with reached.pool.acquire() as connection:
            return await rehearse(connection, rules, reference, reason)


async def _propose(reference: str, reason: ErasureReason, by: str) -> None:
    async with services() as reached:
        rules = await rules_today(reached)
        async with reached.pool.acquire() as connection:
            await propose(connection, rules, reference, reason, by)


async def _confirm(reference: str, by: str) -> Erased:
    async with services() as reached:
        rules = await rules_today(reached)

        async def running() -> tuple[str, ...]:
            found = {one.workflow async for one in runs_of(reached.delivery.client, reference) if one.is_open}
            return tuple(sorted(found))

        async with reached.pool.acquire() as connection:
            await confirm(connection, rules, reference, by, running)
        return await _eraser(reached).carry_out(reference, email=by)


async def _again(by: str) -> Sequence[Renewed]:
    async with services() as reached:
        directory = (await rules_today(reached)).directory
        if directory.person_by_email(by) is None:
            raise CommandError(REFUSED, f"{by} is not in the directory; give your own address")
        return await again(_eraser(reached), by)


def _eraser(reached: Services) -> Eraser:
    return Eraser(reached.settings, reached.pool, reached.delivery.client)


def _rehearsed(reference: str, found: Rehearsed) -> str:
    rows = in_columns([("table", "rows"), *((name, str(number)) for name, number in found.counts.items())], numbers=[1])
    against = "; ".join(found.against)
    return "\n".join(
        [f"{reference}: {f'cannot be erased: {against}' if against else 'nothing stands against it'}", *rows]
    )


def _erased(done: Erased) -> str:
    proofs = {
        "history": "a payload of its own Temporal history, which opened before, opens no more",
        "probe": "what was sealed with it before opens no more (Temporal has forgotten its histories)",
        "none": "it never had a key",
    }
    lines = [
        f"{done.reference}: erased, {sum(done.counts.values())} rows emptied or deleted",
        f"  key {done.fingerprint or 'none'}: destroyed in the store, and no copy of it is left; {proofs[done.proof]}",
    ]
    if done.under_ring:
        lines.append(
            f"  {done.under_ring} payloads in Temporal are older than keys of cases: they open until Temporal forgets "
            "them or the key of SFO_PAYLOAD_KEYS that sealed them is dropped"
        )
    return "\n".join(lines)
