"""Reads segmentations with pydicom and highdicom and compares them voxel for voxel with what they should hold.

usage: judge_seg.py MANIFEST   (JSON list of {seg, expected, shape, uids, positions, placed, regular, names})
`expected` is a file of bytes: segments x slices x rows x columns. Prints one line for each difference; the last line counts cases.
"""

import json
import sys

import highdicom as hd
import numpy as np
import pydicom


def frames_by_pydicom(dataset, shape, positions, placed):
    """Frames onto slices by pydicom's own unpacking, through segment number and position (or stack position)."""
    found = np.zeros(shape, np.uint8)
    pixels = dataset.pixel_array
    if pixels.ndim == 2:
        pixels = pixels[None]
    for frame, groups in zip(pixels, dataset.PerFrameFunctionalGroupsSequence):
        segment = groups.SegmentIdentificationSequence[0].ReferencedSegmentNumber - 1
        if placed:
            position = np.array(groups.PlanePositionSequence[0].ImagePositionPatient, float)
            distances = np.linalg.norm(positions - position, axis=1)
            k = int(distances.argmin())
            assert distances[k] < 1e-4, f"a frame lies {distances[k]} mm from its slice"
        else:
            k = groups.FrameContentSequence[0].InStackPositionNumber - 1
        found[segment, k] |= frame.astype(np.uint8)
    return found


def check(case):
    expected = np.fromfile(case["expected"], np.uint8).reshape(case["shape"])
    positions = np.array(case["positions"], float)
    dataset = pydicom.dcmread(case["seg"])
    found = frames_by_pydicom(dataset, expected.shape, positions, case["placed"])
    assert (found == expected).all(), f"pydicom: {(found != expected).sum()} voxels differ"

    seg = hd.seg.segread(case["seg"])
    assert [d.segment_label for d in map(seg.get_segment_description, seg.segment_numbers)] == case["names"], "names differ"
    instances, numbers = case["uids"], case["frames"]
    if numbers is None:
        pixels = seg.get_pixels_by_source_instance(
            instances, combine_segments=False, assert_missing_frames_are_empty=True)
    else:
        pixels = seg.get_pixels_by_source_frame(
            instances[0], numbers, combine_segments=False, assert_missing_frames_are_empty=True)
    found = np.moveaxis(np.asarray(pixels), -1, 0)
    assert found.shape == expected.shape, f"highdicom: {found.shape} instead of {expected.shape}"
    assert (found == expected).all(), f"highdicom: {(found != expected).sum()} voxels differ"

    if case["regular"] and expected.any():
        # The volume in patient space: every voxel that is set has to lie where the slice and its directions say.
        volume = seg.get_volume(combine_segments=False)
        array = np.moveaxis(np.asarray(volume.array), -1, 0)
        index = np.argwhere(expected)
        row, column = np.array(case["row"], float), np.array(case["column"], float)
        place = positions[index[:, 1]] + index[:, 3:4] * row + index[:, 2:3] * column
        voxel = np.rint(volume.map_reference_to_indices(place)).astype(int)
        assert (array[index[:, 0], voxel[:, 0], voxel[:, 1], voxel[:, 2]] == 1).all(), "highdicom: voxels lie elsewhere in the patient"
        assert array.sum() == expected.sum(), "highdicom: other number of voxels in the patient"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        cases = json.load(file)
    failures = 0
    for case in cases:
        try:
            check(case)
        except Exception as error:  # every case is reported
            failures += 1
            print(f"{case['name']}: {type(error).__name__}: {error}")
    print(f"{len(cases) - failures} of {len(cases)} cases equal")
    return 1 if failures else 0


sys.exit(main())
