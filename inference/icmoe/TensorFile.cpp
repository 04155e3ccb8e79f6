#include "inference/icmoe/TensorFile.h"

#include "core/base/AtomicFile.h"
#include "core/base/Sha256.h"

#include <ATen/ATen.h>
#include <cstring>
#include <numeric>

namespace icmoe {
namespace {

using weights::ElementType;

at::Tensor tensorOf(const weights::TensorEntry& entry)
{
    const auto type = entry.type == ElementType::f16   ? at::kHalf
                      : entry.type == ElementType::f32 ? at::kFloat
                                                       : at::kLong;
    auto tensor = at::empty(entry.shape, type);
    if (!entry.bytes.empty()) {
        std::memcpy(tensor.data_ptr(), entry.bytes.data(), entry.bytes.size());
    }
    return type == at::kHalf ? tensor.to(at::kFloat) : tensor;
}

} // namespace

std::int64_t values(const NamedTensors& tensors)
{
    return std::accumulate(tensors.begin(), tensors.end(), std::int64_t{0},
                           [](std::int64_t sum, const auto& one) { return sum + one.second.numel(); });
}

NamedTensors on(at::Device device, const NamedTensors& tensors)
{
    NamedTensors moved;
    for (const auto& [name, tensor] : tensors) {
        moved.emplace(name, tensor.to(device));
    }
    return moved;
}

void addUnder(NamedTensors& all, const std::string& prefix, const NamedTensors& part)
{
    for (const auto& [name, tensor] : part) {
        all.emplace(prefix + name, tensor);
    }
}

NamedTensors takenUnder(NamedTensors& all, const std::string& prefix)
{
    NamedTensors part;
    for (auto it = all.lower_bound(prefix); it != all.end() && it->first.starts_with(prefix); it = all.erase(it)) {
        part.emplace(it->first.substr(prefix.size()), it->second);
    }
    return part;
}

Result<std::vector<std::byte>> tensorFileBytes(const NamedTensors& tensors, const weights::Metadata& metadata,
                                               bool halves)
{
    NamedTensors kept; // the table below points into them
    weights::TensorTable table;
    for (const auto& [name, tensor] : tensors) {
        const bool isFloat = tensor.is_floating_point();
        auto plain = tensor.detach().cpu().contiguous();
        plain = isFloat ? plain.to(halves ? at::kHalf : at::kFloat) : plain.to(at::kLong);
        const auto type = !isFloat ? ElementType::i64 : halves ? ElementType::f16 : ElementType::f32;
        table.push_back(
            {name, type, plain.sizes().vec(), {static_cast<const std::byte*>(plain.const_data_ptr()), plain.nbytes()}});
        kept.emplace(name, std::move(plain));
    }
    return weights::writeSafetensors(table, metadata);
}

Status writeTensorFile(const std::filesystem::path& path, const NamedTensors& tensors,
                       const weights::Metadata& metadata, bool halves)
{
    const auto bytes = tensorFileBytes(tensors, metadata, halves);
    if (!bytes) {
        return fail(bytes.error());
    }
    return writeFileAtomically(path, *bytes, {.replace = true});
}

Result<TensorFile> tensorFileFrom(std::span<const std::byte> bytes)
{
    const auto table = weights::readSafetensors(bytes);
    if (!table) {
        return fail(table.error());
    }
    auto metadata = weights::readSafetensorsMetadata(bytes);
    if (!metadata) {
        return fail(metadata.error());
    }
    TensorFile file;
    for (const auto& entry : *table) {
        file.tensors.emplace(entry.name, tensorOf(entry));
    }
    file.metadata = std::move(*metadata);
    file.sha256 = sha256(bytes);
    return file;
}

Result<TensorFile> readTensorFile(const std::filesystem::path& path, std::size_t limit)
{
    const auto bytes = readWholeFile(path, limit);
    if (!bytes) {
        return fail(bytes.error());
    }
    auto file = tensorFileFrom(*bytes);
    if (!file) {
        Error error = file.error();
        error.where = path.string() + (error.where.empty() ? "" : ": " + error.where);
        return fail(std::move(error));
    }
    return file;
}

} // namespace icmoe
