#pragma once

#include "core/engine/Prompt.h"

#include <QDateTime>
#include <QUndoCommand>

namespace icmoe::ui {

enum class HistoryKind { prompt, accept, paint, erase, import_, label };

/// One row of the history: an undoable step with its kind (for the icon) and its time.
class HistoryCommand : public QUndoCommand {
public:
    HistoryCommand(HistoryKind kind, const QString& text)
        : QUndoCommand(text)
        , m_kind(kind)
        , m_time(QDateTime::currentDateTime())
    {
    }
    [[nodiscard]] HistoryKind kind() const { return m_kind; }
    [[nodiscard]] const QDateTime& time() const { return m_time; }
    /// Of a step about one prompt: as it was added or changed, or what was deleted. Else null.
    [[nodiscard]] virtual const Prompt* prompt() const { return nullptr; }
    void setTime(const QDateTime& time) { m_time = time; }

private:
    HistoryKind m_kind;
    QDateTime m_time;
};

} // namespace icmoe::ui
