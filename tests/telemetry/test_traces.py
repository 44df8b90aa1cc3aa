"""From a click to the database in one trace, across Temporal; no span across a wait, nobody in what is exported."""

import re

from tests.journeys.privacy import held
from tests.telemetry.watched import Watched

LONGEST = 20.0
"""Seconds; a span of a busy machine may take some, a wait for a person takes minutes at the least."""
DECIDE = "POST /a/{token}/decide"


def clicks(watched: Watched) -> list[str]:
    """The traces of the clicks that were applied."""
    return [
        s.trace
        for s in watched.collector.spans
        if s.name == DECIDE and s.attributes["http.response.status_code"] == 303
    ]


def test_a_click_is_one_trace_from_the_page_to_the_rows_that_it_changes(watched: Watched) -> None:
    traces = clicks(watched)
    assert len(traces) == len(watched.decisions) > 5
    for trace in traces:
        spans = watched.collector.of_trace(trace)
        (click,) = [span for span in spans if span.name == DECIDE]
        (signal,) = [span for span in spans if span.name == "signal decide"]
        settled = [span for span in spans if span.name == "settle_gate"]
        assert {span.attributes["sfo.gate"] for span in settled} == {click.attributes["sfo.gate"]}
        assert (signal.parent, {span.parent for span in settled}) == (click.id, {signal.id})
        assert (click.service, settled[0].service) == ("sfo-gateway", "sfo-worker")
        statements = [s for s in spans if s.parent == settled[0].id and "db.query.text" in s.attributes]
        assert any(s.attributes["db.query.text"].startswith("UPDATE decisions SET applied_at") for s in statements)
        written = [s.attributes.get("db.query.text", "") for s in spans if s.parent == click.id]
        assert any(text.startswith("INSERT INTO sfo.decisions") for text in written)
        assert any(text.startswith("SELECT applied_at IS NOT NULL") for text in written), (
            "and the receipt is looked for"
        )


def test_each_decision_is_in_the_trace_of_its_own_click(watched: Watched) -> None:
    gates = {s.attributes["sfo.gate"]: s.trace for s in watched.collector.spans if s.name == "settle_gate"}
    assert set(gates) == {row["gate"] for row in watched.decisions}
    assert len(set(gates.values())) == len(gates)


def test_what_a_click_brings_about_is_in_its_trace(watched: Watched) -> None:
    after = {
        s.name for trace in clicks(watched) for s in watched.collector.of_trace(trace) if s.service == "sfo-worker"
    }
    assert {"open_gate", "letter", "SMTP"} <= after


def test_no_span_waits_for_a_person(watched: Watched) -> None:
    assert max(span.seconds for span in watched.collector.spans) < LONGEST
    assert not [span for span in watched.collector.spans if span.name.startswith("RunWorkflow")]


def test_nobody_and_no_link_is_in_what_was_exported(watched: Watched) -> None:
    exported = "\n".join(watched.collector.texts)
    assert DECIDE in exported
    assert "sfo.gates.opened" in exported, "metrics as well as traces"
    assert held(exported) == set()
    assert not re.search(r"/a/[A-Za-z0-9_-]{20}", exported)
    assert not re.search(r"[A-Za-z0-9.]@[A-Za-z0-9-]+\.[a-z]", exported)
    assert not any(span.events for span in watched.collector.spans), "an event may quote the text of an error"


def test_spans_name_case_and_role_and_hold_statements_without_values(watched: Watched) -> None:
    settled = next(s for s in watched.collector.spans if s.name == DECIDE)
    assert set(settled.attributes) >= {"sfo.case", "sfo.gate", "sfo.role", "http.route"}
    allowed = re.compile(r"^(sfo|http|db|error|smtp)\.")
    assert all(allowed.match(name) for span in watched.collector.spans for name in span.attributes)


def test_what_looks_about_by_itself_makes_no_traces(watched: Watched) -> None:
    roots = {span.name for span in watched.collector.spans if not span.parent}
    assert not roots & {"SELECT", "INSERT", "UPDATE", "GET /health", "GET /ping", "GET /static"}


def test_lines_have_case_and_trace(watched: Watched) -> None:
    traces = {span.trace for span in watched.collector.spans}
    # Those that were answered: whoever goes away as the service stops leaves a line before it is known what about.
    pages = [line for line in watched.lines if re.match(r"POST /a/\{token\}/decide [23]", line["message"])]
    assert pages
    case = re.compile(r"SFO-\d{4}-\d{5}")
    named = [line for line in pages if line.get("trace_id") in traces and case.fullmatch(line.get("case", ""))]
    assert [line for line in pages if line not in named] == []
    assert all(len(line["span_id"]) == 16 for line in pages)
    assert held(" ".join(str(line) for line in watched.lines)) == set()
