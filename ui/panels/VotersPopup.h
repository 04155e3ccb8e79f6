#pragma once

#include "core/engine/Vote.h"

#include <QFrame>

class QLabel;

namespace icmoe::ui {

/// The voices of one vote as bars: who they are, how much they count, and who was dropped. Paints itself.
class VoterBars final : public QWidget {
    Q_OBJECT

public:
    explicit VoterBars(QWidget* parent = nullptr);
    void setVote(const Vote& vote); ///< heaviest first, dropped ones last
    /// "click expert 44 %", "adaptive 2, dropped": for tool tips and screen readers.
    [[nodiscard]] QStringList lines() const;
    [[nodiscard]] QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    std::vector<VoterShare> m_voters;
};

/// Who voted on the proposal; opens over the button that asked, closes with any click beside it or Esc.
class VotersPopup final : public QFrame {
    Q_OBJECT

public:
    explicit VotersPopup(QWidget* parent);
    void setVote(const Vote& vote);
    void popUp(const QWidget& above);
    [[nodiscard]] const VoterBars& bars() const { return *m_bars; }

protected:
    bool event(QEvent* event) override;

private:
    QLabel* m_title = nullptr;
    VoterBars* m_bars = nullptr;
};

/// "agreement 87 %"
[[nodiscard]] QString agreementText(double agreement);

} // namespace icmoe::ui
