from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybercube_portal.query import Query, Term, parse
from cybercube_portal.query.grammar import LONGEST, MOST_TERMS


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", []),
        ("   ", []),
        ("is:open", [Term("is", ("open",))]),
        ("IS:open  Type:normal", [Term("is", ("open",)), Term("type", ("normal",))]),
        ("type:normal,standard,,normal", [Term("type", ("normal", "standard"))]),
        ("-risk:high", [Term("risk", ("high",), negated=True)]),
        ("sort:-created", [Term("sort", ("-created",))]),
        ("scheduled:<2026-02-01", [Term("scheduled", ("<2026-02-01",))]),
        ("created:2026-01-01T09:30..now", [Term("created", ("2026-01-01T09:30..now",))]),
        ("tax rate", [Term("", ("tax",)), Term("", ("rate",))]),
        ('"tax rate" -draft', [Term("", ("tax rate",)), Term("", ("draft",), negated=True)]),
        ('service:"a b","c,d",e', [Term("service", ("a b", "c,d", "e"))]),
        ('"left open', [Term("", ("left open",))]),
        (r'"say \"no\" \n"', [Term("", (r'say "no" \n',))]),
        ("is:", [Term("is", ())]),
        ('"is:open"', [Term("", ("is:open",))]),
        ("CR-2026-0114-001", [Term("", ("CR-2026-0114-001",))]),
        ("10:30", [Term("", ("10:30",))]),
        ("- --x", [Term("", ("-",)), Term("", ("-x",), negated=True)]),
        ("same same", [Term("", ("same",))]),
        ("a\x00b \ud800c", [Term("", ("ab",)), Term("", ("c",))]),
        ('""', []),
    ],
)
def test_parse__text__is_these_terms(text: str, terms: list[Term]) -> None:
    query = parse(text)

    assert list(query.terms) == terms
    assert not query.cut


@pytest.mark.parametrize("text", ["x" * (LONGEST + 1), " ".join(f"w{number}" for number in range(MOST_TERMS + 1))])
def test_parse__more_than_is_read__is_cut_and_says_so(text: str) -> None:
    assert parse(text).cut


LIKELY = st.text(alphabet=st.sampled_from('isopen:type,-"\\ ><.@\t\x00\xa0é'), max_size=60)


@given(st.one_of(st.text(max_size=100), LIKELY))
def test_parse__any_text__reads_again_what_it_wrote(text: str) -> None:
    query = parse(text)

    assert parse(str(query)) == query
    assert str(parse(str(query))) == str(query)


STATES = ("open", "draft", "over")


@pytest.mark.parametrize(
    ("text", "word", "value", "instead_of", "becomes"),
    [
        ("is:open x", "is", "draft", STATES, "is:draft x"),
        ("is:open x", "is", "open", STATES, "x"),
        ("x", "is", "draft", STATES, "is:draft x"),
        ("is:open,draft", "is", "over", STATES, "is:over"),
        ("is:overdue", "is", "open", STATES, "is:open is:overdue"),
        ("is:open is:draft", "is", "over", STATES, "is:over"),
        ("type:normal", "type", "standard", (), "type:normal,standard"),
        ("type:normal,standard", "type", "normal", (), "type:standard"),
        ("-type:normal", "type", "normal", (), "-type:normal type:normal"),
        ("", "requester", "@me", (), "requester:@me"),
    ],
)
def test_switched__as_a_chip_does__adds_takes_away_or_replaces(
    text: str, word: str, value: str, instead_of: tuple[str, ...], becomes: str
) -> None:
    assert str(parse(text).switched(word, value, instead_of=instead_of)) == becomes


@given(st.one_of(st.text(max_size=60), LIKELY), st.sampled_from(STATES), st.booleans())
def test_switched__twice__says_what_it_said_of_the_value(text: str, value: str, one: bool) -> None:
    rivals = STATES if one else ()
    query = parse(text)
    there = query.says("is", value)

    once = query.switched("is", value, instead_of=rivals)
    assert once.says("is", value) is not there
    assert once.switched("is", value, instead_of=rivals).says("is", value) is there


def test_without__a_term__leaves_the_others() -> None:
    query = parse("is:open risk:high x")

    assert str(query.without(query.terms[1])) == "is:open x"
    assert str(Query()) == ""
