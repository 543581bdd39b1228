"""In which language somebody is answered, and how the portal's own sentences get into it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils.translation import override
from pytest_django.fixtures import Settings

from cybercube_portal.devstack.sentences import messages
from cybercube_portal.web.sentences import FIELD, forms_of, in_words
from tests.architecture.pseudo import LANGUAGE, speak_brackets

TOLD = {
    "The change is approved.": "⟦The change is approved.⟧",
    "billing-service:v2.3.1 is registered.": "⟦billing-service:v2.3.1 is registered.⟧",
    # What stands in a field may be words again: a state's is, a name is not.
    "The build stage was never reported.": "⟦The ⟦build⟧ stage was never reported.⟧",
    "§5.6 high risk": "⟦§5.6 ⟦high⟧ risk⟧",
    # A word at the head of a line, and two sentences that were joined.
    "Engineering lead": "⟦engineering lead⟧",
    "The change is approved. Deploy it there.": "⟦The change is approved.⟧ ⟦Deploy it there.⟧",
    # Nobody's words but a person's.
    "Payments are slow, we think": "Payments are slow, we think",
}


@pytest.fixture
def _brackets(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    speak_brackets(settings, monkeypatch)


@pytest.mark.usefixtures("_brackets")
@pytest.mark.parametrize("text", TOLD)
def test_sentence__of_a_policy__is_told_in_the_readers_language_and_kept_in_english(text: str) -> None:
    assert in_words(text) == text
    with override(LANGUAGE):
        assert in_words(text) == TOLD[text]


@pytest.mark.usefixtures("_brackets")
def test_messages__with_fields__are_recognised_by_their_own_form() -> None:
    filled = {form: FIELD.sub(lambda field: f"<{field[1]}>", form.message) for form in forms_of(messages())}
    assert len(filled) > 500
    with override(LANGUAGE):
        lost = [text for text in filled.values() if not in_words(text).startswith("⟦")]
    assert lost == []


@pytest.mark.django_db
@pytest.mark.usefixtures("_brackets")
def test_page__answers_in_the_browsers_language__and_a_program_in_english() -> None:
    asked = {"Accept-Language": LANGUAGE}
    page = Client().get("/login/", headers=asked)
    assert page.headers["Content-Language"] == LANGUAGE
    assert "⟦Log in⟧" in page.content.decode()

    problem = Client().get("/api/v1/changes/", headers=asked)
    assert problem.headers["Content-Language"] == "en"
    assert "⟦" not in problem.content.decode()


@pytest.mark.django_db
def test_page__asked_for_in_a_language_there_is_not__is_english_throughout() -> None:
    page = Client().post("/login/", {}, headers={"Accept-Language": "de, fr;q=0.8"})
    assert page.headers["Content-Language"] == "en"
    assert "Please fill this in." in page.content.decode()
