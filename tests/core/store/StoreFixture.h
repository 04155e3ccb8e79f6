#pragma once

#include "core/store/AnnotationStore.h"
#include "tests/support/TestSupport.h"

#include <gtest/gtest.h>

namespace icmoe::test {

inline constexpr Size3 kSize{48, 40, 12};

/// A series of kSize voxels with DICOM UIDs.
[[nodiscard]] SeriesIdentity someSeries(const std::string& uid = "1.2.840.1");

/// Slice k of a label from one mask to another.
[[nodiscard]] SegmentationPatch patchOf(LabelId label, int k, SliceMask mask);
[[nodiscard]] SliceMask disc(double x, double y, double radius = 5);
[[nodiscard]] SliceMask nothing();

/// A brush step on a segmentation, which it changes.
[[nodiscard]] StepRecord paintStep(Segmentation& now, LabelId label, int k, const SliceMask& mask, std::string name);
/// An accepted proposal with every field set, on the acquisition plane.
[[nodiscard]] StepRecord acceptStep(Segmentation& now, LabelId label, int k, const SliceMask& proposal,
                                    const SliceMask& accepted, std::string name);
/// The same, as a preview with a vote on it.
[[nodiscard]] StepRecord votedStep(Segmentation& now, LabelId label, int k, const SliceMask& proposal,
                                   std::string name);
/// Puts another label set in place.
[[nodiscard]] StepRecord labelStep(Segmentation& now, LabelSet labels, std::string name);

/// Every field that is stored.
void expectSame(const StepRecord& stored, const StepRecord& given);

/// A store that must open.
[[nodiscard]] std::unique_ptr<AnnotationStore> openStore(const std::filesystem::path& file,
                                                         const AnnotationStore::Options& options = {});

/// Runs SQL on a closed database, as another program would; returns the first column of the first row.
std::string tamper(const std::filesystem::path& file, const std::string& sql);

/// The value of a Result, or a failed test.
template<typename T>
T valueOf(Result<T> result)
{
    if (!result) {
        throw std::runtime_error(result.error().oneLine());
    }
    return std::move(*result);
}

} // namespace icmoe::test
