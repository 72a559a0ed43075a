"""A browser for tests, by WebDriver: real key strokes and clicks, and screenshots. Needs chromium and chromedriver (Debian: chromium-driver).

    with Browser() as browser:
        browser.open(path)
        browser.press(RIGHT)
        browser.run("return document.title")
"""

import base64
import json
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

RIGHT, LEFT, HOME, END = "\ue014", "\ue012", "\ue011", "\ue010"
MISSING = "" if shutil.which("chromium") and shutil.which("chromedriver") else "chromium and chromedriver are not installed (scripts/diff --install-browsers)"


class Browser:
    def __init__(self, width: int = 1500, height: int = 1000, dark: bool = False) -> None:
        self._size, self._dark = (width, height), dark

    def __enter__(self) -> "Browser":
        self._folder = tempfile.TemporaryDirectory(prefix="sluice-browser-")
        self._driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self._driver.stdout is not None
        line = next(line for line in self._driver.stdout if "started successfully on port" in line)
        self._base = "http://127.0.0.1:" + line.rsplit("port", 1)[1].strip(" .\n")
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={self._folder.name}/profile",
                 "--window-size={},{}".format(*self._size), *(["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] if self._dark else [])]
        try:
            session = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": {
                "goog:chromeOptions": {"args": flags}, "goog:loggingPrefs": {"browser": "ALL"}}}})
        except BaseException:
            self._end()
            raise
        self._base += f"/session/{session['sessionId']}"
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._ask("DELETE", "")
        finally:
            self._end()

    def _end(self) -> None:
        self._driver.terminate()
        self._driver.communicate()
        self._folder.cleanup()

    def _ask(self, method: str, path: str, data: object = None) -> Any:
        body = None if data is None else json.dumps(data).encode()
        request = urllib.request.Request(self._base + path, data=body, method=method, headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode(errors="replace")) from error

    def open(self, path: Path, fragment: str = "") -> None:
        self._ask("POST", "/url", {"url": f"file://{path}{fragment}"})

    def run(self, script: str) -> Any:
        return self._ask("POST", "/execute/sync", {"script": script, "args": []})

    def press(self, *keys: str) -> None:
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._ask("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def click(self, selector: str) -> None:
        found = self._ask("POST", "/element", {"using": "css selector", "value": selector})
        self._ask("POST", f"/element/{next(iter(found.values()))}/click", {})

    def complaints(self) -> list[str]:
        """What the console has: errors of scripts, and what was fetched in vain."""
        return [each["message"] for each in self._ask("POST", "/se/log", {"type": "browser"})]

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self._ask("GET", "/screenshot")))
