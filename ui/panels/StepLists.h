#pragma once

#include "ui/models/HistoryModel.h"
#include "ui/models/PromptListModel.h"

#include <QStyledItemDelegate>
#include <QWidget>

namespace icmoe::ui {

class AnnotationDocument;
class RowList;

/// A row of icon, text and a quiet text at the right; for prompts with a cross, for history with its state.
class StepDelegate final : public QStyledItemDelegate {
    Q_OBJECT

public:
    enum class Kind { prompts, history };
    StepDelegate(Kind kind, QObject* parent);
    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    [[nodiscard]] QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    bool editorEvent(QEvent* event, QAbstractItemModel* model, const QStyleOptionViewItem& option,
                     const QModelIndex& index) override;
    [[nodiscard]] static QRect crossRect(const QRect& row);

Q_SIGNALS:
    void crossClicked(int row);

private:
    Kind m_kind;
};

/// The prompts as objects: select, delete.
class PromptsPanel final : public QWidget {
    Q_OBJECT

public:
    explicit PromptsPanel(AnnotationDocument& document, QWidget* parent = nullptr);
    [[nodiscard]] RowList& list() const { return *m_list; }
    [[nodiscard]] PromptListModel& model() { return m_model; }

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    AnnotationDocument& m_document;
    PromptListModel m_model;
    RowList* m_list = nullptr;
    QWidget* m_hint = nullptr;
};

/// Everything since the study was opened; a click goes there.
class HistoryPanel final : public QWidget {
    Q_OBJECT

public:
    explicit HistoryPanel(AnnotationDocument& document, QWidget* parent = nullptr);
    [[nodiscard]] RowList& list() const { return *m_list; }
    [[nodiscard]] HistoryModel& model() { return m_model; }

private:
    HistoryModel m_model;
    RowList* m_list = nullptr;
};

} // namespace icmoe::ui
