// The chip's golden model: walks a chain of descriptors in a memory image and does what docs/chip.md says.
//
// It reads nothing but the image and the contract: neither the compiler that wrote the image nor the RTL has
// a part in it. Jobs are executed one after another in the order of their table. On an error nothing further
// is written; outputs and records of the jobs before it stay. (The hardware works on several jobs at once, so
// after an error its output windows may hold more, or less.)

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "chip_descriptor.hpp"
#include "chip_job.hpp"
#include "chip_memory.hpp"
#include "chip_results.hpp"

namespace {

using namespace chip;

// What golden/chip/interpreter.py reads, field by field, in this order.
struct DescriptorReport {
  std::int64_t line = 0;
  std::int64_t jobs = 0;  // done
  std::int64_t bias = 0;
  std::int64_t threshold = 0;
  std::int64_t threshold_bias = 0;
  std::int64_t zeros = 0;
  std::int64_t nonfinite = 0;
  std::int64_t macs_fp8 = 0;
  std::int64_t macs_fp16 = 0;
  std::int64_t result_bytes = 0;
  std::int64_t record_bytes = 0;
  std::int64_t completion_bytes = 0;
  std::array<std::int64_t, kBins> bin{};
};

struct JobReport {
  std::int64_t bytes = 0;
  std::int64_t rows = 0;
  std::array<std::int64_t, kMaxColumns> costs{};
};

struct Report {
  Cause cause = Cause::kNone;
  std::int64_t job = -1;  // that the error belongs to
  bool complete = false;  // the chain's last descriptor is done
  std::string message;
  std::vector<DescriptorReport> descriptors;
  std::vector<JobReport> jobs;  // of all descriptors
};

using Line = std::array<std::uint32_t, kLineWords>;

void write_job_record(Memory& memory, std::int64_t line, std::int64_t index, const JobResult& result) {
  Line word{};
  word[0] = static_cast<std::uint32_t>(index);
  word[1] = static_cast<std::uint32_t>(result.bytes);
  word[2] = static_cast<std::uint32_t>(result.rows);
  for (std::size_t c = 0; c < kMaxColumns; ++c) {
    word[4 + c / 2] |= static_cast<std::uint32_t>(result.costs[c]) << (16 * (c % 2));
  }
  memory.write(line, word.data(), kLineBytes, "a job's record");
}

void write_completion(Memory& memory, std::int64_t line, const DescriptorReport& report,
                      std::int64_t nonzeros) {
  std::array<std::uint32_t, kCompletionLines * kLineWords> word{};
  word[0] = kRecordMagic;
  word[2] = static_cast<std::uint32_t>(report.jobs);
  word[3] = static_cast<std::uint32_t>(report.bias);
  word[kExponentWord] = static_cast<std::uint32_t>(report.threshold);
  word[5] = static_cast<std::uint32_t>(report.threshold_bias);
  word[6] = static_cast<std::uint32_t>(report.zeros);
  word[7] = static_cast<std::uint32_t>(report.nonfinite);
  word[8] = static_cast<std::uint32_t>(nonzeros);
  word[9] = static_cast<std::uint32_t>(nonzeros >> 32);
  for (std::size_t b = 0; b < kBins; ++b) word[16 + b] = static_cast<std::uint32_t>(report.bin[b]);
  memory.write(line, word.data(), sizeof(word), "the completion record");
}

void count(DescriptorReport& report, const Histogram& histogram) {
  report.zeros = histogram.zeros;
  report.nonfinite = histogram.nonfinite;
  report.bin = histogram.bin;
}

// Carries out one descriptor; returns it, for where to go next.
Layer run_descriptor(Memory& memory, std::int64_t line, const Sizes& sizes, Report& report) {
  DescriptorReport& done = report.descriptors.emplace_back();
  done.line = line;
  Layer layer = read_descriptor(memory, line, sizes);
  if (layer.from_record) take_threshold(memory, layer);
  done.bias = layer.output.bias;
  ResultPath results(layer, sizes);
  for (std::int64_t index = 0; index < layer.jobs; ++index) {
    report.job = index;
    const Job job = read_job(memory, layer, index, sizes);
    JobRunner runner(memory, layer, sizes, job);
    const JobResult result = results.finish(memory, job, runner.run());
    done.result_bytes += result.bytes;
    if (layer.records) {
      write_job_record(memory, layer.records + index, index, result);
      done.record_bytes += kLineBytes;
    }
    report.jobs.push_back({result.bytes, result.rows, result.costs});
    done.macs_fp8 += runner.elements().narrow * layer.columns;
    done.macs_fp16 += runner.elements().wide * layer.columns;
    ++done.jobs;
    count(done, results.histogram());
  }
  report.job = -1;
  done.threshold = results.histogram().threshold(layer.numerator, layer.denominator);
  done.threshold_bias = bias_of(layer.output.format, done.threshold);
  write_completion(memory, layer.completion, done, results.histogram().nonzeros());
  done.completion_bytes = kCompletionLines * kLineBytes;
  return layer;
}

}  // namespace

extern "C" {

// Runs a chain of at most `limit` descriptors from line `first` of `memory`, which has `lines` lines and is
// written to. `sizes` are the preset's PE lines, columns, B rows of a PE line, rows of partial sums. Returns
// a report, which `chip_report_free` takes back, or null when memory ran out.
void* chip_run(std::uint8_t* memory, std::int64_t lines, std::int64_t first, const std::int64_t* sizes,
               std::int64_t limit) {
  try {
    auto report = std::make_unique<Report>();
    Memory image(memory, lines);
    const Sizes preset{static_cast<int>(sizes[0]), static_cast<int>(sizes[1]), static_cast<int>(sizes[2]),
                       static_cast<int>(sizes[3])};
    try {
      bool last = false;
      for (std::int64_t line = first, count = 0; !last && count < limit; ++count) {
        const Layer layer = run_descriptor(image, line, preset, *report);
        last = layer.last;
        line = layer.next;
      }
      report->complete = last;
    } catch (Fault& fault) {
      report->cause = fault.cause;
      report->message = std::move(fault.message);
    }
    return report.release();
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

// A report's cause, job of the error, whether the chain is done, and its sizes: descriptors, 64-bit fields of
// each, jobs, fields of each, bytes of the message.
void chip_report_sizes(const void* handle, std::int64_t* out) {
  const Report& report = *static_cast<const Report*>(handle);
  const std::array<std::int64_t, 8> sizes{static_cast<std::int64_t>(report.cause),
                                          report.job,
                                          report.complete,
                                          static_cast<std::int64_t>(report.descriptors.size()),
                                          sizeof(DescriptorReport) / sizeof(std::int64_t),
                                          static_cast<std::int64_t>(report.jobs.size()),
                                          sizeof(JobReport) / sizeof(std::int64_t),
                                          static_cast<std::int64_t>(report.message.size())};
  std::copy(sizes.begin(), sizes.end(), out);
}

void chip_report_read(const void* handle, std::int64_t* descriptors, std::int64_t* jobs, char* message) {
  const Report& report = *static_cast<const Report*>(handle);
  // An empty vector may have no memory to copy from.
  const auto copy = [](void* to, const auto& from) {
    if (!from.empty()) std::memcpy(to, from.data(), from.size() * sizeof(from[0]));
  };
  copy(descriptors, report.descriptors);
  copy(jobs, report.jobs);
  copy(message, report.message);
}

void chip_report_free(void* handle) { delete static_cast<Report*>(handle); }

}  // extern "C"
