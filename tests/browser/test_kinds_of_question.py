"""One question of each kind of form, by the link in its mail to the receipt, in a real browser and a real record."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator

from starter.gateway import gateway_app
from starter.mailer import SmtpMailer
from tests.browser.conftest import DESKTOP, PHONE, Visitor, visitor
from tests.browser.kinds import ONLY, Kind
from tests.browser.kinds_listed import KINDS
from tests.browser.reading import out_of_order
from tests.serving import served
from tests.starter.front_desk import Desk
from tests.starter.test_gateway import desk as desk  # the fixture
from tests.starter.test_gateway import who
from workflows.contract.messages import CaseClock
from workflows.contract.questions import QUESTIONS, FieldKind


@pytest_asyncio.fixture
async def address(desk: Desk) -> AsyncIterator[str]:
    settings = desk.settings.model_copy(update={"public_url": "http://127.0.0.1"})
    delivery = desk.temporal.delivery(desk.record)
    app = gateway_app(settings, desk.record.pool, delivery, SmtpMailer(desk.mail.url, timeout=5))
    async with served(app) as found:
        yield found


@dataclass
class Answering:
    """Somebody at the page of a question, who sees labels and knows no name of an input."""

    person: Visitor
    answer: str

    async def choose(self) -> None:
        """Select the answer, which opens its fields."""
        await self.person.page.get_by_label(self.answer, exact=True).check()

    async def fill(self, label: str, value: Any) -> None:
        """Fill in one field of the answer: rows that are added, rows that the page gives, or a single value."""
        if isinstance(value, list):
            for number, row in enumerate(value, start=1):
                await self._add(label, number)
                await self._row(self._named(label.removesuffix(" (optional)") + f", number {number}"), row)
        elif isinstance(value, dict):
            for above, row in value.items():
                await self._row(self._named(above), row)
        else:
            await _fill(self._opened, label, value)

    @property
    def _opened(self) -> Locator:
        return self.person.page.locator(".own:visible")

    def _named(self, name: str) -> Locator:
        return self._opened.get_by_role("group", name=name, exact=True)

    async def _add(self, label: str, number: int) -> None:
        """The first row stands there; for each further one there is a button."""
        if number > 1:
            await self.person.press(f"Add another to \u201c{label.removesuffix(' (optional)')}\u201d")

    async def _row(self, group: Locator, row: dict[str, str]) -> None:
        for label, value in row.items():
            await _fill(group, label, value)


async def _fill(where: Locator, label: str, value: str) -> None:
    radios = where.get_by_role("group", name=label, exact=True)
    if await radios.count():
        await (radios.get_by_role("radio") if value == ONLY else radios.get_by_label(value, exact=True)).check()
        return
    box = where.get_by_label(label, exact=True)
    if await box.evaluate("one => one.tagName") == "SELECT":
        await box.select_option(label=value)
    else:
        await box.fill(value)


async def opened(desk: Desk, address: str, kind: Kind, person: Visitor) -> str:
    """The question is asked, and whoever is asked comes by the link in the mail and the code; the gate."""
    await kind.before(desk.case)
    clock = CaseClock(case_anchor=desk.case.at, wall_anchor=datetime.now(UTC)).model_dump(mode="json")
    await desk.record.pool.execute("UPDATE cases SET clock = $2 WHERE reference = $1", desk.case.reference, clock)
    gate = await desk.ask(kind.question, kind.subject, kind.stage, **kind.asked)
    await person.see(f"{address}{desk.link(await who(desk, gate))}")
    await person.press("Continue")
    await person.page.get_by_label("Code").fill(desk.browser().code())
    await person.press("Continue")
    assert await person.heading() == QUESTIONS[kind.question].title
    return gate


async def filled_in(kind: Kind, person: Visitor) -> None:
    answering = Answering(person, kind.answer)
    await answering.choose()
    if kind.file:
        file = {"name": "translation.html", "mimeType": "text/html", "buffer": kind.file}
        await person.page.get_by_label("Give the translation back").set_input_files(file)  # type: ignore[arg-type]
        await person.press("Give this file back")
        assert "Download: " in await person.page.locator("main").inner_text()
    for label, value in kind.typed.items():
        await answering.fill(label, value)
    await person.say_who()
    await person.page.get_by_role("textbox", name="Reasons").last.fill(kind.reasons)


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.question}-{kind.name}".replace(" ", "_"))
async def test_what_a_person_means_stands_in_the_record(
    desk: Desk, address: str, chromium: Browser, kind: Kind, size: tuple[int, int]
) -> None:
    async with visitor(chromium, size) as person:
        gate = await opened(desk, address, kind, person)
        await filled_in(kind, person)
        if size == PHONE:
            await person.check()
            assert await out_of_order(person.page) == []
        await person.press("Continue")
        assert await person.heading() == "Check your answer"
        shown = await person.page.locator("main").inner_text()
        for words in (kind.answer, *_words(kind.typed), *kind.reasons.splitlines()):
            assert words in shown, words
        if size == PHONE:
            await person.check()
            assert await out_of_order(person.page) == []
        await person.press("Record my answer")
        assert await person.heading() == "Your answer has been applied"
        assert kind.answer in await person.page.locator("main").inner_text()
        if size == PHONE:
            assert await out_of_order(person.page) == []
        assert person.said == []
    await stands(desk, gate, kind)


async def stands(desk: Desk, gate: str, kind: Kind) -> None:
    """One answer, by the person asked, as it was meant, with what it brings about."""
    (row,) = await desk.record.rows("SELECT * FROM decisions WHERE gate = $1", gate)
    answer = QUESTIONS[kind.question].answer(str(row["answer"]))
    assert answer is not None
    assert (answer.label, row["channel"], row["late"]) == (kind.answer, "link", False)
    assert row["by_email"] == await who(desk, gate)
    assert row["applied_at"] is not None
    assert (row["reasons"] or "") == kind.reasons
    fields = row["fields"]
    assert isinstance(fields, dict)
    chosen_for_them = {f.name for f in answer.fields if kind.typed.get(f.label) == ONLY}
    assert {name: value for name, value in fields.items() if name not in chosen_for_them} == kind.fields
    assert all(fields[name] for name in chosen_for_them)
    if kind.effect:
        query, found = kind.effect
        assert await desk.record.value(query, desk.case.reference) == found


def _words(typed: Any) -> list[str]:
    """Every text of what was typed that the check page must say again; dates are written in words there."""
    if isinstance(typed, dict):
        return [words for value in typed.values() for words in _words(value)]
    if isinstance(typed, list):
        return [words for value in typed for words in _words(value)]
    is_date = typed[:4].isdecimal() and typed[4:5] == "-"
    return [] if is_date or typed == ONLY else [line for line in typed.splitlines() if line]


def test_there_is_one_of_each_kind_of_field() -> None:
    answers = [answer for kind in KINDS for answer in QUESTIONS[kind.question].answers if answer.label == kind.answer]
    assert len(answers) == len(KINDS)
    assert {field.kind for answer in answers for field in answer.fields} == set(FieldKind)
