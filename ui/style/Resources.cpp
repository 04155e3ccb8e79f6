#include "ui/style/Resources.h"

#include <QtGlobal>

// Q_INIT_RESOURCE declares a global function, so it cannot stand inside a namespace.
static void initialiseResources()
{
    Q_INIT_RESOURCE(icmoe);
}

namespace icmoe::ui {

void ensureResources()
{
    static const bool once = [] {
        initialiseResources();
        return true;
    }();
    Q_UNUSED(once);
}

} // namespace icmoe::ui
