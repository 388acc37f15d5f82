"""The log of a run: one CSV, and its curves as a PNG."""

import csv
from pathlib import Path

from ..errors import MediaError
from ..media.writer import replacing


class Journal:
    """Rows of figures by step, kept in a CSV file.

    Args:
        path: the CSV; its curves go beside it, with the suffix .png.
        until: rows of later steps are dropped, because the resumed run writes them again.
    """

    def __init__(self, path: Path, *, until: int) -> None:
        self.path = path
        self.rows: list[dict[str, str]] = []
        if path.exists():
            try:
                with path.open(newline="", encoding="utf-8") as file:
                    self.rows = [row for row in csv.DictReader(file) if int(row["step"]) <= until]
            except (KeyError, TypeError, ValueError, csv.Error) as error:
                raise MediaError(
                    f"{path} must be the log that the run wrote, with a column step; got another "
                    f"table ({error}). Move it away; the run goes on without the old rows."
                ) from error

    def add(self, row: dict[str, float | int | str]) -> None:
        """Add a row and write the file anew."""
        self.rows.append({name: _text(value) for name, value in row.items()})
        columns = list(dict.fromkeys(name for line in self.rows for name in line))
        with (
            replacing(self.path) as temporary,
            temporary.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows(self.rows)

    def plot(self) -> None:
        """Draw every column against the step. Without matplotlib there is no picture."""
        try:
            import matplotlib as mpl
        except ModuleNotFoundError:
            return
        mpl.use("Agg")
        from matplotlib import pyplot as plt

        names = [n for n in dict.fromkeys(n for row in self.rows for n in row) if n != "step"]
        series = {name: self._points(name) for name in names}
        series = {name: points for name, points in series.items() if points}
        if not series:
            return
        figure, axes = plt.subplots(1, len(series), figsize=(3.4 * len(series), 2.6), squeeze=False)
        for axis, (name, points) in zip(axes[0], series.items(), strict=True):
            axis.plot(*zip(*points, strict=True), linewidth=1)
            axis.set_title(name, fontsize=9)
            axis.set_xlabel("step", fontsize=8)
            axis.grid(alpha=0.3)
        figure.tight_layout()
        figure.savefig(self.path.with_suffix(".png"), dpi=80)
        plt.close(figure)

    def _points(self, name: str) -> list[tuple[int, float]]:
        return [(int(row["step"]), float(row[name])) for row in self.rows if row.get(name)]


def _text(value: float | int | str) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
