"""`sfo court-event`, `sfo concern`, `sfo enquiry`, `sfo extend`: what people report to a case."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from starter.command import BAD_INPUT, DAY, CommandError, deliver, example, rules_today, services, text_given, wait_for
from starter.connections import Connection
from starter.enquiring import ASKED, Enquiry, LoggedAlreadyError, clock_of, log_enquiry
from starter.extending import MoreTime, extension_decided_by, later_by, request_extension
from starter.reports import report_concern, report_court_event
from workflows.contract.charge import Offence
from workflows.contract.messages import OffenceRef
from workflows.contract.vocabulary import CourtEventKind, EnquiryKind, EscalationKind, ReasonCode, Role
from workflows.policy.enquiries import ROUTES

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


def _kind(kinds: type[CourtEventKind] | type[EscalationKind] | type[EnquiryKind]) -> Callable[..., Callable[..., None]]:
    return click.option("--kind", required=True, type=click.Choice([str(kind) for kind in kinds]))


class OffenceType(click.ParamType[OffenceRef]):
    """An offence written CODE:DATE or CODE:DATE:AGE, the age being the victim's."""

    name = "offence"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> OffenceRef:
        """Read the offence; anything else is bad input."""
        code, _, rest = value.partition(":")
        on, _, age = rest.partition(":")
        try:
            offence = Offence.model_validate({"code": code, "offence_on": on, "victim_age": int(age) if age else None})
        except (ValidationError, ValueError):
            self.fail("write it as CODE:DATE or CODE:DATE:AGE, such as SX03001A:2026-10-02:12", param, ctx)
        return OffenceRef(code=offence.code, offence_on=offence.offence_on, victim_age=offence.victim_age)


@click.command(
    "court-event",
    epilog=example(
        "sfo court-event SFO-2026-00042 --kind convicted --on 2027-03-15",
        "sfo court-event SFO-2026-00042 --kind amended --on 2026-11-02 --offence COML025:2026-10-02",
    ),
)
@click.argument("reference")
@_kind(CourtEventKind)
@click.option("--on", required=True, type=DAY, help="The date on which the court did it.")
@click.option("--offence", "offences", multiple=True, type=OffenceType(), help="CODE:DATE[:AGE], once per offence.")
def court_event(reference: str, kind: str, on: date, offences: tuple[OffenceRef, ...]) -> None:
    """Report what the court did. The same event twice is one event.

    `amended` takes the whole charge as it now stands, and the criteria are run again.
    """
    if (kind == CourtEventKind.AMENDED) is not bool(offences):
        raise CommandError(BAD_INPUT, "an amended charge needs --offence for each offence; nothing else takes it")
    wait_for(_court_event(reference, CourtEventKind(kind), on, offences))


async def _court_event(reference: str, kind: CourtEventKind, on: date, offences: tuple[OffenceRef, ...]) -> None:
    async with services() as reached:
        async with reached.pool.acquire() as connection:
            event, is_new = await report_court_event(connection, reference, kind, on, offences)
        if is_new:
            await deliver(reached.delivery.deliver_court_event(event))
        click.echo(f"{reference}: {kind} on {on}, {'recorded' if is_new else 'recorded already'}")


@click.command(
    epilog=example("sfo concern SFO-2026-00042 --kind staff_safety --file threat.txt --as head@example.test")
)
@click.argument("reference")
@_kind(EscalationKind)
@click.option("--text", help="What the concern is. It stays in the record.")
@click.option("--file", type=_FILE, help="The same from a UTF-8 file.")
@click.option("--as", "by", default="command", help="The email address of whoever raises it.")
def concern(reference: str, kind: str, text: str | None, file: Path | None, by: str) -> None:
    """Raise a concern with the national SFO team. staff_safety holds disclosure from this moment."""
    words = text_given(text, file, "what the concern is", required=True)
    wait_for(_concern(reference, EscalationKind(kind), words or "", by))


async def _concern(reference: str, kind: EscalationKind, words: str, by: str) -> None:
    async with services() as reached:
        async with reached.pool.acquire() as connection:
            number = await report_concern(connection, reference, kind, words, by)
        await deliver(reached.delivery.deliver_concern(reference, kind, number))
        click.echo(f"{reference}: escalation {kind}-{number} raised with the national SFO team")


def _routes() -> str:
    """Which kind goes to whom and on which clock, a line each, for the help."""
    lines = [f"  {kind:<19}{ASKED[route.role]:<26}{route.first.deadline}" for kind, route in ROUTES.items()]
    return "\n".join(["\b", "Who is asked, and the rulebook's clock, which runs from receipt:", *lines])


@click.command(
    epilog=_routes()
    + "\n\n"
    + example(
        'sfo enquiry SFO-2026-00042 --kind foi --received-on 2027-02-01 --from "A newspaper, invented"',
        'sfo enquiry SFO-2026-00042 --kind coroner --received-on 2027-02-01 --from "HM Coroner" --file letter.txt',
    )
)
@click.argument("reference")
@_kind(EnquiryKind)
@click.option("--received-on", required=True, type=DAY, help="The date from which its clock runs.")
@click.option("--from", "asked_by", metavar="TEXT", help="Which body or person asks. It stays in the record.")
@click.option("--text", help="What is asked. It stays in the record.")
@click.option("--file", type=_FILE, help="The same from a UTF-8 file.")
@click.option("--another", is_flag=True, help="It is another one, although one of its kind, day and asker is logged.")
def enquiry(
    reference: str,
    kind: str,
    received_on: date,
    asked_by: str | None,
    text: str | None,
    file: Path | None,
    another: bool,
) -> None:
    """Log a request from outside, which then ends in a recorded decision. The case cannot close before.

    foi and subject_access have statutory clocks. media is passed to the press office and never answered from the
    case. A coroner and the parallel reviews may be given the accepted review, with the entitlement recorded; a
    coroner's report to prevent future deaths is a coroner's enquiry too. publication is the exception: somebody with
    the authority asks for a public version.
    """
    asked = text_given(text, file, "what is asked")
    received = Enquiry(EnquiryKind(kind), received_on, asked, (asked_by or "").strip() or None)
    try:
        wait_for(_enquiry(reference, received, is_another=another))
    except LoggedAlreadyError as logged:
        click.confirm(f"{logged}. Is this another one? (--another says so at once)", abort=True, err=True)
        wait_for(_enquiry(reference, received, is_another=True))


async def _enquiry(reference: str, received: Enquiry, *, is_another: bool) -> None:
    async with services() as reached:
        rules = await rules_today(reached)
        async with reached.pool.acquire() as connection:
            number = await log_enquiry(connection, reference, received, "command", is_another=is_another)
            clock = await clock_of(connection, rules, reference, received)
        await deliver(reached.delivery.deliver_enquiry(reference, number))
        click.echo(f"{reference}: enquiry {number}, {received.kind}, received {received.received_on}, logged")
        click.echo(f"  {clock.asked} is asked, due {clock.due_on}: {clock.period} from receipt")


class Span(click.ParamType[tuple[int, int]]):
    """A length of time in whole weeks or calendar months, as months and weeks."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """Read the span; anything else is bad input."""
        if isinstance(value, tuple):
            return value
        found = _SPAN.fullmatch(str(value).strip().lower())
        if found is None:
            self.fail(f'{value!r} is not a span; write it as "6 weeks" or "2 months"', param, ctx)
        number = int(found["number"])
        return (number, 0) if found["unit"] == "month" else (0, number)


_SPAN = re.compile(r"(?P<number>[1-9][0-9]{0,2}) ?(?P<unit>week|month)s?")
_NATIONAL = "the national SFO team"


@click.command(
    epilog=example(
        "sfo extend SFO-2026-00042 --to 2027-03-01 --reason-code trial --as manager@example.test",
        'sfo extend SFO-2026-00042 --by "6 weeks" --reason-code illness --as manager@example.test',
    )
)
@click.argument("reference")
@click.option("--to", "new_on", type=DAY, help="The date asked for.")
@click.option("--by", "span", type=Span(), metavar="SPAN", help='Or how much later, "6 weeks" or "2 months".')
@click.option("--reason-code", required=True, type=click.Choice([str(code) for code in ReasonCode]))
@click.option("--reasons", help="Why, in words. They stay in the record.")
@click.option("--reasons-file", type=_FILE, help="The same from a UTF-8 file.")
@click.option("--as", "by", required=True, help="The email address of the reviewing manager.")
def extend(
    reference: str,
    new_on: date | None,
    span: tuple[int, int] | None,
    reason_code: str,
    reasons: str | None,
    reasons_file: Path | None,
    by: str,
) -> None:
    """Ask for a later date of the review, one request at a time.

    --by counts from the date as it stands. The rulebook says who decides; the first date stays visible.
    """
    wanted = new_on or span
    if wanted is None or (new_on and span):
        raise CommandError(BAD_INPUT, 'give the date with --to, or how much later with --by "6 weeks"')
    words = text_given(reasons, reasons_file, "the reasons")
    wait_for(_extend(reference, wanted, ReasonCode(reason_code), words, by))


async def _extend(reference: str, wanted: date | tuple[int, int], code: ReasonCode, words: str | None, by: str) -> None:
    async with services() as reached:
        rules = await rules_today(reached)
        async with reached.pool.acquire() as connection:
            new_on = wanted if isinstance(wanted, date) else await _later(connection, reference, wanted)
            request = await request_extension(connection, reference, MoreTime(new_on, code, words), by)
            role = await extension_decided_by(connection, rules, reference, new_on)
        await deliver(reached.delivery.deliver_extension(request))
        decider = _NATIONAL if role is Role.NATIONAL_TEAM else f"the {role.replace('_', ' ')}"
        click.echo(f"{reference}: {new_on} asked for; {decider} decides")


async def _later(connection: Connection, reference: str, span: tuple[int, int]) -> date:
    months, weeks = span
    return await later_by(connection, reference, months=months, weeks=weeks)
