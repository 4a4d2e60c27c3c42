#include "adapters/sqlite/raw_file.h"

namespace dfs::sqlite {
namespace {

int full_path(sqlite3_vfs* vfs, const std::string& name, std::vector<char>& path) {
  path.resize(static_cast<std::size_t>(vfs->mxPathname) + 1);
  return vfs->xFullPathname(vfs, name.c_str(), static_cast<int>(path.size()), path.data());
}

}  // namespace

RawFile::RawFile(sqlite3_vfs* vfs, const std::string& name, int flags) {
  if (!succeeded(full_path(vfs, name, path_))) return;
  if ((flags & SQLITE_OPEN_CREATE) == 0) {
    int exists = 0;
    if (!succeeded(vfs->xAccess(vfs, path_.data(), SQLITE_ACCESS_EXISTS, &exists))) return;
    if (exists == 0) return;
  }
  const auto size = static_cast<std::size_t>(vfs->szOsFile);
  memory_.resize((size + sizeof(std::max_align_t) - 1) / sizeof(std::max_align_t));
  auto* file = reinterpret_cast<sqlite3_file*>(memory_.data());
  if (succeeded(vfs->xOpen(vfs, path_.data(), file, flags, nullptr))) file_ = file;
}

RawFile::~RawFile() {
  if (memory_.empty()) return;
  auto* file = reinterpret_cast<sqlite3_file*>(memory_.data());
  if (file->pMethods != nullptr) file->pMethods->xClose(file);
}

std::size_t RawFile::size() {
  sqlite3_int64 size = 0;
  if (file_ == nullptr || !succeeded(file_->pMethods->xFileSize(file_, &size))) return 0;
  return static_cast<std::size_t>(size);
}

bool RawFile::read(std::size_t offset, MutableBytes out) {
  if (file_ == nullptr) return false;
  const int code = file_->pMethods->xRead(file_, out.data(), static_cast<int>(out.size()),
                                          static_cast<sqlite3_int64>(offset));
  return code != SQLITE_IOERR_SHORT_READ && succeeded(code);
}

bool RawFile::write(std::size_t offset, Bytes data) {
  return succeeded(file_ == nullptr
                       ? SQLITE_IOERR_WRITE
                       : file_->pMethods->xWrite(file_, data.data(), static_cast<int>(data.size()),
                                                 static_cast<sqlite3_int64>(offset)));
}

bool RawFile::sync() {
  return succeeded(file_ == nullptr ? SQLITE_IOERR_FSYNC
                                    : file_->pMethods->xSync(file_, SQLITE_SYNC_NORMAL));
}

bool RawFile::succeeded(int code) {
  if (code_ == SQLITE_OK) code_ = code;
  return code == SQLITE_OK;
}

int delete_durably(sqlite3_vfs* vfs, const std::string& name) {
  std::vector<char> path;
  const int code = full_path(vfs, name, path);
  return code == SQLITE_OK ? vfs->xDelete(vfs, path.data(), 1) : code;
}

}  // namespace dfs::sqlite
