#include "core/journal/write_thread.h"

#include <utility>

namespace filial::core {

WriteThread::~WriteThread() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void WriteThread::begin(rocksdb::DB& db, Fill fill) {
    schema::check(!begun_, "one write at a time");
    begun_ = true;
    writing_ = true;
    {
        const std::lock_guard lock(mutex_);
        db_ = &db;
        fill_ = std::move(fill);
    }
    changed_.notify_all();
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
}

schema::Result<rocksdb::Status> WriteThread::finish(rocksdb::WriteBatch& batch) {
    schema::check(begun_, "a write was begun");
    begun_ = false;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return db_ == nullptr; });
    batch = std::move(batch_);
    return status_;
}

void WriteThread::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return ending_ || db_ != nullptr; });
        if (db_ == nullptr) return;
        rocksdb::DB& db = *db_;
        lock.unlock();
        batch_.Clear();
        const auto filled = fill_(batch_);
        fill_ = nullptr;
        rocksdb::WriteOptions how;
        how.sync = true;
        schema::Result<rocksdb::Status> status;
        if (filled) {
            status = db.Write(how, &batch_);
        } else {
            status = tl::unexpected(filled.error());
        }
        writing_ = false;
        lock.lock();
        status_ = std::move(status);
        db_ = nullptr;
        changed_.notify_all();
    }
}

}  // namespace filial::core
