#pragma once

#include "CheckpointBuilder.h"
#include "tests/support/NamedWeights.h"

#include <filesystem>
#include <fstream>
#include <span>

namespace icmoe::test {

/// A stored zip archive written entry by entry, for checkpoints of hundreds of megabytes.
class ZipStream {
public:
    explicit ZipStream(const std::filesystem::path& path)
        : m_file(path, std::ios::binary)
    {
    }
    void add(const std::string& name, std::span<const std::byte> content)
    {
        const auto* bytes = reinterpret_cast<const char*>(content.data());
        const auto crc = ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes), content.size());
        m_directory += "PK\x01\x02" + little(0, 4) + little(0x0808, 2) + little(0, 2) + little(0, 4) + little(crc, 4) +
                       little(content.size(), 4) + little(content.size(), 4) + little(name.size(), 2) + little(0, 4) +
                       little(0, 8) + little(m_at, 4) + name;
        write("PK\x03\x04" + little(0, 2) + little(0x0808, 2) + little(0, 2) + little(0, 4) + little(0, 12) +
              little(name.size(), 2) + little(0, 2) + name);
        m_file.write(bytes, static_cast<std::streamsize>(content.size()));
        m_at += content.size();
        ++m_count;
    }
    void finish()
    {
        const auto size = m_directory.size();
        const auto start = m_at;
        write(m_directory);
        write("PK\x05\x06" + little(0, 4) + little(m_count, 2) + little(m_count, 2) + little(size, 4) +
              little(start, 4) + little(0, 2));
        m_file.close();
    }

private:
    void write(const std::string& text)
    {
        m_file.write(text.data(), static_cast<std::streamsize>(text.size()));
        m_at += text.size();
    }
    std::ofstream m_file;
    std::string m_directory;
    std::uint64_t m_at = 0;
    std::uint64_t m_count = 0;
};

/// A checkpoint of segment-anything with made-up weights, as torch.save writes it from a network on `place`.
inline void writeSamCheckpoint(const std::filesystem::path& path, const weights::VitShape& shape,
                               const std::string& place = "cpu")
{
    const auto tensors = weights::expectedSamTensors(shape);
    std::vector<std::pair<std::string, std::string>> items;
    for (const auto& tensor : tensors) {
        TensorBend described;
        described.storage = std::to_string(items.size());
        described.place = place;
        described.shape = {tensor.shape.begin(), tensor.shape.end()};
        described.stride.assign(described.shape.size(), 1);
        described.elements = 1;
        for (std::size_t n = described.shape.size(); n-- > 0;) {
            described.stride[n] = described.elements;
            described.elements *= described.shape[n];
        }
        items.emplace_back(tensor.name, pickleTensor(described));
    }
    ZipStream zip(path);
    const auto pickle = pickleStateDict(items);
    zip.add("sam/data.pkl", std::as_bytes(std::span(pickle)));
    for (std::size_t n = 0; n < tensors.size(); ++n) {
        const auto values = namedWeight(tensors[n].name, tensors[n].shape);
        zip.add("sam/data/" + std::to_string(n), std::as_bytes(std::span(values)));
    }
    zip.add("sam/version", asBytes("3\n"));
    zip.finish();
}

} // namespace icmoe::test
