#include "core/dicom/PreScan.h"

#include "core/dicom/ByteSource.h"
#include "core/dicom/PixelSize.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

namespace icmoe {
namespace {

constexpr std::uint32_t kUndefined = 0xffffffffU;
constexpr std::uint64_t kOpen = std::numeric_limits<std::uint64_t>::max();
constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxElements = 1'000'000;
constexpr int kMaxFrames = 65'536;
constexpr std::uint64_t kMaxInflatedText = std::uint64_t{64} << 20U; ///< of a deflated data set, without its pixels

struct Tag {
    std::uint16_t group = 0;
    std::uint16_t element = 0;
    bool operator==(const Tag&) const = default;
};
constexpr Tag kItem{0xfffe, 0xe000};
constexpr Tag kItemEnd{0xfffe, 0xe00d};
constexpr Tag kSequenceEnd{0xfffe, 0xe0dd};
constexpr Tag kPixelData{0x7fe0, 0x0010};

/// VRs with a four-byte length. As DCMTK does, an unknown VR of two capital letters is taken for a future one of these.
bool hasLongLength(std::array<char, 2> vr)
{
    static constexpr std::string_view longOnes = "OB OD OF OL OV OW SQ SV UC UN UR UT UV ";
    static constexpr std::string_view shortOnes = "AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US ";
    const std::string_view text(vr.data(), 2);
    const auto isIn = [&](std::string_view list) {
        const auto at = list.find(text);
        return at != std::string_view::npos && at % 3 == 0;
    };
    const auto isCapital = [](char c) { return c >= 'A' && c <= 'Z'; };
    return isIn(longOnes) || (!isIn(shortOnes) && isCapital(vr[0]) && isCapital(vr[1]));
}

bool isKnownVr(std::array<char, 2> vr)
{
    static constexpr std::string_view all =
        "OB OD OF OL OV OW SQ SV UC UN UR UT UV AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM "
        "UI UL US ";
    const auto at = all.find(std::string_view(vr.data(), 2));
    return at != std::string_view::npos && at % 3 == 0;
}

struct Header {
    Tag tag;
    std::array<char, 2> vr{};
    std::uint32_t length = 0;
    [[nodiscard]] bool isVr(std::string_view text) const { return vr[0] == text[0] && vr[1] == text[1]; }
};

/// A data set, sequence or item that is being walked.
struct Level {
    std::uint64_t end = kOpen; ///< kOpen: until its delimiter (the root: until the end)
    bool isSequence = false;
    bool explicitVr = true;
    bool bigEndian = false;
    bool guessed = false; ///< an implicit element that only looks like a sequence
    Tag tag;
};

class Walker {
public:
    Walker(SeekableSource& file, std::string name)
        : m_file(file)
        , m_name(std::move(name))
    {
    }

    Result<PreScan> walk()
    {
        if (auto start = findStart(); !start) {
            return fail(start.error());
        }
        if (m_scan.deflated) {
            m_inflating = inflatingSource(m_file);
            m_source = m_inflating.get();
        }
        m_levels.push_back({.explicitVr = m_scan.explicitVr, .bigEndian = m_scan.bigEndian, .tag = {}});
        if (auto done = walkDataSet(); !done) {
            return fail(done.error());
        }
        return std::move(m_scan);
    }

private:
    // --- errors
    [[nodiscard]] tl::unexpected<Error> refuse(ErrorCode code, std::string message, Tag tag) const
    {
        return fail(code, std::move(message), whereTag(m_name, tag.group, tag.element),
                    "The file is damaged or not what it says; get it again");
    }
    [[nodiscard]] tl::unexpected<Error> truncated(Tag tag, std::uint64_t wanted, std::uint64_t found) const
    {
        return refuse(
            ErrorCode::truncatedFile,
            "expected " + std::to_string(wanted) + " bytes, found " + std::to_string(found) + " before the end", tag);
    }

    // --- reading
    [[nodiscard]] bool readExactly(std::span<std::byte> bytes) { return m_source->read(bytes) == bytes.size(); }
    [[nodiscard]] static std::uint32_t number(std::span<const std::byte> bytes, bool bigEndian)
    {
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            value = (value << 8U) | std::to_integer<std::uint32_t>(bytes[bigEndian ? i : bytes.size() - 1 - i]);
        }
        return value;
    }
    /// Bytes that are there up to the end of the innermost bounded level.
    [[nodiscard]] std::uint64_t available() const
    {
        std::uint64_t end = m_source->size().value_or(kOpen);
        for (const auto& level : m_levels) {
            end = std::min(end, level.end);
        }
        return end == kOpen ? kOpen : end - std::min(end, m_source->position());
    }
    Status skip(std::uint64_t count, Tag tag)
    {
        const std::uint64_t skipped = m_source->skip(count);
        return skipped == count ? Status{} : Status{truncated(tag, count, skipped)};
    }
    /// A short value as text without padding.
    Result<std::string> text(const Header& header)
    {
        std::string value(std::min<std::size_t>(header.length, 256), '\0');
        if (!readExactly(std::as_writable_bytes(std::span(value)))) {
            return truncated(header.tag, header.length, 0);
        }
        if (auto rest = skip(header.length - value.size(), header.tag); !rest) {
            return fail(rest.error());
        }
        while (!value.empty() && (value.back() == '\0' || value.back() == ' ')) {
            value.pop_back();
        }
        value.erase(0, value.find_first_not_of(' '));
        return value;
    }

    // --- the start: preamble, meta header, transfer syntax
    Status findStart()
    {
        m_source = &m_file;
        std::array<std::byte, 160> start{};
        const std::size_t got = m_file.read(start);
        if (!looksLikeDicom(std::span(start).first(got))) {
            return fail(ErrorCode::unknownFormat, "not a DICOM file", m_name, "Choose a DICOM file");
        }
        const bool hasPreamble = got >= 132 && std::memcmp(start.data() + 128, "DICM", 4) == 0;
        m_file.seek(hasPreamble ? 132 : 0);
        if (auto meta = readMetaHeader(); !meta) {
            return meta;
        }
        m_scan.dataSetOffset = m_file.position();
        if (m_scan.transferSyntaxUid.empty()) {
            guessSyntax();
        }
        m_scan.explicitVr = m_scan.transferSyntaxUid != "1.2.840.10008.1.2";
        m_scan.bigEndian = m_scan.transferSyntaxUid == "1.2.840.10008.1.2.2";
        m_scan.deflated = m_scan.transferSyntaxUid == "1.2.840.10008.1.2.1.99";
        if (m_scan.deflated && m_metaEndBySelf.value_or(m_scan.dataSetOffset) != m_scan.dataSetOffset) {
            // DCMTK goes by the group length, and would inflate other bytes than those that are checked here
            return refuse(ErrorCode::malformedFile, "the meta header's length does not lead to the deflated data set",
                          {2, 0});
        }
        return {};
    }

    Status readMetaHeader()
    {
        for (;;) {
            const std::uint64_t here = m_file.position();
            std::array<std::byte, 8> bytes{};
            const std::size_t got = m_file.read(bytes);
            if (got < 8 || number(std::span(bytes).first(2), false) != 2) {
                m_file.seek(here);
                return {};
            }
            m_scan.hasMetaHeader = true;
            Header header = shortHeader(bytes, false);
            if (hasLongLength(header.vr)) {
                std::array<std::byte, 4> length{};
                if (!readExactly(length)) {
                    return truncated(header.tag, 4, 0);
                }
                header.length = number(length, false);
            }
            if (header.length > available()) {
                return truncated(header.tag, header.length, available());
            }
            if (++m_scan.elements > kMaxElements) {
                return refuse(ErrorCode::limitExceeded, "more than a million elements", header.tag);
            }
            if (header.tag == Tag{2, 0x0000}) {
                m_metaEndBySelf = header.length == 4 ? m_file.position() + 4 + peekNumber() : 0;
            }
            auto value = text(header);
            if (!value) {
                return fail(value.error());
            }
            if (header.tag == Tag{2, 0x0010} && (!header.isVr("UI") || !m_scan.transferSyntaxUid.empty())) {
                // DCMTK would read the data set by another syntax than the one that is checked here
                return refuse(ErrorCode::malformedFile, "the transfer syntax is not said once, as a UID", header.tag);
            }
            if (header.tag == Tag{2, 0x0010}) {
                m_scan.transferSyntaxUid = *value;
            } else if (header.tag == Tag{2, 0x0002}) {
                m_scan.metaSopClassUid = *value;
            } else if (header.tag == Tag{2, 0x0003}) {
                m_scan.metaSopInstanceUid = *value;
            }
        }
    }

    /// The next four bytes of the meta header as a number; 0 where the file ends.
    std::uint32_t peekNumber()
    {
        std::array<std::byte, 4> bytes{};
        const std::uint64_t here = m_file.position();
        const bool whole = m_file.read(bytes) == bytes.size();
        m_file.seek(here);
        return whole ? number(bytes, false) : 0;
    }

    /// Without a transfer syntax the first element tells: its group in which byte order, a VR or not.
    void guessSyntax()
    {
        std::array<std::byte, 8> bytes{};
        const std::uint64_t here = m_file.position();
        const bool whole = m_file.read(bytes) == bytes.size();
        m_file.seek(here);
        const bool isExplicit = whole && isKnownVr({static_cast<char>(bytes[4]), static_cast<char>(bytes[5])});
        const bool isBig =
            isExplicit && number(std::span(bytes).first(2), false) > number(std::span(bytes).first(2), true);
        m_scan.transferSyntaxUid = isBig        ? "1.2.840.10008.1.2.2"
                                   : isExplicit ? "1.2.840.10008.1.2.1"
                                                : "1.2.840.10008.1.2";
    }

    [[nodiscard]] static Header shortHeader(std::span<const std::byte> bytes, bool bigEndian)
    {
        Header header;
        header.tag = {static_cast<std::uint16_t>(number(bytes.subspan(0, 2), bigEndian)),
                      static_cast<std::uint16_t>(number(bytes.subspan(2, 2), bigEndian))};
        header.vr = {static_cast<char>(bytes[4]), static_cast<char>(bytes[5])};
        header.length = number(bytes.subspan(6, 2), bigEndian);
        return header;
    }

    // --- the data set
    Status walkDataSet()
    {
        for (;;) {
            while (m_levels.size() > 1 && m_levels.back().end != kOpen && m_source->position() >= m_levels.back().end) {
                m_levels.pop_back();
            }
            bool atEnd = false;
            const Status stepped = step(atEnd);
            if (atEnd) {
                break;
            }
            if (!stepped) {
                if (stepped.error().code == ErrorCode::limitExceeded || !skipGuessed()) {
                    if (m_pixelsDone && stepped.error().code != ErrorCode::limitExceeded) {
                        break; // rubbish behind the pixels
                    }
                    return stepped;
                }
            }
        }
        return checkPixelSize(m_scan, m_name);
    }

    /// Leaves an element that only looked like a sequence. False where there is none.
    bool skipGuessed()
    {
        const auto guessed =
            std::find_if(m_levels.rbegin(), m_levels.rend(), [](const Level& level) { return level.guessed; });
        if (guessed == m_levels.rend()) {
            return false;
        }
        const std::uint64_t end = guessed->end;
        m_levels.erase(guessed.base() - 1, m_levels.end());
        const std::uint64_t here = m_source->position();
        return end >= here && m_source->skip(end - here) == end - here;
    }

    Status step(bool& atEnd)
    {
        const Level level = m_levels.back();
        const bool isRoot = m_levels.size() == 1;
        std::array<std::byte, 8> bytes{};
        if (available() < bytes.size() && !isRoot) {
            return truncated(level.tag, bytes.size(), available());
        }
        const std::size_t got = m_source->read(bytes);
        if (got == 0 && isRoot) {
            atEnd = true;
            return {};
        }
        if (got < bytes.size()) {
            return truncated(level.tag, bytes.size(), got);
        }
        if (++m_scan.elements > kMaxElements) {
            return refuse(ErrorCode::limitExceeded, "more than a million elements", level.tag);
        }
        Header header = shortHeader(bytes, level.bigEndian);
        const bool isDelimiter = header.tag.group == 0xfffe;
        if (isDelimiter || !level.explicitVr) {
            header.length = number(std::span(bytes).subspan(4, 4), level.bigEndian);
            header.vr = {};
        } else if (hasLongLength(header.vr)) {
            std::array<std::byte, 4> length{};
            if (available() < length.size() || !readExactly(length)) {
                return truncated(header.tag, 4, 0);
            }
            header.length = number(length, level.bigEndian);
        }
        if (isDelimiter) {
            return delimiter(header, level);
        }
        if (level.isSequence) {
            return refuse(ErrorCode::malformedFile, "expected an item in a sequence, found another element",
                          header.tag);
        }
        return element(header, level);
    }

    Status delimiter(const Header& header, const Level& level)
    {
        if (header.tag == kItem && level.isSequence) {
            return enter(header, {.end = endOf(header),
                                  .isSequence = false,
                                  .explicitVr = level.explicitVr,
                                  .bigEndian = level.bigEndian,
                                  .tag = level.tag});
        }
        const bool closesItem = header.tag == kItemEnd && !level.isSequence && m_levels.size() > 1;
        const bool closesSequence = header.tag == kSequenceEnd && level.isSequence;
        if (closesItem || closesSequence) {
            if (level.end == kOpen) {
                m_levels.pop_back();
            }
            return {};
        }
        return refuse(ErrorCode::malformedFile, "a delimiter where none belongs", header.tag);
    }

    [[nodiscard]] std::uint64_t endOf(const Header& header) const
    {
        return header.length == kUndefined ? kOpen : m_source->position() + header.length;
    }

    Status enter(const Header& header, Level level)
    {
        if (header.length != kUndefined && header.length > available()) {
            return truncated(header.tag, header.length, available());
        }
        if (m_levels.size() >= 2 * kMaxDepth) {
            return refuse(ErrorCode::limitExceeded, "sequences are nested deeper than " + std::to_string(kMaxDepth),
                          level.tag);
        }
        m_levels.push_back(level);
        m_scan.depth = std::max(m_scan.depth, static_cast<int>(m_levels.size() / 2));
        return {};
    }

    Status element(const Header& header, const Level& level)
    {
        const bool isRoot = m_levels.size() == 1;
        const bool isPixels = header.tag == kPixelData || header.tag == Tag{0x7fe0, 8} || header.tag == Tag{0x7fe0, 9};
        if (header.length != kUndefined && header.length > available()) {
            return truncated(header.tag, header.length, available());
        }
        if (isPixels && header.length == kUndefined) {
            return fragments(header, isRoot);
        }
        if (header.length == kUndefined) {
            const bool isSequence = !level.explicitVr || header.isVr("SQ") || header.isVr("UN");
            if (!isSequence) {
                return refuse(ErrorCode::malformedFile, "an undefined length outside of sequences and pixels",
                              header.tag);
            }
            const bool unknown = level.explicitVr && header.isVr("UN"); // CP-246: its content is implicit little endian
            return enter(header, {.end = kOpen,
                                  .isSequence = true,
                                  .explicitVr = level.explicitVr && !unknown,
                                  .bigEndian = level.bigEndian && !unknown,
                                  .tag = header.tag});
        }
        if (level.explicitVr && header.isVr("SQ")) {
            return enter(header, {.end = endOf(header),
                                  .isSequence = true,
                                  .explicitVr = true,
                                  .bigEndian = level.bigEndian,
                                  .tag = header.tag});
        }
        if (isRoot && isPixels) {
            return nativePixels(header, level);
        }
        if (isRoot && isWanted(header.tag) && header.length <= 256) {
            return remember(header, level);
        }
        if (!level.explicitVr && header.length >= 8 && !isPixels) {
            return maybeSequence(header, level);
        }
        return skipValue(header);
    }

    Status skipValue(const Header& header)
    {
        m_inflatedText += header.length;
        if (m_scan.deflated && m_inflatedText > kMaxInflatedText) {
            return refuse(ErrorCode::limitExceeded, "the deflated data set holds more than 64 MB beside its pixels",
                          header.tag);
        }
        return skip(header.length, header.tag);
    }

    /// Implicit elements do not say that they are sequences; DCMTK knows from its dictionary, here the content tells.
    Status maybeSequence(const Header& header, const Level& level)
    {
        if (m_inflating != nullptr) {
            return skipValue(header); // deflated data sets are explicit; only UN sequences come here
        }
        const std::uint64_t here = m_file.position();
        std::array<std::byte, 4> start{};
        const bool whole = readExactly(start);
        m_file.seek(here);
        const bool isItem = whole && number(std::span(start).first(2), false) == 0xfffe &&
                            number(std::span(start).last(2), false) == 0xe000;
        if (!isItem) {
            return skipValue(header);
        }
        return enter(header, {.end = endOf(header),
                              .isSequence = true,
                              .explicitVr = false,
                              .bigEndian = level.bigEndian,
                              .guessed = true,
                              .tag = header.tag});
    }

    [[nodiscard]] static bool isWanted(Tag tag)
    {
        static constexpr std::array<Tag, 7> wanted{{{0x0008, 0x0016},
                                                    {0x0028, 0x0002},
                                                    {0x0028, 0x0004},
                                                    {0x0028, 0x0008},
                                                    {0x0028, 0x0010},
                                                    {0x0028, 0x0011},
                                                    {0x0028, 0x0100}}};
        return std::find(wanted.begin(), wanted.end(), tag) != wanted.end();
    }

    Status remember(const Header& header, const Level& level)
    {
        const bool isText =
            header.tag == Tag{0x0008, 0x0016} || header.tag == Tag{0x0028, 0x0004} || header.tag == Tag{0x0028, 0x0008};
        if (!isText) {
            std::array<std::byte, 2> bytes{};
            if (header.length < 2 || !readExactly(bytes)) {
                return header.length < 2 ? skip(header.length, header.tag) : Status{truncated(header.tag, 2, 0)};
            }
            const int value = static_cast<int>(number(bytes, level.bigEndian));
            (header.tag.element == 0x0002   ? m_scan.samplesPerPixel
             : header.tag.element == 0x0010 ? m_scan.rows
             : header.tag.element == 0x0011 ? m_scan.columns
                                            : m_scan.bitsAllocated) = value;
            return skip(header.length - 2, header.tag);
        }
        auto value = text(header);
        if (!value) {
            return fail(value.error());
        }
        if (header.tag == Tag{0x0008, 0x0016}) {
            m_scan.sopClassUid = *value;
        } else if (header.tag == Tag{0x0028, 0x0004}) {
            m_scan.photometric = *value;
        } else if (!value->empty()) {
            return rememberFrames(*value, header.tag);
        }
        return {};
    }

    Status rememberFrames(const std::string& value, Tag tag)
    {
        const char* begin = value.data() + (value.front() == '+' ? 1 : 0);
        const auto parsed = std::from_chars(begin, value.data() + value.size(), m_scan.frames);
        if (parsed.ec == std::errc::result_out_of_range || m_scan.frames > kMaxFrames) {
            return refuse(ErrorCode::limitExceeded, "more frames than any file holds", tag);
        }
        if (parsed.ec != std::errc{} || m_scan.frames < 0) {
            return refuse(ErrorCode::malformedFile, "expected a number of frames", tag);
        }
        m_scan.frames = std::max(m_scan.frames, 1); // some writers say 0 for a single picture
        return {};
    }

    // --- pixels
    Status nativePixels(const Header& header, const Level& level)
    {
        PixelDataPlace place;
        place.element = header.tag.element;
        place.words = !level.explicitVr || header.isVr("OW");
        place.bytes = {m_source->position(), header.length};
        m_scan.pixels = std::move(place);
        if (auto checked = checkPixelSize(m_scan, m_name); !checked) {
            return checked; // before a deflated stream is followed to its end
        }
        const Status skipped = skip(header.length, header.tag);
        m_pixelsDone = skipped.has_value();
        return skipped;
    }

    Status fragments(const Header& header, bool isRoot)
    {
        PixelDataPlace place;
        place.encapsulated = true;
        place.element = header.tag.element;
        for (bool isTable = true;; isTable = false) {
            std::array<std::byte, 8> bytes{};
            if (available() < bytes.size() || !readExactly(bytes)) {
                return truncated(header.tag, bytes.size(), 0);
            }
            const Tag tag{static_cast<std::uint16_t>(number(std::span(bytes).subspan(0, 2), false)),
                          static_cast<std::uint16_t>(number(std::span(bytes).subspan(2, 2), false))};
            const std::uint32_t length = number(std::span(bytes).subspan(4, 4), false);
            if (tag == kSequenceEnd) {
                break;
            }
            if (tag != kItem || length == kUndefined) {
                return refuse(ErrorCode::malformedFile, "expected a fragment of compressed pixels", header.tag);
            }
            if (length > available()) {
                return truncated(header.tag, length, available());
            }
            if (++m_scan.elements > kMaxElements) {
                return refuse(ErrorCode::limitExceeded, "more than a million fragments", header.tag);
            }
            if (isTable) {
                if (auto table = offsetTable(length, place, header.tag); !table) {
                    return table;
                }
                continue;
            }
            place.fragments.push_back({m_source->position(), length});
            if (auto skipped = skip(length, header.tag); !skipped) {
                return skipped;
            }
        }
        if (isRoot) {
            m_scan.pixels = std::move(place);
            m_pixelsDone = true;
        }
        return {};
    }

    Status offsetTable(std::uint32_t length, PixelDataPlace& place, Tag tag)
    {
        if (length / 4 > kMaxElements) {
            return refuse(ErrorCode::limitExceeded, "more than a million frames in the offset table", tag);
        }
        place.frameOffsets.reserve(length / 4);
        for (std::uint32_t i = 0; i < length / 4; ++i) {
            std::array<std::byte, 4> bytes{};
            if (!readExactly(bytes)) {
                return truncated(tag, 4, 0);
            }
            place.frameOffsets.push_back(number(bytes, false));
        }
        return skip(length % 4, tag);
    }

    SeekableSource& m_file;
    std::string m_name;
    ByteSource* m_source = nullptr;
    std::unique_ptr<ByteSource> m_inflating;
    std::vector<Level> m_levels;
    PreScan m_scan;
    std::uint64_t m_inflatedText = 0;
    std::optional<std::uint64_t> m_metaEndBySelf; ///< as (0002,0000) says, where it is there
    bool m_pixelsDone = false;
};

} // namespace

bool looksLikeDicom(std::span<const std::byte> start)
{
    if (start.size() >= 132 && std::memcmp(start.data() + 128, "DICM", 4) == 0) {
        return true;
    }
    if (start.size() < 8) {
        return false;
    }
    const auto at = [&](std::size_t i) { return std::to_integer<unsigned>(start[i]); };
    const bool hasVr = isKnownVr({static_cast<char>(start[4]), static_cast<char>(start[5])});
    const bool little = (at(0) == 2 || at(0) == 8) && at(1) == 0 && at(3) == 0;
    const bool big = at(0) == 0 && at(1) == 8 && at(2) == 0;
    const bool shortValue = at(6) == 0 && at(7) == 0 && at(5) < 4 && at(4) % 2 == 0; // implicit: a length below 1 kB
    return (little && (hasVr || shortValue)) || (big && hasVr);
}

Result<PreScan> preScan(const std::filesystem::path& path)
{
    auto file = openFileSource(path);
    if (!file) {
        return fail(file.error());
    }
    return Walker(**file, path.string()).walk();
}

Result<PreScan> preScan(std::span<const std::byte> bytes, const std::string& name)
{
    const auto source = memorySource(bytes);
    return Walker(*source, name).walk();
}

} // namespace icmoe
