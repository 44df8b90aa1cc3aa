"""Reading payloads out of histories: whoever proves that none can be read any more must have looked at every one."""

from temporalio.api.common.v1 import Header, Memo, Payload, Payloads
from temporalio.api.history.v1 import (
    ActivityTaskCompletedEventAttributes,
    HistoryEvent,
    WorkflowExecutionStartedEventAttributes,
)

from starter.history_payloads import payloads_in


def test_what_an_activity_returned_is_found_like_every_list_of_payloads() -> None:
    result = Payloads(payloads=[Payload(data=b"one"), Payload(data=b"two")])
    event = HistoryEvent(activity_task_completed_event_attributes=ActivityTaskCompletedEventAttributes(result=result))
    assert [payload.data for _, payload in payloads_in(event)] == [b"one", b"two"]


def test_inputs_headers_and_memos_are_found_with_their_places() -> None:
    started = WorkflowExecutionStartedEventAttributes(
        input=Payloads(payloads=[Payload(data=b"input")]),
        header=Header(fields={"trace": Payload(data=b"header")}),
        memo=Memo(fields={"note": Payload(data=b"memo")}),
    )
    found = dict(payloads_in(HistoryEvent(workflow_execution_started_event_attributes=started)))
    stem = ".workflow_execution_started_event_attributes"
    assert {place: payload.data for place, payload in found.items()} == {
        f"{stem}.input.payloads": b"input",
        f"{stem}.header.fields": b"header",
        f"{stem}.memo.fields": b"memo",
    }
