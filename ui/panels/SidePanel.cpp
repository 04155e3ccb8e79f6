#include "ui/panels/SidePanel.h"

#include "ui/document/AnnotationDocument.h"
#include "ui/panels/LabelsPanel.h"
#include "ui/panels/Section.h"
#include "ui/panels/StepLists.h"
#include "ui/panels/ToastStack.h"
#include "ui/panels/Widgets.h"

#include <QVBoxLayout>

namespace icmoe::ui {

SidePanel::SidePanel(AnnotationDocument& document, QWidget* parent)
    : QWidget(parent)
    , m_document(document)
    , m_labels(new LabelsPanel(document))
    , m_prompts(new PromptsPanel(document))
    , m_history(new HistoryPanel(document))
    , m_toasts(new ToastStack)
{
    setProperty("surface", "panel");
    setAttribute(Qt::WA_StyledBackground);
    setAccessibleName(tr("Labels, prompts and history"));

    auto* learn = makeLabel(
        tr("Learning from your corrections is not there yet. What you accept and correct is stored, so that it can "
           "be learned from later."),
        "hint", this);
    learn->setWordWrap(true);
    learn->setContentsMargins(14, 0, 14, 10);

    m_labelsSection = new Section(tr("Labels"), m_labels, this);
    m_promptsSection = new Section(tr("Prompts"), m_prompts, this);
    m_historySection = new Section(tr("History"), m_history, this);
    m_learnSection = new Section(tr("Learn"), learn, this);
    m_learnSection->setSummary(tr("not there yet"));
    m_learnSection->setFolded(true);

    auto* add = makeIconButton(QStringLiteral("plus"), tr("Add label"), "rowicon", this);
    connect(add, &QToolButton::clicked, this, [this] {
        if (m_document.isOpen()) {
            m_labels->addLabel();
        }
    });
    m_labelsSection->addButton(add);
    auto* clear = makeIconButton(QStringLiteral("trash"), tr("Clear all prompts"), "rowicon", this);
    connect(clear, &QToolButton::clicked, this, [this] { m_document.clearPrompts(); });
    m_promptsSection->addButton(clear);

    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 2, 0, 0);
    column->setSpacing(0);
    column->addWidget(m_labelsSection);
    column->addWidget(makeRule(this));
    column->addWidget(m_promptsSection);
    column->addWidget(makeRule(this));
    column->addWidget(m_historySection, 1);
    column->addStretch(0);
    column->addWidget(makeRule(this));
    column->addWidget(m_learnSection);
    column->addWidget(m_toasts);
    column->addSpacing(6);

    connect(&document, &AnnotationDocument::changed, this, [this](DocumentChange change) {
        if (change == DocumentChange::series || change == DocumentChange::labels || change == DocumentChange::prompts) {
            update();
        }
    });
    connect(&document.undoStack(), &QUndoStack::indexChanged, this, &SidePanel::update);
    update();
}

void SidePanel::update()
{
    const auto labels = m_document.isOpen() ? m_document.segmentation().labels().labels().size() : 0;
    const auto prompts = m_document.isOpen() ? m_document.prompts().size() : 0;
    const int steps = m_document.undoStack().index();
    m_labelsSection->setCount(labels > 0 ? QString::number(labels) : QString());
    m_labelsSection->setSummary(QString::number(labels));
    m_promptsSection->setCount(prompts > 0 ? QString::number(prompts) : QString());
    m_promptsSection->setSummary(QString::number(prompts));
    m_historySection->setSummary(steps == 1 ? tr("1 step") : tr("%1 steps").arg(steps));
}

} // namespace icmoe::ui
