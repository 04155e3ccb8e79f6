#pragma once

#include "core/base/Error.h"

#include <QWidget>

#include <functional>
#include <vector>

class QVBoxLayout;

namespace icmoe::ui {

/// One thing that could be done about an error.
struct ToastAction {
    QString text;
    std::function<void()> run;
};

/// Errors and notices at the bottom of the right panel: what happened, where, what to do. They stay until closed; a
/// repeat of an open one only counts.
class ToastStack final : public QWidget {
    Q_OBJECT

public:
    explicit ToastStack(QWidget* parent = nullptr);
    void showError(const Error& error, const ToastAction& action = {});
    enum class Lasting { goes, stays };
    void showNotice(const QString& text, Lasting lasting = Lasting::goes); ///< one that goes does so after 8 s
    [[nodiscard]] int count() const;
    void closeAll();

Q_SIGNALS:
    void shown(); ///< a panel that is folded opens

private:
    QWidget* add(const QString& key, const char* kind, const QString& iconName, const QString& title,
                 const QString& where, const QString& hint, const QString& details, const ToastAction& action);

    QVBoxLayout* m_column = nullptr;
};

/// What the details button copies: the code and texts, without anything else.
[[nodiscard]] QString errorDetails(const Error& error);

} // namespace icmoe::ui
