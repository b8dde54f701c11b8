"""The web page of the examples does in a real browser what ONNX Runtime does here."""

from __future__ import annotations

import base64
import dataclasses
import functools
import http.server
import io
import shutil
import threading
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

WEB = Path(__file__).resolve().parents[2] / "examples" / "deploy" / "web"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")


class _Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map: ClassVar = {**http.server.SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript"}

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def address():
    if not (WEB / "node_modules" / "onnxruntime-web").is_dir():
        pytest.skip("onnxruntime-web is not installed: make web-example")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler, directory=str(WEB)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/index.html"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    webdriver = pytest.importorskip(
        "selenium.webdriver", reason="selenium is not installed: pip install 'diptych[dev]'"
    )
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("chromium or chromedriver is not installed: make chromium")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in (
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--window-size=1100,800", f"--user-data-dir={tmp_path_factory.mktemp('chromium')}",
    ):  # fmt: skip
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=DRIVER))
    yield driver
    driver.quit()


def _canvas(driver, name: str) -> np.ndarray:
    from PIL import Image

    url = driver.execute_script("return document.getElementById(arguments[0]).toDataURL('image/png')", name)
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("RGB"))


def test_the_page_enhances_as_the_runtime_does(address, chromium, bundles, pictures, recipes, tmp_path):
    from selenium.webdriver.support.ui import WebDriverWait

    import diptych as dp
    from diptych.export.sessions import open_session
    from diptych.export.whole import to_whole

    metadata = dataclasses.replace(
        bundles["unet"].metadata, preprocess=recipes["all"].to_toml(), postprocess=recipes["specify"].to_toml()
    )
    whole = to_whole(dataclasses.replace(bundles["unet"], metadata=metadata))
    (tmp_path / "model.onnx").write_bytes(whole.model)
    dp.write(tmp_path / "dark.png", pictures[1])
    chromium.get(address)
    chromium.find_element("id", "model").send_keys(str(tmp_path / "model.onnx"))
    chromium.find_element("id", "picture").send_keys(str(tmp_path / "dark.png"))
    status = functools.partial(chromium.find_element, "id", "status")
    WebDriverWait(chromium, 240).until(lambda _: status().text.startswith(("Done", "Failed")))
    assert status().text.startswith("Done: 63 × 60 px"), status().text
    assert [entry for entry in chromium.get_log("browser") if entry["level"] == "SEVERE"] == []
    assert np.array_equal(_canvas(chromium, "before"), pictures[1])
    expected = open_session(whole.model).run(None, {"image": pictures[1]})[0]
    assert np.abs(_canvas(chromium, "after").astype(int) - expected).max() <= 1
    assert expected.std() > 10
