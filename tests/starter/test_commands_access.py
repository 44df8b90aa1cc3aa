"""`sfo subject-access`: whom it finds, what it hands out and to whom not, and what the record keeps of that."""

import hashlib
import json
import re
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from starter.__main__ import sfo
from tests.conftest import MailServer, Record
from tests.starter.disclosing import AUTHOR, LEAD, NATIONAL, OFFICER, REFERENCE, TEAM, Disclosure, a_disclosure
from tests.starter.test_commands import Ended, Sfo
from tests.starter.test_commands import command as command  # the fixture

AS = ("--as", NATIONAL)
ALONE = ("--without-temporal",)
FAMILY = f"{REFERENCE}/v1"


@pytest_asyncio.fixture
async def case(record: Record, mail_server: MailServer) -> Disclosure:
    """A case in which people are named in what people wrote, and a second one of the same person."""
    case = await a_disclosure(record, mail_server)
    await case.run("UPDATE cases SET date_of_birth = '1991-05-04', noms = 'A1234BC', public_interest = $1",
                   "Zelda Quillfeather said that Ivo Thornbush was kind")  # fmt: skip
    await case.run("UPDATE cases SET person_name = 'Zelda Quillfeather'")
    await case.run("UPDATE staff SET name = 'Ivo Thornbush' WHERE ref = 's1'")
    await case.run("UPDATE victims SET name = 'Maud Larkspur', adult = 'Nell Harebell' WHERE ref = 'v1'")
    await case.run(
        """INSERT INTO enquiries (reference, number, kind, received_on, asked, asked_by, at)
           VALUES ($1, 1, 'subject_access', '2027-03-01', 'Everything, please', 'Zelda Quillfeather', now()),
               ($1, 2, 'foi', '2027-03-01', 'Figures, please', 'Quentin Sorrel', now())""",
        REFERENCE,
    )
    await case.decide(await case.ask("offer", "v1"), "accepted", note="Maud Larkspur fears Zelda Quillfeather")
    return case


def folder(path: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in path.iterdir()}


async def exported(command: Sfo, target: Path, *more: str, person: str = REFERENCE) -> Ended:
    return await command("subject-access", "export", "--person", person, "--to", str(target), *ALONE, *AS, *more)


async def released(command: Sfo, review: Path, target: Path, *more: str) -> Ended:
    return await command("subject-access", "release", "--review", str(review), "--to", str(target), *ALONE, *AS, *more)


def release_all(review: Path) -> None:
    review.write_text(review.read_text().replace("[ ] release", "[x] release"))


async def test_a_person_is_found_by_what_is_known_of_them_and_nothing_else_is_shown(
    command: Sfo, case: Disclosure
) -> None:
    for sought, handles in (
        (("--crn", "x123456"), [REFERENCE]),
        (("--noms", "a1234bc"), [REFERENCE]),
        (("--name", "QUILLFEATHER, Zélda"), [REFERENCE, f"{REFERENCE}/enquiry/1"]),
        (("--name", "Zelda Quillfeather", "--born", "1991-05-04"), [REFERENCE]),
        (("--name", "Zelda Quillfeather", "--born", "1991-05-05"), []),
        (("--name", "Ms Larkspur"), [FAMILY]),
        (("--name", "Harebell"), [f"{FAMILY}/adult"]),
        (("--name", "Thornbush"), [f"{REFERENCE}/s1"]),
        (("--email", LEAD.upper()), ["n53.senior_lead"]),
        (("--email", "practitioner@n53.example.test"), ["practitioner@n53.example.test"]),
        (("--key", "n53.senior_lead"), ["n53.senior_lead"]),
        (("--crn", "X123456", "--name", "Larkspur"), []),
        (("--crn", "Z999999"), []),
    ):
        ended = await command("subject-access", "find", *sought, *AS)
        assert ended.code == 0, ended.err
        found = [line.split()[0] for line in ended.out.splitlines() if not line.startswith(("Nobody", "If it"))]
        assert found == handles, sought
        assert ("Nobody in the record" in ended.out) == (not handles)
        for told in ("Quillfeather", "Larkspur", "Thornbush", "1991", "X123456"):
            assert told not in ended.out + ended.err
    in_case = (await command("subject-access", "find", "--reference", REFERENCE, *AS)).out
    assert re.findall(rf"^{REFERENCE}\S*", in_case, re.M) == [
        REFERENCE, *(f"{REFERENCE}/{one}" for one in ("enquiry/1", "enquiry/2", "s1", "s2", "v1", "v1/adult", "v2")),
    ]  # fmt: skip


async def test_what_was_searched_for_is_written_nowhere(
    command: Sfo, case: Disclosure, caplog: pytest.LogCaptureFixture
) -> None:
    before = await case.record.value("SELECT count(*) FROM audit")
    ended = await command("subject-access", "find", "--name", "Wilhelmina Unheardof", *AS)
    assert "Unheardof" not in ended.out + ended.err + caplog.text
    assert await case.record.value("SELECT count(*) FROM audit") == before


async def test_an_export_is_decided_passage_by_passage_and_then_released(
    command: Sfo, case: Disclosure, tmp_path: Path
) -> None:
    target = tmp_path / "review"
    ended = await exported(command, target, "--request", f"{REFERENCE}/1")
    assert ended.code == 0, ended.err
    assert sorted(folder(target)) == ["draft.html", "review.txt"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in target.iterdir()} == {0o600}
    draft, review = folder(target)["draft.html"], target / "review.txt"
    assert "must not be handed out" in draft
    assert "was kind" not in draft
    listed = review.read_text()
    assert "Zelda Quillfeather said that [member of staff s1] was kind" in listed
    assert "Look again: other people were replaced in 1 place" in listed
    # The family's answer names her, in a row that is not hers: a person must decide.
    assert "[victim or family v1] fears Zelda Quillfeather" in listed
    assert "Look again: it is about victim or family v1" in listed
    for told in ("Thornbush", "Larkspur", OFFICER, AUTHOR):
        assert told not in listed + draft

    refused = await released(command, review, tmp_path / "early")
    assert (refused.code, refused.out) == (1, "")
    assert "passages are not decided: 1, 2" in refused.err
    assert not (tmp_path / "early").exists()

    text = listed.replace("[ ] release", "[x] release")
    at = text.index("[victim or family v1] fears")
    head, rest = text[:at], text[at:]
    rest = rest.replace("[x] release\n[ ] withhold\nGround:", "[ ] release\n[x] withhold\nGround: safety", 1)
    review.write_text(head + rest)
    ended = await released(command, review, tmp_path / "out.zip")
    assert ended.code == 0, ended.err
    assert ", 1 withheld" in ended.out
    assert stat.S_IMODE((tmp_path / "out.zip").stat().st_mode) == 0o600
    with zipfile.ZipFile(tmp_path / "out.zip") as packed:
        page, data = (packed.read(name).decode() for name in ("index.html", "data.json"))
        assert sorted(packed.namelist()) == ["data.json", "index.html"]
    assert "[member of staff s1] was kind" in page
    assert "fears" not in page + data
    assert "it could put the safety of somebody at risk" in page
    assert f"your request is number {REFERENCE}/1" in page
    (first, last) = await case.record.rows("SELECT * FROM audit WHERE action LIKE 'subject_access%' ORDER BY seq")
    assert [(one["action"], one["actor"], one["subject"]) for one in (first, last)] == [
        ("subject_access_prepared", NATIONAL, REFERENCE), ("subject_access_released", NATIONAL, REFERENCE),
    ]  # fmt: skip
    detail: Any = last["detail"]
    assert detail["sha256"] == hashlib.sha256(data.encode()).hexdigest()
    assert (detail["withheld"], detail["request"]) == (1, f"{REFERENCE}/1")
    assert set(detail) == {"entries", "passages", "withheld", "shortened", "sha256", "request"}
    story = (await command("audit", "show", REFERENCE)).out
    assert re.search(r"released what is held on .* for a subject-access request: \d+ entries", story)
    assert (await command("audit", "verify")).code == 0

    again = await released(command, review, tmp_path / "again")
    assert "recorded already" in again.out
    assert (tmp_path / "again" / "data.json").read_text() == data
    assert await case.record.value("SELECT count(*) FROM audit WHERE action = 'subject_access_released'") == 1


async def test_what_changed_since_is_undecided_and_an_earlier_list_is_carried_over(
    command: Sfo, case: Disclosure, tmp_path: Path
) -> None:
    await exported(command, tmp_path / "one")
    review = tmp_path / "one" / "review.txt"
    release_all(review)
    await case.run("UPDATE cases SET public_interest = 'Something else was written'")
    refused = await released(command, review, tmp_path / "out")
    assert (refused.code, "1 of" in refused.err, "not decided" in refused.err) == (1, True, True)
    assert (await exported(command, tmp_path / "two", "--review", str(review))).code == 0
    newer = tmp_path / "two" / "review.txt"
    assert newer.read_text().count("[ ] release") == 1
    release_all(newer)
    assert (await released(command, newer, tmp_path / "out")).code == 0


async def test_nothing_is_there_where_it_cannot_be_recorded_or_written(
    command: Sfo, case: Disclosure, tmp_path: Path
) -> None:
    there = tmp_path / "there"
    there.mkdir()
    (there / "mine.txt").write_text("mine")
    ended = await exported(command, there)
    assert (ended.code, "is there already" in ended.err) == (2, True)
    assert folder(there) == {"mine.txt": "mine"}
    ended = await exported(command, tmp_path / "no" / "such" / "folder")
    assert (ended.code, "cannot be written" in ended.err) == (2, True)
    assert await case.record.value("SELECT count(*) FROM audit WHERE action LIKE 'subject_access%'") == 0
    async with case.record.owner() as owner:
        await owner.execute("REVOKE EXECUTE ON FUNCTION sfo.audit_append FROM sfo_app")
    assert (await exported(command, tmp_path / "out")).code == 3
    assert list(tmp_path.glob("*out*")) == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("find", "--crn", "X123456", "--as", LEAD), 1, "only the national SFO team or operations"),
        (("find", *AS), 2, "say whom to look for"),
        (("find", "--born", "1991-05-04", "--crn", "X1", *AS), 2, "give --name as well"),
        (("export", "--person", REFERENCE, "--to", "{}", "--as", TEAM, *ALONE), 1, "only the national SFO team"),
        (("export", "--person", "Zelda", "--to", "{}", *AS, *ALONE), 2, "is no handle"),
        (("export", "--person", f"{REFERENCE}/v9", "--to", "{}", *AS, *ALONE), 1, "Nothing is held on anybody"),
        (("export", "--person", "unknown@example.test", "--to", "{}", *AS, *ALONE), 1, "Nothing is held on anybody"),
        (("export", "--person", "n53.nobody", "--to", "{}", *AS, *ALONE), 1, "Nothing is held on anybody"),
        (("export", "--person", "national.team", "--to", "{}", *AS, *ALONE), 1, "an address that a team shares"),
        (("export", "--person", REFERENCE, "--to", "{}", *AS, *ALONE, "--request", f"{REFERENCE}/2"), 1, "kind foi"),
        (("export", "--person", REFERENCE, "--to", "{}", *AS, *ALONE, "--request", f"{REFERENCE}/9"), 1, "no enquiry"),
        (("export", "--person", REFERENCE, "--to", "{}", *AS), 3, ""),
        (("release", "--review", __file__, "--to", "{}", *AS, *ALONE), 2, "not the review list"),
    ],
)
async def test_what_cannot_be_says_why_and_hands_out_nothing(
    command: Sfo, case: Disclosure, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    target = tmp_path / "out"
    ended = await command("subject-access", *(one.replace("{}", str(target)) for one in arguments))
    assert (ended.code, ended.out) == (code, ""), ended.err
    assert said in ended.err
    assert not target.exists()
    assert await case.record.value("SELECT count(*) FROM audit WHERE action LIKE 'subject_access%'") == 0


async def test_nobody_decides_about_themselves(command: Sfo, case: Disclosure, tmp_path: Path) -> None:
    ops = "engineer.one@national.example.test"
    directory = (await command("subject-access", "find", "--email", ops, *AS)).out
    key = directory.split()[0]
    ended = await command("subject-access", "export", "--person", key, "--to", str(tmp_path / "x"), *ALONE, "--as", ops)
    assert (ended.code, "nobody decides on what is held about themselves" in ended.err) == (1, True)


async def test_one_person_in_several_cases_is_one_export(command: Sfo, case: Disclosure, tmp_path: Path) -> None:
    await case.run(
        """INSERT INTO cases SELECT (jsonb_populate_record(c, '{"reference": "SFO-2026-00008", "charge_key": "other",
               "crn": "x123456", "person_name": "Zelda Q. Quillfeather"}')).* FROM cases c"""
    )
    ended = await exported(command, tmp_path / "out")
    assert ended.code == 0, ended.err
    page = (tmp_path / "out" / "draft.html").read_text()
    assert "Case SFO-2026-00008" in page
    assert "Zelda Q. Quillfeather" in page


async def test_data_says_what_each_value_means(command: Sfo, case: Disclosure, tmp_path: Path) -> None:
    await exported(command, tmp_path / "out", person=FAMILY)
    release_all(tmp_path / "out" / "review.txt")
    assert (await released(command, tmp_path / "out" / "review.txt", tmp_path / "final")).code == 0
    data = json.loads((tmp_path / "final" / "data.json").read_text())
    for row in data["rows"]:
        meant = data["meanings"][row["table"]]["columns"]
        assert set(row["values"]) - {"sentence"} <= set(meant), row
        assert row["your_part"]
    assert {row["table"] for row in data["rows"]} >= {"victims", "gates", "decisions"}
    assert data["workflows"] is None


def test_each_command_teaches_by_an_example() -> None:
    group = sfo.commands["subject-access"]
    for name in ("find", "export", "release"):
        one = group.commands[name]  # type: ignore[attr-defined]
        assert f"sfo subject-access {name} " in (one.epilog or "")
        assert one.help
