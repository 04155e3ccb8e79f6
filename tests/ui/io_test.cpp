#include "tests/support/DicomPhantom.h"
#include "tests/support/TestSupport.h"
#include "ui/io/EventLoopPost.h"
#include "ui/io/StudyReader.h"
#include "ui/io/TaskThread.h"

#include <QSignalSpy>
#include <QTest>

#include <latch>

using namespace icmoe;
using namespace icmoe::ui;
using namespace icmoe::test;

class IoTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void Post_ToAReceiverThatIsGone_IsDropped()
    {
        int ran = 0;
        Post post;
        {
            QObject receiver;
            post = postTo(receiver);
            post([&ran] { ++ran; });
            QCoreApplication::processEvents();
            QCOMPARE(ran, 1);
            post([&ran] { ++ran; }); // queued, and never delivered
        }
        post([&ran] { ++ran; });
        QCoreApplication::processEvents();
        QCOMPARE(ran, 1);
    }

    void Tasks_RunInOrder_AndCancelledOnesNot()
    {
        std::latch started(1);
        std::latch cancelled(1);
        std::latch done(1);
        std::vector<int> order;
        bool stopped = false;
        TaskThread thread;
        thread.run([&](const std::stop_token& stop) {
            started.count_down();
            cancelled.wait();
            stopped = stop.stop_requested();
            order.push_back(1);
        });
        started.wait();
        thread.run([&](const std::stop_token&) { order.push_back(2); });
        thread.cancelAll();
        thread.run([&](const std::stop_token& stop) {
            order.push_back(stop.stop_requested() ? -3 : 3);
            done.count_down();
        });
        cancelled.count_down();
        done.wait();
        QVERIFY(stopped);
        QCOMPARE(order, (std::vector<int>{1, 3}));
    }

    void Scan_OfAMissingFolder_Fails()
    {
        StudyReader reader;
        QSignalSpy failed(&reader, &StudyReader::scanFailed);
        reader.scanPaths({"/there/is/nothing"});
        QVERIFY(failed.wait());
        QVERIFY(failed.front().front().value<Error>().code == ErrorCode::notFound);
    }

    void Load_OfASeriesWhoseFilesAreGone_Fails()
    {
        const TemporaryFolder folder;
        const auto phantom = writeDicomPhantom(folder / "study");
        QVERIFY(phantom.has_value());
        StudyReader reader;
        QSignalSpy scanned(&reader, &StudyReader::scanned);
        reader.scanPaths({folder / "study"});
        QVERIFY(scanned.wait());
        const auto result = scanned.front().front().value<std::shared_ptr<const ScanResult>>();
        std::filesystem::remove_all(folder / "study");
        QSignalSpy failed(&reader, &StudyReader::loadFailed);
        reader.load(1, result->studies.front().series.front());
        QVERIFY(reader.isLoading());
        QVERIFY(failed.wait());
        QVERIFY(!reader.isLoading());
    }
};

QTEST_GUILESS_MAIN(IoTest)
#include "io_test.moc"
