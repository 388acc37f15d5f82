"""The regions and boxes of a drawing as objects, for trajectory maps."""

from ...document.sampling import region_outlines
from ...document.schema import EditorDocument
from ...view.map_objects import OutlinedObject


def objects_from_document(document: EditorDocument) -> list[OutlinedObject]:
    """Take the regions and boxes of a drawing in its order; its other tracks are left out."""
    size = (document.width, document.height)
    return [OutlinedObject(outline, shown, size) for outline, shown in region_outlines(document)]
