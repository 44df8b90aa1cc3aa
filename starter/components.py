"""GOV.UK Frontend's components as functions of our templates. Its style sheet and script: `deploy/assets.py`.

A component takes one mapping, as the design system documents it. Text given as `text` is escaped.
"""

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, PrefixLoader
from markupsafe import Markup

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
