"""PostgresCasework: the case itself. Each method is one transition; letters follow after the commit."""

from datetime import date

from temporalio import activity

from activities.closing import close_case
from activities.correspondence import Correspondence
from activities.court_record import record_amendment, record_court_event
from activities.escalations import Concern, raise_escalation
from activities.forecasting import DATE_LETTERS, look_at_date
from activities.handing_over import events_under
from activities.judging import judge_charge
from activities.legs import find_case, find_legs
from activities.means import Means
from activities.opening import is_review
from activities.pausing import pause_review, resume_review
from activities.rearming import extensions_granted
from activities.record import Connection, Pool, Row, audit, fingerprint, lock_case, once, plain, remembered, transaction
from activities.renditions import prepare_rendition, search_files
from activities.replacing import replace_manager
from activities.rulebooks import FileRulebooks
from activities.telling import tell
from activities.transferring import transfer_case
from workflows.contract.messages import (
    AmendmentRecord,
    CaseLookup,
    CaseStands,
    ChargeReading,
    ClockStart,
    Closed,
    Closing,
    ConcernRecord,
    CourtRecord,
    DateLook,
    DateSeen,
    DeadlineMoved,
    EnquiryRecord,
    EscalationRef,
    Judgement,
    LegsFound,
    LegsLookup,
    Notice,
    Paused,
    PauseRecord,
    Reassigned,
    Rendition,
    RenditionRequest,
    ReplacementRecord,
    ResumeRecord,
    StageEnd,
    StageFound,
    StageLookup,
    StageRecord,
    TransferRecord,
    Transferred,
)
from workflows.contract.ports import Casework
from workflows.contract.vocabulary import Outcome, Stage
from workflows.policy import deadlines
from workflows.policy import due as moments
from workflows.policy.due import on_in_london


class PostgresCasework(Casework):
    """The case in the record; every error that leaves is a code, since the SDK logs the texts of errors."""

    def __init__(self, pool: Pool, letters: Correspondence, rulebooks: FileRulebooks) -> None:
        self._means = Means(pool, letters, rulebooks)

    @activity.defn
    async def judge_charge(self, reading: ChargeReading) -> Judgement:
        """The criteria have been run over the record and the rulebook in force is pinned to the case."""
        key = f"{reading.reference}/judge/{reading.round}/{reading.at.isoformat()}"
        return await once(self._means.pool, key, Judgement, lambda c: judge_charge(c, self._means, reading))

    @activity.defn
    async def start_review_clock(self, start: ClockStart) -> DeadlineMoved:
        """The review's due date is fixed from the rulebook's anchor and stands in the record."""
        async with transaction(self._means.pool) as connection:
            case = await lock_case(connection, start.reference)
            # Fixed once; a later round finds the date as it stands, moved or not.
            if case["review_due"] is None:
                due_on = await self._review_due(connection, case, start)
                await self._fix(connection, start, due_on)
                return DeadlineMoved(due=moments.due(due_on), original=moments.due(due_on))
            return DeadlineMoved(
                due=moments.due(case["review_due"]),
                original=moments.due(case["original_review_due"]),
                extensions=await extensions_granted(connection, start.reference),
            )

    async def _review_due(self, connection: Connection, case: Row, start: ClockStart) -> date:
        """Counted from the rulebook's anchor; from today where what it names has not been recorded."""
        rulebook = self._means.rulebook(start.rulebook, start.at)
        counted_from = deadlines.review_counted_from(
            rulebook,
            charged_on=case["charged_on"],
            appeared_on=case["appeared_on"],
            notified_on=case["notified_on"],
            required_on=case["review_required_on"],
        )
        means = await self._means.with_calendar(connection)
        return deadlines.due_on(rulebook.deadlines["review"], counted_from or on_in_london(start.at), means.holidays)

    async def _fix(self, connection: Connection, start: ClockStart, due_on: date) -> None:
        await connection.execute(
            "UPDATE cases SET review_due = $2, original_review_due = $2 WHERE reference = $1", start.reference, due_on
        )
        await connection.execute(
            """
            INSERT INTO deadlines (reference, what, due_on, original_due_on, rulebook, rule, at)
            VALUES ($1, 'review', $2, $2, $3, 'review', $4)
            """,
            start.reference,
            due_on,
            start.rulebook,
            start.at,
        )
        await audit(
            connection, start.at, start.reference, "system", "deadline_fixed", "review", on=due_on,
            rulebook=start.rulebook,
        )  # fmt: skip

    @activity.defn
    async def look_at_date(self, look: DateLook) -> DateSeen:
        """The record holds whether the review is at risk or overdue, and who can help has been told, once a date."""
        async with transaction(self._means.pool) as connection:
            seen = await look_at_date(connection, self._means, look)
        for letter in DATE_LETTERS:
            await self._means.letters.send_waiting(await events_under(self._means.pool, f"{look.reference}/{letter}"))
        return seen

    @activity.defn
    async def tell(self, notice: Notice) -> None:
        """Each recipient has a letter on the way, and the duty, if named, is met."""

        async def work(connection: Connection) -> None:
            await tell(connection, self._means, notice)

        await once(self._means.pool, f"{notice.event}/tell", type(None), work)
        await self._means.letters.send_waiting([notice.event])

    @activity.defn
    async def record_court_event(self, record: CourtRecord) -> None:
        """The court event stands in the record."""

        async def work(connection: Connection) -> None:
            await record_court_event(connection, self._means, record)

        await once(self._means.pool, f"{record.reference}/court/{record.event}", type(None), work)

    @activity.defn
    async def record_amendment(self, record: AmendmentRecord) -> None:
        """The amended charge stands in the record."""

        async def work(connection: Connection) -> None:
            await record_amendment(connection, record)

        # The same day may bring two amendments that operations typed without an id; their offences tell them apart.
        offences = fingerprint([plain(offence) for offence in record.offences])[:16]
        key = f"{record.reference}/amended/{record.event}/{offences}"
        await once(self._means.pool, key, type(None), work)

    @activity.defn
    async def record_concern(self, record: ConcernRecord) -> EscalationRef:
        """The escalation has its row and number."""

        async def work(connection: Connection) -> EscalationRef:
            await lock_case(connection, record.reference)
            concern = Concern(record.kind, record.at, record.reason, record.about)
            raised = await raise_escalation(connection, record.reference, concern)
            subject = f"{raised.kind}-{raised.number}"
            await audit(connection, record.at, record.reference, "operations", "concern_raised", subject)
            return raised

        return await once(self._means.pool, f"{record.event}/concern", EscalationRef, work)

    @activity.defn
    async def record_enquiry(self, record: EnquiryRecord) -> int:
        """The enquiry has its row and number."""

        async def work(connection: Connection) -> int:
            await lock_case(connection, record.reference)
            number = await _insert_enquiry(connection, record)
            await audit(
                connection, record.at, record.reference, "operations", "enquiry_received", str(number), kind=record.kind
            )
            return number

        return await once(self._means.pool, f"{record.event}/enquiry", int, work)

    @activity.defn
    async def end_stage(self, record: StageRecord) -> None:
        """The stage's end and outcome stand in the record."""

        async def work(connection: Connection) -> StageEnd:
            await lock_case(connection, record.reference)
            if record.stage.startswith(Stage.CHARGE) and record.end.ground is not None:
                await connection.execute(
                    "UPDATE cases SET ground = $2 WHERE reference = $1", record.reference, str(record.end.ground)
                )
            if is_review(record.stage):  # nobody decides any more on time for a text that is submitted or stopped
                await connection.execute(
                    "UPDATE extension_requests SET void_at = $2 "
                    "WHERE reference = $1 AND granted IS NULL AND void_at IS NULL",
                    record.reference,
                    record.at,
                )
                if record.outcome is Outcome.WITHDRAWN:  # a correction that was stopped leaves the review as it was
                    await connection.execute(
                        "UPDATE cases SET corrected_since = NULL WHERE reference = $1", record.reference
                    )
            await audit(
                connection, record.at, record.reference, "system", "stage_ended", record.stage, outcome=record.outcome
            )
            return record.end

        await once(self._means.pool, _stage_key(record.reference, record.stage), StageEnd, work)

    @activity.defn
    async def find_stage_end(self, lookup: StageLookup) -> StageFound:
        """How a stage ended, as the record holds it."""
        async with transaction(self._means.pool) as connection:
            stored = await remembered(connection, _stage_key(lookup.reference, lookup.stage))
        return StageFound(end=StageEnd.model_validate(stored[0]) if stored else None)

    @activity.defn
    async def prepare_rendition(self, request: RenditionRequest) -> Rendition:
        """An immutable, hashed rendition and its files stand in the record, each file searched."""
        return await prepare_rendition(self._means, request)

    @activity.defn
    async def search_files(self, request: RenditionRequest) -> Rendition:
        """Every file of the rendition was searched, translations that were given back too."""
        return await search_files(self._means, request)

    @activity.defn
    async def find_legs(self, lookup: LegsLookup) -> LegsFound:
        """How each leg of disclosure stands."""
        async with transaction(self._means.pool) as connection:
            return await find_legs(connection, lookup)

    @activity.defn
    async def find_case(self, lookup: CaseLookup) -> CaseStands:
        """How a case stood that is opened again."""
        async with transaction(self._means.pool) as connection:
            return await find_case(connection, lookup)

    @activity.defn
    async def close_case(self, closing: Closing) -> Closed:
        """The case is closed, or what is still owed is named."""
        async with transaction(self._means.pool) as connection:
            return await close_case(connection, closing)

    @activity.defn
    async def pause_review(self, record: PauseRecord) -> Paused:
        """The clock of the review stands still, by a recorded decision; those asked are told once."""

        async def work(connection: Connection) -> Paused:
            return await pause_review(connection, self._means, record)

        done = await once(self._means.pool, f"{record.event}/pause", Paused, work)
        await self._means.letters.send_waiting([record.event])
        return done

    @activity.defn
    async def resume_review(self, record: ResumeRecord) -> Paused:
        """The clock runs again and the review's date has its remaining working days back."""

        async def work(connection: Connection) -> Paused:
            return await resume_review(connection, self._means, record)

        done = await once(self._means.pool, f"{record.event}/resume", Paused, work)
        await self._means.letters.send_waiting([record.event])
        return done

    @activity.defn
    async def transfer_case(self, record: TransferRecord) -> Transferred:
        """The case is in its new place and open questions of regional roles are put to its people."""

        async def work(connection: Connection) -> Transferred:
            return await transfer_case(connection, self._means, record)

        done = await once(self._means.pool, f"{record.event}/transfer", Transferred, work)
        await self._means.letters.send_waiting(await events_under(self._means.pool, record.event))
        return done

    @activity.defn
    async def replace_manager(self, record: ReplacementRecord) -> Reassigned:
        """The person reviews or countersigns from now on and has every open question of that role."""

        async def work(connection: Connection) -> Reassigned:
            return await replace_manager(connection, self._means, record)

        done = await once(self._means.pool, f"{record.event}/replace", Reassigned, work)
        await self._means.letters.send_waiting(await events_under(self._means.pool, record.event))
        return done


def _stage_key(reference: str, stage: str) -> str:
    return f"{reference}/ended/{stage}"


async def _insert_enquiry(connection: Connection, record: EnquiryRecord) -> int:
    number: int = await connection.fetchval(
        """
        INSERT INTO enquiries (reference, number, kind, received_on, delivered_at_wall, at)
        SELECT $1, coalesce(max(number), 0) + 1, $2, $3, clock_timestamp(), $4 FROM enquiries WHERE reference = $1
        RETURNING number
        """,
        record.reference,
        str(record.kind),
        record.received_on or on_in_london(record.at),
        record.at,
    )
    return number
