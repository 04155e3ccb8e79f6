#include "ui/panels/StatusLine.h"

#include "ui/document/AnnotationDocument.h"
#include "ui/panels/Widgets.h"
#include "ui/style/Tokens.h"

#include <QHBoxLayout>
#include <QLocale>
#include <QPainter>

namespace icmoe::ui {

EngineDot::EngineDot(QWidget* parent)
    : QWidget(parent)
{
    setFixedSize(16, 16);
}

void EngineDot::setState(const EngineState& state, bool there)
{
    m_progress = state.progress;
    switch (state.activity) {
    case EngineActivity::idle:
    case EngineActivity::answering:
        m_look = Look::ready;
        break;
    case EngineActivity::encoding:
        m_look = Look::busy;
        break;
    case EngineActivity::failed:
        m_look = Look::failed;
        break;
    case EngineActivity::starting:
    case EngineActivity::noWeights:
        m_look = Look::none;
        break;
    }
    if (!there && m_look != Look::failed) {
        m_look = Look::none;
    }
    update();
}

void EngineDot::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Tokens& t = tokens();
    const QRectF dot(4, 4, 8, 8);
    switch (m_look) {
    case Look::ready:
        painter.setPen(Qt::NoPen);
        painter.setBrush(t.ok);
        painter.drawEllipse(dot);
        break;
    case Look::busy: {
        const QRectF ring = dot.adjusted(-1.5, -1.5, 1.5, 1.5);
        painter.setPen(QPen(t.groove, 2));
        painter.drawEllipse(ring);
        painter.setPen(QPen(t.accent, 2));
        painter.drawArc(ring, 90 * 16, -qRound(std::max(0.06, m_progress) * 360 * 16));
        break;
    }
    case Look::failed:
        painter.setPen(QPen(t.err, 1.6));
        painter.drawEllipse(dot);
        painter.drawLine(QPointF(5.5, 10.5), QPointF(10.5, 5.5));
        break;
    case Look::none:
        painter.setPen(QPen(t.text3, 1.5));
        painter.drawEllipse(dot);
        break;
    }
}

StatusLine::StatusLine(AnnotationDocument& document, QWidget* parent)
    : QWidget(parent)
    , m_document(document)
    , m_dot(new EngineDot(this))
    , m_engine(new ElidedLabel(this))
    , m_keys(new QWidget(this))
    , m_keyRow(new QHBoxLayout(m_keys))
    , m_position(makeLabel({}, "value", this))
    , m_value(makeLabel({}, "value", this))
    , m_databaseIcon(new IconLabel(QStringLiteral("database"), "hint", 16, this))
    , m_database(makeLabel({}, "value", this))
{
    setProperty("surface", "panel");
    setAttribute(Qt::WA_StyledBackground);
    setAccessibleName(tr("Status"));
    setFixedHeight(28);
    m_engine->setColourRole("value");
    m_keyRow->setContentsMargins(0, 0, 0, 0);
    m_keyRow->setSpacing(6);
    m_position->setMinimumWidth(150);
    m_position->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    m_value->setMinimumWidth(76);
    m_position->setAccessibleName(tr("Position under the pointer"));
    m_value->setAccessibleName(tr("Value under the pointer"));

    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(12, 0, 14, 0);
    row->setSpacing(8);
    row->addWidget(m_dot);
    row->addWidget(m_engine);
    row->addStretch(1);
    row->addWidget(m_keys);
    row->addStretch(1);
    row->addWidget(m_position);
    row->addWidget(m_value);
    row->addSpacing(6);
    auto* rule = makeRule(this, Qt::Vertical);
    rule->setFixedHeight(16);
    row->addWidget(rule);
    row->addSpacing(2);
    row->addWidget(m_databaseIcon);
    row->addWidget(m_database);

    connect(&document, &AnnotationDocument::changed, this, [this](DocumentChange change) {
        if (change == DocumentChange::engine || change == DocumentChange::proposal) {
            updateEngine();
        } else if (change == DocumentChange::storage || change == DocumentChange::series) {
            updateStorage();
        }
    });
    updateEngine();
    updateStorage();
}

void StatusLine::setKeys(const QList<std::pair<QString, QString>>& keys)
{
    if (keys == m_shownKeys) {
        return;
    }
    m_shownKeys = keys;
    while (QLayoutItem* item = m_keyRow->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    for (const auto& [key, does] : keys) {
        if (m_keyRow->count() > 0) {
            m_keyRow->addSpacing(6);
        }
        for (const QString& cap : key.split(QLatin1Char(' '))) {
            m_keyRow->addWidget(makeLabel(cap, "key", m_keys), 0, Qt::AlignVCenter);
        }
        m_keyRow->addWidget(makeLabel(does, "hint", m_keys));
    }
}

void StatusLine::setPointer(const QString& position, const QString& value)
{
    m_position->setText(position);
    m_value->setText(value.isEmpty() ? QString() : tr("value %1").arg(value));
}

void StatusLine::setDatabase(const QString& name, bool warning)
{
    m_databaseName = name;
    m_databaseWarning = warning;
    updateStorage();
}

QString StatusLine::engineText() const
{
    return m_engine->text();
}

QString StatusLine::storageText() const
{
    return m_database->text();
}

void StatusLine::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    m_keys->setVisible(width() >= 1200);
}

void StatusLine::updateEngine()
{
    m_dot->setState(m_document.engineState(), m_document.hasEngine());
    const EngineState& state = m_document.engineState();
    const bool works = state.activity == EngineActivity::idle || state.activity == EngineActivity::answering;
    m_engine->setText(engineSentence(state, m_document.hasEngine()),
                      works ? QString::fromStdString(state.text) : QString());
}

void StatusLine::updateStorage()
{
    const QString state = m_document.storageText();
    const bool unsaved = m_document.storageState() == StorageState::notStored;
    m_database->setText(state.isEmpty() ? m_databaseName : m_databaseName + QStringLiteral(", ") + state);
    m_databaseIcon->setKind(m_databaseWarning || unsaved ? "warn" : "hint");
    m_databaseIcon->setIconName(m_databaseWarning || unsaved ? QStringLiteral("warning") : QStringLiteral("database"));
}

QString engineSentence(const EngineState& state, bool there)
{
    const QString text = QString::fromStdString(state.text);
    switch (state.activity) {
    case EngineActivity::starting:
        return there ? StatusLine::tr("engine starting") : StatusLine::tr("engine not loaded yet");
    case EngineActivity::noWeights:
        return StatusLine::tr("no engine weights, drawing by hand works");
    case EngineActivity::failed:
        return state.error ? StatusLine::tr("engine failed: %1").arg(QString::fromStdString(state.error->message))
                           : StatusLine::tr("engine failed");
    case EngineActivity::encoding:
        return StatusLine::tr("%1 · encoding slice %2").arg(text).arg(state.slice + 1);
    case EngineActivity::idle:
    case EngineActivity::answering:
        break;
    }
    QStringList parts{text};
    if (state.lastEncodeSeconds > 0) {
        parts << StatusLine::tr("slice encoded %1 s").arg(QLocale().toString(state.lastEncodeSeconds, 'f', 2));
    }
    if (state.lastDecodeSeconds > 0) {
        parts << StatusLine::tr("answer %1 ms").arg(qRound(state.lastDecodeSeconds * 1000));
    }
    parts.removeAll(QString());
    return parts.join(QStringLiteral(" · "));
}

} // namespace icmoe::ui
