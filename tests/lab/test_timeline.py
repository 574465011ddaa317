"""The timeline of a run, in a real browser without a network."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from conftest import Cluster
from selenium import webdriver
from selenium.webdriver.common.by import By

from k8sops.engine.journal import Event
from k8sops.lab.machine import need
from k8sops.report.timeline import html

HOSTS, RESOURCES = 200, 60


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    need(print, chromium="chromium", chromedriver="chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for word in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--window-size=1400,900",
        "--disable-dev-shm-usage",
    ):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver")) as driver:
        yield driver


def events() -> Iterator[Event]:
    """A run over many hosts: all of them begin at once, one changes a file, one is waited for, one fails."""
    yield {"at": 1000.0, "type": "run.start", "cluster": "big", "playbook": "site", "who": "me@here"}
    yield {"at": 1000.0, "type": "planned", "host": "w7", "resource": "file:/etc/r59", "diff": ["-old <b>", "+new"]}
    yield {"at": 1000.5, "type": "play.start", "play": "Everything", "hosts": []}
    for number in range(1, HOSTS + 1):
        for at in range(RESOURCES):
            step = {"host": f"w{number}", "task": "t", "resource": f"file:/etc/r{at}", "type": "step"}
            changed = (number, at) == (7, 59)
            begun, ended = 1000.5 + at, 1001.4 + at + (20 if changed else 0)
            yield {"at": begun, **step, "state": "begin", "seconds": 0}
            if changed:
                said = {"type": "output", "host": "w7", "resource": step["resource"], "line": "<script>said</script>"}
                yield {"at": begun, **said}
            yield {"at": ended, **step, "state": "changed" if changed else "holds", "seconds": ended - begun}
    yield {"at": 1090.0, "type": "play.end", "play": "Everything"}
    yield {"at": 1090.1, "type": "run.end", "code": 0, "seconds": 90.1}


def opened(browser: webdriver.Chrome, path: Path) -> float:
    """Seconds until the page can be used; it asked for nothing but itself, and no script of it failed."""
    since = time.monotonic()
    browser.get(path.as_uri())
    browser.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
    took = time.monotonic() - since
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert [one for one in browser.get_log("browser") if one["level"] == "SEVERE"] == []
    return took


def texts(browser: webdriver.Chrome, css: str) -> list[str]:
    return list(browser.execute_script(f"return [...document.querySelectorAll('{css}')].map(e => e.textContent)"))


def test_two_hundred_hosts_stay_usable(browser: webdriver.Chrome, tmp_path: Path) -> None:
    path = tmp_path / "run.html"
    path.write_text(html("20260101T000000Z-abcd", list(events())))
    took = opened(browser, path)
    assert took < 10, f"{took:.1f} s until the page could be used"
    assert texts(browser, ".row .name")[:3] == ["w1", "w2", "w3"]
    assert len(texts(browser, ".row .name")) == HOSTS
    assert len(texts(browser, ".bar")) == HOSTS * RESOURCES
    browser.execute_script("document.querySelector('.bar.changed').click()")
    panel = browser.find_element(By.ID, "panel").text
    assert "file:/etc/r59" in panel
    assert "-old <b>" in panel
    assert "<script>said</script>" in panel
    assert "on the critical path" in panel
    since = time.monotonic()
    browser.find_element(By.ID, "filter").send_keys("w19")
    assert texts(browser, ".row .name") == ["w19", *(f"w{number}" for number in range(190, 200))]
    assert time.monotonic() - since < 5


def test_light_and_dark_differ_and_a_real_run_is_shown(
    browser: webdriver.Chrome, cluster: Cluster, tmp_path: Path
) -> None:
    state = {"XDG_STATE_HOME": str(tmp_path)}
    cluster.k8sops("check", expect=None, env=state)
    path = tmp_path / "real.html"
    cluster.k8sops("runs", "html", "last", "--out", str(path), env=state)
    shades = {}
    for shade in ("light", "dark"):
        feature = {"name": "prefers-color-scheme", "value": shade}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        opened(browser, path)
        shades[shade] = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
        browser.save_screenshot(str(tmp_path / f"{shade}.png"))
    assert shades == {"light": "rgb(255, 255, 255)", "dark": "rgb(18, 22, 28)"}
    groups = yaml.safe_load(cluster.inventory.read_text())["groups"].values()
    assert texts(browser, ".row .name") == [host for group in groups for host in group["hosts"]]
    assert "surveying" in " ".join(browser.execute_script("return run.bars.map(b => b.name)"))
