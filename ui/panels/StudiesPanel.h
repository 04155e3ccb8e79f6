#pragma once

#include "ui/io/StudyReader.h"

#include <QWidget>

class QLabel;
class QLineEdit;

namespace icmoe::ui {

class HealthCard;
class RowList;
class StudyListModel;

/// Search, studies with their series, the health card of the selected series, and a place to drop files.
class StudiesPanel final : public QWidget {
    Q_OBJECT

public:
    explicit StudiesPanel(StudyListModel& model, QWidget* parent = nullptr);

    void select(SeriesHandle handle);
    [[nodiscard]] QLineEdit& searchField() const { return *m_search; }
    [[nodiscard]] RowList& list() const { return *m_list; }
    /// "Looking through 1,204 files" while a scan runs; empty: none.
    void setScanText(const QString& text);

Q_SIGNALS:
    void seriesChosen(quint64 handle);
    void loadCancelled();
    void scanCancelled();
    void openRequested();
    void closeRequested();

private:
    void currentChanged();
    void choose(const QModelIndex& index);

    StudyListModel& m_model;
    QLineEdit* m_search = nullptr;
    RowList* m_list = nullptr;
    HealthCard* m_health = nullptr;
    QWidget* m_scan = nullptr;
    QLabel* m_scanText = nullptr;
};

} // namespace icmoe::ui
