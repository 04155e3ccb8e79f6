#pragma once

#include "core/export/Export.h"

#include <string>
#include <vector>

namespace icmoe {

/// Gives an imported label its name: the caller's, else its own, else "Label 3"; made unique, with a notice.
void nameLabel(Label& label, const ImportOptions& options, ImportedMasks& into);

/// Labels in layers without overlap: most segmentations need one, overlapping labels get further ones. Ids ascend.
[[nodiscard]] std::vector<std::vector<LabelId>> layersWithoutOverlap(const Segmentation& segmentation);

/// Labels as JSON text `{"icmoe":{"version":1,"labels":[…]}}`: id, name, colour, codes. What NIfTI files carry as a
/// comment extension and PNG files as an iTXt entry "icmoe".
[[nodiscard]] std::string labelsToJson(const LabelSet& labels);
/// Empty where the text is none of ours.
[[nodiscard]] std::vector<Label> labelsFromJson(const std::string& text);

} // namespace icmoe
