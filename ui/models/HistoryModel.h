#pragma once

#include <QAbstractListModel>
#include <QDateTime>

namespace icmoe::ui {

class AnnotationDocument;

/// What was done since the study was opened, oldest first: row 0 is the opening, row n the undo stack's n-th step.
/// Undone steps stay until a new one replaces them.
class HistoryModel final : public QAbstractListModel {
    Q_OBJECT

public:
    enum Role {
        iconRole = Qt::UserRole,
        timeRole,    ///< "14:31", "undone", the date for steps of an earlier day
        currentRole, ///< the step where the document stands
        undoneRole,
    };

    explicit HistoryModel(AnnotationDocument& document, QObject* parent = nullptr);
    /// Undoes or redoes until the row is current.
    void goTo(int row);
    [[nodiscard]] int currentRow() const;

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;

private:
    void update();

    AnnotationDocument& m_document;
    QDateTime m_opened;
    int m_rows = 0;
};

} // namespace icmoe::ui
