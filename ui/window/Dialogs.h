#pragma once

#include <QDialog>

class QCheckBox;
class QComboBox;
class QLabel;
class QLineEdit;
class QProgressBar;
class QPushButton;

namespace icmoe::ui {

class AnnotationDocument;
class StudyReader;
class WindowSettings;

/// What the program is, its version, what it is not, and whose work is in it.
class AboutDialog final : public QDialog {
    Q_OBJECT

public:
    explicit AboutDialog(QWidget* parent);
};

/// Theme, interface scale, names, annotator, overlaps. Changes count at once and are remembered.
class PreferencesDialog final : public QDialog {
    Q_OBJECT

public:
    PreferencesDialog(WindowSettings& settings, QWidget* parent);
    [[nodiscard]] QLineEdit& annotatorField() const { return *m_annotator; }

Q_SIGNALS:
    void themeChanged();
    void annotatorChanged();
    void namesChanged();
    void overlapsChanged();

private:
    WindowSettings& m_settings;
    QLineEdit* m_annotator = nullptr;
};

/// Writes the masks to a file, shows progress, and says when the file was read back and found equal. Not modal.
class ExportDialog final : public QDialog {
    Q_OBJECT

public:
    ExportDialog(AnnotationDocument& document, StudyReader& reader, WindowSettings& settings, QWidget* parent);
    [[nodiscard]] QLineEdit& fileField() const { return *m_file; }
    [[nodiscard]] QComboBox& formatField() const { return *m_format; }
    [[nodiscard]] QPushButton& exportButton() const { return *m_export; }
    [[nodiscard]] QLabel& resultLabel() const { return *m_result; }

private:
    void start();
    void formatChanged();
    void choose();
    void report(const char* kind, const QString& text);

    AnnotationDocument& m_document;
    StudyReader& m_reader;
    WindowSettings& m_settings;
    QComboBox* m_format = nullptr;
    QLineEdit* m_file = nullptr;
    QCheckBox* m_replace = nullptr;
    QCheckBox* m_resample = nullptr;
    QProgressBar* m_progress = nullptr;
    QLabel* m_result = nullptr;
    QPushButton* m_export = nullptr;
};

} // namespace icmoe::ui
