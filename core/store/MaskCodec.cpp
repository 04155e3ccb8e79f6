#include "core/store/MaskCodec.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <zstd.h>

namespace icmoe {
namespace {

constexpr std::byte kPlain{0};
constexpr std::byte kCompressed{1};
constexpr int kLevel = 3;
/// 1 MiB: keeps a hostile frame from asking for a large window, and masks gain nothing from a larger one.
constexpr int kWindowLog = 20;
constexpr std::uint32_t kMaximalSide = 65535;

using Encoder = std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)>;
using Decoder = std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)>;

// ---- writing

void putNumber(std::vector<std::byte>& out, std::uint32_t value)
{
    while (value >= 0x80U) {
        out.push_back(static_cast<std::byte>(value | 0x80U));
        value >>= 7U;
    }
    out.push_back(static_cast<std::byte>(value));
}

void putMask(std::vector<std::byte>& out, const SliceMask& mask)
{
    putNumber(out, static_cast<std::uint32_t>(mask.width()));
    putNumber(out, static_cast<std::uint32_t>(mask.height()));
    putNumber(out, static_cast<std::uint32_t>(mask.runs().size()));
    std::uint32_t free = 0; // the first pixel where the next run may begin
    for (const Run run : mask.runs()) {
        putNumber(out, run.begin - free);
        putNumber(out, run.end - run.begin - 1);
        free = run.end + 1;
    }
}

Status checkMask(const SliceMask& mask)
{
    if (static_cast<std::uint32_t>(mask.width()) > kMaximalSide ||
        static_cast<std::uint32_t>(mask.height()) > kMaximalSide) {
        return fail(ErrorCode::limitExceeded,
                    "a mask of " + std::to_string(mask.width()) + " × " + std::to_string(mask.height()) +
                        " pixels cannot be stored",
                    {}, "At most 65535 pixels a side");
    }
    if (mask.runs().size() > kMaximalRuns) {
        return fail(ErrorCode::limitExceeded,
                    "a mask of " + std::to_string(mask.runs().size()) + " runs cannot be stored", {},
                    "Smooth the mask, it looks like noise");
    }
    return {};
}

/// The payload behind its method byte, compressed where that is shorter.
std::vector<std::byte> wrapped(const std::vector<std::byte>& payload)
{
    std::vector<std::byte> bytes(1 + ZSTD_compressBound(payload.size()));
    const Encoder encoder(ZSTD_createCCtx(), &ZSTD_freeCCtx);
    ZSTD_CCtx_setParameter(encoder.get(), ZSTD_c_compressionLevel, kLevel);
    ZSTD_CCtx_setParameter(encoder.get(), ZSTD_c_windowLog, kWindowLog);
    const std::size_t size =
        ZSTD_compress2(encoder.get(), bytes.data() + 1, bytes.size() - 1, payload.data(), payload.size());
    if (ZSTD_isError(size) == 0 && size < payload.size()) {
        bytes.front() = kCompressed;
        bytes.resize(1 + size);
        bytes.shrink_to_fit();
        return bytes;
    }
    bytes.assign(1, kPlain);
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    return bytes;
}

// ---- reading

Error malformed(const char* what)
{
    return {ErrorCode::malformedFile, std::string("a stored mask is damaged: ") + what, {}, "Restore a copy"};
}

Error truncated()
{
    return {ErrorCode::truncatedFile, "a stored mask ends too early", {}, "Restore a copy"};
}

Error tooLarge(const char* what)
{
    return {ErrorCode::limitExceeded,
            std::string("a stored mask is larger than any sound one: ") + what,
            {},
            "Restore a copy"};
}

/// Payload bytes one after the other, decompressed through a small buffer. After the first error every read fails.
class Reader {
public:
    explicit Reader(std::span<const std::byte> bytes)
    {
        if (bytes.empty()) {
            m_error = truncated();
            return;
        }
        m_rest = bytes.subspan(1);
        if (bytes.front() == kCompressed) {
            m_decoder = Decoder(ZSTD_createDCtx(), &ZSTD_freeDCtx);
            ZSTD_DCtx_setParameter(m_decoder.get(), ZSTD_d_windowLogMax, kWindowLog);
        } else if (bytes.front() == kPlain) {
            m_window = m_rest;
            m_rest = {};
        } else {
            m_error = malformed("unknown method");
        }
    }

    /// A number of at most 32 bits; 0 after an error.
    std::uint32_t number()
    {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 35; shift += 7) {
            if (!fill()) {
                setError(truncated());
                return 0;
            }
            const auto byte = std::to_integer<std::uint64_t>(m_window.front());
            m_window = m_window.subspan(1);
            value |= (byte & 0x7fU) << shift;
            if ((byte & 0x80U) == 0) {
                break;
            }
            if (shift == 28) {
                value = std::numeric_limits<std::uint64_t>::max();
            }
        }
        if (value > std::numeric_limits<std::uint32_t>::max()) {
            setError(malformed("a number of more than 32 bits"));
            return 0;
        }
        return static_cast<std::uint32_t>(value);
    }

    /// Up to `count` bytes; fewer only after an error.
    std::vector<std::uint8_t> bytes(std::size_t count)
    {
        std::vector<std::uint8_t> values; // grows with what is there, not with what is expected
        while (values.size() < count && !m_error) {
            if (!fill()) {
                setError(truncated());
                break;
            }
            const std::size_t taken = std::min(count - values.size(), m_window.size());
            const auto* first = reinterpret_cast<const std::uint8_t*>(m_window.data());
            values.insert(values.end(), first, first + taken);
            m_window = m_window.subspan(taken);
        }
        return values;
    }

    /// Fails where something follows.
    void finish()
    {
        if (!m_error && fill()) {
            setError(malformed("bytes after the end"));
        } else if (!m_error && m_decoder && !m_frameDone) {
            setError(truncated());
        }
    }

    void setError(Error error)
    {
        if (!m_error) {
            m_error = std::move(error);
        }
        m_window = {};
        m_rest = {};
    }
    [[nodiscard]] const std::optional<Error>& error() const { return m_error; }

private:
    /// False at the end or after an error.
    bool fill()
    {
        while (!m_error && m_window.empty() && m_decoder && !m_frameDone) {
            ZSTD_inBuffer in{m_rest.data(), m_rest.size(), 0};
            ZSTD_outBuffer out{m_buffer.data(), m_buffer.size(), 0};
            const std::size_t left = ZSTD_decompressStream(m_decoder.get(), &out, &in);
            if (ZSTD_isError(left) != 0) {
                setError(malformed(ZSTD_getErrorName(left)));
                return false;
            }
            m_rest = m_rest.subspan(in.pos);
            m_window = std::span(m_buffer).first(out.pos);
            m_frameDone = left == 0;
            if (m_frameDone && !m_rest.empty()) {
                setError(malformed("bytes after the end"));
                return false;
            }
            if (!m_frameDone && out.pos == 0 && m_rest.empty()) {
                return false;
            }
        }
        return !m_error && !m_window.empty();
    }

    std::span<const std::byte> m_rest;   // not yet decompressed
    std::span<const std::byte> m_window; // decompressed, not yet read
    Decoder m_decoder{nullptr, &ZSTD_freeDCtx};
    std::array<std::byte, 16384> m_buffer{};
    bool m_frameDone = false;
    std::optional<Error> m_error;
};

/// `runsLeft` is shared by the masks of a blob. Empty mask after an error.
SliceMask readMask(Reader& reader, std::size_t& runsLeft)
{
    const std::uint32_t width = reader.number();
    const std::uint32_t height = reader.number();
    const std::uint32_t count = reader.number();
    const std::uint64_t area = std::uint64_t{width} * height;
    if (width > kMaximalSide || height > kMaximalSide) {
        reader.setError(tooLarge("more than 65535 pixels a side"));
    } else if (count > (area + 1) / 2) {
        reader.setError(malformed("more runs than pixels allow"));
    } else if (count > runsLeft) {
        reader.setError(tooLarge("too many runs"));
    }
    if (reader.error()) {
        return {};
    }
    runsLeft -= count;
    std::vector<Run> runs; // grows with what is there, not with what the header promises
    std::uint64_t free = 0;
    for (std::uint32_t i = 0; i < count && !reader.error(); ++i) {
        const std::uint64_t begin = free + reader.number();
        const std::uint64_t end = begin + reader.number() + 1;
        if (!reader.error() && end > area) {
            reader.setError(malformed("a run beyond the last pixel"));
        }
        runs.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
        free = end + 1;
    }
    if (reader.error()) {
        return {};
    }
    return SliceMask::fromRuns(std::move(runs), static_cast<int>(width), static_cast<int>(height));
}

/// The next of strictly ascending numbers that begin at `least`, all below 2³¹.
std::uint32_t readAscending(Reader& reader, std::uint64_t& least)
{
    const std::uint64_t value = least + reader.number();
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max())) {
        reader.setError(malformed("a label or slice out of range"));
        return 0;
    }
    least = value + 1;
    return static_cast<std::uint32_t>(value);
}

} // namespace

Result<std::vector<std::byte>> encodeMask(const SliceMask& mask)
{
    if (auto sound = checkMask(mask); !sound) {
        return fail(sound.error());
    }
    std::vector<std::byte> payload;
    putMask(payload, mask);
    return wrapped(payload);
}

Result<SliceMask> decodeMask(std::span<const std::byte> bytes)
{
    Reader reader(bytes);
    std::size_t runsLeft = kMaximalRuns;
    SliceMask mask = readMask(reader, runsLeft);
    reader.finish();
    if (reader.error()) {
        return fail(*reader.error());
    }
    return mask;
}

Result<std::vector<std::byte>> encodePatch(const SegmentationPatch& patch)
{
    std::vector<std::byte> payload;
    std::size_t runs = 0;
    std::size_t count = 0;
    std::uint32_t freeLabel = 0;
    putNumber(payload, static_cast<std::uint32_t>(patch.slices.size()));
    for (const auto& [label, slices] : patch.slices) {
        if (label < 0 || (!slices.empty() && slices.begin()->first < 0)) {
            return fail(ErrorCode::invalidArgument, "labels and slices cannot be negative", {}, "Count from 0");
        }
        putNumber(payload, static_cast<std::uint32_t>(label) - freeLabel);
        freeLabel = static_cast<std::uint32_t>(label) + 1;
        putNumber(payload, static_cast<std::uint32_t>(slices.size()));
        count += slices.size() + 1; // as decodePatch counts
        std::uint32_t freeSlice = 0;
        for (const auto& [k, mask] : slices) {
            if (auto sound = checkMask(mask); !sound) {
                return fail(sound.error());
            }
            putNumber(payload, static_cast<std::uint32_t>(k) - freeSlice);
            freeSlice = static_cast<std::uint32_t>(k) + 1;
            putMask(payload, mask);
            runs += mask.runs().size();
        }
    }
    if (runs > kMaximalRuns || count > kMaximalPatchSlices) {
        return fail(ErrorCode::limitExceeded,
                    "one step of " + std::to_string(runs) + " runs on " + std::to_string(count) +
                        " slices is too large to be stored",
                    {}, "Do it in parts, label by label");
    }
    return wrapped(payload);
}

Result<SegmentationPatch> decodePatch(std::span<const std::byte> bytes)
{
    Reader reader(bytes);
    SegmentationPatch patch;
    std::size_t runsLeft = kMaximalRuns;
    std::size_t slicesLeft = kMaximalPatchSlices;
    std::uint64_t leastLabel = 0;
    const std::uint32_t labels = reader.number();
    for (std::uint32_t l = 0; l < labels && !reader.error(); ++l) {
        const auto label = static_cast<LabelId>(readAscending(reader, leastLabel));
        const std::uint32_t slices = reader.number();
        if (slices >= slicesLeft || reader.error()) { // a label without slices counts as one
            reader.setError(tooLarge("too many slices"));
            break;
        }
        slicesLeft -= slices + 1;
        auto& masks = patch.slices[label];
        std::uint64_t leastSlice = 0;
        for (std::uint32_t s = 0; s < slices && !reader.error(); ++s) {
            const auto k = static_cast<int>(readAscending(reader, leastSlice));
            masks.emplace(k, readMask(reader, runsLeft));
        }
    }
    reader.finish();
    if (reader.error()) {
        return fail(*reader.error());
    }
    return patch;
}

std::vector<std::byte> encodeMap(std::span<const std::uint8_t> map)
{
    const auto bytes = std::as_bytes(map);
    return wrapped({bytes.begin(), bytes.end()});
}

Result<std::vector<std::uint8_t>> decodeMap(std::span<const std::byte> bytes, std::size_t size)
{
    Reader reader(bytes);
    auto map = reader.bytes(size);
    reader.finish();
    if (reader.error()) {
        return fail(*reader.error());
    }
    return map;
}

} // namespace icmoe
