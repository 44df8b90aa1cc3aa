"""The audit chain as a signed bundle: the script and the public key are enough to verify it and find each tampering."""

import asyncio
import hashlib
import json
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from starter.audit_signing import new_key, public_keys, signed
from starter.keys import KeyRing
from tests.builders import DEPLOY
from tests.conftest import MailServer, Record
from tests.starter.disclosing import REFERENCE, a_disclosure
from tests.starter.test_commands import Ended, Sfo
from tests.starter.test_commands import command as command  # the fixture

SCRIPT = DEPLOY / "verify_audit.py"
OTHER = "SFO-2026-00777"
HOSTILE = [  # as PostgreSQL's jsonb takes them in: it writes numbers and escapes in its own way
    '{"n": 1e3, "m": 1.0, "k": 1.50, "z": -0.0, "tiny": 1e-30, "huge": 123456789012345678901234567890123}',
    '{"e400": 1e400, "deep": [[[[{"a": [1, [2, {"b": null}]]}]]]], "t": true, "f": false}',
    '{"u": "Zoë 漢字 🙂 \\u202e \\u2028 \\u0085", "c": "\\u0001\\t\\r\\n\\"\\\\/", "é": "combining e\\u0301"}',
    '{"b": 1, "aa": 2, "a": 3, "": 4, "long key with \\"quotes\\"": {"x": []}}',
    '{"text that looks like a number": "5", "number": 5, "float": "5.0", "empty": {}, "list": []}',
    '["a list", 1, 1.00]', '"a text"', "null", "12.340",
]  # fmt: skip


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing.generate()


@pytest_asyncio.fixture
async def chain(command: Sfo, record: Record, mail_server: MailServer) -> Sfo:
    """Rows of the case with hostile details, rows of another between them, a head exported in the middle."""
    case = await a_disclosure(record, mail_server)
    for number, detail in enumerate(HOSTILE):
        query = "SELECT audit_append(now(), $1, 'a@example.test', 'tested', $2, $3::text::jsonb)"
        await case.run(query, REFERENCE, f"row {number} “é”\n", detail)
        await case.run(query, OTHER if number % 2 else None, "Secret Subject", '{"secret": "Secret Detail"}')
        if number == 3:
            assert (await command("audit", "head")).code == 0
    return command


def verify(bundle: Path, key: str) -> Ended:
    ended = subprocess.run([sys.executable, "-I", str(SCRIPT), str(bundle), key], capture_output=True, text=True)
    return Ended(ended.returncode, ended.stdout, ended.stderr)


async def exported(chain: Sfo, ring: KeyRing, output: Path, monkeypatch: pytest.MonkeyPatch, *what: str) -> Ended:
    monkeypatch.setenv("SFO_AUDIT_KEY", ring.encode())
    return await chain("audit", "export", *(what or (REFERENCE,)), "--output", str(output))


def contents(bundle: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(bundle) as file:
        return {name: file.read(name) for name in file.namelist()}


def rows_of(files: dict[str, bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in files["rows.jsonl"].split(b"\n") if line]


async def test_an_untouched_bundle_verifies_and_tells_nothing_of_other_cases(
    chain: Sfo, ring: KeyRing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record: Record
) -> None:
    output = tmp_path / "audit.zip"
    ended = await exported(chain, ring, output, monkeypatch)
    assert ended.code == 0, ended.err
    own = await record.value("SELECT count(*) FROM audit WHERE reference = $1", REFERENCE)
    total = await record.value("SELECT count(*) FROM audit")
    assert own == len(HOSTILE)
    assert ended.out == f"{output}: {own} rows in full, {total - own} as links\n"  # type: ignore[operator]
    (key,) = (await chain("audit", "key")).out.splitlines()
    assert key == public_keys(ring)[0]
    checked = verify(output, key)
    assert (checked.code, checked.err) == (0, "")
    assert checked.out.startswith(f"verified: {own} rows in full")
    assert "; heads exported earlier: 1\n" in checked.out
    files = contents(output)
    assert set(files) == {"rows.jsonl", "heads.jsonl", "manifest.json", "manifest.sig"}
    assert b"Secret" not in b"".join(files.values())
    assert OTHER.encode() not in b"".join(files.values())
    assert {frozenset(row) for row in rows_of(files) if "text" not in row} == {frozenset({"seq", "hash", "prev"})}
    manifest = json.loads(files["manifest.json"])
    assert manifest["references"] == [REFERENCE]
    assert manifest["schema"] == max(path.name for path in (DEPLOY / "schema").glob("*.sql"))
    assert manifest["files"] == {n: hashlib.sha256(files[n]).hexdigest() for n in ("rows.jsonl", "heads.jsonl")}
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if "draft" in path.name] == []


async def test_every_hash_is_recomputed_from_the_exported_text_whatever_the_detail_holds(
    chain: Sfo, ring: KeyRing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record: Record
) -> None:
    output = tmp_path / "audit.zip"
    assert (await exported(chain, ring, output, monkeypatch, "--all")).code == 0
    assert verify(output, public_keys(ring)[0]).code == 0
    rows = rows_of(contents(output))
    kept = await record.rows("SELECT seq, hash, detail::text AS detail, subject FROM audit ORDER BY seq")
    assert [row["seq"] for row in rows] == [row["seq"] for row in kept]
    for row, known in zip(rows, kept, strict=True):
        digest = hashlib.sha256(bytes.fromhex(row["prev"]) + row["text"].encode()).digest()
        assert digest == known["hash"] == bytes.fromhex(row["hash"])
        assert row["detail"] == json.loads(str(known["detail"]))
        assert row["subject"] == known["subject"]


# --- tampering ----------------------------------------------------------------------------------------

Rows = list[dict[str, Any]]


def _edit(rows: Rows) -> None:
    row = next(row for row in rows if "text" in row)
    row["text"] = row["text"].replace("tested", "tasted")
    row["action"] = "tasted"


def _edit_and_hash_anew(rows: Rows) -> None:
    row = next(row for row in rows if "text" in row)
    row["text"] = row["text"].replace("tested", "tasted")
    row["action"] = "tasted"
    row["hash"] = hashlib.sha256(bytes.fromhex(row["prev"]) + row["text"].encode()).hexdigest()


def _show_otherwise(rows: Rows) -> None:
    next(row for row in rows if "text" in row)["actor"] = "b@example.test"


def _show_a_number_as_text(rows: Rows) -> None:
    next(row for row in rows if "number" in row.get("detail", ()))["detail"]["number"] = "5"


def _remove(rows: Rows) -> None:
    del rows[2]


def _swap(rows: Rows) -> None:
    rows[1], rows[2] = rows[2], rows[1]


def _cut(rows: Rows) -> None:
    del rows[5:]


def _another_case(rows: Rows) -> None:
    next(row for row in rows if "text" in row)["reference"] = OTHER


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (_edit, "row 1: its text was edited"),
        (_edit_and_hash_anew, "row 2: it does not follow from the row before it"),
        (_show_otherwise, "row 1: what it shows is not what its text says"),
        (_show_a_number_as_text, "row 9: what it shows is not what its text says"),
        (_remove, "row 4: it comes after row 2; a row was removed, or they are not in order"),
        (_swap, "row 3: it comes after row 1; a row was removed, or they are not in order"),
        (_cut, "head 8: the row that was exported as the head is gone or another one"),
        (_another_case, "row 1: it is of a case that the manifest does not name"),
    ],
)
@pytest.mark.parametrize("signed_anew", [False, True])
async def test_a_tampered_row_is_named_even_by_whoever_holds_the_key(
    chain: Sfo,
    ring: KeyRing,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tamper: Callable[[Rows], None],
    said: str,
    signed_anew: bool,
) -> None:
    output = tmp_path / "audit.zip"
    await exported(chain, ring, output, monkeypatch)
    files = contents(output)
    lines = [line for line in files["rows.jsonl"].split(b"\n") if line]
    rows = [json.loads(line) for line in lines]
    untouched = json.loads(json.dumps(rows))
    tamper(rows)
    as_they_were = {row["seq"]: line for row, line in zip(untouched, lines, strict=True)}
    written = [
        as_they_were[row["seq"]] if row in untouched else json.dumps(row, sort_keys=True).encode() for row in rows
    ]
    files["rows.jsonl"] = b"".join(line + b"\n" for line in written)
    if signed_anew:
        _sign(files, ring)
    ended = _verified(files, tmp_path, ring)
    assert ended.code == 1
    assert said in ended.out.splitlines()
    assert ("rows.jsonl: it is not the file that was signed" in ended.out) is not signed_anew
    assert "was not signed" not in ended.out


def _sign(files: dict[str, bytes], ring: KeyRing) -> None:
    manifest = json.loads(files["manifest.json"])
    manifest["files"] = {name: hashlib.sha256(files[name]).hexdigest() for name in manifest["files"]}
    files["manifest.json"] = json.dumps(manifest).encode()
    files["manifest.sig"] = signed(ring, files["manifest.json"])


def _verified(files: dict[str, bytes], folder: Path, ring: KeyRing) -> Ended:
    bundle = folder / "tampered.zip"
    with zipfile.ZipFile(bundle, "w") as file:
        for name, data in files.items():
            file.writestr(name, data)
    return verify(bundle, public_keys(ring)[0])


@pytest.mark.parametrize(
    ("name", "before", "after", "code", "said"),
    [
        ("heads.jsonl", b'"seq": 8', b'"seq": 7', 1, "head 7: the row that was exported as the head is gone or"),
        ("heads.jsonl", b'"seq": 8', b'"seq": 7', 1, "heads.jsonl: it is not the file that was signed"),
        ("manifest.json", b'"rows"', b'"rows "', 2, "the bundle or the key cannot be read"),
        ("manifest.json", b'"made_at": "2', b'"made_at": "3', 1, "manifest.json: it was not signed like this"),
        ("manifest.sig", None, b"A" * 86 + b"==", 1, "manifest.json: it was not signed like this"),
        ("manifest.sig", None, b"%%%", 1, "manifest.json: it was not signed like this"),
        ("extra.txt", None, b"x", 1, "extra.txt: it is not in the manifest"),
        ("rows.jsonl", None, b"not json\n", 2, "the bundle or the key cannot be read"),
    ],
)  # fmt: skip
async def test_a_changed_head_manifest_or_signature_is_named(
    chain: Sfo,
    ring: KeyRing,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    before: bytes | None,
    after: bytes,
    code: int,
    said: str,
) -> None:
    await exported(chain, ring, tmp_path / "audit.zip", monkeypatch)
    files = contents(tmp_path / "audit.zip")
    if before is not None:
        assert before in files[name]
    files[name] = files[name].replace(before, after) if before is not None else after
    ended = _verified(files, tmp_path, ring)
    assert ended.code == code
    assert said in ended.out + ended.err
    assert "verified" not in ended.out


async def test_another_key_and_a_missing_file_are_found(
    chain: Sfo, ring: KeyRing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await exported(chain, ring, tmp_path / "audit.zip", monkeypatch)
    another = verify(tmp_path / "audit.zip", public_keys(KeyRing.generate())[0])
    assert (another.code, "it was not signed like this by the key" in another.out) == (1, True)
    assert ring.active_id in another.out  # which key it says it was signed by
    assert verify(tmp_path / "audit.zip", "k1:nonsense").code == 2
    files = contents(tmp_path / "audit.zip")
    del files["heads.jsonl"]
    assert _verified(files, tmp_path, ring).code == 2
    assert verify(tmp_path / "nothing.zip", public_keys(ring)[0]).code == 2


async def test_a_row_edited_in_the_database_is_said_at_the_export_and_found_in_the_bundle(
    chain: Sfo, ring: KeyRing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record: Record
) -> None:
    async with record.owner() as owner:
        await owner.execute("ALTER TABLE audit DISABLE TRIGGER audit_no_change")
        await owner.execute("UPDATE audit SET subject = 'another' WHERE seq = 3")
    ended = await exported(chain, ring, tmp_path / "audit.zip", monkeypatch)
    assert (ended.code, "row 3: it was edited" in ended.err) == (1, True)
    checked = verify(tmp_path / "audit.zip", public_keys(ring)[0])
    assert (checked.code, checked.out) == (1, "row 3: its text was edited\n")


async def test_without_an_exported_head_the_script_says_what_it_cannot_show(
    chain: Sfo, ring: KeyRing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "none.jsonl"
    empty.touch()
    assert (await exported(chain, ring, tmp_path / "a.zip", monkeypatch, "--all", "--heads", str(empty))).code == 0
    checked = verify(tmp_path / "a.zip", public_keys(ring)[0])
    assert checked.code == 0
    assert checked.out.splitlines()[1].endswith("whether the end of the chain was cut off is NOT verified")


# --- the key and the command ----------------------------------------------------------------------------


async def test_without_a_key_the_command_says_how_to_make_one(chain: Sfo, tmp_path: Path) -> None:
    for arguments in (("key",), ("export", REFERENCE, "--output", str(tmp_path / "a.zip"))):
        ended = await chain("audit", *arguments)
        assert ended.code == 2
        assert 'export SFO_AUDIT_KEY="$(sfo audit key --new)"' in ended.err
    assert not (tmp_path / "a.zip").exists()


async def test_a_key_that_was_made_signs_and_its_public_half_tells_nothing_of_it(
    chain: Sfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = (await chain("audit", "key", "--new")).out.strip()
    old = new_key()
    ring = KeyRing.parse(f"{made},{old}")
    monkeypatch.setenv("SFO_AUDIT_KEY", f"{made},{old}")
    shown = (await chain("audit", "key")).out
    assert shown.splitlines() == public_keys(ring)
    assert [line.split(":")[0] for line in shown.splitlines()] == [made.split(":")[0], old.split(":")[0]]
    assert made.split(":")[1] not in shown
    await chain("audit", "export", REFERENCE, "--output", str(tmp_path / "a.zip"))
    assert verify(tmp_path / "a.zip", shown.splitlines()[0]).code == 0
    assert verify(tmp_path / "a.zip", shown.splitlines()[1]).code == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name the cases to export, or give --all"),
        ((REFERENCE, "--all"), "name the cases to export, or give --all"),
        (("SFO-2026-99999",), "there is no case SFO-2026-99999"),
    ],
)
async def test_what_cannot_be_exported_is_said_and_nothing_is_written(
    chain: Sfo,
    ring: KeyRing,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.setenv("SFO_AUDIT_KEY", ring.encode())
    ended = await chain("audit", "export", *arguments, "--output", str(tmp_path / "a.zip"))
    assert (ended.code, said in ended.err) == (2, True)
    assert not (tmp_path / "a.zip").exists()
    nowhere = await chain("audit", "export", REFERENCE, "--output", str(tmp_path / "no" / "folder.zip"))
    assert (nowhere.code, "cannot be written" in nowhere.err) == (2, True)


def test_the_script_is_short_and_needs_no_service() -> None:
    source = SCRIPT.read_text()
    assert len(source.splitlines()) < 100
    imported = {line.split()[1].split(".")[0] for line in source.splitlines() if line.startswith(("import ", "from "))}
    assert imported - sys.stdlib_module_names == {"cryptography"}


async def test_an_empty_chain_is_a_bundle_too(
    command: Sfo, ring: KeyRing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await exported(command, ring, tmp_path / "a.zip", monkeypatch, "--all")).code == 0
    checked = await asyncio.to_thread(verify, tmp_path / "a.zip", public_keys(ring)[0])
    assert (checked.code, checked.out.splitlines()[0].startswith("verified: 0 rows")) == (0, True)
