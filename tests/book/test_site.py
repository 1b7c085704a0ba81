"""The built site, opened in a browser that can reach nothing but this machine."""

import functools
import http.server
import json
import threading

import numpy as np
import pytest
from bookbuild.inspect_page import problems

pytestmark = pytest.mark.xdist_group("browser")


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def serve():
    """A function that serves a folder and returns its address."""
    servers = []

    def start(folder):
        handler = functools.partial(Quiet, directory=folder)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://localhost:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def names(site):
    pages = (path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    return sorted(name for name in pages if not name.startswith("_"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1300, 390])
def test_every_page_renders(site, browser, serve, width, scheme):
    home = serve(site)
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    found, seen = {}, {"math": 0, "figures": 0}
    for name in names(site):
        complaints, state = problems(page, home + name, scheme, home)
        for what in seen:
            seen[what] += state[what]
        if complaints:
            found[name] = complaints
    context.close()
    assert found == {}
    assert seen["math"] > 0
    assert seen["figures"] > 0


def test_pages_work_from_the_file_system(site, browser):
    home = f"file://{site}/"
    page = browser.new_page()
    page.goto(f"{home}index.html")
    page.wait_for_url(f"{home}book/index.html")  # the redirect; else it cuts off what comes next
    for name in ("book/badges.html", "book/claims/deep_linear.html"):
        page.goto(home + name)
        page.wait_for_load_state("load")
    page.wait_for_selector("mjx-container")
    assert page.evaluate("getComputedStyle(document.querySelector('.tl-badge')).borderRadius")
    page.goto(f"{home}search.html?q=gradient")
    page.wait_for_selector("#search-results li a")
    page.close()


def test_search_does_not_know_the_status_page(site):
    text = (site / "searchindex.js").read_text("utf-8")
    index = json.loads(text.removeprefix("Search.setIndex(").removesuffix(")"))
    number = index["docnames"].index("book/status")
    known = {word for word, pages in index["terms"].items() if number in np.ravel(pages)}
    assert known == set()
    assert index["docnames"].index("book/notation") in np.ravel(index["terms"]["singular"])


BAD = {
    "request to elsewhere": '<img src="http://example.org/x.png" alt="A picture">',
    "failed request": '<img src="http://example.org/x.png" alt="A picture">',
    "404": '<link rel="stylesheet" href="missing.css">',
    "image not drawn": '<img src="missing.png" alt="A picture">',
    "image without a description": '<main><img src="dot.svg"></main>',
    "script error": "<script>throw new Error('no')</script>",
    "console error": "<script>console.error('no')</script>",
    "px wide": '<div style="width: 2000px">wide</div>',
    "figure without a picture": "<figure><pre>&lt;Figure size&gt;</pre></figure>",
    "error in the page": '<span class="problematic">:ref:`x`</span>',
    "equation not drawn": '<span class="math">\\(x\\)</span><script>window.MathJax = '
    "{startup: {promise: Promise.resolve()}}</script>",
}


@pytest.mark.parametrize("complaint", BAD)
def test_each_complaint_is_made(browser, serve, tmp_path, complaint):
    icon = '<link rel="icon" href="dot.svg">'
    (tmp_path / "bad.html").write_text(f"<!doctype html><head>{icon}</head>{BAD[complaint]}")
    (tmp_path / "good.html").write_text(f"<!doctype html><head>{icon}</head><p>Good.</p>")
    dot = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h9v9z"/></svg>'
    (tmp_path / "dot.svg").write_text(dot)
    home = serve(tmp_path)
    page = browser.new_page(viewport={"width": 390, "height": 900})
    assert problems(page, f"{home}good.html", "light", home)[0] == []
    assert complaint in "\n".join(problems(page, f"{home}bad.html", "light", home)[0])
    page.close()
