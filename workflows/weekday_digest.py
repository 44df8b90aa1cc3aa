"""The weekday digest: each morning a letter to each region and the national team, where there is something to say."""

from temporalio import workflow

from workflows.contract.messages import DigestDone, DigestLook, DigestOrder, PlaceDigest
from workflows.contract.options import RECORD
from workflows.contract.ports import Digests


@workflow.defn(name="weekday-digest")
class WeekdayDigest:
    """Started by a Temporal Schedule on weekdays at 07:30 in London; on a bank holiday it says nothing.

    Asks nobody anything and waits for nobody. A second run on the same day writes nothing again.
    """

    @workflow.run
    async def run(self, _order: DigestOrder) -> DigestDone:
        """Ask the record which places there are, then write each of them."""
        at = workflow.now()
        plan = await workflow.execute_activity_method(
            Digests.plan_digest, DigestLook(at=at), summary="Which places", **RECORD
        )
        written = []
        for place in plan.places:
            done = await workflow.execute_activity_method(
                Digests.write_digest,
                PlaceDigest(place=place, on=plan.on, at=at),
                summary=f"Write: {place}",
                **RECORD,
            )
            written += [place] if done.written else []
        workflow.set_current_details(f"Written for: {', '.join(written) or 'nobody'}")
        return DigestDone(on=plan.on, written=tuple(written))
