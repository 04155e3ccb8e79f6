#pragma once

#include <QDialog>

class QLineEdit;
class QTableWidget;

namespace icmoe::ui {

class Actions;

/// Help: mouse and keys, searchable. Stays open beside the work.
class KeyTable final : public QDialog {
    Q_OBJECT

public:
    KeyTable(const Actions& actions, QWidget* parent);
    [[nodiscard]] QLineEdit& input() const { return *m_input; }
    [[nodiscard]] QTableWidget& table() const { return *m_table; }

private:
    void addRow(const QString& keys, const QString& does);
    void filter(const QString& search);

    QLineEdit* m_input = nullptr;
    QTableWidget* m_table = nullptr;
};

} // namespace icmoe::ui
