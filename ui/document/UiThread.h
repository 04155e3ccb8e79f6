#pragma once

#include <QCoreApplication>
#include <QThread>

namespace icmoe::ui {

/// For the bodies of jobs that read, hash, compute or talk to the database: in debug builds it is an error to run one
/// on the window's thread, where everybody would wait for it.
inline void assertOffUiThread([[maybe_unused]] const char* what)
{
    Q_ASSERT_X(QCoreApplication::instance() == nullptr ||
                   QThread::currentThread() != QCoreApplication::instance()->thread(),
               what, "this would make the window wait");
}

} // namespace icmoe::ui
