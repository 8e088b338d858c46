"""Conditions on traits and tags that a profile keeps the answers of, against asking them each time."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.profile import NOTHING, Occasion, Profile, decode_profile, encode_profile
from schemas.times import FOREVER
from segments import conditions as c
from segments.firing import Firing
from segments.plan import Plan
from segments.standing import Standing

Change = tuple[str, Any]

PLAN = Plan({"s": c.Tag("a")})
atoms = st.one_of(
    st.builds(c.TraitIs, st.sampled_from("xy"), st.sampled_from(["==", "!=", "<", ">="]), st.integers(0, 2)),
    st.builds(c.TraitIs, st.sampled_from("xy"), st.just("in"), st.just((0, 2))),
    st.builds(c.HasTrait, st.sampled_from("xy")),
    st.builds(c.Tag, st.sampled_from("ab")),
    st.builds(c.Prop, st.just("n"), st.sampled_from(["==", "!=", ">="]), st.integers(0, 2)),
    st.builds(c.InSegment, st.just("s")),
    st.builds(c.Truth, st.sampled_from([True, False, None])),
)
nodes = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.builds(c.Not, inner),
        st.builds(c.All, st.lists(inner, max_size=3).map(tuple)),
        st.builds(c.Any_, st.lists(inner, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)
groups = st.fixed_dictionaries({"one": st.lists(nodes, max_size=12), "two": st.lists(nodes, max_size=3)})
changes = st.one_of(
    st.tuples(st.sampled_from("xy"), st.one_of(st.none(), st.integers(0, 2))),
    st.tuples(st.just("tags"), st.sampled_from([[], ["a"], ["b"], ["a", "b"]])),
)


def nobody() -> Profile:
    return Profile("p", 0, FOREVER, [0], 0, 0, [])


def changed(p: Profile, change: Change) -> None:
    name, value = change
    if name == "tags":
        p.set_tags(value)
    else:
        p.set_trait(name, value, 0)


def asked(p: Profile, nodes: list[c.Node], occasion: Occasion) -> list[int]:
    return [at for at, node in enumerate(nodes) if Firing(PLAN).test(node)(p, 0, occasion, p.true, p.unknown)]


@settings(deadline=None)
@given(
    groups=groups,
    story=st.lists(st.tuples(changes, st.sampled_from(["one", "two"])), max_size=6),
    number=st.sampled_from([None, 0, 1, 2]),
    masks=st.sampled_from([(0, 0), (1, 0), (0, 1)]),
)
def test_kept_answers_are_those_that_asking_anew_gives_whatever_changes_in_between(
    groups: dict[str, list[c.Node]], story: list[tuple[Change, str]], number: int | None, masks: tuple[int, int]
) -> None:
    standing, p = Standing(PLAN, groups), nobody()
    p.true, p.unknown = masks
    occasion = Occasion(None, None, None, None, {"n": number}, {})
    for change, name in story:
        changed(p, change)
        matcher = standing.matcher(name, range(len(groups[name])))
        for _ in range(2):  # the first time it is answered, the second time it is known
            assert matcher(p, 0, occasion, p.true, p.unknown) == asked(p, groups[name], occasion)
            p = decode_profile(encode_profile(p))


def test_answers_to_other_conditions_are_never_taken_for_these() -> None:
    p = nobody()
    p.set_tags(["a"])
    before, after = ([c.Tag("a"), c.Tag("b")], [c.Tag("b"), c.Tag("a")])
    for nodes in (before, after, before):
        matcher = Standing(PLAN, {"one": nodes}).matcher("one", nodes)
        assert matcher(p, 0, NOTHING, 0, 0) == [c.Tag("a")]


def test_the_same_conditions_have_the_same_stamp_in_every_process() -> None:
    nodes = [c.TraitIs("city", "in", ("Rome", "Oslo")), c.All((c.Tag("b"), c.HasTrait("x")))]
    assert Standing(PLAN, {"one": nodes}).stamp.hex() == "4625b2b8"
