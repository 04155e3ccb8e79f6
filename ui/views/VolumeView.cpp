#include "ui/views/VolumeView.h"

#include "ui/document/AnnotationDocument.h"
#include "ui/document/UiThread.h"
#include "ui/io/EventLoopPost.h"
#include "ui/style/Tokens.h"
#include "ui/views/HaloText.h"
#include "ui/views/Layers.h"
#include "ui/views/SliceOverlay.h"
#include "ui/views/Surface.h"

#include <QCoreApplication>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QPointer>
#include <QThreadPool>
#include <QTimer>
#include <QWheelEvent>

#include <vtkActor.h>
#include <vtkCamera.h>
#include <vtkMatrix4x4.h>
#include <vtkNew.h>
#include <vtkPolyDataMapper.h>
#include <vtkProperty.h>
#include <vtkRenderer.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <sys/resource.h>

namespace icmoe::ui {
namespace {

constexpr int kNiceness = 10;          // of the thread that makes surfaces
constexpr int kRestMilliseconds = 250; // after the last change of a mask
constexpr double kMargin = 10;
constexpr double kDegreesPerPixel = 0.5;

struct ShownSurface {
    Mask mask; ///< what it was made from
    Surface surface;
    vtkNew<vtkPolyDataMapper> mapper;
    vtkNew<vtkActor> actor;
    quint64 asked = 0;
    quint64 shown = 0;
};

} // namespace

struct VolumeView::Private {
    enum class Drag { none, turn, pan, zoom };

    Private(VolumeView& view, AnnotationDocument& doc, vtkRenderer* target)
        : q(view)
        , document(doc)
        , renderer(target)
        , drawing(target)
    {
        const QColor background = tokens().view;
        renderer->SetBackground(background.redF(), background.greenF(), background.blueF());
        renderer->GetActiveCamera()->ParallelProjectionOn();
        worker.setMaxThreadCount(1);
        rest.setSingleShot(true);
        rest.setInterval(kRestMilliseconds);
        QObject::connect(&rest, &QTimer::timeout, &q, [this] { build(); });
    }

    void clear()
    {
        worker.clear();
        ++series;
        for (auto& [label, shown] : surfaces) {
            renderer->RemoveActor(shown->actor);
        }
        surfaces.clear();
        building = 0;
    }

    /// Starts the surfaces of all labels whose mask is another than the one shown.
    void build()
    {
        if (!document.isOpen()) {
            return;
        }
        const Segmentation& segmentation = document.segmentation();
        for (auto at = surfaces.begin(); at != surfaces.end();) {
            if (segmentation.labels().find(at->first) == nullptr) {
                renderer->RemoveActor(at->second->actor);
                at = surfaces.erase(at);
            } else {
                ++at;
            }
        }
        for (const Label& label : segmentation.labels().labels()) {
            auto& shown = surfaces[label.id];
            if (!shown) {
                shown = std::make_unique<ShownSurface>();
                shown->actor->SetMapper(shown->mapper);
                shown->mapper->ScalarVisibilityOff();
                shown->actor->GetProperty()->SetAmbient(0.25);
                shown->actor->GetProperty()->SetDiffuse(0.8);
                shown->actor->GetProperty()->SetSpecular(0.15);
                shown->actor->GetProperty()->SetSpecularPower(20);
                shown->actor->VisibilityOff();
                renderer->AddActor(shown->actor);
            }
            const Mask& mask = segmentation.mask(label.id);
            if (mask != shown->mask) {
                shown->mask = mask;
                start(label.id, *shown);
            }
        }
        style();
    }

    void start(LabelId label, ShownSurface& shown)
    {
        const quint64 number = ++shown.asked;
        ++building;
        const QPointer<VolumeView> self(&q);
        worker.start([=, answer = post, mask = shown.mask, volume = document.volume(), opened = series] {
            assertOffUiThread("making a surface");
            // the surface of a whole body must not slow a stroke; on Linux the priority of this thread, which is ours
            (void)::setpriority(PRIO_PROCESS, 0, kNiceness);
            Surface surface = makeSurface(mask, volume->geometry());
            answer([=] {
                if (self && self->d->series == opened) {
                    self->d->made(label, number, surface);
                }
            });
        });
    }

    void made(LabelId label, quint64 number, const Surface& surface)
    {
        --building;
        const auto found = surfaces.find(label);
        if (found != surfaces.end() && number > found->second->shown) {
            const bool first = std::none_of(surfaces.begin(), surfaces.end(),
                                            [](const auto& entry) { return entry.second->surface.full != nullptr; });
            found->second->shown = number;
            found->second->surface = surface;
            detail(false);
            style();
            if (first) {
                q.fit();
            }
        }
        q.update();
        Q_EMIT q.surfacesChanged();
    }

    void detail(bool coarse)
    {
        for (auto& [label, shown] : surfaces) {
            shown->mapper->SetInputData(coarse ? shown->surface.coarse : shown->surface.full);
        }
    }

    void style()
    {
        for (auto& [id, shown] : surfaces) {
            const Label* label = document.segmentation().labels().find(id);
            const bool visible =
                label != nullptr && label->visible && !document.masksHidden() && shown->surface.full != nullptr;
            shown->actor->SetVisibility(visible ? 1 : 0);
            if (label != nullptr) {
                shown->actor->GetProperty()->SetColor(label->colour.red / 255.0, label->colour.green / 255.0,
                                                      label->colour.blue / 255.0);
            }
        }
    }

    void documentChanged(DocumentChange change)
    {
        switch (change) {
        case DocumentChange::series:
            clear();
            q.fit();
            rest.start();
            break;
        case DocumentChange::masks:
            if (!document.strokePlane()) {
                rest.start();
            }
            return;
        case DocumentChange::labels:
            rest.start();
            style();
            break;
        case DocumentChange::display:
            style();
            break;
        case DocumentChange::position:
            break;
        default:
            return;
        }
        q.update();
    }

    [[nodiscard]] std::array<Vec3, 8> corners() const
    {
        const Geometry& geometry = document.volume()->geometry();
        const Size3 size = geometry.size();
        std::array<Vec3, 8> result;
        for (int corner = 0; corner < 8; ++corner) {
            result[static_cast<std::size_t>(corner)] = geometry.toPatient(
                {(corner & 1) != 0 ? size.width - 0.5 : -0.5, (corner & 2) != 0 ? size.height - 0.5 : -0.5,
                 (corner & 4) != 0 ? size.depth - 0.5 : -0.5});
        }
        return result;
    }

    /// Patient point → logical pixels of the view.
    [[nodiscard]] QPointF project(Vec3 point) const
    {
        const double aspect = double(q.width()) / std::max(1, q.height());
        const vtkMatrix4x4* matrix = renderer->GetActiveCamera()->GetCompositeProjectionTransformMatrix(aspect, -1, 1);
        const double in[4] = {point.x, point.y, point.z, 1};
        double out[4] = {0, 0, 0, 0};
        for (int row = 0; row < 4; ++row) {
            for (int column = 0; column < 4; ++column) {
                out[row] += matrix->GetElement(row, column) * in[column];
            }
        }
        return {(out[0] / out[3] + 1) / 2 * q.width(), (1 - out[1] / out[3]) / 2 * q.height()};
    }

    void drawBox(QPainter& painter) const
    {
        const auto points = corners();
        painter.setPen(QPen(QColor(255, 255, 255, 46), 1));
        for (std::size_t a = 0; a < 8; ++a) {
            for (const std::size_t bit : {std::size_t{1}, std::size_t{2}, std::size_t{4}}) {
                if ((a & bit) == 0) {
                    painter.drawLine(project(points[a]), project(points[a | bit]));
                }
            }
        }
    }

    void drawCursor(QPainter& painter) const
    {
        const Vec3 at = document.cursorPatient();
        constexpr double kArm = 8;
        const std::array<std::pair<Vec3, Plane>, 3> arms{
            {{{kArm, 0, 0}, Plane::sagittal}, {{0, kArm, 0}, Plane::coronal}, {{0, 0, kArm}, Plane::axial}}};
        for (const auto& [arm, plane] : arms) {
            QColor colour = planeColour(plane);
            painter.setPen(QPen(colour, 1.5));
            painter.drawLine(project(at - arm), project(at - arm * 0.25));
            painter.drawLine(project(at + arm * 0.25), project(at + arm));
        }
    }

    void drawAxes(QPainter& painter)
    {
        if (!document.volume()->geometry().placedInPatient() || q.width() < 120) {
            return;
        }
        const QPointF origin(q.width() - 46.0, q.height() - 40.0);
        const vtkMatrix4x4* view = renderer->GetActiveCamera()->GetViewTransformMatrix();
        constexpr double kLength = 22;
        const std::array<std::pair<Vec3, const char*>, 3> axes{{{{1, 0, 0}, "L"}, {{0, -1, 0}, "A"}, {{0, 0, 1}, "S"}}};
        for (const auto& [axis, letter] : axes) {
            const double x =
                view->GetElement(0, 0) * axis.x + view->GetElement(0, 1) * axis.y + view->GetElement(0, 2) * axis.z;
            const double y =
                view->GetElement(1, 0) * axis.x + view->GetElement(1, 1) * axis.y + view->GetElement(1, 2) * axis.z;
            const QPointF tip = origin + QPointF(x, -y) * kLength;
            painter.setPen(QPen(QColor(255, 255, 255, 210), 1.5));
            painter.drawLine(origin, tip);
            text.draw(painter, origin + QPointF(x, -y) * (kLength + 10), QLatin1String(letter), FontRole::viewText,
                      Qt::AlignHCenter | Qt::AlignVCenter);
        }
    }

    VolumeView& q;
    AnnotationDocument& document;
    vtkRenderer* renderer;
    DrawingLayer drawing;
    HaloText text;
    std::map<LabelId, std::unique_ptr<ShownSurface>> surfaces;
    QTimer rest;
    Drag drag = Drag::none;
    bool moved = false;
    QPointF last;
    quint64 series = 0;
    int building = 0;
    Post post = postTo(*QCoreApplication::instance());
    QThreadPool worker; ///< last: ends before what its jobs post to
};

VolumeView::VolumeView(AnnotationDocument& document, QWidget* parent)
    : VtkWidget(parent)
    , d(std::make_unique<Private>(*this, document, renderer()))
{
    setObjectName(QStringLiteral("view-volume"));
    setAccessibleName(tr("3D"));
    setAccessibleDescription(tr("Surfaces of the accepted masks"));
    setCursor(Qt::OpenHandCursor);
    connect(&document, &AnnotationDocument::changed, this,
            [this](DocumentChange change) { d->documentChanged(change); });
    if (document.isOpen()) {
        d->documentChanged(DocumentChange::series);
    }
}

VolumeView::~VolumeView()
{
    d->worker.clear();
}

int VolumeView::surfaceCount() const
{
    return static_cast<int>(std::count_if(d->surfaces.begin(), d->surfaces.end(),
                                          [](const auto& entry) { return entry.second->actor->GetVisibility() != 0; }));
}

bool VolumeView::isBuilding() const
{
    return d->building > 0 || d->rest.isActive();
}

std::optional<std::array<double, 6>> VolumeView::surfaceBounds(int label) const
{
    const auto found = d->surfaces.find(label);
    if (found == d->surfaces.end() || found->second->surface.full == nullptr) {
        return std::nullopt;
    }
    std::array<double, 6> bounds{};
    found->second->surface.full->GetBounds(bounds.data());
    return bounds;
}

void VolumeView::fit()
{
    vtkCamera* camera = d->renderer->GetActiveCamera();
    if (!d->document.isOpen()) {
        return;
    }
    double bounds[6] = {1e30, -1e30, 1e30, -1e30, 1e30, -1e30};
    const auto include = [&](double x, double y, double z) {
        const double p[3] = {x, y, z};
        for (std::size_t axis = 0; axis < 3; ++axis) {
            bounds[2 * axis] = std::min(bounds[2 * axis], p[axis]);
            bounds[2 * axis + 1] = std::max(bounds[2 * axis + 1], p[axis]);
        }
    };
    for (const Vec3 corner : d->corners()) {
        include(corner.x, corner.y, corner.z);
    }
    const double middle[3] = {(bounds[0] + bounds[1]) / 2, (bounds[2] + bounds[3]) / 2, (bounds[4] + bounds[5]) / 2};
    const double radius = length({bounds[1] - bounds[0], bounds[3] - bounds[2], bounds[5] - bounds[4]}) / 2;
    // from the left, the front and above: patient space is L, P, S
    const Vec3 from = normalized({0.62, -0.72, 0.32});
    camera->SetFocalPoint(middle[0], middle[1], middle[2]);
    camera->SetPosition(middle[0] + from.x * 3 * radius, middle[1] + from.y * 3 * radius,
                        middle[2] + from.z * 3 * radius);
    camera->SetViewUp(0, 0, 1);
    camera->OrthogonalizeViewUp();
    camera->SetParallelScale(std::max(1.0, radius * 0.85));
    camera->SetClippingRange(radius * 0.1, radius * 6);
    update();
}

QString VolumeView::directionText() const
{
    double direction[3];
    d->renderer->GetActiveCamera()->GetDirectionOfProjection(direction);
    const Vec3 from{-direction[0], -direction[1], -direction[2]};
    QStringList words;
    constexpr double kCounts = 0.38;
    if (std::abs(from.z) > 0.7) {
        words << (from.z > 0 ? tr("superior") : tr("inferior"));
    }
    if (std::abs(from.x) > kCounts) {
        words << (from.x > 0 ? tr("left") : tr("right"));
    }
    if (std::abs(from.y) > kCounts) {
        words << (from.y > 0 ? tr("posterior") : tr("anterior"));
    }
    if (words.size() > 1) {
        words << tr("oblique");
    }
    QString text = words.join(QLatin1Char(' '));
    if (!text.isEmpty()) {
        text[0] = text[0].toUpper();
    }
    return text;
}

void VolumeView::prepare(int width, int height)
{
    const double ratio = devicePixelRatioF();
    QPainter painter(&d->drawing.begin(width, height));
    painter.scale(ratio, ratio);
    painter.setRenderHint(QPainter::Antialiasing);
    double x = kMargin;
    const QColor quiet = tokens(Theme::dark).text3;
    x += d->text.draw(painter, {x, kMargin - 1}, tr("3D"), FontRole::viewTitle, Qt::AlignLeft | Qt::AlignTop,
                      d->document.isOpen() ? QColor(Qt::white) : quiet);
    if (d->document.isOpen()) {
        d->text.draw(painter, {x + 8, kMargin}, directionText(), FontRole::viewText);
        d->drawBox(painter);
        d->drawCursor(painter);
        d->drawAxes(painter);
    }
    if (hasFocus()) {
        painter.setRenderHint(QPainter::Antialiasing, false);
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(tokens().accent, 1));
        painter.drawRect(QRectF(0.5, 0.5, this->width() - 1, this->height() - 1));
    }
    painter.end();
    d->drawing.finish();
}

void VolumeView::mousePressEvent(QMouseEvent* event)
{
    d->last = event->position();
    d->moved = false;
    d->drag = event->button() == Qt::LeftButton     ? Private::Drag::turn
              : event->button() == Qt::MiddleButton ? Private::Drag::pan
              : event->button() == Qt::RightButton  ? Private::Drag::zoom
                                                    : Private::Drag::none;
    if (d->drag == Private::Drag::turn) {
        d->detail(true);
        setCursor(Qt::ClosedHandCursor);
    }
}

void VolumeView::mouseMoveEvent(QMouseEvent* event)
{
    const QPointF by = event->position() - d->last;
    if (d->drag == Private::Drag::none || !d->document.isOpen()) {
        return;
    }
    d->moved = d->moved || std::hypot(by.x(), by.y()) > 1;
    d->last = event->position();
    vtkCamera* camera = d->renderer->GetActiveCamera();
    if (d->drag == Private::Drag::turn) {
        camera->Azimuth(-by.x() * kDegreesPerPixel);
        camera->Elevation(by.y() * kDegreesPerPixel);
        camera->OrthogonalizeViewUp();
    } else if (d->drag == Private::Drag::zoom) {
        camera->SetParallelScale(camera->GetParallelScale() * std::exp(by.y() * 0.01));
    } else {
        const vtkMatrix4x4* view = camera->GetViewTransformMatrix();
        const double perPixel = 2 * camera->GetParallelScale() / std::max(1, height());
        double focal[3];
        double position[3];
        camera->GetFocalPoint(focal);
        camera->GetPosition(position);
        for (int axis = 0; axis < 3; ++axis) {
            const double shift = (-by.x() * view->GetElement(0, axis) + by.y() * view->GetElement(1, axis)) * perPixel;
            focal[axis] += shift;
            position[axis] += shift;
        }
        camera->SetFocalPoint(focal);
        camera->SetPosition(position);
    }
    update();
}

void VolumeView::mouseReleaseEvent(QMouseEvent* event)
{
    if (d->drag == Private::Drag::turn) {
        d->detail(false);
        setCursor(Qt::OpenHandCursor);
    }
    if (d->drag == Private::Drag::zoom && !d->moved) {
        Q_EMIT contextMenuRequested(event->globalPosition().toPoint());
    }
    d->drag = Private::Drag::none;
    update();
}

void VolumeView::mouseDoubleClickEvent(QMouseEvent* event)
{
    if (event->button() == Qt::LeftButton) {
        Q_EMIT doubleClicked();
    }
}

void VolumeView::wheelEvent(QWheelEvent* event)
{
    vtkCamera* camera = d->renderer->GetActiveCamera();
    camera->SetParallelScale(camera->GetParallelScale() * std::pow(1.2, -event->angleDelta().y() / 120.0));
    update();
    event->accept();
}

void VolumeView::keyPressEvent(QKeyEvent* event)
{
    vtkCamera* camera = d->renderer->GetActiveCamera();
    constexpr double kStep = 10;
    switch (event->key()) {
    case Qt::Key_Left:
        camera->Azimuth(kStep);
        break;
    case Qt::Key_Right:
        camera->Azimuth(-kStep);
        break;
    case Qt::Key_Up:
        camera->Elevation(kStep);
        break;
    case Qt::Key_Down:
        camera->Elevation(-kStep);
        break;
    default:
        event->ignore();
        return;
    }
    camera->OrthogonalizeViewUp();
    update();
}

void VolumeView::focusInEvent(QFocusEvent* event)
{
    VtkWidget::focusInEvent(event);
    Q_EMIT focused();
    update();
}

void VolumeView::focusOutEvent(QFocusEvent* event)
{
    VtkWidget::focusOutEvent(event);
    update();
}

} // namespace icmoe::ui
