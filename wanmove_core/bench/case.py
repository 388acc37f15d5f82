"""One clip of a benchmark, and a benchmark as a list of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from ..choices import Retime
from ..errors import OptionError
from ..formats.checks import shown


@dataclass(frozen=True)
class Case:
    """One clip of a benchmark; missing parts are None or empty.

    Args:
        id: its name, also of the generated video: `{id}.mp4`. May hold folders.
        position: place in the benchmark's list, counted from 0; the seed is the base plus this.
        group: its category, or its number of objects.
        caption: the prompt.
        image: the start image.
        tracks, visibility: the requested tracks, in pixels of the start image.
        reference: the true video, a file or a folder of pictures.
        masks, boxes: folders of label pictures, one a frame.
        retime: how tracks come to the number of frames of a generated video.
        problem: why the entry of the list cannot be used; None if it can.
    """

    id: str
    position: int
    group: str = ""
    caption: str = ""
    image: Path | None = None
    tracks: Path | None = None
    visibility: Path | None = None
    reference: Path | None = None
    masks: Path | None = None
    boxes: Path | None = None
    retime: Retime = "time"
    problem: str | None = None


@dataclass(frozen=True)
class DataSet:
    """A benchmark's clips in their order.

    Args:
        kind: "MoveBench", "MagicData", "DAVIS" or "folder".
        root: where it is.
        cases: the clips.
        variant: the part of the data set, as "single, en"; empty if it has only one part.
        needs: which fields of a case the benchmark promises; `check` looks for them.
        toy: whether `write_toy_bench` made it, so that published figures do not apply.
    """

    kind: str
    root: Path
    cases: tuple[Case, ...]
    variant: str = ""
    needs: tuple[str, ...] = ()
    toy: bool = False

    def select(
        self, *, only: str | None = None, limit: int | None = None, shard: tuple[int, int] = (0, 1)
    ) -> "DataSet":
        """Select clips; each keeps its position, and so its seed.

        Args:
            only: a pattern of names, as "Pexels_*".
            limit: how many at most, from the front.
            shard: (index, count): every count-th clip from the index-th on.

        Raises:
            OptionError: nothing is left, or the limit is below 1.
        """
        if limit is not None and limit < 1:
            raise OptionError(f"--limit must be 1 or more; got {limit}. Leave it out for all.")
        kept = [case for case in self.cases if only is None or fnmatchcase(case.id, only)][:limit]
        if not kept:
            raise OptionError(
                f"--only must match a clip of {self.root}; got {only!r}. "
                f"A name is {shown(self.cases[0].id) if self.cases else 'not there'}."
            )
        index, count = shard
        return replace(self, cases=tuple(kept[index::count]))


def safe_id(name: str) -> str | None:
    """The id of a list's entry, without its suffix; None where it would leave the folder."""
    path = PurePosixPath(name.replace("\\", "/"))
    inside = not path.is_absolute() and ".." not in path.parts and ":" not in name
    if not inside or not path.name or not name.isprintable() or len(name) > 400:
        return None
    return str(path.with_suffix("")) if path.suffix else str(path)


def number_cases(cases: Sequence[Case]) -> tuple[Case, ...]:
    """The cases with their places as positions, and an entry that repeats an id as a problem."""
    seen: dict[str, int] = {}
    numbered = []
    for position, case in enumerate(cases):
        first = seen.setdefault(case.id, position)
        problem = case.problem
        if first != position and problem is None:
            problem = f"entry {position + 1} repeats entry {first + 1}"
        numbered.append(replace(case, position=position, problem=problem))
    return tuple(numbered)
