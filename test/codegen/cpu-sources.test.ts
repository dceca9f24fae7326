import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { compileProgram } from '../../codegen/compile.js';
import { cpuTargets } from '../../codegen/targets/cpu/index.js';
import type { Target } from '../../codegen/targets/target.js';
import type { PairwiseLoss } from '../../dsl/loss.js';
import { clip, siglip } from '../../dsl/losses.js';
import { automatic } from '../../dsl/tilings.js';
import { optionsOnThisMachine, sourceOnThisMachine } from './this-machine.js';

const run = promisify(execFile);
const compiler = process.env['CXX'] ?? 'c++';
const common = ['-std=c++17', '-O3', '-fopenmp', '-fPIC', '-Wall', '-Wextra', '-Werror'];

let directory = '';
test.before(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'infinitile-sources-'));
});
test.after.always(() => rm(directory, { recursive: true, force: true }));

test('the micro-kernel keeps its accumulators in registers', async (t) => {
  if (process.arch !== 'x64') {
    t.pass();
    return;
  }
  const target = named('x86-64-v4');
  for (const [file, products] of [['accumulate', 2], ['stats', 1], ['gradient', 1]] as const) {
    const output = await compile(`${file}.cpp`, emitted(target, clip, `${file}.cpp`), [...common, ...target.compilerOptions, '-S']);
    // One step: a fused multiply-add for each accumulator of the 12 x 32 tile, and nothing that goes to the stack.
    const loops = innermostLoops(await readFile(output, 'utf8')).filter((lines) => lines.filter((line) => line.includes('vfmadd')).length >= 24);
    t.true(loops.length >= products, `${file}: one loop for each product`);
    for (const lines of loops) {
      t.is(lines.filter((line) => line.includes('vfmadd')).length, 24, file);
      t.false(lines.some((line) => line.includes('%rsp') || line.includes('%rbp')), lines.join('\n'));
    }
  }
});

test('vector functions agree with libm to 5e-7', async (t) => {
  // The narrowest vectors: they are built by every compiler, with or without fused multiply-add.
  const target = named('armv8');
  const stats = emitted(target, siglip, 'stats.cpp');
  const functions = stats.slice(0, stats.indexOf('constexpr int kScalars'));
  const program = await compile('functions.cpp', sourceOnThisMachine(target, functions + functionsCheck), ['-std=c++17', '-O2', ...optionsOnThisMachine(target), '-Wno-unused-function']);
  const { stdout } = await run(program, []);
  const lines = stdout.trim().split('\n').map((line) => line.split(' '));
  t.is(lines.length, 26);
  for (const [name, error] of lines) t.true(Number(error) <= 5e-7, `${name ?? ''}: ${error ?? ''}`);
});

const functionsCheck = `
}  // namespace

#include <cmath>
#include <cstdio>

template <typename Vector, typename Scalar>
static void check(const char* name, double low, double high, Vector vector, Scalar scalar) {
  double worst = 0;
  for (int i = 0; i < 400000; i += kLanes) {
    vf x;
    for (int lane = 0; lane < kLanes; ++lane) x[lane] = (float)(low + (high - low) * (i + lane) / 399999.0);
    const vf y = vector(x);
    for (int lane = 0; lane < kLanes; ++lane) {
      const double expected = scalar((double)x[lane]);
      const double error = std::fabs(y[lane] - expected) / std::fmax(std::fabs(expected), 1.2e-38);
      if (!(error <= worst)) worst = error;
    }
  }
  std::printf("%s %g\\n", name, worst);
}

// 0 where the vector function gives the same as libm, infinities, NaN and signs of zero included.
template <typename Vector, typename Scalar>
static void check_edges(const char* name, Vector vector, Scalar scalar) {
  const float edges[] = {0.0f, -0.0f, INFINITY, -INFINITY, NAN, 1e38f, -1e38f, 1e-42f};
  int wrong = 0;
  for (float edge : edges) {
    const float y = vector(splat(edge))[0];
    const float expected = (float)scalar((double)edge);
    const bool same = std::isnan(expected) ? std::isnan(y) : std::isinf(expected) || expected == 0 ? y == expected : std::fabs(y - expected) <= 5e-7f * std::fabs(expected);
    wrong += same ? 0 : 1;
  }
  std::printf("%s-edges %d\\n", name, wrong);
}

// How many pairs of integers, those at the ends of their range among them, give anything but the scalar's result.
template <typename Vector, typename Scalar>
static void check_integers(const char* name, Vector vector, Scalar scalar) {
  const int left[] = {0, 1, -1, 6, -6, 7, -7, 8, -8, 123456789, -123456789, INT32_MAX, INT32_MIN};
  const int right[] = {1, 2, 3, 7, 8, 1000003, INT32_MAX};
  int wrong = 0;
  for (int a : left)
    for (int b : right) wrong += vector(splat(a), splat(b))[0] == scalar((int64_t)a, (int64_t)b) ? 0 : 1;
  std::printf("%s-integers %d\\n", name, wrong);
}

int main() {
  check_integers("floor_divide", vifloor_divide, [](int64_t a, int64_t b) { return a >= 0 ? a / b : -((b - 1 - a) / b); });
  check_integers("remainder", [](vi a, vi b) { return a % b; }, [](int64_t a, int64_t b) { return a % b; });
  check_integers("min", vimin, [](int64_t a, int64_t b) { return a < b ? a : b; });
  check_integers("max", vimax, [](int64_t a, int64_t b) { return a > b ? a : b; });
  const auto softplus = [](double x) { return std::fmax(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); };
  const auto sigmoid = [](double x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); };
  const auto exp = [](double x) { return std::exp(x); };
  const auto log = [](double x) { return std::log(x); };
  const auto log1p = [](double x) { return std::log1p(x); };
  const auto expm1 = [](double x) { return std::expm1(x); };
  const auto tanh = [](double x) { return std::tanh(x); };
  check("exp", -87, 88, vexp, exp);
  check("softmax_exp", -86, 88, softmax_exp, exp);
  check("log", 1e-3, 10, vlog, log);
  check("log-large", 1, 1e38, vlog, log);
  check("log1p", -0.99, 10, vlog1p, log1p);
  check("log1p-small", -1e-3, 1e-3, vlog1p, log1p);
  check("expm1", -20, 80, vexpm1, expm1);
  check("expm1-small", -0.5, 0.5, vexpm1, expm1);
  check("tanh", -12, 12, vtanh, tanh);
  check("tanh-small", -0.01, 0.01, vtanh, tanh);
  check("sigmoid", -80, 80, vsigmoid, sigmoid);
  check("softplus", -80, 80, vsoftplus, softplus);
  check("sqrt", 0, 100, vsqrt, [](double x) { return std::sqrt(x); });
  check("floor", -10, 10, vfloor, [](double x) { return std::floor(x); });
  check_edges("exp", vexp, exp);
  check_edges("log", vlog, log);
  check_edges("log1p", vlog1p, log1p);
  check_edges("expm1", vexpm1, expm1);
  check_edges("tanh", vtanh, tanh);
  check_edges("sigmoid", vsigmoid, sigmoid);
  check_edges("sqrt", vsqrt, [](double x) { return std::sqrt(x); });
  check_edges("abs", vabs, [](double x) { return std::fabs(x); });
}
`;

function emitted(target: Target, loss: PairwiseLoss, file: string): string {
  const { files } = compileProgram({ loss, dim: 100, precision: 'f32', tiling: automatic, target, softmax: 'bounded' });
  return files.find(({ path: name }) => name === file)?.text ?? '';
}

async function compile(name: string, text: string, options: readonly string[]): Promise<string> {
  const source = path.join(directory, name);
  const output = `${source}.out`;
  await writeFile(source, text);
  await run(compiler, [...options, '-o', output, source]);
  return output;
}

/** Runs of lines between a label and a jump back to it, without a label in between. */
function innermostLoops(assembly: string): readonly (readonly string[])[] {
  const found: string[][] = [];
  let label = '';
  let lines: string[] = [];
  for (const line of assembly.split('\n')) {
    const next = /^(\.L\w+):/.exec(line)?.[1];
    if (next !== undefined) [label, lines] = [next, []];
    else lines.push(line);
    if (new RegExp(`^\\s+j\\w+\\s+${label.replace('.', '\\.')}$`).test(line) && label !== '') found.push([...lines]);
  }
  return found;
}

function named(name: string): Target {
  const target = cpuTargets.find((candidate) => candidate.name === name);
  if (target === undefined) throw new Error(`there is no target '${name}'`);
  return target;
}
