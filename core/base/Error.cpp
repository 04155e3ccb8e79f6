#include "core/base/Error.h"

#include <algorithm>

namespace icmoe {

std::string_view name(ErrorCode code)
{
    switch (code) {
#define ICMOE_NAME(x)                                                                                                  \
    case ErrorCode::x:                                                                                                 \
        return #x;
        ICMOE_NAME(invalidArgument)
        ICMOE_NAME(outOfRange)
        ICMOE_NAME(cancelled)
        ICMOE_NAME(conflictingPrompts)
        ICMOE_NAME(labelLocked)
        ICMOE_NAME(notFound)
        ICMOE_NAME(permissionDenied)
        ICMOE_NAME(readFailed)
        ICMOE_NAME(writeFailed)
        ICMOE_NAME(diskFull)
        ICMOE_NAME(alreadyExists)
        ICMOE_NAME(unknownFormat)
        ICMOE_NAME(truncatedFile)
        ICMOE_NAME(malformedFile)
        ICMOE_NAME(limitExceeded)
        ICMOE_NAME(missingAttribute)
        ICMOE_NAME(unsupportedTransferSyntax)
        ICMOE_NAME(unsupportedPixels)
        ICMOE_NAME(decodeFailed)
        ICMOE_NAME(notAnImage)
        ICMOE_NAME(emptyInput)
        ICMOE_NAME(geometryMismatch)
        ICMOE_NAME(geometryNotRepresentable)
        ICMOE_NAME(sourceNotDicom)
        ICMOE_NAME(weightsMissing)
        ICMOE_NAME(weightsUnknown)
        ICMOE_NAME(weightsCorrupt)
        ICMOE_NAME(engineUnavailable)
        ICMOE_NAME(engineFailed)
        ICMOE_NAME(databaseLocked)
        ICMOE_NAME(databaseReadOnly)
        ICMOE_NAME(databaseCorrupt)
        ICMOE_NAME(databaseTooNew)
        ICMOE_NAME(databaseFailed)
        ICMOE_NAME(imageChanged)
        ICMOE_NAME(verificationFailed)
        ICMOE_NAME(internal)
#undef ICMOE_NAME
    }
    return "unknown";
}

std::string Error::oneLine() const
{
    std::string line = message;
    if (!where.empty()) {
        line += " (" + where + ")";
    }
    if (!hint.empty()) {
        line += ". " + hint;
    }
    std::replace(line.begin(), line.end(), '\n', ' ');
    return line;
}

} // namespace icmoe
