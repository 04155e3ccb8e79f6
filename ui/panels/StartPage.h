#pragma once

#include <QWidget>

class QLabel;
class QPushButton;
class QVBoxLayout;

namespace icmoe::ui {

/// A study that was open before.
struct RecentStudy {
    QString path;    ///< what was given to open it
    QString patient; ///< shown only while names are shown
    QString patientHidden;
    QString description; ///< "MR head · T1 3D"
    bool operator==(const RecentStudy&) const = default;
};

/// What is seen while nothing is open.
class StartPage final : public QWidget {
    Q_OBJECT

public:
    explicit StartPage(QWidget* parent = nullptr);
    void setRecent(const QList<RecentStudy>& studies, bool namesHidden);
    /// A sentence in place of the heading while files are looked through or a first slice is awaited; empty: the
    /// heading.
    void setBusy(const QString& sentence);
    void setSampleAvailable(bool available);
    [[nodiscard]] QPushButton& openButton() const { return *m_open; }
    [[nodiscard]] QPushButton& sampleButton() const { return *m_sample; }

Q_SIGNALS:
    void openAsked();
    void sampleAsked();
    void recentAsked(const QString& path);

private:
    QLabel* m_heading = nullptr;
    QPushButton* m_open = nullptr;
    QPushButton* m_sample = nullptr;
    QWidget* m_recent = nullptr;
    QVBoxLayout* m_recentRows = nullptr;
};

} // namespace icmoe::ui
