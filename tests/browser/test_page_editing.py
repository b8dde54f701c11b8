"""A person edits on the page: sliders, looks, several pictures, and seeing what happens."""

from __future__ import annotations

import pytest

pytest.importorskip("selenium", reason="selenium is not installed: pip install 'diptych[dev]'")
pytest.importorskip("fastapi", reason="FastAPI is not installed: pip install 'diptych[web]'")

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from page_helpers import (
    CSS,
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
)
from web_helpers import wait_for


@pytest.fixture
def page(app, folder):
    """Return the browser with a picture on the page."""
    choose_files(app, folder / "dark.jpg")
    status(app, "Preview in")
    return app


def keys(browser, *held_and_key):
    *held, key = held_and_key
    chain = ActionChains(browser)
    for one in held:
        chain.key_down(one)
    chain.send_keys(key)
    for one in held:
        chain.key_up(one)
    chain.perform()


def wished(browser):
    return said_as_command(browser).removeprefix("diptych enhance dark.jpg").strip()


def test_changes_are_taken_back_and_made_again(page):
    assert not find(page, "#undo").is_enabled()
    for value in (0.2, 0.4, 0.6):  # as one drags: together one change
        wish(page, "brightness", value)
    wish(page, "warmth", 0.3)
    assert wished(page) == "--brightness 0.6 --warmth 0.3"
    find(page, "#undo").click()
    assert wished(page) == "--brightness 0.6"
    assert find(page, "#wish-warmth").get_attribute("value") == "0"
    keys(page, Keys.CONTROL, "z")
    assert wished(page) == ""
    assert not find(page, "#undo").is_enabled()
    keys(page, Keys.CONTROL, Keys.SHIFT, "z")
    find(page, "#redo").click()
    assert wished(page) == "--brightness 0.6 --warmth 0.3"
    find(page, "#reset").click()
    assert wished(page) == ""
    find(page, "#undo").click()  # a reset as well
    assert wished(page) == "--brightness 0.6 --warmth 0.3"
    find(page, "#wish-warmth").send_keys(Keys.DELETE)
    assert wished(page) == "--brightness 0.6"
    ActionChains(page).double_click(find(page, "#wish-brightness")).perform()
    assert wished(page) == ""
    find(page, "#undo").click()
    assert wished(page) == "--brightness 0.6"
    status(page, "Preview in")


def test_steps_are_taken_back_too(page):
    choose(page, "steps:")
    Select(find(page, "#operator")).select_by_value("gamma")
    find(page, "#add").click()
    number = find(page, "#steps input[type=number]")
    page.execute_script("arguments[0].value = ''", number)
    number.send_keys("10", Keys.TAB)  # farther than the slider goes
    assert wished(page) == "--op gamma gamma=10"
    slider = find(page, "#steps input[type=range]")
    slider.send_keys(Keys.HOME, Keys.END)
    assert wished(page) == "--op gamma gamma=3"
    ActionChains(page).double_click(slider).perform()
    assert wished(page) == "--op gamma"
    find(page, "#undo").click()
    assert wished(page).startswith("--op gamma gamma=")
    find(page, "#reset").click()
    assert wished(page) == ""
    find(page, "#undo").click()
    assert wished(page).startswith("--op gamma gamma=")
    status(page, "Preview in")


def test_looks_are_seen_on_the_picture_itself(page):
    images = "return [...document.querySelectorAll('#looks img')].map(i => i.classList.contains('waits') ? '' : i.src)"
    wait_for(lambda: all(page.execute_script(images)), 120)
    assert len(set(page.execute_script(images))) > 9
    assert find(page, "[data-look=planned]").get_attribute("aria-pressed") == "true"
    find(page, "[data-look=warm]").click()
    assert wished(page) == "--warmth 0.35"
    assert find(page, "#wish-warmth").get_attribute("value") == "0.35"
    assert find(page, "[data-look=warm]").get_attribute("aria-pressed") == "true"
    find(page, "[data-look=haze]").click()
    assert wished(page) == "--recipe haze"
    assert not find(page, "#sliders").is_displayed()
    find(page, "#undo").click()
    assert find(page, "#sliders").is_displayed()
    status(page, "Preview in")


def split(browser):
    return int(find(browser, ".divider").get_attribute("aria-valuenow"))


def test_the_picture_as_it_was_while_a_key_or_the_button_is_held(page):
    body = find(page, "body")
    ActionChains(page).key_down("b").perform()
    assert split(page) == 100
    ActionChains(page).key_up("b").perform()
    assert split(page) == 50
    ActionChains(page).click_and_hold(find(page, "#peek")).perform()
    assert split(page) == 100
    ActionChains(page).move_to_element(body).release().perform()
    assert split(page) == 50


def test_100_percent_is_a_pixel_on_a_pixel(page):
    width = "return document.querySelector('#after').getBoundingClientRect().width"
    assert page.execute_script(width) > 300
    find(page, "[data-zoom=actual]").click()
    assert find(page, "#zoom").text == "100 %"
    assert page.execute_script(width) == pytest.approx(180, abs=0.5)
    find(page, ".divider").send_keys("0")
    assert page.execute_script(width) > 300
    find(page, ".divider").send_keys("1")
    assert page.execute_script(width) == pytest.approx(180, abs=0.5)


def test_at_100_percent_the_picture_itself_is_shown(page, folder):
    choose_files(page, folder / "deep.tif")
    status(page, "reduced to 92 %")
    find(page, "[data-zoom=actual]").click()
    status(page, "Shown in full size")
    sizes = "return ['#before', '#after'].map(s => document.querySelector(s).naturalHeight)"
    assert page.execute_script(sizes) == [1300, 1300]
    frame = page.execute_script("return document.querySelector('#after').getBoundingClientRect().height")
    assert frame == pytest.approx(1300, abs=1)
    wish(page, "brightness", -0.5)  # first a preview, then in full size again
    status(page, "reduced to 92 %")
    status(page, "Shown in full size")
    assert page.execute_script(sizes) == [1300, 1300]


def test_the_histogram_follows(page):
    label = find(page, "#histogram").get_attribute("aria-label")
    assert "median" in label
    wish(page, "brightness", 2)
    wait_for(lambda: find(page, "#histogram").get_attribute("aria-label") != label)
    ink = """const c = document.querySelector('#histogram'), d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        return d.some(value => value > 0)"""
    assert page.execute_script(ink)
    status(page, "Preview in")


def test_several_pictures_have_the_same_settings_or_each_its_own(page, folder):
    choose_files(page, folder / "deep.tif")
    wait_for(lambda: "deep.tif · 200" in find(page, "#details").text)
    settled(page)

    def select(index):
        page.find_elements(CSS, "#pictures .thumb")[index].click()
        settled(page)
        return said_as_command(page)

    wish(page, "warmth", 0.2)
    assert select(0) == "diptych enhance dark.jpg --warmth 0.2"
    find(page, "#together").click()
    wish(page, "brightness", 0.5)
    assert select(1) == "diptych enhance deep.tif --warmth 0.2"
    assert not find(page, "#undo").is_enabled()
    assert select(0) == "diptych enhance dark.jpg --brightness 0.5 --warmth 0.2"
    find(page, "#undo").click()
    assert wished(page) == "--warmth 0.2"
    find(page, "#redo").click()
    find(page, "#together").click()  # those of the picture that is seen
    assert select(1) == "diptych enhance deep.tif --brightness 0.5 --warmth 0.2"
    page.find_elements(CSS, "#pictures .away")[1].click()
    settled(page)
    assert find(page, "#details").text.startswith("dark.jpg")
    assert not find(page, "#pictures").is_displayed()


def test_the_picture_that_is_chosen_last_is_shown(page, folder):
    choose_files(page, folder / "deep.tif")
    find(page, "#pictures .thumb").click()
    status(page, "Preview in")
    settled(page)
    sizes = "return ['#before', '#after'].map(s => document.querySelector(s).naturalWidth)"
    assert page.execute_script(sizes) == [180, 180]
    assert find(page, "#details").text.startswith("dark.jpg · 180")


def test_all_are_downloaded_each_with_its_settings(page, folder, tmp_path):
    choose_files(page, folder / "deep.tif")
    wait_for(lambda: "deep.tif · 200" in find(page, "#details").text)
    settled(page)
    find(page, "#together").click()
    wish(page, "strength", 0.5)
    find(page, "#download-all").click()
    status(page, "2 pictures are done")
    wait_for(lambda: (tmp_path / "deep.enhanced.tif").exists() and not list(tmp_path.glob("*.crdownload")))
    got = (tmp_path / "deep.enhanced.tif").read_bytes()
    assert got == by_command(folder / "deep.tif", tmp_path / "c.tif", "--strength", "0.5")
    assert (tmp_path / "dark.enhanced.jpg").read_bytes() == by_command(folder / "dark.jpg", tmp_path / "c.jpg")


def test_it_can_be_saved_in_another_format(page, folder, tmp_path):
    Select(find(page, "#format")).select_by_value("png")
    assert wished(page) == "--format png"
    got = download(page, tmp_path, "dark.enhanced.png")
    assert got == by_command(folder / "dark.jpg", tmp_path / "c.png")


def test_samples_are_pictures_to_begin_with(app):
    buttons = app.find_elements(CSS, "[data-sample]")
    assert len(buttons) == 3
    assert all(app.execute_script("return arguments[0].querySelector('img').naturalWidth", one) for one in buttons)
    buttons[0].click()
    status(app, "Preview in")
    assert find(app, "#details").text == "forest.jpg · 720 × 479 px, JPEG, 8 bits"


def test_it_speaks_chinese(page, services):
    picture = after(page)
    Select(find(page, "#language")).select_by_value("zh")
    assert page.execute_script("return document.documentElement.lang") == "zh-CN"
    assert "撤销" in find(page, "#history").text
    assert "亮度" in find(page, "#wishes").text
    assert "预览用时" in find(page, "#status").text
    assert "曝光" in plan(page)
    assert "中位数" in find(page, "#histogram").get_attribute("aria-label")
    assert after(page) == picture  # nothing is asked for again
    page.get(services[0] + "/")
    wait_for(lambda: "选择图片" in find(page, "#empty").text)
    Select(find(page, "#language")).select_by_value("en")
    assert "Choose pictures" in find(page, "#empty").text
