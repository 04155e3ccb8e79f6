#include "inference/icmoe/LocalExpert.h"

#include "core/base/AtomicFile.h"
#include "inference/icmoe/TensorSeal.h"

#include <ATen/ATen.h>
#include <cctype>
#include <charconv>
#include <cmath>
#include <stdexcept>

namespace icmoe {
namespace {

const SealedKind kKind{"the local expert", LocalExpert::kFormat};
constexpr const char* kBiasName = "vote.bias";
constexpr const char* kExpertPrefix = "expert.";
constexpr const char* kHint = "Remove the file; the label's masks teach a new one";

/// Metadata is printable ASCII; a label is any text.
std::string inAscii(const std::string& label)
{
    constexpr const char* kDigits = "0123456789abcdef";
    std::string text;
    for (const char c : label) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) != 0 && byte < 128) {
            text += c;
        } else {
            text += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
        }
    }
    return text;
}

/// Empty where it is no such text.
std::string labelIn(const std::string& ascii)
{
    std::string label;
    for (std::size_t n = 0; n < ascii.size(); ++n) {
        if (ascii[n] != '%') {
            label += ascii[n];
            continue;
        }
        unsigned value = 0;
        const auto* begin = ascii.data() + n + 1;
        if (n + 2 >= ascii.size() || std::from_chars(begin, begin + 2, value, 16).ptr != begin + 2) {
            return {};
        }
        label += static_cast<char>(value);
        n += 2;
    }
    return label;
}

Status checkOrigin(const TensorFile& file, const std::string& packSha256)
{
    if (const auto format = formatOf(kKind, file); !format) {
        return fail(format.error());
    }
    if (auto sound = checkSeal(kKind, file); !sound) {
        return sound;
    }
    const auto pack = stated(kKind, file, "pack_sha256");
    if (!pack) {
        return fail(pack.error());
    }
    if (*pack != packSha256) {
        return refuse(kKind, ErrorCode::weightsUnknown,
                      "learned beside another pack (SHA-256 " + pack->substr(0, 12) + "…)",
                      "Use it with that pack, or let the label's masks teach a new one");
    }
    return {};
}

Status checkParameters(const ExpertParameters& parameters)
{
    const auto rank = parameters.get("transformer.layers.0.mlp.lin1.a").size(1);
    if (parameters.count() != 1 || rank != LocalExpert::kRank) {
        return refuse(kKind, ErrorCode::malformedFile,
                      "holds " + std::to_string(parameters.count()) + " experts of rank " + std::to_string(rank),
                      kHint);
    }
    return {};
}

} // namespace

Result<std::vector<std::byte>> LocalExpert::toBytes() const
{
    NamedTensors all{{kBiasName, at::full({1}, static_cast<float>(voteBias))}};
    addUnder(all, kExpertPrefix, parameters.tensors());
    return sealedBytes(kKind, all, {{"pack_sha256", packSha256}, {"label", inAscii(label)}});
}

Result<LocalExpert> LocalExpert::fromBytes(std::span<const std::byte> bytes, const std::string& packSha256)
{
    auto file = tensorFileFrom(bytes);
    if (!file) {
        return fail(file.error());
    }
    if (auto sound = checkOrigin(*file, packSha256); !sound) {
        return fail(sound.error());
    }
    const auto label = stated(kKind, *file, "label");
    if (!label) {
        return fail(label.error());
    }
    LocalExpert expert;
    expert.packSha256 = packSha256;
    expert.sha256 = file->sha256;
    expert.label = labelIn(*label);
    const auto bias = file->tensors.find(kBiasName);
    if (expert.label.empty() || bias == file->tensors.end() || bias->second.numel() != 1) {
        return refuse(kKind, ErrorCode::malformedFile, "lacks its label or its vote's bias", kHint);
    }
    expert.voteBias = bias->second.item<double>();
    file->tensors.erase(bias);
    try {
        expert.parameters = ExpertParameters(takenUnder(file->tensors, kExpertPrefix));
    } catch (const std::invalid_argument& error) {
        return refuse(kKind, ErrorCode::malformedFile, std::string("is not complete: ") + error.what(), kHint);
    }
    if (!file->tensors.empty()) {
        return refuse(kKind, ErrorCode::malformedFile, "holds an unknown tensor " + file->tensors.begin()->first,
                      kHint);
    }
    if (auto sound = checkParameters(expert.parameters); !sound) {
        return fail(sound.error());
    }
    return expert;
}

Result<LocalExpert> LocalExpert::read(const std::filesystem::path& file, const std::string& packSha256)
{
    const auto bytes = readWholeFile(file, kLargestFile);
    if (!bytes) {
        return fail(bytes.error());
    }
    auto expert = fromBytes(*bytes, packSha256);
    if (!expert) {
        Error error = expert.error();
        error.where = file.string();
        return fail(std::move(error));
    }
    return expert;
}

} // namespace icmoe
