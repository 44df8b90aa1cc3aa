"""One case erased on a real server and a real database: nothing of it can be read again, all of the others can."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowFailureError

from starter.__main__ import run
from starter.case_keys import CaseKeys, ErasedError
from starter.erasure import Eraser
from starter.history_payloads import payloads_of
from starter.keys import PayloadKeyError
from starter.payloads import EncryptionCodec
from starter.restored import Way, look_at, look_at_each
from starter.script import SILENT, Line
from starter.settings import Settings
from tests.journeys.privacy import invented
from tests.starter.front_desk import a_settings
from tests.workflows.conftest import PATIENCE, Office
from tests.workflows.reconciled import quiet
from tests.workflows.test_case import UNLISTED, offence, opened, running
from workflows.contract.messages import CourtEvent
from workflows.contract.vocabulary import CourtEventKind

ONE, OTHER = "duty.one@national.example.test", "engineer.one@national.example.test"
MARK = "Quillfeather"
PEOPLE: dict[str, Any] = {
    "person": {"name": f"{MARK} Person", "date_of_birth": "1991-05-04"},
    "noms": "A9876BC",
    "court": f"{MARK} Crown Court",
    "roster": [
        {"role": role, "name": f"{MARK} {role}", "email": f"{MARK}.{role}@x.example.test".lower(), "in_line": True}
        for role in ("practitioner", "line_manager")
    ],
    "victims": [{"name": f"{MARK} Family", "liaison_officer_email": f"{MARK}.vlo@x.example.test".lower()}],
}


@dataclass
class Three:
    """A finished case with all that a case can hold, a closed one and one that is open; and `sfo` beside them."""

    office: Office
    settings: Settings
    copies: Path
    finished: str
    closed: str
    still_open: str

    async def sfo(self, *arguments: str) -> int:
        return await asyncio.to_thread(run, arguments)

    async def payloads(self, reference: str) -> list[Payload]:
        return [payload async for _, payload in payloads_of(self.office.client, reference)]

    def codec(self) -> EncryptionCodec:
        """One of a process that holds no key yet."""
        return EncryptionCodec(self.office.ring, CaseKeys.of(self.settings))

    async def ordered(self, reference: str) -> None:
        assert await self.sfo("erase", reference, "--reason-code", "court_order", "--as", OTHER) == 0

    async def erase(self, reference: str) -> int:
        return await self.sfo("erase", reference, "--confirm", "--as", ONE)


@pytest_asyncio.fixture
async def three(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plain_files: None
) -> AsyncIterator[Three]:
    copies = tmp_path / "copies"
    copies.mkdir()
    settings = a_settings(
        office.record,
        office.mail,
        SFO_TEMPORAL_ADDRESS=office.client.service_client.config.target_host,
        SFO_PAYLOAD_KEYS=office.ring.encode(),
        SFO_KEY_BACKUP_DIR=str(copies),
        SFO_DATA_DIR=str(tmp_path / "data"),
    )
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)
    unlisted: dict[str, Any] = {"offences": [offence(UNLISTED)]}
    async with (
        running(office, **PEOPLE) as (finished, case),
        running(office, {"offence_class": [Line("not_sfo")]}, **unlisted) as (closed, other),
        running(office, {"notification": [SILENT]}, speed=1) as (still_open, _),
    ):
        await opened(office, finished, "notification/notification")
        await case.signal("court_event", CourtEvent(kind=CourtEventKind.CONVICTED, on=datetime.now(UTC).date()))
        await opened(office, still_open, "notification/notification")
        async with asyncio.timeout(PATIENCE):
            assert (await case.result())["outcome"] == "completed"
            await other.result()
        await quiet(office, still_open.reference)
        three = Three(office, settings, copies, finished.reference, closed.reference, still_open.reference)
        for reference in (three.finished, three.closed, three.still_open):
            await three.codec().decode(await three.payloads(reference))  # which writes the copy of each key
        yield three


async def rows_of(three: Three, reference: str) -> list[tuple[str, str]]:
    """Every row of the record that is the case's, as text, by the scopes that the erasure goes by; sorted."""
    found = []
    async with three.office.record.owner() as owner:
        rules = await owner.fetch("SELECT DISTINCT tbl, scope FROM erasure_rules WHERE fate <> 'none'")
        for rule in rules:
            rows = await owner.fetch(f"SELECT t::text AS row FROM {rule['tbl']} t WHERE {rule['scope']}", reference)
            found += [(rule["tbl"], row["row"]) for row in rows]
    return sorted(found)  # an update moves a row within its table


async def test_one_case_is_erased_and_every_other_can_be_read(three: Three, capsys: pytest.CaptureFixture[str]) -> None:
    record, finished = three.office.record, three.finished
    history, others = await three.payloads(finished), {}
    for reference in (three.closed, three.still_open):
        others[reference] = await rows_of(three, reference)
    saved = three.copies.parent / "saved"
    shutil.copytree(three.copies, saved)
    before = await rows_of(three, finished)
    assert any(MARK in row for _, row in before)
    assert {"documents", "rendition_files", "outbox", "links", "redactions", "feedback"} <= {name for name, _ in before}
    assert len(history) > 100

    assert await three.sfo("erase", finished, "--dry-run", "--reason-code", "court_order") == 0
    rehearsed = capsys.readouterr().out
    assert "nothing stands against it" in rehearsed
    assert "rendition_files" in rehearsed
    assert "referrals" not in rehearsed
    await three.ordered(finished)
    assert await rows_of(three, finished) == before  # nothing is erased by a proposal
    assert await three.erase(finished) == 0
    said = capsys.readouterr().out
    assert "a payload of its own Temporal history" in said

    # The record: of the case nothing that a person wrote or is called, in no table.
    after = await rows_of(three, finished)
    words = [word for word in invented() if word.strip() not in ("Example",)] + [MARK, MARK.lower(), "@"]
    assert [(name, word, row) for name, row in after for word in words if word.casefold() in row.casefold()] == []
    kept = {name for name, _ in after}
    assert {"cases", "gates", "decisions", "ratings", "documents"} <= kept  # dates and codes that the figures count
    assert not {"outbox", "links", "rendition_files", "releases", "transitions"} & kept

    # Temporal: each payload of each history of it, by whoever has the store, the copies and the ring.
    for payload in history:
        with pytest.raises(ErasedError):
            await three.codec().decode([payload])
    assert [path.name for path in three.copies.glob(f"{finished}*")] == []
    stolen = CaseKeys("postgresql://sfo_app@127.0.0.1:1/none", three.office.ring, three.copies)
    with pytest.raises(Exception, match="cannot be used"):
        await stolen.sealing(finished)

    # And the others: each row as it was, each payload in clear.
    for reference, rows in others.items():
        assert await rows_of(three, reference) == rows
        await three.codec().decode(await three.payloads(reference))
    assert {path.stem for path in three.copies.glob("*.key")} == {three.closed, three.still_open}

    # The proof stands in the chain, which is whole and names nobody of the case.
    chain = await record.rows("SELECT * FROM audit WHERE reference = $1 ORDER BY seq", finished)
    assert [row["action"] for row in chain][-3:] == ["erasure_proposed", "erasure_confirmed", "case_erased"]
    detail: Any = chain[-1]["detail"]
    fingerprint = await record.value("SELECT fingerprint FROM sfo_keys.case_keys WHERE reference = $1", finished)
    assert (detail["fingerprint"], detail["proof"], detail["under_ring"]) == (fingerprint, "history", 0)
    assert detail["counts"]["rendition_files"] >= 1
    assert MARK.lower() not in json.dumps([(row["subject"], row["detail"]) for row in chain]).lower()
    assert await three.sfo("audit", "verify") == 0
    assert detail["counts"].keys() <= set(rehearsed.split())


async def test_whoever_meets_the_erased_case_is_told_so(three: Three, capsys: pytest.CaptureFixture[str]) -> None:
    await three.ordered(three.finished)
    assert await three.erase(three.finished) == 0
    today = datetime.now(UTC).date()
    for arguments, code, said in (
        (("case", three.finished), 0, "erased "),
        (("case", three.finished, "--json"), 0, f'"erased_on": "{today}"'),
        (("cases",), 0, ""),
        (("cases", "--json"), 0, three.finished),
        (("audit", "show", three.finished), 0, "carried out the erasure of the case: "),
        (("audit", "show", three.finished, "--names"), 0, "can no longer be read"),
        (("audit", "complete", three.finished), 0, "erased"),
        (("audit", "complete", three.closed), 0, "complete"),
        (("disclosure", three.finished), 0, ""),
        (("readers", three.finished), 0, ""),
        (("figures", "--from", f"{today:%Y}-01-01", "--to", str(today)), 0, ""),
        (("rollout", "check"), None, ""),  # about every case of the namespace, those of other tests too
        (("reconcile", "--dry-run"), None, ""),
        (("pause", three.finished, "--reason-code", "trial", "--as", ONE), 1, "was erased"),
        (("hold", "set", three.finished, "--reason-code", "inquest", "--as", ONE), 1, "was erased"),
        (("erase", three.finished, "--confirm", "--as", ONE), 0, "erased"),
        (("erase", "--again", "--as", ONE), 0, f"{three.finished}: erased"),
    ):
        capsys.readouterr()
        ended = await three.sfo(*arguments)
        shown = capsys.readouterr()
        assert ended == code or (code is None and ended in (0, 1)), (arguments, shown)
        assert said in shown.out + shown.err, (arguments, shown)


async def test_an_erased_case_holds_up_no_comparison_after_a_restore(three: Three) -> None:
    """Of the others it is told how they stand; the erased one agrees, or is to be erased again first."""
    await three.ordered(three.finished)
    assert await three.erase(three.finished) == 0
    assert three.office.keys is not None
    three.office.keys._cache.clear()  # a command begins with none
    client, pool = three.office.client, three.office.record.pool
    found = {one.reference: one async for one in look_at_each(client, pool, [three.finished, three.closed])}
    assert {reference: one.way for reference, one in found.items()} == {
        three.finished: Way.AGREES, three.closed: Way.AGREES,
    }  # fmt: skip

    async with three.office.record.superuser() as superuser:  # a backup of the record from before
        await superuser.execute("SET session_replication_role = replica")
        await superuser.execute("UPDATE sfo.cases SET erased_at = NULL WHERE reference = $1", three.finished)
    stands = await look_at(client, pool, three.finished)
    assert (stands.way, "`sfo erase --again`" in stands.why) == (Way.ENGINEER, True)


async def test_killed_at_any_step_it_goes_on_and_is_done_once(three: Three, monkeypatch: pytest.MonkeyPatch) -> None:
    await three.ordered(three.finished)
    history = await three.payloads(three.finished)

    class Killed(BaseException):
        pass

    def dies(*_: object, **__: object) -> None:
        raise Killed

    eraser = Eraser(three.settings, three.office.record.pool, three.office.client)
    await three.office.record.pool.execute(
        "UPDATE erasures SET confirmed_by = 'national.duty.1', confirmed_at = now() WHERE reference = $1",
        three.finished,
    )
    for place in (
        "starter.erasure.payloads_of",
        "starter.erasure.note_erasure",
        "starter.case_keys.CaseKeys.destroy",
        "starter.case_keys.destroy_copy",
        "starter.erasure.Eraser._prove",
        "starter.erasure.append_audit",
    ):
        with monkeypatch.context() as patched:
            patched.setattr(place, dies)
            with pytest.raises(Killed):
                await eraser.carry_out(three.finished, email=ONE)
        assert await three.office.record.value("SELECT done_at FROM erasures") is None
    done = await eraser.carry_out(three.finished, email=ONE)
    assert (done.proof, sum(done.counts.values()) > 100) == ("history", True)
    assert await eraser.carry_out(three.finished, email=ONE) == done
    assert await three.office.record.value("SELECT count(*) FROM audit WHERE action = 'case_erased'") == 1
    with pytest.raises(ErasedError):
        await three.codec().decode(history[:1])


async def test_while_the_copy_or_the_store_cannot_be_reached_it_is_not_done_and_says_so(
    three: Three, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await three.ordered(three.finished)
    history = await three.payloads(three.finished)
    away = three.copies.with_name("unmounted")
    three.copies.rename(away)
    for change, said in (
        ({}, "is not there"),
        ({"SFO_KEY_BACKUP_DIR": ""}, "set SFO_KEY_BACKUP_DIR here"),
        ({"SFO_KEY_BACKUP_DIR": str(three.copies.parent)}, "is it the right folder"),
        ({"SFO_KEYS_DATABASE_URL": "postgresql://sfo_app@127.0.0.1:1/none"}, "SFO_KEYS_DATABASE_URL"),
    ):
        with monkeypatch.context() as patched:
            for name, value in change.items():
                patched.setenv(name, value)
            assert await three.erase(three.finished) == 3
        assert said in capsys.readouterr().err
        assert (
            await three.office.record.value("SELECT erased_at FROM cases WHERE reference = $1", three.finished) is None
        )
    await three.codec().decode(history[:1])
    shutil.rmtree(three.copies, ignore_errors=True)
    away.rename(three.copies)
    assert await three.erase(three.finished) == 0


async def test_after_a_restore_it_is_erased_again(three: Three, capsys: pytest.CaptureFixture[str]) -> None:
    record, finished = three.office.record, three.finished
    async with record.superuser() as superuser:
        await superuser.execute("CREATE SCHEMA saved")
        tables = [row["t"] for row in await superuser.fetch(
            "SELECT format('%s.%s', schemaname, tablename) AS t FROM pg_tables WHERE schemaname IN ('sfo', 'sfo_keys')"
        )]  # fmt: skip
        for table in tables:
            await superuser.execute(f"CREATE TABLE saved.{table.replace('.', '__')} AS TABLE {table}")
        saved = three.copies.with_name("saved")
        shutil.copytree(three.copies, saved)
        history = await three.payloads(finished)
        await three.ordered(finished)
        assert await three.erase(finished) == 0

        # The backup of the record and of the keys comes back, from a time when the case was open still.
        await superuser.execute("SET session_replication_role = replica")
        for table in tables:
            await superuser.execute(f"DELETE FROM {table}")
            await superuser.execute(
                f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM saved.{table.replace('.', '__')}"
            )
        await superuser.execute("UPDATE sfo.cases SET closed_on = NULL, outcome = NULL WHERE reference = $1", finished)
    shutil.copy(saved / f"{finished}.key", three.copies)
    assert any(MARK in row for _, row in await rows_of(three, finished))
    await three.codec().decode(history[:1])  # the key is back

    capsys.readouterr()
    assert await three.sfo("erase", "--again", "--as", OTHER) == 0
    assert f"{finished}: erased again" in capsys.readouterr().out
    assert not any(MARK in row or "@" in row for _, row in await rows_of(three, finished))
    with pytest.raises(ErasedError):
        await three.codec().decode(history[:1])
    assert not (three.copies / f"{finished}.key").exists()
    await three.codec().decode(await three.payloads(three.closed))
    assert await record.value("SELECT detail ->> 'again' FROM audit WHERE action = 'case_erased'") == "true"
    assert await three.sfo("erase", "--again", "--as", OTHER) == 0
    assert f"{finished}: erased\n" in capsys.readouterr().out


async def test_a_worker_without_the_key_never_fails_the_workflow(three: Three) -> None:
    """The store of keys away, or a case erased by mistake while it is open: its task waits, it is not failed."""
    handle = three.office.client.get_workflow_handle(f"sfo/{three.still_open}")
    assert three.office.keys is not None
    three.office.keys._cache.clear()
    three.office.keys._url, url = "postgresql://sfo_app@127.0.0.1:1/none", three.office.keys._url
    with pytest.raises((ConnectionError, PayloadKeyError, WorkflowFailureError)):
        await handle.signal("court_event", CourtEvent(kind=CourtEventKind.CONVICTED, on=datetime.now(UTC).date()))
    three.office.keys._url = url
    assert (await handle.describe()).status is not None
    await handle.signal("court_event", CourtEvent(kind=CourtEventKind.CONVICTED, on=datetime.now(UTC).date()))
    status = await handle.query("status")
    assert status
