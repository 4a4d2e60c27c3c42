// Scalars, the DataNode registry, and the records of clients and their requests.
#include "adapters/sqlite/store_tables.h"

namespace dfs::sqlite {

using namenode::ClientRow;
using namenode::DataNodeRow;
using namenode::MetaRow;
using namenode::RequestRow;

SqliteStore::RegistryStatements::RegistryStatements(Connection& c)
    : get_meta(c, select<MetaRow>("WHERE id = 1")),
      put_meta(c, "REPLACE INTO meta (" + column_list<MetaRow>() + ", id) VALUES (" +
                      parameters<MetaRow>() + ", 1)"),
      get_datanode(c, select<DataNodeRow>("WHERE id = ?")),
      get_datanode_by_uuid(c, select<DataNodeRow>("WHERE uuid = ?")),
      put_datanode(c, upsert<DataNodeRow>()),
      scan_datanodes(c, select<DataNodeRow>("WHERE id > ? ORDER BY id LIMIT ?")),
      get_request(c, select<RequestRow>("WHERE client = ? AND request = ?")),
      put_request(c, replace<RequestRow>()),
      erase_request(c, "DELETE FROM requests WHERE client = ? AND request = ?"),
      erase_requests_below(c, "DELETE FROM requests WHERE client = ? AND request < ?"),
      newest_request(c, "SELECT max(request) FROM requests WHERE client = ?"),
      oldest_requests(c, select<RequestRow>("ORDER BY sequence LIMIT ?")),
      requests_below(
          c, select<RequestRow>("WHERE client = ? AND request < ? ORDER BY request LIMIT ?")),
      get_client(c, select<ClientRow>("WHERE client = ?")),
      put_client(c, replace<ClientRow>()),
      erase_client(c, "DELETE FROM clients WHERE client = ?"),
      oldest_clients(c, select<ClientRow>("ORDER BY at, client LIMIT ?")) {}

// Every request reads this row and every command writes it, so it is kept in memory and written
// once a transaction.
const MetaRow& SqliteStore::meta() {
  if (!meta_) meta_ = find<MetaRow>(registry_->get_meta).value_or(MetaRow{});
  return *meta_;
}
void SqliteStore::put_meta(const MetaRow& row) {
  DFS_ASSERT(in_transaction());
  meta_ = row;
  meta_changed_ = true;
}
void SqliteStore::write_meta() {
  if (!meta_changed_) return;
  put(registry_->put_meta, *meta_);
  meta_changed_ = false;
}

std::optional<DataNodeRow> SqliteStore::datanode(NodeId id) {
  ++rows_touched_;
  return datanodes_.get(id, [&] { return read<DataNodeRow>(registry_->get_datanode, id); });
}
std::optional<DataNodeRow> SqliteStore::datanode_by_uuid(const std::string& uuid) {
  return find<DataNodeRow>(registry_->get_datanode_by_uuid, uuid);
}
void SqliteStore::put_datanode(const DataNodeRow& row) {
  put(registry_->put_datanode, row);
  datanodes_.keep(row.id, row);
}
std::vector<DataNodeRow> SqliteStore::scan_datanodes(NodeId after, std::size_t limit) {
  return scan<DataNodeRow>(registry_->scan_datanodes, after, bound(limit));
}

// Nearly every request is asked for before it is made, so the highest number of a client tells.
std::optional<RequestRow> SqliteStore::request(const std::string& client, std::uint64_t request) {
  ++rows_touched_;
  const auto read_newest = [&] {
    std::uint64_t newest = 0;
    Query query(registry_->newest_request, client);
    if (query.step()) query.read(newest);
    return newest;
  };
  if (request > newest_requests_.get(client, read_newest)) return std::nullopt;
  return read<RequestRow>(registry_->get_request, client, request);
}
void SqliteStore::put_request(const RequestRow& row) {
  put(registry_->put_request, row);
  newest_requests_.raise(row.client, row.request);
}
void SqliteStore::erase_request(const std::string& client, std::uint64_t request) {
  change(registry_->erase_request, client, request);
}
std::uint64_t SqliteStore::erase_requests_below(const std::string& client, std::uint64_t below) {
  DFS_ASSERT(in_transaction());
  const std::uint64_t erased = Query(registry_->erase_requests_below, client, bound(below)).run();
  rows_touched_ += erased;
  return erased;
}
std::vector<RequestRow> SqliteStore::oldest_requests(std::size_t limit) {
  return scan<RequestRow>(registry_->oldest_requests, bound(limit));
}
std::vector<RequestRow> SqliteStore::requests_below(const std::string& client, std::uint64_t below,
                                                    std::size_t limit) {
  return scan<RequestRow>(registry_->requests_below, client, bound(below), bound(limit));
}
std::optional<ClientRow> SqliteStore::client(const std::string& client) {
  ++rows_touched_;
  return clients_.get(client, [&] { return read<ClientRow>(registry_->get_client, client); });
}
void SqliteStore::put_client(const ClientRow& row) {
  put(registry_->put_client, row);
  clients_.keep(row.client, row);
}
void SqliteStore::erase_client(const std::string& client) {
  change(registry_->erase_client, client);
  clients_.forget(client);
}
std::vector<ClientRow> SqliteStore::oldest_clients(std::size_t limit) {
  return scan<ClientRow>(registry_->oldest_clients, bound(limit));
}

}  // namespace dfs::sqlite
