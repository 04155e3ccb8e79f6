#include "ui/panels/SliceStrip.h"

#include "ui/document/AnnotationDocument.h"
#include "ui/document/VoteIndex.h"
#include "ui/panels/VotersPopup.h"
#include "ui/style/Fonts.h"
#include "ui/style/Tokens.h"

#include <QHelpEvent>
#include <QPainter>
#include <QToolTip>

#include <cmath>

namespace icmoe::ui {

namespace {

constexpr int kLetterHeight = 34;
constexpr int kStripLeft = 8;
constexpr int kStripWidth = 12;
constexpr int kSliderX = 30;
constexpr double kRampSlope = 2; // half of the votes against the mask's boundary is the end of the ramp

} // namespace

SliceStrip::SliceStrip(AnnotationDocument& document, QWidget* parent)
    : QSlider(Qt::Vertical, parent)
    , m_document(document)
{
    setFixedWidth(44);
    setMouseTracking(true);
    setFocusPolicy(Qt::TabFocus);
    setAccessibleName(tr("Slice"));
    connect(&document, &AnnotationDocument::changed, this, [this](DocumentChange change) {
        switch (change) {
        case DocumentChange::series:
            planeChanged();
            marksChanged();
            break;
        case DocumentChange::position: // of another plane, perhaps
            planeChanged();
            break;
        case DocumentChange::masks:
        case DocumentChange::prompts:
        case DocumentChange::proposal:
        case DocumentChange::engine:
        case DocumentChange::slices:
        case DocumentChange::votes:
            marksChanged();
            break;
        default:
            break;
        }
    });
    connect(this, &QSlider::valueChanged, this, [this](int value) {
        if (m_document.isOpen() && m_document.slice(m_document.mainPlane()) != value) {
            m_document.setSlice(m_document.mainPlane(), value);
        }
    });
    planeChanged();
}

void SliceStrip::planeChanged()
{
    setEnabled(m_document.isOpen());
    if (!m_document.isOpen()) {
        m_marks.clear();
        update();
        return;
    }
    const Plane plane = m_document.mainPlane();
    const int count = m_document.sliceCount(plane);
    const Geometry& geometry = m_document.grid(plane).geometry();
    const SlicePlane& shown = m_document.grid(plane).shown();
    m_topLetter.clear();
    m_bottomLetter.clear();
    if (geometry.placedInPatient()) {
        const Vec3 way = geometry.axisDirection(shown.axisN());
        m_topLetter = QString::fromStdString(letterOf(way)).left(1);
        m_bottomLetter = QString::fromStdString(letterOf(way * -1.0)).left(1);
    }
    const QSignalBlocker blocker(this);
    setRange(0, std::max(0, count - 1));
    setPageStep(10);
    setValue(m_document.slice(plane));
    setAccessibleDescription(describe(value()));
    if (m_plane != plane || m_marks.size() != static_cast<std::size_t>(count)) {
        m_plane = plane;
        marksChanged();
    }
    update();
}

void SliceStrip::marksChanged()
{
    m_marks.clear();
    if (!m_document.isOpen()) {
        return;
    }
    const Plane plane = m_document.mainPlane();
    m_marks.resize(static_cast<std::size_t>(m_document.sliceCount(plane)));
    const SliceGrid& grid = m_document.grid(plane);
    const auto at = [this](int n) -> SliceMark* {
        return n >= 0 && static_cast<std::size_t>(n) < m_marks.size() ? &m_marks[static_cast<std::size_t>(n)] : nullptr;
    };
    for (const Prompt& prompt : m_document.prompts()) {
        if (prompt.plane == plane) {
            if (SliceMark* mark = at(grid.shownSlice(prompt.slice))) {
                mark->prompted = true;
            }
        }
    }
    for (const Place& place : m_document.places(plane)) {
        if (SliceMark* mark = at(place.slice)) {
            (place.kind == Place::Kind::prompt ? mark->prompted : mark->drawn) = true;
        }
    }
    for (const auto& [n, share] : m_document.disagreements(plane)) {
        if (SliceMark* mark = at(n)) {
            mark->disagreement = share;
        }
    }
    if (grid.stored().axisN() == 2) { // masks are kept by stored slice, so these are known without cutting
        for (const Label& label : m_document.segmentation().labels().labels()) {
            for (const auto& entry : m_document.segmentation().mask(label.id).slices()) {
                if (SliceMark* mark = at(grid.shownSlice(entry.first))) {
                    mark->drawn = true;
                }
            }
        }
    }
    for (int n = 0; n < static_cast<int>(m_marks.size()); ++n) {
        m_marks[static_cast<std::size_t>(n)].encoded = m_document.isEncoded(plane, n);
    }
    update();
}

SliceStrip::SliceMark SliceStrip::mark(int slice) const
{
    return slice >= 0 && static_cast<std::size_t>(slice) < m_marks.size() ? m_marks[static_cast<std::size_t>(slice)]
                                                                          : SliceMark{};
}

QString SliceStrip::describe(int slice) const
{
    const SliceMark m = mark(slice);
    if (m.disagreement) {
        return tr("Slice %1").arg(slice + 1) + QStringLiteral(" · ") + agreementText(1 - *m.disagreement);
    }
    QStringList parts{tr("Slice %1 of %2").arg(slice + 1).arg(maximum() + 1)};
    if (m.prompted) {
        parts << tr("prompted");
    }
    if (m.drawn) {
        parts << tr("has masks");
    }
    if (m.encoded) {
        parts << tr("prepared for prompts");
    }
    return parts.join(QStringLiteral(" · "));
}

QRectF SliceStrip::track() const
{
    return {0, kLetterHeight, static_cast<double>(width()),
            static_cast<double>(std::max(10, height() - 2 * kLetterHeight))};
}

double SliceStrip::yOf(double slice) const
{
    const double share = maximum() == 0 ? 0.5 : slice / maximum();
    const QRectF t = track();
    return t.top() + t.height() * (1 - share);
}

int SliceStrip::sliceAt(int y) const
{
    const QRectF t = track();
    const double share = std::clamp((y - t.top()) / t.height(), 0.0, 1.0);
    return static_cast<int>(std::lround((1 - share) * maximum()));
}

void SliceStrip::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    // It belongs to the view beside it, so it keeps the view's colours in both themes.
    const Tokens& dark = tokens(Theme::dark);
    painter.fillRect(rect(), dark.view);
    const QRectF t = track();
    const QRectF strip(kStripLeft, t.top(), kStripWidth, t.height());
    painter.fillRect(strip, dark.field);
    painter.setPen(Qt::NoPen);
    painter.setBrush(dark.groove);
    painter.drawRoundedRect(QRectF(kSliderX - 2, t.top(), 4, t.height()), 2, 2);
    if (!m_document.isOpen()) {
        return;
    }
    const double step = m_marks.empty() ? 1 : std::max(1.0, t.height() / static_cast<double>(m_marks.size()));
    const auto band = [&](int slice, double left, double width, const QColor& colour) {
        painter.fillRect(QRectF(left, yOf(slice) - step / 2, width, step), colour);
    };
    for (int n = 0; n < static_cast<int>(m_marks.size()); ++n) {
        const SliceMark& m = m_marks[static_cast<std::size_t>(n)];
        if (m.disagreement) {
            band(n, kStripLeft, kStripWidth, dark.vote(*m.disagreement * kRampSlope));
        }
        if (m.drawn) {
            band(n, kStripLeft - 4, 2, dark.text3);
        }
        if (m.encoded) {
            band(n, kSliderX - 2, 4, dark.accent.darker(150)); // the slice's edge on the slider fills
        }
        const bool doubtful = m.disagreement.value_or(0) >= kDoubtful;
        if (m.prompted || doubtful) {
            painter.setPen(QPen(m.prompted ? dark.text : dark.voteRamp[2], 1.5));
            painter.drawLine(QPointF(kSliderX + 5, yOf(n)), QPointF(kSliderX + 10, yOf(n)));
            painter.setPen(Qt::NoPen);
        }
    }
    const double y = yOf(value());
    painter.setPen(QPen(dark.prompt, 1.6));
    painter.setBrush(Qt::NoBrush);
    painter.drawRoundedRect(QRectF(kStripLeft - 2, y - 3.5, kStripWidth + 4, 7), 1.5, 1.5);
    painter.setPen(Qt::NoPen);
    painter.setBrush(dark.prompt);
    painter.drawRoundedRect(QRectF(kSliderX - 7, y - 5, 14, 10), 4, 4);
    if (hasFocus()) {
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(dark.accent, 2));
        painter.drawRoundedRect(QRectF(kSliderX - 10, y - 8, 20, 16), 6, 6);
    }
    painter.setFont(ui::font(FontRole::hint));
    painter.setPen(dark.text2);
    painter.drawText(QRectF(0, 0, width(), kLetterHeight), Qt::AlignCenter, m_topLetter);
    painter.drawText(QRectF(0, height() - kLetterHeight, width(), kLetterHeight), Qt::AlignCenter, m_bottomLetter);
}

void SliceStrip::mousePressEvent(QMouseEvent* event)
{
    if (event->button() == Qt::LeftButton) {
        setSliderDown(true);
        setValue(sliceAt(qRound(event->position().y())));
    }
}

void SliceStrip::mouseMoveEvent(QMouseEvent* event)
{
    if (isSliderDown()) {
        setValue(sliceAt(qRound(event->position().y())));
    }
}

void SliceStrip::mouseReleaseEvent(QMouseEvent*)
{
    setSliderDown(false);
}

void SliceStrip::wheelEvent(QWheelEvent* event)
{
    const int step = event->modifiers().testFlag(Qt::ShiftModifier) ? 10 : 1;
    const int up = event->angleDelta().y() + event->angleDelta().x() > 0 ? 1 : -1;
    setValue(value() + up * step);
    event->accept();
}

bool SliceStrip::event(QEvent* event)
{
    if (event->type() == QEvent::ToolTip && m_document.isOpen()) {
        const auto* help = static_cast<QHelpEvent*>(event);
        QToolTip::showText(help->globalPos(), describe(sliceAt(help->pos().y())), this);
        return true;
    }
    return QSlider::event(event);
}

} // namespace icmoe::ui
