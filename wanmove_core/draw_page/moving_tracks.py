"""The tracks moving over the start image as a GIF, as the official demo saves them."""

import io

from ..document.sampling import sample_document
from ..document.schema import parse_document
from ..errors import TrackFormatError
from ..motion.fit import fit_tracks
from ..view.draw import draw_tracks
from .session import Work

_LONGEST = 640  # px of the longer side


def moving_tracks(picture: bytes, work: Work) -> bytes:
    """Draw the tracks of a drawing over its picture, frame by frame, as a GIF.

    Args:
        picture: PNG.
        work: the page's drawing and prompt.

    Raises:
        TrackFormatError: not a drawing, or one without tracks.
    """
    import numpy as np
    import torch
    from PIL import Image

    drawing = parse_document(work.document)
    tracks = sample_document(drawing)
    if tracks.num_points == 0:
        raise TrackFormatError("the drawing must have tracks; got none. Draw one.")
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.thumbnail((_LONGEST, _LONGEST))
    frame = torch.from_numpy(np.array(image))
    frames = frame.expand(tracks.num_frames, -1, -1, -1).contiguous()
    on_picture = fit_tracks(tracks, (drawing.width, drawing.height), image.size)
    first, *others = [Image.fromarray(each.numpy()) for each in draw_tracks(frames, on_picture)]
    out = io.BytesIO()
    first.save(
        out,
        "GIF",
        save_all=True,
        append_images=others,
        duration=round(1000 / drawing.fps),
        loop=0,
    )
    return out.getvalue()
