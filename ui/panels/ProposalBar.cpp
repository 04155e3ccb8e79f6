#include "ui/panels/ProposalBar.h"

#include "ui/actions/Actions.h"
#include "ui/document/AnnotationDocument.h"
#include "ui/models/LabelTableModel.h"
#include "ui/panels/Segments.h"
#include "ui/panels/VotersPopup.h"
#include "ui/panels/Widgets.h"
#include "ui/style/Icons.h"

#include <QHBoxLayout>
#include <QLocale>
#include <QPainter>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace icmoe::ui {

namespace {

const QString kBetween = QStringLiteral(" · ");
const QString kBeforeAgreement = QStringLiteral(" ·"); // the space after it is the button's margin
constexpr int kAroundText = 6;                         // a tool button would leave more

/// Area of a mask on its slice: "12.3 cm²", or pixels where nothing tells millimetres.
QString areaText(const SliceMask& mask, const Geometry& geometry, Plane plane)
{
    const auto pixels = static_cast<double>(mask.area());
    if (geometry.spacingSource() == SpacingSource::none) {
        return ProposalBar::tr("%1 px").arg(QLocale().toString(static_cast<qulonglong>(mask.area())));
    }
    const SlicePlane grid(geometry, plane);
    const double squareMm = pixels * grid.spacingX() * grid.spacingY();
    return squareMm < 100 ? ProposalBar::tr("%1 mm²").arg(QLocale().toString(squareMm, 'f', 1))
                          : ProposalBar::tr("%1 cm²").arg(QLocale().toString(squareMm / 100, 'f', 1));
}

} // namespace

SwatchLabel::SwatchLabel(QWidget* parent)
    : QWidget(parent)
{
    setFixedSize(20, 20);
}

void SwatchLabel::setLabel(const QColor& colour, int number)
{
    m_colour = colour;
    m_number = number;
    QWidget::update();
}

void SwatchLabel::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    paintSwatch(painter, QRectF(1, 1, 18, 18), m_colour, m_number);
}

ProposalBar::ProposalBar(AnnotationDocument& document, const Actions& actions, QWidget* parent)
    : QWidget(parent)
    , m_document(document)
    , m_pages(new QStackedWidget(this))
{
    setProperty("surface", "panel");
    setAttribute(Qt::WA_StyledBackground);
    setAccessibleName(tr("Proposal"));
    setFixedHeight(52);
    m_pages->addWidget(makePreviewPage(actions));
    m_pages->addWidget(makeMessagePage());
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(12, 0, 8, 0);
    row->addWidget(m_pages);

    connect(&document, &AnnotationDocument::changed, this, [this](DocumentChange change) {
        switch (change) {
        case DocumentChange::window:
        case DocumentChange::slices:
        case DocumentChange::display:
        case DocumentChange::position:
            break;
        default:
            update();
        }
    });
    update();
}

QWidget* ProposalBar::makePreviewPage(const Actions& actions)
{
    auto* page = new QWidget;
    auto* row = new QHBoxLayout(page);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(8);
    m_swatch = new SwatchLabel(page);
    row->addWidget(m_swatch);
    auto* texts = new QVBoxLayout;
    texts->setSpacing(0);
    texts->setContentsMargins(0, 6, 0, 4);
    m_title = makeLabel({}, "heading", page);
    m_detail = new ElidedLabel(page);
    m_detail->setColourRole("hint");
    m_voters = new QToolButton(page); // a text like the others, that opens what is behind it
    m_voters->setProperty("kind", "hintlink");
    m_voters->setToolButtonStyle(Qt::ToolButtonTextOnly);
    m_voters->setFocusPolicy(Qt::TabFocus);
    auto* details = new QHBoxLayout;
    details->setSpacing(1);
    details->addWidget(m_detail);
    details->addWidget(m_voters);
    details->addStretch(1);
    texts->addWidget(m_title);
    texts->addLayout(details);
    row->addLayout(texts, 1);
    m_notice = new IconLabel(QStringLiteral("info"), "value", 18, page);
    row->addWidget(m_notice);
    m_votersPopup = new VotersPopup(this);
    connect(m_voters, &QToolButton::clicked, this, [this] { m_votersPopup->popUp(*m_voters); });

    m_modes = new Segments(tr("Accept"), page);
    for (const ActionId id : {ActionId::modeReplace, ActionId::modeAdd, ActionId::modeSubtract}) {
        const QString key = actions.action(id)->shortcut().toString(QKeySequence::NativeText);
        const QString words = id == ActionId::modeReplace ? tr("Replace")
                              : id == ActionId::modeAdd   ? tr("Add")
                                                          : tr("Subtract");
        m_modes->add(words)->setToolTip(QStringLiteral("%1  (%2)").arg(text(info(id)), key));
    }
    connect(m_modes, &Segments::chosen, this,
            [this](int index) { m_document.setCombineMode(static_cast<CombineMode>(index)); });
    row->addWidget(m_modes);

    m_candidates = new QWidget(page);
    auto* steps = new QHBoxLayout(m_candidates);
    steps->setContentsMargins(0, 0, 0, 0);
    steps->setSpacing(2);
    auto* previous = makeIconButton(QStringLiteral("chevron-left"), tr("Previous candidate"), "rowicon", m_candidates);
    auto* next = makeIconButton(QStringLiteral("chevron-right"), tr("Next candidate"), "rowicon", m_candidates);
    m_candidateText = makeLabel({}, "value", m_candidates);
    m_candidateText->setMinimumWidth(34);
    m_candidateText->setAlignment(Qt::AlignCenter);
    steps->addWidget(previous);
    steps->addWidget(m_candidateText);
    steps->addWidget(next);
    connect(previous, &QToolButton::clicked, actions.action(ActionId::previousCandidate), &QAction::trigger);
    connect(next, &QToolButton::clicked, actions.action(ActionId::nextCandidate), &QAction::trigger);
    row->addWidget(m_candidates);

    m_discard = makeButton(tr("Discard"), "secondary", page);
    m_accept = makeButton(tr("Accept"), "primary", page);
    m_accept->setIcon(icon(QStringLiteral("check"), &Tokens::onfill, &Tokens::onfill));
    connect(m_discard, &QPushButton::clicked, this, [this] { m_document.discardProposal(); });
    connect(m_accept, &QPushButton::clicked, this, [this] { m_document.acceptProposal(); });
    row->addWidget(m_discard);
    row->addWidget(m_accept);
    return page;
}

QWidget* ProposalBar::makeMessagePage()
{
    auto* page = new QWidget;
    auto* row = new QHBoxLayout(page);
    row->setContentsMargins(0, 0, 4, 0);
    row->setSpacing(8);
    m_messageIcon = new IconLabel(QStringLiteral("sound"), "ok", 18, page);
    m_event = makeLabel({}, "heading", page);
    m_storage = makeLabel({}, "hint", page);
    m_hint = new ElidedLabel(page);
    m_hint->setColourRole("value");
    m_importWeights = makeButton(tr("Import weights…"), "secondary", page);
    connect(m_importWeights, &QPushButton::clicked, this, &ProposalBar::importWeightsAsked);
    row->addWidget(m_messageIcon);
    row->addWidget(m_event);
    row->addWidget(m_storage);
    row->addStretch(1);
    row->addWidget(m_hint);
    row->addWidget(m_importWeights);
    return page;
}

void ProposalBar::setHint(const QString& hint)
{
    m_hintText = hint;
    update();
}

QString ProposalBar::sentence() const
{
    QStringList parts;
    if (m_pages->currentIndex() == 0) {
        QString detail = m_detail->text();
        if (detail.endsWith(kBeforeAgreement)) {
            detail.chop(kBeforeAgreement.size());
        }
        parts = {m_title->text(), detail, m_voters->isHidden() ? QString() : m_voters->text()};
    } else {
        parts = {m_event->text(), m_storage->isHidden() ? QString() : m_storage->text(), m_hint->text()};
    }
    parts.removeAll(QString());
    return parts.join(kBetween);
}

void ProposalBar::update()
{
    const bool preview = m_document.isOpen() && m_document.proposal() != nullptr;
    preview ? updatePreview() : updateMessage();
    m_pages->setCurrentIndex(preview ? 0 : 1);
}

void ProposalBar::updatePreview()
{
    const Proposal& proposal = *m_document.proposal();
    const auto index = static_cast<std::size_t>(m_document.candidateIndex());
    if (index >= proposal.candidates.size()) {
        return;
    }
    const Candidate& candidate = proposal.candidates[index];
    if (const Label* label = m_document.segmentation().labels().find(m_document.activeLabel())) {
        m_swatch->setLabel({label->colour.red, label->colour.green, label->colour.blue}, label->id);
    }
    // A preview is followed by its full answer: that is no news. Another answer that is still shown is.
    m_title->setText(m_document.isAsking() && !proposal.isPreview ? tr("Preview, asking again") : tr("Preview"));
    if (candidate.mask.empty()) {
        m_detail->setText(tr("nothing found: Accept stores \"examined, nothing there\""));
    } else {
        const QString area = areaText(candidate.mask, m_document.volume()->geometry(), proposal.plane);
        m_detail->setText(area + (m_document.proposalVote() != nullptr ? kBeforeAgreement : kBetween + confidence()));
    }
    m_detail->setMinimumWidth(candidate.mask.empty() ? 0 : m_detail->sizeHint().width()); // an area is never cut
    const QString notice = QString::fromStdString(proposal.notice);
    m_detail->setAccessibleDescription(notice);
    m_notice->setVisible(!notice.isEmpty());
    m_notice->setToolTip(notice);
    m_notice->setAccessibleName(notice);
    updateVote();
    m_modes->setCurrent(static_cast<int>(m_document.combineMode()));
    const auto count = static_cast<int>(proposal.candidates.size());
    m_candidates->setVisible(count > 1);
    m_candidateText->setText(tr("%1 / %2").arg(m_document.candidateIndex() + 1).arg(count));
}

QString ProposalBar::confidence() const
{
    const Proposal& proposal = *m_document.proposal();
    if (proposal.isPreview) {
        return m_document.isAsking() ? tr("voting…") : tr("before the vote");
    }
    const auto& candidate = proposal.candidates[static_cast<std::size_t>(m_document.candidateIndex())];
    return tr("estimate %1 %").arg(qRound(std::clamp(candidate.predictedIou, 0.0, 1.0) * 100));
}

void ProposalBar::updateVote()
{
    const Vote* vote = m_document.proposalVote();
    m_voters->setVisible(vote != nullptr);
    if (vote == nullptr) {
        m_votersPopup->hide();
        return;
    }
    m_votersPopup->setVote(*vote);
    const QStringList lines = m_votersPopup->bars().lines();
    m_voters->setText(agreementText(vote->agreement()));
    m_voters->setFixedWidth(m_voters->fontMetrics().horizontalAdvance(m_voters->text()) + kAroundText);
    m_voters->setToolTip(tr("Who voted") + QLatin1Char('\n') + lines.join(QLatin1Char('\n')));
    m_voters->setAccessibleName(tr("Who voted, %1").arg(m_voters->text()));
    m_voters->setAccessibleDescription(lines.join(QStringLiteral(", ")));
}

void ProposalBar::updateMessage()
{
    m_votersPopup->hide(); // what it tells of is gone
    const bool noWeights = m_document.engineState().activity == EngineActivity::noWeights;
    const bool asking = m_document.isOpen() && m_document.isAsking();
    m_importWeights->setVisible(noWeights);
    const StorageState storage = m_document.storageState();
    const bool notStored = storage == StorageState::notStored;
    QString event = m_document.isOpen() ? m_document.lastEvent() : QString();
    if (asking) {
        event = tr("Waiting for the engine");
    }
    m_messageIcon->setVisible(!event.isEmpty());
    m_messageIcon->setIconName(notStored ? QStringLiteral("warning")
                               : asking  ? QStringLiteral("engine")
                                         : QStringLiteral("sound"));
    m_messageIcon->setKind(notStored ? "warn" : asking || storage == StorageState::storing ? "value" : "ok");
    m_event->setText(event);
    m_storage->setText(m_document.storageText());
    m_storage->setVisible(!event.isEmpty() && !asking && storage != StorageState::nothing);
    m_storage->setProperty("kind", notStored ? "warn" : "hint");
    m_hint->setText(noWeights ? tr("No engine weights. Drawing by hand works.") : m_hintText);
}

} // namespace icmoe::ui
