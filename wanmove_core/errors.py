"""Every error that bad input can raise.

    WanMoveError(ValueError)
    +-- ShapeError          a tensor's axes do not fit together
    +-- GridError           a size or length that the latent grid cannot hold
    +-- OptionError         an option outside its allowed values
    +-- TrackFormatError    a file or text that is not tracks
    +-- MediaError          an image or video that cannot be read or written
    +-- CheckpointError     model files that are missing, damaged, or of another model
    +-- MissingPackageError an optional package that is not installed; an ImportError too
    +-- VaeStructureError   a VAE that only its own `encode` may encode (vae_structure.py)

Messages are one line: `<subject> must <expected>; got <actual>. <next step>.`
"""


class WanMoveError(ValueError):
    """Bad input, described in one line. Base of every error that this library raises on purpose."""


class ShapeError(WanMoveError):
    """A tensor's axes do not fit together."""


class GridError(WanMoveError):
    """A width, height or frame count that the latent grid cannot hold."""


class OptionError(WanMoveError):
    """An option outside its allowed values."""


class TrackFormatError(WanMoveError):
    """A file or text that cannot be read as tracks. Names the file, track and frame."""


class MediaError(WanMoveError):
    """An image or video that cannot be read or written."""


class CheckpointError(WanMoveError):
    """Model files that are missing, damaged, or belong to another model."""


class MissingPackageError(WanMoveError, ImportError):
    """An optional package that is not installed. Says how to install it."""
