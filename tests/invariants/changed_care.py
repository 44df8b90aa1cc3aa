"""A planted change of staff care that carries open cases: its new path is behind a patch. Alone: the sandbox loads it.

Staff care runs from the court appearance to the end of a case, so that whatever case is open meets the change.
"""

import asyncio

from temporalio import workflow

from workflows.asking.stage import procedure
from workflows.contract import ids
from workflows.contract.messages import CareBrief, Decision, StageEnd
from workflows.contract.vocabulary import Outcome
from workflows.policy.care import carers
from workflows.staff_care import StaffCare


@workflow.defn(name=ids.STAFF_CARE)
class Caring(StaffCare):
    """A compatible change: the single point of contact hears of each contact that was asked about."""

    @workflow.run
    @procedure
    async def run(self, brief: CareBrief) -> StageEnd:
        await asyncio.gather(*(self.look_after(carer) for carer in carers(brief.staff)))
        return StageEnd(outcome=Outcome.CARED_FOR)

    async def wait_until_due(self, contact: Decision) -> None:
        if workflow.patched("contact-noted"):
            await self.tell(f"noted-{contact.decision}", "review_under_way", ("spoc",))
        await super().wait_until_due(contact)
