"""The link's way through the gateway, in process, against a real record and with real codes from real mail."""

import asyncio
import logging
import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from bs4 import BeautifulSoup

from starter.log_lines import JsonLines
from tests.builders import HEAD_EMAIL
from tests.conftest import MailServer, Record
from tests.starter.front_desk import Desk, FakeTemporal, a_case_now, a_settings, a_signal_of, heading, hidden
from workflows.policy.links import seal

SPOC = "spoc@n53.example.test"


@pytest_asyncio.fixture
async def desk(record: Record, mail_server: MailServer) -> Desk:
    temporal = FakeTemporal()
    found = Desk(record, mail_server, temporal, await a_case_now(record, mail_server), a_settings(record, mail_server))
    temporal.stage = found.apply
    return found


@pytest_asyncio.fixture
async def asked(desk: Desk) -> tuple[str, str]:
    """A notification asked of the regional SPoC: the gate and the link."""
    gate = await desk.ask("notification", stage="notification")
    return gate, desk.link(await who(desk, gate))


async def who(desk: Desk, gate: str) -> str:
    return str(await desk.record.value("SELECT person_email FROM gates WHERE gate = $1", gate))


async def snapshot(desk: Desk) -> list[object]:
    tables = ("gates", "links", "codes", "sessions", "decisions", "outbox", "audit")
    return [await desk.record.rows(f"SELECT * FROM {table}") for table in tables]


# --- the answer -------------------------------------------------------------------------------------


async def test_an_answer_is_recorded_applied_and_receipted(desk: Desk, asked: tuple[str, str]) -> None:
    gate, link = asked
    browser = desk.browser()
    reply = await browser.answer(link, await browser.sign_in(link), "sent", sent_on="2026-10-05")
    assert reply.status_code == 200
    assert heading(reply) == "Your answer has been applied"
    (decision,) = await desk.decisions()
    assert (decision["answer"], decision["fields"], decision["channel"]) == ("sent", {"sent_on": "2026-10-05"}, "link")
    assert decision["by_email"] == await who(desk, gate)
    assert decision["late"] is False
    assert decision["delivered_at_wall"] is not None
    assert desk.temporal.signals == [a_signal_of(gate, decision["decision"])]
    audit = await desk.record.rows("SELECT * FROM audit WHERE action = 'decision_recorded'")
    assert [row["subject"] for row in audit] == [gate]


async def test_the_title_is_the_question_and_every_input_has_a_label(desk: Desk) -> None:
    for question, stage in (("early_look", "early-look"), ("commission", "review"), ("draft", "review")):
        gate = await desk.ask(question, stage=stage)
        link = desk.link(await who(desk, gate))
        soup = BeautifulSoup((await desk.browser().sign_in(link)).text, "html.parser")
        assert soup.select_one("title").text.startswith(soup.select_one("h1").text)  # type: ignore[union-attr]
        labels = {label["for"] for label in soup.select("label")}
        shown = soup.select("main input:not([type=hidden]), main select, main textarea")
        assert shown
        assert all(one["id"] in labels for one in shown)
        identities = [one["id"] for one in soup.select("[id]")]
        assert len(identities) == len(set(identities))
        assert not soup.select("style, [style], [onclick]")
        assert [(s["src"], s.text) for s in soup.select("script")] == [("/static/sfo.js", "")]


async def test_a_double_click_is_one_decision_and_says_the_same_twice(desk: Desk, asked: tuple[str, str]) -> None:
    browser = desk.browser()
    page = await browser.sign_in(asked[1])
    replies = await asyncio.gather(*(browser.answer(asked[1], page, "sent", sent_on="2026-10-05") for _ in range(5)))
    assert {reply.status_code for reply in replies} <= {200, 202}
    assert len(await desk.decisions()) == 1
    assert len(desk.temporal.signals) == 1
    assert (await browser.answer(asked[1], page, "sent", sent_on="2026-10-05")).status_code == 200


async def test_going_back_and_correcting_a_field_is_not_said_to_be_applied(desk: Desk, asked: tuple[str, str]) -> None:
    browser = desk.browser()
    page = await browser.sign_in(asked[1])
    first = await browser.answer(asked[1], page, "sent", sent_on="2026-09-08")
    corrected = await browser.answer(asked[1], page, "sent", sent_on="2026-09-09")
    explained = await browser.answer(asked[1], page, "sent", sent_on="2026-09-08", reasons="A second thought")
    assert [reply.status_code for reply in (first, corrected, explained)] == [200, 409, 409]
    assert heading(corrected) == "This question has been answered"
    assert [row["fields"] for row in await desk.decisions()] == [{"sent_on": "2026-09-08"}]


async def test_a_replay_with_another_answer_keeps_the_first(desk: Desk) -> None:
    gate = await desk.ask("public_interest", stage="charge")
    link = desk.link(await who(desk, gate))
    browser = desk.browser()
    page = await browser.sign_in(link)
    await browser.answer(link, page, "review", reasons="First")
    for attempt in (hidden(page)["attempt"], "another"):
        again = await browser.answer(link, page, "no_review", reasons="Second", attempt=attempt)
        assert again.status_code == 409
        assert "Review" in again.text
    assert [row["reasons"] for row in await desk.decisions()] == ["First"]


async def test_a_used_link_says_when_and_by_which_role_and_the_answer_only_to_its_person(
    desk: Desk, asked: tuple[str, str]
) -> None:
    gate, link = asked
    browser = desk.browser()
    await browser.answer(link, await browser.sign_in(link), "sent", sent_on="2026-10-05")
    stranger = await desk.browser().web.get(link)
    assert stranger.status_code == 409
    assert heading(stranger) == "This question has been answered"
    assert "the regional single point of contact" in stranger.text
    assert "The notification has been sent" not in stranger.text
    own = await browser.web.get(f"{link}/decide")
    assert own.status_code == 409
    assert "The notification has been sent" in own.text
    assert await who(desk, gate) not in own.text


async def test_the_second_of_two_people_is_told_what_the_first_decided(desk: Desk, asked: tuple[str, str]) -> None:
    gate, link = asked
    deputy = await a_deputys_link(desk, gate)
    first, second = desk.browser(), desk.browser()
    page = await second.sign_in(deputy)
    await first.answer(link, await first.sign_in(link), "sent", sent_on="2026-10-05")
    reply = await second.answer(deputy, page, "sent", sent_on="2026-10-06")
    assert reply.status_code == 409
    assert heading(reply) == "This question has been answered"
    assert [row["fields"] for row in await desk.decisions()] == [{"sent_on": "2026-10-05"}]


async def test_why_a_wish_to_be_accompanied_was_decided_so_is_read_by_its_author_alone(desk: Desk) -> None:
    times = [{"on": "2026-10-14", "at": "10:30", "place": "Example House"}]
    await desk.record.pool.execute(
        "INSERT INTO interviews (reference, ref, times, invited_at) VALUES ($1, 's1', $2, now())",
        desk.case.reference,
        times,
    )
    link = desk.link(await who(desk, await desk.ask("invitation", "s1")))
    person, stranger = desk.browser(), desk.browser()
    await person.answer(link, await person.sign_in(link), "accompanied", time="1", companion="union")
    for row in await desk.decisions():
        await desk.case.settle(str(row["gate"]), UUID(str(row["decision"])))
    await desk.case.answer("companion", "not_agreed", "s1", reasons="Nobody is free on that day")
    own, other = await person.web.get(f"{link}/decide"), await stranger.web.get(link)
    assert "Not this time" in own.text
    assert "Nobody is free on that day" in own.text
    assert "Nobody is free" not in other.text
    assert heading(other) == "This question has been answered"


async def test_two_people_at_the_same_moment_are_one_decision(desk: Desk, asked: tuple[str, str]) -> None:
    gate, link = asked
    deputy = await a_deputys_link(desk, gate)
    first, second = desk.browser(), desk.browser()
    pages = await first.sign_in(link), await second.sign_in(deputy)
    replies = await asyncio.gather(
        first.answer(link, pages[0], "sent", sent_on="2026-10-05"),
        second.answer(deputy, pages[1], "sent", sent_on="2026-10-04"),
    )
    assert sorted(reply.status_code for reply in replies) == [200, 409]
    assert len(await desk.decisions()) == 1


async def a_deputys_link(desk: Desk, gate: str) -> str:
    link = uuid4()
    await desk.record.pool.execute(
        "INSERT INTO links (link, gate, email, name, rung) VALUES ($1, $2, $3, 'Example Deputy', 'deputy')",
        link,
        gate,
        "deputy@n53.example.test",
    )
    return f"/a/{seal(link.bytes, 'k1', b'k' * 32)}"


async def test_a_late_answer_is_marked_late(desk: Desk, asked: tuple[str, str]) -> None:
    gate, link = asked
    await desk.record.pool.execute("UPDATE gates SET due_at = opened_at - interval '1 day' WHERE gate = $1", gate)
    browser = desk.browser()
    reply = await browser.answer(link, await browser.sign_in(link), "sent", sent_on="2026-10-05")
    assert "after the date" in reply.text
    assert [row["late"] for row in await desk.decisions()] == [True]


async def test_what_is_wrong_is_listed_and_everything_typed_is_kept(desk: Desk) -> None:
    gate = await desk.ask("draft")
    link = desk.link(await who(desk, gate))
    browser = desk.browser()
    reply = await browser.answer(
        link,
        await browser.sign_in(link),
        "draft_ready",
        **{
            "sources-1-what": "Kept source",
            "learning": "Kept <learning>",
            "findings-1-text": "Kept finding",
            "actions-3-what": "Kept action",
        },
    )
    assert reply.status_code == 400
    soup = BeautifulSoup(reply.text, "html.parser")
    assert soup.title.text.startswith("Error: ")  # type: ignore[union-attr]
    summary = soup.select_one(".govuk-error-summary")
    assert summary is not None
    targets = [str(a["href"])[1:] for a in summary.select("a")]
    assert {"draft_ready.analysis", "draft_ready.judgement", "draft_ready.findings-1-kind"} <= set(targets)
    assert all(soup.find(id=target) for target in targets)
    assert all(soup.find(id=f"{target}-error") for target in targets)
    assert "Kept &lt;learning&gt;" in reply.text
    assert "Kept source" in reply.text
    assert "Kept finding" in reply.text
    assert "Kept action" in reply.text
    assert await desk.decisions() == []


async def test_one_more_row_keeps_what_is_there(desk: Desk) -> None:
    gate = await desk.ask("draft")
    link = desk.link(await who(desk, gate))
    browser = desk.browser()
    page = await browser.sign_in(link)
    typed = {"actions-1-what": "First action", "add": "draft_ready.actions"}
    more = await browser.answer(link, page, "draft_ready", **typed)
    assert more.status_code == 200
    soup = BeautifulSoup(more.text, "html.parser")
    assert "First action" in soup.select_one("#draft_ready\\.actions-1-what").text  # type: ignore[union-attr]
    assert soup.select_one("#draft_ready\\.actions-2-what") is not None
    assert await desk.decisions() == []


async def test_the_button_for_one_more_row_leads_to_that_row(desk: Desk) -> None:
    gate = await desk.ask("draft")
    link = desk.link(await who(desk, gate))
    browser = desk.browser()
    page = await browser.sign_in(link)
    typed = {"actions-1-what": "First action", "add": "draft_ready.actions"}
    for shown, rows in ((page, 1), (await browser.answer(link, page, "draft_ready", **typed), 2)):
        soup = BeautifulSoup(shown.text, "html.parser")
        button = soup.select_one('button[value="draft_ready.actions"]')
        assert button is not None
        assert button["formaction"] == f"decide#draft_ready.actions-{rows + 1}"
        assert soup.find(id=f"draft_ready.actions-{rows}")


# --- what is away -----------------------------------------------------------------------------------


async def test_with_temporal_away_the_answer_is_recorded(desk: Desk, asked: tuple[str, str]) -> None:
    desk.temporal.is_away = True
    browser = desk.browser()
    reply = await browser.answer(asked[1], await browser.sign_in(asked[1]), "sent", sent_on="2026-10-05")
    assert reply.status_code == 202
    assert heading(reply) == "Your answer is recorded"
    assert [row["delivered_at_wall"] for row in await desk.decisions()] == [None]


async def test_with_no_worker_the_answer_is_recorded_within_two_seconds(desk: Desk, asked: tuple[str, str]) -> None:
    desk.temporal.stage = None
    browser = desk.browser()
    page = await browser.sign_in(asked[1])
    started = asyncio.get_running_loop().time()
    reply = await browser.answer(asked[1], page, "sent", sent_on="2026-10-05")
    assert asyncio.get_running_loop().time() - started < 3
    assert reply.status_code == 202
    assert [row["delivered_at_wall"] is None for row in await desk.decisions()] == [False]


async def test_an_answer_that_policy_refuses_is_said_to_be_kept_and_can_be_given_again(desk: Desk) -> None:
    gate = await desk.ask("facts", "v1")
    link = desk.link(HEAD_EMAIL)
    browser = desk.browser()
    page = await browser.sign_in(link)
    await desk.record.pool.execute(
        "UPDATE gates SET due_at = $2 WHERE gate = $1", gate, desk.case.at - timedelta(minutes=1)
    )
    reply = await browser.answer(link, page, "no_comments")
    assert (reply.status_code, heading(reply)) == (409, "Your answer could not be used")
    assert (await browser.web.get(f"{link}/decide")).status_code == 200


async def test_with_the_record_away_the_page_itself_keeps_what_was_typed(desk: Desk, asked: tuple[str, str]) -> None:
    browser = desk.browser()
    page = await browser.sign_in(asked[1])
    async with desk.record.owner() as owner:
        await owner.execute("ALTER TABLE sfo.decisions RENAME TO decisions_away")
    reply = await browser.answer(asked[1], page, "sent", sent_on="2026-10-05", reasons="Typed <once>")
    assert reply.status_code == 503
    kept = hidden(reply)
    assert kept["reasons"] == "Typed <once>"
    async with desk.record.owner() as owner:
        await owner.execute("ALTER TABLE sfo.decisions_away RENAME TO decisions")
    assert (await browser.post(f"{asked[1]}/decide", kept)).status_code == 200


async def test_health_names_what_is_down(desk: Desk) -> None:
    web = desk.browser().web
    assert (await web.get("/health")).json()["status"] == "UP"
    desk.temporal.is_away = True
    health = await web.get("/health")
    assert health.status_code == 503
    assert {n: c["status"] for n, c in health.json()["components"].items()} == {
        "database": "UP",
        "temporal": "DOWN",
        "mail": "UP",
    }
    assert (await web.get("/ping")).text == "pong"
    assert (await web.get("/info")).json()["build"]["build_id"] == desk.settings.build_id


# --- what is written down ---------------------------------------------------------------------------


async def test_no_token_address_or_name_is_logged(
    desk: Desk, asked: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    gate, link = asked
    browser = desk.browser()
    desk.mail.replies.append("451 later")
    await browser.web.post(f"{link}/start")
    await browser.answer(link, await browser.sign_in(link), "sent", sent_on="2026-10-05", reasons="Typed words")
    await browser.web.get("/a/forged-token-that-is-quite-long-enough")
    formatter = JsonLines("gateway")
    ours = [r for r in caplog.records if r.name.split(".")[0] in ("starter", "activities", "uvicorn")]
    lines = [formatter.format(record) for record in ours]
    assert any('"case": "SFO-' in line for line in lines)
    secrets = [link.removeprefix("/a/"), await who(desk, gate), "Example", "Typed words", "forged-token"]
    assert not [line for line in lines if any(secret in line for secret in secrets)]
    assert not [line for line in lines if re.search(r"\b\d{6}\b", line.replace(desk.case.reference, ""))]
