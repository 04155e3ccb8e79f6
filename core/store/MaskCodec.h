#pragma once

#include "core/base/Result.h"
#include "core/mask/Segmentation.h"
#include "core/mask/SliceMask.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace icmoe {

/// Masks as bytes, as the database keeps them: varint distances of runs per slice, zstd around them where that is
/// shorter. Decoding is bounded: it never allocates more than what the runs that were read so far need, and only masks
/// that the encoder could have written are accepted.
///
/// Layout: one byte 0 (plain) or 1 (a zstd frame), then the payload. A mask's payload is width, height, number of runs,
/// and for each run its distance from the end of the run before (less one but for the first: runs never touch) and its
/// length less one. A patch's payload is the number of labels, and for each its id, its number of slices, and for each
/// the slice's distance from the one before (as for runs) and its mask. All numbers are LEB128 of at most 32 bits.
///
/// Errors of encoding: limitExceeded (over 65,535 pixels a side, over kMaximalRuns). Errors of decoding: truncatedFile,
/// malformedFile, limitExceeded.
[[nodiscard]] Result<std::vector<std::byte>> encodeMask(const SliceMask& mask);
[[nodiscard]] Result<SliceMask> decodeMask(std::span<const std::byte> bytes);

[[nodiscard]] Result<std::vector<std::byte>> encodePatch(const SegmentationPatch& patch);
[[nodiscard]] Result<SegmentationPatch> decodePatch(std::span<const std::byte> bytes);

/// A byte for each pixel (a vote's map of disagreement), behind the same method byte. Decoding gives `size` bytes or an
/// error, and allocates no more than what was read.
[[nodiscard]] std::vector<std::byte> encodeMap(std::span<const std::uint8_t> map);
[[nodiscard]] Result<std::vector<std::uint8_t>> decodeMap(std::span<const std::byte> bytes, std::size_t size);

/// The most runs that one blob may hold: 128 MiB in memory, a whole-body segmentation has some millions.
inline constexpr std::size_t kMaximalRuns = std::size_t{1} << 24U;
/// The most slices (of all labels) that a patch may hold.
inline constexpr std::size_t kMaximalPatchSlices = std::size_t{1} << 20U;

} // namespace icmoe
