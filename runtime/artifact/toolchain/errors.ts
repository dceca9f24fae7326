import type { SourceText } from '../../../codegen/targets/target.js';
import { InfinitileError } from '../../../dsl/diagnostics/error.js';

/** The compiler refused a source. `log` is all that it said. */
export class CompilationError extends InfinitileError {
  constructor(
    readonly compiler: string,
    readonly source: SourceText,
    readonly log: string,
    /** Where the source and the log are kept, when they are. */
    readonly keptIn?: string,
  ) {
    super({
      code: 'INF5002',
      message: `${compiler} could not compile '${source.path}'`,
      frame: log.trimEnd() === '' ? '(the compiler said nothing)' : log.trimEnd(),
      hint: keptIn === undefined ? 'the emitted source is at fault, or the compiler is too old' : `the source and this log are kept in ${keptIn}`,
    });
  }
}

const installHint =
  'install one (Debian, Ubuntu: apt install g++; Fedora: dnf install gcc-c++; macOS: xcode-select --install and brew install libomp), ' +
  'or set CXX to its path';

export function noCompiler(tried: readonly string[]): InfinitileError {
  return new InfinitileError({
    code: 'INF5001',
    message: `no C++ compiler was found: ${tried.join(', ')} are not on PATH`,
    hint: installHint,
  });
}

export function wrongCompilerVariable(value: string): InfinitileError {
  return new InfinitileError({
    code: 'INF5001',
    message: `CXX is '${value}', which is no program that can be run`,
    hint: `set CXX to a C++ compiler, or unset it; ${installHint}`,
  });
}

export function compilerDoesNotRun(command: string, log: string): InfinitileError {
  return new InfinitileError({
    code: 'INF5005',
    message: `'${command} --version' failed`, frame: log.trimEnd(),
    hint: 'set CXX to a C++ compiler that runs',
  });
}

export function compilerLacks(compiler: string, feature: string, log: string, hint: string): InfinitileError {
  return new InfinitileError({ code: 'INF5005', message: `${compiler} ${feature}`, frame: log.trimEnd(), hint });
}

const nvrtcHint =
  'install the CUDA toolkit, or NVRTC alone (pip install nvidia-cuda-nvrtc), and set INFINITILE_NVRTC to the path of libnvrtc.so ' +
  'where it is in no usual place';

export function noNvrtc(reasons: readonly string[]): InfinitileError {
  return new InfinitileError({ code: 'INF5003', message: 'NVRTC was not found', frame: reasons.join('\n'), hint: nvrtcHint });
}

export function nvrtcIncomplete(path: string, log: string): InfinitileError {
  return new InfinitileError({
    code: 'INF5003',
    message: `NVRTC (${path}) does not find libnvrtc-builtins, without which it compiles nothing`,
    frame: log.trimEnd(),
    hint: 'libnvrtc-builtins.so of the same version belongs beside libnvrtc.so; installing nvidia-cuda-nvrtc again brings both',
  });
}
