"""Find what a benchmark's folder lacks or has in a wrong shape, one line for each."""

from collections import Counter
from collections.abc import Iterator

from ..errors import WanMoveError
from ..formats.read import read_tracks
from ..grid import Size
from ..media.video import probe_video
from .case import Case, DataSet
from .clips import clip_length, image_size, read_clip
from .masks import label_files, read_labels

_MULTIPLE = 16


def describe(dataset: DataSet) -> str:
    """Describe the folder in one line: its data set and its content."""
    count = len(dataset.cases)
    groups = len({case.group for case in dataset.cases if case.group})
    there = [
        f"{sum(getattr(case, name) is not None for case in dataset.cases)} with {title}"
        for name, title in _FIELDS
        if any(getattr(case, name) is not None for case in dataset.cases)
    ]
    captions = sum(bool(case.caption) for case in dataset.cases)
    parts = [f"{dataset.kind} {dataset.variant}".strip(), f"{count} clips"]
    parts += [f"{groups} groups"] if groups else []
    return ", ".join([*parts, f"{captions} with a caption", *there])


_FIELDS = (
    ("image", "a start image"),
    ("tracks", "tracks"),
    ("reference", "a true video"),
    ("masks", "masks"),
    ("boxes", "boxes"),
)


def find_defects(dataset: DataSet) -> Iterator[str]:
    """Check every clip; yield one line per defect.

    Only headers and first frames are read.
    """
    sizes: Counter[Size] = Counter()
    for case in dataset.cases:
        if case.problem is not None:
            yield f"{case.id}: {case.problem}"
            continue
        for name in dataset.needs:
            path = getattr(case, name)
            if path is None or not path.exists():
                yield f"{case.id}: {name} is missing{f', {path}' if path else ''}"
        yield from (f"{case.id}: {line}" for line in _defects_of(case, sizes))
    if len(sizes) > 1:
        told = ", ".join(f"{w}x{h} ({count})" for (w, h), count in sizes.most_common(6))
        yield f"start images have {len(sizes)} sizes: {told}"


def _defects_of(case: Case, sizes: Counter[Size]) -> Iterator[str]:
    try:
        size = image_size(case.image) if case.image and case.image.is_file() else None
    except WanMoveError as error:
        yield str(error)
        return
    if size is not None:
        sizes[size] += 1
        if size[0] % _MULTIPLE or size[1] % _MULTIPLE:
            yield f"the start image must be a multiple of 16 px; got {size[0]}x{size[1]}"
    if case.tracks is not None and case.tracks.is_file():
        seen = case.visibility if case.visibility and case.visibility.is_file() else None
        try:
            read_tracks(case.tracks, visibility=seen)
        except WanMoveError as error:
            yield str(error)
    if case.reference is not None and case.reference.exists():
        yield from _reference_defects(case, size)


def _reference_defects(case: Case, size: Size | None) -> Iterator[str]:
    assert case.reference is not None
    try:
        count = clip_length(case.reference)
        if count is None:
            info = probe_video(case.reference)
            shape, count = info.size, info.num_frames
        else:
            first = read_clip(case.reference)[0]
            shape = (first.shape[1], first.shape[0])
    except WanMoveError as error:
        yield str(error)
        return
    if size is not None and shape != size:
        yield (
            f"the true video must have the start image's size, {size[0]}x{size[1]}; "
            f"got {shape[0]}x{shape[1]}"
        )
    for name, folder in (("masks", case.masks), ("boxes", case.boxes)):
        if folder is None:
            continue
        try:
            files = label_files(folder)
            labels = read_labels(files[0])
        except WanMoveError as error:
            yield str(error)
            continue
        if count is not None and len(files) != count:
            yield f"{name} must be one for each of {count} frames; got {len(files)}"
        if labels.shape[::-1] != shape:
            yield (
                f"{name} must have the true video's size, {shape[0]}x{shape[1]}; "
                f"got {labels.shape[1]}x{labels.shape[0]}"
            )
        if not labels.any():
            yield f"{name}: the first one must show an object; got none"
