#include "ui/views/SliceView.h"

#include "ui/document/AnnotationDocument.h"
#include "ui/tools/PromptEditor.h"
#include "ui/tools/ToolController.h"
#include "ui/views/SliceScene.h"

#include <QAccessible>
#include <QDateTime>
#include <QKeyEvent>
#include <QLocale>
#include <QMouseEvent>
#include <QTimer>
#include <QWheelEvent>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace icmoe::ui {
namespace {

constexpr double kFitShare = 0.95;
constexpr double kSmallestScale = 0.02;
constexpr double kLargestScale = 400;
constexpr int kFastSlices = 10;
constexpr int kOtherViewsMilliseconds = 60; // of rest in a brush stroke until the other planes follow
constexpr int kClickReach = 3;
constexpr qint64 kHoldMilliseconds = 200;

QString numberText(double value)
{
    const bool whole = std::abs(value - std::round(value)) < 1e-6;
    return QLocale().toString(value, 'f', whole ? 0 : 2);
}

} // namespace

struct SliceView::Private {
    enum class Drag { none, tool, prompt, pan, zoom };

    Private(SliceView& view, AnnotationDocument& doc, ToolController& controller, Plane which)
        : q(view)
        , document(doc)
        , tools(controller)
        , plane(which)
        , scene(doc, controller, which, view.renderer())
        , editor(doc)
    {
    }

    [[nodiscard]] ToolEvent toolEvent(QPointF position, Qt::KeyboardModifiers modifiers) const
    {
        const SliceGrid& grid = document.grid(plane);
        const int n = document.slice(plane);
        const Point2 shown = transform.toPixel(position);
        return {&grid,
                n,
                grid.storedSlice(n),
                grid.toStored(shown, n),
                shown,
                position,
                grid.stored().spacingX() * transform.scale,
                grid.stored().spacingY() * transform.scale,
                modifiers};
    }

    void scroll(int slices)
    {
        if (document.isOpen()) {
            document.setSlice(plane, document.slice(plane) + slices);
        }
    }

    void zoom(QPointF anchor, double factor)
    {
        const double wanted = std::clamp(transform.scale * factor, kSmallestScale, kLargestScale);
        transform.zoomAt(anchor, wanted / transform.scale);
        touched();
    }

    void touched()
    {
        fitted = false;
        q.update();
        Q_EMIT q.placed();
    }

    void describe()
    {
        q.setAccessibleName(scene.overlay().title());
        QString text = scene.overlay().title();
        if (document.isOpen()) {
            text = SliceView::tr("%1, slice %2 of %3")
                       .arg(text)
                       .arg(document.slice(plane) + 1)
                       .arg(document.sliceCount(plane));
            const Label* label = document.segmentation().labels().find(document.activeLabel());
            if (document.proposal() != nullptr && label != nullptr) {
                text += SliceView::tr(", preview of %1, %2 ml")
                            .arg(QString::fromStdString(label->name),
                                 QLocale().toString(document.proposalMillilitres(), 'f', 1));
            }
        }
        q.setAccessibleDescription(text);
    }

    void documentChanged(DocumentChange change)
    {
        switch (change) {
        case DocumentChange::series:
            scene.pictureChanged();
            scene.masksChanged();
            drag = Drag::none;
            q.fit();
            describe();
            break;
        case DocumentChange::slices:
        case DocumentChange::window:
            scene.pictureChanged();
            break;
        case DocumentChange::masks:
            if (document.strokePlane() && *document.strokePlane() != plane) {
                later.start(); // the view under the brush goes first, the others follow when it rests
                return;
            }
            scene.masksChanged();
            break;
        case DocumentChange::labels:
        case DocumentChange::proposal:
        case DocumentChange::display:
            scene.masksChanged();
            describe();
            break;
        case DocumentChange::position:
            describe();
            break;
        case DocumentChange::votes:
            if (!document.disagreementShown()) {
                return;
            }
            scene.masksChanged();
            break;
        case DocumentChange::prompts:
        case DocumentChange::tool:
            break;
        case DocumentChange::storage:
        case DocumentChange::engine:
        case DocumentChange::placement:
            return;
        }
        q.update();
    }

    void hover(QPointF position, Qt::KeyboardModifiers modifiers)
    {
        if (!document.isOpen()) {
            q.unsetCursor();
            return;
        }
        const ToolEvent event = toolEvent(position, modifiers);
        Tool& tool = tools.currentTool();
        tool.hover(event);
        const auto prompt = tool.editsPrompts() ? editor.cursorAt(event) : std::nullopt;
        q.setCursor(prompt.value_or(tool.cursor()));
        Q_EMIT q.pointerChanged(q.infoAt(position));
    }

    SliceView& q;
    AnnotationDocument& document;
    ToolController& tools;
    Plane plane;
    SliceScene scene;
    PromptEditor editor;
    ViewTransform transform;
    QTimer later;
    bool main = false;
    bool fitted = true;
    Drag drag = Drag::none;
    QPointF pressed;
    QPointF last;
    bool moved = false;
    bool space = false;
    bool spaceDragged = false;
    int wheel = 0;
    qint64 peekSince = 0;
};

SliceView::SliceView(AnnotationDocument& document, ToolController& tools, Plane plane, QWidget* parent)
    : VtkWidget(parent)
    , d(std::make_unique<Private>(*this, document, tools, plane))
{
    setObjectName(QStringLiteral("view-") + QString::fromUtf8(name(plane).data(), qsizetype(name(plane).size())));
    d->later.setSingleShot(true);
    d->later.setInterval(kOtherViewsMilliseconds);
    connect(&d->later, &QTimer::timeout, this, [this] {
        d->scene.masksChanged();
        update();
    });
    connect(&document, &AnnotationDocument::changed, this,
            [this](DocumentChange change) { d->documentChanged(change); });
    connect(&tools, &ToolController::overlayChanged, this, [this] { update(); });
    d->describe();
}

SliceView::~SliceView() = default;

Plane SliceView::plane() const
{
    return d->plane;
}

void SliceView::setMain(bool main)
{
    if (d->main != main) {
        d->main = main;
        update();
    }
}

bool SliceView::isMain() const
{
    return d->main;
}

void SliceView::fit()
{
    d->fitted = true;
    d->transform.size = size();
    if (d->document.isOpen()) {
        const SliceGrid& grid = d->document.grid(d->plane);
        d->transform.spacingX = grid.spacingX();
        d->transform.spacingY = grid.spacingY();
        const double w = grid.width() * grid.spacingX();
        const double h = grid.height() * grid.spacingY();
        d->transform.centre = {(w - grid.spacingX()) / 2, (h - grid.spacingY()) / 2};
        d->transform.scale = std::clamp(kFitShare * std::min(width() / w, height() / h), kSmallestScale, kLargestScale);
    }
    update();
}

bool SliceView::isFitted() const
{
    return d->fitted;
}

const ViewTransform& SliceView::transform() const
{
    return d->transform;
}

void SliceView::place(double scale, QPointF centre)
{
    d->fitted = false;
    d->transform.scale = std::clamp(scale, kSmallestScale, kLargestScale);
    d->transform.centre = centre;
    update();
}

QPointF SliceView::toView(Point2 stored) const
{
    const SliceGrid& grid = d->document.grid(d->plane);
    return d->transform.toView(grid.toShown(stored, grid.storedSlice(d->document.slice(d->plane))));
}

Point2 SliceView::toStored(QPointF position) const
{
    return d->toolEvent(position, {}).at;
}

PointerInfo SliceView::infoAt(QPointF position) const
{
    if (!d->document.isOpen()) {
        return {};
    }
    const SliceGrid& grid = d->document.grid(d->plane);
    const int n = d->document.slice(d->plane);
    const Point2 shown = d->transform.toPixel(position);
    PointerInfo info;
    info.position = grid.geometry().placedInPatient()
                        ? QString::fromStdString(lettersOf(grid.patient(shown, n))) + QStringLiteral(" mm")
                        : tr("x %1 y %2 px").arg(std::lround(shown.x)).arg(std::lround(shown.y));
    const Vec3 voxel = grid.voxel(shown, n);
    const Index3 index{static_cast<int>(std::lround(voxel.x)), static_cast<int>(std::lround(voxel.y)),
                       static_cast<int>(std::lround(voxel.z))};
    const Volume& volume = *d->document.volume();
    if (!volume.contains(index) || !volume.isLoaded(index.k)) {
        return info;
    }
    if (volume.isColour()) {
        const auto rgb = volume.colour(index);
        info.value = QStringLiteral("%1 %2 %3").arg(rgb[0]).arg(rgb[1]).arg(rgb[2]);
    } else {
        info.value = numberText(volume.value(index));
        if (!volume.description().unit.empty()) {
            info.value += QLatin1Char(' ') + QString::fromStdString(volume.description().unit);
        }
    }
    return info;
}

void SliceView::prepare(int width, int height)
{
    d->transform.size = size();
    SliceOverlay::Frame frame;
    frame.transform = d->transform;
    frame.shownSlice = d->document.slice(d->plane);
    frame.main = d->main;
    frame.focused = hasFocus();
    frame.deviceRatio = devicePixelRatioF();
    d->scene.update(frame, width, height);
}

void SliceView::resizeEvent(QResizeEvent* event)
{
    VtkWidget::resizeEvent(event);
    if (d->fitted) {
        fit();
    }
}

// ---- mouse

void SliceView::mousePressEvent(QMouseEvent* event)
{
    d->pressed = event->position();
    d->last = event->position();
    d->moved = false;
    if (!d->document.isOpen() || d->drag != Private::Drag::none) {
        return;
    }
    if (event->button() == Qt::MiddleButton) {
        d->drag = Private::Drag::pan;
    } else if (event->button() == Qt::RightButton) {
        d->drag = Private::Drag::zoom;
    } else if (event->button() == Qt::LeftButton) {
        if (d->space || d->tools.current() == ToolId::pan) {
            d->drag = Private::Drag::pan;
            d->spaceDragged = true;
            return;
        }
        const ToolEvent at = d->toolEvent(event->position(), event->modifiers());
        Tool& tool = d->tools.currentTool();
        // With Shift or Ctrl something new is meant: one more box, a click outside.
        const bool begins = (event->modifiers() & (Qt::ShiftModifier | Qt::ControlModifier)) != 0;
        if (tool.editsPrompts() && !begins && d->editor.press(at)) {
            d->drag = Private::Drag::prompt;
        } else {
            d->drag = Private::Drag::tool;
            tool.press(at);
        }
    }
}

void SliceView::mouseMoveEvent(QMouseEvent* event)
{
    const QPointF by = event->position() - d->last;
    const QPointF total = event->position() - d->pressed;
    d->moved = d->moved || std::hypot(total.x(), total.y()) > kClickReach;
    d->last = event->position();
    if (!d->document.isOpen()) {
        return;
    }
    switch (d->drag) {
    case Private::Drag::none:
        d->hover(event->position(), event->modifiers());
        return;
    case Private::Drag::pan:
        d->transform.centre -= by / d->transform.scale;
        d->touched();
        return;
    case Private::Drag::zoom:
        if (d->moved) {
            d->zoom(d->pressed, std::exp(-by.y() * 0.01));
        }
        return;
    case Private::Drag::prompt:
        d->editor.move(d->toolEvent(event->position(), event->modifiers()));
        break;
    case Private::Drag::tool:
        d->tools.currentTool().move(d->toolEvent(event->position(), event->modifiers()));
        break;
    }
    Q_EMIT pointerChanged(infoAt(event->position()));
}

void SliceView::mouseReleaseEvent(QMouseEvent* event)
{
    const auto drag = std::exchange(d->drag, Private::Drag::none);
    if (!d->document.isOpen()) {
        return;
    }
    if (drag == Private::Drag::prompt) {
        d->editor.release(d->toolEvent(event->position(), event->modifiers()));
    } else if (drag == Private::Drag::tool) {
        d->tools.currentTool().release(d->toolEvent(event->position(), event->modifiers()));
    } else if (drag == Private::Drag::zoom && !d->moved) {
        Q_EMIT contextMenuRequested(event->globalPosition().toPoint());
    }
}

void SliceView::mouseDoubleClickEvent(QMouseEvent* event)
{
    if (event->button() == Qt::LeftButton) {
        Q_EMIT doubleClicked();
    }
}

void SliceView::wheelEvent(QWheelEvent* event)
{
    if (!d->document.isOpen()) {
        return;
    }
    const int delta = event->angleDelta().y() != 0 ? event->angleDelta().y() : event->angleDelta().x();
    if (event->modifiers().testFlag(Qt::ControlModifier)) {
        d->zoom(event->position(), std::pow(1.2, delta / 120.0));
    } else {
        d->wheel += delta;
        const int steps = d->wheel / 120;
        d->wheel -= steps * 120;
        d->scroll(steps * (event->modifiers().testFlag(Qt::ShiftModifier) ? kFastSlices : 1));
        Q_EMIT pointerChanged(infoAt(event->position()));
    }
    event->accept();
}

void SliceView::leaveEvent(QEvent* event)
{
    if (d->drag == Private::Drag::none) {
        d->tools.currentTool().leave();
    }
    Q_EMIT pointerChanged(std::nullopt);
    VtkWidget::leaveEvent(event);
}

// ---- keys

bool SliceView::event(QEvent* event)
{
    if (event->type() == QEvent::ShortcutOverride && d->document.isOpen()) {
        const auto* key = static_cast<QKeyEvent*>(event);
        const bool plain = (key->modifiers() & ~(Qt::ShiftModifier | Qt::KeypadModifier)) == Qt::NoModifier;
        constexpr std::array kOwn{Qt::Key_Space, Qt::Key_Return, Qt::Key_Enter,     Qt::Key_Escape, Qt::Key_Up,
                                  Qt::Key_Down,  Qt::Key_PageUp, Qt::Key_PageDown,  Qt::Key_Left,   Qt::Key_Right,
                                  Qt::Key_X,     Qt::Key_Delete, Qt::Key_Backspace, Qt::Key_H};
        const bool own = plain && std::find(kOwn.begin(), kOwn.end(), key->key()) != kOwn.end();
        if (own || d->tools.isToolKey(*key)) {
            event->accept(); // shortcuts of the window must not take it: some keys mean more when held
            return true;
        }
    }
    if (event->type() == QEvent::KeyPress) {
        // Tab would leave the view before keyPressEvent: with several candidates it goes through them
        auto* key = static_cast<QKeyEvent*>(event);
        const Proposal* proposal = d->document.proposal();
        const int count = proposal != nullptr ? static_cast<int>(proposal->candidates.size()) : 0;
        if (count > 1 && (key->key() == Qt::Key_Tab || key->key() == Qt::Key_Backtab)) {
            const int step = key->key() == Qt::Key_Tab ? 1 : count - 1;
            d->document.setCandidateIndex((d->document.candidateIndex() + step) % count);
            return true;
        }
    }
    return VtkWidget::event(event);
}

void SliceView::keyPressEvent(QKeyEvent* event)
{
    if (!d->document.isOpen()) {
        event->ignore();
        return;
    }
    const auto selected = d->document.selectedPrompt();
    const auto arrow = [&](int slices, double dx, double dy) {
        if (!selected || !d->document.nudgePrompt(*selected, dx, dy)) {
            d->scroll(slices);
        }
    };
    const bool plain = (event->modifiers() & ~(Qt::ShiftModifier | Qt::KeypadModifier)) == Qt::NoModifier;
    if (!plain) {
        event->ignore();
        return;
    }
    switch (event->key()) {
    case Qt::Key_Space:
        if (!event->isAutoRepeat()) {
            d->space = true;
            d->spaceDragged = false;
        }
        return;
    case Qt::Key_Return:
    case Qt::Key_Enter:
        d->document.acceptProposal();
        return;
    case Qt::Key_Escape:
        d->tools.escape();
        return;
    case Qt::Key_Up:
        arrow(1, 0, -1);
        return;
    case Qt::Key_Down:
        arrow(-1, 0, 1);
        return;
    case Qt::Key_Right:
        arrow(1, 1, 0);
        return;
    case Qt::Key_Left:
        arrow(-1, -1, 0);
        return;
    case Qt::Key_PageUp:
        d->scroll(kFastSlices);
        return;
    case Qt::Key_PageDown:
        d->scroll(-kFastSlices);
        return;
    case Qt::Key_X:
        if (selected) {
            d->document.flipPrompt(*selected);
        }
        return;
    case Qt::Key_Delete:
    case Qt::Key_Backspace:
        if (selected) {
            d->document.removePrompt(*selected);
        }
        return;
    case Qt::Key_H:
        if (!event->isAutoRepeat()) {
            d->peekSince = QDateTime::currentMSecsSinceEpoch();
            d->document.setMasksHidden(!d->document.masksHidden());
        }
        return;
    default:
        if (!d->tools.keyPressed(*event)) {
            event->ignore();
        }
    }
}

void SliceView::keyReleaseEvent(QKeyEvent* event)
{
    if (event->isAutoRepeat()) {
        return;
    }
    if (event->key() == Qt::Key_Space && d->space) {
        d->space = false;
        if (!d->spaceDragged) {
            d->document.acceptProposal();
        }
        return;
    }
    if (event->key() == Qt::Key_H && d->peekSince != 0) {
        const bool held = QDateTime::currentMSecsSinceEpoch() - d->peekSince > kHoldMilliseconds;
        d->peekSince = 0;
        if (held) {
            d->document.setMasksHidden(!d->document.masksHidden());
        }
        return;
    }
    if (!d->tools.keyReleased(*event)) {
        event->ignore();
    }
}

void SliceView::focusInEvent(QFocusEvent* event)
{
    VtkWidget::focusInEvent(event);
    Q_EMIT focused();
    update();
}

void SliceView::focusOutEvent(QFocusEvent* event)
{
    d->space = false;
    VtkWidget::focusOutEvent(event);
    update();
}

} // namespace icmoe::ui
