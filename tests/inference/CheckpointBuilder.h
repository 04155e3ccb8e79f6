#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <zlib.h>

namespace icmoe::test {

/// Little-endian bytes of a number.
inline std::string little(std::uint64_t value, int width)
{
    std::string bytes;
    for (int i = 0; i < width; ++i) {
        bytes += static_cast<char>(i < 8 ? value >> (8 * i) : 0);
    }
    return bytes;
}

inline std::vector<std::byte> asBytes(std::string_view text)
{
    const auto* first = reinterpret_cast<const std::byte*>(text.data());
    return {first, first + text.size()};
}

/// What a test can bend in a zip archive.
struct ZipBend {
    bool zip64 = false;
    int method = 0;
    int flags = 0x0808;
    std::uint32_t crcXor = 0;
    std::int64_t sizeAdd = 0;   ///< to the sizes in the central directory
    std::int64_t offsetAdd = 0; ///< to the local headers' places
    std::string localName{};    ///< in place of the true one
};

/// A stored zip archive as torch.save writes it: zeros in the local headers, true numbers in the central directory.
inline std::string makeZip(const std::vector<std::pair<std::string, std::string>>& entries, const ZipBend& bend = {})
{
    std::string file;
    std::string directory;
    for (const auto& [name, content] : entries) {
        const auto offset = file.size();
        const auto& localName = bend.localName.empty() ? name : bend.localName;
        file += "PK\x03\x04" + little(0, 2) + little(0x0808, 2) + little(0, 2) + little(0, 4) + little(0, 12) +
                little(localName.size(), 2) + little(0, 2) + localName + content;
        const auto crc = ::crc32_z(0, reinterpret_cast<const Bytef*>(content.data()), content.size()) ^ bend.crcXor;
        const auto size = static_cast<std::uint64_t>(static_cast<std::int64_t>(content.size()) + bend.sizeAdd);
        const auto place = static_cast<std::uint64_t>(static_cast<std::int64_t>(offset) + bend.offsetAdd);
        const std::string extra =
            bend.zip64 ? little(1, 2) + little(24, 2) + little(size, 8) + little(size, 8) + little(place, 8) : "";
        const auto field = [&](std::uint64_t value) { return little(bend.zip64 ? 0xffffffffU : value, 4); };
        directory += "PK\x01\x02" + little(0, 4) + little(static_cast<std::uint64_t>(bend.flags), 2) +
                     little(static_cast<std::uint64_t>(bend.method), 2) + little(0, 4) + little(crc, 4) + field(size) +
                     field(size) + little(name.size(), 2) + little(extra.size(), 2) + little(0, 2) + little(0, 8) +
                     field(place) + name + extra;
    }
    const auto start = file.size();
    file += directory;
    if (bend.zip64) {
        const auto at = file.size();
        file += "PK\x06\x06" + little(44, 8) + little(0, 12) + little(entries.size(), 8) + little(entries.size(), 8) +
                little(directory.size(), 8) + little(start, 8);
        file += "PK\x06\x07" + little(0, 4) + little(at, 8) + little(1, 4);
    }
    const auto count = little(bend.zip64 ? 0xffff : entries.size(), 2);
    file += "PK\x05\x06" + little(0, 4) + count + count + little(bend.zip64 ? 0xffffffffU : directory.size(), 4) +
            little(bend.zip64 ? 0xffffffffU : start, 4) + little(0, 2);
    return file;
}

// Pieces of a protocol 2 pickle.
inline std::string pickleText(std::string_view text)
{
    return "X" + little(text.size(), 4) + std::string(text);
}
inline std::string pickleTuple(const std::vector<int>& numbers)
{
    std::string all = "(";
    for (const int number : numbers) {
        all += "J" + little(static_cast<std::uint32_t>(number), 4);
    }
    return all + "t";
}
inline const std::string kPickleDict = "ccollections\nOrderedDict\n)R";

/// What a test can bend in a tensor's description.
struct TensorBend {
    std::string storageClass = "FloatStorage";
    std::string storage = "0";
    int elements = 6;
    std::vector<int> shape{2, 3};
    std::vector<int> stride{3, 1};
    int offset = 0;
    std::string place = "cpu";
};
inline std::string pickleTensor(const TensorBend& bend = {})
{
    return "ctorch._utils\n_rebuild_tensor_v2\n((" + pickleText("storage") + "ctorch\n" + bend.storageClass + "\n" +
           pickleText(bend.storage) + pickleText(bend.place) + "J" +
           little(static_cast<std::uint32_t>(bend.elements), 4) + "tQK" +
           little(static_cast<std::uint64_t>(bend.offset), 1) + pickleTuple(bend.shape) + pickleTuple(bend.stride) +
           "\x89" + kPickleDict + "tR";
}
/// A whole pickle: OrderedDict with the given items, then `_metadata`.
inline std::string pickleStateDict(const std::vector<std::pair<std::string, std::string>>& items)
{
    std::string all = "\x80\x02" + kPickleDict + "(";
    for (const auto& [name, value] : items) {
        all += pickleText(name) + value;
    }
    return all + "u}" + pickleText("_metadata") + kPickleDict + "sb.";
}
/// A checkpoint with one tensor "layer.weight" of 2 × 3 floats.
inline std::string makeCheckpoint(const TensorBend& bend = {}, const ZipBend& zip = {}, std::size_t bytes = 24)
{
    return makeZip({{"net/data.pkl", pickleStateDict({{"layer.weight", pickleTensor(bend)}})},
                    {"net/data/0", std::string(bytes, '\x01')},
                    {"net/version", "3\n"}},
                   zip);
}

} // namespace icmoe::test
