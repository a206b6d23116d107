"""Lessons: TOML files that a teacher writes, each with steps of text, configurations, questions and goals. docs/lessons.md explains them."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from whorl.playground.configuration import Configuration, Table
from whorl.playground.limits import ConfigurationError
from whorl.playground.problem import Problem

Title = Annotated[str, Meta(min_length=1, max_length=100)]
Prose = Annotated[str, Meta(min_length=1, max_length=4000)]
Part = Literal["data", "training", "network", "output", "curves", "findings", "confusion", "spread"]
"""The parts of the page that a step can hide."""


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question with a choice of answers, of which one is right: number `answer`, from 0."""

    text: Prose
    choices: Annotated[tuple[Title, ...], Meta(min_length=2, max_length=6)]
    answer: Annotated[int, Meta(ge=0)]
    explanation: Prose

    def __post_init__(self) -> None:
        if self.answer >= len(self.choices):
            raise ValueError(f"`answer` must be below {len(self.choices)}, the number of choices, got {self.answer}")


class Goal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is to be reached by training: all that is given.

    Accuracy and loss are those of the validation data, if there are any; a finding is the kind of one of the doctor's, such as
    ``"overfitting"``.
    """

    accuracy: Annotated[float, Meta(gt=0, le=1)] | None = None
    loss: Annotated[float, Meta(ge=0)] | None = None
    finding: Title | None = None
    epoch: Annotated[int, Meta(ge=1)] | None = None

    def __post_init__(self) -> None:
        if all(each is None for each in msgspec.structs.astuple(self)):
            raise ValueError("a goal needs accuracy, loss, finding or epoch")


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page of a lesson. Its `configuration` says what changes; without one, the training goes on as it is."""

    title: Title
    text: Prose
    configuration: dict[str, Any] | None = None
    hide: tuple[Part, ...] = ()
    question: Question | None = None
    goal: Goal | None = None


class Lesson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A lesson, as its file has it."""

    title: Title
    summary: Prose
    steps: Annotated[tuple[Step, ...], Meta(min_length=1, max_length=40)]

    def configurations(self) -> list[Configuration | None]:
        """Return the whole configuration that each step starts, or None if it starts none.

        Each changes that of the steps before it; the first one changes the default.

        Raises
        ------
        msgspec.ValidationError, ConfigurationError
            If one is not valid or cannot be trained; the message begins with the number of the step.
        """
        current, found = msgspec.to_builtins(Configuration()), list[Configuration | None]()
        for i, step in enumerate(self.steps):
            if step.configuration is None:
                found.append(None)
                continue
            current = _changed(current, step.configuration)
            try:
                found.append(msgspec.convert(current, Configuration))
            except msgspec.ValidationError as error:
                raise ValueError(f"steps[{i}].configuration: {error}") from None
        return found


def _changed(configuration: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration with changes; those of the data and of `stop` change only what they name, unless the kind of data is another."""
    merged = {**configuration, **changes}
    for name in ("data", "stop"):
        before, after = configuration[name], changes.get(name)
        if isinstance(after, Mapping) and after.get("kind", before.get("kind")) == before.get("kind"):
            merged[name] = {**before, **after}
    return merged


def read_lesson(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a lesson, and check that each of its configurations can be trained.

    Returns
    -------
    dict
        The lesson as the page uses it; the configurations of its steps are complete.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is not a lesson; the message names the file and the field.
    """
    name = os.fspath(path)
    try:
        lesson = parsed(Path(path).read_text("utf-8"))
        for i, configuration in enumerate(lesson.configurations()):
            if configuration is not None:
                _check(configuration, f"steps[{i}].configuration")
    except ValueError as error:  # also of TOML, of UTF-8 and of msgspec
        raise ValueError(f"{name}: {error}") from None
    return as_page(Path(path).stem, lesson)


def _check(configuration: Configuration, where: str) -> None:
    if isinstance(configuration.data, Table):
        raise ValueError(f"{where}.data: a lesson cannot have a table")  # noqa: TRY004  # the value is wrong, not its type
    try:
        Problem.read(configuration)
    except ConfigurationError as error:
        raise ValueError(f"{where}{(error.field or '$')[1:]}: {error}") from None


def parsed(text: str) -> Lesson:
    """Return the lesson in a text in TOML; raise ValueError if it is none."""
    try:
        return msgspec.convert(tomllib.loads(text), Lesson)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"this is not TOML: {error}") from None


def as_page(name: str, lesson: Lesson) -> dict[str, Any]:
    """Return a lesson as the page uses it."""
    steps = msgspec.to_builtins(lesson.steps)
    for step, configuration in zip(steps, lesson.configurations(), strict=True):
        step["configuration"] = None if configuration is None else msgspec.to_builtins(configuration)
    return {"name": name, "title": lesson.title, "summary": lesson.summary, "steps": steps}


def lessons(own: Iterable[str | os.PathLike[str]] = ()) -> list[dict[str, Any]]:
    """Return a teacher's own lessons, and then those that come with whorl, as the page uses them."""
    folder = files("whorl.playground").joinpath("lessons")
    included = sorted((each for each in folder.iterdir() if each.name.endswith(".toml")), key=lambda each: each.name)
    given = [as_page(each.name.removesuffix(".toml"), parsed(each.read_text("utf-8"))) for each in included]
    return [*map(read_lesson, own), *given]
