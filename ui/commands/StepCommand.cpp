#include "ui/commands/StepCommand.h"

namespace icmoe::ui {

StepCommand::StepCommand(DocumentEditor& editor, std::shared_ptr<const StepRecord> step, Shown shown)
    : HistoryCommand(kindOf(step->kind), QString::fromStdString(step->name))
    , m_editor(editor)
    , m_step(std::move(step))
    , m_patch(shown == Shown::yes ? m_step->before : m_step->after)
    , m_shown(shown == Shown::yes)
{
    if (m_step->kind == StepKind::label || m_step->kind == StepKind::import_) {
        m_labels = m_shown ? m_step->labelsBefore : m_step->labelsAfter;
    }
}

HistoryKind StepCommand::kindOf(StepKind kind)
{
    switch (kind) {
    case StepKind::accept:
    case StepKind::propagate:
        return HistoryKind::accept;
    case StepKind::paint:
        return HistoryKind::paint;
    case StepKind::erase:
        return HistoryKind::erase;
    case StepKind::import_:
        return HistoryKind::import_;
    case StepKind::label:
        return HistoryKind::label;
    }
    return HistoryKind::paint;
}

void StepCommand::exchange()
{
    if (m_labels) {
        m_labels = m_editor.exchangeLabels(std::move(*m_labels));
    }
    m_patch = m_editor.exchangeMasks(std::move(m_patch));
}

void StepCommand::undo()
{
    if (m_editor.isRestoring() || !m_shown) {
        return;
    }
    m_shown = false;
    exchange();
    m_editor.stepUndone(text());
}

void StepCommand::redo()
{
    if (m_editor.isRestoring() || m_shown) {
        return; // pushed after the change was done
    }
    m_shown = true;
    exchange();
    m_editor.stepRedone(text());
}

} // namespace icmoe::ui
