import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Functions as kernels for the host have them, one for each thing that a test looks at. */
const source = `
#include <atomic>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <thread>

template <class T> static T value(void* const* args, int i) { return *static_cast<T*>(args[i]); }

/** args: log (int32[], count first), i32. */
extern "C" void append(void* const* args) {
  int* log = value<int*>(args, 0);
  log[++log[0]] = value<int>(args, 1);
}

struct Floats { float values[3]; };

/** args: out f32[], a null pointer, i32, f32, three floats by value. */
extern "C" void kinds(void* const* args) {
  float* out = value<float*>(args, 0);
  out[0] = value<float*>(args, 1) == nullptr ? 1 : 0;
  out[1] = static_cast<float>(value<int>(args, 2));
  out[2] = value<float>(args, 3);
  const Floats floats = value<Floats>(args, 4);
  std::memcpy(out + 3, floats.values, sizeof floats.values);
}

extern "C" void waitMilliseconds(void* const* args) {
  std::this_thread::sleep_for(std::chrono::milliseconds(value<int>(args, 0)));
}

static void waitFor(const std::atomic<int>& count, int least) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (count < least) {
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error("waited for too long");
    std::this_thread::yield();
  }
}

/** Returns when that many calls (args: i32) have come in, on whatever devices. */
extern "C" void meet(void* const* args) {
  static std::atomic<int> arrivals{0};
  arrivals += 1;
  waitFor(arrivals, value<int>(args, 0));
}

static std::atomic<int> reached[8];
static std::atomic<int> opened[8];

/** Gates (args: i32, which): one function waits at it, another device awaits that it does, and opens it. */
extern "C" void gate(void* const* args) {
  const int which = value<int>(args, 0);
  reached[which] = 1;
  waitFor(opened[which], 1);
}
extern "C" void awaitGate(void* const* args) { waitFor(reached[value<int>(args, 0)], 1); }
extern "C" void openGate(void* const* args) { opened[value<int>(args, 0)] = 1; }

extern "C" void fails(void* const*) { throw std::runtime_error("it cannot be done"); }
extern "C" void failsStrangely(void* const*) { throw 7; }

/** args: out i32[2]: threads of the team, and the sum of 0 .. 999. */
extern "C" void team(void* const* args) {
  int* out = value<int*>(args, 0);
  int threads = 0, sum = 0;
#pragma omp parallel num_threads(3) reduction(+ : sum, threads)
  {
    threads += 1;
#pragma omp for
    for (int i = 0; i < 1000; ++i) sum += i;
  }
  out[0] = threads;
  out[1] = sum;
}
`;

export interface CompiledKernels {
  readonly directory: string;
  /** A shared object with the functions above. */
  readonly path: string;
  remove(): void;
}

export function compileKernels(): CompiledKernels {
  const directory = mkdtempSync(join(tmpdir(), 'infinitile-device-'));
  const path = join(directory, 'kernels.so');
  compileSharedObject(source, directory, path, ['-fopenmp']);
  return { directory, path, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

export function compileSharedObject(text: string, directory: string, path: string, options: readonly string[] = []): void {
  const file = join(directory, 'source.cpp');
  writeFileSync(file, text);
  execFileSync(process.env['CXX'] ?? 'c++', ['-std=c++17', '-O1', '-shared', '-fPIC', ...options, '-o', path, file], { stdio: 'pipe' });
}
