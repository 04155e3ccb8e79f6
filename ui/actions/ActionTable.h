#pragma once

#include <QKeySequence>
#include <QString>

#include <optional>
#include <span>

namespace icmoe::ui {

/// Everything the window can do. The order is the order in menus.
enum class ActionId {
    // File
    openStudy,
    openFiles,
    openSample,
    importMasks,
    exportMasks,
    importWeights,
    storeElsewhere,
    closeSeries,
    quit,
    // Edit
    undo,
    redo,
    flipPrompt,
    deletePrompt,
    clearPrompts,
    preferences,
    // View
    sliceUp,
    sliceDown,
    sliceUpTen,
    sliceDownTen,
    slicePrevious,
    sliceNext,
    previousPlace,
    nextPlace,
    fitView,
    layoutMain,
    layoutGrid,
    layoutSingle,
    fullView,
    fullScreen,
    hideMasks,
    disagreement,
    hideNames,
    toggleStudies,
    toggleRightPanel,
    toggleTheme,
    nextRegion,
    previousRegion,
    // Annotate
    toolNavigate,
    toolWindow,
    toolPan,
    toolMeasure,
    toolBox,
    toolPoint,
    toolScribble,
    toolLasso,
    toolPreviousMask,
    toolBrush,
    toolEraser,
    findLabel,
    useLabelName,
    brushSmaller,
    brushLarger,
    accept,
    discard,
    nextCandidate,
    previousCandidate,
    modeReplace,
    modeAdd,
    modeSubtract,
    addLabel,
    renameLabel,
    lockLabel,
    // Annotate › Engine
    useBasicExperts,
    useSemanticExperts,
    useAdaptiveExperts,
    useVote,
    // Learn
    aboutLearning,
    // Help
    findCommand,
    keyTable,
    about,
};

enum class MenuId { file, edit, view, annotate, engine, learn, help }; ///< engine: within annotate

/// Where an action's keys count: anywhere in the window (text fields keep their letters), or only while a view has the
/// focus.
enum class KeyScope { window, views };

/// One row: an action as data.
struct ActionInfo {
    ActionId id;
    const char* name; ///< stable text id for scripts and settings: "file.open-study"
    const char* text; ///< English, translated in context "Actions"
    const char* keys; ///< portable key sequences, separated by " / "
    const char* icon; ///< file name in resources/icons, or ""
    MenuId menu;
    KeyScope scope = KeyScope::window;
    bool checkable = false;
    bool needsSeries = false; ///< dimmed while nothing is open
    bool startsGroup = false; ///< a rule above it in the menu
};

[[nodiscard]] std::span<const ActionInfo> actionTable();
[[nodiscard]] const ActionInfo& info(ActionId id);
[[nodiscard]] std::optional<ActionId> actionFromName(const QString& name);
[[nodiscard]] QString text(const ActionInfo& info);
[[nodiscard]] QList<QKeySequence> keys(const ActionInfo& info);
[[nodiscard]] QString menuTitle(MenuId menu);

/// Mouse and keys that are no action of the table, for the help page.
struct InputInfo {
    const char* input;
    const char* does;
};
[[nodiscard]] std::span<const InputInfo> inputTable();

} // namespace icmoe::ui
