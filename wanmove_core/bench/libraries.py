"""Optional libraries that know the networks: torchvision, pytorch-fid, cd-fvd, lpips."""

from importlib import import_module
from pathlib import Path
from typing import Any

from ..errors import CheckpointError, OptionError
from .weights import I3D, INCEPTION, RAFT, VGG, WeightFile, load_state


def load_inception(path: Path) -> Any:
    """Pytorch-fid's InceptionV3 with its own weights; [N, 3, 299, 299] in 0..1 to [N, 2048, 1, 1].

    Raises:
        CheckpointError, OptionError: other weights, or no library.
    """
    module = _library("pytorch_fid.inception", "pytorch-fid torchvision", INCEPTION)
    state = load_state(path, INCEPTION.option)
    download = module.load_state_dict_from_url
    # The class fetches its weights by itself; here it gets those of the file.
    module.load_state_dict_from_url = lambda *_args, **_kwargs: state
    try:
        return module.InceptionV3([module.InceptionV3.BLOCK_INDEX_BY_DIM[2048]])
    except RuntimeError as error:
        raise _other_weights(path, INCEPTION, error) from error
    finally:
        module.load_state_dict_from_url = download


def load_i3d(path: Path) -> Any:
    """The I3D of cd-fvd with 400 classes.

    Raises:
        CheckpointError, OptionError: other weights, or no library.
    """
    module = _library("cdfvd.third_party.i3d.pytorch_i3d", "--no-deps cd-fvd", I3D)
    return _filled(module.InceptionI3d(400, in_channels=3), path, I3D)


def load_raft(path: Path) -> Any:
    """Torchvision's RAFT.

    Raises:
        CheckpointError, OptionError: other weights, or no library.
    """
    module = _library("torchvision.models.optical_flow", "torchvision", RAFT)
    return _filled(module.raft_large(weights=None, progress=False), path, RAFT)


def load_lpips(path: Path) -> Any:
    """LPIPS with its own heads on torchvision's VGG16.

    Raises:
        CheckpointError, OptionError: other weights, or no library.
    """
    module = _library("lpips", "lpips torchvision", VGG)
    # Random backbone: the pretrained one would be downloaded. It is filled from the file.
    model = module.LPIPS(net="vgg", pnet_rand=True, verbose=False)
    state = load_state(path, VGG.option)
    backbone = {}
    for name in model.net.state_dict():
        _, number, kind = name.split(".")
        key = f"features.{number}.{kind}"
        if key not in state:
            raise _other_weights(path, VGG, f"no {key}")
        backbone[name] = state[key]
    try:
        model.net.load_state_dict(backbone)
    except RuntimeError as error:
        raise _other_weights(path, VGG, error) from error
    return model


def _filled(model: Any, path: Path, file: WeightFile) -> Any:
    try:
        model.load_state_dict(load_state(path, file.option))
    except RuntimeError as error:
        raise _other_weights(path, file, error) from error
    return model


def _other_weights(path: Path, file: WeightFile, error: object) -> CheckpointError:
    reason = str(error).splitlines()[-1].strip()[:120].rstrip(".")
    return CheckpointError(
        f"--{file.option} {path} must hold the weights of {file.name}; got others: {reason}. "
        "Use the file that its makers publish."
    )


def _library(module: str, packages: str, file: WeightFile) -> Any:
    try:
        return import_module(module)
    # A torchvision that was built for another torch raises RuntimeError.
    except (ImportError, RuntimeError) as error:
        reason = str(error).splitlines()[0][:120].rstrip(".")
        raise OptionError(
            f"--{file.option}: {module} must import; got {reason}. "
            f"Run pip install {packages}, or give a TorchScript file."
        ) from error
