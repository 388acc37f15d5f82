"""Shape annotations: checked by the test run through jaxtyping, plain `Tensor` for users.

`Float[Tensor, "frames points 2"]` names the axes in order. jaxtyping is a development
dependency only; without it the names below accept any subscript and mean `Tensor`.
"""

from typing import TYPE_CHECKING, Any

from torch import Tensor

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int, Shaped, UInt8
else:
    try:
        from jaxtyping import Bool, Float, Int, Shaped, UInt8
    except ImportError:

        class _AnyShape:
            def __class_getitem__(cls, _item: Any) -> type[Tensor]:
                return Tensor

        Bool = Float = Int = Shaped = UInt8 = _AnyShape

# The type checker of the tests refuses an integer for a float.
Number = float | int

__all__ = ["Bool", "Float", "Int", "Number", "Shaped", "Tensor", "UInt8"]
