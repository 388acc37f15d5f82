"""Threads of a process: several processes on one machine must share its cores."""


def set_threads(count: int | None) -> None:
    """Give torch and OpenCV this many threads; None leaves them as they are."""
    import cv2
    import torch

    if count is not None:
        torch.set_num_threads(count)
        cv2.setNumThreads(count)
