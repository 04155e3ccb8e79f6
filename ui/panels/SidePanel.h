#pragma once

#include <QWidget>

namespace icmoe::ui {

class AnnotationDocument;
class HistoryPanel;
class LabelsPanel;
class PromptsPanel;
class Section;
class ToastStack;

/// The right panel: Labels, Prompts, History, Learn, and toasts below them.
class SidePanel final : public QWidget {
    Q_OBJECT

public:
    explicit SidePanel(AnnotationDocument& document, QWidget* parent = nullptr);

    [[nodiscard]] LabelsPanel& labels() const { return *m_labels; }
    [[nodiscard]] PromptsPanel& prompts() const { return *m_prompts; }
    [[nodiscard]] HistoryPanel& history() const { return *m_history; }
    [[nodiscard]] ToastStack& toasts() const { return *m_toasts; }
    [[nodiscard]] Section& learnSection() const { return *m_learnSection; }

private:
    void update();

    AnnotationDocument& m_document;
    LabelsPanel* m_labels = nullptr;
    PromptsPanel* m_prompts = nullptr;
    HistoryPanel* m_history = nullptr;
    ToastStack* m_toasts = nullptr;
    Section* m_labelsSection = nullptr;
    Section* m_promptsSection = nullptr;
    Section* m_historySection = nullptr;
    Section* m_learnSection = nullptr;
    QWidget* m_labelMenu = nullptr;
};

} // namespace icmoe::ui
