#pragma once

#include <QKeySequence>
#include <QObject>

#include <map>
#include <memory>
#include <vector>

class QKeyEvent;

namespace icmoe::ui {

class AnnotationDocument;
class Tool;

enum class ToolId { navigate, windowLevel, pan, measure, box, point, scribble, lasso, previousMask, brush, eraser };
[[nodiscard]] const std::vector<ToolId>& allTools();

/// Which tool the left button has, with its options. A key held longer than 200 ms makes its tool temporary, a tap
/// keeps it. Owns the tools; views hand them their mouse events. UI thread.
class ToolController final : public QObject {
    Q_OBJECT

public:
    static constexpr double kSmallestBrushMm = 0.5;
    static constexpr double kLargestBrushMm = 50;

    explicit ToolController(AnnotationDocument& document, QObject* parent = nullptr);
    ~ToolController() override;

    [[nodiscard]] ToolId current() const;                    ///< the temporary tool where there is one
    [[nodiscard]] ToolId chosen() const { return m_chosen; } ///< the one that comes back
    void choose(ToolId tool);                                ///< ends a temporary one
    void beginTemporary(ToolId tool);
    void endTemporary();
    [[nodiscard]] bool isTemporary() const { return m_temporary; }

    /// Keys of the tools, for tap and hold while a view has the focus. Defaults: V W T B P S L M D E.
    void setKey(ToolId tool, const QKeySequence& key);
    [[nodiscard]] QKeySequence key(ToolId tool) const;
    [[nodiscard]] bool isToolKey(const QKeyEvent& event) const;
    /// A view's key events: true where the key belongs to a tool.
    bool keyPressed(const QKeyEvent& event);
    bool keyReleased(const QKeyEvent& event);

    [[nodiscard]] double brushRadiusMm() const { return m_brushRadiusMm; }
    void setBrushRadiusMm(double radius); ///< kept within the limits
    void growBrush(int steps, bool fine); ///< [ and ]: one step is a fifth, fine a twentieth, at least 0.1 mm

    /// Esc: discard the preview, else clear the selection, else the navigate tool.
    void escape();

    [[nodiscard]] Tool& tool(ToolId id) const;
    [[nodiscard]] Tool& currentTool() const { return tool(current()); }
    [[nodiscard]] AnnotationDocument& document() const { return m_document; }

Q_SIGNALS:
    void toolChanged(icmoe::ui::ToolId current);
    void optionsChanged();
    void overlayChanged(); ///< what tools draw over the views changed

private:
    AnnotationDocument& m_document;
    std::map<ToolId, std::unique_ptr<Tool>> m_tools;
    std::map<ToolId, QKeySequence> m_keys;
    ToolId m_chosen = ToolId::navigate;
    ToolId m_spring = ToolId::navigate;
    bool m_temporary = false;
    int m_heldKey = 0;
    qint64 m_heldSince = 0;
    double m_brushRadiusMm = 6;
};

} // namespace icmoe::ui
