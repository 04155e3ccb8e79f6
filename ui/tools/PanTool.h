#pragma once

#include "ui/tools/Tool.h"

namespace icmoe::ui {

/// The view itself moves: SliceView sees that this tool is current and pans.
class PanTool final : public Tool {
public:
    void press(const ToolEvent& /*event*/) override {}
    void move(const ToolEvent& /*event*/) override {}
    void release(const ToolEvent& /*event*/) override {}
    [[nodiscard]] Qt::CursorShape cursor() const override { return Qt::OpenHandCursor; }
};

} // namespace icmoe::ui
