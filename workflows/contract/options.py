"""Timeouts and retries of the ports. Attempts are endless: an outage of hours delays a case and loses nothing."""

from datetime import timedelta
from typing import TypedDict

from temporalio.common import RetryPolicy


class ActivityOptions(TypedDict):
    """The options that every activity call carries."""

    start_to_close_timeout: timedelta
    retry_policy: RetryPolicy


# 30 s covers one transaction and one letter with a slow mail server; final errors are named by their type.
RECORD: ActivityOptions = {
    "start_to_close_timeout": timedelta(seconds=30),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=1),
        backoff_coefficient=2.0,
        maximum_interval=timedelta(seconds=30),
        non_retryable_error_types=["UnknownQuestion", "UnknownCase", "UnknownVersion"],
    ),
}

# Rendering a long review in every format and searching each file can take a minute on a busy machine.
FILES: ActivityOptions = {**RECORD, "start_to_close_timeout": timedelta(minutes=5)}
