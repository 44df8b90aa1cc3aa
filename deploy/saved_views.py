"""The saved views of the Temporal Web UI: read from `deploy/temporal-ui/views.toml`, given as links or to a browser.

A view is one query of visibility. Nothing of a person can stand in it, because nothing of one can be searched for.
"""

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

FOLDER = Path(__file__).parent / "temporal-ui"
SOON = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class View:
    """One list: `key` for `sfo views`, what it is called, what it shows, and its query."""

    key: str
    name: str
    says: str
    query: str

    def link(self, ui_url: str, namespace: str) -> str:
        """The address that opens this list in the Temporal Web UI at `ui_url`."""
        return f"{ui_url}/namespaces/{quote(namespace)}/workflows?query={quote(self.query)}"


def saved_views(now: datetime, region: str | None = None, pdu: str | None = None) -> list[View]:
    """Every view in its order, for one region or delivery unit where it is named. `now` dates what is due soon, UTC."""
    place = "".join(
        f' AND {attribute} = "{code}"' for attribute, code in (("SfoRegion", region), ("SfoPdu", pdu)) if code
    )
    soon = (now + SOON).strftime("%Y-%m-%dT%H:%M:%SZ")
    return [
        View(view.key, view.name, view.says, _within(view.query.replace("{soon}", soon), place)) for view in _given()
    ]


def of_case(reference: str) -> View:
    """The view of one case: whom it waits for, and until when."""
    return View(
        "case",
        f"Case {reference}",
        "Whom the case waits for, until when",
        f'WorkflowId STARTS_WITH "sfo/{reference}" AND ExecutionStatus = "Running"',
    )


def _within(query: str, place: str) -> str:
    return f"({query}){place}" if place and " OR " in query else f"{query}{place}"


def _given() -> Iterator[View]:
    for entry in _file()["views"]:
        for role in entry.get("roles", [""]):
            key = f"{entry['key']}-{role}" if role else entry["key"]
            name = entry["name"].replace("{role}", role.replace("_", " "))
            yield View(key, name, entry["says"], entry["query"].replace("{role}", role))


def _file() -> dict[str, Any]:
    return tomllib.loads((FOLDER / "views.toml").read_text(encoding="utf-8"))


def browser_settings(now: datetime, namespace: str) -> dict[str, Any]:
    """What the Web UI keeps in a browser: its saved views and the columns of its list, by the names of its storage.

    What is due soon is dated, so it is a link and no saved view.
    """
    views = [
        {"id": f"sfo-{view.key}", "name": view.name, "query": view.query, "type": "user"}
        for view in saved_views(now)
        if view.key != "soon"
    ]
    columns = [{"label": label, "pinned": number < 2} for number, label in enumerate(_file()["columns"])]
    return {
        "saved-workflow-queries": {namespace: views},
        "namespace-workflow-table-columns": {namespace: columns},
    }


def set_up_page(now: datetime, namespace: str) -> str:
    """A page that gives this browser the views and columns, served from the Web UI's own origin.

    Views that people saved themselves stay; ours, whose ids begin with `sfo-`, are replaced by those of today.
    """
    page = (FOLDER / "set-up.html").read_text(encoding="utf-8")
    settings = json.dumps(browser_settings(now, namespace)).replace("<", "\\u003c")
    return page.replace("{{settings}}", settings).replace("{{namespace}}", quote(namespace))
