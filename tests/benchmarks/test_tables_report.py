"""The statistics of the benchmark on tables, and the page made of them, against numbers worked by hand."""

import numpy as np
import pytest
from benchmarks.tables import report, statistics


def test_equal_errors_share_their_mean_rank():
    errors = np.array([[0.1, 0.2, 0.3], [0.5, 0.2, 0.2], [1.0, 2.0, 0.0]])
    np.testing.assert_allclose(statistics.mean_ranks(errors), [(1 + 3 + 2) / 3, (2 + 1.5 + 3) / 3, (3 + 1.5 + 1) / 3])


def test_corrected_t_test_counts_the_overlap_of_the_training_rows():
    # Mean 3, variance 5/2: t = 3 / √((1/5 + 0.2/0.8) 5/2) = √8, and with 4 degrees of freedom
    # P(|T| < t) = 3/4 · t / √(1 + t²/4) · (1 − t² / (12 + 3t²)) = 3/4 · √8 / √3 · 7/9.
    expected = 1 - 3 / 4 * np.sqrt(8 / 3) * 7 / 9
    assert statistics.corrected_t_test([1, 2, 3, 4, 5]) == pytest.approx(expected)
    assert statistics.corrected_t_test([-1, -2, -3, -4, -5]) == pytest.approx(expected)


def test_equal_differences_need_no_test():
    assert statistics.corrected_t_test([0.0, 0.0, 0.0]) == 1
    assert statistics.corrected_t_test([0.5, 0.5, 0.5]) == 0


def test_wilcoxon_test_of_five_differences_of_one_sign():
    assert statistics.wilcoxon_test([0.1, 0.2, 0.3, 0.4, 0.5]) == pytest.approx(2 / 2**5)
    assert statistics.wilcoxon_test([0.0, 0.0]) == 1


def test_relative_difference_of_errors():
    assert statistics.relative_difference(1, 3) == -1
    assert statistics.relative_difference(0.2, 0.2) == 0
    assert statistics.relative_difference(0, 0) == 0


def lines(table, method, values, measure="accuracy"):
    """Return the lines of a method on a table, for seeds from 10 on."""
    return [
        {"table": table, "method": method, "seed": 10 + i, measure: value, "seconds": 2.0 + i}
        for i, value in enumerate(values)
    ]


RESULTS = [
    *lines("adult", "whorl", [0.9, 0.91, 0.92]),
    *lines("adult", "lightgbm", [0.8, 0.81, 0.82]),
    *lines("titanic", "whorl", [0.7, 0.8, 0.9]),
    *lines("titanic", "lightgbm", [0.9, 0.8, 0.7]),
    *lines("bikes", "whorl", [50.0, 52.0, 51.0], "rmse"),
    *lines("bikes", "lightgbm", [40.0, 42.0, 41.0], "rmse"),
    *lines("adult", "catboost", [0.95, 0.95, 0.95]),
]


def section(title):
    """Return the part of the page with a title."""
    (found,) = (part for part in report.parts(RESULTS) if part.startswith(f"## {title}\n"))
    return found


def test_ranks_are_of_the_methods_that_have_all_splits():
    found = section("Ranks")
    assert "Mean ranks over 3 tables: 1 is best, 2 the last." in found
    assert "Not measured on all of them, and so without a rank: CatBoost." in found
    # Adult: whorl is first; Titanic: both have 0.8; bikes: LightGBM is first.
    assert "| whorl, `default` | 1.25 | " in found
    assert found.splitlines()[-1].endswith("| 1.00 | 1.50 |")
    assert "| LightGBM | 1.75 | " in found


def test_ranks_are_over_the_tables_that_whorl_has():
    found, *_ = report.parts([*RESULTS, *lines("pima", "lightgbm", [0.7, 0.8])])
    assert found == section("Ranks")
    others = [line for line in RESULTS if line["method"] == "lightgbm"]
    assert "Mean ranks over 3 tables: 1 is best, 1 the last." in report.parts(others)[0]


def test_wins_ties_and_losses():
    found = section("whorl against each").splitlines()
    # Differences without variance are significant; those of Titanic, −0.2, 0, 0.2, are not.
    assert "| LightGBM | 1 / 1 / 0 | 1 of 2, p = 1 | 0 / 0 / 1 | 0 of 1, p = 1 | 1 of 3, p = 1 |" in found
    assert "| CatBoost | 0 / 0 / 1 | 0 of 1, p = 1 | 0 / 0 / 0 | – | 0 of 1, p = 1 |" in found


def test_a_single_split_has_no_deviation_and_no_test():
    single = [*lines("bikes", "whorl", [50.0], "rmse"), *lines("bikes", "lightgbm", [40.0, 42.0, 41.0], "rmse")]
    found = report.parts([*(line for line in RESULTS if line["table"] != "bikes"), *single])
    errors = next(part for part in found if part.startswith("## Root"))
    assert "| Bike sharing | 50.00 | **40.00** |" in errors
    against = next(part for part in found if part.startswith("## whorl against"))
    assert "| LightGBM | 1 / 1 / 0 | 1 of 2, p = 1 | 0 / 1 / 0 | 0 of 1, p = 1 | 1 of 3, p = 1 |" in against


def test_splits_are_those_of_whorl():
    peer = lines("adult", "catboost", [0.9, 0.8, 0.7, 0.1, 0.1])
    (found,) = (part for part in report.parts([*RESULTS, *peer]) if part.startswith("## Accuracy"))
    assert "| Adult | **0.9100 ± 0.0082** | 0.8100 ± 0.0082 | 0.8000 ± 0.0816 |" in found


def test_best_score_is_bold_and_a_missing_one_a_dash():
    accuracy = section("Accuracy").splitlines()
    assert "| Adult | 0.9100 ± 0.0082 | 0.8100 ± 0.0082 | **0.9500 ± 0.0000** |" in accuracy
    assert "| Titanic | **0.8000 ± 0.0816** | **0.8000 ± 0.0816** | – |" in accuracy
    assert "| Bike sharing | 51.00 ± 0.82 | **41.00 ± 0.82** | – |" in section("Root mean squared error").splitlines()
    assert "| Bike sharing | 3.0 | 3.0 | – |" in section("Seconds").splitlines()


def test_coverage_is_shown_if_a_method_has_it():
    assert not any("Coverage" in part for part in report.parts(RESULTS))
    bikes = lines("bikes", "whorl", [0.88, 0.9, 0.92], "coverage")
    covered = [*RESULTS, *({**line, "rmse": 50.0} for line in bikes)]
    (found,) = (part for part in report.parts(covered) if "Coverage of 90 % intervals" in part)
    assert "| Bike sharing | 0.9000 ± 0.0163 | – | – |" in found.splitlines()


def test_page_without_results_of_whorl_has_no_comparison():
    others = [line for line in RESULTS if line["method"] != "whorl"]
    assert not any("against" in part.splitlines()[0] for part in report.parts(others))
