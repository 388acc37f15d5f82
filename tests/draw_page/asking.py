"""Asking the page's server, as a page does."""

import json
import urllib.error
import urllib.request

KNOTS = [{"x": 20, "y": 30}, {"x": 60, "y": 30}]
HEAD = {"version": 1, "width": 96, "height": 64, "fps": 16, "frames": 17}
TEXT = json.dumps({**HEAD, "tracks": [{"id": "t1", "curve": "polyline", "knots": KNOTS}]})


def work(document=TEXT, prompt="", seed=None):
    """What a page sends of what is drawn on it."""
    return json.dumps({"document": document, "prompt": prompt, "seed": seed}).encode()


def ask(page, path, body=None, **headers):
    url = path if path.startswith("http") else page.url + path
    request = urllib.request.Request(url, body, headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers
