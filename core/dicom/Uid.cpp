#include "core/dicom/Uid.h"

#include "core/base/Sha256.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace icmoe {

std::string uidFromText(std::string_view text)
{
    Sha256 hash;
    hash.update(text);
    const std::string hex = hash.hex();
    std::array<std::uint32_t, 4> words{};
    for (std::size_t i = 0; i < words.size(); ++i) {
        std::from_chars(hex.data() + 8 * i, hex.data() + 8 * i + 8, words[i], 16);
    }
    words[1] = (words[1] & 0xffff0fffU) | 0x8000U;     // UUID version 8: free form
    words[2] = (words[2] & 0x3fffffffU) | 0x80000000U; // UUID variant
    std::string digits;
    while (std::any_of(words.begin(), words.end(), [](std::uint32_t word) { return word != 0; })) {
        std::uint64_t rest = 0;
        for (auto& word : words) {
            const std::uint64_t value = (rest << 32U) | word;
            word = static_cast<std::uint32_t>(value / 10);
            rest = value % 10;
        }
        digits += static_cast<char>('0' + rest);
    }
    return "2.25." + std::string(digits.rbegin(), digits.rend());
}

} // namespace icmoe
