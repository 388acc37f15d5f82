"""Schemas are saved inside users' workflows: they are pinned, and explain themselves."""

import json
import re
from pathlib import Path

import pytest

from dev.make_node_docs import pages

ROOT = Path(__file__).parents[2]
LITERAL = re.compile(r"\{'(.)'\}")  # how vue-i18n is told to take a sign as it is
PINNED = json.loads((Path(__file__).parent / "schemas.json").read_text())


def shape(node) -> dict:
    """What workflows depend on: kinds, ids and order."""
    schema = node.define_schema()
    return {
        "inputs": [f"{slot.id}: {slot.kind}" for slot in schema.inputs],
        "outputs": [f"{slot.id}: {slot.kind}" for slot in schema.outputs],
    }


def test_ids_and_order_are_pinned(pack) -> None:
    assert {name: shape(node) for name, node in pack.nodes.items()} == PINNED


@pytest.mark.parametrize("name", PINNED)
def test_everything_is_explained(pack, name: str) -> None:
    schema = pack.nodes[name].define_schema()
    assert schema.display_name.replace("Wan Move", "Wan-Move").endswith("(Wan-Move)")
    assert schema.category == "video/wan-move"
    assert schema.description.endswith(".") and schema.description[0].isupper()
    for slot in [*schema.inputs, *schema.outputs]:
        assert slot.options.get("tooltip", "").endswith("."), slot.id
    for slot in schema.outputs:
        assert slot.options["display_name"]


def rank(query: str, text: str) -> int:
    """As the frontend's fuseUtil.ts ranks names: it begins with the words; has them; has each."""
    text = re.sub("(?<=[a-z])(?=[A-Z])", " ", text).lower()
    if text.startswith(query):
        return 1
    return 2 if query in text else 4 if all(part in text for part in query.split()) else 9


@pytest.mark.parametrize(
    ("query", "first"),
    [("trajectory", "WanMoveTrajectoryGuidance"), ("wan move", "WanMoveSplineEditor")],
)
def test_the_search_finds_the_right_node_first(pack, query: str, first: str) -> None:
    ranks = {
        name: rank(query, node.define_schema().display_name) for name, node in pack.nodes.items()
    }
    assert [name for name, found in ranks.items() if found == min(ranks.values())] == [first]


def test_help_pages_are_made_from_the_notes(pack) -> None:
    """What is written into a page by hand is lost at the next making."""
    made = pages([node.define_schema() for node in pack.nodes.values()])
    stale = [page.name for page, text in made.items() if page.read_text(encoding="utf-8") != text]
    assert not stale, "write into dev/node_notes, then python -m dev.make_node_docs"


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", PINNED)
def test_every_node_has_a_help_page(pack, name: str, language: str) -> None:
    """`docs/NAME/zh.md` in the language; other languages get `docs/NAME.md`, in English."""
    page = (ROOT / f"web/docs/{name}/{language}.md").read_text(encoding="utf-8")
    if language == "en":
        assert page == (ROOT / f"web/docs/{name}.md").read_text(encoding="utf-8")
    labels = json.loads((ROOT / f"locales/{language}/nodeDefs.json").read_text(encoding="utf-8"))
    schema = pack.nodes[name].define_schema()
    assert page.startswith(f"# {labels[name]['display_name']}\n")
    assert labels[name]["description"] in page
    for slot in [*schema.inputs, *schema.outputs]:
        shown = slot.options.get("display_name", slot.id)
        assert f"`{slot.id}`" in page or f"`{shown}`" in page, slot.id
    # Prose of its own, not the labels alone; and in Chinese indeed.
    prose = page.split("\n## ")[0]
    assert len(prose) > 2 * len(labels[name]["description"]), prose
    chinese = sum("\u4e00" <= letter <= "\u9fff" for letter in prose)
    assert (chinese > 0.25 * len(prose)) == (language == "zh")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_locales_cover_every_label(pack, language: str) -> None:
    path = ROOT / f"locales/{language}/nodeDefs.json"
    labels = json.loads(path.read_text(encoding="utf-8"))
    assert set(labels) == set(PINNED)
    for name, node in pack.nodes.items():
        schema = node.define_schema()
        assert labels[name]["display_name"] and labels[name]["description"]
        assert list(labels[name]["inputs"]) == [slot.id for slot in schema.inputs]
        assert list(labels[name]["outputs"]) == [str(i) for i in range(len(schema.outputs))]
        for label in [*labels[name]["inputs"].values(), *labels[name]["outputs"].values()]:
            assert label["name"] and label["tooltip"]
    if language == "en":
        for name, node in pack.nodes.items():
            for slot in node.define_schema().inputs:
                shown = LITERAL.sub(r"\1", labels[name]["inputs"][slot.id]["tooltip"])
                assert shown == slot.options["tooltip"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_labels_hold_none_of_the_frontends_own_syntax(language: str) -> None:
    """vue-i18n fails on a bare brace, and Nodes 2.0 then leaves the whole node out."""
    text = (ROOT / f"locales/{language}/nodeDefs.json").read_text(encoding="utf-8")

    def check(labels: dict | str) -> None:
        if isinstance(labels, str):
            assert not set("{}@|") & set(LITERAL.sub("", labels)), labels
        else:
            for label in labels.values():
                check(label)

    check(json.loads(text))


def test_only_the_samplers_seed_changes_by_itself(pack) -> None:
    """The frontend adds a second widget to any input named seed that does not say otherwise."""
    seeds = {
        name: slot.options.get("control_after_generate")
        for name, node in pack.nodes.items()
        for slot in node.define_schema().inputs
        if slot.id in ("seed", "noise_seed")
    }
    assert seeds.pop("WanMoveSampler") is True
    assert seeds and set(seeds.values()) == {False}


def test_no_id_belongs_to_the_host(pack) -> None:
    taken = {"WanMoveTrackToVideo", "WanMoveTracksFromCoords", "WanMoveConcatTrack"}
    taken |= {"WanMoveVisualizeTracks", "GenerateTracks"}
    assert not taken & set(pack.nodes)


def test_the_index_of_the_documentation_names_every_node_and_page(pack) -> None:
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    for name, node in pack.nodes.items():
        title = node.define_schema().display_name
        assert f"[{title}](../web/docs/{name}.md)" in index
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "README.md" or f"]({page.name})" in index
    for target in re.findall(r"]\((\S+?)\)", index):
        assert (ROOT / "docs" / target).is_file(), target
