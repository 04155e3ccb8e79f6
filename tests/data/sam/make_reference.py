#!/usr/bin/env python3
"""Records what Segment Anything (PyPI's segment-anything, fp32) answers with made-up weights, for the C++ parity tests.

    make_reference.py --out tests/data/sam

Needs torch, numpy, scipy, Pillow, scikit-image and segment-anything 1.0; torchvision may be missing. Writes

    reference.json, reference.bin   what was recorded and its samples, laid out as tests/support/make_reference.py says
    tensors.txt                     every tensor of the checkpoints vit_b, vit_l and vit_h: name, shape

The published checkpoints are not needed: each weight is a function of its tensor's name and its place (see weight()),
which tests/support/NamedWeights.h repeats. The pictures are the integer formulas of tests/support/make_reference.py.
"""
import argparse
import functools
import importlib.util
import json
import math
import pathlib
import re
import sys
import types
import zlib

import numpy as np
import torch
from PIL import Image
from skimage import transform


def module(name, **members):
    made = types.ModuleType(name)
    made.__dict__.update(members)
    sys.modules.setdefault(name, made)
    return made


def stub_torchvision():
    """segment-anything takes two helpers for pictures and two for boxes from it; only the former play a part here."""
    functional = module("torchvision.transforms.functional", to_pil_image=Image.fromarray,
                        resize=lambda picture, size: picture.resize(size[::-1], Image.Resampling.BILINEAR))
    module("torchvision")
    module("torchvision.transforms", functional=functional)
    module("torchvision.ops")
    module("torchvision.ops.boxes", batched_nms=None, box_area=None)


stub_torchvision()
from segment_anything import build_sam_vit_b, build_sam_vit_h, build_sam_vit_l  # noqa: E402
from segment_anything.modeling import ImageEncoderViT  # noqa: E402
from segment_anything.utils.transforms import ResizeLongestSide  # noqa: E402

module("cv2")  # the pictures and the sampling are shared, the pre-processing is not
spec = importlib.util.spec_from_file_location(
    "litemedsam_reference", pathlib.Path(__file__).resolve().parents[2] / "support" / "make_reference.py")
shared = importlib.util.module_from_spec(spec)
spec.loader.exec_module(shared)

TAP_SAMPLES = 512
FULL_SAMPLES = 2048
MASK_LOGIT = 6.0


def weight(name, shape):
    """A counter-based generator: FNV-1a of the name and the place go through SplitMix64's mixer; 24 bits of it become a
    float in [-1, 1), which is scaled so that values keep their size from layer to layer."""
    key = 0xcbf29ce484222325
    for byte in name.encode():
        key = (key ^ byte) * 0x100000001b3 % 2 ** 64
    count = math.prod(shape)
    with np.errstate(over="ignore"):
        z = np.uint64(key) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9e3779b97f4a7c15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xbf58476d1ce4e5b9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94d049bb133111eb)
        z ^= z >> np.uint64(31)
    unit = (z >> np.uint64(40)).astype(np.float32) * np.float32(2.0 ** -23) - np.float32(1)
    middle, scale = 0.0, 0.05
    if len(shape) == 1 and name.endswith("weight"):
        middle, scale = 1.0, 0.1
    elif name.endswith("pos_embed"):
        scale = 0.5
    elif name.endswith("gaussian_matrix"):
        scale = 1.5
    elif len(shape) > 1:
        scale = math.sqrt(3.0 / (shape[0] if "output_upscaling" in name else math.prod(shape[1:])))
    return torch.from_numpy((np.float32(middle) + np.float32(scale) * unit).reshape(shape))


def fill(network, prefix=""):
    network.load_state_dict({name: weight(prefix + name, tuple(value.shape)) for name, value in network.state_dict().items()})
    return network.eval()


def waves():
    """Larger than the network's picture, so that it is shrunk, and with detail that shrinking has to average."""
    y, x = shared.grid(1300, 1500)
    return np.stack([(x * x + 3 * y * y) >> 9, (7 * x * y) >> 8, 3 * x + 5 * y], -1) & 255


def pictures():
    named = {name: (picture.astype(np.uint8), box, click) for name, picture, box, click in shared.cases(None)}
    named["waves1300x1500"] = (waves().astype(np.uint8), (300, 200, 900, 1100), (640, 600))
    return named


def colour(picture):
    return np.ascontiguousarray(np.repeat(picture[..., None], 3, -1) if picture.ndim == 2 else picture)


def medsam_picture(picture):
    return transform.resize(colour(picture), (1024, 1024), order=3, preserve_range=True, anti_aliasing=True).astype(np.uint8)


def record_preprocessing(samples, sam):
    lines = []
    for name, (picture, _, _) in pictures().items():
        resized = ResizeLongestSide(1024).apply_image(colour(picture))
        tensor = sam.preprocess(torch.from_numpy(resized).permute(2, 0, 1)[None].float())
        squeezed = medsam_picture(picture)
        low, high = squeezed.min(), squeezed.max()
        unit = torch.tensor((squeezed - low) / np.clip(high - low, a_min=1e-8, a_max=None)).float().permute(2, 0, 1)[None]
        lines.append({"name": name, "picture_crc32": zlib.crc32(np.ascontiguousarray(picture).tobytes()),
                      "resized": list(resized.shape[:2]), "resized_crc32": zlib.crc32(resized.tobytes()),
                      "input": samples.record(tensor, TAP_SAMPLES),
                      "medsam_resized": samples.record(torch.from_numpy(squeezed), TAP_SAMPLES),
                      "medsam_input": samples.record(unit, TAP_SAMPLES)})
    return lines


def small_input():
    y, x = np.mgrid[:256, :256]
    picture = np.stack([(x * 3 + y * 5) % 97, (x * x + y) % 89, (x * y) % 101], 0)
    return torch.from_numpy((picture / 50.0 - 1.0).astype(np.float32))[None]


def record_small(samples, interpolated):
    """A quick encoder of the same build. `interpolated`: tables of relative positions made for a larger picture."""
    encoder = ImageEncoderViT(depth=4, embed_dim=64, img_size=256, mlp_ratio=4, num_heads=2, patch_size=16, qkv_bias=True,
                              norm_layer=functools.partial(torch.nn.LayerNorm, eps=1e-6), use_rel_pos=True,
                              global_attn_indexes=[1, 3], window_size=14, out_chans=256)
    if interpolated:
        for block in (encoder.blocks[1], encoder.blocks[3]):
            block.attn.rel_pos_h = torch.nn.Parameter(torch.zeros(127, 32))
            block.attn.rel_pos_w = torch.nn.Parameter(torch.zeros(127, 32))
    fill(encoder, "image_encoder.")
    taps = tapped(encoder, range(4))
    embedding = encoder(small_input())
    return {"encoder": {name: samples.record(value, TAP_SAMPLES) for name, value in taps.items()},
            "embedding": samples.record(embedding, FULL_SAMPLES)}


def tapped(encoder, blocks):
    """Results of blocks, [1, height, width, channels], filled in when the encoder runs."""
    taps = {}
    for number in blocks:
        encoder.blocks[number].register_forward_hook(
            lambda module, given, result, name=f"block{number}": taps.update({name: result.detach()}))
    return taps


def prompt_sets(box, click):
    boxes = torch.tensor([box])
    one = (torch.tensor([[click]]), torch.ones(1, 1))
    two = (torch.tensor([[click, [box[0] + 9.0, box[1] + 14.0]]]), torch.tensor([[1.0, 0.0]]))
    y, x = np.mgrid[:256, :256]
    inside = (x >= box[0] / 4) & (x <= box[2] / 4) & (y >= box[1] / 4) & (y <= box[3] / 4)
    mask = torch.from_numpy(np.where(inside, MASK_LOGIT, -MASK_LOGIT).astype(np.float32))[None, None]
    yield "box", None, boxes, None
    yield "point", one, None, None
    yield "two points", two, None, None
    yield "box+point", one, boxes, None
    yield "box+mask", None, boxes, mask


def record_vit_b(samples, sam):
    name = "discs300x200"
    picture, box, click = pictures()[name]
    height, width = picture.shape[:2]
    resizer = ResizeLongestSide(1024)
    resized = resizer.apply_image(picture)
    box1024 = resizer.apply_boxes(np.array([box]), (height, width))[0].astype(np.float32).tolist()
    click1024 = resizer.apply_coords(np.array([click]), (height, width))[0].astype(np.float32).tolist()
    taps = tapped(sam.image_encoder, (0, 2, 11))
    embedding = sam.image_encoder(sam.preprocess(torch.from_numpy(resized).permute(2, 0, 1)[None].float()))
    entry = {"picture": name, "original": [height, width], "resized": list(resized.shape[:2]), "box": box1024, "point": click1024,
             "encoder": {tap: samples.record(value, TAP_SAMPLES) for tap, value in taps.items()},
             "embedding": samples.record(embedding, FULL_SAMPLES),
             "dense_pe": samples.record(sam.prompt_encoder.get_dense_pe(), TAP_SAMPLES), "prompts": []}
    for kind, points, boxes, masks in prompt_sets(box1024, click1024):
        sparse, dense = sam.prompt_encoder(points=points, boxes=boxes, masks=masks)
        logits, iou = sam.mask_decoder.predict_masks(embedding, sam.prompt_encoder.get_dense_pe(), sparse, dense)
        full = sam.postprocess_masks(logits[:, :1], resized.shape[:2], (height, width))
        squeezed = torch.nn.functional.interpolate(torch.sigmoid(logits[:, :1]), size=(height, width), mode="bilinear",
                                                   align_corners=False)
        entry["prompts"].append({
            "kind": kind, "sparse": samples.record(sparse, TAP_SAMPLES), "dense": samples.record(dense, TAP_SAMPLES),
            "logits": samples.record(logits, FULL_SAMPLES), "iou": [float(value) for value in iou[0]],
            "full": samples.record(full, TAP_SAMPLES), "mask_pixels": int((full > 0).sum()),
            "undecided_pixels": int((full.abs() < 1e-3).sum()),
            "medsam_full": samples.record(squeezed, TAP_SAMPLES), "medsam_mask_pixels": int((squeezed > 0.5).sum()),
            "medsam_undecided_pixels": int(((squeezed - 0.5).abs() < 2.5e-4).sum())})
        print(kind, entry["prompts"][-1]["iou"], entry["prompts"][-1]["mask_pixels"], float(logits.min()), float(logits.max()))
    return entry


def tensor_lines():
    """NAME SHAPE, the numbers of blocks that share a line as {first,second,…}."""
    for variant, build in {"vit_b": build_sam_vit_b, "vit_l": build_sam_vit_l, "vit_h": build_sam_vit_h}.items():
        with torch.device("meta"):
            state = build().state_dict()
        yield f"[{variant}]"
        grouped = {}
        for name, value in state.items():
            parts = re.fullmatch(r"(image_encoder\.blocks\.)(\d+)(\..*)", name)
            key = (parts[1] + "*" + parts[3] if parts else name, "x".join(map(str, value.shape)))
            grouped.setdefault(key, []).append(parts[2] if parts else "")
        for (name, shape), blocks in grouped.items():
            yield name.replace("*", "{" + ",".join(blocks) + "}") + " " + shape


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--out", required=True, type=pathlib.Path)
    options = arguments.parse_args()
    torch.set_grad_enabled(False)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "tensors.txt").write_text("\n".join(tensor_lines()) + "\n")

    samples = shared.Samples()
    index = {"seed": shared.SEED, "torch": torch.__version__}
    index["small"] = record_small(samples, False)
    index["small_interpolated"] = record_small(samples, True)
    sam = fill(build_sam_vit_b())
    index["pictures"] = record_preprocessing(samples, sam)
    index["vit_b"] = record_vit_b(samples, sam)
    index["values"] = samples.count
    (options.out / "reference.bin").write_bytes(np.concatenate(samples.values).tobytes())
    (options.out / "reference.json").write_text(json.dumps(index, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
