"""How long the page takes to show the first preview, in a Chromium without a screen.

    python benchmarks/web_page.py PHOTO... [--runs 5]

Each run opens the page, chooses a photo as a file, and waits for the result beside it: of a copy of 1200 px, first without
taking noise away, then as it is planned. Prints the seconds from the choice to the first and to the last result, the median
and the most, and how busy the machine was with other work.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from web_load import service

MARKS = "return performance.getEntriesByType('mark').map(one => [one.name, one.startTime])"
FEW_CALLS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")


def browser(folder: str):
    """Return a headless Chromium."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or shutil.which("chromium-browser")
    for argument in (*FEW_CALLS, f"--user-data-dir={folder}"):
        options.add_argument(argument)
    return webdriver.Chrome(
        options=options, service=webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    )


def once(driver, address: str, photo: Path) -> tuple[float, float]:
    """Return the seconds until the first and until the last result are shown."""
    driver.get(address)
    time.sleep(3)  # somebody looks for a picture
    driver.find_element("css selector", "#file").send_keys(str(photo.resolve()))
    while "Preview in" not in driver.find_element("css selector", "#status").text:
        time.sleep(0.05)
    marks = driver.execute_script(MARKS)
    chosen = next(when for name, when in marks if name == "chosen")
    shown = [when for name, when in marks if name == "shown"]
    return (shown[0] - chosen) / 1000, (shown[-1] - chosen) / 1000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, nargs="+", metavar="PHOTO")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, service() as (_, host, port, _):
        driver = browser(folder)
        try:
            for photo in options.photos:
                found = [once(driver, f"http://{host}:{port}/", photo) for _ in range(options.runs)]
                for name, seconds in zip(("first result", "last result"), zip(*found, strict=True), strict=True):
                    print(f"{photo.name}: {name} {statistics.median(seconds):.2f} s, at most {max(seconds):.2f} s")
        finally:
            driver.quit()
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
