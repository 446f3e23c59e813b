// A model with its context, as every bench's C++ loop has one; a build with coverage keeps what it covered.
#pragma once

#include <cstdint>
#include <memory>

#include "verilated.h"
#if VM_COVERAGE
#include "verilated_cov.h"

#include <sys/mman.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <set>
#include <string>

// Counts of all models of this library, those that are gone included. Hidden, since of what libraries share by
// name a process would have but one.
class __attribute__((visibility("hidden"))) CoverageStore {
 public:
  static CoverageStore& only() {
    static auto* const store = new CoverageStore;  // outlives models that end with the process
    return *store;
  }
  void open(VerilatedContext* context) { live_.insert(context); }
  void close(VerilatedContext* context) {
    take(context);
    live_.erase(context);
  }
  // In Verilator's own format, with one record a point; no file of a library that has simulated nothing.
  void write(const char* path) {
    for (auto* const context : live_) take(context);
    if (header_.empty()) return;  // there was no model
    std::ofstream out(path);
    out << header_ << '\n';
    for (const auto& [point, count] : counts_) out << point << ' ' << count << '\n';
  }

 private:
  // Adds the counts of a context and sets them to zero. Only Verilator's writer tells them, so it writes to memory.
  void take(VerilatedContext* context) {
    const int memory = memfd_create("coverage", 0);
    const std::string name = "/proc/self/fd/" + std::to_string(memory);
    context->coveragep()->write(name);
    context->coveragep()->zero();
    std::ifstream in(name);
    std::getline(in, header_);
    for (std::string line; std::getline(in, line);) {
      const auto space = line.rfind(' ');
      counts_[line.substr(0, space)] += std::stoull(line.substr(space + 1));
    }
    ::close(memory);
  }

  std::set<VerilatedContext*> live_;
  std::map<std::string, std::uint64_t> counts_;
  std::string header_;
};

// Writes what this library's models have covered so far: tb/coverage/build.py.
extern "C" __attribute__((weak, visibility("default"))) void write_coverage(const char* path) {
  CoverageStore::only().write(path);
}
#endif

template <typename Model>
class Simulation {
 public:
  Simulation() {
    context_->fatalOnError(false);
    // Registers and memories begin as anything: what a reset forgets is seen.
    context_->randReset(2);
    context_->randSeed(1);
    model_ = std::make_unique<Model>(context_.get());
    // A reset acts by its edge.
    if constexpr (requires { model_->rst_ni; }) {
      model_->rst_ni = 1;
      model_->eval();
    }
    if constexpr (requires { model_->powering_i; }) {
      model_->powering_i = 1;
      model_->eval();
      model_->powering_i = 0;
      model_->eval();
    }
#if VM_COVERAGE
    CoverageStore::only().open(context_.get());
#endif
  }
  ~Simulation() {
#if VM_COVERAGE
    CoverageStore::only().close(context_.get());  // counts are the model's own: before it goes
#endif
  }
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  Model& operator*() { return *model_; }
  Model* operator->() { return model_.get(); }
  VerilatedContext& context() { return *context_; }
  // Whether an assertion has failed; its text is on the standard output.
  bool failed() const { return context_->gotError(); }

 private:
  std::unique_ptr<VerilatedContext> context_ = std::make_unique<VerilatedContext>();
  std::unique_ptr<Model> model_;
};
