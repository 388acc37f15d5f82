import json

import pytest

from wanmove_core import MediaError, OptionError
from wanmove_core.bench.vote import count_votes, write_vote
from wanmove_core.media.video import read_video


@pytest.fixture
def vote(clips, tmp_path):
    """A page of the two folders' pairs; returns (page, key)."""
    count, key = write_vote(clips / "true", clips / "made", tmp_path / "vote.html", seed=4)
    assert count == 5
    return tmp_path / "vote.html", key


def save(path, key, choices, question="motion"):
    digest = json.loads(key.read_text())["digest"]
    votes = [{"pair": p, "question": question, "choice": c} for p, c in choices]
    path.write_text(json.dumps({"kind": "wanmove votes", "digest": digest, "votes": votes}))
    return path


def test_the_page_does_not_know_which_is_which_and_the_key_does(clips, vote):
    page, key = vote
    text = page.read_text()
    pairs = json.loads(key.read_text())["pairs"]
    for word in ("true", "made", "clip_"):
        assert word not in text.split("<script>")[1].replace("setAttribute", "")
    folders = [clips / "true", clips / "made"]
    for number, pair in enumerate(pairs):
        for side in ("left", "right"):
            copy = page.parent / "vote_videos" / f"{number:04d}_{side}.mp4"
            original = folders[pair[side]] / f"{pair['id']}.mp4"
            assert (read_video(copy) == read_video(original)).all()
    # Sides and order are shuffled, and the same seed shuffles the same.
    assert {pair["left"] for pair in pairs} == {0, 1}
    assert [pair["id"] for pair in pairs] != sorted(pair["id"] for pair in pairs)
    again = page.parent / "again.html"
    write_vote(clips / "true", clips / "made", again, seed=4)
    assert json.loads(again.with_name("again_key.json").read_text())["pairs"] == pairs


def test_votes_are_counted_by_run_with_an_interval(vote, tmp_path):
    _, key = vote
    pairs = json.loads(key.read_text())["pairs"]
    first = ["left" if pair["left"] == 0 else "right" for pair in pairs]
    other = {"left": "right", "right": "left"}
    one = save(tmp_path / "one.json", key, list(enumerate(first)))
    two = save(tmp_path / "two.json", key, [(0, other[first[0]]), (1, first[1])])
    count = count_votes(key, [one, two])["questions"]["motion"]
    assert (count["wins"], count["votes"]) == ([6, 1], 7)
    assert count["rate"] == pytest.approx(6 / 7)
    assert 0.4 < count["low"] < 6 / 7 < count["high"] < 1
    assert count_votes(key, [one])["questions"]["picture"]["rate"] is None


def test_votes_that_are_none_are_one_line(clips, vote, tmp_path):
    _, key = vote
    for votes in ([(5, "left")], [(-1, "left")], [(0, "up")], [(True, None)]):
        with pytest.raises(MediaError, match="must be the JSON of wanmove votes"):
            count_votes(key, [save(tmp_path / "v.json", key, votes)])
    with pytest.raises(MediaError, match="must be the JSON of wanmove votes"):
        count_votes(key, [save(tmp_path / "v.json", key, [(0, "left")], question="taste")])
    write_vote(clips / "true", clips / "made", tmp_path / "other.html", seed=5)
    with pytest.raises(OptionError, match="got votes of another one"):
        count_votes(tmp_path / "other_key.json", [save(tmp_path / "v.json", key, [(0, "left")])])
    with pytest.raises(OptionError, match=r"must differ; got .*true twice"):
        write_vote(clips / "true", clips / "true", tmp_path / "x.html")
    (tmp_path / "empty").mkdir()
    with pytest.raises(OptionError, match="must share a video's name; got none"):
        write_vote(clips / "true", tmp_path / "empty", tmp_path / "x.html")
