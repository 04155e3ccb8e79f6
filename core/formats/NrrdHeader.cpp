#include "core/formats/NrrdHeader.h"

#include "core/formats/ByteStream.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace icmoe {
namespace {

constexpr std::size_t kLargestHeader = 1 << 20;
constexpr std::size_t kMostLines = 20'000;

std::string lowered(std::string text)
{
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

std::string trimmed(const std::string& text)
{
    const auto first = text.find_first_not_of(" \t\r");
    if (first == std::string::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::string unescaped(const std::string& text)
{
    std::string out;
    for (std::size_t n = 0; n < text.size(); ++n) {
        if (text[n] == '\\' && n + 1 < text.size() && (text[n + 1] == 'n' || text[n + 1] == '\\')) {
            out.push_back(text[++n] == 'n' ? '\n' : '\\');
        } else {
            out.push_back(text[n]);
        }
    }
    return out;
}

Status addLine(NrrdHeader& header, const std::string& line, std::size_t number, const std::string& path)
{
    if (line.starts_with('#')) {
        return {};
    }
    const auto colon = line.find(':');
    if (colon == std::string::npos || colon + 1 >= line.size()) {
        return fail(ErrorCode::malformedFile,
                    "a line of the NRRD header is neither \"field: value\" nor \"key:=value\"",
                    path + ", line " + std::to_string(number));
    }
    if (line[colon + 1] == '=') {
        header.keyValues[unescaped(line.substr(0, colon))] = unescaped(line.substr(colon + 2));
        return {};
    }
    std::string field = lowered(trimmed(line.substr(0, colon)));
    if (field == "datafile") {
        field = "data file";
    } else if (field == "lineskip") {
        field = "line skip";
    } else if (field == "byteskip") {
        field = "byte skip";
    }
    if (!header.fields.emplace(field, trimmed(line.substr(colon + 1))).second) {
        return fail(ErrorCode::malformedFile, "the field \"" + field + "\" stands twice in the NRRD header",
                    path + ", line " + std::to_string(number));
    }
    return {};
}

} // namespace

const std::string* NrrdHeader::find(const std::string& field) const
{
    const auto found = fields.find(field);
    return found == fields.end() ? nullptr : &found->second;
}

std::string NrrdHeader::value(const std::string& field) const
{
    const auto* found = find(field);
    return found != nullptr ? *found : std::string{};
}

Result<NrrdHeader> readNrrdHeader(const std::filesystem::path& path)
{
    auto stream = ByteStream::open(path, StreamEncoding::plain);
    if (!stream) {
        return fail(stream.error());
    }
    std::vector<std::byte> bytes(
        static_cast<std::size_t>(std::min<std::uint64_t>(kLargestHeader, stream->upperBound())));
    if (auto read = stream->read(bytes); !read) {
        return fail(read.error());
    }
    const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (!text.starts_with("NRRD000")) {
        return fail(ErrorCode::unknownFormat, "the NRRD signature is missing", path.string());
    }
    NrrdHeader header;
    std::size_t at = 0;
    for (std::size_t number = 1; at < text.size(); ++number) {
        const auto end = text.find('\n', at);
        if (end == std::string::npos && text.size() == kLargestHeader) {
            break; // no end within the limit
        }
        std::string line = text.substr(at, (end == std::string::npos ? text.size() : end) - at);
        at = end == std::string::npos ? text.size() : end + 1;
        if (!line.empty() && line.back() == '\r') {
            line.pop_back();
        }
        if (line.empty()) {
            header.length = at;
            return header;
        }
        if (number > kMostLines) {
            break;
        }
        if (number > 1) {
            if (auto added = addLine(header, line, number, path.string()); !added) {
                return fail(added.error());
            }
        }
    }
    if (at < text.size() || text.size() == kLargestHeader) {
        return fail(ErrorCode::limitExceeded, "the NRRD header does not end within 1 MiB", path.string());
    }
    header.length = text.size();
    return header;
}

std::optional<std::vector<double>> parseNumbers(const std::string& text)
{
    std::vector<double> numbers;
    for (const auto& word : parseWords(text)) {
        double value = 0;
        const char* first = word.data() + (word.starts_with('+') ? 1 : 0);
        const auto [stop, problem] = std::from_chars(first, word.data() + word.size(), value);
        if (problem != std::errc{} || stop != word.data() + word.size()) {
            return std::nullopt;
        }
        numbers.push_back(value);
    }
    return numbers;
}

std::optional<std::vector<std::vector<double>>> parseVectors(const std::string& text)
{
    std::vector<std::vector<double>> vectors;
    std::size_t at = 0;
    while ((at = text.find_first_not_of(" \t", at)) != std::string::npos) {
        if (text.compare(at, 4, "none") == 0) {
            vectors.emplace_back();
            at += 4;
            continue;
        }
        const auto close = text.find(')', at);
        if (text[at] != '(' || close == std::string::npos) {
            return std::nullopt;
        }
        std::string inside = text.substr(at + 1, close - at - 1);
        std::replace(inside.begin(), inside.end(), ',', ' ');
        auto numbers = parseNumbers(inside);
        if (!numbers || numbers->empty() || numbers->size() > 4) {
            return std::nullopt;
        }
        vectors.push_back(std::move(*numbers));
        at = close + 1;
    }
    return vectors;
}

std::vector<std::string> parseWords(const std::string& text)
{
    std::vector<std::string> words;
    std::string word;
    bool quoted = false;
    bool open = false;
    for (const char c : text) {
        if (c == '"') {
            quoted = !quoted;
            open = true;
        } else if (!quoted && (c == ' ' || c == '\t')) {
            if (open) {
                words.push_back(word);
            }
            word.clear();
            open = false;
        } else {
            word.push_back(c);
            open = true;
        }
    }
    if (open) {
        words.push_back(word);
    }
    return words;
}

} // namespace icmoe
