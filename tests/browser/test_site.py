"""The site of the documentation: no warning, no dead link, nothing from elsewhere; readable, wide and narrow, by all."""

from __future__ import annotations

import gzip
import html.parser
import importlib.util
import json
import os
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LARGEST, FIRST_PAGE = 25_000_000, 400_000
AXE = Path(__file__).with_name("node_modules") / "axe-core" / "axe.min.js"
SHOWN = [
    *("index.html", "zh/index.html", "tutorials/first_photo.html", "zh/tutorials/first_photo.html"),
    *("operators.html", "reference/cli.html", "choosing.html", "reference/python/metrics.html"),
    *("reference/models.html", "reference/results/low_light.html", "why.html", "zh/deploy.html"),
]
"""Pages of all kinds."""
RESULTS = ROOT / "benchmarks" / "results"
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}

pytestmark = pytest.mark.skipif(
    not importlib.util.find_spec("material"), reason="mkdocs-material is missing: pip install -e '.[dev]'"
)


class Page(html.parser.HTMLParser):
    """What a page of the site refers to."""

    def __init__(self, path: Path):
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.anchors |= {given[key] for key in ("id", "name") if given.get(key)}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if given.get(LOADED.get(tag, "")) and given.get("rel") not in ("canonical", "prev", "next", "alternate"):
            self.loaded.append(given[LOADED[tag]])


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    variables = os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def read(site) -> dict[Path, Page]:
    return {path: Page(path) for path in sorted(site.rglob("*.html")) if path.name != "404.html"}


def test_every_link_leads_somewhere(read):
    dead = []
    for path, page in read.items():
        for link in page.links:
            place, _, anchor = urllib.parse.unquote(link).partition("#")
            if urllib.parse.urlsplit(link).scheme in ("http", "https", "mailto"):
                continue
            target = (path.parent / place).resolve() if place else path
            target = target / "index.html" if target.is_dir() else target
            if not target.exists() or (anchor and target in read and anchor not in read[target].anchors):
                dead.append(f"{path.name}: {link}")
    assert dead == []


def test_nothing_is_loaded_from_elsewhere(read):
    there = [
        f"{path.name}: {one}"
        for path, page in read.items()
        for one in page.loaded
        if urllib.parse.urlsplit(one).netloc or not (path.parent / urllib.parse.unquote(one)).exists()
    ]
    assert there == []


def test_the_site_is_small(site, read):
    assert sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) <= LARGEST
    first = site / "index.html"
    files = {first, *((site / one).resolve() for one in read[first].loaded if not one.startswith("data:"))}
    files |= set((site / "assets/javascripts/workers").glob("search*.js")) | set(site.glob("search/search_index.js"))
    assert sum(map(_sent, files)) <= FIRST_PAGE


def _sent(path: Path) -> int:
    """Return the size of a file as servers send it."""
    data = path.read_bytes()
    return len(data if path.suffix in (".jpg", ".png") else gzip.compress(data))


def test_marks_of_code_are_taken_away(read):
    assert not [path.name for path in read if "```" in path.read_text("utf-8")]


def test_the_search_knows_operators_commands_and_names(site):
    found = json.loads((site / "search" / "search_index.json").read_text("utf-8"))
    titles = {one["title"] for one in found["docs"]}
    assert {"develop", "enhance", "psnr", "POST /v1/enhance", "CycleGANConfig", "underwater"} <= titles


def test_every_page_says_what_kind_it_is(read, site):
    """Each page of the documentation is in the navigation, under one of the kinds."""
    home = (site / "index.html").read_text("utf-8")
    for kind in ("Tutorials", "How-to guides", "Reference", "Explanation"):
        assert kind in home
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")}
    assert pages <= {path.stem for path in read}


@pytest.fixture(scope="module")
def opened(chromium, site):
    """Return a function that opens a page as a file, in a window of some width."""

    def open_page(name: str, width: int, scheme: str = "light"):
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        chromium.get((site / name).as_uri())
        return chromium

    yield open_page
    chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize(
    ("name", "scheme"), [*((name, "light") for name in SHOWN), *((name, "dark") for name in SHOWN[2:6])]
)
def test_axe_finds_nothing_serious(opened, name, scheme):
    if not AXE.exists():
        pytest.skip("axe-core is not installed: make axe")
    browser = opened(name, 1280, scheme)
    browser.execute_script(AXE.read_text("utf-8"))
    script = "const done = arguments[arguments.length - 1]; axe.run().then(found => done(found.violations))"
    found = browser.execute_async_script(script)
    serious = [
        f"{one['id']}: {node['html'][:150]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"][:3]
    ]
    assert serious == []


@pytest.mark.parametrize("name", SHOWN)
def test_a_phone_shows_the_whole_width(opened, name):
    browser = opened(name, 390)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390


def test_before_and_after_are_compared_by_a_slider(opened):
    browser = opened("operators.html", 1280)
    find = "return document.querySelectorAll('.pair[data-name=gamma] input').length"
    for _ in range(100):
        if browser.execute_script(find):
            break
        time.sleep(0.05)
    script = """
    const slider = document.querySelector(".pair[data-name=gamma] input");
    slider.value = 20;
    slider.dispatchEvent(new Event("input"));
    return document.querySelector(".pair[data-name=gamma] .stage").style.getPropertyValue("--at");
    """
    assert browser.execute_script(script) == "20%"


@pytest.mark.parametrize(
    ("page", "asked", "found"),
    [
        ("index.html", "bilateral", "operators.html"),
        ("zh/index.html", "直方图规定化", "zh/two_folders.html"),
        ("zh/deploy.html", "逆光", "zh/low_light.html"),
    ],
)
def test_the_search_works_on_files(opened, page, asked, found):
    browser = opened(page, 1280)
    field = browser.find_element("css selector", ".md-search__input")
    field.click()
    field.send_keys(asked)
    results = "return [...document.querySelectorAll('.md-search-result__link')].map(one => one.href).join()"
    for _ in range(200):
        if found in browser.execute_script(results):
            break
        time.sleep(0.05)
    assert found in browser.execute_script(results)


@pytest.mark.parametrize(
    ("page", "language", "other"), [("zh/deploy.html", "zh", "deploy.html"), ("deploy.html", "en", "zh/deploy.html")]
)
def test_a_page_says_its_language_and_leads_to_the_other(opened, site, page, language, other):
    browser = opened(page, 1280)
    assert browser.execute_script("return document.documentElement.lang") == language
    links = browser.execute_script("return [...document.querySelectorAll('.md-select__link')].map(one => one.href)")
    assert (site / other).as_uri() in links


def test_all_results_and_models_have_a_page(site):
    """Generated from the files, under the navigation."""
    home = (site / "index.html").read_text("utf-8")
    files = [path for path in RESULTS.rglob("*.*") if path.parent.name != "by_hand"]
    stems = [path.relative_to(RESULTS).with_suffix("") for path in files if path.suffix in (".json", ".md")]
    for place in ["models.html", "benchmarks.html", *(f"results/{one.as_posix()}.html" for one in stems)]:
        assert (site / "reference" / place).exists()
        assert f"reference/{place}" in home
    cards = (site / "reference" / "models.html").read_text("utf-8")
    for path in (ROOT / "src" / "diptych" / "models").glob("*.onnx"):
        assert f'id="{path.stem}"' in cards
