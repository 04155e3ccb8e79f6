#include "ui/io/EventLoopPost.h"

#include <QMetaObject>
#include <QObject>

#include <memory>
#include <mutex>

namespace icmoe::ui {

Post postTo(QObject& receiver)
{
    struct Guard {
        std::mutex mutex; // held only while an event is queued, so that the receiver cannot go meanwhile
        QObject* receiver = nullptr;
    };
    auto guard = std::make_shared<Guard>();
    guard->receiver = &receiver;
    QObject::connect(&receiver, &QObject::destroyed, [guard] {
        const std::lock_guard lock(guard->mutex);
        guard->receiver = nullptr;
    });
    return [guard](std::function<void()> function) {
        const std::lock_guard lock(guard->mutex);
        if (guard->receiver != nullptr) {
            QMetaObject::invokeMethod(guard->receiver, std::move(function), Qt::QueuedConnection);
        }
    };
}

} // namespace icmoe::ui
