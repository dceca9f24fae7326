import type { SourceText } from '../../../codegen/targets/target.js';

/** A CUDA source as C++ for the emulator: what is written in assembly becomes a call, and every kernel a function of the host. */
export function hostSource({ text }: SourceText, f16: boolean): string {
  const host = Object.entries(functionBodies(f16))
    .reduce((source, [name, body]) => replaceBody(source, name, body), replaceProducts(text))
    .replace(/asm(?: volatile)?\("" : "\+r"\(\w+\)\);/g, '')
    .replace(/asm volatile\("" : "\+f"\(.*?\)::"memory"\);/g, ';')
    .replace(/^ {2}extern __shared__ .*? (\w+)\[\];$/gm, '  unsigned char* const $1 = emulator::shared();')
    .replace(/static_cast<unsigned>\(__cvta_generic_to_shared\((\w+)\)\)/g, 'static_cast<unsigned>($1 - emulator::sharedBase())');
  const left = /^.*\basm\b.*$/m.exec(host);
  if (left !== null) throw new Error(`the emulator has nothing for ${left[0]}`);
  const entries = [...host.matchAll(kernelHead)].map(([, cluster = '1', name = '', parameters = '']) => entryPoint(name, cluster, parameters));
  const kernels = host.replace(kernelHead, (_, _cluster: string | undefined, name: string, parameters: string) => `void ${name}_kernel(\n    ${parameters.replaceAll('__grid_constant__ ', '')}) {`);
  return `#include "emulator.h"\n\n${kernels}\n${entries.join('\n')}\n`;
}

const kernelHead = /extern "C" __global__ void (?:__cluster_dims__\((\w+), 1, 1\) )?__launch_bounds__\([^)]*\) (\w+)\(\n {4}([^)]*)\) \{/g;

/** The functions of the templates that are written in assembly. */
function functionBodies(f16: boolean): Readonly<Record<string, string>> {
  const widen = f16 ? 'emulator::fromHalf' : 'emulator::fromBf16';
  const round = f16 ? 'emulator::toHalf' : 'emulator::toBf16';
  const matrices = (transposed: boolean) => `unsigned to[4]; emulator::loadMatrices(address, to, ${transposed}); m0 = to[0]; m1 = to[1]; m2 = to[2]; m3 = to[3];`;
  return {
    startCopy: 'emulator::copyChunk(shared, source, exists);',
    commitCopies: '',
    awaitCopies: '',
    loadMatrices: matrices(false),
    loadMatricesTransposed: matrices(true),
    multiplyTile: `emulator::multiplyTile(c, a, b, ${f16});`,
    packPair: `return ${round}(first) | ${round}(second) << 16;`,
    powerOfTwo: 'return exp2f(x);',
    reciprocal: 'return 1.0f / x;',
    widen: `return ${widen}(bits);`,
    initBarrier: 'emulator::initBarrier(barrier, arrivals);',
    publishBarriers: '',
    arrive: 'emulator::arrive(barrier, 0);',
    arriveAt: 'emulator::arriveAtRank(barrier, rank);',
    arriveExpecting: 'emulator::arrive(barrier, bytes);',
    awaitPhase: 'emulator::awaitPhase(barrier, parity);',
    copyTile: 'emulator::copyTile(to, &map, col, plane, row, barrier, false);',
    copyTileToAll: 'emulator::copyTile(to, &map, col, plane, row, barrier, true);',
    rankInCluster: 'return static_cast<int>(emulator::rankInCluster());',
    meetCluster: 'emulator::meetCluster();',
    copyTileBack: 'emulator::copyTileBack(&map, from, col, plane, row);',
    commitCopiesBack: 'emulator::commitCopiesBack();',
    awaitCopiesBack: 'emulator::awaitCopiesBack(kPending);',
    publishWrites: '',
    storeMatrices: 'emulator::storeMatrices(address, matrices);',
    addInMemory: '*to += value;',
    addPairInMemory: 'to[0] += first; to[1] += second;',
    fenceProducts: '',
    commitProducts: 'emulator::commitProducts();',
    awaitProducts: 'emulator::awaitProducts(kPending);',
    awaitTurn: 'emulator::arriveAtNamed(barrier, threads, true);',
    passTurn: 'emulator::arriveAtNamed(barrier, threads, false);',
    anyInGroup: 'return emulator::anyInGroup(found);',
    keepRegisters: '',
    takeRegisters: '',
  };
}

/** Functions of the templates end at a brace of their own line, or are one line. */
function replaceBody(source: string, name: string, body: string): string {
  const head = new RegExp(`^(__device__ __forceinline__ \\w+ ${name}\\([^\\n]*\\) )\\{(?:[^\\n]*\\}$|\\n[^]*?\\n\\}$)`, 'm');
  return source.replace(head, (_, declared: string) => `${declared}{ ${body} }`);
}

/** wgmma's functions: what they multiply is told by their instruction. */
function replaceProducts(source: string): string {
  const product = /^(__device__ __forceinline__ void \w+\(float \(&d\)\[\d+\]\[4\], [^\n]*\) )\{\n[^]*?wgmma\.mma_async\.sync\.aligned\.m64n(\d+)k16\.f32\.(bf16|f16)\.\3 [^]*?, add, 1, 1, ([01]), ([01]);[^]*?\n\}$/gm;
  return source.replace(product, (_, declared: string, cols: string, element: string, acrossA: string, acrossB: string) => `${declared}{ emulator::multiplyAsync(&d[0][0], ${cols}, a, b, add, ${acrossA}, ${acrossB}, ${element === 'f16'}); }`);
}

/** Takes its arguments as the host's kernels do; the device adds the grid, the threads, the shared bytes, a seed, and where the tensor maps point. */
function entryPoint(name: string, cluster: string, parameters: string): string {
  const types = parameters.split(',').map((parameter) => parameter.replace(/__restrict__|__grid_constant__|\bconst\b(?=\s+(?:Uniforms|__grid_constant__))/g, '').trim().replace(/\s*\w+$/, ''));
  const geometry = [0, 1, 2, 3].map((i) => `*static_cast<int*>(args[${types.length + i}])`);
  let maps = types.length + geometry.length;
  const args = types.map((type, i) => {
    if (type !== 'TensorMap') return `*static_cast<${type}*>(args[${i}])`;
    maps += 1;
    return `emulator::tensorMap<TensorMap>(args[${i}], args[${maps - 1}])`;
  });
  return `extern "C" void ${name}(void* const* args) {\n  emulator::launch(${geometry.join(', ')}, ${cluster}, [&] { ${name}_kernel(${args.join(', ')}); });\n}`;
}
