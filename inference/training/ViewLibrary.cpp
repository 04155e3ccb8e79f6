#include "inference/training/ViewLibrary.h"

#include "core/base/Sha256.h"
#include "core/mask/Metrics.h"

#include <ATen/core/Tensor.h>
#include <algorithm>
#include <cstring>
#include <map>

namespace icmoe::training {
namespace {

constexpr std::size_t kLeastArea = 60;
constexpr std::size_t kMostOfValue = 3;
constexpr std::size_t kMostInstances = 10;
constexpr std::uint32_t kLargestSide = 65535;

/// Numbers to bytes and back, little-endian as every machine the program runs on.
std::vector<std::byte> bytesOf(const std::vector<std::uint32_t>& numbers)
{
    const auto view = std::as_bytes(std::span(numbers));
    return {view.begin(), view.end()};
}

class Numbers {
public:
    explicit Numbers(const std::vector<std::byte>& bytes)
        : m_numbers(bytes.size() / 4)
    {
        std::memcpy(m_numbers.data(), bytes.data(), m_numbers.size() * 4);
    }
    /// 0 beyond the end.
    std::uint32_t next() { return m_at < m_numbers.size() ? m_numbers[m_at++] : 0; }
    [[nodiscard]] std::size_t left() const { return m_numbers.size() - m_at; }

private:
    std::vector<std::uint32_t> m_numbers;
    std::size_t m_at = 0;
};

} // namespace

std::vector<ValueMask> objectsOn(const TrainingPicture& picture, bool instances)
{
    std::map<int, std::vector<std::uint8_t>> bitmaps;
    for (std::size_t n = 0; n < picture.values.size(); ++n) {
        if (picture.values[n] > 0) {
            bitmaps.try_emplace(picture.values[n], picture.values.size(), std::uint8_t{0}).first->second[n] = 1;
        }
    }
    std::vector<ValueMask> objects;
    for (const auto& [value, bitmap] : bitmaps) {
        auto parts = connectedComponents(SliceMask::fromBitmap(bitmap, picture.image.width, picture.image.height));
        std::erase_if(parts, [](const SliceMask& part) { return part.area() < kLeastArea; });
        parts.resize(std::min(parts.size(), instances ? 1 : kMostOfValue));
        for (auto& part : parts) {
            objects.push_back({value, std::move(part)});
        }
    }
    std::stable_sort(objects.begin(), objects.end(),
                     [](const ValueMask& a, const ValueMask& b) { return a.mask.area() > b.mask.area(); });
    if (instances && objects.size() > kMostInstances) {
        objects.resize(kMostInstances);
    }
    return objects;
}

ViewLibrary::ViewLibrary(std::unique_ptr<DiskCache> disk, std::size_t memoryBytes, std::string cacheKey,
                         at::Device device)
    : m_disk(std::move(disk))
    , m_memoryLimit(memoryBytes)
    , m_cacheKey(std::move(cacheKey))
    , m_device(device)
{
}

int ViewLibrary::classIndex(const std::string& name)
{
    const auto found = std::find(m_classes.begin(), m_classes.end(), name);
    if (found == m_classes.end()) {
        m_classes.push_back(name);
        return static_cast<int>(m_classes.size()) - 1;
    }
    return static_cast<int>(found - m_classes.begin());
}

std::string ViewLibrary::keyOf(std::string_view name, std::string_view part) const
{
    Sha256 hash;
    for (const std::string_view text : {std::string_view(m_cacheKey), name, part}) {
        hash.update(text);
        hash.update("\n");
    }
    return hash.hex();
}

bool ViewLibrary::readObjects(const PictureRecipe& recipe, View& view)
{
    const auto bytes = m_disk->get(keyOf(recipe.name, "objects"));
    if (!bytes || !m_disk->contains(view.key)) {
        return false;
    }
    Numbers numbers(*bytes);
    NetworkGrid& grid = view.grid;
    for (int* side :
         {&grid.width, &grid.height, &grid.squareWidth, &grid.squareHeight, &grid.usedWidth, &grid.usedHeight}) {
        *side = static_cast<int>(std::min(numbers.next(), kLargestSide));
    }
    const auto count = numbers.next();
    for (std::uint32_t n = 0; n < count && numbers.left() > 0; ++n) {
        const int value = static_cast<int>(numbers.next());
        std::vector<Run> runs(std::min<std::size_t>(numbers.next(), numbers.left() / 2));
        for (Run& run : runs) {
            run.begin = numbers.next();
            run.end = numbers.next();
        }
        view.objects.push_back(
            {classIndex(recipe.classOf(value)), SliceMask::fromRuns(std::move(runs), grid.width, grid.height), value});
    }
    return true;
}

Status ViewLibrary::make(const PictureRecipe& recipe, const EncodePicture& encode, View& view)
{
    const auto picture = recipe.make();
    if (!picture) {
        return fail(picture.error());
    }
    const auto encoded = encode(picture->image);
    if (!encoded) {
        return fail(encoded.error());
    }
    view.grid = encoded->grid;
    std::vector<std::uint32_t> numbers;
    for (const int side : {view.grid.width, view.grid.height, view.grid.squareWidth, view.grid.squareHeight,
                           view.grid.usedWidth, view.grid.usedHeight}) {
        numbers.push_back(static_cast<std::uint32_t>(side));
    }
    const auto objects = objectsOn(*picture, recipe.instances);
    numbers.push_back(static_cast<std::uint32_t>(objects.size()));
    for (const ValueMask& object : objects) {
        numbers.push_back(static_cast<std::uint32_t>(object.value));
        numbers.push_back(static_cast<std::uint32_t>(object.mask.runs().size()));
        for (const Run run : object.mask.runs()) {
            numbers.push_back(run.begin);
            numbers.push_back(run.end);
        }
        view.objects.push_back({classIndex(recipe.classOf(object.value)), object.mask, object.value});
    }
    if (auto put = m_disk->put(view.key, encoded->features.toBytes()); !put) {
        return put;
    }
    return m_disk->put(keyOf(recipe.name, "objects"), bytesOf(numbers));
}

Status ViewLibrary::add(const std::vector<PictureRecipe>& recipes, const EncodePicture& encode,
                        const ViewProgress& progress, std::stop_token stop)
{
    std::size_t done = 0;
    for (const PictureRecipe& recipe : recipes) {
        if (stop.stop_requested()) {
            return fail(ErrorCode::cancelled, "interrupted");
        }
        if (recipe.picture.empty()) { // parts are made of whole pictures
            return fail(ErrorCode::internal, "a view does not say its picture", recipe.name);
        }
        View view;
        view.name = recipe.name;
        view.picture = recipe.picture;
        view.set = recipe.set;
        view.key = keyOf(recipe.name, "features");
        if (!readObjects(recipe, view)) {
            view.objects.clear();
            if (auto made = make(recipe, encode, view); !made) {
                return made;
            }
        }
        if (!view.objects.empty()) {
            m_views.push_back(std::move(view));
        }
        progress(++done, recipes.size());
    }
    return {};
}

Result<PictureFeatures> ViewLibrary::features(std::size_t view)
{
    if (const auto found = m_inMemory.find(view); found != m_inMemory.end()) {
        m_memory.splice(m_memory.begin(), m_memory, found->second);
        return found->second->second;
    }
    const auto bytes = m_disk->get(m_views.at(view).key);
    if (!bytes) {
        return fail(ErrorCode::readFailed, "the cache of features lost a picture", m_views[view].name,
                    "Start the training again: it is made anew");
    }
    auto features = PictureFeatures::fromBytes(*bytes);
    if (!features) {
        return features;
    }
    *features = features->on(m_device);
    m_memory.emplace_front(view, *features);
    m_inMemory[view] = m_memory.begin();
    while (m_memory.size() > 1 && m_memory.size() * PictureFeatures::byteSize() > m_memoryLimit) {
        m_inMemory.erase(m_memory.back().first);
        m_memory.pop_back();
    }
    return features;
}

} // namespace icmoe::training
