"""The report does in a real browser what it says."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("selenium", reason="selenium is not installed: pip install 'diptych[dev]'")

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.wheel_input import ScrollOrigin
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select


def parts(browser):
    """Return the first exhibit, its stage and its divider, scrolled into the middle."""
    exhibit = browser.find_element(By.CSS_SELECTOR, ".exhibit")
    stage = exhibit.find_element(By.CSS_SELECTOR, ".stage")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", stage)
    return exhibit, stage, exhibit.find_element(By.CSS_SELECTOR, ".divider")


def split(divider) -> int:
    return int(divider.get_attribute("aria-valuenow"))


def clip(browser) -> float:
    """Return the share of the width, in percent, that shows the left picture, as the browser draws it."""
    text = browser.execute_script("return getComputedStyle(document.querySelector('.window.left')).clipPath")
    width = browser.execute_script("return document.querySelector('.stage').clientWidth")
    inset = text.removeprefix("inset(").split()[1]
    if inset.startswith("calc("):
        inset = text.split("calc(")[1].split("%")[0] + "%"
    return 100 - (float(inset.strip("%)")) if "%" in inset else 100 * float(inset.strip("px)")) / width)


def boxes(browser) -> list[tuple[float, ...]]:
    """Return where the left and the right picture lie."""
    script = """return ['left', 'right'].map(side => {
        const box = document.querySelector(`.exhibit .window.${side} img`).getBoundingClientRect();
        const stage = document.querySelector('.stage').getBoundingClientRect();
        return [box.x - stage.x, box.y - stage.y, box.width, box.height]; })"""
    return [tuple(round(value, 1) for value in box) for box in browser.execute_script(script)]


def captions(exhibit) -> list[str]:
    return [exhibit.find_element(By.CSS_SELECTOR, f".{side} figcaption").text for side in ("left", "right")]


def test_it_loads_without_an_error_and_without_the_network(browser):
    assert browser.get_log("browser") == []
    requests = [
        message["params"]["request"]["url"]
        for entry in browser.get_log("performance")
        if (message := json.loads(entry["message"])["message"])["method"] == "Network.requestWillBeSent"
    ]
    assert requests
    assert {url.split(":", 1)[0] for url in requests} <= {"file", "data"}
    pictures = browser.find_elements(By.CSS_SELECTOR, ".window img")
    assert len(pictures) == 6
    assert all(browser.execute_script("return arguments[0].naturalWidth", one) == 180 for one in pictures)


def test_the_policy_forbids_scripts_and_the_network(browser):
    browser.execute_script(
        "const s = document.createElement('script'); s.textContent = 'window.intruder = 1'; document.body.append(s);"
        "const i = new Image(); i.src = 'https://example.invalid/x.png'; document.body.append(i);"
    )
    assert browser.execute_script("return window.intruder === undefined")
    messages = [entry["message"] for entry in browser.get_log("browser")]
    assert len([text for text in messages if "Content Security Policy" in text]) == 2


def test_names_of_files_are_text(browser):
    heads = [one.text for one in browser.find_elements(By.CSS_SELECTOR, ".exhibit h3")]
    assert any('<b>two<_b> & "three"' in head for head in heads)
    assert browser.find_elements(By.CSS_SELECTOR, "h3 b") == []


def test_the_divide_moves_by_keyboard(browser):
    _, _, divider = parts(browser)
    for _ in range(400):  # as a person gets there
        ActionChains(browser).send_keys(Keys.TAB).perform()
        if browser.switch_to.active_element == divider:
            break
    assert browser.switch_to.active_element == divider
    assert (split(divider), clip(browser)) == (50, 50)
    divider.send_keys(Keys.ARROW_RIGHT * 3)
    assert split(divider) == 56
    assert clip(browser) == pytest.approx(56, abs=0.5)
    for key, place in (
        (Keys.END, 100),
        (Keys.ARROW_RIGHT, 100),
        (Keys.PAGE_DOWN, 90),
        (Keys.HOME, 0),
        (Keys.ARROW_LEFT, 0),
    ):
        divider.send_keys(key)
        assert split(divider) == place


def test_the_divide_moves_by_mouse(browser):
    _, stage, divider = parts(browser)
    width = stage.size["width"]
    ActionChains(browser).drag_and_drop_by_offset(divider, width // 4, 0).perform()
    assert split(divider) == pytest.approx(75, abs=1)
    ActionChains(browser).move_to_element_with_offset(stage, -width // 4, 0).click().perform()
    assert split(divider) == pytest.approx(25, abs=1)
    assert clip(browser) == pytest.approx(25, abs=1)


def touch(browser, kind: str, *points: tuple[float, float]) -> None:
    named = [{"x": x, "y": y, "id": index} for index, (x, y) in enumerate(points)]
    browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": named})


def centre(browser) -> tuple[float, float, float]:
    return tuple(
        browser.execute_script(
            "const b = document.querySelector('.stage').getBoundingClientRect();"
            "return [b.x + b.width / 2, b.y + b.height / 2, b.width]"
        )
    )


def test_the_divide_moves_by_touch(browser):
    _, _, divider = parts(browser)
    x, y, width = centre(browser)
    touch(browser, "touchStart", (x, y))
    touch(browser, "touchMove", (x + width * 0.1, y))
    touch(browser, "touchMove", (x + width * 0.2, y))
    touch(browser, "touchEnd")
    assert split(divider) == pytest.approx(70, abs=2)


def test_two_fingers_zoom_both_pictures(browser):
    parts(browser)
    x, y, _ = centre(browser)
    touch(browser, "touchStart", (x - 50, y), (x + 50, y))
    for reach in (70, 90, 110, 130, 150):
        touch(browser, "touchMove", (x - reach, y), (x + reach, y))
    touch(browser, "touchEnd")
    left, right = boxes(browser)
    assert left == right
    assert left[2] > 2 * browser.execute_script("return document.querySelector('.stage').clientWidth")


@pytest.mark.parametrize("way", ["buttons", "keys", "wheel"])
def test_zoom_and_pan_move_both_pictures_together(browser, way):
    exhibit, stage, divider = parts(browser)
    before = boxes(browser)
    assert before[0] == before[1]
    if way == "buttons":
        exhibit.find_element(By.CSS_SELECTOR, "[aria-label='Zoom in']").click()
    elif way == "keys":
        divider.send_keys("+")
    else:
        ActionChains(browser).move_to_element_with_offset(stage, 90, 40).move_by_offset(3, 3).perform()
        ActionChains(browser).scroll_from_origin(ScrollOrigin.from_element(stage, 93, 43), 0, -150).perform()
    zoomed = boxes(browser)
    assert zoomed[0] == zoomed[1]
    assert zoomed[0][2] > 1.4 * before[0][2]
    ActionChains(browser).move_to_element_with_offset(stage, 200, 50).click_and_hold().move_by_offset(
        -60, -30
    ).release().perform()
    panned = boxes(browser)
    assert panned[0] == panned[1]
    assert panned[0][0] == pytest.approx(zoomed[0][0] - 60, abs=1.5)
    assert panned[0][1] == pytest.approx(zoomed[0][1] - 30, abs=1.5)
    assert split(divider) == 50  # it stays where it is while the pictures move
    divider.send_keys("0")
    assert boxes(browser) == before


def test_the_pictures_never_leave_the_frame(browser):
    exhibit, _, divider = parts(browser)
    exhibit.find_element(By.CSS_SELECTOR, "[aria-label='Zoom in']").click()
    for _ in range(30):
        divider.send_keys(Keys.SHIFT + Keys.ARROW_RIGHT + Keys.ARROW_DOWN)
    stage = browser.execute_script("const s = document.querySelector('.stage'); return [s.clientWidth, s.clientHeight]")
    x, y, width, height = boxes(browser)[0]
    assert x + width == pytest.approx(stage[0], abs=1.5)
    assert y + height == pytest.approx(stage[1], abs=1.5)


def test_the_wheel_scrolls_the_page_until_the_pointer_has_moved(browser):
    _, stage, _ = parts(browser)
    ActionChains(browser).move_to_element_with_offset(stage, 0, 0).perform()
    x, y, _ = centre(browser)

    def roll(delta: int) -> tuple[float, float]:
        ActionChains(browser).scroll_from_origin(ScrollOrigin.from_viewport(int(x), int(y)), 0, delta).perform()
        browser.execute_script("return new Promise(done => setTimeout(done, 400))")
        return browser.execute_script("return scrollY"), boxes(browser)[0][2]

    start, width = browser.execute_script("return scrollY"), boxes(browser)[0][2]
    down = roll(120)  # out of the whole picture there is no way: the page moves
    assert down[0] > start
    up = roll(-60)  # and goes on moving, as the pointer rests
    assert up[0] < down[0]
    assert up[1] == down[1] == width
    ActionChains(browser).move_by_offset(2, 2).perform()
    moved = roll(-60)
    assert moved[0] == up[0]
    assert moved[1] > width


def test_choosing_pictures(browser):
    exhibit, _, _ = parts(browser)
    left, right = (Select(exhibit.find_element(By.CSS_SELECTOR, f"select.{side}")) for side in ("left", "right"))
    assert captions(exhibit) == ["input", "four"]
    assert {option.text for option in left.options} == {
        "input", "four", "two", "reference", "input − reference", "four − reference", "two − reference",
        "hallucinated by four", "hallucinated by two",
    }  # fmt: skip
    right.select_by_visible_text("reference")
    left.select_by_visible_text("hallucinated by two")
    assert captions(exhibit) == ["hallucinated by two", "reference"]
    assert "no tone curve" in exhibit.find_element(By.CSS_SELECTOR, ".note.left").text
    right.select_by_visible_text("hallucinated by two")  # what the other side shows: they change places
    assert captions(exhibit) == ["reference", "hallucinated by two"]
    assert left.first_selected_option.text == "reference"
    assert len(exhibit.find_elements(By.CSS_SELECTOR, "img")) == 9


def test_one_choice_for_all_images(browser):
    select = Select(browser.find_element(By.CSS_SELECTOR, "#all select.right"))
    select.select_by_visible_text("four − reference")
    shown = [one.text for one in browser.find_elements(By.CSS_SELECTOR, ".right figcaption")]
    assert shown == ["four − reference"] * 3


def test_light_and_dark(browser):
    def colours() -> tuple[int, int]:
        script = "const s = getComputedStyle(document.body); return [s.backgroundColor, s.color]"
        return tuple(int(text.split("(")[1].split(",")[0]) for text in browser.execute_script(script))

    results = {}
    for scheme in ("light", "dark"):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        results[scheme] = colours()
    (light_paper, light_ink), (dark_paper, dark_ink) = results["light"], results["dark"]
    assert light_paper > 200 > light_ink + 100
    assert dark_paper + 100 < 200 < dark_ink


def test_on_paper_the_pictures_lie_side_by_side(browser):
    exhibit, _, divider = parts(browser)
    divider.send_keys("+")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    left, right = (exhibit.find_element(By.CSS_SELECTOR, f".window.{side}").rect for side in ("left", "right"))
    assert left["x"] + left["width"] <= right["x"]
    assert abs(left["width"] - right["width"]) < 2
    assert left["y"] == right["y"]
    assert not exhibit.find_element(By.CSS_SELECTOR, ".controls").is_displayed()
    assert not divider.is_displayed()
    (_, _, *size_left), (_, _, *size_right) = boxes(browser)
    assert size_left == size_right
    assert size_left[0] == pytest.approx(left["width"], abs=1)
    assert browser.execute_cdp_cmd("Page.printToPDF", {})["data"].startswith("JVBERi")


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_nothing_is_wider_than_the_window(browser, width):
    size = {"width": width, "height": 800, "deviceScaleFactor": 2, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    stage = browser.find_element(By.CSS_SELECTOR, ".stage").rect
    assert 0 <= stage["x"] < stage["x"] + stage["width"] <= width
