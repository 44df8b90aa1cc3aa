"""The accepted review is wrong in something: from this moment nothing of it leaves, and it is written once more.

Every earlier version stays as it is; whoever was given one is told what differs. Rule: facts.md 5.9 (none was reopened
so far, so who may is ours), 6.5 (a draft that differed from the final copy); design.md 3.3.
"""

from uuid import uuid4

from starter.connections import Connection
from starter.judging import Rules
from starter.record import append_audit
from starter.reopening import TakenUp, take_up
from starter.reports import ReportRefusedError, locked_case, require_not_erased
from starter.requests import require_role
from workflows.contract.messages import CorrectSignal
from workflows.contract.vocabulary import ReasonCode, Role
from workflows.policy.due import on_in_london

CORRECTING = (Role.SENIOR_LEAD, Role.REGIONAL_DIRECTOR, Role.NATIONAL_TEAM)


class CorrectionRefusedError(ReportRefusedError):
    """A rule stands against it, by its `code`: `not_accepted` or `being_corrected`; the text says what to do."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


async def request_correction(
    connection: Connection, rules: Rules, reference: str, code: ReasonCode, words: str, email: str
) -> TakenUp:
    """The accepted review is being corrected from now on; a case that had closed is open again.

    Raises ReportRefusedError. One transaction under the case's row: a file that is handed out at the same moment
    leaves before or not at all.
    """
    async with connection.transaction():
        case = await locked_case(connection, reference)
        require_not_erased(case)
        require_role(rules, case, CORRECTING, email, "has it corrected")
        version = case.row["accepted_version"]
        if version is None:
            words_ = f"{reference} has no accepted review; a draft is put right in its own round"
            raise CorrectionRefusedError("not_accepted", words_)
        if case.row["corrected_since"] is not None:
            since = on_in_london(case.row["corrected_since"])
            words_ = f"the review of {reference} is being corrected since {since}; wait for the corrected version"
            raise CorrectionRefusedError("being_corrected", words_)
        request = uuid4()
        await connection.execute("UPDATE sfo.cases SET corrected_since = $2 WHERE reference = $1", reference, case.now)
        message = CorrectSignal(reason=code, request=str(request))
        taken = await take_up(connection, case, message, words, email)
        detail = {"reason": str(code), "version": version}
        await append_audit(connection, case.now, reference, email, "correction_asked", str(request), detail)
        return taken
