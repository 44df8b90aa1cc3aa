"""The checks that need no service of ours: keys, rules, people, time zone, disk, pages, and the identity provider."""

import asyncio
import os
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx

from starter.absences import covered
from starter.doctor import Check, Finding, Level, NotLookedAtError, Practice, of_skew
from starter.judging import Rules, RulesError, rules_in_force
from starter.keys import KeyRing
from starter.provider import ProviderAwayError, provider_of
from starter.settings import Settings
from starter.views import PAGES
from workflows.contract.directory import REGIONAL_ROLES, Directory
from workflows.contract.vocabulary import Role
from workflows.policy.due import on_in_london

LITTLE, TOO_LITTLE = 2 * 1024**3, 256 * 1024**2
"""Bytes left on the disk of SFO_DATA_DIR."""
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_LEAST_KINDS = 12  # different bytes among 32: of random keys not one in a thousand million has fewer
_ASSETS = ("govuk-frontend.css", "govuk-frontend.js")


def is_live(settings: Settings) -> bool:
    """Whether people elsewhere reach this service, and it is no rehearsal on one machine."""
    return urlsplit(settings.public_url).hostname not in _LOOPBACK


def _today(practice: Practice) -> date:
    return on_in_london(practice.now())


async def _keys(practice: Practice) -> Finding:
    """No key is made up by hand, used for two purposes, or one of an embedded service on this machine."""
    settings = practice.settings
    rings = {"SFO_LINK_KEYS": settings.link_keys, "SFO_PAYLOAD_KEYS": settings.payload_keys}
    if settings.audit_key:
        rings["SFO_AUDIT_KEY"] = settings.audit_key
    weak = sorted({name for name, ring in rings.items() if any(map(_is_weak, ring.readable.values()))})
    if weak:
        remedy = "make random keys, 32 bytes each, put them first, and keep the old ones after them while needed"
        return Finding(Level.FAIL, f"{', '.join(weak)} holds a key that is not random", remedy)
    seen = [key for ring in rings.values() for key in set(ring.readable.values())]
    if len(seen) != len(set(seen)):
        return Finding(Level.FAIL, "one key serves two purposes", "give each ring keys of its own")
    if is_live(settings) and (places := await asyncio.to_thread(_made_here, settings, set(seen))):
        remedy = "make keys for live use, put them first, and keep them where secrets are kept"
        return Finding(Level.WARN, f"a key of an embedded service is in use, from {places[0]}", remedy)
    numbers = ", ".join(f"{len(ring.readable)} in {name}" for name, ring in rings.items())
    return Finding(Level.OK, f"random and apart: {numbers}")


def _is_weak(key: bytes) -> bool:
    return len(set(key)) < _LEAST_KINDS


def _made_here(settings: Settings, keys: set[bytes]) -> list[Path]:
    """The files of keys that `sfo up` and `sfo demo` have made here and that hold one of these."""
    folders = dict.fromkeys((settings.data_dir, settings.data_dir / "demo", Path(".sfo"), Path(".sfo/demo")))
    return [folder / "keys.env" for folder in folders if keys & set(_kept(folder / "keys.env"))]


def _kept(path: Path) -> Iterator[bytes]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for line in lines:
        try:
            yield from KeyRing.parse(line.partition("=")[2]).readable.values()
        except ValueError:
            continue


async def _audit_key(practice: Practice) -> Finding:
    ring = practice.settings.audit_key
    if ring is None:
        remedy = 'make one where exports are signed: export SFO_AUDIT_KEY="$(sfo audit key --new)"'
        return Finding(Level.WARN, "there is none, so nothing can be exported for an auditor", remedy)
    return Finding(Level.OK, f"exports are signed with {ring.active_id}")


async def _time_zone(practice: Practice) -> Finding:
    try:
        london = ZoneInfo("Europe/London")
        offsets = [datetime(2027, month, 1, tzinfo=london).utcoffset() for month in (1, 7)]
    except (ZoneInfoNotFoundError, OSError):
        offsets = []
    if offsets != [timedelta(0), timedelta(hours=1)]:
        remedy = "install tzdata, as requirements.lock has it: a due date ends at a moment in London"
        return Finding(Level.FAIL, "London's time is not known here", remedy)
    try:
        data = f"tzdata {version('tzdata')}"
    except PackageNotFoundError:
        data = "the system's own data"
    now = practice.now().astimezone(london)
    return Finding(Level.OK, f"London is known, {now:%H:%M} there now ({data})")


async def _rules(practice: Practice) -> Finding:
    rules = await _in_force(practice)
    book, later = rules.rulebook, [one for one in rules.rulebooks if one.effective_on > _today(practice)]
    coming = "".join(f"; {one.version} from {one.effective_on}" for one in later)
    said = f"rulebook {book.version} is in force since {book.effective_on}{coming}"
    last = max(rules.holidays)
    if last.year <= _today(practice).year:
        remedy = "install a newer govuk-bank-holidays, or write the days into the rulebook"
        return Finding(Level.WARN, f"{said}; bank holidays are known until {last}", remedy)
    return Finding(Level.OK, f"{said}; bank holidays are known until {last}")


async def _in_force(practice: Practice) -> Rules:
    """The rules of today; what is wrong with them is told by `rules-valid`, once."""
    try:
        return await asyncio.to_thread(rules_in_force, practice.settings, _today(practice))
    except RulesError:
        raise NotLookedAtError("rulebook or directory cannot be read, see rules-valid") from None


async def _valid(practice: Practice) -> Finding:
    try:
        rules = await asyncio.to_thread(rules_in_force, practice.settings, _today(practice))
    except RulesError as error:
        lines = str(error).splitlines()
        more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
        return Finding(Level.FAIL, lines[0] + more, "correct the file as it says; a dated file is never edited in use")
    number, regions = len(rules.rulebooks), len(rules.directory.regions)
    return Finding(Level.OK, f"{number} rulebooks and {len(rules.directories)} directories read, {regions} regions")


async def _directory(practice: Practice) -> Finding:
    """Somebody holds each role in each place, and somebody of them or a deputy is there today."""
    rules, today = await _in_force(practice), _today(practice)
    try:
        async with (await practice.record()).acquire() as connection:
            rules = await covered(connection, rules, today)
        absences = ""
    except NotLookedAtError:
        absences = "; absences on record were not looked at"
    posts = dict(_posts(rules.directory))
    said = f"directory {rules.directory.version} is in force{absences}"
    if empty := [post for post, people in posts.items() if not people]:
        remedy = "name somebody with this role, in a new dated directory: nobody can be asked there"
        return Finding(Level.FAIL, f"{said}; nobody is {', '.join(empty)}", remedy)
    away = [post for post, people in posts.items() if not any(_is_there(rules.directory, key, today) for key in people)]
    if away:
        remedy = "set a deputy by `sfo absence set`; until then what is asked goes up at once"
        return Finding(Level.WARN, f"{said}; away today without a deputy: {', '.join(away)}", remedy)
    return Finding(Level.OK, f"{said}; somebody is there for each of {len(posts)} posts")


def _posts(directory: Directory) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each role in each place, in words, with the keys of those who hold it."""
    for role in (Role.NATIONAL_TEAM, Role.OPERATIONS):
        yield str(role), tuple(person.key for person in directory.people_for(role, "", ""))
    for code, region in directory.regions.items():
        for role in REGIONAL_ROLES:
            yield f"{role} of {code}", tuple(person.key for person in directory.people_for(role, code, ""))
        for pdu in region.pdus:
            heads = directory.people_for(Role.HEAD_OF_PDU, code, pdu)
            yield f"{Role.HEAD_OF_PDU} of {pdu}", tuple(person.key for person in heads)


def _is_there(directory: Directory, key: str, today: date) -> bool:
    person, deputy = directory.person(key), directory.deputy_of(key)
    return any(one is not None and not one.is_away(today) for one in (person, deputy))


async def _provider(practice: Practice) -> Finding:
    provider = provider_of(practice.settings)
    if provider is None:
        if is_live(practice.settings):
            remedy = "set SFO_OIDC_ISSUER, SFO_OIDC_CLIENT_ID and SFO_OIDC_CLIENT_SECRET: codes are for rehearsal"
            return Finding(Level.WARN, "people sign in with mailed codes", remedy)
        return Finding(Level.OK, "none is set: people sign in with mailed codes")
    remedy = "see whether SFO_OIDC_ISSUER is its address and can be reached from here; nobody can sign in meanwhile"
    try:
        async with httpx.AsyncClient(timeout=4.0, trust_env=False) as web:
            before = practice.now()
            reply = await web.get(f"{provider.issuer}/.well-known/openid-configuration")
            after = practice.now()
        await provider.discover()
    except httpx.TransportError as error:
        return Finding(Level.AWAY, f"{provider.issuer} does not answer: {type(error).__name__}", remedy)
    except ProviderAwayError as error:
        return Finding(Level.FAIL, f"{provider.issuer} does not answer as a provider does: {error}", remedy)
    skew = _skew_of(reply.headers, before, after)
    if skew is not None and (found := of_skew(skew, "the provider's")).level is not Level.OK:
        return found
    return Finding(Level.OK, f"{provider.issuer} tells its addresses and keys")


def _skew_of(headers: Mapping[str, str], before: datetime, after: datetime) -> timedelta | None:
    """Our clock against the `Date` of an answer, which has whole seconds; none where it is not told."""
    try:
        theirs = parsedate_to_datetime(headers["date"]).astimezone(UTC)
    except (KeyError, ValueError, TypeError):
        return None
    return before + (after - before) / 2 - (theirs + timedelta(seconds=0.5))


async def _disk(practice: Practice) -> Finding:
    folder = practice.settings.data_dir
    there = next(path for path in (folder, *folder.parents) if path.is_dir())
    if not os.access(there, os.W_OK):
        return Finding(Level.FAIL, f"{there} may not be written", "give the user of worker and gateway the right")
    free = (await asyncio.to_thread(shutil.disk_usage, there)).free
    said = f"{free / 1024**3:.1f} GB are free where {folder} is"
    if free < LITTLE:
        return Finding(
            Level.FAIL if free < TOO_LITTLE else Level.WARN, said, "make room, or set SFO_DATA_DIR elsewhere"
        )
    return Finding(Level.OK, said)


async def _pages(_: Practice) -> Finding:
    folder = PAGES / "static" / "govuk"
    missing = [name for name in _ASSETS if not (folder / name).is_file() or not (folder / name).stat().st_size]
    if missing:
        return Finding(Level.FAIL, f"the pages lack {', '.join(missing)}", "run `make setup`, which fetches them")
    return Finding(Level.OK, "style sheet and script of the pages are here")


async def _mailbox(practice: Practice) -> Finding:
    settings = practice.settings
    if not is_live(settings):
        return Finding(
            Level.OK, "a service on this machine alone" + ("; its mailbox is open" if settings.mailbox_dir else "")
        )
    if settings.mailbox_dir:
        remedy = "unset SFO_MAILBOX_DIR: it shows every letter to everybody"
        return Finding(Level.WARN, "the demo's mailbox is open in live use", remedy)
    if urlsplit(settings.public_url).scheme != "https":
        return Finding(Level.WARN, "people reach us without encryption", "let SFO_PUBLIC_URL start with https://")
    return Finding(Level.OK, "no mailbox is open, and people reach us by https")


CHECKS = (
    Check("keys", _keys, ("SFO_LINK_KEYS", "SFO_PAYLOAD_KEYS", "SFO_AUDIT_KEY")),
    Check("audit-key", _audit_key, ("SFO_AUDIT_KEY",)),
    Check("time-zone", _time_zone),
    Check("rules-valid", _valid, ("SFO_RULEBOOK_DIR", "SFO_DIRECTORY_DIR")),
    Check("rulebook", _rules, ("SFO_RULEBOOK_DIR", "SFO_DIRECTORY_DIR")),
    Check("directory", _directory, ("SFO_RULEBOOK_DIR", "SFO_DIRECTORY_DIR")),
    Check("provider", _provider, ("SFO_OIDC_ISSUER", "SFO_OIDC_CLIENT_ID", "SFO_OIDC_CLIENT_SECRET")),
    Check("disk", _disk, ("SFO_DATA_DIR",)),
    Check("pages", _pages),
    Check("exposure", _mailbox, ("SFO_MAILBOX_DIR", "SFO_PUBLIC_URL")),
)
