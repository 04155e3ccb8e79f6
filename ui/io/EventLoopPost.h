#pragma once

#include "core/engine/Segmenter.h"

class QObject;

namespace icmoe::ui {

/// A Post that runs functions on the receiver's thread, in order, from its event loop. May be called from any thread,
/// also after the receiver is gone: what comes then is dropped. Call on the receiver's own thread.
[[nodiscard]] Post postTo(QObject& receiver);

} // namespace icmoe::ui
