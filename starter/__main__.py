"""The command line `sfo`. It ends with 0 done, 1 refused by a rule, 2 bad input, 3 a service is out of reach."""

import logging
import os
import sys
import traceback
from collections.abc import Sequence

import asyncpg
import click

from deploy.embedded.process import ServiceError
from starter import (
    commands_absence,
    commands_access,
    commands_audit,
    commands_cases,
    commands_changes,
    commands_decide,
    commands_disclosure,
    commands_doctor,
    commands_figures,
    commands_forecast,
    commands_keeping,
    commands_lists,
    commands_namespace,
    commands_reconcile,
    commands_reports,
    commands_restored,
    commands_review,
    commands_rollout,
    commands_schedules,
    commands_service,
    commands_views,
    connections,
)
from starter.case_keys import KeysAwayError
from starter.command import BAD_INPUT, OUT_OF_REACH, REFUSED, CommandError
from starter.connections import ServiceUnreachableError
from starter.judging import RulesError
from starter.reports import ReportRefusedError
from starter.schema import SchemaError
from starter.settings import SettingsError
from starter.signals import TemporalAwayError
from starter.telemetry import log_json

_FIRST_STEPS = """\b
First steps:
  sfo demo                                      see it all, with invented people
  sfo up                                        run the service here
  sfo charge october.json --dry-run             judge a charge file, then open it without --dry-run
  sfo cases --overdue                           what is late
  sfo doctor                                    whether everything works, and what to do
  sfo case SFO-2026-00042                       whom a case waits for, and until when
  sfo watch                                     every open case, live
  sfo COMMAND --help                            everything else, each with an example

Settings are SFO_* variables; where none is set, the service that `sfo up` runs in this folder is used.
Ends with 0 done, 1 refused by a rule, 2 bad input, 3 a service is out of reach.
"""


@click.group(epilog=_FIRST_STEPS, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def sfo() -> None:
    """Carry Serious Further Offence cases from charge to closed."""


for _command in (
    commands_service.up,
    commands_service.demo,
    commands_service.gateway,
    commands_service.schema,
    commands_doctor.doctor,
    commands_audit.audit,
    commands_reconcile.reconcile,
    commands_restored.restored,
    commands_rollout.rollout,
    commands_schedules.schedules,
    commands_namespace.namespace,
    commands_cases.charge,
    commands_cases.case,
    commands_views.views,
    commands_figures.figures_,
    commands_lists.cases,
    commands_lists.watch,
    commands_decide.decide,
    commands_review.review,
    commands_reports.court_event,
    commands_reports.concern,
    commands_reports.enquiry,
    commands_reports.extend,
    commands_changes.pause,
    commands_changes.resume,
    commands_changes.transfer,
    commands_changes.replace,
    commands_changes.relate,
    commands_changes.bank_holiday,
    commands_absence.absence,
    commands_disclosure.opt_in,
    commands_disclosure.correct,
    commands_disclosure.readers_,
    commands_disclosure.give,
    commands_disclosure.disclosure,
    commands_forecast.forecast,
    commands_access.subject_access,
    commands_keeping.retention,
    commands_keeping.hold,
    commands_keeping.erase,
):
    sfo.add_command(_command)

_CODES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], int], ...] = (
    (ReportRefusedError, REFUSED),
    (SchemaError, REFUSED),
    ((SettingsError, RulesError), BAD_INPUT),
    ((ServiceUnreachableError, ServiceError, TemporalAwayError, KeysAwayError), OUT_OF_REACH),
)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code. Never raises."""
    try:
        ended = sfo.main(list(arguments), prog_name="sfo", standalone_mode=False)
    except (click.Abort, KeyboardInterrupt):
        return 0 if arguments and arguments[0] in ("up", "demo", "gateway", "watch") else REFUSED
    except click.ClickException as error:
        error.show()
        return error.code if isinstance(error, CommandError) else BAD_INPUT
    except Exception as error:
        return _explained(error)
    return ended if isinstance(ended, int) else 0  # a command that ends with a code of its own


def _explained(error: Exception) -> int:
    for kinds, code in _CODES:
        if isinstance(error, kinds):
            click.echo(f"Error: {error}", err=True)
            if isinstance(error, SettingsError):
                click.echo("Or run `sfo up` here, and this command in the same folder.", err=True)
            return code
    if isinstance(error, (*connections.OUT_OF_REACH, asyncpg.PostgresError)):
        what = getattr(error, "sqlstate", None) or type(error).__name__
        click.echo(
            f"Error: the record cannot be used ({what}); see whether PostgreSQL runs, then `sfo schema`", err=True
        )
        return OUT_OF_REACH
    # Its text may quote a row: the place is enough to find the defect.
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{type(error).__name__} at {place.filename.rpartition('/')[2]}:{place.lineno}"
    click.echo(f"Error: a defect of this program, {where}; please report it", err=True)
    return OUT_OF_REACH


def main() -> None:
    """Run the command line and end the process."""
    log_json("sfo", logging.WARNING)
    code = run(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # A process that used a Temporal client may be aborted in Python's own ending, after its work was done.
    os._exit(code)


if __name__ == "__main__":
    main()
