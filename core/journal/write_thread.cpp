#include "core/journal/write_thread.h"

#include <utility>

#include "core/journal/rocks_database.h"

namespace filial::core {

WriteThread::~WriteThread() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void WriteThread::begin(rocksdb::DB& db, Fill fill, Written written, bool sync_first) {
    schema::check(begun_ < kBegunMost, "not more writes are begun than may be");
    ++begun_;
    {
        const std::lock_guard lock(mutex_);
        Job& job = jobs_.emplace_back();
        job.db = &db;
        job.fill = std::move(fill);
        job.written = std::move(written);
        job.sync_first = sync_first;
    }
    changed_.notify_all();
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
}

schema::Result<rocksdb::Status> WriteThread::finish(rocksdb::WriteBatch& batch) {
    schema::check(begun_ > 0, "a write was begun");
    --begun_;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return done_ > 0; });
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    --done_;
    if (begun_ == 0) failed_.reset();
    batch = std::move(job.batch);
    return std::move(job.status);
}

void WriteThread::carry_out(Job& job) {
    if (failed_) {
        job.status = schema::fail("a write before it failed", *failed_);
        return;
    }
    if (job.sync_first) {
        job.status = job.db->SyncWAL();
        if (!job.status->ok()) {
            failed_ = from_status("sync", *job.status);
            return;
        }
    }
    const auto filled = job.fill(job.batch);
    job.fill = nullptr;
    if (!filled) {
        failed_ = filled.error();
        job.status = tl::unexpected(filled.error());
        return;
    }
    rocksdb::WriteOptions how;
    how.sync = true;
    const rocksdb::Status status = job.db->Write(how, &job.batch);
    if (status.ok()) {
        job.written();
    } else {
        failed_ = from_status("write", status);
    }
    job.status = status;
}

void WriteThread::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return ending_ || done_ < jobs_.size(); });
        if (done_ == jobs_.size()) return;
        Job& job = jobs_[done_];  // It stays where it is: others come behind it and go before it.
        lock.unlock();
        carry_out(job);
        lock.lock();
        ++done_;
        changed_.notify_all();
    }
}

}  // namespace filial::core
