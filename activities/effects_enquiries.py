"""What answers do to enquiries from outside: how each ended, who was given the review, what is asked again."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date

from activities.answered import Answered, AnswerRefusedError, Effect
from activities.asked import Asking
from activities.escalations import is_held
from activities.pages import page_of
from activities.record import Row, audit, lock_case
from workflows.contract.messages import GateRequest
from workflows.contract.questions import QUESTIONS
from workflows.contract.vocabulary import EnquiryKind
from workflows.policy.due import due_moment, on_in_london
from workflows.policy.enquiries import PUBLISH, ROUTES, Standing, why_not_give, why_not_longer
from workflows.policy.pausing import was_late


async def enquiry(answered: Answered) -> Effect:
    """The enquiry is answered by this decision: its answer, reasons and date stand in its row."""
    await _close(answered)
    return Effect()


async def subject_access(answered: Answered) -> Effect:
    """As `enquiry`; or more time is taken, once and in time. Rule: facts.md 2.18."""
    if answered.answer != "more_time":
        return await enquiry(answered)
    is_late = was_late(answered.received_at, answered.gate["due_at"], answered.gate["paused_at"])
    code = why_not_longer(answered.question.key, was_taken=await _was_taken(answered), is_late=is_late)
    if code:
        raise AnswerRefusedError(code)
    return await _asked_again(answered)


async def review(answered: Answered) -> Effect:
    """The review was given and stands in the register, or it was not; a coroner's report is asked about next."""
    row = await _enquiry(answered)
    if answered.answer == "prevention_report":
        if row["kind"] != EnquiryKind.CORONER:
            raise AnswerRefusedError("not_a_coroner")
        return await _asked_again(answered)
    if answered.answer == "given":
        await _give(answered, row)
    return await enquiry(answered)


async def prevention(answered: Answered) -> Effect:
    """The reply was sent, or the coroner has set a later date, until which it is asked again. Rule: facts.md 2.15."""
    if answered.answer != "more_time":
        return await enquiry(answered)
    new_on = date.fromisoformat(answered.fields["new_on"])
    if new_on <= answered.gate["due_on"]:
        raise AnswerRefusedError("not_later")
    return await _asked_again(answered, due_at=due_moment(new_on).isoformat())


async def publication(answered: Answered) -> Effect:
    """Decided as an exception, about an accepted review that nobody is correcting. Rule: facts.md 4.2, 5.21."""
    if answered.answer == PUBLISH:
        if answered.place.case["accepted_version"] is None:
            raise AnswerRefusedError("not_accepted")
        if answered.place.case["corrected_since"] is not None:
            raise AnswerRefusedError("being_corrected")
    return await enquiry(answered)


async def offer_accepted(answered: Answered) -> None:
    """Where this answer has accepted a version, every enquiry that stands open offers it on its page."""
    connection = answered.connection
    place = replace(answered.place, case=await lock_case(connection, answered.reference))
    if place.case["accepted_version"] == answered.place.case["accepted_version"]:
        return
    for gate in await connection.fetch(
        "SELECT * FROM gates WHERE reference = $1 AND state = 'open' AND question = 'enquiry_review' ORDER BY gate",
        answered.reference,
    ):
        request = GateRequest(
            gate=gate["gate"], question=gate["question"], subject=gate["subject"], at=answered.at,
            rulebook=gate["rulebook"], deadline=gate["deadline"],
        )  # fmt: skip
        rulebook = answered.means.rulebook(gate["rulebook"], answered.at)
        question = QUESTIONS[gate["question"]]
        page = await page_of(Asking(place, question, request, rulebook, answered.means.holidays, answered.means))
        await connection.execute("UPDATE gates SET page = $2 WHERE gate = $1", gate["gate"], page)


async def _enquiry(answered: Answered) -> Row:
    row = await answered.connection.fetchrow(
        "SELECT * FROM enquiries WHERE reference = $1 AND number = $2", answered.reference, answered.number
    )
    if row is None:
        raise AnswerRefusedError("unknown_enquiry")
    return row


async def _was_taken(answered: Answered) -> bool:
    """Whether more time was taken for this enquiry before."""
    return bool(
        await answered.connection.fetchval(
            """
            SELECT EXISTS (SELECT FROM decisions d JOIN gates g USING (gate)
                WHERE g.reference = $1 AND g.question = $2 AND g.subject = $3 AND d.answer = 'more_time'
                    AND d.applied_at IS NOT NULL)
            """,
            answered.reference,
            answered.question.key,
            answered.subject,
        )
    )


async def _asked_again(answered: Answered, **facts: str) -> Effect:
    """The enquiry stays open; the further clock runs from the same receipt."""
    return Effect(facts={"received_on": (await _enquiry(answered))["received_on"].isoformat(), **facts})


async def _give(answered: Answered, row: Row) -> None:
    """The accepted version stands in the register under this reader, with its hash and on what entitlement."""
    fields, case = answered.fields, answered.place.case
    standing = Standing(
        is_held=await is_held(answered.connection, answered.reference),
        is_corrected=case["corrected_since"] is not None,
        accepted=case["accepted_version"],
    )
    if code := why_not_give(EnquiryKind(row["kind"]), fields["entitlement"], fields["version"], standing):
        raise AnswerRefusedError(code)
    reader, version = f"{row['kind']}-{row['number']}", case["accepted_version"]
    manager = await answered.place.named(fields["given_by"])
    document = await answered.connection.fetchrow(
        "SELECT sha256, at FROM documents WHERE reference = $1 AND kind = 'review' AND version = $2",
        answered.reference,
        version,
    )
    given_on = date.fromisoformat(fields["given_on"])
    if document is None or given_on < on_in_london(document["at"]):
        raise AnswerRefusedError("before_the_review")
    await answered.connection.execute(
        """
        INSERT INTO releases (reference, kind, rendition, sha256, reader, decision, at, given_by, given_by_name,
            received_by, how, on_date, entitlement, recorded_by)
        VALUES ($1, 'review', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        """,
        answered.reference,
        version,
        document["sha256"],
        reader,
        answered.decision,
        answered.at,
        fields["given_by"],
        manager.name if manager else None,
        fields["received_by"],
        fields["how"],
        given_on,
        fields["entitlement"],
        answered.author_email,
    )
    await audit(
        answered.connection, answered.at, answered.reference, answered.author_email, "review_given", reader,
        version=version, sha256=document["sha256"], how=fields["how"], on=given_on, entitlement=fields["entitlement"],
        given_by=fields["given_by"],
    )  # fmt: skip


async def _close(answered: Answered) -> None:
    given = answered.fields.get("answered_on") or answered.fields.get("given_on")
    await answered.connection.execute(
        """
        UPDATE enquiries SET state = 'answered', answer = $3, reasons = $4, answered_on = $5, entitlement = $6
        WHERE reference = $1 AND number = $2
        """,
        answered.reference,
        answered.number,
        answered.answer,
        answered.reasons,
        date.fromisoformat(given) if given else on_in_london(answered.received_at),
        answered.fields.get("entitlement"),
    )


ENQUIRY_EFFECTS: dict[str, Callable[[Answered], Awaitable[Effect]]] = {
    **{route.first.question: enquiry for route in ROUTES.values()},
    "enquiry_other": enquiry,
    "enquiry_sar": subject_access,
    "enquiry_review": review,
    "enquiry_prevention": prevention,
    "enquiry_publication": publication,
}
