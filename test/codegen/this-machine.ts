import type { Target } from '../../codegen/targets/target.js';

/*
 * Sources of a CPU target do not depend on its instruction set, but for x86's own instructions: a compiler for another CPU
 * builds them for its own, vectors split or not.
 */

/** A target's options without those that only its own CPU's compiler takes. */
export function optionsOnThisMachine({ compilerOptions }: Target): readonly string[] {
  const foreign = process.arch === 'x64' ? /^-march=armv8/ : /^-m(arch=x86|prefer|avx)/;
  return [...compilerOptions.filter((option) => !foreign.test(option)), '-Wno-psabi'];
}

/** Arm's letter for a vector register is another on x86. */
export function sourceOnThisMachine({ name }: Target, text: string): string {
  return process.arch === 'x64' && name === 'armv8' ? text.replaceAll('"+w"', '"+x"') : text;
}
