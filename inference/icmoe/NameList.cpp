#include "inference/icmoe/NameList.h"

namespace icmoe {

std::string joinedNames(const std::vector<std::string>& names)
{
    std::string text;
    for (const auto& item : names) {
        text += (text.empty() ? "" : "|") + item;
    }
    return text.empty() ? "|" : text;
}

std::vector<std::string> splitNames(const std::string& text)
{
    std::vector<std::string> list;
    std::string item;
    for (const char c : text) {
        if (c == '|') {
            list.push_back(item);
            item.clear();
        } else {
            item += c;
        }
    }
    list.push_back(item);
    std::erase(list, "");
    return list;
}

} // namespace icmoe
