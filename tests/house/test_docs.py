"""The documents say what the code says: every value, key, link, source and command that they must name is there."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import click
import pytest
from pydantic import BaseModel
from temporalio import workflow

from deploy.namespace import SEARCH_ATTRIBUTES
from deploy.saved_views import saved_views
from starter.registered import BY_TYPE
from workflows.contract import ids, messages, vocabulary
from workflows.contract.questions import QUESTIONS
from workflows.contract.rulebook import Rulebook, Unit

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
CODE = ("workflows", "activities", "starter", "deploy", "tests")
MARKDOWN = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])

ENUMS = {
    name: found
    for name, found in vars(vocabulary).items()
    if isinstance(found, type) and issubclass(found, StrEnum) and found is not StrEnum
}
UNITS = {Unit.WORKING_DAYS: "working day", Unit.CALENDAR_DAYS: "day", Unit.CALENDAR_MONTHS: "calendar month"}

# `facts.md 2.7 to 2.9, 6.1`: one number, or several joined by commas, "and", "to".
_NUMBER = r"\d+(?:\.\d+)*"
_CITED = re.compile(rf"facts\.md[\s#]+(?:section )?({_NUMBER}(?:(?:,| and| to)[\s#]+(?:section )?{_NUMBER})*)")
_RANGE = re.compile(rf"({_NUMBER}) to ({_NUMBER})")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def sections(markdown: str) -> dict[str, str]:
    """What stands under each heading of the second level."""
    parts = re.split(r"^## (.+)$", markdown, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def first_cells(markdown: str) -> dict[str, str]:
    """Each row of the tables by the value in its first cell."""
    rows = re.findall(r"^\| `([^`]+)` \|(.*)$", markdown, re.MULTILINE)
    return dict(rows)


# --- glossary ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(ENUMS))
def test_the_glossary_spells_every_value_of_the_vocabulary(name: str) -> None:
    told = first_cells(sections((DOCS / "glossary.md").read_text())[name])
    assert sorted(told) == sorted(ENUMS[name])


# --- lifecycle --------------------------------------------------------------------------------------


def test_the_lifecycle_has_every_question_with_its_role_deadline_and_answers() -> None:
    told = first_cells(sections((DOCS / "lifecycle.md").read_text())["Every question"])
    assert sorted(told) == sorted(QUESTIONS)
    for key, question in QUESTIONS.items():
        role = f"`{question.role}`" if question.role else "the member of staff it is about"
        answers = ", ".join(f"`{a.value}`" + ("*" if a.needs_the_page else "") for a in question.answers)
        asked, deadline, given = (cell.strip() for cell in told[key].strip(" |").split("|"))
        assert (key, asked, given) == (key, role, answers)
        assert deadline.startswith(f"`{question.deadline}`"), key


def test_the_lifecycle_has_every_deadline_with_its_present_figure_and_confidence() -> None:
    told = first_cells(sections((DOCS / "lifecycle.md").read_text())["Every deadline"])
    rulebook = newest_rulebook()
    assert sorted(told) == sorted(rulebook.deadlines)
    for key, rule in rulebook.deadlines.items():
        figure, confidence, _ = (cell.strip() for cell in told[key].strip(" |").split("|"))
        plural = "" if rule.amount == 1 else "s"
        assert re.match(rf"{rule.amount} {UNITS[rule.unit]}{plural}(,|$)", figure), key
        assert confidence == rule.confidence, key


def test_the_lifecycle_names_every_letter() -> None:
    text = (DOCS / "lifecycle.md").read_text()
    letters = {path.name for path in (ROOT / "activities" / "letters").iterdir() if (path / "subject.txt").is_file()}
    assert letters
    assert {letter for letter in letters if f"`{letter}`" not in text} == set()


def test_every_stage_has_its_part_of_the_lifecycle_in_the_order_of_the_stages() -> None:
    told = [heading for heading in sections((DOCS / "lifecycle.md").read_text()) if heading[0].isdigit()]
    assert told == [f"{number} {stage}" for number, stage in enumerate(vocabulary.Stage, start=1)]


def newest_rulebook() -> Rulebook:
    books = [Rulebook.from_toml(path.read_text()) for path in (ROOT / "deploy" / "rulebook").glob("*.toml")]
    return max(books, key=lambda book: book.effective_on)


# --- rule, code, test -------------------------------------------------------------------------------

_IN_CODE = re.compile(r"`((?:[\w-]+/)*[\w-]+\.py):(\w+)`")
_IN_TESTS = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def defined_in(path: Path) -> set[str]:
    """Every function, method, class and variable of a file by its own name; none where there is no such file."""
    if not path.is_file():
        return set()
    nodes = [*ast.walk(ast.parse(path.read_text()))]
    named = {n.name for n in nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    return named | {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def test_every_rule_names_its_code_and_a_test_of_it_and_both_exist() -> None:
    rows = re.findall(r"^\| (.+) \|$", sections((DOCS / "lifecycle.md").read_text())["Rule, code, test"], re.MULTILINE)
    assert rows[0] == "rule | it demands | code | test"
    missing = set()
    for row in rows[1:]:
        rule, _, code, test = row.split(" | ")
        missing |= set(re.findall(_NUMBER, re.sub(r"design [\d., ]+", "", rule))) - explained()
        for cell, form in ((code, _IN_CODE), (test, _IN_TESTS)):
            assert len(form.findall(cell)) == cell.count("`") / 2 > 0, f"not named as the others are: {row}"
            missing |= {f"{file}:{name}" for file, name in form.findall(cell) if name not in defined_in(ROOT / file)}
    assert missing == set()


# --- links ------------------------------------------------------------------------------------------


def relative_links() -> Iterator[tuple[Path, str]]:
    for page in MARKDOWN:
        for target in _LINK.findall(page.read_text()):
            if "://" not in target and not target.startswith("mailto:"):
                yield page, target


def anchors(page: Path) -> set[str]:
    """The anchors of a page as a browser of repositories makes them from its headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_threat_has_a_test_that_exists() -> None:
    rows = [line for line in (DOCS / "threats.md").read_text().splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 20
    for row in rows:
        named = _IN_TESTS.findall(row)
        assert named, row
        for path, test in named:
            assert f"def {test}(" in (ROOT / path).read_text(), test


def test_every_relative_link_leads_somewhere() -> None:
    broken = []
    for page, target in relative_links():
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def test_every_document_is_linked_from_somewhere() -> None:
    linked = {(page.parent / target.partition("#")[0]).resolve() for page, target in relative_links()}
    folders = {path / "README.md" for path in linked if path.is_dir()}
    lonely = {page.resolve() for page in MARKDOWN} - linked - folders - {ROOT / "README.md"}
    assert lonely == set()


def test_every_file_that_the_documents_name_is_there() -> None:
    missing = set()
    for page in MARKDOWN:
        for path in re.findall(r"`((?:[\w*.-]+/)+[\w*.-]+\.(?:py|sql|csv|toml))`", page.read_text()):
            # Inside the tour a path may start within workflows.
            if not any([*ROOT.glob(path), *(ROOT / "workflows").glob(path)]):
                missing.add(f"{page.relative_to(ROOT)}: {path}")
    assert missing == set()


def test_every_reference_in_the_sources_is_defined_and_used() -> None:
    text = (DOCS / "sources.md").read_text()
    defined = set(re.findall(r"^\[(\w+)\]: ", text, re.MULTILINE))
    used = set(re.findall(r"\[(\w+)\](?![:(])", text))
    assert used == defined


# --- sources ----------------------------------------------------------------------------------------


def code_files() -> list[Path]:
    found = [path for folder in CODE for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".toml", ".sql")]
    return sorted({*found, ROOT / "worker.py"} - {Path(__file__)})


def cited(text: str) -> set[str]:
    """Every number that a text cites, the inner numbers of a range too."""
    numbers = set()
    for citation in _CITED.findall(text):
        numbers |= set(re.findall(_NUMBER, citation))
        for first, last in _RANGE.findall(re.sub(r"[\s#]+", " ", citation)):
            chapter, _, start = first.rpartition(".")
            numbers |= {f"{chapter}.{n}" for n in range(int(start), int(last.rpartition(".")[2]) + 1)}
    return numbers


def explained() -> set[str]:
    """The numbers that stand in the sources: rows of tables and headings."""
    text = (DOCS / "sources.md").read_text()
    rows = re.findall(rf"^\| ({_NUMBER}) \|", text, re.MULTILINE)
    headings = re.findall(rf"^#+ ({_NUMBER})(?:\.? |$)", text, re.MULTILINE)
    return {*rows, *headings}


def test_citations_are_read_as_people_write_them() -> None:
    assert cited("facts.md 2.7 to 2.9, 6.1. Else") == {"2.7", "2.8", "2.9", "6.1"}
    assert cited("facts.md 1.13 to 1.15, section 7.") == {"1.13", "1.14", "1.15", "7"}
    assert cited("facts.md 2.5 and\n# 2.6 (unsure), design.md 2.") == {"2.5", "2.6"}
    assert cited("facts.md 7, child under 13.") == {"7"}


def test_every_fact_that_the_code_cites_stands_in_the_sources() -> None:
    missing = {
        f"{path.relative_to(ROOT)}: {number}"
        for path in code_files()
        for number in cited(path.read_text()) - explained()
    }
    assert missing == set()


# --- signals by hand --------------------------------------------------------------------------------

# `court_event` says ... Model `CourtEvent`: and then the input, as somebody copies it.
_INPUT = re.compile(r"^`(\w+)` (?:[^`\n]|`[^`\n]*`)*Model `(\w+)`:\n\n```json\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
BY_HAND = {
    "decide", "reassign", "acknowledge", "resolve", "request_extension",
    "court_event", "amend_charge", "raise_concern", "enquiry",
    "pause", "resume", "transfer", "replace_manager", "calendar", "opt_in", "correct",
}  # fmt: skip


def inputs() -> list[tuple[str, str, str]]:
    """Each input that operations may copy: its signal, its model, its JSON."""
    return _INPUT.findall((DOCS / "operations.md").read_text())


def test_every_signal_by_hand_has_an_input_and_no_json_stands_without_its_model() -> None:
    named = [signal for signal, _, _ in inputs()]
    assert sorted(named) == sorted(BY_HAND)
    assert (DOCS / "operations.md").read_text().count("```json") == len(named)


@pytest.mark.parametrize(("signal", "model", "given"), inputs())
def test_each_input_is_read_by_its_model_and_its_signal_is_handled(signal: str, model: str, given: str) -> None:
    kind: type[BaseModel] = getattr(messages, model)
    kind.model_validate_json(given)
    registered = BY_TYPE.values()
    assert any(signal in workflow._Definition.must_from_class(cls).signals for cls in registered)
    # A message says which signals it is for, so no input can stand under a signal that reads another message.
    assert f"`{signal}`" in (kind.__doc__ or ""), f"{model} is not the message of {signal}"


@pytest.mark.parametrize("given", [given for _, model, given in inputs() if model == "DecideSignal"])
def test_an_answer_by_hand_is_one_that_may_be_typed(given: str) -> None:
    signal = messages.DecideSignal.model_validate_json(given)
    key, _, subject = signal.gate.rpartition("/")[2].partition(":")
    assert signal.gate == ids.gate_id(ids.workflow_of_gate(signal.gate), key, subject)
    assert key in QUESTIONS
    if signal.decision:
        return
    answer = QUESTIONS[key].answer(signal.answer or "")
    assert answer is not None
    assert not answer.needs_the_page
    assert signal.reason is not None


def test_every_outcome_of_an_escalation_can_be_typed() -> None:
    assert not any(answer.needs_the_page for answer in QUESTIONS["resolve"].answers)


def test_an_amended_charge_is_not_copied_as_a_court_event() -> None:
    (given,) = [given for _, model, given in inputs() if model == "CourtEvent"]
    assert messages.CourtEvent.model_validate_json(given).kind is not vocabulary.CourtEventKind.AMENDED


# --- commands ---------------------------------------------------------------------------------------


def named_commands() -> set[tuple[str, ...]]:
    """Every `sfo …` in the README, up to its first argument: `sfo audit verify`, `sfo charge`."""
    spans = re.findall(r"`sfo ([^`]+)`", (ROOT / "README.md").read_text())
    return {tuple(re.match(r"[a-z-]+(?: [a-z-]+)*", span)[0].split()) for span in spans}  # type: ignore[index]


def the_command() -> click.Command:
    from starter import __main__ as entry

    found = [getattr(entry, name, None) for name in ("main", "sfo")]
    groups = [command for command in found if isinstance(command, click.Group)]
    assert groups, "starter.__main__ has no click group called main or sfo"
    return groups[0]


def test_the_readme_names_commands() -> None:
    assert {("up",), ("demo",), ("charge",), ("case",), ("audit", "verify")} <= named_commands()


def test_every_command_in_the_readme_exists() -> None:
    for words in sorted(named_commands()):
        command = the_command()
        for word in words:
            assert isinstance(command, click.Group), f"sfo {' '.join(words)}"
            assert word in command.commands, f"sfo {' '.join(words)}"
            command = command.commands[word]


def test_the_runbook_lists_every_saved_view_and_every_search_attribute() -> None:
    runbook = (ROOT / "docs" / "operations.md").read_text()
    for view in saved_views(datetime(2026, 11, 27, tzinfo=UTC)):
        key = "awaiting-…" if view.key.startswith("awaiting-") else view.key
        assert f"| `{key}` |" in runbook
    for attribute in SEARCH_ATTRIBUTES:
        assert f"`{attribute}`" in runbook
