"""Run folders, made once for all tests, and a headless Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.reports.folders import MODELS, make_run, small_run

from codereasoner.reports.report_page import write_report

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
NO_CHROMIUM = (
    "no Chromium here: install the Debian packages chromium and chromium-driver to test the report in a browser"
)


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run with every stage, four models and hostile texts."""
    return small_run(tmp_path_factory.mktemp("runs") / "small")


@pytest.fixture(scope="session")
def report(run_folder: Path) -> Path:
    return write_report(run_folder)


@pytest.fixture(scope="session")
def large_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a run with 10,000 questions, all of them shown."""
    return write_report(make_run(tmp_path_factory.mktemp("runs") / "large", 5000, MODELS[1:]))


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A headless Chromium that logs its console and its requests; the test is skipped where there is none."""
    program, driver = shutil.which("chromium") or shutil.which("chromium-browser"), shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip(NO_CHROMIUM)
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    options.binary_location = program
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield browser
    browser.quit()
