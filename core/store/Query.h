#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace SQLite {
class Database;
class Statement;
} // namespace SQLite

namespace icmoe::store {

/// A statement whose values are given in their order with `<<`. Every function throws SQLite::Exception.
class Query {
public:
    Query(SQLite::Database& database, const std::string& sql);
    ~Query();
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;

    template<std::integral Integer>
    Query& operator<<(Integer value)
    {
        return bindInteger(static_cast<std::int64_t>(value));
    }
    Query& operator<<(double value);
    Query& operator<<(const std::string& text);
    Query& operator<<(std::span<const std::byte> blob); ///< copied
    Query& operator<<(std::nullptr_t);

    bool next();  ///< goes to the next row; false: there is none
    void run();   ///< for statements without rows
    void again(); ///< forgets the values, to be used with others

    // the present row; columns count from 0
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] int number(int column) const { return static_cast<int>(integer(column)); }
    [[nodiscard]] double real(int column) const;
    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] std::span<const std::byte> blob(int column) const; ///< until the next row
    [[nodiscard]] bool isNull(int column) const;

private:
    Query& bindInteger(std::int64_t value);
    std::unique_ptr<SQLite::Statement> m_statement;
    int m_bound = 0;
};

/// Runs one or more statements without values.
void execute(SQLite::Database& database, const std::string& sql);

/// Everything until commit() or nothing. Takes the write lock at once.
class Transaction {
public:
    explicit Transaction(SQLite::Database& database);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit();

private:
    SQLite::Database& m_database;
    bool m_committed = false;
};

} // namespace icmoe::store
