"""The page has no finding of axe-core that is serious."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("selenium", reason="selenium is not installed: pip install 'diptych[dev]'")
pytest.importorskip("fastapi", reason="FastAPI is not installed: pip install 'diptych[web]'")

from selenium.webdriver.support.ui import Select

from page_helpers import choose, choose_files, find, status
from web_helpers import wait_for

AXE = Path(__file__).with_name("node_modules") / "axe-core" / "axe.min.js"


def findings(browser):
    """Return the rules that the page breaks seriously, each with the elements that do."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: make axe")
    browser.execute_script(AXE.read_text(encoding="utf-8"))
    script = "const done = arguments[arguments.length - 1]; axe.run().then(found => done(found.violations))"
    found = browser.execute_async_script(script)
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    return {one["id"]: [(node["html"][:120], node["failureSummary"][:300]) for node in one["nodes"]] for one in serious}


@pytest.fixture(params=["light-1280-en", "dark-390-zh"])
def page(app, request):
    """Return the browser with the page: wide, light and English, or on a phone, dark and Chinese."""
    scheme, width, language = request.param.split("-")
    app.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    size = {"width": int(width), "height": 844, "deviceScaleFactor": 1, "mobile": int(width) < 500}
    app.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    Select(find(app, "#language")).select_by_value(language)
    return app


def test_axe_finds_nothing_serious(page, folder):
    assert findings(page) == {}
    choose_files(page, folder / "dark.jpg", folder / "deep.tif")
    wait_for(lambda: find(page, "#histogram").get_attribute("aria-label")[-1] in ".。")
    page.execute_script("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    assert findings(page) == {}
    choose(page, "steps:")
    find(page, "#add").click()
    assert findings(page) == {}
    status(page, " s" if find(page, "html").get_attribute("lang") == "en" else "秒")


def test_axe_finds_nothing_serious_in_the_other_views(chromium, services):
    chromium.get(services[0] + "/docs")
    wait_for(lambda: "POST /v1/enhance" in find(chromium, "#api").text)
    assert findings(chromium) == {}
    chromium.get(services[1] + "/")  # asks for a token
    chromium.execute_script("sessionStorage.clear()")
    chromium.refresh()
    wait_for(lambda: find(chromium, "#ask").get_attribute("open"))
    assert findings(chromium) == {}
