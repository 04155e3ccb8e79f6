#include "inference/weights/StateDictPickle.h"

#include "inference/weights/ByteReader.h"

#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>
#include <variant>

namespace icmoe::weights {
namespace {

constexpr std::size_t kLargestPickle = std::size_t{1} << 20;
constexpr std::size_t kDeepestStack = 8192;
constexpr std::size_t kMostDimensions = 8;

enum Opcode : std::uint8_t {
    opProto = 0x80,
    opTuple1 = 0x85,
    opTuple2 = 0x86,
    opNewFalse = 0x89,
    opMark = '(',
    opEmptyTuple = ')',
    opStop = '.',
    opBinInt = 'J',
    opBinInt1 = 'K',
    opBinInt2 = 'M',
    opBinPersId = 'Q',
    opReduce = 'R',
    opBinUnicode = 'X',
    opBuild = 'b',
    opGlobal = 'c',
    opBinGet = 'h',
    opLongBinGet = 'j',
    opBinPut = 'q',
    opLongBinPut = 'r',
    opSetItem = 's',
    opTuple = 't',
    opSetItems = 'u',
    opEmptyDict = '}',
};

enum class Name { orderedDict, rebuildTensor, floatStorage, longStorage };

// Tuples and dicts live in lists of the machine and values name them by index: no value owns another, so neither depth
// nor a dict that holds itself can exhaust the stack when values are destroyed.
struct Mark {};
struct False {};
struct TupleIndex {
    std::size_t at;
};
struct DictIndex {
    std::size_t at;
};
struct Storage {
    Name kind;
    std::string_view key;
    std::int64_t elements;
};
struct Tensor {
    std::size_t at;
};
using Value = std::variant<Mark, False, std::int64_t, std::string_view, Name, TupleIndex, DictIndex, Storage, Tensor>;

tl::unexpected<Error> malformed(std::string what)
{
    return fail(ErrorCode::malformedFile, "the checkpoint's pickle is not a plain state dict: " + std::move(what),
                "data.pkl", "Nothing in it was executed; give the published checkpoint");
}

tl::unexpected<Error> truncated()
{
    return fail(ErrorCode::truncatedFile, "the checkpoint's pickle ends inside an instruction", "data.pkl",
                "Fetch the file again");
}

class Machine {
public:
    Machine(std::span<const std::byte> pickle, WriterDevice device)
        : m_reader(pickle)
        , m_device(device)
    {
    }

    Result<std::vector<PickledTensor>> run()
    {
        if (m_reader.takeNumber(1) != opProto || m_reader.takeNumber(1) != 2) {
            return malformed("protocol 2 was expected");
        }
        while (true) {
            const auto opcode = m_reader.takeNumber(1);
            if (!opcode) {
                return truncated();
            }
            if (*opcode == opStop) {
                return finish();
            }
            if (auto done = step(static_cast<std::uint8_t>(*opcode)); !done) {
                return fail(done.error());
            }
            if (m_stack.size() > kDeepestStack) {
                return fail(ErrorCode::limitExceeded, "the checkpoint's pickle keeps too many values at once",
                            "data.pkl", "Give the published checkpoint");
            }
        }
    }

private:
    Status step(std::uint8_t opcode)
    {
        switch (opcode) {
        case opMark:
            return push(Mark{});
        case opNewFalse:
            return push(False{});
        case opEmptyTuple:
            return pushTuple(0);
        case opTuple1:
            return pushTuple(1);
        case opTuple2:
            return pushTuple(2);
        case opTuple:
            return tupleFromMark();
        case opEmptyDict:
            return pushDict();
        case opBinInt:
            return pushInteger(4);
        case opBinInt1:
            return pushInteger(1);
        case opBinInt2:
            return pushInteger(2);
        case opBinUnicode:
            return pushText();
        case opGlobal:
            return pushName();
        case opBinPut:
            return put(1);
        case opLongBinPut:
            return put(4);
        case opBinGet:
            return get(1);
        case opLongBinGet:
            return get(4);
        case opSetItem:
            return setItems(m_stack.size() < 2 ? m_stack.size() : m_stack.size() - 2, false);
        case opSetItems:
            return setItemsFromMark();
        case opBinPersId:
            return persistent();
        case opReduce:
            return reduce();
        case opBuild:
            return build();
        default:
            return malformed("instruction " + std::to_string(opcode) + " is not one of those that a state dict needs");
        }
    }

    Status push(Value value)
    {
        m_stack.push_back(value);
        return {};
    }

    Status pushTuple(std::size_t count)
    {
        if (m_stack.size() < count) {
            return malformed("a tuple takes more values than there are");
        }
        const auto first = m_stack.end() - static_cast<std::ptrdiff_t>(count);
        m_tuples.emplace_back(first, m_stack.end());
        m_stack.erase(first, m_stack.end());
        return push(TupleIndex{m_tuples.size() - 1});
    }

    Status pushDict()
    {
        m_dicts.emplace_back();
        return push(DictIndex{m_dicts.size() - 1});
    }

    Status pushInteger(std::size_t width)
    {
        const auto number = m_reader.takeNumber(width);
        if (!number) {
            return truncated();
        }
        const auto value = width == 4 ? std::int64_t{static_cast<std::int32_t>(static_cast<std::uint32_t>(*number))}
                                      : static_cast<std::int64_t>(*number);
        return push(value);
    }

    Status pushText()
    {
        const auto length = m_reader.takeNumber(4);
        const auto text = length ? m_reader.takeText(*length) : std::nullopt;
        return text ? push(*text) : Status(truncated());
    }

    std::optional<std::string_view> line()
    {
        const auto rest = ByteReader(m_reader).takeText(m_reader.left());
        const auto end = rest->find('\n');
        if (end == std::string_view::npos) {
            return std::nullopt;
        }
        const auto text = m_reader.takeText(end);
        (void)m_reader.take(1);
        return text;
    }

    Status pushName()
    {
        const auto module = line();
        const auto name = module ? line() : std::nullopt;
        if (!name) {
            return truncated();
        }
        if (*module == "collections" && *name == "OrderedDict") {
            return push(Name::orderedDict);
        }
        if (*module == "torch._utils" && *name == "_rebuild_tensor_v2") {
            return push(Name::rebuildTensor);
        }
        if (*module == "torch" && *name == "FloatStorage") {
            return push(Name::floatStorage);
        }
        if (*module == "torch" && *name == "LongStorage") {
            return push(Name::longStorage);
        }
        return malformed("it asks for a name that no state dict needs");
    }

    Status put(std::size_t width)
    {
        const auto slot = m_reader.takeNumber(width);
        if (!slot) {
            return truncated();
        }
        if (m_stack.empty() || std::holds_alternative<Mark>(m_stack.back())) {
            return malformed("it remembers a value that is not there");
        }
        m_memo.insert_or_assign(*slot, m_stack.back());
        return {};
    }

    Status get(std::size_t width)
    {
        const auto slot = m_reader.takeNumber(width);
        if (!slot) {
            return truncated();
        }
        const auto found = m_memo.find(*slot);
        return found != m_memo.end() ? push(found->second)
                                     : Status(malformed("it recalls a value that it did not remember"));
    }

    /// Index of the topmost mark.
    std::optional<std::size_t> mark() const
    {
        for (std::size_t n = m_stack.size(); n-- > 0;) {
            if (std::holds_alternative<Mark>(m_stack[n])) {
                return n;
            }
        }
        return std::nullopt;
    }

    Status tupleFromMark()
    {
        const auto at = mark();
        if (!at) {
            return malformed("a tuple has no beginning");
        }
        m_stack.erase(m_stack.begin() + static_cast<std::ptrdiff_t>(*at));
        return pushTuple(m_stack.size() - *at);
    }

    Status setItemsFromMark()
    {
        const auto at = mark();
        if (!at) {
            return malformed("a list of items has no beginning");
        }
        return setItems(*at, true);
    }

    /// Moves the values from index `first` (after the mark, if there is one) into the dict below them.
    Status setItems(std::size_t first, bool hasMark)
    {
        const std::size_t begin = first + (hasMark ? 1 : 0);
        if (first == 0 || begin > m_stack.size() || (m_stack.size() - begin) % 2 != 0) {
            return malformed("items do not come in pairs");
        }
        const auto* dict = std::get_if<DictIndex>(&m_stack[first - 1]);
        if (dict == nullptr) {
            return malformed("items are set on something that is no dict");
        }
        auto& items = m_dicts[dict->at];
        for (std::size_t n = begin; n < m_stack.size(); n += 2) {
            const auto* key = std::get_if<std::string_view>(&m_stack[n]);
            if (key == nullptr || std::holds_alternative<Mark>(m_stack[n + 1])) {
                return malformed("a key is no text");
            }
            items.emplace_back(*key, m_stack[n + 1]);
        }
        m_stack.resize(first);
        return {};
    }

    /// The tuple on top of the stack, taken off.
    std::optional<std::vector<Value>> popTuple()
    {
        if (m_stack.empty()) {
            return std::nullopt;
        }
        const auto* index = std::get_if<TupleIndex>(&m_stack.back());
        if (index == nullptr) {
            return std::nullopt;
        }
        auto values = m_tuples[index->at];
        m_stack.pop_back();
        return values;
    }

    bool isKnownPlace(std::string_view place) const
    {
        constexpr std::string_view kCuda = "cuda:";
        const bool isCuda =
            place.starts_with(kCuda) && place.size() == kCuda.size() + 1 && place.back() >= '0' && place.back() <= '9';
        return place == "cpu" || (isCuda && m_device == WriterDevice::cpuOrCuda);
    }

    Status persistent()
    {
        const auto values = popTuple();
        if (!values || values->size() != 5) {
            return malformed("a storage is not described by five values");
        }
        const auto* word = std::get_if<std::string_view>(&(*values)[0]);
        const auto* kind = std::get_if<Name>(&(*values)[1]);
        const auto* key = std::get_if<std::string_view>(&(*values)[2]);
        const auto* place = std::get_if<std::string_view>(&(*values)[3]);
        const auto* elements = std::get_if<std::int64_t>(&(*values)[4]);
        if (word == nullptr || *word != "storage" || kind == nullptr ||
            (*kind != Name::floatStorage && *kind != Name::longStorage) || key == nullptr || place == nullptr ||
            !isKnownPlace(*place) || elements == nullptr || *elements < 0) {
            return malformed("a storage is not described as torch.save does");
        }
        if (key->empty() || key->size() > 9 || key->find_first_not_of("0123456789") != std::string_view::npos) {
            return malformed("a storage has no number");
        }
        return push(Storage{*kind, *key, *elements});
    }

    Status reduce()
    {
        const auto arguments = popTuple();
        const auto* callee = m_stack.empty() ? nullptr : std::get_if<Name>(&m_stack.back());
        if (!arguments || callee == nullptr) {
            return malformed("something is called that is no known name");
        }
        const Name name = *callee;
        m_stack.pop_back();
        if (name == Name::orderedDict && arguments->empty()) {
            return pushDict();
        }
        if (name == Name::rebuildTensor && arguments->size() == 6) {
            return rebuild(*arguments);
        }
        return malformed("a known name is called with the wrong arguments");
    }

    std::optional<std::vector<std::int64_t>> integers(const Value& value) const
    {
        const auto* index = std::get_if<TupleIndex>(&value);
        if (index == nullptr || m_tuples[index->at].size() > kMostDimensions) {
            return std::nullopt;
        }
        std::vector<std::int64_t> numbers;
        for (const auto& part : m_tuples[index->at]) {
            const auto* number = std::get_if<std::int64_t>(&part);
            if (number == nullptr) {
                return std::nullopt;
            }
            numbers.push_back(*number);
        }
        return numbers;
    }

    Status rebuild(const std::vector<Value>& arguments)
    {
        const auto* storage = std::get_if<Storage>(&arguments[0]);
        const auto* offset = std::get_if<std::int64_t>(&arguments[1]);
        const auto shape = integers(arguments[2]);
        const auto stride = integers(arguments[3]);
        const auto* hooks = std::get_if<DictIndex>(&arguments[5]);
        if (storage == nullptr || offset == nullptr || !shape || !stride ||
            !std::holds_alternative<False>(arguments[4]) || hooks == nullptr || !m_dicts[hooks->at].empty()) {
            return malformed("a tensor is not described as torch.save does");
        }
        const auto count = elementCount(*shape);
        if (!count || *count != static_cast<std::uint64_t>(storage->elements) || *offset != 0) {
            return malformed("a tensor does not fill its storage");
        }
        std::int64_t expected = 1;
        for (std::size_t n = shape->size(); n-- > 0;) {
            if (stride->size() != shape->size() || (*stride)[n] != expected) {
                return malformed("a tensor is not contiguous");
            }
            expected *= (*shape)[n];
        }
        if (!m_storages.insert(storage->key).second) {
            return malformed("two tensors share a storage");
        }
        m_tensors.push_back({{},
                             std::string(storage->key),
                             storage->kind == Name::floatStorage ? ElementType::f32 : ElementType::i64,
                             *count,
                             *shape});
        return push(Tensor{m_tensors.size() - 1});
    }

    /// `BUILD` gives the state dict its `_metadata`, which nothing here needs.
    Status build()
    {
        if (m_stack.size() < 2 || !std::holds_alternative<DictIndex>(m_stack.back()) ||
            !std::holds_alternative<DictIndex>(m_stack[m_stack.size() - 2])) {
            return malformed("something other than a dict gets a state");
        }
        m_stack.pop_back();
        return {};
    }

    Result<std::vector<PickledTensor>> finish()
    {
        if (m_reader.left() != 0 || m_stack.size() != 1 || !std::holds_alternative<DictIndex>(m_stack.front())) {
            return malformed("it does not end with one dict");
        }
        std::vector<PickledTensor> tensors;
        std::set<std::string_view> names;
        for (const auto& [key, value] : m_dicts[std::get<DictIndex>(m_stack.front()).at]) {
            const auto* tensor = std::get_if<Tensor>(&value);
            if (tensor == nullptr || !names.insert(key).second) {
                return malformed("an item is no tensor, or a name occurs twice");
            }
            tensors.push_back(m_tensors[tensor->at]);
            tensors.back().name = key;
        }
        return tensors;
    }

    ByteReader m_reader;
    WriterDevice m_device;
    std::vector<Value> m_stack;
    std::unordered_map<std::uint64_t, Value> m_memo;
    std::vector<std::vector<Value>> m_tuples;
    std::vector<std::vector<std::pair<std::string_view, Value>>> m_dicts;
    std::vector<PickledTensor> m_tensors;
    std::set<std::string_view> m_storages;
};

} // namespace

Result<std::vector<PickledTensor>> readStateDict(std::span<const std::byte> pickle, WriterDevice device)
{
    if (pickle.size() > kLargestPickle) {
        return fail(ErrorCode::limitExceeded,
                    "the checkpoint's pickle has " + std::to_string(pickle.size()) + " bytes, at most " +
                        std::to_string(kLargestPickle) + " are read",
                    "data.pkl", "Give the published checkpoint");
    }
    return Machine(pickle, device).run();
}

} // namespace icmoe::weights
