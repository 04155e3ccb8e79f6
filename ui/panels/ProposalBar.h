#pragma once

#include <QWidget>

class QLabel;
class QPushButton;
class QStackedWidget;
class QToolButton;

namespace icmoe::ui {

class Actions;
class AnnotationDocument;
class ElidedLabel;
class IconLabel;
class Segments;
class VotersPopup;

/// Under the main view, always there: the preview with its choices and Accept; without one, what happened and what to
/// do next.
class ProposalBar final : public QWidget {
    Q_OBJECT

public:
    ProposalBar(AnnotationDocument& document, const Actions& actions, QWidget* parent = nullptr);
    /// What to do next, by tool and state; shown while there is no preview.
    void setHint(const QString& hint);
    [[nodiscard]] QPushButton& acceptButton() const { return *m_accept; }
    [[nodiscard]] QPushButton& discardButton() const { return *m_discard; }
    [[nodiscard]] Segments& modes() const { return *m_modes; }
    [[nodiscard]] QToolButton& votersButton() const { return *m_voters; } ///< visible where there was a vote
    [[nodiscard]] VotersPopup& votersPopup() const { return *m_votersPopup; }
    /// What the engine has to say about the proposal: a mark with its words in the tool tip, as long as that is shown.
    [[nodiscard]] const IconLabel& noticeMark() const { return *m_notice; }
    /// What the bar says now, in one line (tests, announcements).
    [[nodiscard]] QString sentence() const;

Q_SIGNALS:
    void importWeightsAsked();

private:
    void update();
    void updatePreview();
    void updateVote();
    [[nodiscard]] QString confidence() const; ///< what there is to say without a vote: "estimate 81 %"
    void updateMessage();
    QWidget* makePreviewPage(const Actions& actions);
    QWidget* makeMessagePage();

    AnnotationDocument& m_document;
    QStackedWidget* m_pages = nullptr;
    // preview
    class SwatchLabel* m_swatch = nullptr;
    QLabel* m_title = nullptr;
    ElidedLabel* m_detail = nullptr;
    Segments* m_modes = nullptr;
    QToolButton* m_voters = nullptr;
    VotersPopup* m_votersPopup = nullptr;
    IconLabel* m_notice = nullptr;
    QWidget* m_candidates = nullptr;
    QLabel* m_candidateText = nullptr;
    QPushButton* m_discard = nullptr;
    QPushButton* m_accept = nullptr;
    // message
    IconLabel* m_messageIcon = nullptr;
    QLabel* m_event = nullptr;
    QLabel* m_storage = nullptr;
    ElidedLabel* m_hint = nullptr;
    QPushButton* m_importWeights = nullptr;
    QString m_hintText;
};

/// The numbered square of a label, as a widget.
class SwatchLabel final : public QWidget {
    Q_OBJECT

public:
    explicit SwatchLabel(QWidget* parent = nullptr);
    void setLabel(const QColor& colour, int number);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QColor m_colour;
    int m_number = 0;
};

} // namespace icmoe::ui
