from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.bone.anatomy import VertebralLevel
from cds.bone.level_conversion import CONVERSIONS, choose_levels

level_sets = st.sets(st.sampled_from(list(VertebralLevel)))


def levels(text):
    """Levels from their names."""
    return tuple(VertebralLevel(name) for name in text.split())


@pytest.mark.parametrize(
    ("usable", "used", "flags", "comment"),
    [
        ("L1 L2", "L1 L2", (), "the target itself"),
        ("T12 L1 L2 L3", "L1 L2", (), "the others are not needed"),
        ("T12 L1 L3", "L1 L3", (), "L3 before T12"),
        ("T12 L2 L3", "L2 L3", (), "L3 before T12"),
        ("T12 L1", "T12 L1", (), "T12 where L3 is not there"),
        ("T12 L2", "T12 L2", (), ""),
        ("T12 L3", "T12 L3", (), "both converted"),
        ("L1", "L1", ("single-level",), ""),
        ("T12", "T12", ("single-level",), ""),
        ("T11 L3", "L3", ("single-level",), "thoracic levels never join"),
        ("T7 T8 T9 T10 T11", "T9 T10 T11", ("thoracic-estimate",), "the lowest three"),
        ("T7 T10", "T7 T10", ("thoracic-estimate",), ""),
        ("T8", "T8", ("thoracic-estimate", "single-level"), ""),
    ],
)
def test_the_rule_of_levels(usable, used, flags, comment):
    """Each row of the rule, with its flags."""
    choice = choose_levels(levels(usable))

    assert choice.levels == levels(used), comment
    assert choice.flags == flags


@pytest.mark.parametrize("usable", ["", "L4", "L4 L5"])
def test_nothing_usable_gives_no_choice(usable):
    """L4 and L5 cannot stand for L1-L2."""
    assert choose_levels(levels(usable)) is None


@given(level_sets)
def test_only_usable_levels_are_chosen(usable):
    """Whatever is usable, the choice is a part of it, cranial first, and complete with conversions."""
    choice = choose_levels(usable)
    if choice is not None:
        assert set(choice.levels) <= usable
        assert list(choice.levels) == sorted(choice.levels, key=list(VertebralLevel).index)
        assert all(level in CONVERSIONS for level in choice.levels)


@given(level_sets, st.sampled_from(list(VertebralLevel)))
def test_one_more_level_never_widens(usable, more):
    """An additional usable level never makes the residual larger."""
    before, after = choose_levels(usable), choose_levels(usable | {more})
    if before is not None:
        assert after.residual_sd_mg_cm3 <= before.residual_sd_mg_cm3


def test_thoracic_estimates_are_the_least_certain():
    """Their residual is at least 16 mg/cm3, more than that of any lumbar choice."""
    lumbar = [VertebralLevel(name) for name in ("T12", "L1", "L2", "L3")]
    subsets = chain.from_iterable(combinations(lumbar, n) for n in range(1, 5))
    widest = max(choose_levels(subset).residual_sd_mg_cm3 for subset in subsets)
    thoracic = [level for level in CONVERSIONS if level not in lumbar]

    assert min(choose_levels({level}).residual_sd_mg_cm3 for level in thoracic) >= 16
    assert widest < 16


def test_ratios_fall_from_thoracic_to_lumbar():
    """Trabecular density falls from T7 to L3 (Budoff 2012)."""
    order = [CONVERSIONS[level].ratio for level in VertebralLevel if level in CONVERSIONS]

    assert order == sorted(order, reverse=True)


@pytest.mark.parametrize(("level", "at_80", "at_120"), [("T7", 90.5, 136), ("T10", 86.5, 129.5), ("T12", 83, 125)])
def test_thresholds_convert_as_published(level, at_80, at_120):
    """80 and 120 mg/cm3 of L1-L3 correspond to the published thoracic values within 2 %."""
    per_l1_l3 = CONVERSIONS[VertebralLevel(level)].ratio * 1.015

    assert 80 * per_l1_l3 == pytest.approx(at_80, rel=0.02)
    assert 120 * per_l1_l3 == pytest.approx(at_120, rel=0.02)
