import sys
from pathlib import Path

import pytest

from whorl.datasets.cache import cache_directory, places


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("platform", "expected"),
    [("linux", ".cache/whorl"), ("darwin", "Library/Caches/whorl"), ("win32", "AppData/Local/whorl")],
)
def test_each_system_has_its_cache(platform, expected, home, monkeypatch):
    monkeypatch.setattr(sys, "platform", platform)
    assert cache_directory() == home / expected


@pytest.mark.parametrize(("platform", "variable"), [("linux", "XDG_CACHE_HOME"), ("win32", "LOCALAPPDATA")])
def test_it_may_be_moved(platform, variable, home, monkeypatch):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv(variable, str(home / "elsewhere"))
    assert cache_directory() == home / "elsewhere" / "whorl"


@pytest.mark.parametrize("value", ["", "relative/path"])
def test_an_xdg_directory_that_is_not_absolute_is_ignored(value, home, monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", value)
    assert cache_directory() == home / ".cache" / "whorl"


def test_places_in_order(home, monkeypatch):
    assert places("mnist") == [cache_directory() / "mnist"]
    monkeypatch.setenv("WHORL_DATA", str(home / "data"))
    assert places("mnist") == [home / "data" / "mnist", cache_directory() / "mnist"]
    assert places("mnist", home / "mine") == [home / "data" / "mnist", home / "mine" / "mnist"]
    assert places("mnist", str(home / "mine"))[1] == home / "mine" / "mnist"
