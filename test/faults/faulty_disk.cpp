#include "test/faults/faulty_disk.h"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>

#include "test/faults/disk_state.h"

namespace filial::test {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;
using Verdict = DiskState::Verdict;

namespace {

using State = std::shared_ptr<DiskState>;

IOStatus failed() { return IOStatus::IOError("the disk of this test", "failed as told"); }

class FaultyFile : public rocksdb::FSWritableFileOwnerWrapper {
  public:
    FaultyFile(std::unique_ptr<rocksdb::FSWritableFile> file, std::string name, std::uint64_t size,
               State state)
        : FSWritableFileOwnerWrapper(std::move(file)),
          name_(std::move(name)),
          size_(size),
          state_(std::move(state)) {}

    IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
        const Verdict verdict = state_->next_write();
        if (verdict == Verdict::tear) {
            // It fails whatever becomes of the half.
            target()->Append({data.data(), data.size() / 2}, options, debug).PermitUncheckedError();
        }
        if (verdict != Verdict::go) return failed();
        auto done = target()->Append(data, options, debug);
        if (done.ok()) size_ += data.size();
        return done;
    }
    IOStatus Append(const Slice& data, const IOOptions& options,
                    const rocksdb::DataVerificationInfo&, IODebugContext* debug) override {
        return Append(data, options, debug);
    }
    IOStatus Truncate(std::uint64_t size, const IOOptions& options,
                      IODebugContext* debug) override {
        if (state_->next_write() != Verdict::go) return failed();
        size_ = size;
        return target()->Truncate(size, options, debug);
    }
    IOStatus Close(const IOOptions& options, IODebugContext* debug) override {
        if (state_->next_write() != Verdict::go) return failed();
        return target()->Close(options, debug);
    }
    IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
        return sync([&] { return target()->Sync(options, debug); });
    }
    IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
        return sync([&] { return target()->Fsync(options, debug); });
    }

  private:
    template <class Real>
    IOStatus sync(const Real& real) {
        const std::uint64_t covered = size_;
        // Linux reports a failed sync once; where nothing was written since, it asks no disk.
        if (asked_.exchange(covered) == covered) return real();
        if (state_->next_write() != Verdict::go) {
            state_->not_synced(name_, covered);
            return failed();
        }
        auto done = real();
        if (done.ok()) state_->synced(name_, covered);
        return done;
    }

    const std::string name_;
    std::atomic<std::uint64_t> size_;
    std::atomic<std::uint64_t> asked_ = 0;  ///< Its size when it was last to be synced.
    const State state_;
};

class FaultyFolder : public rocksdb::FSDirectoryWrapper {
  public:
    FaultyFolder(std::unique_ptr<rocksdb::FSDirectory> folder, std::string name, State state)
        : FSDirectoryWrapper(std::move(folder)), name_(std::move(name)), state_(std::move(state)) {}

    IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
        if (state_->next_write() != Verdict::go) return failed();
        auto done = FSDirectoryWrapper::Fsync(options, debug);
        if (done.ok()) state_->folder_synced(name_);
        return done;
    }
    IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                                 const rocksdb::DirFsyncOptions&) override {
        return Fsync(options, debug);
    }

  private:
    const std::string name_;
    const State state_;
};

class FaultySequence : public rocksdb::FSSequentialFileOwnerWrapper {
  public:
    FaultySequence(std::unique_ptr<rocksdb::FSSequentialFile> file, State state)
        : FSSequentialFileOwnerWrapper(std::move(file)), state_(std::move(state)) {}
    IOStatus Read(std::size_t size, const IOOptions& options, Slice* result, char* scratch,
                  IODebugContext* debug) override {
        if (!state_->next_read()) return failed();
        return FSSequentialFileOwnerWrapper::Read(size, options, result, scratch, debug);
    }

  private:
    const State state_;
};

class FaultyReads : public rocksdb::FSRandomAccessFileOwnerWrapper {
  public:
    FaultyReads(std::unique_ptr<rocksdb::FSRandomAccessFile> file, State state)
        : FSRandomAccessFileOwnerWrapper(std::move(file)), state_(std::move(state)) {}
    IOStatus Read(std::uint64_t offset, std::size_t size, const IOOptions& options, Slice* result,
                  char* scratch, IODebugContext* debug) const override {
        if (!state_->next_read()) return failed();
        return FSRandomAccessFileOwnerWrapper::Read(offset, size, options, result, scratch, debug);
    }
    IOStatus MultiRead(rocksdb::FSReadRequest* requests, std::size_t count,
                       const IOOptions& options, IODebugContext* debug) override {
        if (!state_->next_read()) return failed();
        return FSRandomAccessFileOwnerWrapper::MultiRead(requests, count, options, debug);
    }

  private:
    const State state_;
};

class FaultyFiles : public rocksdb::FileSystemWrapper {
  public:
    explicit FaultyFiles(State state)
        : FileSystemWrapper(rocksdb::FileSystem::Default()), state_(std::move(state)) {}
    const char* Name() const override { return "FaultyFiles"; }

    IOStatus NewSequentialFile(const std::string& name, const FileOptions& options,
                               std::unique_ptr<rocksdb::FSSequentialFile>* file,
                               IODebugContext* debug) override {
        if (!state_->next_read()) return failed();
        auto done = target()->NewSequentialFile(name, options, file, debug);
        if (done.ok()) *file = std::make_unique<FaultySequence>(std::move(*file), state_);
        return done;
    }
    IOStatus NewRandomAccessFile(const std::string& name, const FileOptions& options,
                                 std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                 IODebugContext* debug) override {
        if (!state_->next_read()) return failed();
        auto done = target()->NewRandomAccessFile(name, options, file, debug);
        if (done.ok()) *file = std::make_unique<FaultyReads>(std::move(*file), state_);
        return done;
    }
    IOStatus NewWritableFile(const std::string& name, const FileOptions& options,
                             std::unique_ptr<rocksdb::FSWritableFile>* file,
                             IODebugContext* debug) override {
        if (state_->next_write() != Verdict::go) return failed();
        auto done = target()->NewWritableFile(name, options, file, debug);
        if (!done.ok()) return done;
        state_->created(name);
        *file = std::make_unique<FaultyFile>(std::move(*file), name, 0, state_);
        return done;
    }
    IOStatus NewDirectory(const std::string& name, const IOOptions& options,
                          std::unique_ptr<rocksdb::FSDirectory>* folder,
                          IODebugContext* debug) override {
        auto done = target()->NewDirectory(name, options, folder, debug);
        if (done.ok()) *folder = std::make_unique<FaultyFolder>(std::move(*folder), name, state_);
        return done;
    }
    IOStatus DeleteFile(const std::string& name, const IOOptions& options,
                        IODebugContext* debug) override {
        if (state_->next_write() != Verdict::go) return failed();
        state_->deleting(name);
        return target()->DeleteFile(name, options, debug);
    }
    IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                        IODebugContext* debug) override {
        if (state_->next_write() != Verdict::go) return failed();
        state_->renaming(from, to);
        return target()->RenameFile(from, to, options, debug);
    }

  private:
    const State state_;
};

}  // namespace

struct FaultyDisk::Inside {
    State state;
    std::unique_ptr<rocksdb::Env> env;
};

FaultyDisk::FaultyDisk(std::filesystem::path lost_and_found) {
    std::filesystem::create_directories(lost_and_found);
    auto state = std::make_shared<DiskState>(std::move(lost_and_found));
    auto env = rocksdb::NewCompositeEnv(std::make_shared<FaultyFiles>(state));
    inside_ = std::make_shared<Inside>(Inside{std::move(state), std::move(env)});
}

FaultyDisk::~FaultyDisk() = default;

rocksdb::Env* FaultyDisk::env() const { return inside_->env.get(); }
void FaultyDisk::arm(DiskFault fault, std::uint64_t at, std::uint32_t seed) {
    inside_->state->arm(fault, at, seed);
}
void FaultyDisk::restart() { inside_->state->restart(); }
std::uint64_t FaultyDisk::writes() const { return inside_->state->writes(); }
std::uint64_t FaultyDisk::reads() const { return inside_->state->reads(); }
bool FaultyDisk::happened() const { return inside_->state->happened(); }

}  // namespace filial::test
