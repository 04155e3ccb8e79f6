#pragma once

#include "inference/icmoe/PictureFeatures.h"
#include "inference/runtime/DiskCache.h"
#include "inference/sam/Preprocess.h"
#include "inference/training/TrainingPicture.h"

#include <functional>
#include <list>
#include <memory>
#include <unordered_map>

namespace icmoe::training {

/// One thing to segment.
struct TrainingObject {
    int classIndex = 0; ///< of ViewLibrary::classes()
    SliceMask truth;    ///< on the picture's own grid
    int value = 0;      ///< of the label; several objects of one value are its connected parts
};

/// A picture whose features are in the cache.
struct View {
    std::string name;
    std::string picture; ///< as PictureRecipe::picture
    std::string set;
    NetworkGrid grid;
    std::vector<TrainingObject> objects;
    std::string key;
};

/// A picture as the experts see it.
struct EncodedPicture {
    NetworkGrid grid;
    PictureFeatures features;
};
using EncodePicture = std::function<Result<EncodedPicture>(const SliceImage&)>;

/// Called with what is done and what there is to do.
using ViewProgress = std::function<void(std::size_t done, std::size_t total)>;

/// Pictures to train on, encoded once (engine.md 2.6, phase 0): features and objects on disk, in a bounded folder of
/// its own (mode 0700), with a memory cache before it. One thread.
class ViewLibrary {
public:
    /// `cacheKey`: whatever changes the features (weights, precision, projections). The memory cache lies on `device`.
    ViewLibrary(std::unique_ptr<DiskCache> disk, std::size_t memoryBytes, std::string cacheKey,
                at::Device device = at::kCPU);

    /// Makes and encodes what the cache does not hold yet; pictures without an object are left out. Goes on where an
    /// earlier run stopped. Errors of the recipes, of `encode`, of the disk; cancelled.
    Status add(const std::vector<PictureRecipe>& recipes, const EncodePicture& encode, const ViewProgress& progress,
               std::stop_token stop);

    [[nodiscard]] const std::vector<View>& views() const { return m_views; }
    [[nodiscard]] const std::vector<std::string>& classes() const { return m_classes; }
    /// readFailed where the cache lost it: adding the recipes again makes it anew.
    [[nodiscard]] Result<PictureFeatures> features(std::size_t view);

private:
    int classIndex(const std::string& name);
    [[nodiscard]] std::string keyOf(std::string_view name, std::string_view part) const;
    [[nodiscard]] bool readObjects(const PictureRecipe& recipe, View& view);
    Status make(const PictureRecipe& recipe, const EncodePicture& encode, View& view);

    std::unique_ptr<DiskCache> m_disk;
    std::size_t m_memoryLimit;
    std::string m_cacheKey;
    at::Device m_device;
    std::vector<View> m_views;
    std::vector<std::string> m_classes;
    std::list<std::pair<std::size_t, PictureFeatures>> m_memory; ///< most recent first
    std::unordered_map<std::size_t, std::list<std::pair<std::size_t, PictureFeatures>>::iterator> m_inMemory;
};

/// Objects on a picture: connected parts of at least 60 pixels, the largest first; at most three of a value, or ten
/// where each value is an object.
struct ValueMask {
    int value = 0;
    SliceMask mask;
};
[[nodiscard]] std::vector<ValueMask> objectsOn(const TrainingPicture& picture, bool instances);

} // namespace icmoe::training
