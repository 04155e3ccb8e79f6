#pragma once

#include "core/base/Result.h"
#include "core/image/Geometry.h"
#include "core/study/Study.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <memory>
#include <string>
#include <vector>

// DCMTK in the header: for .cpp files of core/export only.
namespace icmoe {

/// The stored picture that a slice comes from.
struct SourceFrame {
    std::string sopClassUid;
    std::string sopInstanceUid;
    int frameNumber = 0; ///< 1-based in a multi-frame instance, 0 in a single-frame one
};

/// What a segmentation object takes over from its source.
struct SegSource {
    std::unique_ptr<DcmDataset> attributes; ///< of the first file, texts in UTF-8, without pixels
    std::vector<SourceFrame> frames;        ///< one for each slice of the geometry
    std::string studyUid;
    std::string seriesUid;
    std::string frameOfReferenceUid; ///< empty where the source is not placed in the patient
};

/// Reads the first file's attributes. A source without study, series or frame of reference UID gets one made from its
/// instance UIDs, so that repeated exports agree; a source that is not placed in the patient has no frame of reference.
/// sourceNotDicom, missingAttribute (an instance without UID), invalidArgument (instances do not match the slices),
/// notFound, unknownFormat, malformedFile.
[[nodiscard]] Result<SegSource> readSegSource(const Series& series, const Geometry& geometry);

/// Text of an attribute, "" where missing; surrounding spaces removed.
[[nodiscard]] std::string textOf(DcmItem& item, const DcmTagKey& tag);

} // namespace icmoe
