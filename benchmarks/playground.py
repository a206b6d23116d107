"""The playground in Chromium: frames per second while a network trains, and what that costs the training.

Trainings with and without the page take turns. With `--minutes`, one training is watched for that long, and the memory of the server
and of the page is recorded. Needs the extra ``whorl[playground]``, Playwright and Chromium. Writes `benchmarks/playground.md`.
"""

import argparse
import base64
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import page
from benchmarks.processes import ROOT, server
from benchmarks.rounds import Spread

PAGE = ROOT / "benchmarks" / "playground.md"
OPTIONS = {"rounds": 5, "seconds": 8.0, "minutes": 10.0}
COMMAND = "whorl", "playground", "--no-browser"
HIDDEN = [64, 64]
ENGINES = {"NumPy": False, "compiled": True}

RECORD = """
window.seen = 0;
const Native = WebSocket;
window.WebSocket = class extends Native {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", ({ data }) => {
      if (typeof data === "string") return;
      window.seen += 1;
      window.last = [performance.now() / 1000, data];
    });
  }
};
window.now = () => {
  const [time, data] = window.last;
  const size = new DataView(data).getUint32(0, true);
  return [time, window.seen, JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, size))).step];
};
"""
"""Counts the frames; `now()` is when the last one came, how many there were, and the step that it shows."""

ALONE = """
import sys, time
from whorl import Adam, CrossEntropy, Dense, Model, ReLU, Softmax, datasets
X, y = datasets.spiral(100, 3, noise=0.2, rng=0)
model = Model([Dense(64), ReLU(), Dense(64), ReLU(), Dense(3), Softmax()], inputs=2, rng=0)
training = model.training(
    X, y, loss=CrossEntropy(), optimizer=Adam(0.01), epochs=10**6, batch_size=32, validation=0.2, metrics=["accuracy"], rng=0,
    fast=sys.argv[1] == "True",
)
for epoch in training:
    if epoch.number == 5:
        begun, first = time.perf_counter(), training.step
    if epoch.number > 5 and time.perf_counter() - begun > float(sys.argv[2]):
        break
print((training.step - first) / (time.perf_counter() - begun))
"""
"""The same training without a page; prints its steps per second."""


def address(url: str, *, compiled: bool) -> str:
    """Return the address of the page with the network to measure."""
    hidden = [text for units in HIDDEN for text in (f"Dense({units})", "ReLU()")]
    wanted = {
        "data": {"kind": "spiral", "samples": 100, "classes": 3, "noise": 0.2, "seed": 0},
        "layers": [*hidden, "Dense(3)", "Softmax()"],
        "compiled": compiled,
        "stop": {"epochs": 1_000_000, "accuracy": None, "loss": None},
    }
    return f"{url}#{base64.urlsafe_b64encode(json.dumps({'panes': [wanted]}).encode()).decode().rstrip('=')}"


@contextmanager
def training(url: str, *, compiled: bool) -> Iterator[Any]:
    """Open the page in Chromium, at full speed; give the page of Playwright."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1280, "height": 900}, bypass_csp=True)
        tab.add_init_script(RECORD)
        tab.goto(address(url, compiled=compiled))
        tab.wait_for_function("window.seen > 0")
        tab.get_by_label("Speed").select_option(value="0")
        tab.get_by_role("button", name="Play", exact=True).click()
        tab.wait_for_timeout(2000)
        yield tab
        browser.close()


def watched(seconds: float, *, compiled: bool) -> tuple[float, float]:
    """Return frames and steps per second with the page."""
    with server(*COMMAND) as (url, _), training(url, compiled=compiled) as tab:
        before = np.array(tab.evaluate("now()"))
        tab.wait_for_timeout(1000 * seconds)
        duration, frames, steps = np.array(tab.evaluate("now()")) - before
    return frames / duration, steps / duration


def alone(seconds: float, *, compiled: bool) -> float:
    """Return steps per second without the page."""
    words = [sys.executable, "-c", ALONE, str(compiled), str(seconds)]
    environment = {**os.environ, **dict.fromkeys(page.THREADS[:3], "1")}
    return float(subprocess.run(words, check=True, capture_output=True, text=True, cwd=ROOT, env=environment).stdout)  # noqa: S603  # as above


def speed(rounds: int, seconds: float) -> str:
    """Return the table of frames and steps per second."""
    rows = []
    for name, compiled in ENGINES.items():
        frames, shares, own = [], [], []
        for _ in range(rounds):
            own.append(alone(seconds, compiled=compiled))
            fps, steps = watched(seconds, compiled=compiled)
            frames.append(fps)
            shares.append(steps / own[-1])
            print(name, f"{fps:.1f} frames/s, {steps:.0f} steps/s, {own[-1]:.0f} without the page", flush=True)
        rows.append([name, str(Spread.of(frames)), f"{np.median(own):.0f}", str(Spread.of(shares))])
    return page.section(
        "Frames and speed",
        "Frames that the page has drawn per second, and steps per second with the page over those of the same training without it.",
        ["engine", "frames per second", "steps per second, without the page", "steps, with over without"],
        rows,
    )


def memory(minutes: float) -> str:
    """Return the table of the memory of the server and of the page over time, in a training at full speed."""
    rows = []
    with server(*COMMAND) as (url, process), training(url, compiled=True) as tab:
        begun = time.monotonic()
        for part in range(6):
            left = begun + 60 * minutes * part / 5 - time.monotonic()
            tab.wait_for_timeout(max(0, 1000 * left))
            heap = tab.evaluate("performance.memory.usedJSHeapSize") / 1e6
            step = tab.evaluate("now()")[2]
            rows.append([f"{minutes * part / 5:g}", f"{step:,}", f"{resident(process):.1f} MB", f"{heap:.1f} MB"])
            print(rows[-1], flush=True)
    return page.section(
        "Memory",
        "A training with compiled kernels at full speed: what the process of the server has in memory, and the objects of the page.",
        ["minutes", "steps", "server", "page"],
        rows,
    )


def resident(process: int) -> float:
    """Return the resident memory of a process in megabytes."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024 / 1e6


def run(arguments: argparse.Namespace) -> None:
    """Measure, and write the page."""
    parts: Sequence[str] = speed(arguments.rounds, arguments.seconds), memory(arguments.minutes)
    page.write(PAGE, arguments, *parts)
