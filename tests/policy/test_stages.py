import re

import workflows
from workflows.contract.vocabulary import Stage
from workflows.policy.stages import ORDER


def test_the_order_is_the_one_that_the_package_tells_a_reader() -> None:
    told = re.findall(r"^\d+\. ([a-z-]+):", workflows.__doc__ or "", flags=re.MULTILINE)
    assert [stage.value for stage in ORDER] == told
    assert sorted(ORDER) == sorted(Stage)
