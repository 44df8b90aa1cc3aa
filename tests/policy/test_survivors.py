"""What is explained of changes that no test notices is still about the code as it is."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXT = (Path(__file__).parent / "survivors.md").read_text("utf-8")
ROWS = re.findall(r"^\| `(workflows/[\w/]+\.py)` \| `([^|]+)` \| (.+) \| (.+) \|$", TEXT, re.MULTILINE)


def test_each_explained_change_is_of_code_that_is_there_and_says_why() -> None:
    assert len(ROWS) == TEXT.count("| `workflows/") > 5
    gone = [(path, code) for path, code, _, _ in ROWS if (ROOT / path).read_text("utf-8").count(code) != 1]
    assert gone == []
    assert all(len(why) > 20 for _, _, _, why in ROWS)
