"""Guidance, one point at a time: slow and obvious, for tests and benchmarks only."""

import math


def project(positions, visibility, size, strides, temporal):
    """Return {(point, latent frame): (row, col)} for the visible entries."""
    num_frames, height, width = size
    t_stride, h_stride, w_stride = strides

    def inside(frame, point):
        x, y = positions[frame][point]
        return visibility[frame][point] and 0 <= x <= width and 0 <= y <= height

    cells = {}
    for point in range(len(positions[0])):
        for k in range((num_frames - 1) // t_stride + 1):
            last = k * t_stride
            covered = (
                [last] if temporal == "sample" or k == 0 else range(last - t_stride + 1, last + 1)
            )
            seen = [positions[frame][point] for frame in covered if inside(frame, point)]
            if seen:
                x = sum(x for x, _ in seen) / len(seen)
                y = sum(y for _, y in seen) / len(seen)
                row = min(math.floor(y / h_stride), height // h_stride - 1)
                col = min(math.floor(x / w_stride), width // w_stride - 1)
                cells[point, k] = (row, col)
    return cells


def replicate(latent, cells, num_points, *, collision="last", order=None, strength=1.0, known=1):
    """Return a copy of `latent` [B, C, T', H', W'] with the features copied."""
    out = latent.clone()
    for k in range(known, latent.shape[2]):
        visits = {}
        for point in order if order is not None else range(num_points):
            if (point, 0) in cells and (point, k) in cells:
                visits.setdefault(cells[point, k], []).append(point)
        for (row, col), points in visits.items():
            if collision == "mean":
                used = points
            elif collision == "first":
                used = points[:1]
            else:
                used = points[-1:]
            sources = [latent[:, :, 0, cells[p, 0][0], cells[p, 0][1]].double() for p in used]
            feature = sum(sources) / len(sources)
            before = latent[:, :, k, row, col].double()
            out[:, :, k, row, col] = (before + strength * (feature - before)).to(latent.dtype)
    return out
