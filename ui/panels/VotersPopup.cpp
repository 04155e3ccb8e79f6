#include "ui/panels/VotersPopup.h"

#include "ui/panels/Widgets.h"
#include "ui/style/Fonts.h"
#include "ui/style/Tokens.h"

#include <QCoreApplication>
#include <QKeyEvent>
#include <QPainter>
#include <QScreen>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace icmoe::ui {

namespace {

constexpr int kWidth = 340;
constexpr int kRow = 28;
constexpr int kNameWidth = 132;
constexpr int kNumberWidth = 72;

QString percent(double share)
{
    return VoterBars::tr("%1 %").arg(qRound(std::clamp(share, 0.0, 1.0) * 100));
}

} // namespace

VoterBars::VoterBars(QWidget* parent)
    : QWidget(parent)
{
    setAccessibleName(tr("Voters"));
}

void VoterBars::setVote(const Vote& vote)
{
    m_voters = vote.voters;
    std::stable_sort(m_voters.begin(), m_voters.end(), [](const VoterShare& a, const VoterShare& b) {
        return a.dropped != b.dropped ? b.dropped : a.weight > b.weight;
    });
    setAccessibleDescription(lines().join(QStringLiteral(", ")));
    setFixedSize(sizeHint());
    update();
}

QStringList VoterBars::lines() const
{
    QStringList lines;
    for (const VoterShare& voter : m_voters) {
        const QString name = QString::fromStdString(voter.name);
        lines << (voter.dropped ? tr("%1: dropped").arg(name) : tr("%1: %2").arg(name, percent(voter.weight)));
    }
    return lines;
}

QSize VoterBars::sizeHint() const
{
    return {kWidth, kRow * static_cast<int>(m_voters.size())};
}

void VoterBars::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Tokens& t = tokens();
    for (std::size_t i = 0; i < m_voters.size(); ++i) {
        const VoterShare& voter = m_voters[i];
        const int top = static_cast<int>(i) * kRow;
        const QString name = QString::fromStdString(voter.name);
        const QColor nameColour = voter.dropped ? t.text3 : t.text;
        QFont nameFont = ui::font(FontRole::body);
        nameFont.setStrikeOut(voter.dropped);
        paintText(painter, {0, top, kNameWidth, kRow}, name, nameFont, nameColour);
        const QRectF track(kNameWidth + 8, top + kRow / 2.0 - 3, kWidth - kNameWidth - kNumberWidth - 16, 6);
        painter.setPen(Qt::NoPen);
        painter.setBrush(t.groove);
        painter.drawRoundedRect(track, 3, 3);
        if (!voter.dropped && voter.weight > 0) {
            QRectF bar = track;
            bar.setWidth(std::max(6.0, track.width() * std::min(1.0, voter.weight)));
            painter.setBrush(t.accent);
            painter.drawRoundedRect(bar, 3, 3);
        }
        paintText(painter, {kWidth - kNumberWidth, top, kNumberWidth, kRow},
                  voter.dropped ? tr("dropped") : percent(voter.weight), ui::font(FontRole::hint),
                  voter.dropped ? t.text3 : t.text2, Qt::AlignRight | Qt::AlignVCenter);
    }
}

VotersPopup::VotersPopup(QWidget* parent)
    : QFrame(parent, Qt::Popup)
    , m_title(makeLabel({}, "heading", this))
    , m_bars(new VoterBars(this))
{
    setProperty("surface", "card");
    setAttribute(Qt::WA_StyledBackground);
    setAccessibleName(tr("Who voted"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(14, 12, 14, 12);
    column->setSpacing(8);
    column->setSizeConstraint(QLayout::SetFixedSize);
    auto* hint = makeLabel(tr("Mean share on the slice. U shows where they differ."), "hint", this);
    hint->setWordWrap(true);
    column->addWidget(m_title);
    column->addWidget(m_bars);
    column->addWidget(hint);
}

void VotersPopup::setVote(const Vote& vote)
{
    const auto voices = static_cast<int>(vote.voters.size());
    m_title->setText(tr("%1 voters").arg(voices) + QStringLiteral(" · ") + agreementText(vote.agreement()));
    m_bars->setVote(vote);
}

void VotersPopup::popUp(const QWidget& above)
{
    adjustSize();
    const QPoint corner = above.mapToGlobal(QPoint(0, -6));
    const QRect room = above.screen()->availableGeometry();
    move(std::clamp(corner.x(), room.left(), std::max(room.left(), room.right() - width())),
         std::max(room.top(), corner.y() - height()));
    show();
    setFocus(Qt::PopupFocusReason);
}

bool VotersPopup::event(QEvent* event)
{
    if (event->type() == QEvent::ShortcutOverride) {
        event->accept(); // Esc would discard the preview, the focus is still in the view
        return true;
    }
    if (event->type() == QEvent::KeyPress && static_cast<QKeyEvent*>(event)->key() == Qt::Key_Escape) {
        hide();
        return true;
    }
    return QFrame::event(event);
}

QString agreementText(double agreement)
{
    return QCoreApplication::translate("Vote", "agreement %1 %").arg(qRound(std::clamp(agreement, 0.0, 1.0) * 100));
}

} // namespace icmoe::ui
