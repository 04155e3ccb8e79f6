#pragma once

#include <QWidget>

class QGridLayout;
class QLabel;

namespace icmoe {
struct Series;
}

namespace icmoe::ui {

/// The health report of one series: each check with what was found.
class HealthCard final : public QWidget {
    Q_OBJECT

public:
    explicit HealthCard(QWidget* parent = nullptr);
    void setSeries(const Series* series); ///< null: hides the card

private:
    QLabel* m_title = nullptr;
    QGridLayout* m_grid = nullptr;
    QWidget* m_rows = nullptr;
};

} // namespace icmoe::ui
