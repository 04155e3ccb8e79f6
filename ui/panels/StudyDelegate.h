#pragma once

#include <QStyledItemDelegate>

namespace icmoe::ui {

/// Paints study headings and series rows: thumbnail, name, size, health badge; a bar and a cross while loading.
class StudyDelegate final : public QStyledItemDelegate {
    Q_OBJECT

public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    [[nodiscard]] QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    bool editorEvent(QEvent* event, QAbstractItemModel* model, const QStyleOptionViewItem& option,
                     const QModelIndex& index) override;

Q_SIGNALS:
    void cancelClicked();
};

} // namespace icmoe::ui
