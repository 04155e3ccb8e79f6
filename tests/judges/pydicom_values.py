"""Prints one JSON line for each file of pydicom and pydicom-data that pydicom reads as DICOM: its transfer syntax, and where it
has pixels that pydicom decodes, the SHA-256 of the stored values (all frames, little endian, samples side by side)."""

import hashlib
import json
import pathlib
import sys
import warnings

import data_store
import pydicom
from pydicom.pixels import apply_color_lut, pixel_array

warnings.simplefilter("ignore")
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE


def describe(path):
    line = {"path": str(path)}
    try:
        dataset = pydicom.dcmread(path, force=True)
    except Exception as error:
        return {**line, "error": type(error).__name__}
    line["dicom"] = "SOPClassUID" in dataset or "PixelData" in dataset or "DirectoryRecordSequence" in dataset
    line["pixels"] = any(name in dataset for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData"))
    line["syntax"] = str(getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", ""))
    if not line["pixels"]:
        return line
    try:
        values = pixel_array(dataset, raw=True)
        line["shape"] = list(values.shape)
        line["type"] = values.dtype.name
        line["sha256"] = hashlib.sha256(values.astype(values.dtype.newbyteorder("<")).tobytes()).hexdigest()
        big_endian = line["syntax"] == "1.2.840.10008.1.2.2"  # pydicom takes the palette's bytes there as they are
        if dataset.PhotometricInterpretation == "PALETTE COLOR" and values.ndim == 2 and not big_endian:
            colours = apply_color_lut(values, dataset)
            colours = (colours >> 8).astype("uint8") if colours.dtype.itemsize == 2 else colours
            line["rgb8"] = hashlib.sha256(colours.tobytes()).hexdigest()
        lossless = line["syntax"] in ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5")
        if dataset.PhotometricInterpretation in ("YBR_FULL", "YBR_FULL_422") and values.ndim == 3 and lossless:
            line["rgb8"] = hashlib.sha256(pixel_array(dataset).tobytes()).hexdigest()
    except Exception as error:
        line["error"] = f"{type(error).__name__}: {error}"[:200]
    return line


folders = [pathlib.Path(pydicom.__file__).parent / "data" / "test_files", pathlib.Path(data_store.__file__).parent / "data"]
for folder in folders:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix not in (".py", ".pyc"):
            print(json.dumps(describe(path)), flush=True)
sys.exit(0)
