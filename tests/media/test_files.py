"""Lists of files, whatever links lie among them."""

import time

from wanmove_core.media.files import list_files


def test_links_in_a_circle_end(tmp_path):
    """Each folder once: also where links lead up, to each other, and into the folder itself."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.npy").write_bytes(b"")
        for other in ("a", "b", "."):
            (tmp_path / name / f"to_{other.replace('.', 'all')}").symlink_to(tmp_path / other)
    (tmp_path / "self").symlink_to("self")
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "LOUD.NPY").write_bytes(b"")
    (tmp_path / "a.txt").write_bytes(b"")
    began = time.process_time()
    assert len(list_files(str(tmp_path), (".npy",))) == 3
    assert time.process_time() - began < 0.5


def test_linked_folders_are_listed(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.npy").write_bytes(b"")
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "linked").symlink_to(outside)
    assert list_files(str(tmp_path / "input"), (".npy",)) == ["linked/a.npy"]
