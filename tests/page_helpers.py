"""The page of the service as a person uses it, in a browser."""

from __future__ import annotations

import pytest

from diptych.cli.app import main
from web_helpers import wait_for

TOKEN = "a token for this test"
CSS = "css selector"


def open_page(browser, address):
    browser.get(address + "/")
    wait_for(lambda: find(browser, "#enhancer").get_attribute("value"))


def find(browser, selector):
    return browser.find_element(CSS, selector)


def choose_files(browser, *paths):
    find(browser, "#file").send_keys("\n".join(str(path) for path in paths))


def status(browser, text):
    wait_for(lambda: text in find(browser, "#status").text)
    return find(browser, "#status").text


def settled(browser):
    """Wait until the result for what is chosen is shown."""
    wait_for(lambda: not browser.find_elements(CSS, ".busy"))


def advanced(browser):
    """Open what only some need."""
    browser.execute_script("document.querySelector('#advanced').open = true")


def choose(browser, value):
    from selenium.webdriver.support.ui import Select

    advanced(browser)
    Select(find(browser, "#enhancer")).select_by_value(value)


def plan(browser):
    return browser.execute_script("return document.querySelector('#plan').textContent")


def after(browser):
    return find(browser, "#after").get_attribute("src")


def download(browser, folder, name):
    find(browser, "#download").click()
    wait_for(lambda: (folder / name).exists() and not list(folder.glob("*.crdownload")))
    return (folder / name).read_bytes()


def by_command(source, target, *options):
    with pytest.raises(SystemExit) as done:
        main(["enhance", str(source), "-o", str(target), *options])
    assert done.value.code in (0, None)
    return target.read_bytes()


def wish(browser, name, value):
    """Move the slider of a wish, as a user does."""
    script = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input', {bubbles: true}))"
    browser.execute_script(script, find(browser, f"#wish-{name}"), value)


def said_as_command(browser):
    return browser.execute_script("return document.querySelector('#words pre').textContent")
