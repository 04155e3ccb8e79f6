#pragma once

#include <QWidget>

class QLabel;
class QPushButton;

namespace icmoe::ui {

class AnnotationDocument;
class ElidedLabel;

/// Who and what is open: patient (names shown or hidden), modality, body part, sequence, slices, spacing; the
/// annotator. Never scrolls away.
class PatientBanner final : public QWidget {
    Q_OBJECT

public:
    explicit PatientBanner(AnnotationDocument& document, QWidget* parent = nullptr);
    void setAnnotator(const QString& name);
    void update();

Q_SIGNALS:
    void namesToggled();
    void annotatorClicked();

private:
    AnnotationDocument& m_document;
    QLabel* m_patient = nullptr;
    ElidedLabel* m_identifiers = nullptr;
    QPushButton* m_toggle = nullptr;
    QWidget* m_rule = nullptr;
    QLabel* m_subject = nullptr;
    ElidedLabel* m_image = nullptr;
    QPushButton* m_annotator = nullptr;
};

} // namespace icmoe::ui
