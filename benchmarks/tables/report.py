"""The measured part of `benchmarks/tables.md`, from the lines of results."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from benchmarks import page
from benchmarks.tables import statistics
from benchmarks.tables.measure import methods
from benchmarks.tables.registry import TABLES, PublicTable
from benchmarks.tables.results import Line

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Measure:
    """A score: its title on the page, and whether larger is better."""

    title: str
    larger: bool = False

    def error(self, scores: Iterable[float]) -> float:
        """Return the mean score, or what it lacks to 1 if larger is better: rounded, so that the order of the scores does not matter."""
        mean = float(np.mean(list(scores)))
        return round(1 - mean if self.larger else mean, 10)


MEASURES = {
    "accuracy": Measure("Accuracy", larger=True),
    "auc": Measure("Area under the ROC curve", larger=True),
    "log loss": Measure("Log loss"),
    "ece": Measure("Calibration error"),
    "rmse": Measure("Root mean squared error"),
}
MAIN = {"accuracy": "classification", "rmse": "regression"}
"""The measure of each task that decides in comparisons over all tables."""


class Results:
    """The scores of each method on each table, by seed. Of several lines for the same split the last counts.

    On a table that whorl has been measured on, the splits are those of whorl.
    """

    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines: dict[tuple[str, str], dict[int, Line]] = {}
        for line in lines:
            self._lines.setdefault((line["table"], line["method"]), {})[line["seed"]] = line
        for (table, method), own in self._lines.items():
            seeds = self._lines.get((table, "whorl"), own)
            self._lines[table, method] = {seed: line for seed, line in own.items() if seed in seeds}
        found = {method for _, method in self._lines}
        self.methods = {name: title for name, title in methods().items() if name in found}
        """The titles of the methods that have been measured."""

    def scores(self, table: PublicTable, method: str, measure: str) -> dict[int, float]:
        """Return a method's scores on a table by seed; none if it has not been measured."""
        lines = self._lines.get((table.name, method), {})
        return {seed: line[measure] for seed, line in sorted(lines.items()) if measure in line}

    def having(self, measure: str) -> list[PublicTable]:
        """Return the tables on which some method has a score."""
        return [table for table in TABLES if any(self.scores(table, method, measure) for method in self.methods)]

    def compared(self) -> list[PublicTable]:
        """Return the tables that whorl has been measured on; all, if there are none."""
        return [table for table in TABLES if self.scores(table, "whorl", "seconds")] or self.having("seconds")

    def missing(self, method: str) -> bool:
        """Return whether a method lacks splits of a compared table that another method has."""
        seeds = {t: [set(self.scores(t, each, "seconds")) for each in self.methods] for t in self.compared()}
        return any(set().union(*each) > set(self.scores(table, method, "seconds")) for table, each in seeds.items())


def parts(lines: Iterable[Line]) -> list[str]:
    """Return the paragraphs, headings and tables."""
    results = Results(lines)
    found = [ranks(results)]
    if "whorl" in results.methods:
        found.append(comparison(results))
    found += [scores(results, name, measure.title) for name, measure in MEASURES.items() if results.having(name)]
    if results.having("coverage"):
        found.append(scores(results, "coverage", "Coverage of 90 % intervals"))
    return [*found, seconds(results), tables()]


def ranks(results: Results) -> str:
    """Return the mean ranks over the compared tables, of the methods that have been measured on all of them."""
    tables = results.compared()
    complete = [method for method in results.methods if not results.missing(method)]
    errors = {
        name: np.array(
            [[measure.error(results.scores(table, method, name).values()) for method in complete] for table in found]
        )
        for name, measure in MEASURES.items()
        if complete and (found := [table for table in results.having(name) if table in tables])
    }
    if all(name in errors for name in MAIN):
        errors["accuracy and rmse"] = np.concatenate([errors[name] for name in MAIN])
    columns = [statistics.mean_ranks(each) for each in errors.values()]
    rows = [[results.methods[method], *(f"{column[i]:.2f}" for column in columns)] for i, method in enumerate(complete)]
    text = f"Mean ranks over {len(tables)} tables: 1 is best, {len(complete)} the last."
    if left_out := [title for method, title in results.methods.items() if method not in complete]:
        text += f" Not measured on all of them, and so without a rank: {', '.join(left_out)}."
    return page.section("Ranks", text, ["method", *errors], rows)


def comparison(results: Results) -> str:
    """Return how often whorl is better or worse than each other method, on single tables and over all."""
    rows = []
    for method in results.methods:
        if method != "whorl":
            row, differences = [results.methods[method]], []
            for measure in MAIN:
                p_values, found = compare(results, method, measure)
                won = sum(p < SIGNIFICANT and d < 0 for p, d in zip(p_values, found, strict=True))
                lost = sum(p < SIGNIFICANT and d > 0 for p, d in zip(p_values, found, strict=True))
                row += [f"{won} / {len(found) - won - lost} / {lost}", over_tables(found)]
                differences += found
            rows.append([*row, over_tables(differences)])
    text = (
        "Tables on which whorl's default preset is better than the other method / no different / worse: two-sided corrected resampled"
        f" t-test of accuracy or RMSE over the splits of each table, at {SIGNIFICANT:.0%} (Nadeau and Bengio, 2003), without a"
        " correction for the number of tables; with a single split nothing is tested, and the two count as no different. Beside it,"
        " over the tables: on how many the mean error is smaller than the other method's, and the p-value of Wilcoxon's signed-rank"
        " test of the relative differences of the errors, 1 − accuracy or RMSE."
    )
    head = [
        "whorl against",
        *(title for task in MAIN.values() for title in (task, "over its tables")),
        "over all tables",
    ]
    return page.section("whorl against each", text, head, rows)


def compare(results: Results, method: str, measure: str) -> tuple[list[float], list[float]]:
    """Return, for each table that both methods have, the p-value over its splits, and the relative difference of the mean errors."""
    p_values, found = [], []
    for table in results.having(measure):
        ours, theirs = (results.scores(table, each, measure) for each in ("whorl", method))
        if seeds := sorted(ours.keys() & theirs.keys()):
            differences = [ours[seed] - theirs[seed] for seed in seeds]
            p_values.append(statistics.corrected_t_test(differences) if len(seeds) > 1 else 1.0)
            errors = (MEASURES[measure].error(each[seed] for seed in seeds) for each in (ours, theirs))
            found.append(statistics.relative_difference(*errors))
    return p_values, found


def over_tables(differences: list[float]) -> str:
    """Return on how many tables whorl is better, and the p-value over the tables."""
    better = sum(difference < 0 for difference in differences)
    return f"{better} of {len(differences)}, p = {statistics.wilcoxon_test(differences):.2g}" if differences else "–"


def scores(results: Results, name: str, title: str) -> str:
    """Return a table of the means over the splits, and the standard deviations; the best of each row in bold.

    A method that has fewer splits of a table than others have has no mean there.
    """
    rows = []
    for table in results.having(name):
        found = [list(results.scores(table, method, name).values()) for method in results.methods]
        most = max(map(len, found))
        found = [each if len(each) == most else [] for each in found]
        cells = [mean_and_deviation(each) for each in found]
        if measure := MEASURES.get(name):
            errors = [measure.error(each) if each else np.inf for each in found]
            best = min(errors)
            cells = [f"**{cell}**" if error == best else cell for cell, error in zip(cells, errors, strict=True)]
        rows.append([table.title, *cells])
    return f"## {title}\n\n{page.table(['table', *results.methods.values()], rows)}"


def mean_and_deviation(scores: list[float]) -> str:
    """Return the mean ± the standard deviation, if there are several scores; a dash if there is none."""
    if not scores:
        return "–"
    mean, deviation = np.mean(scores), np.std(scores)
    digits = 4 if abs(mean) < 10 else 2 if abs(mean) < 1000 else 0
    return f"{mean:.{digits}f}" + (f" ± {deviation:.{digits}f}" if len(scores) > 1 else "")


def seconds(results: Results) -> str:
    """Return the median time of each method on each table."""
    rows = []
    for table in results.having("seconds"):
        times = [list(results.scores(table, method, "seconds").values()) for method in results.methods]
        rows.append([table.title, *(f"{np.median(each):.1f}" if each else "–" for each in times)])
    text = "Training and predicting, for one split: medians. Those of whorl include reading the CSV files."
    return page.section("Seconds", text, ["table", *results.methods.values()], rows)


def tables() -> str:
    """Return the list of all tables, and where they come from."""
    rows = [
        [
            table.title,
            f"`{table.target}`",
            f"{table.rows:,}",
            f"{table.features}",
            f"{table.classes} classes" if table.classes else "regression",
            f"PyPI, {table.package}" if table.package else table.url,
        ]
        for table in TABLES
    ]
    return f"## Tables\n\n{page.table(['table', 'target', 'rows', 'features', 'task', 'source'], rows)}"
