"""`sfo subject-access`: find a person, export all that is held on them, and release it by the decisions of a person."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import click

from starter.access_files import ThereAlreadyError
from starter.access_finding import Found, Sought
from starter.access_finding import find as find_people
from starter.access_gathering import Held
from starter.access_page import Workflows
from starter.access_review import Decision, Review, ReviewError, read_list
from starter.accessing import check_request, gathered, prepare, require_may
from starter.accessing import release as release_export
from starter.command import BAD_INPUT, DAY, CommandError, Services, example, rules_today, services, wait_for
from starter.connections import temporal_client
from starter.data_subjects import is_handle
from starter.progress import Progress
from starter.temporal_state import Listed, runs_of

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_TO = click.option(
    "--to", "target", required=True, type=click.Path(path_type=Path), help="The folder to make, or a zip."
)
_BY = click.option("--as", "by", required=True, help="Your email address: of the national SFO team or operations.")
_ALONE = click.option(
    "--without-temporal", is_flag=True, help="Do not list workflows; the export says that they are not listed."
)
_NOTHING = (
    "Nobody in the record or the directory of roles fits all of that.\n"
    "If it is the person's only name, number or address, the answer is: the service holds nothing on them."
)


@click.group("subject-access")
def subject_access() -> None:
    """Answer somebody who asks what is held on them: find, export, decide, release."""


@subject_access.command(
    "find",
    epilog=example(
        "sfo subject-access find --name - --born 1991-05-04 --as sfo.team@national.example.test",
        "sfo subject-access find --reference SFO-2026-00042 --as sfo.team@national.example.test",
    ),
)
@click.option("--crn", help="The case reference number of a supervised person.")
@click.option("--noms", help="The prison number of a supervised person.")
@click.option("--reference", help="A case; everybody who has a number in it is listed.")
@click.option("--email", help="An address.")
@click.option("--key", help="A key of the directory, such as n53.senior_lead.")
@click.option("--name", help="A name, in any order of its words, without accents and titles.")
@click.option("--born", "born_on", type=DAY, help="The date of birth, beside the name of a supervised person.")
@_BY
def find(
    crn: str | None,
    noms: str | None,
    reference: str | None,
    email: str | None,
    key: str | None,
    name: str | None,
    born_on: date | None,
    by: str,
) -> None:
    """List whom that fits: the handle to export by, and the part they have. Nothing else of them is shown.

    A value given as - is asked for and not shown, so that it does not stay in the shell's history. What was searched
    for is written nowhere. One person may have several handles: give them all to export.
    """
    given = {"crn": crn, "noms": noms, "reference": reference, "email": email, "key": key, "name": name}
    typed = {what: _asked(what, value) for what, value in given.items() if value}
    if not typed:
        raise CommandError(BAD_INPUT, "say whom to look for: --name, --crn, --noms, --reference, --email or --key")
    if born_on and "name" not in typed:
        raise CommandError(BAD_INPUT, "--born narrows a name; give --name as well")
    found = wait_for(_find(Sought(**typed, born_on=born_on), by))
    width = max((len(one.handle) for one in found), default=0)
    for one in found:
        click.echo(f"{one.handle:<{width}}  {one.part}")
    if not found:
        click.echo(_NOTHING)


def _asked(what: str, value: str) -> str:
    given: str = click.prompt(f"The {what}", hide_input=True, err=True) if value == "-" else value
    return given.strip()


async def _find(sought: Sought, by: str) -> Sequence[Found]:
    async with services() as reached:
        directory = (await rules_today(reached)).directory
        require_may(directory, by)
        async with reached.pool.acquire() as connection:
            return await find_people(connection, directory, sought)


@subject_access.command(
    "export",
    epilog=example(
        "sfo subject-access export --person SFO-2026-00042/v1 --request SFO-2026-00042/3 --to review-of-request-3 "
        "--as sfo.team@national.example.test"
    ),
)
@click.option("--person", "handles", required=True, multiple=True, help="A handle that find printed; all of theirs.")
@click.option("--request", help="The enquiry that asked, such as SFO-2026-00042/3.")
@click.option("--review", type=_FILE, help="An earlier review list: what was decided in it stands in the new one.")
@_TO
@_ALONE
@_BY
def export(
    handles: tuple[str, ...], request: str | None, review: Path | None, target: Path, without_temporal: bool, by: str
) -> None:
    """Gather all that is held on one person, for whoever decides what they are given. Nothing here is to be sent.

    The folder holds draft.html, which shows the facts, and review.txt, which holds every passage that somebody wrote
    with boxes to tick. Then: sfo subject-access release. Both may be read by you alone; delete them afterwards.
    """
    if wrong := [handle for handle in handles if not is_handle(handle)]:
        raise CommandError(
            BAD_INPUT,
            f"--person {wrong[0]!r} is no handle; `sfo subject-access find` prints them, such as SFO-2026-00042/v1",
        )
    before = _read(review).decisions if review else None
    held = wait_for(_export(handles, request, before, target, by, is_alone=without_temporal))
    click.echo(f"{target}: {len(held.items)} entries, {len(held.passages)} passages to decide in review.txt")
    click.echo(f"Then: sfo subject-access release --review {target}/review.txt --to RELEASED --as {by}")


async def _export(
    handles: Sequence[str],
    request: str | None,
    before: Mapping[str, Decision] | None,
    target: Path,
    by: str,
    *,
    is_alone: bool,
) -> Held:
    async with services() as reached:
        directory = (await rules_today(reached)).directory
        async with reached.pool.acquire() as connection:
            held = await gathered(connection, directory, handles, by, _progress())
            await check_request(connection, request)
            workflows = await _workflows(reached, held, is_alone=is_alone)
            with _Writing(target):
                await prepare(connection, held, workflows, by, target, request, before)
        return held


@subject_access.command(
    "release",
    epilog=example(
        "sfo subject-access release --review review-of-request-3/review.txt --to for-request-3.zip "
        "--as sfo.team@national.example.test"
    ),
)
@click.option("--review", "path", required=True, type=_FILE, help="The review list, every passage of it decided.")
@_TO
@_ALONE
@_BY
def release(path: Path, target: Path, without_temporal: bool, by: str) -> None:
    """Make what the person is given, by the decisions in the list. Refused while a passage is undecided.

    It holds index.html to read and print, and data.json for a computer. By whom, how much and its fingerprint go into
    the audit, never what stands in it. The same release once more writes the files again and records nothing.
    """
    review = _read(path)
    held, is_new = wait_for(_release(review, target, by, is_alone=without_temporal))
    withheld = sum(bool(one.ground and not one.remove) for one in _counted(held, review))
    click.echo(f"{target}: {len(held.items)} entries, {len(held.passages) - withheld} passages, {withheld} withheld")
    click.echo("recorded" if is_new else "recorded already: it is the same as before")
    click.echo("Look through index.html before it leaves, and send it to the person alone, by a way you have checked.")


def _counted(held: Held, review: Review) -> list[Decision]:
    return [review.decisions[one.id] for one in held.passages]


async def _release(review: Review, target: Path, by: str, *, is_alone: bool) -> tuple[Held, bool]:
    async with services() as reached:
        directory = (await rules_today(reached)).directory
        async with reached.pool.acquire() as connection:
            held = await gathered(connection, directory, review.handles, by, _progress())
            workflows = await _workflows(reached, held, is_alone=is_alone)
            with _Writing(target):
                return held, await release_export(connection, held, workflows, by, target, review)


class _Writing:
    """What can go wrong while the files are written, as a command says it."""

    def __init__(self, target: Path) -> None:
        self._target = target

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, ReviewError):
            raise CommandError(BAD_INPUT, str(error)) from None
        if isinstance(error, ThereAlreadyError):
            raise CommandError(BAD_INPUT, str(error)) from None
        if isinstance(error, OSError):
            why = error.strerror or type(error).__name__
            raise CommandError(BAD_INPUT, f"{self._target}: cannot be written, {why}; check its folder") from None


def _read(path: Path) -> Review:
    try:
        return read_list(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(BAD_INPUT, f"{path}: cannot be read as UTF-8 text, {type(error).__name__}") from None
    except ReviewError as error:
        raise CommandError(BAD_INPUT, f"{path}:\n{error}") from None


def _progress() -> Progress:
    return Progress(lambda words: click.echo(words, err=True))


async def _workflows(reached: Services, held: Held, *, is_alone: bool) -> Workflows:
    if is_alone:
        return Workflows(None)
    progress, client = _progress(), await temporal_client(reached.settings, attempts=1)
    found = list[Listed]()
    for case in held.cases:
        progress("asking Temporal", case)
        found += [one async for one in runs_of(client, case)]
    return Workflows(found)
