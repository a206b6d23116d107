"""`docs/comparison.md`: the page is what its script writes, and what it says of whorl is so."""

import re

import pytest
from tests.docs.comparison import COLUMNS, PAGE, read_groups, render
from tests.docs.comparison_checks import exists, holds, is_absent

GROUPS = read_groups()
FEATURES = [feature for features in GROUPS.values() for feature in features]
KINDS = ("absent", "file", "measured", "missing", "page", "shows")


def test_the_page_is_what_the_script_writes():
    assert PAGE.read_text(encoding="utf-8") == render()


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_what_is_said_of_whorl_is_so(feature):
    verdicts = {evidence: holds(evidence, "whorl") for evidence in feature.cells["whorl"].evidence}
    assert [evidence for evidence, verdict in verdicts.items() if verdict is False] == []
    assert True in verdicts.values() or feature.facts or "documentation" in feature.name


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_each_cell_says_yes_no_or_partly_with_evidence(feature):
    for library, (says, evidence) in feature.cells.items():
        assert feature.facts or re.fullmatch(r"yes|no|partly: [^|]{3,50}", says), (library, says)
        assert evidence, library
        for each in evidence:
            assert each.partition(": ")[0] in KINDS or re.fullmatch(r"\w+(\.\w+)*(\(\w+=\))?", each), each


def test_the_tables_are_narrow_and_no_feature_stands_twice():
    assert len(COLUMNS) + 1 == 9
    assert len({feature.name for feature in FEATURES}) == len(FEATURES)


@pytest.mark.parametrize(
    ("evidence", "verdict"),
    [
        ("whorl.Dense", True),
        ("whorl.Model.fit(X=)", True),
        ("whorl.tables.dates.Date", True),
        ("whorl.Conv2d", False),
        ("whorl.no_such_module", False),
        ("whorl.Adam(device=)", False),
        ("missing: whorl.Conv2d", True),
        ("missing: whorl.Dense", False),
        ("absent: quaternion", True),
        ("absent: class dense\\(", False),
        ("absent: class dense\\( in whorl/losses", True),
        ("absent: class dense\\( in whorl/layers/dense.py", False),
        ("file: whorl/model.py", True),
        ("file: whorl/gpu.py", False),
        ("shows: 1 + 1 == 2", True),
        ("shows: whorl_model().outputs", False),
        ("page: https://numpy.org", None),
        ("measured: du", None),
    ],
)
def test_evidence(evidence, verdict):
    assert holds(evidence, "whorl") is verdict


def test_a_folder_without_sources_is_no_evidence():
    with pytest.raises(AssertionError, match="whorl/nowhere"):
        is_absent("x", ["whorl/nowhere"])
    assert not exists("no_such_package")
