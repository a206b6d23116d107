"""Tracing of the code between `Model.fit` and the change of a weight."""

import sys

from benchmarks import frames
from benchmarks.__main__ import main

from whorl import SGD, Model


def test_each_step_changes_the_parameters_once():
    previous = sys.getprofile()
    profiler = frames.trace()
    assert sys.getprofile() is previous
    assert len(profiler.stacks) == frames.STEPS * frames.EPOCHS
    for stack in profiler.stacks:
        assert stack[0] is Model.fit.__code__
        assert stack[-1] is SGD.step.__code__
        assert len(stack) <= 5  # a reader follows few calls from fit to the changed weight
    assert all(code.co_filename.startswith(str(frames.PACKAGE)) for entered in profiler.entered for code in entered)


def test_lines_are_counted_once():
    def outer():
        def inner():
            return 1

        return inner

    files, length, functions, lines = frames.size({outer.__code__, outer().__code__})
    assert (files, functions, lines) == (1, 2, 5)
    with open(__file__, encoding="utf-8") as file:
        assert length == len(file.readlines())


def test_command_prints_the_stack_and_the_counts(capsys):
    assert main(["frames", "--list"]) == 0
    printed = capsys.readouterr().out
    assert " frames from Model.fit to the function that changes the parameters:\n  whorl/model.py:" in printed
    assert "| one step | " in printed
    assert "Dense.forward\n" in printed
