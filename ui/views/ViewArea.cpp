#include "ui/views/ViewArea.h"

#include "ui/document/AnnotationDocument.h"
#include "ui/style/Tokens.h"
#include "ui/tools/ToolController.h"
#include "ui/views/SliceView.h"
#include "ui/views/VolumeView.h"

#include <QPainter>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace icmoe::ui {
namespace {

constexpr int kSideWidth = 338;
constexpr double kLargestSideShare = 0.36;

QString layoutName(ViewLayout layout)
{
    switch (layout) {
    case ViewLayout::twoByTwo:
        return QStringLiteral("twoByTwo");
    case ViewLayout::single:
        return QStringLiteral("single");
    case ViewLayout::onePlusThree:
        break;
    }
    return QStringLiteral("onePlusThree");
}

std::optional<ViewLayout> layoutFromName(const QString& name)
{
    for (const ViewLayout layout : {ViewLayout::onePlusThree, ViewLayout::twoByTwo, ViewLayout::single}) {
        if (layoutName(layout) == name) {
            return layout;
        }
    }
    return std::nullopt;
}

QString text(Plane plane)
{
    return QString::fromUtf8(name(plane).data(), qsizetype(name(plane).size()));
}

} // namespace

struct ViewArea::Private {
    ViewArea& q;
    AnnotationDocument& document;
    SliceView* axial;
    SliceView* sagittal;
    SliceView* coronal;
    VolumeView* volume;
    std::array<VtkWidget*, 4> order; ///< the main view first, then the others from top to bottom
    QWidget* strip = nullptr;
    QWidget* bar = nullptr;
    ViewLayout layout = ViewLayout::onePlusThree;
    Plane plane = Plane::axial;
    bool restoring = false;

    [[nodiscard]] std::array<SliceView*, 3> slices() const { return {axial, sagittal, coronal}; }

    /// A picture without a place in the patient has one plane only.
    [[nodiscard]] ViewLayout shownLayout() const
    {
        if (document.isOpen()) {
            const Geometry& geometry = document.volume()->geometry();
            if (!geometry.placedInPatient() || geometry.size().depth < 2) {
                return ViewLayout::single;
            }
        }
        return layout;
    }

    void arrange()
    {
        const ViewLayout shown = shownLayout();
        const int w = q.width();
        const int h = q.height();
        const int barHeight = bar != nullptr && !bar->isHidden() ? bar->sizeHint().height() : 0;
        const int stripWidth = strip != nullptr && !strip->isHidden() ? strip->sizeHint().width() : 0;
        const int side = shown == ViewLayout::onePlusThree ? std::min(kSideWidth, int(w * kLargestSideShare)) : 0;
        const int barWidth = shown == ViewLayout::onePlusThree ? w - side - kGap : w;
        const int viewsHeight = h - (barHeight > 0 ? barHeight + kGap : 0);
        QRect main;
        std::array<QRect, 3> others;
        if (shown == ViewLayout::twoByTwo) {
            const int column = (w - stripWidth - 2 * kGap) / 2;
            const int row = (viewsHeight - kGap) / 2;
            main = {0, 0, column, row};
            const int right = column + stripWidth + 2 * kGap;
            others = {QRect(right, 0, w - right, row),
                      QRect(0, row + kGap, column + stripWidth, viewsHeight - row - kGap),
                      QRect(right, row + kGap, w - right, viewsHeight - row - kGap)};
        } else {
            main = {0, 0, barWidth - stripWidth, viewsHeight};
            const int each = (h - 2 * kGap) / 3;
            for (int i = 0; i < 3; ++i) {
                const int top = i * (each + kGap);
                others[std::size_t(i)] = {w - side, top, side, i == 2 ? h - top : each};
            }
        }
        order[0]->setGeometry(main);
        order[0]->show();
        for (std::size_t i = 0; i < 3; ++i) {
            order[i + 1]->setVisible(shown != ViewLayout::single);
            if (shown != ViewLayout::single) {
                order[i + 1]->setGeometry(others[i]);
            }
        }
        if (strip != nullptr) {
            strip->setGeometry(main.right() + 1, 0, stripWidth, main.height());
        }
        if (bar != nullptr) {
            bar->setGeometry(0, h - barHeight, barWidth, barHeight);
        }
        for (SliceView* view : slices()) {
            view->setMain(view == order[0]);
        }
        QWidget* previous = nullptr;
        for (VtkWidget* view : order) {
            if (previous != nullptr) {
                QWidget::setTabOrder(previous, view);
            }
            previous = view;
        }
        q.update();
    }

    void makeMain(VtkWidget* view)
    {
        const auto found = std::find(order.begin(), order.end(), view);
        if (found == order.begin() || found == order.end()) {
            return;
        }
        std::iter_swap(order.begin(), found);
        if (const auto* slice = dynamic_cast<SliceView*>(view)) {
            plane = slice->plane();
        }
        arrange();
        view->setFocus();
        document.setMainPlane(plane);
        remember();
        Q_EMIT q.mainViewChanged();
    }

    void remember()
    {
        if (restoring || !document.isOpen()) {
            return;
        }
        const SliceView* main = plane == Plane::axial ? axial : plane == Plane::sagittal ? sagittal : coronal;
        ViewPlacement placement;
        if (!main->isFitted()) {
            placement.zoom = main->transform().scale;
            placement.panX = main->transform().centre.x();
            placement.panY = main->transform().centre.y();
        }
        placement.layout = q.saveState();
        document.setViewPlacement(placement);
    }
};

ViewArea::ViewArea(AnnotationDocument& document, ToolController& tools, QWidget* parent)
    : QWidget(parent)
{
    auto* axial = new SliceView(document, tools, Plane::axial, this);
    auto* sagittal = new SliceView(document, tools, Plane::sagittal, this);
    auto* coronal = new SliceView(document, tools, Plane::coronal, this);
    auto* volume = new VolumeView(document, this);
    d = std::unique_ptr<Private>(
        new Private{*this, document, axial, sagittal, coronal, volume, {axial, sagittal, coronal, volume}});
    setMinimumSize(320, 240);
    for (SliceView* view : d->slices()) {
        connect(view, &SliceView::pointerChanged, this, &ViewArea::pointerChanged);
        connect(view, &SliceView::contextMenuRequested, this, &ViewArea::contextMenuRequested);
        connect(view, &SliceView::doubleClicked, this,
                [this, view] { d->makeMain(view == d->order[0] ? d->order[1] : static_cast<VtkWidget*>(view)); });
        connect(view, &SliceView::placed, this, [this] { d->remember(); });
    }
    connect(volume, &VolumeView::contextMenuRequested, this, &ViewArea::contextMenuRequested);
    connect(volume, &VolumeView::doubleClicked, this,
            [this, volume] { d->makeMain(volume == d->order[0] ? d->order[3] : static_cast<VtkWidget*>(volume)); });
    connect(&document, &AnnotationDocument::changed, this, [this](DocumentChange change) {
        if (change == DocumentChange::series) {
            if (d->document.isOpen()) {
                setMainPlane(d->document.mainPlane());
            }
            d->arrange();
        } else if (change == DocumentChange::position && d->document.mainPlane() != d->plane) {
            setMainPlane(d->document.mainPlane());
        } else if (change == DocumentChange::placement) {
            restoreState(d->document.viewPlacement().layout);
        }
    });
    if (document.isOpen()) {
        setMainPlane(document.mainPlane());
    }
    d->arrange();
}

ViewArea::~ViewArea() = default;

void ViewArea::setStrip(QWidget* strip)
{
    strip->setParent(this);
    strip->show();
    d->strip = strip;
    d->arrange();
}

void ViewArea::setBar(QWidget* bar)
{
    bar->setParent(this);
    bar->show();
    d->bar = bar;
    d->arrange();
}

ViewLayout ViewArea::viewLayout() const
{
    return d->layout;
}

void ViewArea::setViewLayout(ViewLayout layout)
{
    if (d->layout != layout) {
        d->layout = layout;
        d->arrange();
        d->remember();
        Q_EMIT layoutChanged();
    }
}

Plane ViewArea::mainPlane() const
{
    return d->plane;
}

void ViewArea::setMainPlane(Plane plane)
{
    const Plane shown = plane == Plane::acquisition ? Plane::axial : plane;
    SliceView& view = sliceView(shown);
    const bool already = d->order[0] == &view;
    d->plane = shown;
    if (!already) {
        const bool hadFocus = d->order[0]->hasFocus();
        std::iter_swap(d->order.begin(), std::find(d->order.begin(), d->order.end(), &view));
        d->arrange();
        if (hadFocus) {
            view.setFocus();
        }
    }
    d->document.setMainPlane(shown);
    if (!already) {
        d->remember();
        Q_EMIT mainViewChanged();
    }
}

void ViewArea::showVolumeAsMain()
{
    d->makeMain(d->volume);
}

void ViewArea::fitView()
{
    for (SliceView* view : d->slices()) {
        if (view->hasFocus() && view->isVisible()) {
            view->fit();
            d->remember();
            return;
        }
    }
    if (d->volume->hasFocus() || d->order[0] == d->volume) {
        d->volume->fit();
    } else {
        sliceView(d->plane).fit();
        d->remember();
    }
}

void ViewArea::fitAllViews()
{
    for (SliceView* view : d->slices()) {
        view->fit();
    }
    d->volume->fit();
    d->remember();
}

void ViewArea::focusMainView()
{
    d->order[0]->setFocus(Qt::OtherFocusReason);
}

void ViewArea::focusNextView(bool forwards)
{
    std::vector<VtkWidget*> visible;
    std::copy_if(d->order.begin(), d->order.end(), std::back_inserter(visible),
                 [](const VtkWidget* view) { return view->isVisible(); });
    if (visible.empty()) {
        return;
    }
    const auto found =
        std::find_if(visible.begin(), visible.end(), [](const VtkWidget* view) { return view->hasFocus(); });
    const auto count = visible.size();
    const auto at = static_cast<std::size_t>(found - visible.begin());
    const std::size_t next = found == visible.end() ? 0 : (at + (forwards ? 1 : count - 1)) % count;
    visible[next]->setFocus(Qt::TabFocusReason);
}

QImage ViewArea::screenshot() const
{
    const double ratio = devicePixelRatioF();
    QRect area;
    for (const VtkWidget* view : d->order) {
        if (view->isVisible()) {
            area = area.united(view->geometry());
        }
    }
    QImage image((QSizeF(area.size()) * ratio).toSize(), QImage::Format_RGB32);
    image.fill(tokens().app);
    QPainter painter(&image);
    for (VtkWidget* view : d->order) {
        if (view->isVisible()) {
            QImage part = view->grabFramebuffer();
            part.setDevicePixelRatio(1);
            painter.drawImage(QPointF(view->geometry().topLeft() - area.topLeft()) * ratio, part);
        }
    }
    return image;
}

QImage ViewArea::mainScreenshot() const
{
    return d->order[0]->grabFramebuffer();
}

QString ViewArea::saveState() const
{
    QStringList parts{QStringLiteral("layout=") + layoutName(d->layout), QStringLiteral("main=") + text(d->plane)};
    for (const SliceView* view : d->slices()) {
        if (!view->isFitted()) {
            parts << QStringLiteral("%1=%2,%3,%4")
                         .arg(text(view->plane()))
                         .arg(view->transform().scale, 0, 'g', 8)
                         .arg(view->transform().centre.x(), 0, 'g', 8)
                         .arg(view->transform().centre.y(), 0, 'g', 8);
        }
    }
    return parts.join(QLatin1Char(';'));
}

void ViewArea::restoreState(const QString& state)
{
    d->restoring = true;
    for (const QString& part : state.split(QLatin1Char(';'), Qt::SkipEmptyParts)) {
        const QString key = part.section(QLatin1Char('='), 0, 0);
        const QString value = part.section(QLatin1Char('='), 1);
        const auto plane = planeFromName((key == QLatin1String("main") ? value : key).toStdString());
        if (key == QLatin1String("layout")) {
            setViewLayout(layoutFromName(value).value_or(d->layout));
        } else if (key == QLatin1String("main") && plane) {
            setMainPlane(*plane);
        } else if (plane && *plane != Plane::acquisition) {
            const QStringList numbers = value.split(QLatin1Char(','));
            bool sound = numbers.size() == 3;
            std::array<double, 3> values{};
            for (qsizetype i = 0; sound && i < 3; ++i) {
                values[std::size_t(i)] = numbers[i].toDouble(&sound);
                sound = sound && std::isfinite(values[std::size_t(i)]);
            }
            if (sound && values[0] > 0) {
                sliceView(*plane).place(values[0], {values[1], values[2]});
            }
        }
    }
    d->restoring = false;
}

SliceView& ViewArea::sliceView(Plane plane) const
{
    return plane == Plane::sagittal ? *d->sagittal : plane == Plane::coronal ? *d->coronal : *d->axial;
}

VolumeView& ViewArea::volumeView() const
{
    return *d->volume;
}

void ViewArea::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    d->arrange();
}

void ViewArea::paintEvent(QPaintEvent* /*event*/)
{
    QPainter(this).fillRect(rect(), tokens().app);
}

} // namespace icmoe::ui
