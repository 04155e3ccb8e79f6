// README's table of keys is what the program has: ICMOE_WRITE_README=1 writes it.
#include "ui/actions/ActionTable.h"

#include <QCoreApplication>
#include <QFile>
#include <QSet>
#include <QTest>

using namespace icmoe::ui;

namespace {

const QString kFile = QStringLiteral(ICMOE_SOURCE_DIR "/README.md");
const QString kBegin = QStringLiteral("<!-- keys: written by keys_test -->\n");
const QString kEnd = QStringLiteral("<!-- /keys -->");

QString readReadme()
{
    QFile file(kFile);
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

QString cell(QString text)
{
    return text.replace(QLatin1Char('|'), QStringLiteral("\\|"));
}

/// Two rows of the table side by side, so that it stays on one screen.
QString keyTable()
{
    QList<std::pair<QString, QString>> rows;
    for (const InputInfo& input : inputTable()) {
        rows << std::pair{QString::fromUtf8(input.input), QString::fromUtf8(input.does)};
    }
    for (const ActionInfo& action : actionTable()) {
        if (*action.keys != '\0') {
            rows << std::pair{QString::fromUtf8(action.keys).replace(QStringLiteral(" / "), QStringLiteral(", ")),
                              QString::fromUtf8(action.text)};
        }
    }
    QString table = QStringLiteral("| input | does | input | does |\n|---|---|---|---|\n");
    const qsizetype half = (rows.size() + 1) / 2;
    for (qsizetype i = 0; i < half; ++i) {
        table += QStringLiteral("| %1 | %2 |").arg(cell(rows[i].first), cell(rows[i].second));
        const bool two = half + i < rows.size();
        table += two ? QStringLiteral(" %1 | %2 |\n").arg(cell(rows[half + i].first), cell(rows[half + i].second))
                     : QStringLiteral(" | |\n");
    }
    return table;
}

} // namespace

class KeysTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void Readme_TableOfKeys_IsWhatTheProgramHas()
    {
        QString text = readReadme();
        const qsizetype begin = text.indexOf(kBegin);
        const qsizetype end = text.indexOf(kEnd);
        QVERIFY(begin >= 0 && end > begin);
        const qsizetype from = begin + kBegin.size();
        if (qEnvironmentVariableIsSet("ICMOE_WRITE_README")) {
            QFile file(kFile);
            QVERIFY(file.open(QIODevice::WriteOnly));
            file.write((text.left(from) + keyTable() + text.mid(end)).toUtf8());
            file.close();
            text = readReadme();
        }
        QCOMPARE(text.mid(from, text.indexOf(kEnd) - from), keyTable());
    }

    void EveryAction_HasANameAndKeysOfItsOwn()
    {
        QSet<QString> names;
        QSet<QString> taken;
        for (const ActionInfo& action : actionTable()) {
            QVERIFY2(!names.contains(QLatin1String(action.name)), action.name);
            names << QLatin1String(action.name);
            QVERIFY(info(action.id).name == action.name);
            for (const QKeySequence& key : keys(action)) {
                QVERIFY2(!key.isEmpty() && !taken.contains(key.toString()), action.name);
                taken << key.toString();
            }
        }
    }
};

QTEST_GUILESS_MAIN(KeysTest)

#include "keys_test.moc"
