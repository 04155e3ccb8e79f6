#include "core/formats/FileStart.h"

#include "core/formats/ByteStream.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>

namespace icmoe {

Result<FileStart> FileStart::read(const std::filesystem::path& path)
{
    auto stream = ByteStream::open(path, StreamEncoding::detect);
    if (!stream) {
        return fail(stream.error());
    }
    FileStart start;
    const auto got = stream->readSome(start.m_bytes);
    if (!got) {
        return fail(got.error());
    }
    start.m_size = *got;
    start.m_compressed = stream->compressed();
    return start;
}

bool FileStart::isNifti() const
{
    constexpr std::int32_t kHeaderSizes[] = {348, 540, 0x5c010000, 0x1c020000}; // the latter two swapped
    std::int32_t number = 0;
    std::memcpy(&number, m_bytes.data(), sizeof(number));
    return std::find(std::begin(kHeaderSizes), std::end(kHeaderSizes), number) != std::end(kHeaderSizes);
}

} // namespace icmoe
