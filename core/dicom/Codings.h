#pragma once

#include <string_view>

namespace icmoe {

/// How pixels are coded, by transfer syntax.
enum class Coding { native, rle, jpeg, jpegLs, jpeg2000, unsupported };

[[nodiscard]] Coding codingOf(std::string_view transferSyntaxUid);
/// The syntax itself loses detail (a lossless syntax may still hold what was lossy before).
[[nodiscard]] bool isLossy(std::string_view transferSyntaxUid);

} // namespace icmoe
