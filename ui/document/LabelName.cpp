#include "ui/document/LabelName.h"

#include <QCoreApplication>

#include <algorithm>
#include <array>

namespace icmoe::ui {
namespace {

// As they are in the source and in the window's language: a database may have been begun in another one.
constexpr std::array kAutomatic{QT_TRANSLATE_NOOP("LabelName", "Structure %1"),
                                QT_TRANSLATE_NOOP("LabelName", "Label %1")};

QString translated(const char* text)
{
    return QCoreApplication::translate("LabelName", text);
}

bool isNumbered(const QString& name, const QString& form)
{
    const QString before = form.section(QStringLiteral("%1"), 0, 0);
    const QString after = form.section(QStringLiteral("%1"), 1, 1);
    if (!name.startsWith(before) || !name.endsWith(after) || name.size() <= before.size() + after.size()) {
        return false;
    }
    const QString number = name.mid(before.size(), name.size() - before.size() - after.size());
    return std::all_of(number.begin(), number.end(), [](QChar c) { return c.isDigit(); });
}

} // namespace

QString firstLabelName()
{
    return translated(kAutomatic[0]).arg(1);
}

QString nextLabelName(int number)
{
    return translated(kAutomatic[1]).arg(number);
}

bool isChosenLabelName(const QString& name)
{
    return !name.isEmpty() && std::none_of(kAutomatic.begin(), kAutomatic.end(), [&](const char* form) {
        return isNumbered(name, QString::fromUtf8(form)) || isNumbered(name, translated(form));
    });
}

} // namespace icmoe::ui
