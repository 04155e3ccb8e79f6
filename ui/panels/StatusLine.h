#pragma once

#include <QWidget>

#include <utility>

class QHBoxLayout;
class QLabel;

namespace icmoe {
struct EngineState;
}

namespace icmoe::ui {

class AnnotationDocument;
class ElidedLabel;
class IconLabel;

/// The engine's state as a dot: filled = ready, ring with progress = encoding, hollow = no weights or not there, in the
/// error colour with a bar = failed. Words always stand beside it.
class EngineDot final : public QWidget {
    Q_OBJECT

public:
    explicit EngineDot(QWidget* parent = nullptr);
    void setState(const EngineState& state, bool there);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    enum class Look { none, ready, busy, failed };
    Look m_look = Look::none;
    double m_progress = 0;
};

/// The status bar: engine, keys that work now, position and value under the pointer, database.
class StatusLine final : public QWidget {
    Q_OBJECT

public:
    explicit StatusLine(AnnotationDocument& document, QWidget* parent = nullptr);

    /// Key and what it does; at most four are shown.
    void setKeys(const QList<std::pair<QString, QString>>& keys);
    void setPointer(const QString& position, const QString& value);
    /// The database's name, or why there is none.
    void setDatabase(const QString& name, bool warning);
    [[nodiscard]] QString engineText() const;
    [[nodiscard]] QString storageText() const;

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void updateEngine();
    void updateStorage();

    AnnotationDocument& m_document;
    EngineDot* m_dot = nullptr;
    ElidedLabel* m_engine = nullptr;
    QWidget* m_keys = nullptr;
    QHBoxLayout* m_keyRow = nullptr;
    QLabel* m_position = nullptr;
    QLabel* m_value = nullptr;
    IconLabel* m_databaseIcon = nullptr;
    QLabel* m_database = nullptr;
    QString m_databaseName;
    bool m_databaseWarning = false;
    QList<std::pair<QString, QString>> m_shownKeys;
};

/// What the status bar says about the engine: "LiteMedSAM · CPU 2 threads · slice encoded 0.31 s".
[[nodiscard]] QString engineSentence(const EngineState& state, bool there);

} // namespace icmoe::ui
