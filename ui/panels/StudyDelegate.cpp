#include "ui/panels/StudyDelegate.h"

#include "core/study/Study.h"
#include "ui/models/StudyListModel.h"
#include "ui/panels/Widgets.h"
#include "ui/style/Fonts.h"
#include "ui/style/Icons.h"

#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>

namespace icmoe::ui {

namespace {

constexpr int kStudyHeight = 30;
constexpr int kSeriesHeight = 74;
constexpr int kThumbnail = 56;
constexpr int kTextLeft = 76;

QRect cancelRect(const QRect& row)
{
    return {row.right() - 26, row.bottom() - 28, 20, 20};
}

void paintThumbnail(QPainter& painter, const QRect& square, const QImage& image)
{
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setRenderHint(QPainter::SmoothPixmapTransform);
    QPainterPath clip;
    clip.addRoundedRect(square, kRadiusSmall, kRadiusSmall);
    painter.fillPath(clip, tokens().view);
    painter.setClipPath(clip);
    if (!image.isNull()) {
        const QSize fitted = image.size().scaled(square.size(), Qt::KeepAspectRatio);
        painter.drawImage(QRect(square.center() - QPoint(fitted.width() / 2, fitted.height() / 2), fitted), image);
    }
    painter.restore();
}

} // namespace

QSize StudyDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex& index) const
{
    return {100, index.data(StudyListModel::isStudyRole).toBool() ? kStudyHeight : kSeriesHeight};
}

void StudyDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const
{
    const Tokens& t = tokens();
    const QRect row = option.rect;
    if (index.data(StudyListModel::isStudyRole).toBool()) {
        const QString done = index.data(StudyListModel::doneTextRole).toString();
        const int doneWidth = QFontMetrics(font(FontRole::hint)).horizontalAdvance(done) + 2;
        const QRect text = row.adjusted(8, 6, -8, 0);
        paintText(*painter, text.adjusted(0, 0, -doneWidth - 8, 0), index.data().toString(), font(FontRole::hint),
                  t.text2);
        paintText(*painter, text, done, font(FontRole::hint), t.text3, Qt::AlignRight | Qt::AlignVCenter);
        return;
    }
    const bool selected = option.state.testFlag(QStyle::State_Selected);
    const QRect card = row.adjusted(0, 1, 0, -1);
    paintRowBackground(*painter, card, selected, option.state.testFlag(QStyle::State_MouseOver));
    const QRect thumbnail(card.left() + 8, card.top() + (card.height() - kThumbnail) / 2, kThumbnail, kThumbnail);
    paintThumbnail(*painter, thumbnail, index.data(StudyListModel::thumbnailRole).value<QImage>());

    const QRect text(card.left() + kTextLeft, card.top(), card.width() - kTextLeft - 8, card.height());
    paintText(*painter, QRect(text.left(), card.top() + 8, text.width(), 18), index.data().toString(),
              font(selected ? FontRole::heading : FontRole::body), t.text);
    const double progress = index.data(StudyListModel::progressRole).toDouble();
    if (progress >= 0) {
        paintText(*painter, QRect(text.left(), card.top() + 28, text.width(), 18),
                  index.data(StudyListModel::progressTextRole).toString(), font(FontRole::hint), t.text2);
        const QRectF bar(text.left(), card.top() + 54, text.width() - 26, 4);
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        painter->setPen(Qt::NoPen);
        painter->setBrush(t.groove);
        painter->drawRoundedRect(bar, 2, 2);
        painter->setBrush(t.accent);
        painter->drawRoundedRect(QRectF(bar.left(), bar.top(), bar.width() * progress, bar.height()), 2, 2);
        painter->restore();
        paintIcon(*painter, QStringLiteral("close"), QRectF(cancelRect(row)).adjusted(3, 3, -3, -3), t.text2);
        return;
    }
    paintText(*painter, QRect(text.left(), card.top() + 28, text.width(), 18),
              index.data(StudyListModel::sizeTextRole).toString(), font(FontRole::hint), t.text3);
    const bool warning = index.data(StudyListModel::healthLevelRole).toInt() == static_cast<int>(HealthLevel::warning);
    const QColor badgeColour = warning ? t.warn : t.ok;
    paintIcon(*painter, warning ? QStringLiteral("warning") : QStringLiteral("sound"),
              QRectF(text.left(), card.top() + 49, 14, 14), badgeColour);
    paintText(*painter, QRect(text.left() + 19, card.top() + 47, text.width() - 19, 18),
              index.data(StudyListModel::badgeRole).toString(), font(FontRole::hint), badgeColour);
}

bool StudyDelegate::editorEvent(QEvent* event, QAbstractItemModel* model, const QStyleOptionViewItem& option,
                                const QModelIndex& index)
{
    if (event->type() == QEvent::MouseButtonRelease && index.data(StudyListModel::progressRole).toDouble() >= 0 &&
        !index.data(StudyListModel::isStudyRole).toBool()) {
        if (cancelRect(option.rect).contains(static_cast<QMouseEvent*>(event)->position().toPoint())) {
            Q_EMIT cancelClicked();
            return true;
        }
    }
    return QStyledItemDelegate::editorEvent(event, model, option, index);
}

} // namespace icmoe::ui
