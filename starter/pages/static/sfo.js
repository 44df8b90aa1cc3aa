// What scripts add: focus on what is wrong, a count of characters, one press of a button is one. All works without.
import { Button, CharacterCount, ErrorSummary, SkipLink, createAll } from "/static/govuk/govuk-frontend.js";

document.body.classList.add("js-enabled", "govuk-frontend-supported");
createAll(Button, { preventDoubleClick: true });
createAll(CharacterCount);
createAll(ErrorSummary);
createAll(SkipLink);
