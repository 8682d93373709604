#include "core/journal/write_thread.h"

#include <utility>

#include "schema/result.h"

namespace filial::core {

WriteThread::~WriteThread() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void WriteThread::begin(rocksdb::DB& db, rocksdb::WriteBatch batch) {
    schema::check(!begun_, "one write at a time");
    begun_ = true;
    writing_ = true;
    {
        const std::lock_guard lock(mutex_);
        db_ = &db;
        batch_ = std::move(batch);
    }
    changed_.notify_all();
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
}

rocksdb::Status WriteThread::finish(rocksdb::WriteBatch& batch) {
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
        rocksdb::WriteOptions how;
        how.sync = true;
        rocksdb::Status status = db.Write(how, &batch_);
        writing_ = false;
        lock.lock();
        status_ = std::move(status);
        db_ = nullptr;
        changed_.notify_all();
    }
}

}  // namespace filial::core
