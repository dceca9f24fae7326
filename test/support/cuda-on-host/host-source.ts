import type { SourceText } from '../../../codegen/targets/target.js';

/** A CUDA source as C++ for the emulator: what is written in assembly becomes a call, and every kernel a function of the host. */
export function hostSource({ text }: SourceText, f16: boolean): string {
  const host = Object.entries(functionBodies(f16))
    .reduce((source, [name, body]) => replaceBody(source, name, body), text)
    .replaceAll('asm("" : "+r"(steps));', '')
    .replace(/^ {2}extern __shared__ .*? (\w+)\[\];$/gm, '  unsigned char* const $1 = emulator::block.shared;')
    .replace(/static_cast<unsigned>\(__cvta_generic_to_shared\((\w+)\)\)/g, 'static_cast<unsigned>($1 - emulator::block.shared)');
  const entries = [...host.matchAll(kernelHead)].map(([, name = '', parameters = '']) => entryPoint(name, parameters));
  const kernels = host.replace(kernelHead, (_, name: string, parameters: string) => `void ${name}_kernel(\n    ${parameters}) {`);
  return `#include "emulator.h"\n\n${kernels}\n${entries.join('\n')}\n`;
}

const kernelHead = /extern "C" __global__ void __launch_bounds__\([^)]*\) (\w+)\(\n {4}([^)]*)\) \{/g;

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
    multiplyTile: `emulator::multiplyTile(c, a, b, ${widen});`,
    packPair: `return ${round}(first) | ${round}(second) << 16;`,
    powerOfTwo: 'return exp2f(x);',
    widen: `return ${widen}(bits);`,
  };
}

/** Functions of the templates end at a brace of their own line, or are one line. */
function replaceBody(source: string, name: string, body: string): string {
  const head = new RegExp(`^(__device__ __forceinline__ \\w+ ${name}\\([^\\n]*\\) )\\{(?:[^\\n]*\\}$|\\n[^]*?\\n\\}$)`, 'm');
  return source.replace(head, (_, declared: string) => `${declared}{ ${body} }`);
}

/** Takes its arguments as the host's kernels do; the device adds the grid, the threads and the shared bytes. */
function entryPoint(name: string, parameters: string): string {
  const types = parameters.split(',').map((parameter) => parameter.replace(/__restrict__|\bconst\b(?=\s+Uniforms)/g, '').trim().replace(/\s*\w+$/, ''));
  const args = types.map((type, i) => `*static_cast<${type}*>(args[${i}])`);
  const geometry = [0, 1, 2].map((i) => `*static_cast<int*>(args[${types.length + i}])`);
  return `extern "C" void ${name}(void* const* args) {\n  emulator::launch(${geometry.join(', ')}, [&] { ${name}_kernel(${args.join(', ')}); });\n}`;
}
