#include "ui/actions/ActionTable.h"

#include <QCoreApplication>
#include <QStringList>

#include <algorithm>
#include <array>

namespace icmoe::ui {

namespace {

using enum ActionId;
constexpr auto kWindow = KeyScope::window;
constexpr auto kViews = KeyScope::views;

#define T(text) QT_TRANSLATE_NOOP("Actions", text)
// id, name, text, keys, icon, menu, scope, checkable, needsSeries, startsGroup
constexpr auto kActions = std::to_array<ActionInfo>({
    {openStudy, "file.open-study", T("Open study…"), "Ctrl+O", "open", MenuId::file},
    {openFiles, "file.open-files", T("Open files…"), "Ctrl+Shift+O", "file", MenuId::file},
    {openSample, "file.open-sample", T("Try the sample"), "", "sample", MenuId::file},
    {importMasks, "file.import-masks", T("Import masks…"), "Ctrl+I", "drop", MenuId::file, kWindow, false, true, true},
    {exportMasks, "file.export-masks", T("Export masks…"), "Ctrl+E", "export", MenuId::file, kWindow, false, true},
    {importWeights, "file.import-weights", T("Import weights…"), "", "engine", MenuId::file, kWindow, false, false,
     true},
    {storeElsewhere, "file.store-elsewhere", T("Store elsewhere…"), "", "database", MenuId::file},
    {closeSeries, "file.close-series", T("Close series"), "Ctrl+W", "close", MenuId::file, kWindow, false, true, true},
    {quit, "file.quit", T("Quit"), "Ctrl+Q", "", MenuId::file},

    {undo, "edit.undo", T("Undo"), "Ctrl+Z", "undo", MenuId::edit},
    {redo, "edit.redo", T("Redo"), "Ctrl+Shift+Z / Ctrl+Y", "redo", MenuId::edit},
    {flipPrompt, "edit.flip-prompt", T("Flip prompt between inside and outside"), "X", "", MenuId::edit, kWindow, false,
     true, true},
    {deletePrompt, "edit.delete-prompt", T("Delete prompt"), "Delete", "trash", MenuId::edit, kViews, false, true},
    {clearPrompts, "edit.clear-prompts", T("Clear all prompts"), "", "", MenuId::edit, kWindow, false, true},
    {preferences, "edit.preferences", T("Settings…"), "Ctrl+,", "settings", MenuId::edit, kWindow, false, false, true},

    {sliceUp, "view.slice-up", T("Slice up"), "Up", "", MenuId::view, kViews, false, true},
    {sliceDown, "view.slice-down", T("Slice down"), "Down", "", MenuId::view, kViews, false, true},
    {sliceUpTen, "view.slice-up-ten", T("Ten slices up"), "PgUp", "", MenuId::view, kViews, false, true},
    {sliceDownTen, "view.slice-down-ten", T("Ten slices down"), "PgDown", "", MenuId::view, kViews, false, true},
    {slicePrevious, "view.slice-previous", T("Previous slice"), "Left", "", MenuId::view, kViews, false, true},
    {sliceNext, "view.slice-next", T("Next slice"), "Right", "", MenuId::view, kViews, false, true},
    {previousPlace, "view.previous-place", T("Previous place"), "Ctrl+Up", "", MenuId::view, kWindow, false, true},
    {nextPlace, "view.next-place", T("Next place"), "Ctrl+Down", "", MenuId::view, kWindow, false, true},
    {fitView, "view.fit", T("Fit view"), "Z", "fit", MenuId::view, kWindow, false, true, true},
    {layoutMain, "view.layout-main", T("One large view and three"), "", "layout-main", MenuId::view, kWindow, true,
     true, true},
    {layoutGrid, "view.layout-grid", T("Two by two"), "", "layout-grid", MenuId::view, kWindow, true, true},
    {layoutSingle, "view.layout-single", T("One view"), "", "layout-single", MenuId::view, kWindow, true, true},
    {fullView, "view.full-view", T("Full view"), "F", "", MenuId::view, kWindow, true, true},
    {fullScreen, "view.full-screen", T("Full screen"), "F11", "", MenuId::view, kWindow, true},
    {hideMasks, "view.hide-masks", T("Hide masks"), "H", "eye", MenuId::view, kWindow, true, true, true},
    {disagreement, "view.disagreement", T("Show where voters disagree"), "U", "disagreement", MenuId::view, kWindow,
     true, true},
    {hideNames, "view.hide-names", T("Hide names"), "F8", "eye-off", MenuId::view, kWindow, true},
    {toggleStudies, "view.studies", T("Studies panel"), "F9", "studies", MenuId::view, kWindow, true, false, true},
    {toggleRightPanel, "view.right-panel", T("Labels and history panel"), "F10", "side-panel", MenuId::view, kWindow,
     true},
    {toggleTheme, "view.theme", T("Light theme"), "", "sun", MenuId::view, kWindow, true},
    {nextRegion, "view.next-region", T("Next region"), "F6", "", MenuId::view, kWindow, false, false, true},
    {previousRegion, "view.previous-region", T("Previous region"), "Shift+F6", "", MenuId::view},

    {toolNavigate, "tool.navigate", T("Navigate"), "V", "navigate", MenuId::annotate, kWindow, true, true},
    {toolWindow, "tool.window", T("Window and level"), "W", "window-level", MenuId::annotate, kWindow, true, true},
    {toolPan, "tool.pan", T("Pan"), "", "pan", MenuId::annotate, kWindow, true, true},
    {toolMeasure, "tool.measure", T("Tape measure"), "T", "measure", MenuId::annotate, kWindow, true, true},
    {toolBox, "tool.box", T("Box"), "B", "box", MenuId::annotate, kWindow, true, true, true},
    {toolPoint, "tool.point", T("Point"), "P", "point", MenuId::annotate, kWindow, true, true},
    {toolScribble, "tool.scribble", T("Scribble"), "S", "scribble", MenuId::annotate, kWindow, true, true},
    {toolLasso, "tool.lasso", T("Lasso"), "L", "lasso", MenuId::annotate, kWindow, true, true},
    {toolPreviousMask, "tool.previous-mask", T("Previous mask"), "M", "previous-mask", MenuId::annotate, kWindow, false,
     true},
    {findLabel, "prompt.find-label", T("Find label on this slice"), "", "search", MenuId::annotate, kWindow, false,
     true, true},
    {useLabelName, "prompt.use-label-name", T("Use the label's name as a prompt"), "", "", MenuId::annotate, kWindow,
     true},
    {toolBrush, "tool.brush", T("Brush"), "D", "brush", MenuId::annotate, kWindow, true, true, true},
    {toolEraser, "tool.eraser", T("Eraser"), "E", "eraser", MenuId::annotate, kWindow, true, true},
    {brushSmaller, "tool.brush-smaller", T("Smaller brush"), "[", "", MenuId::annotate, kWindow, false, true},
    {brushLarger, "tool.brush-larger", T("Larger brush"), "]", "", MenuId::annotate, kWindow, false, true},
    {accept, "proposal.accept", T("Accept"), "Return / Enter", "check", MenuId::annotate, kViews, false, true, true},
    {discard, "proposal.discard", T("Discard"), "Esc", "", MenuId::annotate, kViews, false, true},
    {nextCandidate, "proposal.next", T("Next candidate"), "", "", MenuId::annotate, kWindow, false, true},
    {previousCandidate, "proposal.previous", T("Previous candidate"), "", "", MenuId::annotate, kWindow, false, true},
    {modeReplace, "proposal.replace", T("Accept replaces"), "=", "", MenuId::annotate, kWindow, true, true, true},
    {modeAdd, "proposal.add", T("Accept adds"), "+", "", MenuId::annotate, kWindow, true, true},
    {modeSubtract, "proposal.subtract", T("Accept subtracts"), "-", "", MenuId::annotate, kWindow, true, true},
    {addLabel, "label.add", T("Add label"), "Ctrl+Shift+L", "plus", MenuId::annotate, kWindow, false, true, true},
    {renameLabel, "label.rename", T("Rename label"), "F2", "pencil", MenuId::annotate, kWindow, false, true},
    {lockLabel, "label.lock", T("Lock label"), "", "lock", MenuId::annotate, kWindow, false, true},

    {useBasicExperts, "engine.basic-experts", T("Use basic experts"), "", "", MenuId::engine, kWindow, true},
    {useSemanticExperts, "engine.semantic-experts", T("Use semantic experts"), "", "", MenuId::engine, kWindow, true},
    {useAdaptiveExperts, "engine.adaptive-experts", T("Use adaptive experts"), "", "", MenuId::engine, kWindow, true},
    {useVote, "engine.vote", T("Let the experts vote"), "", "", MenuId::engine, kWindow, true},

    {aboutLearning, "learn.about", T("About learning"), "", "info", MenuId::learn},

    {findCommand, "help.find-command", T("Find a command"), "Ctrl+K", "search", MenuId::help},
    {keyTable, "help.keys", T("Mouse and keys"), "F1 / ?", "keyboard", MenuId::help},
    {about, "help.about", T("About icmoe"), "", "info", MenuId::help, kWindow, false, false, true},
});

constexpr auto kInputs = std::to_array<InputInfo>({
    {T("Wheel"), T("Previous or next slice")},
    {T("Shift + wheel"), T("Ten slices")},
    {T("Ctrl + wheel"), T("Zoom at the pointer")},
    {T("Right drag"), T("Zoom")},
    {T("Middle drag, Space + drag"), T("Pan")},
    {T("Left drag, Navigate tool"), T("Move the crosshair; in 3D: rotate")},
    {T("Left drag, Window tool"), T("Window and level")},
    {T("Click, Point tool"), T("Inside; with Ctrl: outside")},
    {T("Shift + drag, Box or Lasso"), T("One more box or lasso")},
    {T("Shift + drag, Brush"), T("Erase")},
    {T("Double-click a view"), T("Swap it with the main view")},
    {T("Space"), T("Accept the preview (in a view)")},
    {T("Tab, Shift + Tab"), T("Next, previous candidate (in a view with a preview)")},
    {T("1 to 9, 0"), T("Label 1 to 10")},
    {T("Shift + digit"), T("Lock or unlock that label")},
    {T("Arrows, a prompt selected"), T("Nudge it by one pixel")},
    {T("Hold a tool's key"), T("Use that tool until the key is released")},
    {T("Hold H"), T("Peek under the masks")},
});
#undef T

} // namespace

std::span<const ActionInfo> actionTable()
{
    return kActions;
}

const ActionInfo& info(ActionId id)
{
    return *std::find_if(kActions.begin(), kActions.end(), [id](const ActionInfo& a) { return a.id == id; });
}

std::optional<ActionId> actionFromName(const QString& name)
{
    for (const ActionInfo& a : kActions) {
        if (name == QLatin1String(a.name)) {
            return a.id;
        }
    }
    return std::nullopt;
}

QString text(const ActionInfo& info)
{
    return QCoreApplication::translate("Actions", info.text);
}

QList<QKeySequence> keys(const ActionInfo& info)
{
    QList<QKeySequence> result;
    const QStringList parts = QString::fromLatin1(info.keys).split(QStringLiteral(" / "), Qt::SkipEmptyParts);
    for (const QString& part : parts) {
        result << QKeySequence(part, QKeySequence::PortableText);
    }
    return result;
}

QString menuTitle(MenuId menu)
{
    switch (menu) {
    case MenuId::file:
        return QCoreApplication::translate("Actions", "File");
    case MenuId::edit:
        return QCoreApplication::translate("Actions", "Edit");
    case MenuId::view:
        return QCoreApplication::translate("Actions", "View");
    case MenuId::annotate:
        return QCoreApplication::translate("Actions", "Annotate");
    case MenuId::engine:
        return QCoreApplication::translate("Actions", "Engine");
    case MenuId::learn:
        return QCoreApplication::translate("Actions", "Learn");
    case MenuId::help:
        break;
    }
    return QCoreApplication::translate("Actions", "Help");
}

std::span<const InputInfo> inputTable()
{
    return kInputs;
}

} // namespace icmoe::ui
