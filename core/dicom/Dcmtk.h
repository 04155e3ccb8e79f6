#pragma once

// For .cpp files of core/dicom (and writers of DICOM objects) only: shows DCMTK types.

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcspchrs.h>
#include <dcmtk/dcmdata/dctk.h>

#include <optional>
#include <string>
#include <vector>

namespace icmoe {

/// Registers decoders and silences DCMTK's own log (it would print patient data). Any thread, any number of times.
void initializeDcmtk();

/// Reads values of one item as plain types. Missing, empty and unreadable values are the same: not there.
class Attributes {
public:
    explicit Attributes(DcmItem& item)
        : m_item(item)
    {
    }
    [[nodiscard]] bool has(const DcmTagKey& tag) const;
    /// All values joined by '\', without padding.
    [[nodiscard]] std::string text(const DcmTagKey& tag) const;
    [[nodiscard]] std::vector<double> numbers(const DcmTagKey& tag) const;
    [[nodiscard]] std::optional<double> number(const DcmTagKey& tag) const;
    [[nodiscard]] int integer(const DcmTagKey& tag, int otherwise) const;
    /// First item of a sequence; null where it is not there.
    [[nodiscard]] DcmItem* firstItem(const DcmTagKey& tag) const;
    [[nodiscard]] std::vector<DcmItem*> items(const DcmTagKey& tag) const;
    [[nodiscard]] DcmItem& item() const { return m_item; }

private:
    DcmItem& m_item;
};

/// Texts in the character set of the file, given back as UTF-8.
class TextDecoder {
public:
    explicit TextDecoder(const Attributes& root);
    [[nodiscard]] std::string operator()(const std::string& raw);

private:
    DcmSpecificCharacterSet m_converter;
    bool m_isAscii = true;
};

} // namespace icmoe
