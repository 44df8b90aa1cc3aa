"""`sfo views`: the saved views of the Temporal Web UI, as links."""

import json
from datetime import UTC, datetime

import click

from deploy.saved_views import View, of_case, saved_views, set_up_page
from starter.command import BAD_INPUT, CommandError, check_region, example, settings_here
from starter.judging import rules_in_force
from starter.settings import Settings
from workflows.contract import ids
from workflows.policy.due import on_in_london


@click.command(epilog=example("sfo views --region N53", "sfo views --case SFO-2026-00042"))
@click.option("--region", help="Only this region, by its Delius code, such as N53.")
@click.option("--pdu", help="Only this delivery unit, such as N53LEI.")
@click.option("--case", "reference", help="Whom one case waits for, by its reference.")
@click.option(
    "--set-up", "is_page", is_flag=True, help="Print the page that saves them in a browser, to be served at /sfo."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def views(region: str | None, pdu: str | None, reference: str | None, is_page: bool, as_json: bool) -> None:
    """List the saved views of the Temporal Web UI: what each shows, its link, and its query to paste there.

    A link that says what is due soon is dated: take it anew each day.
    """
    settings = settings_here()
    _check(settings, region, pdu, reference)
    if is_page:
        click.echo(set_up_page(datetime.now(UTC), settings.temporal_namespace))
        return
    found = [of_case(reference)] if reference else saved_views(datetime.now(UTC), region, pdu)
    if as_json:
        click.echo(json.dumps([_as_data(view, settings) for view in found], indent=2))
        return
    if settings.temporal_ui_url is None:
        click.echo("SFO_TEMPORAL_UI_URL is not set, so there are queries and no links", err=True)
    for view in found:
        click.echo(f"{view.name}: {view.says}\n    {_link(view, settings) or view.query}")


def _check(settings: Settings, region: str | None, pdu: str | None, reference: str | None) -> None:
    """A place that is not in the directory, or what is no reference, would open an empty list without a word."""
    if reference and not ids.REFERENCE.match(reference):
        raise CommandError(BAD_INPUT, f"--case: {reference} is no reference; write it as SFO-2026-00042")
    directory = rules_in_force(settings, on_in_london(datetime.now(UTC))).directory
    if region:
        check_region(region, directory)
    if pdu and directory.pdu(pdu) is None:
        units = sorted(code for each in directory.regions.values() for code in each.pdus)
        raise CommandError(BAD_INPUT, f"--pdu: there is no delivery unit {pdu}; choose of {', '.join(units)}")


def _as_data(view: View, settings: Settings) -> dict[str, str | None]:
    return {
        "key": view.key,
        "name": view.name,
        "says": view.says,
        "query": view.query,
        "link": _link(view, settings),
    }


def _link(view: View, settings: Settings) -> str | None:
    return view.link(settings.temporal_ui_url, settings.temporal_namespace) if settings.temporal_ui_url else None
