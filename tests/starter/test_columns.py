"""Rows in columns, as every table at a terminal is drawn."""

from starter.columns import in_columns


def test_columns_stand_under_each_other_and_numbers_to_the_right() -> None:
    assert in_columns([("Region", "open", "clears"), ("N53", "7", ""), ("N53LEI", "1,000", "today")], (1,)) == [
        "Region   open  clears",
        "N53         7",
        "N53LEI  1,000  today",
    ]
