"""The HTML report: what comes from files stays text, and nothing is fetched."""

import json
import re
from html.parser import HTMLParser

import pytest

from wanmove_core.bench import page as page_module
from wanmove_core.bench.page import report_page
from wanmove_core.bench.summary import load_run, summarise

EVIL = "<script>alert(1)</script>\"'&</p> \u4e00\u53ea\u732b\uff0c\u201c\u8df3\u201d"
NAMES = (
    "html meta title style main h1 h2 h3 h4 h5 section article div p table thead tbody tr th td "
    "small details summary img a dl dt dd"
)
ALLOWED = set(NAMES.split())


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.addresses, self.text = [], [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def run(clips, tmp_path_factory):
    from wanmove_core.command.main import main

    folder = tmp_path_factory.mktemp("page") / "run<i>"
    words = ["bench", "score", clips / "made", "--against", clips / "true", "--out", folder]
    assert main([str(word) for word in [*words, "--metrics", "psnr,track", "--no-floor"]]) == 0
    for path in (folder / "scores").iterdir():
        record = json.loads(path.read_text())
        record["caption"], record["group"] = EVIL, f"group {record['id'][-1]} <b>"
        path.write_text(json.dumps(record))
    record["pictures"]["overlay"] = "../../secret.mp4"
    path.write_text(json.dumps(record))
    return load_run([folder])


def read(run, place):
    text = report_page([run], [summarise(run)], place)
    reader = Reader()
    reader.feed(text)
    return text, reader


def test_captions_and_names_stay_text_and_nothing_is_fetched(run, tmp_path):
    text, reader = read(run, tmp_path / "report.html")
    assert set(reader.tags) <= ALLOWED
    assert reader.text.count(EVIL) == 5 and "run<i>" in reader.text and "group 0 <b>" in reader.text
    pictures = [a for a in reader.addresses if a.startswith("data:image/jpeg;base64,")]
    links = [a for a in reader.addresses if not a.startswith("data:")]
    assert len(pictures) == 5
    # Relative to the page; that which leaves the run's folder is left out.
    assert len(links) == 4 and all((tmp_path / link).resolve().is_file() for link in links)
    assert not re.search(r"https?:|@import|url\(", text)
    assert "prefers-color-scheme:dark" in text


def test_clips_are_worst_first_and_too_many_become_rows(run, tmp_path, monkeypatch):
    _, reader = read(run, tmp_path / "report.html")
    by_id = {record["id"]: record["figures"]["track_epe"] for _, record in run.scores}
    shown = re.findall(r"(clip_\d)folder|(clip_\d)", reader.text)
    order = list(dict.fromkeys(a or b for a, b in shown))
    assert order == sorted(by_id, key=by_id.get, reverse=True)
    assert reader.tags.count("article") == 5
    monkeypatch.setattr(page_module, "_MOST_CARDS", 2)
    _, reader = read(run, tmp_path / "report.html")
    assert reader.tags.count("article") == 2 and "3 better clips" in reader.text
