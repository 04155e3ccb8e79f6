#pragma once

#include "ui/models/LabelTableModel.h"

#include <QStyledItemDelegate>
#include <QWidget>

class QLabel;
class QSlider;

namespace icmoe::ui {

class AnnotationDocument;
class RowList;

/// Paints a label: number, name, volume, eye, lock. Clicks on eye and lock toggle them.
class LabelDelegate final : public QStyledItemDelegate {
    Q_OBJECT

public:
    LabelDelegate(AnnotationDocument& document, QObject* parent);
    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    [[nodiscard]] QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    bool editorEvent(QEvent* event, QAbstractItemModel* model, const QStyleOptionViewItem& option,
                     const QModelIndex& index) override;
    QWidget* createEditor(QWidget* parent, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    void updateEditorGeometry(QWidget* editor, const QStyleOptionViewItem& option,
                              const QModelIndex& index) const override;

    [[nodiscard]] static QRect eyeRect(const QRect& row);
    [[nodiscard]] static QRect lockRect(const QRect& row);

private:
    AnnotationDocument& m_document;
};

/// The label list and the fill slider.
class LabelsPanel final : public QWidget {
    Q_OBJECT

public:
    explicit LabelsPanel(AnnotationDocument& document, QWidget* parent = nullptr);

    void addLabel(); ///< with a free name, then opens its editor
    void renameActive();
    [[nodiscard]] RowList& list() const { return *m_list; }
    [[nodiscard]] LabelTableModel& model() { return m_model; }

private:
    void showMenu(const QPoint& at);
    void followActive();

    AnnotationDocument& m_document;
    LabelTableModel m_model;
    RowList* m_list = nullptr;
    QSlider* m_fill = nullptr;
    QLabel* m_fillText = nullptr;
};

} // namespace icmoe::ui
