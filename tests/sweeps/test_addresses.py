"""Addresses of studies in databases, and a study in SQLite."""

import sys

import numpy as np
import pytest

import whorl
from whorl import Adam, Dense, ReLU, Sweep
from whorl.recipes import Recipe
from whorl.sweeps.address import divided, is_address, masked

RECIPE = Recipe([Dense(4), ReLU()], optimizer=Adam(0.02), epochs=1, batch_size=32, fast=False)
X, Y = whorl.datasets.moons(30, noise=0.2, rng=0)


@pytest.mark.parametrize("study", ["model.study.log", "/a/b", "C:\\a.log", "a:b", None, "://x"])
def test_files(study):
    assert not is_address(study)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://ann:secret@host:5432/db", "postgresql://ann:***@host:5432/db"),
        ("postgresql+psycopg://ann:se:c@r#et/@host/db#name", "postgresql+psycopg://ann:***@host/db#name"),
        ("mysql://ann@host/db", "mysql://ann@host/db"),
        ("postgresql://:secret@/db?host=/tmp", "postgresql://:***@/db?host=/tmp"),
        ("postgresql:///db?user=ann&password=secret&x=1", "postgresql:///db?user=ann&password=***&x=1"),
        ("postgresql:///db?sslpassword=secret#name", "postgresql:///db?sslpassword=***#name"),
        ("sqlite:///a.db", "sqlite:///a.db"),
        ("a/file:b@c", "a/file:b@c"),
    ],
)
def test_passwords_are_not_shown(address, shown):
    assert masked(address) == shown
    assert "secret" not in masked(address)


def test_the_name_of_the_study_follows_the_database():
    assert divided("sqlite:///a.db") == ("sqlite:///a.db", "whorl")
    assert divided("sqlite:///a.db#second one") == ("sqlite:///a.db", "second one")
    assert divided("mssql://ann:a#b@host/db") == ("mssql://ann:a#b@host/db", "whorl")


@pytest.mark.parametrize(
    ("installed", "address", "expected"),
    [
        ({"psycopg", "psycopg2"}, "postgresql://h/d", "postgresql+psycopg://h/d"),
        ({"psycopg2"}, "postgres://h/d", "postgresql+psycopg2://h/d"),
        (set(), "postgresql+asyncpg://h/d", "postgresql+asyncpg://h/d"),
        ({"pymysql"}, "mysql://h/d", "mysql+pymysql://h/d"),
    ],
)
def test_a_driver_that_is_installed_is_used(monkeypatch, installed, address, expected):
    monkeypatch.setattr("whorl.sweeps.address.find_spec", lambda name: name if name in installed else None)
    assert divided(address)[0] == expected


def test_errors_name_the_driver_to_install_and_no_password(monkeypatch):
    monkeypatch.setattr("whorl.sweeps.address.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r'needs a driver: pip install "whorl\[sweep\]" "psycopg\[binary\]"'):
        list(Sweep(RECIPE, X, Y, study="postgresql://ann:secret@host/db"))
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    with pytest.raises(ImportError, match=r'needs a driver: pip install "whorl\[sweep\]" "psycopg\[binary\]"'):
        list(Sweep(RECIPE, X, Y, study="postgresql+psycopg2://ann:secret@host/db"))
    with pytest.raises(
        ValueError, match=r"study must be an address such as .*, got nosql://ann:\*\*\*@host/db: "
    ) as caught:
        list(Sweep(RECIPE, X, Y, study="nosql://ann:secret@host/db"))
    assert "secret" not in str(caught.value)


def test_a_study_in_sqlite(tmp_path):
    address = f"sqlite:///{tmp_path / 'sweeps.db'}#moons"
    options = {"jobs": 1, "rng": 3}
    whole, expected = Sweep(RECIPE, X, Y, trials=2, study=address, **options), Sweep(RECIPE, X, Y, trials=2, **options)
    assert [each.value for each in whole] == [each.value for each in expected]
    again = Sweep(RECIPE, X, Y, trials=2, study=address, **options)
    assert list(again) == []
    assert again.trials == whole.trials
    with pytest.raises(ValueError, match="use the same settings to continue it, or another name for the study"):
        list(Sweep(RECIPE, X, np.flip(Y), trials=2, study=address, **options))
