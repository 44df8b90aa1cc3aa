"""`sfo court-event`, `sfo concern`, `sfo enquiry`, `sfo extend`: what people report to a case."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import click
from pydantic import ValidationError

from starter.command import BAD_INPUT, DAY, CommandError, deliver, example, services, text_given, wait_for
from starter.reports import report_concern, report_court_event, report_enquiry, request_extension
from workflows.contract.charge import Offence
from workflows.contract.messages import OffenceRef
from workflows.contract.vocabulary import CourtEventKind, EnquiryKind, EscalationKind, ReasonCode

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


@click.command(epilog=example("sfo enquiry SFO-2026-00042 --kind foi --received-on 2027-02-01"))
@click.argument("reference")
@_kind(EnquiryKind)
@click.option("--received-on", required=True, type=DAY, help="The date from which its clock runs.")
@click.option("--text", help="What is asked. It stays in the record.")
@click.option("--file", type=_FILE, help="The same from a UTF-8 file.")
def enquiry(reference: str, kind: str, received_on: date, text: str | None, file: Path | None) -> None:
    """Log an enquiry from outside: FOI, subject access, media, coroner, a parallel review."""
    wait_for(_enquiry(reference, EnquiryKind(kind), received_on, text_given(text, file, "what is asked")))


async def _enquiry(reference: str, kind: EnquiryKind, received_on: date, asked: str | None) -> None:
    async with services() as reached:
        async with reached.pool.acquire() as connection:
            number = await report_enquiry(connection, reference, kind, received_on, asked, "command")
        await deliver(reached.delivery.deliver_enquiry(reference, number))
        click.echo(f"{reference}: enquiry {number}, {kind}, received {received_on}, logged")


@click.command(
    epilog=example("sfo extend SFO-2026-00042 --to 2027-03-01 --reason-code trial --as manager@example.test")
)
@click.argument("reference")
@click.option("--to", "new_on", required=True, type=DAY, help="The date asked for.")
@click.option("--reason-code", required=True, type=click.Choice([str(code) for code in ReasonCode]))
@click.option("--reasons", help="Why, in words. They stay in the record.")
@click.option("--reasons-file", type=_FILE, help="The same from a UTF-8 file.")
@click.option("--as", "by", required=True, help="The email address of the reviewing manager.")
def extend(
    reference: str, new_on: date, reason_code: str, reasons: str | None, reasons_file: Path | None, by: str
) -> None:
    """Ask for a later date of the review. The rulebook says who decides; the first date stays visible."""
    words = text_given(reasons, reasons_file, "the reasons")
    wait_for(_extend(reference, new_on, ReasonCode(reason_code), words, by))


async def _extend(reference: str, new_on: date, code: ReasonCode, words: str | None, by: str) -> None:
    async with services() as reached:
        async with reached.pool.acquire() as connection:
            request = await request_extension(connection, reference, new_on, code, words, by)
        await deliver(reached.delivery.deliver_extension(request))
        click.echo(f"{reference}: {new_on} asked for; the decision is asked of the rulebook's role")
