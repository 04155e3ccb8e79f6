#include "inference/weights/Checkpoint.h"

#include "inference/weights/ZipArchive.h"

#include <string_view>

namespace icmoe::weights {
namespace {

constexpr std::string_view kPickleName = "/data.pkl";

/// The archive's root folder, "NAME/": the one that holds data.pkl.
Result<std::string> rootFolder(const ZipArchive& archive)
{
    std::string root;
    for (const auto& name : archive.names()) {
        if (name.ends_with(kPickleName)) {
            if (!root.empty()) {
                return fail(ErrorCode::malformedFile, "the checkpoint has two pickles", name,
                            "Give the published checkpoint");
            }
            root = name.substr(0, name.size() - kPickleName.size() + 1);
        }
    }
    if (root.empty()) {
        return fail(ErrorCode::unknownFormat, "the zip archive is no checkpoint: it has no data.pkl", {},
                    "Give a checkpoint written by torch.save");
    }
    return root;
}

bool isLittleEndian(const ZipArchive& archive, const std::string& root)
{
    if (!archive.contains(root + "byteorder")) {
        return true; // written before that entry existed
    }
    const auto order = archive.read(root + "byteorder");
    return order && std::string_view(reinterpret_cast<const char*>(order->data()), order->size()) == "little";
}

} // namespace

Result<TensorTable> readCheckpoint(std::span<const std::byte> file, WriterDevice device)
{
    const auto archive = ZipArchive::open(file);
    if (!archive) {
        return fail(archive.error());
    }
    const auto root = rootFolder(*archive);
    if (!root) {
        return fail(root.error());
    }
    if (!isLittleEndian(*archive, *root)) {
        return fail(ErrorCode::malformedFile, "the checkpoint's numbers are not little-endian", "byteorder",
                    "Give the published checkpoint");
    }
    const auto pickle = archive->read(*root + "data.pkl");
    if (!pickle) {
        return fail(pickle.error());
    }
    auto described = readStateDict(*pickle, device);
    if (!described) {
        return fail(described.error());
    }
    TensorTable tensors;
    tensors.reserve(described->size());
    for (auto& tensor : *described) {
        const auto bytes = archive->read(*root + "data/" + tensor.storage);
        if (!bytes) {
            return fail(bytes.error());
        }
        if (bytes->size() != tensor.storageElements * byteSize(tensor.type)) {
            return fail(ErrorCode::malformedFile,
                        "a tensor needs " + std::to_string(tensor.storageElements * byteSize(tensor.type)) +
                            " bytes, its entry has " + std::to_string(bytes->size()),
                        tensor.name, "Fetch the file again");
        }
        tensors.push_back({std::move(tensor.name), tensor.type, std::move(tensor.shape), *bytes});
    }
    return tensors;
}

} // namespace icmoe::weights
