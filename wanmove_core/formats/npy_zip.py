"""The zip of tracks and visibility as .npy that the editor exports, read again."""

import io
import zipfile
import zlib

from .checks import MAX_FILE_BYTES

SIGNATURE = b"PK\x03\x04"
# NotImplementedError, of an unknown compression, is a RuntimeError.
_BROKEN = (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ValueError)


def unpack_pair(data: bytes) -> tuple[bytes, bytes] | None:
    """Return the bytes of the tracks and of their visibility; None: it is another zip.

    Nothing is written to the disk, and nothing is unpacked that would be too large for a file
    of tracks.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = sorted(archive.infolist(), key=lambda info: info.filename)
            names = [info.filename.rpartition("_")[2] for info in infos]
            if names != ["tracks.npy", "visibility.npy"]:
                return None
            if sum(info.file_size for info in infos) > MAX_FILE_BYTES:
                return None
            return archive.read(infos[0]), archive.read(infos[1])
    except _BROKEN:
        return None
