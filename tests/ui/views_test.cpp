#include "ViewTestSupport.h"

#include "tests/support/TestSupport.h"
#include "ui/style/Tokens.h"
#include "ui/tools/MeasureTool.h"

#include <QElapsedTimer>
#include <QSignalSpy>

using namespace icmoe;
using namespace icmoe::ui;
using namespace icmoe::ui::test;

namespace {

/// A head-like picture: smooth, so that baselines tell something.
std::shared_ptr<const Volume> softPhantom(SpacingSource source = SpacingSource::pixelSpacing, bool placed = true)
{
    const Size3 size{96, 112, 80};
    Geometry::Parameters parameters;
    parameters.size = size;
    parameters.spacingI = 2;
    parameters.spacingJ = 2;
    parameters.spacingSource = source;
    parameters.placedInPatient = placed;
    for (int k = 0; k < size.depth; ++k) {
        parameters.positions.push_back({-95, -111, -79.0 + 2 * k});
    }
    Volume::Description description{
        *Geometry::make(std::move(parameters)), SampleType::u8, {Rescale{}}, "", false, {}, "MR", {}};
    auto volume = *Volume::allocate(std::move(description));
    for (int k = 0; k < size.depth; ++k) {
        auto bytes = volume->writableSliceBytes(k);
        for (int j = 0; j < size.height; ++j) {
            for (int i = 0; i < size.width; ++i) {
                const double x = (i - 47.5) / 40;
                const double y = (j - 55.5) / 48;
                const double z = (k - 39.5) / 36;
                const double r = std::sqrt(x * x + y * y + z * z);
                const double ventricle = std::hypot(std::abs(x) - 0.2, y * 0.6, z);
                const double value = r > 1              ? 0
                                     : r > 0.9          ? 220
                                     : ventricle < 0.22 ? 40
                                                        : 110 + 40 * std::cos(8 * x) * std::cos(7 * y);
                bytes[static_cast<std::size_t>(j * size.width + i)] = static_cast<std::byte>(value);
            }
        }
        volume->markLoaded(k);
    }
    return volume;
}

/// 32 × 32 pixels, eight slices.
std::shared_ptr<Volume> noSliceLoaded(std::vector<WindowLevel> windows)
{
    Volume::Description description{*Geometry::regular({32, 32, 8}, {}, {1, 0, 0}, {0, 1, 0}, {2, 2, 2}),
                                    SampleType::u8,
                                    {Rescale{}},
                                    "",
                                    false,
                                    std::move(windows),
                                    "MR",
                                    {}};
    return *Volume::allocate(std::move(description));
}

/// Values from 0 to `brightest`, over and over.
void load(Volume& volume, std::initializer_list<int> slices, int brightest)
{
    for (const int slice : slices) {
        int n = 0;
        for (std::byte& value : volume.writableSliceBytes(slice)) {
            value = static_cast<std::byte>(n++ % (brightest + 1));
        }
        volume.markLoaded(slice);
    }
}

} // namespace

class ViewsTest final : public QObject {
    Q_OBJECT

    static bool isNear(const QColor& a, const QColor& b)
    {
        return std::abs(a.red() - b.red()) + std::abs(a.green() - b.green()) + std::abs(a.blue() - b.blue()) < 40;
    }
    /// Pixels of the colours of the dots where voters differ.
    static int amberPixels(const QImage& image)
    {
        int count = 0;
        for (int y = 0; y < image.height(); ++y) {
            for (int x = 0; x < image.width(); ++x) {
                const QColor c = image.pixelColor(x, y);
                count += isNear(c, tokens().vote(0.67)) || isNear(c, tokens().vote(0.8)) ? 1 : 0;
            }
        }
        return count;
    }

    static void compareWithBaseline(const QImage& shot, const QString& name)
    {
        keepScreenshot(shot, name);
        const QString file = QStringLiteral(ICMOE_SOURCE_DIR "/tests/baselines/") + name + QStringLiteral(".png");
        if (qEnvironmentVariableIsSet("ICMOE_WRITE_BASELINES")) {
            shot.save(file);
        }
        const QImage baseline(file);
        QVERIFY2(!baseline.isNull(), qPrintable(file));
        QCOMPARE(shot.size(), baseline.size());
        const Difference difference = differenceOf(shot, baseline);
        QVERIFY2(
            difference.mean < 1.5 && difference.worst < 48,
            qPrintable(
                QStringLiteral("%1: mean %2, worst block %3").arg(name).arg(difference.mean).arg(difference.worst)));
    }

private Q_SLOTS:
    void AllViews_OnOpening_ShowTheSeries()
    {
        Desk desk;
        desk.open(softPhantom());
        QTRY_VERIFY(desk.main().frameCount() > 0 && desk.area->volumeView().frameCount() > 0);
        QCOMPARE(desk.area->mainPlane(), Plane::axial);
        compareWithBaseline(desk.area->screenshot(), QStringLiteral("views-opened"));
    }

    void BoxDrag_WithTheMouse_PreviewsWhileMovingAndAcceptsWithEnter()
    {
        Desk desk;
        desk.open(softPhantom());
        desk.tools.choose(ToolId::box);
        SliceView& view = desk.main();
        const QPointF from = view.toView({30, 40});
        const QPointF to = view.toView({62, 75});
        QTest::mousePress(&view, Qt::LeftButton, {}, from.toPoint());
        for (int step = 1; step <= 8; ++step) {
            Desk::move(view, from + (to - from) * (step / 8.0), Qt::LeftButton);
            QTRY_VERIFY(!desk.document.isAsking());
            QVERIFY(desk.document.proposal() != nullptr); // there while the mouse still moves
        }
        QVERIFY(desk.engine.requests >= 8);
        QTest::mouseRelease(&view, Qt::LeftButton, {}, to.toPoint());
        QCOMPARE(desk.document.undoStack().count(), 1);
        const auto box = std::get<BoxPrompt>(desk.document.prompts().front().shape);
        QVERIFY(std::abs(box.x0 - 30) < 0.6 && std::abs(box.y1 - 75) < 0.6);
        compareWithBaseline(desk.area->mainScreenshot(), QStringLiteral("views-preview"));
        QVERIFY(desk.document.segmentation().mask(1).empty());
        view.setFocus();
        QTest::keyClick(&view, Qt::Key_Return);
        const Mask& mask = desk.document.segmentation().mask(1);
        QVERIFY(mask.contains({46, 57, desk.document.slice(Plane::axial)}));
        QTRY_COMPARE(desk.area->volumeView().surfaceCount(), 1);
        compareWithBaseline(desk.area->screenshot(), QStringLiteral("views-accepted"));
    }

    void Space_Tapped_AcceptsAndDragged_Pans()
    {
        Desk desk;
        desk.open(softPhantom());
        desk.tools.choose(ToolId::box);
        SliceView& view = desk.main();
        Desk::drag(view, {view.toView({30, 40}), view.toView({50, 60})});
        QTRY_VERIFY(desk.document.proposal() != nullptr && !desk.document.isAsking());
        view.setFocus();
        const QPointF centre = view.transform().centre;
        QTest::keyPress(&view, Qt::Key_Space);
        Desk::drag(view, {{200, 200}, {230, 200}});
        QTest::keyRelease(&view, Qt::Key_Space);
        QVERIFY(view.transform().centre.x() < centre.x());
        QVERIFY(desk.document.segmentation().mask(1).empty());
        QTest::keyClick(&view, Qt::Key_Space);
        QVERIFY(!desk.document.segmentation().mask(1).empty());
    }

    void BrushStroke_WithTheMouse_PaintsMillimetresAndUndoes()
    {
        Desk desk;
        desk.open(softPhantom());
        desk.tools.choose(ToolId::brush);
        desk.tools.setBrushRadiusMm(6);
        SliceView& view = desk.main();
        Desk::drag(view, {view.toView({40, 50}), view.toView({45, 50}), view.toView({50, 50})});
        const Mask& mask = desk.document.segmentation().mask(1);
        const int k = desk.document.slice(Plane::axial);
        QVERIFY(mask.contains({45, 50, k}) && mask.contains({45, 52, k})); // 6 mm = three pixels of 2 mm
        QVERIFY(!mask.contains({45, 55, k}) && !mask.contains({45, 45, k}));
        QCOMPARE(desk.document.undoStack().count(), 1);
        QTest::qWait(0);
        compareWithBaseline(desk.area->mainScreenshot(), QStringLiteral("views-brushed"));
        Desk::drag(view, {view.toView({45, 50}), view.toView({46, 50})}, Qt::LeftButton, Qt::ShiftModifier);
        QVERIFY(!mask.contains({45, 50, k})); // Shift erases
        desk.document.undo();
        QVERIFY(desk.document.segmentation().mask(1).contains({45, 50, k}));
        desk.document.undo();
        QVERIFY(desk.document.segmentation().mask(1).empty());
    }

    void Wheel_Scrolls_AndWithControlZoomsAtThePointer()
    {
        Desk desk;
        desk.open(softPhantom());
        SliceView& view = desk.main();
        const int slice = desk.document.slice(Plane::axial);
        const auto wheel = [&](QPointF at, int delta, Qt::KeyboardModifiers modifiers) {
            QWheelEvent event(at, view.mapToGlobal(at), {}, {0, delta}, Qt::NoButton, modifiers, Qt::NoScrollPhase,
                              false);
            QApplication::sendEvent(&view, &event);
        };
        wheel({100, 100}, 120, {});
        QCOMPARE(desk.document.slice(Plane::axial), slice + 1);
        wheel({100, 100}, -120, Qt::ShiftModifier);
        QCOMPARE(desk.document.slice(Plane::axial), slice - 9);
        const Point2 under = view.toStored({150, 220});
        wheel({150, 220}, 240, Qt::ControlModifier);
        const Point2 after = view.toStored({150, 220});
        QVERIFY(std::hypot(under.x - after.x, under.y - after.y) < 1e-6);
        QVERIFY(!view.isFitted());
        desk.area->fitView();
        QVERIFY(view.isFitted());
    }

    void RightAndMiddleButtons_ZoomPanAndOpenTheMenu()
    {
        Desk desk;
        desk.open(softPhantom());
        SliceView& view = desk.main();
        QSignalSpy menu(desk.area.get(), &ViewArea::contextMenuRequested);
        Desk::drag(view, {{200, 200}, {200, 200}}, Qt::RightButton);
        QCOMPARE(menu.count(), 1);
        const double scale = view.transform().scale;
        Desk::drag(view, {{200, 200}, {200, 150}}, Qt::RightButton);
        QCOMPARE(menu.count(), 1);
        QVERIFY(view.transform().scale > scale);
        const QPointF centre = view.transform().centre;
        Desk::drag(view, {{200, 200}, {240, 200}}, Qt::MiddleButton);
        QVERIFY(view.transform().centre.x() < centre.x());
        const WindowLevel window = desk.document.window();
        desk.tools.choose(ToolId::windowLevel);
        Desk::drag(view, {{200, 200}, {300, 180}});
        QVERIFY(desk.document.window().width > window.width && desk.document.window().level < window.level);
    }

    void DoubleClick_OnASideView_MakesItTheMainOne()
    {
        Desk desk;
        desk.open(softPhantom());
        QSignalSpy changed(desk.area.get(), &ViewArea::mainViewChanged);
        SliceView& coronal = desk.area->sliceView(Plane::coronal);
        const int small = coronal.width();
        QTest::mouseDClick(&coronal, Qt::LeftButton);
        QCOMPARE(desk.area->mainPlane(), Plane::coronal);
        QCOMPARE(desk.document.mainPlane(), Plane::coronal);
        QVERIFY(coronal.width() > small);
        QCOMPARE(changed.count(), 1);
        const QString state = desk.area->saveState();
        desk.area->setMainPlane(Plane::sagittal);
        desk.area->setViewLayout(ViewLayout::twoByTwo);
        desk.area->restoreState(QStringLiteral("layout=nonsense;main=;axial=a,b,c;coronal=0,1,2"));
        QCOMPARE(desk.area->viewLayout(), ViewLayout::twoByTwo);
        keepScreenshot(desk.area->screenshot(), QStringLiteral("views-two-by-two"));
        desk.area->restoreState(state);
        QCOMPARE(desk.area->mainPlane(), Plane::coronal);
        QCOMPARE(desk.area->viewLayout(), ViewLayout::onePlusThree);
    }

    void Prompts_AreMovedResizedNudgedFlippedAndDeleted()
    {
        Desk desk;
        desk.open(softPhantom());
        desk.tools.choose(ToolId::box);
        SliceView& view = desk.main();
        Desk::drag(view, {view.toView({30, 40}), view.toView({50, 60})});
        const PromptId id = desk.document.prompts().front().id;
        const auto box = [&] { return std::get<BoxPrompt>(desk.document.prompts().front().shape); };
        Desk::drag(view, {view.toView({50, 50}), view.toView({58, 50})}); // handle in the middle of the right edge
        QVERIFY(std::abs(box().x1 - 58) < 0.6 && std::abs(box().x0 - 30) < 0.6);
        Desk::drag(view, {view.toView({36, 40}), view.toView({40, 44})}); // the edge moves all of it
        QVERIFY(std::abs(box().x0 - 34) < 0.8 && std::abs(box().y0 - 44) < 0.8);
        QCOMPARE(desk.document.prompts().front().id, id);
        view.setFocus();
        const double x0 = box().x0;
        QTest::keyClick(&view, Qt::Key_Right);
        QVERIFY(std::abs(box().x0 - x0 - 1) < 1e-9);
        desk.tools.choose(ToolId::point);
        QTest::mouseClick(&view, Qt::LeftButton, {}, view.toView({45, 55}).toPoint());
        QTest::mouseClick(&view, Qt::LeftButton, Qt::ControlModifier, view.toView({42, 62}).toPoint());
        QCOMPARE(desk.document.prompts().size(), std::size_t{3});
        QVERIFY(!std::get<PointPrompt>(desk.document.prompts().back().shape).inside);
        QTRY_VERIFY(!desk.document.isAsking());
        compareWithBaseline(desk.area->mainScreenshot(), QStringLiteral("views-prompts"));
        QTest::keyClick(&view, Qt::Key_X);
        QVERIFY(std::get<PointPrompt>(desk.document.prompts().back().shape).inside);
        QTest::keyClick(&view, Qt::Key_Delete);
        QCOMPARE(desk.document.prompts().size(), std::size_t{2});
        QTest::keyClick(&view, Qt::Key_Escape);
        QVERIFY(desk.document.prompts().empty());
        QTest::keyClick(&view, Qt::Key_Escape);
        QCOMPARE(desk.tools.current(), ToolId::navigate);
    }

    void Scribble_Lasso_AndPreviousMask_BecomePrompts()
    {
        Desk desk;
        desk.open(softPhantom());
        SliceView& view = desk.main();
        desk.tools.choose(ToolId::scribble);
        Desk::drag(view, {view.toView({40, 50}), view.toView({50, 52}), view.toView({55, 58})});
        QVERIFY(std::holds_alternative<ScribblePrompt>(desk.document.prompts().front().shape));
        desk.tools.choose(ToolId::lasso);
        Desk::drag(view, {view.toView({30, 40}), view.toView({60, 40}), view.toView({60, 70}), view.toView({30, 70})});
        QVERIFY(std::holds_alternative<LassoPrompt>(desk.document.prompts().back().shape));
        QTRY_VERIFY(desk.document.proposal() != nullptr && !desk.document.isAsking());
        keepScreenshot(desk.area->mainScreenshot(), QStringLiteral("views-scribble-lasso"));
        desk.document.acceptProposal();
        desk.document.setSlice(Plane::axial, desk.document.slice(Plane::axial) + 1);
        desk.tools.choose(ToolId::previousMask);
        QTest::mouseClick(&view, Qt::LeftButton, {}, view.toView({45, 55}).toPoint());
        QVERIFY(std::holds_alternative<MaskPrompt>(desk.document.prompts().front().shape));
    }

    void PointTool_AtRest_ShowsAGhostThatLeavesWithThePointer()
    {
        Desk desk;
        desk.open(softPhantom());
        desk.tools.choose(ToolId::point);
        SliceView& view = desk.main();
        Desk::move(view, view.toView({45, 55}));
        QTRY_VERIFY(desk.document.hint() != nullptr);
        QVERIFY(desk.document.proposal() == nullptr && desk.document.prompts().empty());
        keepScreenshot(desk.area->mainScreenshot(), QStringLiteral("views-ghost"));
        Desk::move(view, view.toView({20, 30}));
        QVERIFY(desk.document.hint() == nullptr);
    }

    void Ghost_UsesThePreviewAlone_AndIsTakenBackWhenThePointerGoesOn()
    {
        Desk desk;
        desk.open(softPhantom());
        desk.engine.hold = true;
        desk.tools.choose(ToolId::point);
        SliceView& view = desk.main();
        QElapsedTimer rest;
        rest.start();
        Desk::move(view, view.toView({45, 55}));
        QTRY_COMPARE(desk.engine.waiting.size(), std::size_t{1});
        QVERIFY(rest.elapsed() >= 70); // timers may be a little early
        desk.engine.previewAll();
        QTRY_VERIFY(desk.document.hint() != nullptr);
        QVERIFY(desk.engine.waiting.empty()); // no vote for a ghost
        QCOMPARE(desk.engine.cancelled, 1);
        Desk::move(view, view.toView({50, 55}));
        QVERIFY(desk.document.hint() == nullptr);
        QTRY_COMPARE(desk.engine.waiting.size(), std::size_t{1});
        QTest::mouseClick(&view, Qt::LeftButton, {}, view.toView({50, 55}).toPoint());
        QCOMPARE(desk.engine.cancelled, 2);
        QCOMPARE(desk.document.prompts().size(), std::size_t{1});
    }

    void ShiftDrag_AddsOneMoreBoxOrLasso_AndWithoutItBeginsAnew()
    {
        Desk desk;
        desk.open(softPhantom());
        SliceView& view = desk.main();
        const auto at = [&](double x, double y) { return view.toView({x, y}); };
        desk.tools.choose(ToolId::box);
        Desk::drag(view, {at(20, 30), at(40, 50)});
        Desk::drag(view, {at(40, 40), at(70, 60)}, Qt::LeftButton, Qt::ShiftModifier); // begins on a handle
        QCOMPARE(desk.document.prompts().size(), std::size_t{2});
        Desk::drag(view, {at(50, 70), at(60, 85)});
        QCOMPARE(desk.document.prompts().size(), std::size_t{1});
        desk.tools.choose(ToolId::lasso);
        Desk::drag(view, {at(20, 20), at(40, 20), at(40, 40), at(20, 40)});
        Desk::drag(view, {at(60, 20), at(80, 20), at(80, 40), at(60, 40)}, Qt::LeftButton, Qt::ShiftModifier);
        QCOMPARE(desk.document.prompts().size(), std::size_t{3}); // the box, and two lassos
        Desk::drag(view, {at(30, 70), at(50, 70), at(50, 90)});
        QCOMPARE(desk.document.prompts().size(), std::size_t{1});
    }

    void CtrlClickAndCtrlDrag_SayOutside_AlsoOnOtherPrompts()
    {
        Desk desk;
        desk.open(softPhantom());
        SliceView& view = desk.main();
        desk.tools.choose(ToolId::box);
        Desk::drag(view, {view.toView({30, 40}), view.toView({60, 70})});
        desk.tools.choose(ToolId::point);
        QTest::mouseClick(&view, Qt::LeftButton, Qt::ControlModifier, view.toView({30, 55}).toPoint()); // on its edge
        QCOMPARE(desk.document.prompts().size(), std::size_t{2});
        QVERIFY(!std::get<PointPrompt>(desk.document.prompts().back().shape).inside);
        desk.tools.choose(ToolId::scribble);
        Desk::drag(view, {view.toView({40, 62}), view.toView({50, 64})}, Qt::LeftButton, Qt::ControlModifier);
        QVERIFY(!std::get<ScribblePrompt>(desk.document.prompts().back().shape).inside);
        view.setFocus();
        QTest::keyClick(&view, Qt::Key_X);
        QVERIFY(std::get<ScribblePrompt>(desk.document.prompts().back().shape).inside);
    }

    void ScribbleLassoAndMask_PickedUpAtTheirLines_AreMovedAndDeleted()
    {
        Desk desk;
        desk.open(softPhantom());
        SliceView& view = desk.main();
        desk.tools.choose(ToolId::brush);
        desk.tools.setBrushRadiusMm(16);
        Desk::drag(view, {view.toView({48, 56}), view.toView({48, 57})});
        desk.document.addPreviousMaskPrompt(
            Plane::axial, desk.document.grid(Plane::axial).storedSlice(desk.document.slice(Plane::axial)));
        const auto mask = [&] { return std::get<MaskPrompt>(desk.document.prompts().front().shape).mask; };
        const auto bounds = *mask().bounds();
        desk.tools.choose(ToolId::point);
        Desk::drag(view, {view.toView({bounds.x0 - 0.5, 56}), view.toView({bounds.x0 + 4.5, 56})});
        QCOMPARE(mask().bounds()->x0, bounds.x0 + 5);
        QTest::mouseClick(&view, Qt::LeftButton, {}, view.toView({52, 57}).toPoint()); // within it: a click
        QCOMPARE(desk.document.prompts().size(), std::size_t{2});
        desk.document.clearPrompts();
        desk.tools.choose(ToolId::scribble);
        Desk::drag(view, {view.toView({40, 50}), view.toView({60, 50})});
        const auto path = [&] { return std::get<ScribblePrompt>(desk.document.prompts().front().shape).path; };
        const double y = path().front().y;
        Desk::drag(view, {view.toView({50, 50}), view.toView({50, 58})});
        QVERIFY(std::abs(path().front().y - y - 8) < 0.8);
        view.setFocus();
        QTest::keyClick(&view, Qt::Key_Delete);
        QVERIFY(desk.document.prompts().empty());
        QVERIFY(desk.document.proposal() == nullptr);
    }

    void PreviewsWhileDragging_LeaveAMaskDrawnAllTheTime()
    {
        Desk desk;
        desk.open(softPhantom());
        desk.engine.previews = true;
        desk.engine.votes = true;
        desk.tools.choose(ToolId::box);
        SliceView& view = desk.main();
        const QPointF from = view.toView({30, 40});
        const QPointF to = view.toView({62, 75});
        QTest::mousePress(&view, Qt::LeftButton, {}, from.toPoint());
        for (int step = 1; step <= 8; ++step) {
            desk.engine.hold = step % 2 == 0; // every other question is overtaken after its preview
            Desk::move(view, from + (to - from) * (step / 8.0), Qt::LeftButton);
            if (desk.engine.hold) {
                desk.engine.previewAll();
                QTRY_VERIFY(desk.document.proposal() != nullptr && desk.document.proposal()->isPreview);
                QVERIFY(desk.document.isAsking());
            } else {
                QTRY_VERIFY(!desk.document.isAsking());
                QVERIFY(desk.document.proposal() != nullptr && !desk.document.proposal()->isPreview);
            }
        }
        desk.engine.hold = false;
        QTest::mouseRelease(&view, Qt::LeftButton, {}, to.toPoint());
        desk.engine.answerAll();
        QTRY_VERIFY(!desk.document.isAsking());
        QVERIFY(desk.document.proposalVote() != nullptr);
        QCOMPARE(desk.document.undoStack().count(), 1);
    }

    void Disagreement_IsDottedOverPreviewAndAcceptedMask()
    {
        Desk desk;
        desk.open(softPhantom());
        desk.engine.votes = true;
        desk.engine.boundaryDisagreement = 0.29;
        desk.tools.choose(ToolId::box);
        SliceView& view = desk.main();
        Desk::drag(view, {view.toView({30, 40}), view.toView({62, 75})});
        QTRY_VERIFY(desk.document.proposalVote() != nullptr && !desk.document.isAsking());
        const QImage before = desk.area->mainScreenshot();
        desk.document.setDisagreementShown(true);
        const QImage dotted = desk.area->mainScreenshot();
        compareWithBaseline(dotted, QStringLiteral("views-disagreement"));
        QVERIFY(amberPixels(dotted) > amberPixels(before) + 200);
        desk.document.setMasksHidden(true);
        QCOMPARE(amberPixels(desk.area->mainScreenshot()), 0);
        desk.document.setMasksHidden(false);
        desk.document.acceptProposal();
        QVERIFY(amberPixels(desk.area->mainScreenshot()) > 200); // the vote stays with what is accepted
        desk.document.setSlice(Plane::axial, desk.document.slice(Plane::axial) + 1);
        QCOMPARE(amberPixels(desk.area->mainScreenshot()), 0);
        desk.document.setSlice(Plane::axial, desk.document.slice(Plane::axial) - 1);
        desk.document.setDisagreementShown(false);
        QCOMPARE(amberPixels(desk.area->mainScreenshot()), 0);
    }

    void Disagreement_ZoomedInAndOut_KeepsItsDotsApart()
    {
        Desk desk;
        desk.open(softPhantom());
        desk.engine.votes = true;
        desk.tools.choose(ToolId::box);
        SliceView& view = desk.main();
        Desk::drag(view, {view.toView({30, 40}), view.toView({62, 75})});
        QTRY_VERIFY(desk.document.proposalVote() != nullptr && !desk.document.isAsking());
        desk.document.setDisagreementShown(true);
        for (const double scale : {0.6, 12.0}) {
            view.place(scale, {62, 115});
            const QImage shot = desk.area->mainScreenshot();
            keepScreenshot(shot, QStringLiteral("views-disagreement-%1").arg(scale));
            QVERIFY(amberPixels(shot) > 20);
        }
    }

    void ToolKey_Tapped_StaysAndHeld_Springs()
    {
        Desk desk;
        desk.open(softPhantom());
        SliceView& view = desk.main();
        view.setFocus();
        QTest::keyClick(&view, Qt::Key_D);
        QCOMPARE(desk.tools.current(), ToolId::brush);
        QElapsedTimer held;
        held.start();
        QTest::keyPress(&view, Qt::Key_W);
        QCOMPARE(desk.tools.current(), ToolId::windowLevel);
        QTRY_VERIFY(held.elapsed() > 220);
        QTest::keyRelease(&view, Qt::Key_W);
        QCOMPARE(desk.tools.current(), ToolId::brush);
    }

    void Tab_WithSeveralCandidates_GoesThroughThem()
    {
        Desk desk;
        desk.engine.candidates = 3;
        desk.open(softPhantom());
        desk.tools.choose(ToolId::box);
        SliceView& view = desk.main();
        Desk::drag(view, {view.toView({30, 40}), view.toView({50, 60})});
        QTRY_VERIFY(desk.document.proposal() != nullptr && !desk.document.isAsking());
        view.setFocus();
        QTest::keyClick(&view, Qt::Key_Tab);
        QCOMPARE(desk.document.candidateIndex(), 1);
        QTest::keyClick(&view, Qt::Key_Backtab);
        QTest::keyClick(&view, Qt::Key_Backtab);
        QCOMPARE(desk.document.candidateIndex(), 2);
        QVERIFY(view.accessibleDescription().contains(QStringLiteral("preview of Structure 1")));
    }

    void Tape_MeasuresMillimetres_PixelsWithoutSpacing_AndRefusesGaps()
    {
        Desk desk;
        const auto& tape = static_cast<const MeasureTool&>(desk.tools.tool(ToolId::measure));
        desk.tools.choose(ToolId::measure);
        desk.open(softPhantom());
        SliceView& view = desk.main();
        const Point2 a = view.toStored(view.toView({30, 40}).toPoint());
        const Point2 b = view.toStored(view.toView({60, 80}).toPoint());
        Desk::drag(view, {view.toView({30, 40}).toPoint(), view.toView({60, 80}).toPoint()});
        QCOMPARE(tape.measurements().size(), std::size_t{1});
        const double mm = std::hypot((b.x - a.x) * 2, (b.y - a.y) * 2);
        QCOMPARE(tape.measurements().front().text, QStringLiteral("%1 mm").arg(mm, 0, 'f', 1));
        keepScreenshot(desk.area->mainScreenshot(), QStringLiteral("views-measure"));

        desk.open(softPhantom(SpacingSource::none, false));
        QVERIFY(tape.measurements().empty());
        Desk::drag(desk.main(), {desk.main().toView({30, 40}), desk.main().toView({60, 40})});
        QVERIFY(tape.measurements().front().text.endsWith(QStringLiteral(" px")));
        keepScreenshot(desk.area->screenshot(), QStringLiteral("views-photograph"));

        icmoe::test::DicomPhantomOptions options;
        options.missing = {8, 9};
        desk.open(options);
        QSignalSpy notice(&desk.document, &AnnotationDocument::notice);
        SliceView& coronal = desk.area->sliceView(Plane::coronal);
        Desk::drag(coronal, {coronal.toView({10, 2}), coronal.toView({10, 14})});
        QVERIFY(tape.measurements().empty());
        QCOMPARE(notice.count(), 1);
        QVERIFY(notice.front().front().toString().contains(QStringLiteral("missing")));
        keepScreenshot(desk.area->screenshot(), QStringLiteral("views-gap"));
    }

    void TiltedSeries_AcrossTheTilt_RefusesDrawingWithTheReason()
    {
        Desk desk;
        icmoe::test::DicomPhantomOptions options;
        options.tiltDegrees = 18;
        desk.open(options);
        QVERIFY(desk.document.grid(Plane::sagittal).isResampled());
        QVERIFY(desk.document.grid(Plane::sagittal).canDraw()); // the shear lies within this plane
        QVERIFY(!desk.document.grid(Plane::coronal).canDraw());
        QSignalSpy notice(&desk.document, &AnnotationDocument::notice);
        desk.tools.choose(ToolId::brush);
        SliceView& coronal = desk.area->sliceView(Plane::coronal);
        Desk::drag(coronal, {{60, 60}, {70, 60}});
        QVERIFY(desk.document.segmentation().mask(1).empty());
        desk.tools.choose(ToolId::box);
        Desk::drag(coronal, {{60, 60}, {90, 90}});
        QVERIFY(desk.document.prompts().empty());
        QCOMPARE(notice.count(), 2);
        SliceView& sagittal = desk.area->sliceView(Plane::sagittal);
        desk.tools.choose(ToolId::brush);
        const QPointF middle(sagittal.width() / 2.0, sagittal.height() / 2.0);
        Desk::drag(sagittal, {middle, middle + QPointF(6, 0)});
        QVERIFY(!desk.document.segmentation().mask(1).empty());
        keepScreenshot(desk.area->screenshot(), QStringLiteral("views-tilted"));
    }

    void Views_HiddenShownAndMovedToAnotherWindow_KeepDrawing()
    {
        Desk desk;
        desk.open(softPhantom());
        SliceView& view = desk.main();
        QTRY_VERIFY(view.frameCount() > 0);
        const QImage before = view.grabFramebuffer();
        desk.area->hide();
        desk.area->show();
        QVERIFY(QTest::qWaitForWindowExposed(desk.area.get()));
        QVERIFY(differenceOf(view.grabFramebuffer(), before).mean < 1);
        QWidget other;
        other.resize(1024, 720);
        desk.area->setParent(&other);
        desk.area->show();
        other.show();
        QVERIFY(QTest::qWaitForWindowExposed(&other));
        QVERIFY(differenceOf(view.grabFramebuffer(), before).mean < 1);
        desk.area->setParent(nullptr);
    }

    void IdleViews_DoNotRepaint()
    {
        Desk desk;
        desk.open(softPhantom());
        QTRY_VERIFY(!desk.area->volumeView().isBuilding());
        QCoreApplication::processEvents();
        QTest::qWait(50);
        const quint64 frames = desk.main().frameCount();
        const quint64 others = desk.area->sliceView(Plane::coronal).frameCount();
        desk.document.setViewPlacement({1, 2, 3, {}});
        QTest::qWait(50);
        QCOMPARE(desk.main().frameCount(), frames);
        QCOMPARE(desk.area->sliceView(Plane::coronal).frameCount(), others);
    }

    void SliceNotLoaded_IsSaidInItsView()
    {
        auto volume = noSliceLoaded({{255, 128}});
        for (std::byte& value : volume->writableSliceBytes(4)) {
            value = std::byte{200};
        }
        volume->markLoaded(4);
        Desk desk;
        desk.open(volume);
        desk.document.setSlice(Plane::axial, 2);
        const QImage missing = desk.area->mainScreenshot();
        keepScreenshot(desk.area->screenshot(), QStringLiteral("views-loading"));
        desk.document.setSlice(Plane::axial, 4);
        const QImage there = desk.area->mainScreenshot();
        QVERIFY(there.pixelColor(there.width() / 3, there.height() / 3).red() > 180);
        QVERIFY(missing.pixelColor(missing.width() / 3, missing.height() / 3).red() < 40);
        for (std::byte& value : volume->writableSliceBytes(2)) {
            value = std::byte{200};
        }
        volume->markLoaded(2);
        desk.document.setSlice(Plane::axial, 2);
        desk.document.sliceLoaded();
        QVERIFY(desk.area->mainScreenshot().pixelColor(there.width() / 3, there.height() / 3).red() > 180);
    }

    void WindowThatNoFileNames_IsThatOfAllSlices_UnlessTheAnnotatorChoseOne()
    {
        for (const bool chooses : {false, true}) {
            auto volume = noSliceLoaded({});
            load(*volume, {3, 4}, 40);
            Desk desk;
            desk.open(volume);
            QVERIFY(desk.document.window().width < 50);
            if (chooses) {
                desk.document.setWindow({77, 33});
            }
            for (const int slice : {0, 1, 2, 5, 6, 7}) {
                load(*volume, {slice}, 200);
                desk.document.sliceLoaded();
            }
            QCOMPARE(desk.document.window(), chooses ? WindowLevel({77, 33}) : volume->defaultWindow());
            QVERIFY(chooses || desk.document.window().width > 150);
        }
    }

    void WindowThatWasGuessedWhileSlicesWereMissing_IsNotKept()
    {
        const icmoe::test::TemporaryFolder folder;
        for (const bool isComplete : {false, true}) {
            auto volume = noSliceLoaded({});
            load(*volume, {3, 4}, 40);
            if (isComplete) {
                load(*volume, {0, 1, 2, 5, 6, 7}, 200);
            }
            StoreThread store(folder / "masks.sqlite", {}, postToEventLoop(), [](const Status&) {});
            Desk desk;
            desk.document.setStore(&store);
            desk.open(volume);
            QTRY_VERIFY(desk.document.isReady());
            QCOMPARE(desk.document.window(), volume->defaultWindow());
            desk.document.closeSeries(); // which keeps the view
        }
    }

    void LastWindow_Closed_LeavesNothingBehind()
    {
        auto desk = std::make_unique<Desk>();
        desk->open(softPhantom());
        desk->engine.hold = true;
        desk->tools.choose(ToolId::box);
        Desk::drag(desk->main(), {desk->main().toView({30, 40}), desk->main().toView({50, 60})});
        desk->area->close();
        desk.reset(); // with a question on its way and a surface being made
        QCoreApplication::processEvents();
    }
};

int main(int argc, char** argv)
{
    return run<ViewsTest>(argc, argv);
}

#include "views_test.moc"
