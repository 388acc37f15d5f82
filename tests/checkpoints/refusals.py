"""What every refusal of model files must look like."""

import pytest

from wanmove_core.checkpoints.loading import load_components
from wanmove_core.errors import CheckpointError


def refusal(paths, **options):
    with pytest.raises(CheckpointError) as caught:
        load_components(paths, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    assert len(message) < 700
    return message
