#pragma once

#include "core/base/Result.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace icmoe {

/// The text header of an NRRD file: `field: value` lines by lower-case field name, and `key:=value` lines with their
/// escapes undone.
struct NrrdHeader {
    std::map<std::string, std::string> fields;
    std::map<std::string, std::string> keyValues;
    std::uint64_t length = 0; ///< bytes up to and including the blank line; the file's length where there is none

    [[nodiscard]] const std::string* find(const std::string& field) const;
    [[nodiscard]] std::string value(const std::string& field) const; ///< "" where missing
};

/// At most 1 MiB of header is read. unknownFormat, malformedFile, limitExceeded.
[[nodiscard]] Result<NrrdHeader> readNrrdHeader(const std::filesystem::path& path);

/// "1 2.5 nan" → numbers; nothing where one is no number.
[[nodiscard]] std::optional<std::vector<double>> parseNumbers(const std::string& text);
/// "(1,0,0) none (0,0,1)" → vectors, an empty one for "none"; nothing where it is malformed.
[[nodiscard]] std::optional<std::vector<std::vector<double>>> parseVectors(const std::string& text);
/// Words separated by spaces; a quoted one may hold spaces.
[[nodiscard]] std::vector<std::string> parseWords(const std::string& text);

} // namespace icmoe
