#include "core/dicom/Codings.h"

#include <algorithm>
#include <array>

namespace icmoe {
namespace {

struct Syntax {
    std::string_view uid;
    Coding coding;
    bool lossy;
};

constexpr std::array kSyntaxes{
    Syntax{"1.2.840.10008.1.2", Coding::native, false},      // implicit little endian
    Syntax{"1.2.840.10008.1.2.1", Coding::native, false},    // explicit little endian
    Syntax{"1.2.840.10008.1.2.1.99", Coding::native, false}, // deflated
    Syntax{"1.2.840.10008.1.2.2", Coding::native, false},    // explicit big endian
    Syntax{"1.2.840.10008.1.2.5", Coding::rle, false},
    Syntax{"1.2.840.10008.1.2.4.50", Coding::jpeg, true},  // baseline
    Syntax{"1.2.840.10008.1.2.4.51", Coding::jpeg, true},  // extended
    Syntax{"1.2.840.10008.1.2.4.53", Coding::jpeg, true},  // spectral selection (retired)
    Syntax{"1.2.840.10008.1.2.4.55", Coding::jpeg, true},  // full progression (retired)
    Syntax{"1.2.840.10008.1.2.4.57", Coding::jpeg, false}, // lossless
    Syntax{"1.2.840.10008.1.2.4.70", Coding::jpeg, false}, // lossless, first-order prediction
    Syntax{"1.2.840.10008.1.2.4.80", Coding::jpegLs, false},
    Syntax{"1.2.840.10008.1.2.4.81", Coding::jpegLs, true},
    Syntax{"1.2.840.10008.1.2.4.90", Coding::jpeg2000, false},
    Syntax{"1.2.840.10008.1.2.4.91", Coding::jpeg2000, true},
};

const Syntax* find(std::string_view uid)
{
    const auto* const found =
        std::find_if(kSyntaxes.begin(), kSyntaxes.end(), [&](const Syntax& syntax) { return syntax.uid == uid; });
    return found == kSyntaxes.end() ? nullptr : found;
}

} // namespace

Coding codingOf(std::string_view transferSyntaxUid)
{
    const Syntax* const syntax = find(transferSyntaxUid);
    return syntax != nullptr ? syntax->coding : Coding::unsupported;
}

bool isLossy(std::string_view transferSyntaxUid)
{
    const Syntax* const syntax = find(transferSyntaxUid);
    return syntax != nullptr && syntax->lossy;
}

} // namespace icmoe
