"""`sfo doctor`: every check of the service, with what to do next."""

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence

import click

from starter.command import example, wait_for
from starter.doctor import Examined, Finding, Level, Practice, examine, exit_code, registry
from starter.running import recalled
from starter.settings import Settings, SettingsError

_MARKS = {Level.OK: "ok", Level.WARN: "warn", Level.FAIL: "FAIL", Level.AWAY: "FAIL", Level.UNKNOWN: "-"}


@click.command(epilog=example("sfo doctor", "sfo doctor --json", "SFO_DATA_DIR=.sfo/demo sfo doctor"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(as_json: bool) -> None:
    """Check every dependency, key, version, clock and path of mail, and say what to do next.

    Nothing is changed, no letter is sent, no secret is printed. Each line: ok, warn, FAIL, or - where a check cannot
    be made for want of something that another line tells. Ends with 0 where nothing fails, 3 where a service is out
    of reach, 1 where something else fails. Run it where the gateway runs: it looks at that machine's files too.
    """
    practice, first = _practice(recalled(os.environ))
    found = [first]
    if practice:
        found += wait_for(examine(practice, registry(), lambda line: click.echo(line, err=True)))
    click.echo(json.dumps(_as_data(found), indent=2) if as_json else as_text(found))
    if code := exit_code(found):
        raise click.exceptions.Exit(code)


def _practice(environ: Mapping[str, str]) -> tuple[Practice | None, Examined]:
    """What checks look through, and what is to say of the settings: every wrong one, and the others count."""
    wrong: set[str] = set()
    texts: list[str] = []
    given = {name: value for name, value in environ.items() if name.startswith("SFO_") and value}
    for _ in given.keys() | {"first", "last"}:  # what is about several together shows when each is right by itself
        try:
            read = Settings.with_stand_ins(given) if wrong else Settings.from_environment(given)
        except SettingsError as error:
            texts += [text for _, text in error.problems]
            wrong.update(*(names for names, _ in error.problems))
            given = {name: value for name, value in given.items() if name not in wrong}
            continue
        return Practice(read, frozenset(wrong)), Examined("settings", _of_settings(texts, len(given)))
    return None, Examined("settings", _of_settings(texts, len(given)))


def _of_settings(texts: Sequence[str], number: int) -> Finding:
    if texts:
        remedy = "correct what is named, or run this where `sfo up` runs; `SFO_DATA_DIR` names its folder"
        return Finding(Level.FAIL, "\n".join(texts), remedy)
    return Finding(Level.OK, f"all can be read, {number} are set")


def as_text(found: Sequence[Examined]) -> str:
    """Write a line for each check, below it what else there is to say and what to do, and last the sum."""
    width = max(len(one.key) for one in found)
    lines = []
    for one in found:
        first, *more = one.finding.found.split("\n")
        more += [f"do: {one.finding.remedy}"] if one.finding.remedy else []
        lines.append(f"{_MARKS[one.finding.level]:<4}  {one.key:<{width}}  {first}")
        lines += [f"{'':<4}  {'':<{width}}  {line}" for line in more]
    sums = Counter(_MARKS[one.finding.level] for one in found)
    names = {"ok": "ok", "warn": "warn", "FAIL": "FAIL", "-": "not looked at"}
    return "\n".join([*lines, "", ", ".join(f"{sums[mark]} {name}" for mark, name in names.items() if sums[mark])])


def _as_data(found: Sequence[Examined]) -> list[dict[str, str]]:
    return [
        {"check": one.key, "level": str(one.finding.level), "found": one.finding.found, "remedy": one.finding.remedy}
        for one in found
    ]
