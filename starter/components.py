"""GOV.UK Frontend's components as functions of our templates. Its style sheet and script: `deploy/assets.py`.

A component takes one mapping, as the design system documents it. Text given as `text` is escaped.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, PrefixLoader
from markupsafe import Markup

from starter.language import is_welsh
from starter.welsh import Ours, is_in_welsh, ours, plainly

Component = Callable[[Mapping[str, Any]], Markup]

# Left out on purpose: what wraps other inputs (a fieldset, the conditional part of a radio) indents the text within a
# text area, and what a person typed would come back changed.
_FOLDERS = {
    "govukButton": "button",
    "govukCharacterCount": "character-count",
    "govukErrorSummary": "error-summary",
    "govukFileUpload": "file-upload",
    "govukInput": "input",
    "govukInsetText": "inset-text",
    "govukPanel": "panel",
    "govukRadios": "radios",
    "govukSelect": "select",
    "govukServiceNavigation": "service-navigation",
    "govukSkipLink": "skip-link",
    "govukTag": "tag",
    "govukTextarea": "textarea",
}


_ENTER_UP_TO = Ours("You can enter up to %{count} characters")
_REMAINING = Ours("You have %{count} characters remaining")
_NONE_REMAINING = Ours("You have 0 characters remaining")
_TOO_MANY = Ours("You have %{count} characters too many")
_OF_A_NUMBER = ("zero", "one", "two", "few", "many", "other")
"""The forms that Welsh has of a number; each sentence is worded so that they are all the same."""


def counted(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the count of characters is given; in Welsh with its words, which are otherwise the component's own."""
    if not is_welsh():
        return given
    return {
        **given,
        "textareaDescriptionText": plainly(_ENTER_UP_TO),
        "charactersUnderLimitText": dict.fromkeys(_OF_A_NUMBER, plainly(_REMAINING)),
        "charactersAtLimitText": plainly(_NONE_REMAINING),
        "charactersOverLimitText": dict.fromkeys(_OF_A_NUMBER, plainly(_TOO_MANY)),
    }


def components() -> dict[str, Component]:
    """Every component that our templates use, by the name that the design system gives it."""
    # Their templates look for parameters that are not given; ours must not, so they have an environment of their own.
    environment = Environment(
        loader=PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return {name: _component(environment, name, folder) for name, folder in _FOLDERS.items()}


def _component(environment: Environment, name: str, folder: str) -> Component:
    template = environment.get_template(f"govuk_frontend_jinja/components/{folder}/macro.html")
    component: Component = getattr(template.module, name)
    return component


def radios(name: str, choices: Sequence[Any], value: str) -> list[dict[str, Any]]:
    """Return the items of a set of radio buttons, each with an id of its own that says what it is."""
    return [
        {**one, "text": ours(one["text"]), "id": f"{name}={one['value']}", "checked": one["value"] == value}
        for one in _items(choices)
    ]


def options(choices: Sequence[Any], value: str) -> list[dict[str, Any]]:
    """Return the items of a list to choose from, with an empty one first."""
    offered = [_option(one) | {"selected": one["value"] == value} for one in _items(choices)]
    return [{"value": "", "text": plainly(Ours("Choose"))}, *offered]


def _option(one: Mapping[str, str]) -> dict[str, Any]:
    """An option, which can hold no mark inside: one that stays English says so itself."""
    stays = is_welsh() and not is_in_welsh(one["text"])
    return {**one, "text": plainly(one["text"]), **({"attributes": {"lang": "en"}} if stays else {})}


def _items(choices: Sequence[Any]) -> list[dict[str, str]]:
    """Choices of a question, or options that a page offers, as components take them."""
    given = [one if isinstance(one, Mapping) else {"value": one.value, "label": one.label} for one in choices]
    return [{"value": str(one["value"]), "text": str(one["label"])} for one in given]
