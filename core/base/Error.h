#pragma once

#include <string>
#include <string_view>

namespace icmoe {

/// What went wrong, in a form that a test can compare. The same code is written to the log in place of the message.
enum class ErrorCode {
    // use
    invalidArgument,
    outOfRange,
    cancelled,
    conflictingPrompts, ///< a positive and a negative click on one pixel
    labelLocked,
    // files
    notFound,
    permissionDenied,
    readFailed,
    writeFailed,
    diskFull,
    alreadyExists, ///< an output file is there and --force was not given
    // content of files
    unknownFormat,
    truncatedFile, ///< fewer bytes than the header promises
    malformedFile,
    limitExceeded, ///< depth, count or size beyond what a sound file has
    missingAttribute,
    unsupportedTransferSyntax,
    unsupportedPixels, ///< sample type, photometric interpretation or layout
    decodeFailed,
    notAnImage,
    emptyInput,
    // geometry
    geometryMismatch,
    geometryNotRepresentable, ///< the format cannot hold uneven or sheared slices
    sourceNotDicom,
    // engine
    weightsMissing,
    weightsUnknown,
    weightsCorrupt,
    engineUnavailable,
    engineFailed,
    // store
    databaseLocked,
    databaseReadOnly,
    databaseCorrupt,
    databaseTooNew,
    databaseFailed,
    imageChanged, ///< the pictures under a UID are not those that were annotated
    // exports
    verificationFailed, ///< what was written does not read back as it should
    internal,
};

/// The code's name, as it stands in logs and in `--json` errors: "truncatedFile".
std::string_view name(ErrorCode code);

/// An error is a value: what was expected and found (`message`), in which file, tag or line (`where`), and what a
/// person can do about it (`hint`). Texts are UTF-8 English sentences without a trailing full stop.
struct Error {
    ErrorCode code = ErrorCode::internal;
    std::string message;
    std::string where;
    std::string hint;

    /// "message (where). hint" on one line, for a terminal or a toast.
    [[nodiscard]] std::string oneLine() const;
    bool operator==(const Error&) const = default;
};

} // namespace icmoe
