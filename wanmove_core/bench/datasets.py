"""The benchmarks' folders as lists of clips; the content tells which benchmark it is."""

import csv
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from ..errors import MediaError, OptionError
from .case import Case, DataSet, number_cases, safe_id

_log = logging.getLogger("wanmove")
# Beside the lists of a benchmark that `write_toy_bench` made.
TOY_MARK = "toy.json"
_MAX_LIST_BYTES = 64 * 2**20
_OVERLAY = "_tracks"  # `--draw-tracks` writes NAME_tracks.mp4 beside NAME.mp4
_PICTURES = {".jpg", ".jpeg", ".png"}
_CAPTION_COLUMNS = ("caption", "prompt", "text")
_NAME_COLUMNS = (
    "video",
    "videoid",
    "video_id",
    "file_name",
    "filename",
    "file_path",
    "name",
    "id",
    "path",
    "file",
)
_COUNT_COLUMNS = ("objects", "num_objects", "object_num", "count")


def open_dataset(root: Path, *, mode: str | None = None, language: str | None = None) -> DataSet:
    """Open a benchmark's folder.

    Args:
        root: of MoveBench (it holds en/ and zh/), FlashBench or MagicBench (videos/ and masks/ or
            boxs/), DAVIS (JPEGImages/ and Annotations/), or any folder of .mp4 files.
        mode: of MoveBench, "single" (default) or "multi".
        language: of MoveBench, "en" (default) or "zh".

    Raises:
        MediaError: none of these.
        OptionError: a mode or language is given and the data set is not MoveBench.
    """
    if not root.is_dir():
        got = "a file" if root.exists() else "no such folder"
        raise MediaError(f"{root} must be a benchmark's folder; got {got}. Check the path.")
    found = next((read for fits, read in _KINDS if fits(root)), None)
    if found is None:
        raise MediaError(
            f"{root} must be MoveBench (en/, zh/), FlashBench or MagicBench (videos/, masks/ or "
            "boxs/), DAVIS (JPEGImages/, Annotations/) or a folder of .mp4; got none of them. "
            "Check the path."
        )
    if found is not _movebench and (mode or language):
        option = "--mode" if mode else "--language"
        raise OptionError(f"{option} must go with MoveBench; got it with {root}. Leave it out.")
    dataset = found(root, mode or "single", language or "en")
    if not dataset.cases:
        raise MediaError(f"{root} must hold a clip; got none. Check the download.")
    return dataset


def videos_in(folder: Path) -> Iterator[str]:
    """Return the ids of a folder's videos, sorted, without overlays (`ID_tracks.mp4`)."""
    ids = sorted(
        path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.mp4")
    )
    known = set(ids)
    for name in ids:
        if not (name.endswith(_OVERLAY) and name.removesuffix(_OVERLAY) in known):
            yield name


def _is_movebench(root: Path) -> bool:
    return any((root / lang / f"{mode}_track.txt").is_file() for lang, mode in _MOVEBENCH_LISTS)


_MOVEBENCH_LISTS = [(lang, mode) for lang in ("en", "zh") for mode in ("single", "multi")]


def _movebench(root: Path, mode: str, language: str) -> DataSet:
    """Source: Wan-Move generate.py:250, :374 and scripts/visualize.py:164 @27409be."""
    home = root / language
    listing = home / f"{mode}_track.txt"
    cases = []
    for entry in map(str.strip, _read_text(listing).split("\n")):
        if not entry or entry.startswith("#"):
            continue
        video, comma, caption = entry.partition(",")
        name = safe_id(video.strip())
        if not comma or name is None:
            expected = "be VIDEO,CAPTION" if not comma else "name a video inside of the folder"
            reason = f"{listing.name}: each line must {expected}; got {entry[:80]!r}. Fix it."
            cases.append(Case(entry[:80], 0, problem=reason))
            continue
        track = home / "track" / mode / name
        seen = track.with_name(f"{track.name}_visibility.npy")
        cases.append(
            Case(
                name,
                0,
                group=re.sub(r"_\d+$", "", name.rpartition("/")[2]),
                caption=caption.strip(),
                image=home / "first_frame" / f"{name}.jpg",
                tracks=track.with_name(f"{track.name}_tracks.npy"),
                visibility=seen,
                reference=home / "video" / f"{name}.mp4",
            )
        )
    needs = ("image", "tracks", "visibility", "reference")
    toy = (root / TOY_MARK).is_file()
    return DataSet("MoveBench", root, number_cases(cases), f"{mode}, {language}", needs, toy)


def _is_magicdata(root: Path) -> bool:
    return (root / "videos").is_dir() and any((root / k).is_dir() for k in ("masks", "boxs"))


def _magicdata(root: Path, _mode: str, _language: str) -> DataSet:
    """MagicData's layout; that FlashBench has it is an assumption, since its README shows none."""
    names = list(videos_in(root / "videos"))
    table = _captions(root, names)
    cases = []
    for name in names:
        row = table.get(name, {})
        cases.append(
            Case(
                name,
                0,
                group=row.get("objects", ""),
                caption=row.get("caption", ""),
                reference=root / "videos" / f"{name}.mp4",
                masks=_first_folder(root / "masks" / name),
                boxes=_first_folder(root / "boxs" / name, root / "boxes" / name),
            )
        )
    needs = tuple(k for k, f in (("masks", "masks"), ("boxes", "boxs")) if (root / f).is_dir())
    return DataSet("MagicData", root, number_cases(cases), "", ("reference", *needs))


def _captions(root: Path, videos: list[str]) -> dict[str, dict[str, str]]:
    """Captions and object counts by video, from the CSV of a folder, if there is one."""
    lists = (path for path in sorted(root.glob("*.csv")) if not path.stem.endswith(_OVERLAY))
    listing = next(lists, None)
    if listing is None:
        return {}
    table = _caption_table(listing)
    found = {name: table.get(name) or table.get(name.rpartition("/")[2], {}) for name in videos}
    if not any(found.values()):
        _log.warning(
            "%s names no video of the folder in a column %s: no captions are used.",
            listing,
            " or ".join(_NAME_COLUMNS[:3]),
        )
    return found


def _caption_table(listing: Path) -> dict[str, dict[str, str]]:
    """Rows by the path that they name, and by its last part."""
    lines = [line.removesuffix("\r") for line in _read_text(listing).split("\n")]
    try:
        rows = list(csv.reader(lines, delimiter=max(",;\t", key=lines[0].count)))
    except csv.Error as error:
        raise MediaError(f"{listing} must be a CSV; got {error}. Correct it.") from error
    header = [cell.strip().lower() for cell in (rows or [[]])[0]]

    def column(names: tuple[str, ...]) -> int | None:
        return next((header.index(name) for name in names if name in header), None)

    name, caption, count = map(column, (_NAME_COLUMNS, _CAPTION_COLUMNS, _COUNT_COLUMNS))
    values = {"caption": caption, "objects": count}
    table: dict[str, dict[str, str]] = {}
    for row in rows[1:]:
        ident = safe_id(row[name].strip()) if name is not None and len(row) > name else None
        if ident is None:
            continue
        told = {k: row[i].strip() for k, i in values.items() if i is not None and i < len(row)}
        if told.get("objects"):
            told["objects"] += " objects"
        table[ident] = told
        table.setdefault(ident.rpartition("/")[2], told)
    return table


def _is_davis(root: Path) -> bool:
    return (root / "JPEGImages").is_dir() and (root / "Annotations").is_dir()


def _davis(root: Path, _mode: str, _language: str) -> DataSet:
    """DAVIS 2016 or 2017 at 480p; the tracks are followed by our tracker from the masks."""
    pictures, masks = (_resolution(root / part) for part in ("JPEGImages", "Annotations"))
    listed = next(
        (path for path in sorted(root.glob("ImageSets/201*/val.txt"), reverse=True)), None
    )
    names = sorted(path.name for path in pictures.iterdir() if path.is_dir())
    if listed is not None:
        wanted = _read_text(listed).split()
        names = [name for name in wanted if safe_id(name) == name]
    cases = [
        Case(
            name,
            0,
            image=next(iter(sorted((pictures / name).glob("*.jpg"))), None),
            reference=pictures / name,
            masks=_first_folder(masks / name),
        )
        for name in names
    ]
    return DataSet("DAVIS", root, number_cases(cases), "", ("image", "reference", "masks"))


def _resolution(folder: Path) -> Path:
    return folder / "480p" if (folder / "480p").is_dir() else folder


def _is_folder(root: Path) -> bool:
    return next(root.rglob("*.mp4"), None) is not None


def _folder(root: Path, _mode: str, _language: str) -> DataSet:
    """Any folder of videos, with NAME.txt or a CSV as caption and NAME_tracks.* beside them."""
    names = list(videos_in(root))
    table = _captions(root, names)
    cases = []
    for name in names:
        video = root / f"{name}.mp4"
        text = video.with_suffix(".txt")
        stem = video.stem + _OVERLAY
        tracks = (
            path for path in sorted(video.parent.glob(f"{_glob_safe(stem)}.*"))
            if path.suffix.lower() not in {".mp4", *_PICTURES}
        )  # fmt: skip
        seen = video.with_name(f"{video.stem}_visibility.npy")
        cases.append(
            Case(
                name,
                0,
                caption=_read_text(text).strip()
                if text.is_file()
                else table.get(name, {}).get("caption", ""),
                tracks=next(tracks, None),
                visibility=seen if seen.is_file() else None,
                reference=video,
            )
        )
    return DataSet("folder", root, number_cases(cases), "", ("reference",))


def _glob_safe(text: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", text)


def _first_folder(*places: Path) -> Path | None:
    return next((place for place in places if place.is_dir()), None)


def _read_text(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_LIST_BYTES:
            raise MediaError(f"{path} must be a list; got more than 64 MiB. Check the file.")
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "bytes that are not UTF-8"
        raise MediaError(
            f"{path} must be the benchmark's list; got {reason}. Check the download."
        ) from error


_Reader = Callable[[Path, str, str], DataSet]
_KINDS: tuple[tuple[Callable[[Path], bool], _Reader], ...] = (
    (_is_movebench, _movebench),
    (_is_magicdata, _magicdata),
    (_is_davis, _davis),
    (_is_folder, _folder),
)
