"""Draw the picture of Video Tracks' help page: web/docs/images/video_tracks.jpg.

.venv/bin/python -m dev.make_video_picture
"""

import cv2
import numpy as np

from benchmarks.video import make_clip
from dev.make_source_pictures import FOLDER, HEIGHT, WIDTH, balls, panel
from wanmove_core.sources.video.queries import query_points
from wanmove_core.sources.video.retarget import Box
from wanmove_core.sources.video.transfer import Queries, Retarget, transfer_motion
from wanmove_core.tracking.video import track_video

FRAMES, SEED = 33, 22


def main() -> None:
    """Write the picture: a video's subject as followed, the same motion on a ball."""
    scene = make_clip(SEED, width=WIDTH, height=HEIGHT, frames=FRAMES)
    row, col = np.mgrid[:HEIGHT, :WIDTH]
    places = np.stack([col, row], -1).reshape(-1, 2).astype(np.float64)
    top = len(scene.layers) - 1
    mask = np.concatenate([scene.owner(part) == top for part in np.array_split(places, 8)])
    mask = mask.reshape(HEIGHT, WIDTH)
    points = query_points(scene.frames[0], 24, mask=mask)
    followed = panel(scene.frames[-1], track_video(scene.frames, points))
    image, _ = balls()
    target = Box(165.0, 75.0, 295.0, 205.0)
    retarget = Retarget(target=target, strength=0.6)
    moved = transfer_motion(scene.frames, Queries(24, mask=mask), retarget)
    panels = [np.pad(followed, ((0, 0), (0, 6), (0, 0)), constant_values=255), panel(image, moved)]
    picture = np.concatenate(panels, axis=1)[..., ::-1]
    cv2.imwrite(str(FOLDER / "video_tracks.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 82])


if __name__ == "__main__":
    main()
