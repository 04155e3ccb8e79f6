#include "core/store/Query.h"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <sqlite3.h>

namespace icmoe::store {

Query::Query(SQLite::Database& database, const std::string& sql)
    : m_statement(std::make_unique<SQLite::Statement>(database, sql))
{
}

Query::~Query() = default;

Query& Query::bindInteger(std::int64_t value)
{
    m_statement->bind(++m_bound, value);
    return *this;
}

Query& Query::operator<<(double value)
{
    m_statement->bind(++m_bound, value);
    return *this;
}

Query& Query::operator<<(const std::string& text)
{
    m_statement->bind(++m_bound, text);
    return *this;
}

Query& Query::operator<<(std::span<const std::byte> blob)
{
    m_statement->bind(++m_bound, blob.data(), static_cast<int>(blob.size()));
    return *this;
}

Query& Query::operator<<(std::nullptr_t)
{
    m_statement->bind(++m_bound);
    return *this;
}

bool Query::next()
{
    return m_statement->executeStep();
}

void Query::run()
{
    m_statement->exec();
}

void Query::again()
{
    m_statement->reset();
    m_statement->clearBindings();
    m_bound = 0;
}

std::int64_t Query::integer(int column) const
{
    return m_statement->getColumn(column).getInt64();
}

double Query::real(int column) const
{
    return m_statement->getColumn(column).getDouble();
}

std::string Query::text(int column) const
{
    return m_statement->getColumn(column).getString();
}

std::span<const std::byte> Query::blob(int column) const
{
    const SQLite::Column value = m_statement->getColumn(column);
    return {static_cast<const std::byte*>(value.getBlob()), static_cast<std::size_t>(value.getBytes())};
}

bool Query::isNull(int column) const
{
    return m_statement->getColumn(column).isNull();
}

void execute(SQLite::Database& database, const std::string& sql)
{
    database.exec(sql);
}

Transaction::Transaction(SQLite::Database& database)
    : m_database(database)
{
    m_database.exec("BEGIN IMMEDIATE");
}

Transaction::~Transaction()
{
    // After some errors SQLite has rolled back by itself, and a ROLLBACK would only hide what went wrong.
    if (!m_committed && sqlite3_get_autocommit(m_database.getHandle()) == 0) {
        sqlite3_exec(m_database.getHandle(), "ROLLBACK", nullptr, nullptr, nullptr);
    }
}

void Transaction::commit()
{
    m_database.exec("COMMIT");
    m_committed = true;
}

} // namespace icmoe::store
