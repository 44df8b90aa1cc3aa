"""Pages in Welsh: the whole way, what is wrong, what stays English and says so, what stays as it was typed."""

import re
from io import BytesIO
from zipfile import ZipFile

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from starter.forms import Typed
from starter.language import Languages
from tests.builders import HEAD_EMAIL
from tests.starter.front_desk import Browser, Desk, heading, hidden
from tests.starter.test_gateway import asked as asked  # the fixture
from tests.starter.test_gateway import desk as desk  # the fixture
from tests.starter.test_gateway import who
from tests.starter.test_language import WELSH, is_in_welsh, soup
from tests.starter.test_pages import GIVEN, page_of_question
from workflows.contract.questions import QUESTIONS
from workflows.policy.answers import check_answer

MONTHS = [
    *("Ionawr", "Chwefror", "Mawrth", "Ebrill", "Mai", "Mehefin"),
    *("Gorffennaf", "Awst", "Medi", "Hydref", "Tachwedd", "Rhagfyr"),
]


async def in_welsh(desk: Desk, link: str) -> tuple[Browser, httpx.Response]:
    browser = desk.browser()
    is_in_welsh(await browser.web.get(f"{link}?lang=cy"))
    return browser, await browser.sign_in(link)


async def test_from_the_link_to_the_receipt(desk: Desk) -> None:
    gate = await desk.ask("public_interest", stage="charge")
    link = desk.link(await who(desk, gate))
    browser = desk.browser()
    landing = await browser.web.get(f"{link}?lang=cy")
    assert heading(landing) == "Penderfynu a yw adolygiad er budd y cyhoedd"
    assert re.search(
        r"\d{1,2} (Ionawr|Chwefror|Mawrth|Ebrill|Mai|Mehefin|Gorffennaf|Awst|Medi|Hydref|Tachwedd|Rhagfyr) \d{4}",
        landing.text,
    )
    code = await browser.web.post(f"{link}/start")
    wrong = await browser.web.post(f"{link}/code", data={"code": "x"})
    assert (heading(code), heading(wrong)) == ("Rhowch y cod o'ch e-bost",) * 2
    assert wrong.text.partition("<title>")[2].startswith("Gwall: ")
    await browser.web.post(f"{link}/code", data={"code": browser.code()})
    question = await browser.web.get(f"{link}/decide")
    refused = await browser.answer(link, question, "review", reasons="")
    assert refused.status_code == 400
    summary = soup(refused).select_one(".govuk-error-summary")
    assert summary is not None
    assert summary.h2 is not None
    assert summary.h2.get_text(strip=True) == "Mae problem"
    assert summary.li is not None
    assert summary.li.get_text(strip=True) == "Rhesymau: rhowch y rheswm pam rydych yn ateb “Adolygiad”"
    check = await browser.answer(link, question, "review", reasons="Invented reasons", checked="")
    assert heading(check) == "Gwiriwch eich ateb"
    receipt = await browser.answer(link, question, "review", reasons="Invented reasons")
    assert heading(receipt) == "Mae eich ateb wedi'i weithredu"
    assert re.search(r" am \d{1,2}:\d\dy[bp]", receipt.text)
    decided = await browser.web.get(link)
    assert heading(decided) == "Mae'r cwestiwn hwn wedi'i ateb"
    for page in (landing, code, wrong, question, refused, check, receipt, decided, await browser.web.get("/my")):
        is_in_welsh(page)
    assert [(row["answer"], row["reasons"]) for row in await desk.decisions()] == [("review", "Invented reasons")]


@pytest.mark.parametrize(
    ("question", "stage"), [("early_look", "early-look"), ("commission", "review"), ("draft", "review")]
)
async def test_the_page_of_a_question_marks_what_stays_english(desk: Desk, question: str, stage: str) -> None:
    gate = await desk.ask(question, stage=stage)
    _, page = await in_welsh(desk, desk.link(await who(desk, gate)))
    is_in_welsh(page)
    facts = await desk.record.value("SELECT page -> 'facts' FROM gates WHERE gate = $1", gate)
    assert facts
    shown = [one.get_text() for one in soup(page).select("dd[lang=en]")]
    assert shown == [str(value) for _, value in facts]  # type: ignore[attr-defined]


async def test_what_is_wrong_is_said_in_welsh_with_its_place(desk: Desk) -> None:
    gate = await desk.ask("early_look", stage="early-look")
    link = desk.link(await who(desk, gate))
    browser, page = await in_welsh(desk, link)
    rows = {"actions.actions-1-what": "", "actions.actions-1-due_on": "nonsense", "actions.actions-1-owner": "x"}
    reply = await browser.web.post(f"{link}/decide", data={**hidden(page), "answer": "actions", **rows})
    assert reply.status_code == 400
    is_in_welsh(reply)
    told = [one.get_text(strip=True) for one in soup(reply).select(".govuk-error-summary li")]
    assert "Camau gweithredu, rhes 1: rhowch beth sydd i'w wneud" in told
    assert any(one.startswith("Camau gweithredu, rhes 1: perchennog: dewiswch un o'r rhai a gynigir (") for one in told)
    assert any(one.startswith("Camau gweithredu, rhes 1: dyddiad: rhowch ddyddiad go iawn") for one in told)
    assert "A wnaed atgyfeiriad i broses ar wahân?: dewiswch un" in told
    assert soup(reply).select(".govuk-error-summary [lang=en]") == []


async def test_words_of_a_person_that_are_also_ours_are_shown_as_typed(desk: Desk) -> None:
    gate = await desk.ask("give_feedback", "s1", stage="staff-feedback")
    link = desk.link(await who(desk, gate))
    browser, page = await in_welsh(desk, link)
    check = await browser.answer(link, page, "given", given_on="2026-10-05", learning="Good", checked="")
    said = [one.get_text() for one in soup(check).select(".said")]
    assert "Good" in said
    assert "5 Hydref 2026" in said


async def test_a_file_is_the_same_in_either_language(desk: Desk) -> None:
    gate = await desk.ask("draft", stage="review")
    link = desk.link(await who(desk, gate))
    browser, _ = await in_welsh(desk, link)
    welsh = await browser.web.get(f"{link}/review.docx")
    english = await browser.web.get(f"{link}/review.docx?lang=en")
    assert welsh.status_code == english.status_code == 200
    assert parts(welsh.content) == parts(english.content)


def parts(data: bytes) -> dict[str, bytes]:
    with ZipFile(BytesIO(data)) as package:
        return {name: package.read(name) for name in package.namelist() if name.startswith("word/")}


async def test_a_link_that_leads_nowhere_says_so_in_welsh(desk: Desk, asked: tuple[str, str]) -> None:
    for path, status in (("/a/made-up", 404), ("/nothing", 404), ("/my", 403)):
        page = await desk.browser().web.get(f"{path}?lang=cy")
        assert page.status_code == status
        is_in_welsh(page)
    refused = await desk.browser().web.post(
        f"{asked[1]}/start", headers={"origin": "https://elsewhere.example.test", "cookie": "lang=cy"}
    )
    assert refused.status_code == 403
    is_in_welsh(refused)
    assert HEAD_EMAIL not in refused.text


async def test_the_code_comes_in_welsh_and_english_where_it_was_asked_for_in_welsh(
    desk: Desk, asked: tuple[str, str]
) -> None:
    browser = desk.browser()
    await browser.web.get(f"{asked[1]}?lang=cy")
    await browser.web.post(f"{asked[1]}/start")
    message = desk.mail.messages[-1]
    body = message.get_body(("plain",))
    assert body is not None
    welsh, _, english = str(body.get_content()).replace("\r\n", "\n").partition("\n\n* * *\n\n")
    assert " ".join(message["Subject"].split()) == f"{desk.case.reference}: Eich cod | Your code"
    assert f"\nEich cod yw\n\n{browser.code()}\n" in welsh
    assert f"\nYour code is\n\n{browser.code()}\n" in english
    await desk.browser().web.post(f"{asked[1]}/start")
    alone = desk.mail.messages[-1].get_body(("plain",))
    assert alone is not None
    assert desk.mail.messages[-1]["Subject"] == f"{desk.case.reference}: Your code"
    assert "cod yw" not in str(alone.get_content())


# --- every question ---------------------------------------------------------------------------------


async def in_the_language(key: str, language: str) -> httpx.Response:
    """The page of a question on which nothing was filled in, so that each of its inputs is complained of."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        question = QUESTIONS[key]
        problems = [problem for one in question.answers for problem in check_answer(question, one.value, {}, "", GIVEN)]
        page = page_of_question(key, Typed(answer=question.answers[0].value), tuple(problems), **GIVEN)
        await page(scope, receive, send)

    transport = httpx.ASGITransport(app=Languages(app, is_https=True))
    async with httpx.AsyncClient(transport=transport, base_url="https://sfo.example.test") as web:
        return await web.get("/", params={"lang": language})


@pytest.mark.parametrize("key", sorted(QUESTIONS))
async def test_every_question_is_in_welsh_with_everything_that_can_be_wrong_with_it(key: str) -> None:
    page = await in_the_language(key, "cy")
    is_in_welsh(page)
    assert heading(page) == WELSH[QUESTIONS[key].title]
    complaints = soup(page).select(".govuk-error-message, .govuk-error-summary li")
    assert bool(complaints) == any(a.fields or a.reasons_required for a in QUESTIONS[key].answers)
    for one in (*complaints, *soup(page).select("label, legend, .govuk-radios__hint")):
        assert one.select("[lang=en]") == [], one


@pytest.mark.parametrize("key", sorted(QUESTIONS))
async def test_no_page_in_english_speaks_of_languages(key: str) -> None:
    page = await in_the_language(key, "en")
    assert [one.get_text() for one in soup(page).select("body [lang]")] == ["Cymraeg"]
    assert "<span>" not in page.text
