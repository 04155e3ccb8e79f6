#include "inference/weights/Safetensors.h"

#include "inference/weights/ByteReader.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>

namespace icmoe::weights {
namespace {

constexpr std::uint64_t kLargestHeader = std::uint64_t{1} << 20;
constexpr std::size_t kMostDimensions = 8;

tl::unexpected<Error> malformed(std::string what, std::string where = {})
{
    return fail(ErrorCode::malformedFile, "the safetensors file is not sound: " + std::move(what), std::move(where),
                "Import the weights again");
}

bool isPlain(std::string_view text)
{
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
}

std::string_view name(ElementType type)
{
    return type == ElementType::f16 ? "F16" : type == ElementType::f32 ? "F32" : "I64";
}

std::optional<ElementType> typeFromName(std::string_view text)
{
    for (const auto type : {ElementType::f16, ElementType::f32, ElementType::i64}) {
        if (text == name(type)) {
            return type;
        }
    }
    return std::nullopt;
}

/// One tensor's line in the header.
struct HeaderEntry {
    std::string name;
    ElementType type = ElementType::f32;
    std::vector<std::int64_t> shape;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

/// The header's JSON, of which only the shape that the format prescribes is read; it does not recurse.
class HeaderParser {
public:
    explicit HeaderParser(std::string_view text)
        : m_text(text)
    {
    }

    /// Filled by parse().
    [[nodiscard]] const Metadata& readMetadata() const { return m_metadata; }

    Result<std::vector<HeaderEntry>> parse()
    {
        std::vector<HeaderEntry> entries;
        if (!take('{')) {
            return malformed("its header is no JSON object");
        }
        bool more = !take('}');
        while (more) {
            std::string key;
            if (!text(key) || !take(':')) {
                return malformed("its header has a broken key");
            }
            if (key == "__metadata__") {
                if (!metadata()) {
                    return malformed("its metadata is not plain text");
                }
            } else {
                HeaderEntry entry;
                entry.name = std::move(key);
                if (!tensor(entry)) {
                    return malformed("its header describes a tensor wrongly", entry.name);
                }
                entries.push_back(std::move(entry));
            }
            more = take(',');
            if (!more && !take('}')) {
                return malformed("its header does not end");
            }
        }
        skipSpace();
        if (m_at != m_text.size()) {
            return malformed("something follows its header");
        }
        return entries;
    }

private:
    void skipSpace()
    {
        while (m_at < m_text.size() && (m_text[m_at] == ' ' || m_text[m_at] == '\n' || m_text[m_at] == '\t')) {
            ++m_at;
        }
    }

    bool take(char c)
    {
        skipSpace();
        if (m_at < m_text.size() && m_text[m_at] == c) {
            ++m_at;
            return true;
        }
        return false;
    }

    bool text(std::string& out)
    {
        if (!take('"')) {
            return false;
        }
        const auto end = m_text.find('"', m_at);
        if (end == std::string_view::npos || !isPlain(m_text.substr(m_at, end - m_at))) {
            return false;
        }
        out = m_text.substr(m_at, end - m_at);
        m_at = end + 1;
        return true;
    }

    bool number(std::uint64_t& out)
    {
        skipSpace();
        const auto begin = m_at;
        out = 0;
        while (m_at < m_text.size() && m_text[m_at] >= '0' && m_text[m_at] <= '9' && m_at - begin < 18) {
            out = out * 10 + static_cast<std::uint64_t>(m_text[m_at++] - '0');
        }
        return m_at > begin;
    }

    bool numbers(std::vector<std::uint64_t>& out)
    {
        if (!take('[')) {
            return false;
        }
        if (take(']')) {
            return true;
        }
        do {
            std::uint64_t value = 0;
            if (out.size() >= kMostDimensions || !number(value)) {
                return false;
            }
            out.push_back(value);
        } while (take(','));
        return take(']');
    }

    bool metadata()
    {
        if (!take('{')) {
            return false;
        }
        if (take('}')) {
            return true;
        }
        do {
            std::string key;
            std::string value;
            if (!text(key) || !take(':') || !text(value) ||
                !m_metadata.emplace(std::move(key), std::move(value)).second) {
                return false;
            }
        } while (take(','));
        return take('}');
    }

    bool tensor(HeaderEntry& entry)
    {
        bool hasType = false;
        bool hasShape = false;
        bool hasOffsets = false;
        if (!take('{')) {
            return false;
        }
        do {
            std::string key;
            if (!text(key) || !take(':')) {
                return false;
            }
            if (key == "dtype" && !hasType) {
                std::string type;
                const auto known = text(type) ? typeFromName(type) : std::nullopt;
                hasType = known.has_value();
                entry.type = known.value_or(ElementType::f32);
            } else if (key == "shape" && !hasShape) {
                std::vector<std::uint64_t> sides;
                hasShape = numbers(sides);
                for (const auto side : sides) {
                    entry.shape.push_back(static_cast<std::int64_t>(side)); // at most 18 digits, so it fits
                }
            } else if (key == "data_offsets" && !hasOffsets) {
                std::vector<std::uint64_t> offsets;
                hasOffsets = numbers(offsets) && offsets.size() == 2;
                if (hasOffsets) {
                    entry.begin = offsets[0];
                    entry.end = offsets[1];
                }
            } else {
                return false;
            }
        } while (take(','));
        return take('}') && hasType && hasShape && hasOffsets;
    }

    std::string_view m_text;
    std::size_t m_at = 0;
    Metadata m_metadata;
};

/// The header's text; the reader stands behind it.
Result<std::string_view> takeHeader(ByteReader& reader)
{
    const auto length = reader.takeNumber(8);
    if (!length) {
        return fail(ErrorCode::truncatedFile, "the safetensors file has no header", {}, "Import the weights again");
    }
    if (*length > kLargestHeader) {
        return fail(ErrorCode::limitExceeded,
                    "the safetensors header is said to have " + std::to_string(*length) + " bytes", {},
                    "Check that this is the right file");
    }
    const auto text = reader.takeText(*length);
    if (!text) {
        return fail(ErrorCode::truncatedFile, "the safetensors file ends inside its header", {},
                    "Import the weights again");
    }
    return *text;
}

/// `"key":"value",…` in braces.
Result<std::string> metadataText(const Metadata& metadata)
{
    std::string text = R"("__metadata__":{)";
    bool first = true;
    for (const auto& [key, value] : metadata) {
        if (!isPlain(key) || !isPlain(value)) {
            return fail(ErrorCode::invalidArgument, "metadata is not plain text", key);
        }
        text += (first ? "\"" : ",\"") + key + R"(":")" + value + '"';
        first = false;
    }
    return text + "}";
}

} // namespace

Result<SafetensorsLayout> layOutSafetensors(const TensorTable& tensors, const Metadata& metadata)
{
    SafetensorsLayout layout;
    auto& order = layout.order;
    std::set<std::string_view> names;
    for (const auto& tensor : tensors) {
        const auto count = elementCount(tensor.shape);
        if (!isPlain(tensor.name) || !names.insert(tensor.name).second || !count ||
            *count * byteSize(tensor.type) != tensor.bytes.size()) {
            return fail(ErrorCode::invalidArgument, "a tensor's name, shape and bytes do not fit together",
                        tensor.name);
        }
        order.push_back(&tensor);
    }
    std::stable_sort(order.begin(), order.end(),
                     [](const auto* a, const auto* b) { return byteSize(a->type) > byteSize(b->type); });
    std::string header = "{";
    if (!metadata.empty()) {
        const auto text = metadataText(metadata);
        if (!text) {
            return fail(text.error());
        }
        header += *text;
    }
    std::size_t offset = 0;
    for (const auto* tensor : order) {
        header += header.size() > 1 ? ",\"" : "\"";
        header += tensor->name + R"(":{"dtype":")" + std::string(name(tensor->type)) + R"(","shape":[)";
        for (std::size_t n = 0; n < tensor->shape.size(); ++n) {
            header += (n > 0 ? "," : "") + std::to_string(tensor->shape[n]);
        }
        header += R"(],"data_offsets":[)" + std::to_string(offset) + ",";
        offset += tensor->bytes.size();
        header += std::to_string(offset) + "]}";
    }
    header += "}";
    header.append((8 - header.size() % 8) % 8, ' ');

    layout.header.reserve(8 + header.size());
    for (std::size_t n = 0; n < 8; ++n) {
        layout.header.push_back(static_cast<std::byte>(std::uint64_t{header.size()} >> (8 * n)));
    }
    const auto text = std::as_bytes(std::span(header));
    layout.header.insert(layout.header.end(), text.begin(), text.end());
    return layout;
}

Result<std::vector<std::byte>> writeSafetensors(const TensorTable& tensors, const Metadata& metadata)
{
    auto layout = layOutSafetensors(tensors, metadata);
    if (!layout) {
        return fail(layout.error());
    }
    auto size = layout->header.size();
    for (const auto* tensor : layout->order) {
        size += tensor->bytes.size();
    }
    std::vector<std::byte> file = std::move(layout->header);
    file.reserve(size);
    for (const auto* tensor : layout->order) {
        file.insert(file.end(), tensor->bytes.begin(), tensor->bytes.end());
    }
    return file;
}

Result<TensorTable> readSafetensors(std::span<const std::byte> file)
{
    ByteReader reader(file);
    const auto text = takeHeader(reader);
    if (!text) {
        return fail(text.error());
    }
    auto entries = HeaderParser(*text).parse();
    if (!entries) {
        return fail(entries.error());
    }
    std::stable_sort(entries->begin(), entries->end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
    TensorTable tensors;
    std::set<std::string> names;
    std::uint64_t expected = 0;
    for (auto& entry : *entries) {
        const auto count = elementCount(entry.shape);
        if (entry.begin != expected || !count || entry.end < entry.begin ||
            entry.end - entry.begin != *count * byteSize(entry.type)) {
            return malformed("a tensor's place does not fit its shape", entry.name);
        }
        const auto bytes = reader.take(entry.end - entry.begin);
        if (!bytes) {
            return fail(ErrorCode::truncatedFile, "the safetensors file ends inside a tensor", entry.name,
                        "Import the weights again");
        }
        expected = entry.end;
        if (!names.insert(entry.name).second) {
            return malformed("a name occurs twice", entry.name);
        }
        tensors.push_back({std::move(entry.name), entry.type, std::move(entry.shape), *bytes});
    }
    if (reader.left() != 0) {
        return malformed("something follows its last tensor");
    }
    return tensors;
}

Result<Metadata> readSafetensorsMetadata(std::span<const std::byte> file)
{
    ByteReader reader(file);
    const auto text = takeHeader(reader);
    if (!text) {
        return fail(text.error());
    }
    HeaderParser parser(*text);
    if (const auto entries = parser.parse(); !entries) {
        return fail(entries.error());
    }
    return parser.readMetadata();
}

} // namespace icmoe::weights
