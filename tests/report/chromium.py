"""Debian's Chromium, headless, driven by Playwright, which is used without a browser of its own."""

import shutil
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

BINARY = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextmanager
def chromium():
    """A browser; one a module, since Playwright's event loop runs as long as it is open."""
    assert BINARY is not None, "CI needs a browser: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BINARY)
        yield browser
        browser.close()


@contextmanager
def tab(browser, path, width=1000, dark=False, media="screen", **options):
    """The page of a file in a tab, which must not complain, nor ask anything of the network."""
    scheme = "dark" if dark else "light"
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **options)
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.emulate_media(media=media, color_scheme=scheme)
    page.complaints, page.requests = [], []
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("dialog", lambda dialog: (page.complaints.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: page.requests.append(request.url))
    address = Path(path).resolve().as_uri()
    page.goto(address)
    yield page
    assert page.complaints == []
    assert [url for url in page.requests if url != address and not url.startswith(("data:", "blob:"))] == []
    context.close()
