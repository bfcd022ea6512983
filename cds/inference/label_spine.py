"""A label map becomes the anatomy that the port promises."""

from collections.abc import Collection, Mapping

import numpy as np

from cds.bone.anatomy import MaskGrid, Spine, VertebralBody, VertebralLevel
from cds.ct.volume import CtVolume
from cds.inference.label_bodies import labelled_bodies
from cds.inference.label_checks import judge_numbering
from cds.inference.label_map import LabelMap
from cds.inference.label_names import Kind, Structure
from cds.inference.label_ribs import rib_sides

TISSUE_MARGIN_MM = 4.0


def spine_of(
    label_map: LabelMap,
    structures: Mapping[int, Structure],
    volume: CtVolume,
    levels: Collection[VertebralLevel] | None = None,
    seconds: Mapping[str, float] | None = None,
) -> Spine:
    """The bodies of the levels asked for (all from T7 to L5 by default), and the tissues beside them.

    Names are judged on the whole row, before anything is left out.
    """

    def labels_of(kind: Kind) -> list[int]:
        return [number for number, structure in structures.items() if structure.kind == kind]

    def tissue(kind: Kind) -> MaskGrid | None:
        return label_map.union(labels_of(kind), TISSUE_MARGIN_MM)

    row = labelled_bodies(label_map, structures, volume)
    sacrum = [label_map.points_lps(number) for number in labels_of("sacrum")]
    verdict = judge_numbering(
        row, rib_sides(label_map, labels_of("rib"), row, volume), np.concatenate([np.empty((0, 3)), *sacrum])
    )
    wanted = set(VertebralLevel if levels is None else levels)
    return Spine(
        bodies=tuple(
            VertebralBody(
                level=VertebralLevel(each.level),
                mask=each.mask,
                centre_lps_mm=each.centre_lps_mm,
                cut_by_border=each.cut_by_border,
                name_agrees=each.level not in verdict.doubted,
            )
            for each in row
            if each.level in wanted
        ),
        numbering_confidence=verdict.confidence,
        aorta=tissue("aorta"),
        paraspinal_muscle=tissue("paraspinal_muscle"),
        spinal_canal=tissue("spinal_canal"),
        seconds=dict(seconds or {}),
    )
