"""All that is held on one person is in an export, and nothing of anybody else: a word planted in every text column."""

from dataclasses import dataclass

import pytest
import pytest_asyncio

from starter.access_gathering import Held, held_on
from starter.access_page import Answer, Workflows, as_data, as_page
from starter.access_review import Decided
from starter.data_subjects import data_subject
from starter.held import IDENTIFYING, How, Whose
from starter.held_columns import HELD, TABLES
from starter.judging import rules_in_force
from starter.settings import Settings
from tests.builders import DEPLOY
from tests.conftest import MailServer, Record
from tests.starter.front_desk import a_settings
from tests.starter.planted import DAY, MINE, Place, Planted, plant
from workflows.contract.directory import Directory

WHO_LOOKED = ("payload_readings.roles",)  # the supervised person is told which roles read details of the case
PART = {Whose.SUBJECT: MINE, Whose.VICTIM: f"{MINE}/v1", Whose.STAFF: f"{MINE}/s1"}


@dataclass
class Field:
    """The two cases, their words, and the directory."""

    record: Record
    planted: Planted
    directory: Directory

    async def held(self, *handles: str) -> Held:
        async with self.record.pool.acquire() as connection:
            return await held_on(connection, await data_subject(connection, self.directory, handles), self.directory)

    async def everything(self, *handles: str) -> dict[str, Place]:
        """Every planted word in what the person would be given, were every passage released."""
        held = await self.held(*handles)
        decided = [Decided(one, one.text) for one in held.passages]
        answer = Answer(held, Workflows(None), DAY, None, decided)
        page, data = as_page(answer), as_data(answer).decode()
        on_page, in_data = self.planted.found(page), self.planted.found(data)
        assert on_page.items() <= in_data.items(), "the page tells nothing that the data does not"
        texts = {word for word, place in in_data.items() if HELD[place.name].how is How.TEXT}
        assert texts <= set(on_page), "each passage stands on the page"
        return in_data


@pytest_asyncio.fixture
async def field(record: Record, mail_server: MailServer) -> Field:
    settings: Settings = a_settings(record, mail_server, SFO_RULEBOOK_DIR=str(DEPLOY / "rulebook"))
    return Field(record, await plant(record), rules_in_force(settings, DAY).directory)


def is_told(place: Place, whose: Whose, about: str) -> bool:
    """Whether a column is told to whoever has this part in the case by itself."""
    held, table = HELD[place.name], TABLES[place.table]
    if place.case != MINE or place.about != about or held.how in (How.NEVER, How.SENTENCE):
        return False
    if whose is Whose.SUBJECT and not table.is_of_subject:
        return False
    if place.table in ("absences", "sessions", "address_codes", "payload_readings", "links", "codes", "sign_ins",
                       "returned_mail", "transitions", "stranded", "bank_holidays"):  # fmt: skip
        return False  # theirs by an address or a key alone
    if held.how in IDENTIFYING:
        return held.whose is whose
    return held.whose in (whose, Whose.NOBODY) or held.how is How.TEXT


@pytest.mark.parametrize(("whose", "about"), [(Whose.SUBJECT, ""), (Whose.VICTIM, "v1"), (Whose.STAFF, "s1")])
async def test_everything_of_theirs_is_in_it_and_nothing_of_anybody_else(
    field: Field, whose: Whose, about: str
) -> None:
    found = await field.everything(PART[whose])
    expected = {word for word, place in field.planted.words.items() if is_told(place, whose, about)}
    assert len(expected) > 10
    missing = {field.planted.words[word] for word in expected - set(found)}
    foreign = {place for word, place in found.items() if word not in expected and place.name not in WHO_LOOKED}
    assert (missing, foreign) == (set(), set())


async def test_a_manager_who_only_ever_decided_is_told_what_they_decided_and_what_was_written_to_them(
    field: Field,
) -> None:
    for table, group in (("decisions", "by"), ("outbox", "to"), ("absences", "person"), ("sessions", "to")):
        columns = [name.partition(".")[2] for name, held in HELD.items() if name.startswith(f"{table}.")
                   and held.how in (How.EMAIL, How.KEY) and held.of == group]  # fmt: skip
        kind = HELD[f"{table}.{columns[0]}"].how
        word = field.planted.word(Place(table, columns[0], MINE, "s2"))
        handle = f"{word}@planted.example.test".lower() if kind is How.EMAIL else f"n53.{word.lower()}"
        found = await field.everything(handle)
        assert word.lower() in found, table
        rows = {(place.table, place.case, place.about) for place in found.values()}
        assert rows == {(table, MINE, "s2")} | ({("codes", MINE, "s2")} & rows), table
        others = {
            place.column for place in found.values() if place.table == table
            and HELD[place.name].how in IDENTIFYING and HELD[place.name].of != group
        }  # fmt: skip
        assert others == set(), table
