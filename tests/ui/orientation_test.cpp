#include "ViewTestSupport.h"

using namespace icmoe;
using namespace icmoe::ui;
using namespace icmoe::ui::test;
using icmoe::test::DicomPhantomOptions;

namespace {

constexpr std::array kPlanes{Plane::axial, Plane::sagittal, Plane::coronal};

struct NamedOptions {
    QString name;
    DicomPhantomOptions options;
};

std::vector<NamedOptions> orientationSet()
{
    std::vector<NamedOptions> set;
    const auto finer = [] {
        DicomPhantomOptions options;
        options.size = {44, 40, 32};
        options.spacing = {1.4, 1.6, 1.8};
        return options;
    };
    for (const auto& orientation : icmoe::test::axisAlignedOrientations()) {
        DicomPhantomOptions options = finer();
        options.orientation = orientation;
        set.push_back({QString::fromStdString(orientation.name), options});
    }
    DicomPhantomOptions oblique = finer();
    oblique.orientation = icmoe::test::obliqueOrientation();
    set.push_back({QStringLiteral("oblique"), oblique});
    DicomPhantomOptions tilted = finer();
    tilted.tiltDegrees = 18;
    set.push_back({QStringLiteral("tilted"), tilted});
    DicomPhantomOptions uneven = finer();
    uneven.uneven = true;
    set.push_back({QStringLiteral("uneven"), uneven});
    return set;
}

/// The letters a radiologist expects: left, right, top, bottom.
QString expectedLetters(Plane plane)
{
    return plane == Plane::axial      ? QStringLiteral("RLAP")
           : plane == Plane::sagittal ? QStringLiteral("APSI")
                                      : QStringLiteral("RLSI");
}

QChar first(Vec3 direction)
{
    return QLatin1Char(letterOf(direction).front());
}

} // namespace

class OrientationTest final : public QObject {
    Q_OBJECT

    std::unique_ptr<Desk> m_desk;

    /// Compares picture and fill at the centres of shown pixels with the phantom's own place in the patient. Pixels
    /// beside a border of the object are left out: there the nearest voxel decides.
    void checkPixels(Plane plane)
    {
        AnnotationDocument& document = m_desk->document;
        SliceView& view = m_desk->area->sliceView(plane);
        document.setMasksHidden(false);
        const QImage masks = view.grabFramebuffer();
        document.setMasksHidden(true);
        const QImage picture = view.grabFramebuffer();
        document.setMasksHidden(false);
        const SliceGrid& grid = document.grid(plane);
        const int n = document.slice(plane);
        const QPointF cursor = view.transform().toView(grid.point(document.cursor()));
        const auto inside = [&](double x, double y, double slice) {
            return icmoe::test::insidePhantomObject(grid.patient({x, y}, slice));
        };
        const double margin = grid.isResampled() ? 3 : 1; // across uneven gaps the picture changes slowly
        int insides = 0;
        int outsides = 0;
        for (int y = 2; y < grid.height() - 2; ++y) {
            for (int x = 2; x < grid.width() - 2; ++x) {
                const bool here = inside(x, y, n);
                bool border = false;
                for (const double dx : {-margin, 0.0, margin}) {
                    for (const double dy : {-margin, 0.0, margin}) {
                        for (const double dn : {-0.9, 0.0, 0.9}) {
                            border = border || inside(x + dx, y + dy, n + dn) != here;
                        }
                    }
                }
                const QPointF at = view.transform().toView({double(x), double(y)});
                const QPoint pixel = at.toPoint();
                const bool underLines = std::abs(at.x() - cursor.x()) < 3 || std::abs(at.y() - cursor.y()) < 3;
                const Vec3 voxel = grid.voxel({double(x), double(y)}, n);
                const Size3 size = document.volume()->size();
                const bool stored = voxel.x > 0 && voxel.y > 0 && voxel.z > 0 && voxel.x < size.width - 1 &&
                                    voxel.y < size.height - 1 && voxel.z < size.depth - 1;
                if (border || underLines || !stored || !picture.rect().contains(pixel) || pixel.y() < 60 ||
                    pixel.y() > view.height() - 50) {
                    continue; // texts lie over the top and bottom of the view
                }
                const QColor with = masks.pixelColor(pixel);
                const QColor without = picture.pixelColor(pixel);
                const bool filled = std::abs(with.red() - without.red()) > 8;
                const bool bright = without.lightness() > 128;
                QVERIFY2(filled == here, qPrintable(QStringLiteral("fill at pixel %1, %2").arg(x).arg(y)));
                QVERIFY2(bright == here, qPrintable(QStringLiteral("picture at pixel %1, %2").arg(x).arg(y)));
                ++(here ? insides : outsides);
            }
        }
        QVERIFY2(insides >= 8 && outsides >= 60,
                 qPrintable(QStringLiteral("%1 inside, %2 outside").arg(insides).arg(outsides)));
    }

private Q_SLOTS:
    void initTestCase() { m_desk = std::make_unique<Desk>(QSize(1100, 960)); }
    void cleanupTestCase() { m_desk.reset(); }

    void EveryOrientation_HasRightLettersPictureMaskCrosshairAndReadout_data()
    {
        QTest::addColumn<int>("index");
        const auto set = orientationSet();
        QCOMPARE(set.size(), std::size_t{27});
        for (std::size_t i = 0; i < set.size(); ++i) {
            QTest::newRow(qPrintable(set[i].name)) << int(i);
        }
    }

    void EveryOrientation_HasRightLettersPictureMaskCrosshairAndReadout()
    {
        QFETCH(int, index);
        const NamedOptions one = orientationSet()[std::size_t(index)];
        AnnotationDocument& document = m_desk->document;
        m_desk->open(one.options);
        m_desk->tools.choose(ToolId::navigate);
        document.setFillOpacity(1);
        const Geometry& geometry = document.volume()->geometry();
        Segmentation masks(geometry.size());
        (void)masks.labels().add("Structure 1");
        masks.setMask(1, icmoe::test::phantomMask(geometry));
        QVERIFY(document.importSegmentation(masks, QStringLiteral("Phantom")).has_value());
        // A place inside the object, on a voxel's centre, so that each plane cuts it.
        const Vec3 inside = geometry.toVoxel({12, -8, 25});
        document.setCursor({std::round(inside.x), std::round(inside.y), std::round(inside.z)});
        for (const Plane plane : kPlanes) {
            const SliceGrid& grid = document.grid(plane);
            const QString letters = expectedLetters(plane);
            QCOMPARE(first(grid.directionX() * -1.0), letters[0]);
            QCOMPARE(first(grid.directionX()), letters[1]);
            QCOMPARE(first(grid.directionY() * -1.0), letters[2]);
            QCOMPARE(first(grid.directionY()), letters[3]);
            checkPixels(plane);
        }
        keepScreenshot(m_desk->area->screenshot(),
                       QStringLiteral("orientation-") + QString(one.name).replace(QLatin1Char(' '), QLatin1Char('-')));
        checkReadoutAndCrosshair();
    }

    void Surface_OfATiltedMask_LiesWhereTheObjectIs()
    {
        DicomPhantomOptions options;
        options.tiltDegrees = 18;
        m_desk->open(options);
        const Geometry& geometry = m_desk->document.volume()->geometry();
        Segmentation masks(geometry.size());
        (void)masks.labels().add("Structure 1");
        masks.setMask(1, icmoe::test::phantomMask(geometry));
        QVERIFY(m_desk->document.importSegmentation(masks, QStringLiteral("Phantom")).has_value());
        QTRY_VERIFY(m_desk->area->volumeView().surfaceBounds(1).has_value());
        const auto bounds = *m_desk->area->volumeView().surfaceBounds(1);
        std::array<double, 6> expected{1e9, -1e9, 1e9, -1e9, 1e9, -1e9};
        for (const auto& [k, slice] : masks.mask(1).slices()) {
            for (int j = 0; j < geometry.size().height; ++j) {
                for (int i = 0; i < geometry.size().width; ++i) {
                    if (slice.contains(i, j)) {
                        const Vec3 p = geometry.toPatient({double(i), double(j), double(k)});
                        for (int axis = 0; axis < 3; ++axis) {
                            expected[std::size_t(2 * axis)] = std::min(expected[std::size_t(2 * axis)], p[axis]);
                            expected[std::size_t(2 * axis + 1)] =
                                std::max(expected[std::size_t(2 * axis + 1)], p[axis]);
                        }
                    }
                }
            }
        }
        for (std::size_t side = 0; side < 6; ++side) {
            QVERIFY2(
                std::abs(bounds[side] - expected[side]) < 3.0, // within a voxel: the surface lies around the centres
                qPrintable(QStringLiteral("side %1: %2 against %3").arg(side).arg(bounds[side]).arg(expected[side])));
        }
        keepScreenshot(m_desk->area->screenshot(), QStringLiteral("orientation-surface"));
    }

private:
    void checkReadoutAndCrosshair()
    {
        AnnotationDocument& document = m_desk->document;
        for (const Plane plane : kPlanes) {
            SliceView& view = m_desk->area->sliceView(plane);
            const SliceGrid& grid = document.grid(plane);
            const QPoint at = view.transform().toView({grid.width() * 0.4, grid.height() * 0.6}).toPoint();
            const Point2 shown = view.transform().toPixel(at);
            const Vec3 patient = grid.patient(shown, document.slice(plane));
            QCOMPARE(view.infoAt(at).position, QString::fromStdString(lettersOf(patient)) + QStringLiteral(" mm"));
            if (!grid.isResampled()) {
                const Vec3 voxel = grid.stored().voxel(shown, document.slice(plane));
                const Vec3 direct = geometryPatient(voxel);
                QVERIFY(length(direct - patient) < 1e-6);
                const Index3 index{int(std::lround(voxel.x)), int(std::lround(voxel.y)), int(std::lround(voxel.z))};
                QCOMPARE(view.infoAt(at).value.section(QLatin1Char(' '), 0, 0).remove(QLatin1Char(',')).toDouble(),
                         document.volume()->value(index));
            }
            QTest::mouseClick(&view, Qt::LeftButton, {}, at);
            QVERIFY(length(document.cursorPatient() - patient) < 1e-6);
            for (const Plane other : kPlanes) {
                const SliceGrid& there = document.grid(other);
                const Vec3 seen = there.patient(there.point(document.cursor()), there.slice(document.cursor()));
                QVERIFY(length(seen - patient) < 1e-6); // the lines of all planes meet in one place
                QVERIFY(std::abs(there.slice(document.cursor()) - document.slice(other)) <= 0.5 + 1e-9);
            }
        }
    }

    [[nodiscard]] Vec3 geometryPatient(Vec3 voxel) const
    {
        return m_desk->document.volume()->geometry().toPatient(voxel);
    }
};

int main(int argc, char** argv)
{
    return run<OrientationTest>(argc, argv);
}

#include "orientation_test.moc"
