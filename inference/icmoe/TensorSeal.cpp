#include "inference/icmoe/TensorSeal.h"

#include "core/base/Sha256.h"

#include <ATen/ATen.h>
#include <charconv>

namespace icmoe {
namespace {

constexpr const char* kFormatKey = "format";
constexpr const char* kHashKey = "sha256";

std::string hashOf(const NamedTensors& tensors, const weights::Metadata& metadata)
{
    Sha256 hash;
    for (const auto& [name, tensor] : tensors) {
        const auto halves = (tensor.is_floating_point() ? tensor.to(at::kHalf) : tensor).cpu().contiguous();
        hash.update(name + "\n");
        for (const auto side : halves.sizes()) {
            hash.update(std::to_string(side) + "\n");
        }
        hash.update({static_cast<const std::byte*>(halves.const_data_ptr()), halves.nbytes()});
    }
    for (const auto& [key, value] : metadata) {
        if (key != kHashKey) {
            hash.update(key + "\n" + value + "\n");
        }
    }
    return hash.hex();
}

} // namespace

Result<std::vector<std::byte>> sealedBytes(const SealedKind& kind, const NamedTensors& tensors,
                                           weights::Metadata metadata)
{
    metadata[kFormatKey] = std::to_string(kind.newestFormat);
    metadata[kHashKey] = hashOf(tensors, metadata);
    return tensorFileBytes(tensors, metadata, true);
}

tl::unexpected<Error> refuse(const SealedKind& kind, ErrorCode code, const std::string& message, std::string hint)
{
    return fail(code, kind.name + " " + message, {}, std::move(hint));
}

Result<std::string> stated(const SealedKind& kind, const TensorFile& file, const std::string& key)
{
    const auto found = file.metadata.find(key);
    if (found == file.metadata.end()) {
        return refuse(kind, ErrorCode::malformedFile, "does not say its " + key);
    }
    return found->second;
}

Result<int> formatOf(const SealedKind& kind, const TensorFile& file)
{
    const auto text = stated(kind, file, kFormatKey);
    if (!text) {
        return fail(text.error());
    }
    int number = 0;
    std::from_chars(text->data(), text->data() + text->size(), number);
    if (number > kind.newestFormat) {
        return refuse(kind, ErrorCode::weightsUnknown,
                      "has format " + *text + ", this program knows up to " + std::to_string(kind.newestFormat),
                      "Install a newer version of the program");
    }
    return number;
}

Status checkSeal(const SealedKind& kind, const TensorFile& file)
{
    const auto hash = stated(kind, file, kHashKey);
    if (!hash) {
        return fail(hash.error());
    }
    if (hashOf(file.tensors, file.metadata) != *hash) {
        return refuse(kind, ErrorCode::weightsCorrupt, "was changed: its values do not have the hash it names");
    }
    return {};
}

} // namespace icmoe
