"""Published figures, to compare with; None where no source states the figure."""

from typing import Any

# Where each comes from is part of the row: a reader must be able to doubt it.
_WAN_MOVE = "Wan-Move paper, as its summary quotes it"
_FLASH = "FlashMotion paper, from a third party's reading"
_MAGIC = "MagicMotion paper, from a third party's reading"

_MOVEBENCH: dict[str, list[dict[str, Any]]] = {
    "single": [
        {
            "name": "Wan-Move 14B",
            "clips": 1018,
            "source": _WAN_MOVE,
            "figures": {"fid": 12.2, "fvd": 83.5, "psnr": 17.8, "ssim": 0.64, "flow_epe": 2.6},
        }
    ],
    "multi": [
        {
            "name": "Wan-Move 14B",
            "clips": 192,
            "source": _WAN_MOVE,
            "figures": {"flow_epe": 2.2},
        },
        {"name": "Tora", "clips": 192, "source": _WAN_MOVE, "figures": {"flow_epe": 3.5}},
    ],
}
_FLASHBENCH = [
    ("FlashMotion, ResNet adapter", 15.81, 108.96, 63.96, 70.01, _FLASH),
    ("FlashMotion, ControlNet adapter", 14.35, 96.08, 69.15, 75.38, _FLASH),
    ("MagicMotion", 20.03, 138.83, 68.10, 73.68, _FLASH),
]
_MAGICBENCH = [
    ("LeViTor", 189.63, 194.53, 39.96, 46.36, _MAGIC),
    ("SG-I2V", 117.04, 168.82, 68.78, 74.39, _MAGIC),
]
# The paper calls its EPE a distance of tracks; the public copies of its suite compare flow.
EPE_NOTE = (
    "The published EPE stands under flow EPE, which the public copies of the official suite "
    "compute; the paper's words describe track EPE. Which one it is, is not known."
)


# Figures that do not depend on whether frame 0 counts, nor on the kind of SSIM.
_OF_ANY_PROTOCOL = {"flow_epe", "fvd", "mask_iou", "box_iou"}


def published_rows(dataset: dict[str, Any], protocol: dict[str, Any]) -> list[dict[str, Any]]:
    """The published rows for a data set; empty where none are known.

    Args:
        dataset: its kind, variant and name; FlashBench and MagicBench share one layout, so the
            folder's name tells them apart.
        protocol: of the run beside them. Figures that it would compute otherwise are left out.
    """
    rows: list[dict[str, Any]] = []
    if dataset.get("kind") == "MoveBench":
        rows = _MOVEBENCH.get(str(dataset.get("variant")).partition(",")[0], [])
    elif dataset.get("kind") == "MagicData":
        name = str(dataset.get("name")).lower()
        rows = _iou_rows(_FLASHBENCH) if "flashbench" in name else []
        rows = _iou_rows(_MAGICBENCH) if "magicbench" in name else rows
    if protocol.get("size") or protocol.get("frames"):
        return []
    if protocol.get("name") == "movebench":
        return rows
    return [
        {**row, "figures": {k: v for k, v in row["figures"].items() if k in _OF_ANY_PROTOCOL}}
        for row in rows
    ]


def _iou_rows(rows: list[tuple[str, float, float, float, float, str]]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "clips": None,
            "source": source,
            "figures": {"fid": fid, "fvd": fvd, "mask_iou": mask / 100, "box_iou": box / 100},
        }
        for name, fid, fvd, mask, box, source in rows
    ]
