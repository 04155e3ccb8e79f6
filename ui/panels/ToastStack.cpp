#include "ui/panels/ToastStack.h"

#include "ui/panels/Widgets.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QTimer>
#include <QVBoxLayout>

namespace icmoe::ui {

namespace {

constexpr int kMostToasts = 3;
constexpr int kNoticeMilliseconds = 8000;

QLabel* wrapped(const QString& text, const char* kind, QWidget* parent)
{
    auto* label = makeLabel(text, kind, parent);
    label->setWordWrap(true);
    label->setTextFormat(Qt::PlainText);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    label->setStyleSheet(QStringLiteral("border: none"));
    return label;
}

} // namespace

ToastStack::ToastStack(QWidget* parent)
    : QWidget(parent)
    , m_column(new QVBoxLayout(this))
{
    m_column->setContentsMargins(10, 0, 10, 0);
    m_column->setSpacing(8);
    setAccessibleName(tr("Messages"));
}

int ToastStack::count() const
{
    return m_column->count();
}

void ToastStack::closeAll()
{
    while (QLayoutItem* item = m_column->takeAt(0)) {
        delete item->widget();
        delete item;
    }
}

void ToastStack::showError(const Error& error, const ToastAction& action)
{
    const QString message = QString::fromStdString(error.message);
    add(errorDetails(error), "err", QStringLiteral("error"), message, QString::fromStdString(error.where),
        QString::fromStdString(error.hint), errorDetails(error), action);
}

void ToastStack::showNotice(const QString& text, Lasting lasting)
{
    QWidget* toast = add(text, "value", QStringLiteral("info"), text, {}, {}, {}, {});
    if (lasting == Lasting::goes) {
        QTimer::singleShot(kNoticeMilliseconds, toast, [toast] { toast->deleteLater(); });
    }
}

QWidget* ToastStack::add(const QString& key, const char* kind, const QString& iconName, const QString& title,
                         const QString& where, const QString& hint, const QString& details, const ToastAction& action)
{
    for (int i = 0; i < m_column->count(); ++i) {
        QWidget* there = m_column->itemAt(i)->widget();
        if (there->objectName() == key) {
            const int times = there->property("times").toInt() + 1;
            there->setProperty("times", times);
            auto* counter = there->findChild<QLabel*>(QStringLiteral("times"));
            counter->setText(tr("%1 times").arg(times));
            counter->show();
            return there;
        }
    }
    if (m_column->count() >= kMostToasts) {
        QLayoutItem* oldest = m_column->takeAt(0);
        delete oldest->widget();
        delete oldest;
    }
    auto* toast = new QWidget(this);
    toast->setObjectName(key);
    toast->setProperty("surface", "card");
    toast->setAttribute(Qt::WA_StyledBackground);
    toast->setProperty("times", 1);
    toast->setAccessibleName(title);
    toast->setAccessibleDescription(hint);

    auto* column = new QVBoxLayout(toast);
    column->setContentsMargins(12, 10, 10, 10);
    column->setSpacing(4);
    auto* head = new QHBoxLayout;
    head->setSpacing(8);
    head->addWidget(new IconLabel(iconName, kind, 18, toast), 0, Qt::AlignTop);
    head->addWidget(wrapped(title, qstrcmp(kind, "err") == 0 ? "heading" : "value", toast), 1);
    auto* close = makeIconButton(QStringLiteral("close"), tr("Close this message"), "rowicon", toast);
    close->setStyleSheet(QStringLiteral("border: none"));
    connect(close, &QToolButton::clicked, toast, &QObject::deleteLater);
    head->addWidget(close, 0, Qt::AlignTop);
    column->addLayout(head);
    const auto indented = [&](QWidget* widget) {
        auto* row = new QHBoxLayout;
        row->setContentsMargins(26, 0, 0, 0);
        row->addWidget(widget);
        column->addLayout(row);
    };
    if (!where.isEmpty()) {
        indented(wrapped(where, "hint", toast));
    }
    if (!hint.isEmpty()) {
        indented(wrapped(hint, "value", toast));
    }
    auto* times = wrapped({}, "hint", toast);
    times->setObjectName(QStringLiteral("times"));
    times->hide();
    indented(times);
    if (!details.isEmpty() || !action.text.isEmpty()) {
        auto* buttons = new QWidget(toast);
        buttons->setStyleSheet(QStringLiteral("border: none"));
        auto* row = new QHBoxLayout(buttons);
        row->setContentsMargins(0, 4, 0, 0);
        row->setSpacing(8);
        if (!action.text.isEmpty()) {
            auto* act = makeButton(action.text, "small", toast);
            connect(act, &QPushButton::clicked, toast, [action, toast] {
                action.run();
                toast->deleteLater();
            });
            row->addWidget(act);
        }
        if (!details.isEmpty()) {
            auto* copy = makeButton(tr("Copy details"), "link", toast);
            connect(copy, &QPushButton::clicked, toast, [details] { QGuiApplication::clipboard()->setText(details); });
            row->addWidget(copy);
        }
        row->addStretch();
        indented(buttons);
    }
    m_column->addWidget(toast);
    toast->show();
    Q_EMIT shown();
    return toast;
}

QString errorDetails(const Error& error)
{
    const std::string_view code = name(error.code);
    QStringList lines{QStringLiteral("icmoe ") + QLatin1String(ICMOE_VERSION),
                      QString::fromUtf8(code.data(), static_cast<qsizetype>(code.size())),
                      QString::fromStdString(error.message)};
    if (!error.where.empty()) {
        lines << QString::fromStdString(error.where);
    }
    if (!error.hint.empty()) {
        lines << QString::fromStdString(error.hint);
    }
    return lines.join(QLatin1Char('\n'));
}

} // namespace icmoe::ui
