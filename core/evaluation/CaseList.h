#pragma once

#include "core/base/Result.h"
#include "core/engine/Prompt.h"
#include "core/image/SliceImage.h"
#include "core/mask/SliceMask.h"

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace icmoe::evaluation {

/// A folder with `images` and `labels`; its name is its folder's, above `train` and `val`. Or, for pictures with real
/// scribbles, a folder of cases with `image.png`, `label.png` and `scribble_K.png`, and a table `cases.csv`, of which
/// the cases of one source are a set ("medscribble/ACDC").
struct SetFolder {
    std::string name;
    std::filesystem::path path;
    std::string source; ///< of the table; empty for a folder with images and labels
};

/// One object on one picture (engine.md section 4): the largest 8-connected component of a label value.
struct Case {
    std::filesystem::path picture;
    int slice = -1; ///< of a volume's coronal plane; -1: the picture itself
    int value = 0;
    SliceMask truth;
    std::vector<std::filesystem::path> scribbles; ///< of several annotators: 1 on the object, 2 on the background
    /// Cases of one picture are resampled together.
    [[nodiscard]] std::string pictureName() const;
};

/// A picture (or a volume's coronal slice) with a label value for each of its pixels.
struct LabelledPicture {
    std::filesystem::path picture;
    int slice = -1; ///< as Case::slice
    int width = 0;
    int height = 0;
    std::vector<int> values; ///< height × width; 0: background
};

/// Sets in the given folders and below them, by name. notFound, emptyInput where there is none.
[[nodiscard]] Result<std::vector<SetFolder>> findSets(const std::vector<std::filesystem::path>& folders);

/// The fixed list of at most 60 cases of a set, in the protocol's order. Errors of reading; cancelled; notFound where a
/// picture has no label.
[[nodiscard]] Result<std::vector<Case>> listCases(const SetFolder& set, const std::stop_token& stop);

/// An annotator's strokes on a case: one prompt a stroke. malformedFile, geometryMismatch, emptyInput; errors of
/// reading.
[[nodiscard]] Result<std::vector<ScribblePrompt>> readScribbles(const std::filesystem::path& file, int width,
                                                                int height);

/// Every labelled picture of a set, in the order of its files. Of a volume: the coronal slice with most label pixels,
/// then those that lie `offsets` from it. Errors of reading; cancelled; notFound where a picture has no label.
[[nodiscard]] Result<std::vector<LabelledPicture>> listPictures(const SetFolder& set, const std::vector<int>& offsets,
                                                                const std::stop_token& stop);
/// Are the values of a set objects of one kind, each with a value of its own?
[[nodiscard]] bool isInstanceSet(const SetFolder& set);

/// The picture of a case as the engine sees it.
[[nodiscard]] Result<std::shared_ptr<const SliceImage>> loadPicture(const Case& one);
[[nodiscard]] Result<std::shared_ptr<const SliceImage>> loadPicture(const LabelledPicture& one);

/// Cases on one labelled picture: `values` is height × width. Components under 100 pixels are no cases; at most 6, or 3
/// where each value is an object of its own.
[[nodiscard]] std::vector<Case> casesOn(const std::vector<int>& values, int width, int height, bool instances);

constexpr std::size_t kMostCases = 60;
/// Indices of the cases that are kept: all, or floor(i · (n − 1) / (most − 1)) for i = 0 … most − 1.
[[nodiscard]] std::vector<std::size_t> chosenIndices(std::size_t count, std::size_t most = kMostCases);
/// The cases at those indices.
[[nodiscard]] std::vector<Case> spread(std::vector<Case> cases, std::size_t most);

} // namespace icmoe::evaluation
