"""Where a browser is that Playwright can drive."""

import importlib.util
import shutil

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def find_browser() -> str | None:
    """The path of a Chromium, if there is one and Playwright to drive it."""
    if importlib.util.find_spec("playwright") is None:
        return None
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)
