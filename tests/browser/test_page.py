"""The page of the service does in a real browser what it says."""

from __future__ import annotations

import json
import os
import time

import pytest

pytest.importorskip("selenium", reason="selenium is not installed: pip install 'diptych[dev]'")
pytest.importorskip("fastapi", reason="FastAPI is not installed: pip install 'diptych[web]'")

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from page_helpers import (
    TOKEN,
    advanced,
    after,
    by_command,
    choose,
    choose_files,
    download,
    find,
    plan,
    said_as_command,
    settled,
    status,
    wish,
)  # fmt: skip
from web_helpers import wait_for


@pytest.fixture
def page(app):
    """Return the browser with the page of the service."""
    return app


def test_a_picture_goes_in_and_comes_back_as_the_command_makes_it(page, folder, tmp_path):
    choose_files(page, folder / "dark.jpg")
    status(page, "Preview in")
    assert "180 × 120 px, JPEG, 8 bits" in find(page, "#details").text
    sizes = "return ['#before', '#after'].map(s => document.querySelector(s).naturalWidth)"
    assert page.execute_script(sizes) == [180, 180]
    got = download(page, tmp_path, "dark.enhanced.jpg")
    assert got == by_command(folder / "dark.jpg", tmp_path / "command.jpg")


def test_a_parameter_moves_the_preview_and_the_download(page, folder, tmp_path):
    choose_files(page, folder / "dark.jpg")
    status(page, "Preview in")
    choose(page, "steps:")
    Select(find(page, "#operator")).select_by_value("gamma")
    find(page, "#add").click()
    status(page, "Preview in")
    before = after(page)
    slider = find(page, "#steps input[type=range]")
    slider.send_keys(Keys.ARROW_LEFT * 100)
    wait_for(lambda: after(page) != before)
    number = find(page, "#steps input[type=number]")
    typed = float(number.get_attribute("value"))
    assert typed < 1
    page.execute_script("arguments[0].value = ''", number)
    number.send_keys("0.4", Keys.TAB)
    find(page, "#words summary").click()
    said = [one.text for one in page.find_elements(By.CSS_SELECTOR, "#words pre")]
    assert said[0] == "diptych enhance dark.jpg --op gamma gamma=0.4"
    assert 'dp.Recipe(dp.step("gamma", gamma=0.4))' in said[1]
    assert "curl --data-binary @dark.jpg" in said[2]
    got = download(page, tmp_path, "dark.enhanced.jpg")
    assert got == by_command(folder / "dark.jpg", tmp_path / "c.jpg", "--op", "gamma", "gamma=0.4")
    code = said[1].replace('"dark', f'"{tmp_path}/dark').replace(f"{tmp_path}/dark.jpg", str(folder / "dark.jpg"))
    (tmp_path / "dark.enhanced.jpg").unlink()
    exec(code, {})
    assert (tmp_path / "dark.enhanced.jpg").read_bytes() == got


def test_deep_pictures_are_shown_and_kept_deep(page, folder, tmp_path):
    choose_files(page, folder / "deep.tif")
    assert "reduced to 92 %" in status(page, "Preview in")
    assert "200 × 1300 px, TIFF, 16 bits" in find(page, "#details").text
    choose(page, "recipe:auto")
    got = download(page, tmp_path, "deep.enhanced.tif")
    assert got == by_command(folder / "deep.tif", tmp_path / "c.tif", "--recipe", "auto")


def test_the_steps_of_a_recipe_can_be_adjusted(page, folder):
    choose_files(page, folder / "dark.jpg")
    status(page, "Preview in")
    choose(page, "recipe:auto")
    find(page, "#adjust").click()
    wait_for(lambda: page.find_elements(By.CSS_SELECTOR, "#steps fieldset"))
    names = [one.text for one in page.find_elements(By.CSS_SELECTOR, "#steps legend")]
    assert "Develop: exposure, shadows and colour" in names
    find(page, "#steps li:last-child [title=Earlier]").click()
    moved = [one.text for one in page.find_elements(By.CSS_SELECTOR, "#steps legend")]
    assert moved == [*names[:-2], names[-1], names[-2]]


def test_wishes_move_the_preview_the_plan_and_the_download(page, folder, tmp_path):
    choose_files(page, folder / "dark.jpg")
    status(page, "Preview in")
    planned = plan(page)
    assert "Exposure" in planned
    before = after(page)
    find(page, "#wish-brightness").send_keys(Keys.ARROW_RIGHT * 10)
    wait_for(lambda: after(page) != before and plan(page) != planned)
    assert page.execute_script("return document.querySelector('#wish-brightness').value") == "0.5"
    assert "+0.50 stops" in find(page, "#wishes").text
    wish(page, "warmth", -0.4)
    find(page, "#words summary").click()
    said = [one.text for one in page.find_elements(By.CSS_SELECTOR, "#words pre")]
    assert said[0] == "diptych enhance dark.jpg --brightness 0.5 --warmth -0.4"
    assert "dp.enhance(photo, brightness=0.5, warmth=-0.4)" in said[1]
    assert "brightness=0.5&warmth=-0.4" in said[2]
    got = download(page, tmp_path, "dark.enhanced.jpg")
    options = ["--brightness", "0.5", "--warmth", "-0.4"]
    assert got == by_command(folder / "dark.jpg", tmp_path / "command.jpg", *options)


def test_a_double_click_and_reset_take_wishes_back(page, folder):
    choose_files(page, folder / "dark.jpg")
    status(page, "Preview in")
    planned = plan(page)
    for name in ("strength", "shadows", "saturation"):
        wish(page, name, 0.3)
    wait_for(lambda: plan(page) != planned)
    ActionChains(page).double_click(find(page, "#wish-shadows")).perform()
    wait_for(lambda: said_as_command(page) == "diptych enhance dark.jpg --strength 0.3 --saturation 0.3")
    find(page, "#reset").click()
    wait_for(lambda: plan(page) == planned)
    assert said_as_command(page) == "diptych enhance dark.jpg"


def test_strength_0_shows_the_picture(page, folder):
    choose_files(page, folder / "dark.jpg")
    status(page, "Preview in")
    wish(page, "strength", 0)
    wait_for(lambda: "Nothing" in plan(page))
    settled(page)
    same = """const [one, other] = ['#before', '#after'].map(s => { const image = document.querySelector(s),
        canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight), context = canvas.getContext('2d');
        context.drawImage(image, 0, 0); return context.getImageData(0, 0, canvas.width, canvas.height).data; });
        return one.every((value, index) => value === other[index])"""
    assert page.execute_script(same)


def test_wishes_are_for_what_plans(page, folder):
    choose_files(page, folder / "dark.jpg")
    status(page, "Preview in")
    wish(page, "denoise", 0.5)
    for value, shown in (("recipe:auto", True), ("model:low_light", True), ("steps:", False), ("model:default", True)):
        choose(page, value)
        wait_for(lambda shown=shown: find(page, "#sliders").is_displayed() == shown)
        assert ("--denoise" in said_as_command(page)) == shown
    find(page, "#fast").click()  # takes no noise away
    assert not find(page, "#wish-denoise").is_enabled()
    assert said_as_command(page) == "diptych enhance dark.jpg --profile fast"
    status(page, "Preview in")
    wish(page, "brightness", 1)
    find(page, "#adjust").click()
    wait_for(find(page, "#own").is_displayed)
    names = [one.text for one in page.find_elements(By.CSS_SELECTOR, "#steps legend")]
    assert names == ["Develop: exposure, shadows and colour"]


def test_several_pictures_one_of_them_bad(page, folder):
    choose_files(page, folder / "dark.jpg", folder / "text.png")
    status(page, "Preview in")
    buttons = page.find_elements(By.CSS_SELECTOR, "#pictures .thumb")
    assert [one.text for one in buttons] == ["dark.jpg", "text.png"]
    page.find_elements(By.CSS_SELECTOR, "#pictures .thumb")[1].click()
    assert "not a picture" in status(page, "not a picture")
    page.find_elements(By.CSS_SELECTOR, "#pictures .thumb")[0].click()
    status(page, "Preview in")


def test_what_the_browser_takes_for_no_picture_is_looked_at(page, tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    choose_files(page, tmp_path / "notes.txt")
    assert "not a picture" in status(page, "not a picture")


def test_a_picture_can_be_pasted_and_dropped(page):
    give = """const done = arguments[arguments.length - 1], canvas = new OffscreenCanvas(40, 30);
        canvas.getContext("2d").fillRect(0, 0, 20, 30);
        canvas.convertToBlob().then(blob => { const data = new DataTransfer();
          data.items.add(new File([blob], "given.png", {type: "image/png"}));
          document.dispatchEvent(arguments[0] === "paste" ? new ClipboardEvent("paste", {clipboardData: data})
            : new DragEvent("drop", {dataTransfer: data, cancelable: true})); done(); });"""
    for way in ("paste", "drop"):
        page.execute_async_script(give, way)
    wait_for(lambda: len(page.find_elements(By.CSS_SELECTOR, "#pictures .thumb")) == 2)
    status(page, "Preview in")
    assert find(page, "#details").text.startswith("given.png · 40 × 30 px")


def boxes(browser):
    script = """return ['#before', '#after'].map(one => {
        const box = document.querySelector(one).getBoundingClientRect(); return [box.x, box.y, box.width, box.height]; })"""
    return browser.execute_script(script)


def test_the_divide_zoom_and_pan(page, folder):
    choose_files(page, folder / "dark.jpg")
    status(page, "Preview in")
    divider = find(page, ".divider")

    def split():
        return int(divider.get_attribute("aria-valuenow"))

    assert split() == 50
    divider.send_keys(Keys.ARROW_RIGHT * 3)
    assert split() == 56
    width = find(page, "#stage").size["width"]
    ActionChains(page).drag_and_drop_by_offset(divider, -width // 4, 0).perform()
    assert split() == pytest.approx(31, abs=2)
    whole = boxes(page)
    divider.send_keys("+")
    zoomed = boxes(page)
    assert zoomed[0] == zoomed[1]
    assert zoomed[0][2] == pytest.approx(1.5 * whole[0][2], rel=0.01)
    divider.send_keys(Keys.SHIFT + Keys.ARROW_RIGHT)
    panned = boxes(page)
    assert panned[0] == panned[1]
    assert panned[0][0] < zoomed[0][0]
    divider.send_keys("0")
    assert boxes(page) == whole


def test_it_works_from_the_keyboard_alone(page, folder, tmp_path):
    choose_files(page, folder / "dark.jpg")  # the dialog itself belongs to the system
    status(page, "Preview in")
    reached = []
    advanced(page)
    page.execute_script("document.activeElement.blur()")
    for _ in range(60):
        ActionChains(page).send_keys(Keys.TAB).perform()
        reached.append(
            page.switch_to.active_element.get_attribute("id") or page.switch_to.active_element.get_attribute("class")
        )
        if reached[-1] == "download":
            ActionChains(page).send_keys(Keys.ENTER).perform()
    sliders = {"wish-strength", "wish-denoise", "reset"}
    assert {"divider", "peek", "download", "choose", "format", "enhancer", "fast", *sliders} <= set(reached)
    wait_for((tmp_path / "dark.enhanced.jpg").exists)


def test_it_asks_for_the_token_once(chromium, services, folder):
    open_guarded = services[1]
    chromium.get(open_guarded + "/")
    wait_for(lambda: find(chromium, "#ask").get_attribute("open"))
    find(chromium, "#token").send_keys(TOKEN, Keys.ENTER)
    wait_for(lambda: find(chromium, "#enhancer").get_attribute("value"))
    chromium.refresh()
    wait_for(lambda: find(chromium, "#enhancer").get_attribute("value"))
    assert not find(chromium, "#ask").get_attribute("open")


def test_no_other_address_is_asked_and_nothing_is_complained_of(page, folder, services):
    choose_files(page, folder / "dark.jpg")
    status(page, "Preview in")
    page.get(services[0] + "/docs")
    wait_for(lambda: "POST /v1/enhance" in find(page, "#api").text)
    assert page.get_log("browser") == []
    requests = [
        message["params"]["request"]["url"]
        for entry in page.get_log("performance")
        if (message := json.loads(entry["message"])["message"])["method"] == "Network.requestWillBeSent"
    ]
    assert requests
    assert all(url.startswith((services[0], f"blob:{services[0]}", "data:")) for url in requests)


def test_the_policy_forbids_foreign_scripts(page):
    page.execute_script(
        "const s = document.createElement('script'); s.textContent = 'window.intruder = 1'; document.body.append(s);"
    )
    assert page.execute_script("return window.intruder === undefined")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_widths_and_schemes(page, folder, scheme, width):
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    size = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 500}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    choose_files(page, folder / "dark.jpg")
    status(page, "Preview in")
    if folder_for_pictures := os.environ.get("DIPTYCH_SCREENSHOTS"):
        page.save_screenshot(f"{folder_for_pictures}/wishes-{scheme}-{width}.png")
    assert page.execute_script("return document.documentElement.scrollWidth") <= width
    choose(page, "steps:")
    find(page, "#words summary").click()
    assert page.execute_script("return document.documentElement.scrollWidth") <= width
    script = "const s = getComputedStyle(document.body); return [s.backgroundColor, s.color]"
    paper, ink = (int(text.split("(")[1].split(",")[0]) for text in page.execute_script(script))
    assert (paper > ink + 100) if scheme == "light" else (ink > paper + 100)
    if folder_for_pictures:
        time.sleep(0.5)
        page.save_screenshot(f"{folder_for_pictures}/page-{scheme}-{width}.png")
