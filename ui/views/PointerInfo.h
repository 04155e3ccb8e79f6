#pragma once

#include <QString>

namespace icmoe::ui {

/// What lies under the pointer, as the status bar says it.
struct PointerInfo {
    QString position; ///< "R 15 P 8 S 15 mm"; "x 12 y 30 px" where the picture has no place in the patient
    QString value;    ///< "108", "40 HU", "12 80 200"; empty outside the picture
};

} // namespace icmoe::ui
