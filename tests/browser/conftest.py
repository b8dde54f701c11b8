"""A report, and the page of the service, in a real browser, without a screen."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

import diptych as dp
from diptych.evaluation import evaluate
from evaluation_helpers import difference, gain, scene

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")


@pytest.fixture(scope="session")
def page(tmp_path_factory):
    """Return the file of a report: three images, two enhancers and the input, with references."""
    folder = tmp_path_factory.mktemp("report")
    for name in ("low", "high"):
        (folder / name).mkdir()
    for seed, name in enumerate(("one", '<b>two</b> & "three"', "four")):
        good = scene(seed, (120, 180, 3))
        dp.write(folder / "high" / f"{name.replace('/', '_')}.png", good)
        dp.write(folder / "low" / f"{name.replace('/', '_')}.png", (good // 4).astype(np.uint8))
    enhancers = {"input": None, "four": gain(4), "two": gain(2)}
    report = evaluate(enhancers, folder / "low", references=folder / "high", metrics=[difference, "psnr"], gallery=9)
    path = folder / "report.html"
    path.write_text(report.to_html(), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """Return a headless Chromium."""
    webdriver = pytest.importorskip(
        "selenium.webdriver", reason="selenium is not installed: pip install 'diptych[dev]'"
    )
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("chromium or chromedriver is not installed: make chromium")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in (
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
        "--disable-dev-shm-usage", "--window-size=1280,1000", f"--user-data-dir={tmp_path_factory.mktemp('chromium')}",
    ):  # fmt: skip
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def browser(chromium, page):
    """Return the browser with the report freshly loaded, in a window of 1280 x 1000, light, on a screen."""
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    size = {"width": 1280, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    for kind in ("browser", "performance"):
        chromium.get_log(kind)  # what is there belongs to the test before
    chromium.get(page.as_uri())
    return chromium


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Return a folder with a JPEG, a 16-bit TIFF, and no picture."""
    from web_helpers import dark_scene

    path = tmp_path_factory.mktemp("pictures")
    dp.write(path / "dark.jpg", dark_scene(120, 180))
    dp.write(path / "deep.tif", dark_scene(1300, 200, np.uint16))
    (path / "text.png").write_text("no picture")
    return path


@pytest.fixture(scope="session")
def services():
    """Return the addresses of a service, and of one that asks for a token."""
    pytest.importorskip("fastapi", reason="FastAPI is not installed: pip install 'diptych[web]'")
    from diptych.web.settings import Settings
    from page_helpers import TOKEN
    from web_helpers import running

    with (
        running(Settings(workers=2)) as (_, address),
        running(Settings(workers=1, token=TOKEN)) as (_, guarded),
    ):
        yield address, guarded


@pytest.fixture
def app(chromium, services, tmp_path):
    """Return the browser with the page of the service freshly loaded, in English; downloads go to `tmp_path`."""
    from page_helpers import open_page

    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    size = {"width": 1280, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    chromium.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    for kind in ("browser", "performance"):
        chromium.get_log(kind)
    open_page(chromium, services[0])
    chromium.execute_script("localStorage.clear()")
    open_page(chromium, services[0])
    return chromium
