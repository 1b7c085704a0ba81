"""What is wrong with a page as a browser shows it."""

from typing import Any

STATE = """() => {
  const shown = e => { const b = e.getBoundingClientRect(); return b.width > 0 && b.height > 0 };
  const name = e => e.outerHTML.slice(0, 120);
  const folded = e => e.closest('details:not([open])') || e.closest('.toggle-hidden');
  return {
    raw: [...document.querySelectorAll('.math')]
      .filter(e => !e.querySelector('mjx-container')).map(name),
    errors: [...document.querySelectorAll('mjx-merror, .problematic, .system-message')].map(name),
    images: [...document.querySelectorAll('img')]
      .filter(e => !e.complete || e.naturalWidth === 0 || !(shown(e) || folded(e))).map(name),
    silent: [...document.querySelectorAll('main img')].filter(e => !e.alt.trim()).map(name),
    empty: [...document.querySelectorAll('figure')]
      .filter(e => !e.querySelector('img, svg, table, pre.literal-block')).map(name),
    unseen: [...document.querySelectorAll('main mjx-container[display="true"]')]
      .filter(e => !shown(e) && !folded(e)).map(name),
    width: document.documentElement.scrollWidth,
    theme: document.documentElement.dataset.theme,
    math: document.querySelectorAll('mjx-container').length,
    figures: document.querySelectorAll('figure').length,
  }
}"""
READY = """() => document.readyState === 'complete' &&
  (!document.querySelector('.math') ||
   (window.MathJax && MathJax.startup && MathJax.startup.promise
    && MathJax.startup.promise.then(() => true)))"""


def problems(page: Any, url: str, scheme: str, home: str) -> tuple[list[str], dict[str, Any]]:
    """Open `url` in a browser page and say what is wrong with it.

    Checked: nothing on the console, no failed request, none to another host than `home`, every
    equation and image drawn, every image described, nothing wider than the window.

    Returns the complaints, and what was counted on the page.
    """
    found: list[str] = []

    def failed(request):
        if request.failure != "net::ERR_ABORTED":  # cut short by leaving the page before
            found.append(f"failed request: {request.url}")

    def requested(request):
        if not request.url.startswith((home, "data:", "blob:")):
            found.append(f"request to elsewhere: {request.url}")

    def answered(response):
        if response.status >= 400:
            found.append(f"{response.status}: {response.url}")

    def said(message):
        if message.type in {"error", "warning"}:
            found.append(f"console {message.type}: {message.text}")

    listeners = {
        "requestfailed": failed,
        "request": requested,
        "response": answered,
        "console": said,
        "pageerror": lambda error: found.append(f"script error: {error}"),
    }
    for event, listener in listeners.items():
        page.on(event, listener)
    page.goto(url, wait_until="load")
    page.wait_for_function(READY, timeout=30_000)
    state = page.evaluate(STATE)
    for event, listener in listeners.items():
        page.remove_listener(event, listener)

    words = {
        "raw": "equation not drawn",
        "errors": "error in the page",
        "images": "image not drawn",
        "silent": "image without a description",
        "empty": "figure without a picture",
        "unseen": "equation of no size",
    }
    found += [f"{said}: {item}" for key, said in words.items() for item in state[key]]
    window = page.viewport_size["width"]
    if state["width"] > window:
        found.append(f"{state['width']} px wide in a window of {window}")
    if state["theme"] not in {scheme, None}:
        found.append(f"drawn in the {state['theme']} theme, asked for {scheme}")
    return found, state
