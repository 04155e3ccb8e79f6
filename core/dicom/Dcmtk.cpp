#include "core/dicom/Dcmtk.h"

#include <dcmtk/dcmdata/dcrledrg.h>
#include <dcmtk/dcmjpeg/djdecode.h>
#include <dcmtk/dcmjpls/djdecode.h>
#include <dcmtk/oflog/oflog.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <mutex>

namespace icmoe {

void initializeDcmtk()
{
    static std::once_flag once;
    std::call_once(once, [] {
        OFLog::configure(OFLogger::OFF_LOG_LEVEL);
        DcmRLEDecoderRegistration::registerCodecs();
        // Stored values: no colour conversion, samples side by side.
        DJDecoderRegistration::registerCodecs(EDC_never, EUC_never, EPC_colorByPixel);
        DJLSDecoderRegistration::registerCodecs(EJLSUC_never, EJLSPC_colorByPixel);
    });
}

bool Attributes::has(const DcmTagKey& tag) const
{
    return m_item.tagExistsWithValue(tag);
}

std::string Attributes::text(const DcmTagKey& tag) const
{
    OFString value;
    if (m_item.findAndGetOFStringArray(tag, value).bad()) {
        return {};
    }
    std::string text(value.begin(), value.end());
    text.resize(std::min(text.size(), text.find('\0'))); // a stray NUL ends it
    const auto last = text.find_last_not_of(' ');
    text.erase(last == std::string::npos ? 0 : last + 1);
    text.erase(0, text.find_first_not_of(' '));
    return text;
}

std::vector<double> Attributes::numbers(const DcmTagKey& tag) const
{
    const std::string all = text(tag);
    std::vector<double> values;
    const char* at = all.data();
    const char* const end = all.data() + all.size();
    while (at < end) {
        while (at < end && (*at == ' ' || *at == '+')) {
            ++at;
        }
        double value = 0;
        const auto parsed = std::from_chars(at, end, value);
        if (parsed.ec != std::errc{} || !std::isfinite(value)) {
            return {};
        }
        values.push_back(value);
        at = parsed.ptr;
        while (at < end && *at == ' ') {
            ++at;
        }
        if (at < end && *at++ != '\\') {
            return {};
        }
    }
    return values;
}

std::optional<double> Attributes::number(const DcmTagKey& tag) const
{
    const auto values = numbers(tag);
    return values.empty() ? std::nullopt : std::optional(values.front());
}

int Attributes::integer(const DcmTagKey& tag, int otherwise) const
{
    const auto value = number(tag);
    const bool fits = value && std::abs(*value) <= std::numeric_limits<int>::max();
    return fits ? static_cast<int>(*value) : otherwise;
}

DcmItem* Attributes::firstItem(const DcmTagKey& tag) const
{
    const auto all = items(tag);
    return all.empty() ? nullptr : all.front();
}

std::vector<DcmItem*> Attributes::items(const DcmTagKey& tag) const
{
    DcmSequenceOfItems* sequence = nullptr;
    std::vector<DcmItem*> items;
    if (m_item.findAndGetSequence(tag, sequence).bad() || sequence == nullptr) {
        return items;
    }
    DcmObject* object = nullptr;
    while ((object = sequence->nextInContainer(object)) != nullptr) {
        if (auto* const item = dynamic_cast<DcmItem*>(object)) {
            items.push_back(item);
        }
    }
    return items;
}

TextDecoder::TextDecoder(const Attributes& root)
{
    const std::string characterSet = root.text(DCM_SpecificCharacterSet);
    m_isAscii = characterSet.empty() || characterSet == "ISO_IR 6" || characterSet == "ISO_IR 192" ||
                m_converter.selectCharacterSet(characterSet.c_str(), "ISO_IR 192").bad();
}

std::string TextDecoder::operator()(const std::string& raw)
{
    OFString converted;
    if (m_isAscii || m_converter.convertString(raw.c_str(), raw.size(), converted, "\\^=").bad()) {
        return raw;
    }
    return {converted.begin(), converted.end()};
}

} // namespace icmoe
